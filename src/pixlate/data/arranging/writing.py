"""What arranging writes: a folder that appears whole or not at all, and in place of nothing."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from pixlate import durable, images
from pixlate.data.lists import to_csv
from pixlate.errors import ConfigError, DataError, PictureError
from pixlate.images import Picture

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Outcome:
    """What a command did, for a person."""

    written: int
    left_out: tuple[str, ...] = ()
    """Why pictures were left out, one sentence each."""
    notes: tuple[str, ...] = ()


class Track(Protocol):
    """Hands on items that take their time, of which there are `total`, and may show how far they have come."""

    def __call__(self, items: Iterable[T], what: str, total: int, /) -> Iterable[T]:
        """`what` says, for a person, what is being done."""


def silent(items: Iterable[T], what: str, total: int, /) -> Iterable[T]:  # noqa: ARG001 - as Track is called
    """Show nothing."""
    return items


def refuse_used(out: Path, sources: Sequence[Path]) -> None:
    """Make sure that a folder can be made of `out`, which holds nothing and lies in none of `sources`.

    Raises:
        DataError: it cannot.
    """
    if os.path.lexists(out) and not out.is_dir():
        raise DataError(f"{out} is a file; --out wants a folder.")
    if out.is_dir() and any(out.iterdir()):
        raise DataError(f"{out} is not empty, and nothing is overwritten. Name another folder with --out.")
    for source in sources:
        if source.is_dir() and out.resolve().is_relative_to(source.resolve()):
            raise DataError(f"{out} lies in {source}, whose pictures are read. Name a folder elsewhere with --out.")


def refuse_list(out: Path) -> None:
    """Make sure that a list can be written to `out`.

    Raises:
        DataError: something is there, or its ending is not .csv.
    """
    if out.suffix.lower() != ".csv":
        raise DataError(f"{out}: a list is written; give it a name that ends in .csv.")
    if os.path.lexists(out):
        raise DataError(f"{out} is there already, and nothing is overwritten. Name another list with --out.")


def write_list(out: Path, rows: Iterable[Mapping[str, str]], columns: Sequence[str]) -> None:
    """A CSV list, which is not there yet."""
    refuse_list(out)
    durable.write(out, to_csv(rows, columns))


def refuse_quality(jpeg: int | None) -> None:
    """Make sure that it is a quality of JPEG, or none.

    Raises:
        ConfigError: it is not.
    """
    if jpeg is not None and not 1 <= jpeg <= 95:
        raise ConfigError(f"--jpeg is {jpeg}; a quality of 1 to 95 is wanted.")


def save(path: Path, picture: Picture, jpeg: int | None = None) -> None:
    """Write a picture (H, W, C) to `path` and an ending: .png, .tif for what PNG cannot hold; .jpg only when asked.

    Raises:
        PictureError: a picture that is to be a JPEG file, and cannot.
    """
    if jpeg is not None:
        ending, content = ".jpg", images.encode_jpeg(picture, jpeg)
    else:
        ending = ".png" if picture.dtype != np.float32 and picture.shape[-1] in (1, 3) else ".tif"
        content = images.encode(picture, ending)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name(path.name + ending).write_bytes(content)


def each(items: Sequence[T], work: Callable[[T], R], track: Track, what: str) -> list[R]:
    """What `work` makes of each, several at a time; the first failure ends it all."""
    pool = ThreadPoolExecutor()
    try:
        return list(track(pool.map(work, items), what, len(items)))
    finally:
        pool.shutdown(cancel_futures=True)


def each_sound(
    items: Sequence[T], work: Callable[[T], object], track: Track, what: str, *, skip_bad: bool
) -> list[str]:
    """Do `work` on each, several at a time; returns why some were left out, which happens only with `skip_bad`.

    Raises:
        PictureError: a picture that cannot be used, unless `skip_bad`.
        DataError: none can.
    """

    def attempt(item: T) -> str | None:
        try:
            work(item)
        except PictureError as error:
            if not skip_bad:
                raise
            return str(error)
        return None

    left_out = [why for why in each(items, attempt, track, what) if why is not None]
    if len(left_out) == len(items):
        raise DataError(f"None of {len(items)} can be used: {left_out[0]}")
    return left_out
