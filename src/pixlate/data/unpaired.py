"""Two sets of pictures that have nothing to do with one another: what lies on which side. Opens no picture."""

import os
from pathlib import Path

from pixlate.data.finding import (
    Defect,
    Found,
    PictureFile,
    part_of,
    pictures_of,
    readable,
    refuse_a_folder_above,
    two_folders,
)
from pixlate.data.lists import PARTS, Part, cells, halves_of, rows_of, split_of
from pixlate.errors import DataError
from pixlate.specs.data import DataConfig

SIDE_BY_SIDE = "halves of side-by-side files (A left, B right), as if unpaired"


def find_unpaired(config: DataConfig) -> Found:
    """All pictures of both sides, in the way the data set is laid out; the layouts of pairs will do too.

    Raises:
        DataError: no such folder or list, or a list that cannot be read.
    """
    with readable(config) as root:
        found = _found(root, config)
    for files in found.sides.values():
        for side in files:
            side.sort(key=lambda file: file.name)
    return found


def _found(root: Path, config: DataConfig) -> Found:
    if config.data_b is not None:
        return _two(*two_folders(root, Path(config.data_b)), config)
    if root.is_file():
        return _list(root, config)
    inside = {child.name.lower(): child for child in root.iterdir() if child.is_dir()}
    if "a" in inside and "b" in inside:
        return _two(*two_folders(inside["a"], inside["b"]), config)
    for one, other in (("a", "b"), ("traina", "trainb")):
        if (one in inside) != (other in inside):
            there, missing = (inside[one].name, other) if one in inside else (inside[other].name, one)
            raise DataError(f"{root} has {there}, but no {missing[:-1]}{missing[-1].upper()}.")
    if "traina" in inside:
        found = Found("two folders a part, unpaired (trainA, trainB, …)")
        for part in PARTS:
            for side in "ab":
                if part + side in inside:
                    _take(found, inside[part + side], side, config, PARTS[part])
        return found
    return _side_by_side(root, config)


def _two(folder_a: Path, folder_b: Path, config: DataConfig) -> Found:
    found = Found(f"two folders, unpaired (A {folder_a}, B {folder_b})")
    for folder, side in ((folder_a, "a"), (folder_b, "b")):
        _take(found, folder, side, config)
    return found


def _take(found: Found, folder: Path, side: str, config: DataConfig, part: Part | None = None) -> None:
    for path in pictures_of(folder, found):
        relative = path.relative_to(folder)
        name = relative if part is None else Path(part) / relative
        _add(found, side, PictureFile(name.as_posix(), path), config, part or part_of(relative))


def _side_by_side(root: Path, config: DataConfig) -> Found:
    found = Found(SIDE_BY_SIDE)
    files = [(path, path.relative_to(root)) for path in pictures_of(root, found)]
    parted = any(part_of(relative) for _, relative in files)
    if not parted:
        refuse_a_folder_above(root, [path for path, _ in files])
    strays = 0
    for path, relative in files:
        part = part_of(relative)
        if part is None and parted:
            strays += 1
            continue
        _add(found, "a", PictureFile(relative.as_posix(), path, "left"), config, part)
        _add(found, "b", PictureFile(relative.as_posix(), path, "right"), config, part)
    found.notes += [f"{strays} pictures left alone: the set has train/val/test."] if strays else []
    return found


def _list(path: Path, config: DataConfig) -> Found:
    found = Found(f"the list {path.name}, unpaired")
    known: set[tuple[str, str]] = set()
    for number, row in enumerate(rows_of(path), start=1):
        lowered = cells(row)
        split = split_of(lowered, path, number)
        if not (lowered.get("a") or lowered.get("b")):
            has = ", ".join(key for key, value in row.items() if value)
            raise DataError(
                f"{path}, row {number}: needs A or B, or both (and may have split); it has {has or 'nothing'}."
            )
        for side, half in zip("ab", halves_of(lowered), strict=True):
            if not lowered.get(side):
                continue
            name, picture = Path(split) / lowered[side], path.parent / lowered[side]
            if (side, name.as_posix()) in known:
                continue
            known.add((side, name.as_posix()))
            if os.path.isfile(picture):  # noqa: PTH113 - false for any odd name
                part = PARTS.get(split) or part_of(name)
                _add(found, side, PictureFile(name.as_posix(), picture, half), config, part)
            else:
                found.defects.append(Defect("missing", picture, f"row {number} of {path.name} names it"))
    return found


def _add(found: Found, side: str, picture: PictureFile, config: DataConfig, part: Part | None) -> None:
    sources, targets = found.sides.setdefault(part, ([], []))
    (sources if (side == "a") == (config.direction == "AtoB") else targets).append(picture)
