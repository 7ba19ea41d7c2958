"""Which examples are for training, validation and test."""

from collections.abc import Mapping
from dataclasses import dataclass

from pixlate import draws
from pixlate.data.finding import Found, PictureFile
from pixlate.data.lists import Part
from pixlate.specs.data import DataConfig

_HELD_OUT = 0.1
_UNPAIRED_HELD_OUT = 10


@dataclass(frozen=True)
class Examples:
    """One part of a data set: pairs, each source with its target, or two sets without such ties."""

    sources: tuple[PictureFile, ...] = ()
    targets: tuple[PictureFile, ...] = ()
    paired: bool = True

    def __len__(self) -> int:
        """Pairs, or pictures of the larger side: what an epoch goes through."""
        return max(len(self.sources), len(self.targets))

    @property
    def files(self) -> list[PictureFile]:
        """All of them, pair by pair where they are paired."""
        if self.paired:
            return [file for pair in zip(self.sources, self.targets, strict=True) for file in pair]
        return [*self.sources, *self.targets]

    @property
    def names(self) -> list[str]:
        """Of the pairs, or of each side's pictures."""
        if self.paired:
            return [file.name for file in self.sources]
        sides = {"X": self.sources, "Y": self.targets}
        return [f"{side}/{file.name}" for side, files in sides.items() for file in files]

    def count(self) -> str:
        """How many there are, for a person."""
        return f"{len(self):,}" if self.paired else f"{len(self.sources):,} + {len(self.targets):,}"


def split(found: Found, config: DataConfig, seed: int, *, paired: bool) -> dict[Part, Examples]:
    """The set's own parts, or a seeded choice by name, which adding a picture hardly moves."""
    if paired:
        sources_of = {part: [pair.source for pair in pairs] for part, pairs in found.parts.items()}
        divided = _split_side(sources_of, config, seed, found)
        target_of = {pair.source: pair.target for pairs in found.parts.values() for pair in pairs}
        return {
            part: Examples(tuple(files), tuple(target_of[file] for file in files)) for part, files in divided.items()
        }
    sources, targets = (
        _split_side({part: sides[place] for part, sides in found.sides.items()}, config, seed, found, side)
        for place, side in enumerate("AB" if config.direction == "AtoB" else "BA")
    )
    return {part: Examples(tuple(sources[part]), tuple(targets[part]), paired=False) for part in sources}


def _split_side(
    parts: Mapping[Part | None, list[PictureFile]], config: DataConfig, seed: int, found: Found, side: str | None = None
) -> dict[Part, list[PictureFile]]:
    """For one `side` of what is not paired, or for the sources of pairs."""
    train, val = parts.get("train", []) + parts.get(None, []), parts.get("val", [])
    place = () if side is None else (side,)
    fraction = _HELD_OUT if config.val_fraction is None else config.val_fraction
    if not val and fraction > 0 and len(train) > 1:
        count = min(len(train) - 1, max(1, round(len(train) * fraction)))
        if side is not None and config.val_fraction is None:
            count = min(count, _UNPAIRED_HELD_OUT)
        val = chosen(train, count, seed, "split", *place)
        held_out = set(val)
        train = [file for file in train if file not in held_out]
        why = "All validation pairs are defective" if "val" in parts else "No val folder"
        what = f"{why}: {count} pairs" if side is None else f"No validation pictures of {side}: {count}"
        found.notes.append(f"{what} set aside for validation by seed {seed}.")
    if config.max_pictures is not None:
        train = chosen(train, config.max_pictures, seed, "limit", *place)
    return {"train": train, "val": val, "test": parts.get("test", [])}


def chosen(files: list[PictureFile], count: int, seed: int, purpose: str, *place: str) -> list[PictureFile]:
    """`count` of them, whichever come first in an order drawn for their names; they stand as they stood."""
    first = set(sorted(files, key=lambda file: draws.seed(seed, purpose, *place, file.name))[:count])
    return [file for file in files if file in first]
