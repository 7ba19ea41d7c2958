"""Shards that others wrote: indexed once, and the index kept."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from pixlate import images
from pixlate.data.shards import index, tars
from pixlate.data.shards.index import INDEX, Index, Making, Member, Shard
from pixlate.data.shards.section import Section
from pixlate.errors import DataError, PictureError, WriteError

_COMPRESSED = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")


def tars_in(folder: Path) -> list[Path]:
    """The shards of a folder, in order; none where it is no such folder, but holds pictures, at any depth.

    Raises:
        DataError: compressed ones only.
    """
    names = sorted(child for child in folder.iterdir() if not child.name.startswith("."))
    if any(path.suffix.lower() in images.SUFFIXES and not path.match("index-*.npz") for path in folder.rglob("*")):
        return []
    found = [path for path in names if path.suffix.lower() == ".tar" and path.is_file()]
    packed = [path for path in names if path.name.lower().endswith(_COMPRESSED)]
    if packed and not found:
        raise DataError(f"{packed[0]} is compressed, so no picture of it can be read alone. Unpack it to a plain tar.")
    return found


def scanned(folder: Path, shards: list[Path], notes: list[str]) -> Index:
    """The index of shards that have none: made now, or found where an earlier call has put it.

    It is kept beside them, or where that cannot be written to, in the user's cache folder.

    Raises:
        DataError: a shard that is no tar, or holds no pictures.
        WriteError: it can be kept nowhere.
    """
    kept = _cache_folder(shards)
    for place in (folder, kept):
        if (place / INDEX).is_file():
            found = index.read(str(place / INDEX))
            if found is not None and found.scanned and _is_of(found, shards):
                return _at(found, folder)
    making = _scan(shards)
    try:
        making.write(folder, scanned=True)
        place = folder
    except WriteError:
        kept.mkdir(parents=True, exist_ok=True)
        making.write(kept, scanned=True)
        place = kept
    notes.append(f"{len(shards)} shards without an index: indexed, for this and later runs, in {place / INDEX}.")
    made = index.read(str(place / INDEX))
    if made is None:
        raise DataError(f"{place / INDEX} is not what was just written there.")
    return _at(made, folder)


def _at(found: Index, folder: Path) -> Index:
    return replace(found, place=f"{folder}/")


def _is_of(found: Index, shards: list[Path]) -> bool:
    return [(shard.name, shard.bytes, shard.changed) for shard in found.shards] == [
        (path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in shards
    ]


def _cache_folder(shards: list[Path]) -> Path:
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    told = "\n".join(f"{path.resolve()} {path.stat().st_size}" for path in shards)
    digest = hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()
    return root / "pixlate" / "shards" / digest[:16]


def _scan(shards: list[Path]) -> Making:
    making, others = Making(), set()
    for number, path in enumerate(shards):
        count = 0
        for key, found in groupby(tars.members(path), key=lambda member: member.key):
            pictures = {}
            for member in found:
                if member.ending.lower() in images.SUFFIXES:
                    pictures[member.tag] = member
                else:
                    others.add(member.ending)
            for name, sample in _samples(key, pictures):
                making.add(name, number, [None if one is None else _member(path, one) for one in sample])
                count += 1
        said = path.stat()
        making.shards.append(
            Shard(path.name, said.st_size, None, count, tars.part_of(path.name), changed=said.st_mtime_ns)
        )
    if not any(shard.samples for shard in making.shards):
        told = f" It holds {', '.join(sorted(others)[:8])}." if others else ""
        raise DataError(
            f"{shards[0]}: no pictures found that are called KEY.a.png and KEY.b.png (or .jpg …), or KEY.png.{told}"
        )
    return making


def _samples(key: str, pictures: dict[str, tars.Found]) -> Iterator[tuple[str, list[tars.Found | None]]]:
    if "a" in pictures or "b" in pictures:
        yield key, [pictures.get("a"), pictures.get("b")]
    elif "" in pictures:
        yield key, [pictures[""]]


def _member(path: Path, found: tars.Found) -> Member:
    section = Section(str(path), found.offset, found.length, found.key + found.ending, 0)
    try:
        header: images.Header | str = images.read_header(section)
    except PictureError as error:
        header = str(error)
    return Member(found.offset, found.length, found.ending, header)
