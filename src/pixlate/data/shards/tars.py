"""Tars of samples: the names of members, and their headers, as bytes that depend on nothing else."""

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote

from pixlate.data.lists import PARTS, Part
from pixlate.errors import DataError

BLOCK = 512
END = bytes(2 * BLOCK)


class Found(NamedTuple):
    """A member of a tar: the sample it belongs to, what it is there (a, b, or nothing), and where its bytes are."""

    key: str
    tag: str
    ending: str
    offset: int
    length: int


def member_name(key: str, tag: str, ending: str) -> str:
    """What a picture is called: webdataset takes all from the first dot on for the kind, so keys have none."""
    folder, slash, name = key.rpartition("/")
    name = name.replace("%", "%25").replace(".", "%2E")
    return f"{folder}{slash}{name}{'.' if tag else ''}{tag}{ending}"


def header(name: str, length: int) -> bytes:
    """What stands before a member's bytes."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = length, 0o644
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def padding(length: int) -> bytes:
    """What stands behind them."""
    return bytes(-length % BLOCK)


def members(path: Path) -> Iterator[Found]:
    """The files of a tar, in order.

    Raises:
        DataError: it is compressed, damaged, or no tar.
    """
    try:
        with tarfile.open(path, "r:") as tar:
            while (info := tar.next()) is not None:
                tar.members = []  # type: ignore[attr-defined] # it keeps all that were met
                if info.isreg():
                    yield _found(info)
    except tarfile.TarError as error:
        raise DataError(
            f"{path} cannot be read as a tar ({error}). Compressed ones must be unpacked to plain tars first."
        ) from error


def _found(info: tarfile.TarInfo) -> Found:
    folder, slash, name = info.name.removeprefix("./").rpartition("/")
    stem, _, kind = name.partition(".")
    words = kind.split(".")
    tag = words[0].lower() if len(words) > 1 else ""
    return Found(folder + slash + unquote(stem), tag, f".{words[-1]}", info.offset_data, info.size)


def part_of(shard: str) -> Part | None:
    """What a shard's name says it is for: the first of its words that is the name of a part."""
    words = re.split(r"[^a-z]+", PurePosixPath(shard).name.lower())
    return next((PARTS[word] for word in words if word in PARTS), None)
