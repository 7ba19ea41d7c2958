"""Which examples are for training, validation and test."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from pixlate import draws
from pixlate.data.finding import Found, PictureFile
from pixlate.data.lists import Part
from pixlate.data.shards.sections import Sections
from pixlate.specs.data import DataConfig

T = TypeVar("T")

_HELD_OUT = 0.1
_UNPAIRED_HELD_OUT = 10


@dataclass(frozen=True)
class Examples:
    """One part of a data set: pairs, each source with its target, or two sets without such ties."""

    sources: Sequence[PictureFile] = ()
    targets: Sequence[PictureFile] = ()
    paired: bool = True

    def __len__(self) -> int:
        """Pairs, or pictures of the larger side: what an epoch goes through."""
        return max(len(self.sources), len(self.targets))

    @property
    def files(self) -> Iterator[PictureFile]:
        """All of them, pair by pair where they are paired."""
        if self.paired:
            return (file for pair in zip(self.sources, self.targets, strict=True) for file in pair)
        return chain(self.sources, self.targets)

    @property
    def names(self) -> list[str]:
        """Of the pairs, or of each side's pictures."""
        if self.paired:
            return names_of(self.sources)
        sides = {"X": self.sources, "Y": self.targets}
        return [f"{side}/{name}" for side, files in sides.items() for name in names_of(files)]

    def count(self) -> str:
        """How many there are, for a person."""
        return f"{len(self):,}" if self.paired else f"{len(self.sources):,} + {len(self.targets):,}"


def names_of(files: Sequence[PictureFile]) -> list[str]:
    """Of each."""
    return files.names if isinstance(files, Sections) else [file.name for file in files]


def split(found: Found, config: DataConfig, seed: int, *, paired: bool) -> dict[Part, Examples]:
    """The set's own parts, or a seeded choice by name, which adding a picture hardly moves."""
    columns = found.columns
    divided = []
    for place, side in enumerate("AB" if config.direction == "AtoB" else "BA"):
        files = {part: sides[place] for part, sides in columns.items()}
        if not (paired and place):  # what is paired is divided by the sources' names
            names = {part: names_of(each) for part, each in files.items()}
            where = _divided(names, config, seed, found, None if paired else side)
        divided.append({part: _taken(_joined(files, of), places) for part, (of, places) in where.items()})
    sources, targets = divided
    return {part: Examples(sources[part], targets[part], paired=paired) for part in sources}


_OF: dict[Part, tuple[Part | None, ...]] = {"train": ("train", None), "val": ("val",), "test": ("test",)}
"""What the files of a part are called in a set."""


def _joined(files: Mapping[Part | None, Sequence[T]], part: Part) -> Sequence[T]:
    first, *more = [files[of] for of in _OF[part] if files.get(of)] or [()]
    return [*first, *more[0]] if more else first


def _taken(files: Sequence[PictureFile], places: Sequence[int]) -> Sequence[PictureFile]:
    return files.take(places) if isinstance(files, Sections) else tuple(files[place] for place in places)


def _divided(
    names: Mapping[Part | None, Sequence[str]], config: DataConfig, seed: int, found: Found, side: str | None = None
) -> dict[Part, tuple[Part, Sequence[int]]]:
    """For each part which pictures it has, and of which part of the set: for one `side` of what is not paired, or for
    the sources of pairs."""
    train, val = _joined(names, "train"), _joined(names, "val")
    learned: Sequence[int] = range(len(train))
    validated: tuple[Part, Sequence[int]] = ("val", range(len(val)))
    place = () if side is None else (side,)
    fraction = _HELD_OUT if config.val_fraction is None else config.val_fraction
    if not val and fraction > 0 and len(train) > 1:
        count = min(len(train) - 1, max(1, round(len(train) * fraction)))
        if side is not None and config.val_fraction is None:
            count = min(count, _UNPAIRED_HELD_OUT)
        held_out = chosen(train, learned, count, seed, "split", *place)
        validated = ("train", held_out)
        learned = sorted(set(learned) - set(held_out))
        why = "All validation pairs are defective" if "val" in names else "No val folder"
        what = f"{why}: {count} pairs" if side is None else f"No validation pictures of {side}: {count}"
        found.notes.append(f"{what} set aside for validation by seed {seed}.")
    if config.max_pictures is not None:
        learned = chosen(train, learned, config.max_pictures, seed, "limit", *place)
    return {"train": ("train", learned), "val": validated, "test": ("test", range(len(_joined(names, "test"))))}


def chosen(
    names: Sequence[str], places: Sequence[int], count: int, seed: int, purpose: str, *place: str
) -> Sequence[int]:
    """`count` of the places, whichever come first in an order drawn for their names; they stand as they stood."""
    return sorted(sorted(places, key=lambda each: draws.seed(seed, purpose, *place, names[each]))[:count])
