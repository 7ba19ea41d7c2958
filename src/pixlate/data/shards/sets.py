"""What lies in a set of shards, as if it were found in folders. Opens no picture."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pixlate.data.finding import Defect, Found, PictureFile
from pixlate.data.lists import Part
from pixlate.data.shards import index as indexes
from pixlate.data.shards import ranges, scanning
from pixlate.data.shards.index import ABSENT, INDEX, UNREADABLE, A, B, Index
from pixlate.data.shards.section import Section
from pixlate.data.shards.sections import Headers, Sections
from pixlate.errors import ConfigError, DataError
from pixlate.specs.data import DataConfig


def are_shards(data: str) -> bool:
    """Whether a set of that name is one of shards.

    Raises:
        DataError: its index is damaged, or the shards are compressed.
    """
    path = Path(data)
    try:
        if ranges.is_url(data) or (path.is_file() and path.suffix.lower() == ".tar"):
            return True
        if not path.is_dir():
            return path.suffix.lower() == ".json" and path.is_file() and indexes.read(data) is not None
        own = path / INDEX
        return bool(scanning.tars_in(path)) or (own.is_file() and indexes.read(str(own)) is not None)
    except OSError as error:
        raise DataError(f"{error.filename or data} cannot be read ({error.strerror}).") from error


def index_of(config: DataConfig, notes: list[str]) -> Index | None:
    """The index of the set that the settings name; None where they name no shards.

    Raises:
        DataError: shards that cannot be read as they are.
        ConfigError: settings that have no meaning for them.
    """
    index = _named(config.data, notes)
    if index is None:
        return None
    if config.data_b is not None or config.stack:
        raise ConfigError(f"{config.data} is a set of shards, which hold all sides; leave --data-b and --stack out.")
    if not ranges.is_url(config.data):
        _refuse_changed(index)
    return index


def _named(data: str, notes: list[str]) -> Index | None:
    if ranges.is_url(data):
        if not data.partition("?")[0].endswith(".json"):
            raise DataError(f"{ranges.shown(data)}: give the address of the set's {INDEX}.")
        return indexes.read(data)
    path = Path(data)
    try:
        if path.is_file() and path.suffix.lower() == ".json":
            return indexes.read(str(path))
        if path.is_file() and path.suffix.lower() == ".tar":
            return scanning.scanned(path.parent, [path], notes)
        if not data or not path.is_dir():
            return None
        found = indexes.read(str(path / INDEX)) if (path / INDEX).is_file() else None
        if found is not None and not found.scanned:
            return found
        shards = scanning.tars_in(path)
        return scanning.scanned(path, shards, notes) if shards else None
    except OSError as error:
        raise DataError(f"{error.filename or data} cannot be read ({error.strerror}).") from error


def _refuse_changed(index: Index) -> None:
    for number, shard in enumerate(index.shards):
        path = Path(index.locations[number])
        size = path.stat().st_size if path.is_file() else None
        if size != shard.bytes:
            what = "is missing" if size is None else f"has {size:,} bytes, not the {shard.bytes:,} of the index"
            raise DataError(f"{path} {what}. Put the shard back, or make the set again.")


def found_in(index: Index, config: DataConfig, known: frozenset[str], *, paired: bool, notes: list[str]) -> Found:
    """The set as training will have it: pairs, single pictures for a recipe, or two sets; what is wrong is listed.

    Raises:
        DataError: it holds other pictures than are wanted.
    """
    sides = _sides(index, config, paired=paired)
    what = "single pictures" if config.recipe else "two sets, unpaired" if not paired else "pairs (A and B)"
    if sides[0].half != "whole":
        what = "side-by-side pictures (A left, B right)" + ("" if paired else ", as if unpaired")
    place = ranges.shown(config.data) if ranges.is_url(config.data) else Path(config.data).name
    found = Found(f"{what} in {len(index.shards)} shards of {place}", notes=notes, headers=Headers(index))
    if ranges.is_url(index.place) and config.cache is None:
        found.notes.append("Each picture is fetched whenever its turn comes; --cache and --cache-dir would keep them.")
    if others := int((index.arrays["single"] != index.arrays["single"][sides[0].rows[0]]).sum()):
        found.notes.append(f"{others:,} samples are of another kind and left alone.")
    sound = [_sound(side, found, paired=paired) for side in (sides[:1] if config.recipe else sides)]
    if paired:
        both = sound[0] & sound[-1]
        sound = [both & _matching(sides, both, found)] * 2
    for letter, side, mask in zip("XY", sides, sound, strict=True):
        for spot in np.flatnonzero(~mask) if known else ():
            name = side[int(spot)].name
            mask[spot] = (name if paired else f"{letter}/{name}") in known
    _divide(found, sides, sound)
    return found


def _sides(index: Index, config: DataConfig, *, paired: bool) -> tuple[Sections, Sections]:
    """Sources and targets, whatever their state."""
    single = index.arrays["single"]
    if config.recipe and not single.any():
        raise DataError(f"{config.data} holds pairs; --recipe makes pairs of single pictures. Leave it out.")
    if not paired and any(header.width < 1.5 * header.height for header in index.headers) and single.any():
        raise DataError(
            f"{config.data} holds single pictures, not two side by side. What is not paired is learned from KEY.a.png "
            "and KEY.b.png, which these make: pixlate data shard A_FOLDER B_FOLDER --unpaired"
        )
    halved = bool(single.any()) and not config.recipe
    rows = np.flatnonzero(single) if single.any() else np.arange(len(index))
    ending = bool(config.recipe) or not paired
    one = Sections(index, rows, A, "left" if halved else "whole", ending=ending)
    other = Sections(index, rows, A if single.any() else B, "right" if halved else "whole", ending=ending)
    if not paired:
        one, other = (_sorted(side.take(np.flatnonzero(side.headers != ABSENT))) for side in (one, other))
    for side, letter in ((one, "A"), (other, "B")):
        if not len(side):
            raise DataError(f"{config.data} holds no pictures of {letter}.")
        _refuse_twins(side)
    return (one, other) if config.direction == "AtoB" or config.recipe else (other, one)


def _sorted(side: Sections) -> Sections:
    """As the pictures of a folder stand."""
    names = side.names
    return side.take(sorted(range(len(names)), key=names.__getitem__))


def _refuse_twins(side: Sections) -> None:
    names = side.names
    if len(set(names)) == len(names):
        return
    known: set[str] = set()
    twin = next(name for name in names if name in known or known.add(name))  # type: ignore[func-returns-value]
    raise DataError(f"{side.table.place}: several samples are called {twin}. Names must differ within a part.")


def _sound(side: Sections, found: Found, *, paired: bool) -> NDArray[np.bool_]:
    """Which of the pictures are there, readable, and of an even width if they are halves."""
    headers = side.headers
    sound: NDArray[np.bool_] = headers >= 0
    for place in np.flatnonzero(headers == UNREADABLE):
        file = side[int(place)]
        if side.half != "right":
            found.defects.append(Defect("unreadable", file.path, side.table.reasons.get(_slot(file), "unreadable")))
    if paired:
        for place in np.flatnonzero(headers == ABSENT):
            other = side.table.section(int(side.rows[place]), 1 - side.column)
            found.defects.append(Defect("unmatched", other, f"no picture of that name in {'AB'[side.column]}"))
    if side.half != "whole":
        odd = np.array([header.width % 2 == 1 for header in side.table.headers] + [False])[headers]
        for place in np.flatnonzero(sound & odd) if side.half == "left" else ():
            found.defects.append(Defect("odd width", side[int(place)].path, "no two equal halves"))
        sound = sound & ~odd
    return sound


def _slot(file: PictureFile) -> int:
    return file.path.slot if isinstance(file.path, Section) else -1


def _matching(sides: tuple[Sections, Sections], sound: NDArray[np.bool_], found: Found) -> NDArray[np.bool_]:
    """Which of the sound pairs are of one size."""
    one, other = sides
    sizes = np.array([(header.height, header.width) for header in one.table.headers] or [(0, 0)])
    first, second = (sizes[np.maximum(side.headers, 0)] for side in (one, other))
    same: NDArray[np.bool_] = (first == second).all(1)
    for place in np.flatnonzero(sound & ~same):
        (height, width), theirs = first[place], "×".join(map(str, second[place]))
        why = f"{height}×{width} px, but {other[int(place)].path} has {theirs} px"
        found.defects.append(Defect("size mismatch", one[int(place)].path, why))
    return same


def _divide(found: Found, sides: Sequence[Sections], sound: Sequence[NDArray[np.bool_]]) -> None:
    """Put what is sound into the parts that the shards are of."""
    codes = np.array([_PARTS.index(shard.part) for shard in sides[0].table.shards])
    parts = [codes[side.table.arrays["shard"][side.rows]] for side in sides]
    for code in np.unique(np.concatenate(parts)):
        chosen = [
            side.take(np.flatnonzero(mask & (own == code))) for side, mask, own in zip(sides, sound, parts, strict=True)
        ]
        found.sections[_PARTS[code]] = (chosen[0], chosen[1])
    if None in found.sections and len(found.sections) > 1:
        count = max(map(len, found.sections.pop(None)))
        found.notes.append(f"{count:,} samples in shards of no part left alone: the set has train/val/test.")


_PARTS: tuple[Part | None, ...] = (None, "train", "val", "test")
