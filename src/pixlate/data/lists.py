"""Lists of pictures, CSV or JSONL: their rows, and the parts a data set may have."""

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pixlate.errors import DataError

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
    """What a row says, by the column's name in small letters."""
    return {str(key).strip().lower(): str(value or "").strip() for key, value in row.items()}


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
            return [dict(row) for row in csv.DictReader(io.StringIO(text, newline=""))]
        if path.suffix.lower() in (".jsonl", ".ndjson"):
            rows = [json.loads(line) for line in text.split("\n") if line.strip()]
            if all(isinstance(row, dict) for row in rows):
                return rows
            raise DataError(f"{path}: every line must be an object with A and B.")
    except (UnicodeDecodeError, json.JSONDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a list of pairs ({error}).") from error
    raise DataError(f"{path} is neither a folder nor a .csv or .jsonl list.")
