"""Which output is to be like which target, by name. Opens no picture; imports no torch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pixlate import images
from pixlate.errors import DataError
from pixlate.images import Half
from pixlate.specs.data import Direction

OUTPUTS = ("_fake_B", "_fake_A", "-outputs", "_leftImg8bit")
LABELS = ("_gtFine_labelTrainIds", "_gtFine_labelIds", "_gtFine_color", "_real_A", "_real_B")
"""What Cityscapes and other programs put behind the name of a label picture, the likelier first."""
PHOTOGRAPHS = ("_real_B", "_real_A", "-targets", "_leftImg8bit")
"""Likewise of a real photograph."""
TARGETS = ("_real_B", "_real_A", "-targets", "_leftImg8bit", "_gtFine_color")
"""Likewise of any target."""
_NAMED = 3
"""Names told of those that do not match."""


@dataclass(frozen=True)
class Match:
    """One output and its target, by the name that both have."""

    name: str
    output: Path
    target: Path


@dataclass(frozen=True)
class Matched:
    """All of two folders, in the order of their names."""

    outputs: Path
    targets: Path
    half: Half
    """What of each target file is the target."""
    matches: tuple[Match, ...]
    notes: tuple[str, ...]


def half_of(direction: Direction | None, side: Literal["source", "target"] = "target") -> Half:
    """Which half of a side-by-side pair the source, or the target, is; whole where there is no such direction."""
    if direction is None:
        return "whole"
    return "left" if (direction == "AtoB") == (side == "source") else "right"


def match(
    outputs: Path,
    targets: Path,
    half: Half = "whole",
    *,
    own: Sequence[str] = OUTPUTS,
    endings: Sequence[str] = TARGETS,
    common: bool = False,
    flat: bool = True,
) -> Matched:
    """Every output with its target: files whose paths within their folders are one, but for the ending.

    Where no paths are, names without folders will do, if each is there once and `flat` lets them.

    `half` says what of each target's file is meant. `own` and `endings` may stand behind the names of outputs and of
    targets. `common` leaves out what is in one folder alone.

    Raises:
        DataError: no such folder, no pictures, two of one name, or names that do not match.
    """
    notes: list[str] = []
    made, wanted = _named(outputs, own, notes), _named(targets, endings, notes)
    if flat and not made.keys() & wanted.keys():
        made, wanted = _flat(made), _flat(wanted)
    both = sorted(made.keys() & wanted.keys())
    lone = (sorted(made.keys() - wanted.keys()), sorted(wanted.keys() - made.keys()))
    if any(lone) and not (common and both):
        told = [
            f"{len(names)} of {folder} ({_some(names)})"
            for names, folder in zip(lone, (outputs, targets), strict=True)
            if names
        ]
        way = " --common scores those that are in both." if both else ""
        raise DataError(
            f"{outputs} and {targets} do not match: {' and '.join(told)} have no partner of that name.{way}"
        )
    if any(lone):
        notes.append(f"{len(lone[0])} outputs and {len(lone[1])} targets without a partner were left out.")
    matches = tuple(Match(name, made[name], wanted[name]) for name in both)
    return Matched(outputs, targets, half, matches, tuple(notes))


def pictures_of(folder: Path) -> list[Path]:
    """The pictures of a folder, in order.

    Raises:
        DataError: no such folder, or no pictures in it.
    """
    return list(_named(folder, (), []).values())


def _named(folder: Path, endings: Iterable[str], notes: list[str]) -> dict[str, Path]:
    """Its pictures by name. Where some bear one of the endings, those only, without it."""
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}.")
    pictures, others = images.pictures_in(folder)
    notes += images.passed_over(folder, others)
    if not pictures:
        raise DataError(f"There are no pictures in {folder}.")
    ending = next((end for end in endings if any(path.stem.endswith(end) for path in pictures)), "")
    found: dict[str, Path] = {}
    for path in pictures:
        if path.stem.endswith(ending):
            name = path.relative_to(folder).with_suffix("").as_posix().removesuffix(ending)
            if name in found:
                raise DataError(f"{found[name]} and {path} have one name; which is meant cannot be told.")
            found[name] = path
    if len(found) < len(pictures):
        notes.append(f"Of {len(pictures)} pictures in {folder} the {len(found)} that end in {ending} were taken.")
    return found


def _flat(named: dict[str, Path]) -> dict[str, Path]:
    """By the last part of their names, where that tells them apart: many programs write all into one folder."""
    bare = {name.rpartition("/")[2]: path for name, path in named.items()}
    return bare if len(bare) == len(named) else named


def _some(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
