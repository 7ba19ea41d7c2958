"""Which source goes with which target: side-by-side files, two folders, or a list. Opens no picture."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pixlate import images
from pixlate.data.lists import PARTS, Part, cells, halves_of, rows_of, split_of
from pixlate.data.shards.section import Section
from pixlate.errors import DataError
from pixlate.images import File, Half, Header
from pixlate.specs.data import DataConfig

DefectKind = Literal["unmatched", "duplicate stem", "missing", "unreadable", "size mismatch", "odd width"]


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A file, or one half of it. `name` is unique on its side of the data set; both pictures of a pair have one."""

    name: str
    path: File
    half: Half = "whole"
    beside: tuple[Path, ...] = ()
    """Files whose channels are stacked onto its own."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Of the file or section, and of the files beside it, in bytes; -1 of one that is gone."""
        return tuple(_size(file) for file in (self.path, *self.beside))


def _size(file: File) -> int:
    if isinstance(file, Section):
        return file.length
    try:
        return os.stat(str(file)).st_size  # noqa: PTH116 - a file is no more than what can be opened
    except OSError:  # whoever reads it will say so
        return -1


def loose(file: File) -> Path:
    """The path of a picture that is a file of its own.

    Raises:
        DataError: it lies in a shard.
    """
    if isinstance(file, Path):
        return file
    raise DataError(f"{file} lies in a shard, and this is done with files only. Take the set that the shards are of.")


@dataclass(frozen=True)
class Pair:
    """A source and the target it should become."""

    source: PictureFile
    target: PictureFile

    @property
    def name(self) -> str:
        """Unique in the data set."""
        return self.source.name


@dataclass(frozen=True)
class Defect:
    """A picture that cannot be used, and why."""

    kind: DefectKind
    path: File
    why: str


@dataclass
class Found:
    """What lies in a data set, before any picture is opened."""

    layout: str
    parts: dict[Part | None, list[Pair]] = field(default_factory=dict)
    """Pairs by part; None where the data set has no parts."""
    sides: dict[Part | None, tuple[list[PictureFile], list[PictureFile]]] = field(default_factory=dict)
    """Sources and targets by part, where nothing is paired."""
    sections: dict[Part | None, tuple[Sequence[PictureFile], Sequence[PictureFile]]] = field(default_factory=dict)
    """Sources and targets by part of a set of shards, paired or not."""
    defects: list[Defect] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    headers: Mapping[File, Header] | None = None
    """Of the pictures, where an index knows them."""

    @property
    def columns(self) -> dict[Part | None, tuple[Sequence[PictureFile], Sequence[PictureFile]]]:
        """Sources and targets by part; those of pairs stand at the same places."""
        return (
            self.sections
            or {**self.sides}
            or {
                part: ([pair.source for pair in pairs], [pair.target for pair in pairs])
                for part, pairs in self.parts.items()
            }
        )


def find(config: DataConfig) -> Found:
    """All pairs of the data set, in the way it is laid out.

    Raises:
        DataError: no such folder or list, or a list that cannot be read.
    """
    with readable(config) as root:
        return _found(root, config)


@contextmanager
def readable(config: DataConfig) -> Iterator[Path]:
    """The folder or list that the settings name, for as long as it can be read.

    Raises:
        DataError: none is named, there is none, or it cannot be read.
    """
    if not config.data:
        raise DataError("No data given: name a folder of pairs, two folders, or a CSV or JSONL list.")
    root = Path(config.data)
    try:
        if not root.is_dir() and not root.is_file():
            raise DataError(f"There is no folder or list {root}.")
        yield root
    except OSError as error:
        raise DataError(f"{error.filename or config.data} cannot be read ({error.strerror}).") from error


def _found(root: Path, config: DataConfig) -> Found:
    if config.data_b is not None:
        return _two_folders(*two_folders(root, Path(config.data_b)), config)
    if root.is_file():
        return _list(root, config)
    inside = {child.name.lower(): child for child in root.iterdir() if child.is_dir()}
    if "a" in inside and "b" in inside:
        return _two_folders(*two_folders(inside["a"], inside["b"]), config)
    if "traina" in inside and "trainb" in inside:
        return _parted_folders(inside, config)
    return _side_by_side(root, config)


def refuse_a_folder_above(root: Path, files: list[Path]) -> None:
    """Make sure that train, val and test, where there are any, stand in `root` itself.

    Raises:
        DataError: they stand in a folder of it.
    """
    relatives = [path.relative_to(root) for path in files]
    nested = next((path for path in relatives if any(part.lower() in PARTS for part in path.parts[1:-1])), None)
    if nested is not None:
        raise DataError(f"{root} holds {nested.parent.as_posix()}: name the folder that train, val and test stand in.")


def two_folders(a: Path, b: Path) -> tuple[Path, Path]:
    """Both, made sure of.

    Raises:
        DataError: one is no folder, or both are one.
    """
    for path in (a, b):
        if not path.is_dir():
            raise DataError(f"There is no folder {path}." if not path.exists() else f"{path} is a file, not a folder.")
    one, other = a.resolve(), b.resolve()
    if one == other:
        raise DataError(f"{a} is given as A and as B.")
    if one.is_relative_to(other) or other.is_relative_to(one):
        raise DataError(f"{a} and {b}: one stands in the other, so its pictures would be A and B alike.")
    return a, b


def _side_by_side(root: Path, config: DataConfig) -> Found:
    found = Found("side-by-side files (A left, B right)")
    files = pictures_of(root, found)
    parted = any(part_of(path.relative_to(root)) for path in files)
    if not parted:
        _refuse_another_layout(root, files)
    strays: Counter[str] = Counter()
    stems: dict[str, list[Path]] = {}
    for path in files:
        relative = path.relative_to(root)
        if parted and part_of(relative) is None:
            strays[relative.parts[0] if len(relative.parts) > 1 else "the folder itself"] += 1
        else:
            stems.setdefault(_stem(relative), []).append(path)
    found.notes += [
        f"{count} pictures in {where} left alone: the set has train/val/test." for where, count in strays.items()
    ]
    for stem, path in _unique(stems, found):
        _add(found, PictureFile(stem, path, "left"), PictureFile(stem, path, "right"), config)
    return found


def _refuse_another_layout(root: Path, files: list[Path]) -> None:
    """Catch folders that would train, but on halves of whole pictures or on their own test set."""
    refuse_a_folder_above(root, files)
    relatives = [path.relative_to(root) for path in files]
    tops = {path.parts[0] if len(path.parts) > 1 else "" for path in relatives}
    if len(tops) == 2 and "" not in tops:
        first, second = sorted(tops)
        names = [
            {_stem(Path(*path.parts[1:])) for path in relatives if path.parts[0] == top} for top in (first, second)
        ]
        if 2 * len(names[0] & names[1]) > max(map(len, names)):
            two = f"{root / first} {root / second}"
            raise DataError(f"{root} looks like two folders of pictures matched by name; give both: {two}")


def _two_folders(folder_a: Path, folder_b: Path, config: DataConfig) -> Found:
    found = Found(f"two folders matched by name (A {folder_a}, B {folder_b})")
    _match(found, _stems(folder_a, found), _stems(folder_b, found), config)
    return found


def _parted_folders(inside: dict[str, Path], config: DataConfig) -> Found:
    found = Found("two folders a part, matched by name (trainA, trainB, …)")
    for part in PARTS:
        sides = [inside.get(part + side) for side in "ab"]
        stems_a, stems_b = ({} if side is None else _stems(side, found, prefix=part) for side in sides)
        _match(found, stems_a, stems_b, config)
    return found


def _stems(folder: Path, found: Found, prefix: str = "") -> dict[str, list[Path]]:
    stems: dict[str, list[Path]] = {}
    for path in pictures_of(folder, found):
        stems.setdefault(_stem(Path(prefix) / path.relative_to(folder)), []).append(path)
    return stems


def _match(found: Found, stems_a: dict[str, list[Path]], stems_b: dict[str, list[Path]], config: DataConfig) -> None:
    all_a, all_b = dict(_unique(stems_a, found)), dict(_unique(stems_b, found))
    for stem in sorted(stems_a.keys() | stems_b.keys()):
        if stem in all_a and stem in all_b:
            _add(found, PictureFile(stem, all_a[stem]), PictureFile(stem, all_b[stem]), config)
        elif stem not in stems_b or stem not in stems_a:
            path, other = (stems_a[stem][0], "B") if stem in stems_a else (stems_b[stem][0], "A")
            found.defects.append(Defect("unmatched", path, f"no picture of that name in {other}"))


def _list(path: Path, config: DataConfig) -> Found:
    found = Found(f"the list {path.name}")
    stems: dict[str, list[Path]] = {}
    for number, row in enumerate(rows_of(path), start=1):
        lowered = cells(row)
        halves = halves_of(lowered)
        if not (lowered.get("a") and lowered.get("b")):
            has = ", ".join(key for key, value in row.items() if value)
            raise DataError(f"{path}, row {number}: needs A and B (and may have split); it has {has or 'nothing'}.")
        a, b = (path.parent / lowered[side] for side in "ab")
        missing = [picture for picture in dict.fromkeys((a, b)) if not os.path.isfile(picture)]  # noqa: PTH113 - false for any odd name
        found.defects += [Defect("missing", picture, f"row {number} of {path.name} names it") for picture in missing]
        split = split_of(lowered, path, number)
        name = _stem(Path(split) / lowered["a"])
        if name in stems:
            found.defects.append(Defect("duplicate stem", a, f"row {number} of {path.name} names it again"))
        elif not missing:
            stems[name] = [a]
            _add(found, PictureFile(name, a, halves[0]), PictureFile(name, b, halves[1]), config, PARTS.get(split))
    return found


def pictures_of(folder: Path, found: Found) -> list[Path]:
    """All pictures of a folder; what else is there is noted."""
    pictures, others = images.pictures_in(folder)
    found.notes += images.passed_over(folder, others)
    return pictures


def _unique(stems: dict[str, list[Path]], found: Found) -> Iterable[tuple[str, Path]]:
    for stem, paths in sorted(stems.items()):
        if len(paths) == 1:
            yield stem, paths[0]
        else:
            names = " and ".join(path.name for path in paths)
            found.defects += [Defect("duplicate stem", path, f"{names} share one name") for path in paths]


def _add(found: Found, a: PictureFile, b: PictureFile, config: DataConfig, part: Part | None = None) -> None:
    source, target = (a, b) if config.direction == "AtoB" else (b, a)
    found.parts.setdefault(part or part_of(Path(a.name)), []).append(Pair(source, target))


def part_of(relative: Path) -> Part | None:
    """What the outermost folder of a picture's path says it is for."""
    return PARTS.get(relative.parts[0].lower()) if len(relative.parts) > 1 else None


def _stem(relative: Path) -> str:
    return relative.with_suffix("").as_posix()
