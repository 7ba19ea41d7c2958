"""Lists of pictures, CSV or JSONL: their rows, and the parts a data set may have."""

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pixlate.errors import DataError
from pixlate.images import Half

Part = Literal["train", "val", "test"]

PARTS: dict[str, Part] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}


def cells(row: Mapping[str, object]) -> dict[str, str]:
    """What a row says, by the column's name in small letters; AB, a side-by-side file, is told as A and as B too."""
    lowered = {str(key).strip().lower(): str(value or "").strip() for key, value in row.items()}
    return {**lowered, "a": lowered["ab"], "b": lowered["ab"]} if lowered.get("ab") else lowered


def halves_of(lowered: Mapping[str, str]) -> tuple[Half, Half]:
    """Which half of its file the A of a row is, and which the B."""
    return ("left", "right") if lowered.get("ab") else ("whole", "whole")


def split_of(lowered: Mapping[str, str], path: Path, number: int) -> str:
    """The part a row puts its pictures into; empty if it says none.

    Raises:
        DataError: it is none of those there are.
    """
    split = lowered.get("split", "").lower()
    if split and split not in PARTS:
        raise DataError(f"{path}, row {number}: split is {split!r}; train, val or test is wanted.")
    return split


def rows_of(path: Path) -> list[dict[str, object]]:
    """The rows of a CSV or JSONL list.

    Raises:
        DataError: it is neither, or cannot be read as such.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".csv":
            return [
                dict(row) for row in csv.DictReader(io.StringIO(text, newline=""), restkey="cells beyond the heading")
            ]
        if path.suffix.lower() in (".jsonl", ".ndjson"):
            rows = [json.loads(line) for line in text.split("\n") if line.strip()]
            if all(isinstance(row, dict) for row in rows):
                return rows
            raise DataError(f"{path}: every line must be an object with A and B.")
    except (UnicodeDecodeError, json.JSONDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a list of pairs ({error}).") from error
    raise DataError(f"{path} is neither a folder nor a .csv or .jsonl list.")


def in_list(path: Path, folder: Path) -> str:
    """How a list in `folder` names the picture in `path`: relative to it, with forward slashes.

    Raises:
        DataError: a name that a list cannot hold.
    """
    real = path.parent.resolve() / path.name
    try:
        named = Path(os.path.relpath(real, folder.resolve())).as_posix()
    except ValueError:  # another drive
        named = real.as_posix()
    if named != named.strip() or any("\ud800" <= letter <= "\udfff" for letter in named):
        raise DataError(
            f"{path}: a name that is no text, or has spaces at its ends, cannot stand in a list. Rename it."
        )
    return named


def to_csv(rows: Iterable[Mapping[str, str]], columns: Sequence[str]) -> bytes:
    """A CSV list of `rows`, as `rows_of` reads them."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
