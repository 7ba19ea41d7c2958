"""Looking at a data set before the first step: what will be learned from, what is left out, and why."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from pixlate.data import kinds
from pixlate.data.dividing import Examples, split
from pixlate.data.finding import Defect, Found, find
from pixlate.data.kinds import Asked
from pixlate.data.making import Making, making, sides_of
from pixlate.data.shards.ranges import is_url
from pixlate.data.shards.sets import found_in, index_of
from pixlate.data.sifting import look_at_all, sift, sizes_of
from pixlate.data.singles import find_singles
from pixlate.data.stacking import stack
from pixlate.data.unpaired import find_unpaired
from pixlate.errors import ConfigError, DataError
from pixlate.images import File, Header
from pixlate.specs.data import DataConfig
from pixlate.specs.pictures import Sides

_LISTED = 10


@dataclass(frozen=True)
class Laid:
    """A data set before any picture is opened."""

    found: Found
    making: Making | None
    """How sources are made of targets, where they are no pictures of their own."""
    wanted: tuple[Asked, Asked]
    """What the settings say of the sources, and of the targets."""


@dataclass(frozen=True)
class Survey:
    """A data set that can be trained on."""

    name: str
    layout: str
    train: Examples
    val: Examples
    test: Examples
    size: tuple[int, int]
    """The commonest (height, width) among the training sources; unpaired, of the side where it is smaller."""
    same_size: bool
    sides: Sides
    making: Making | None
    """How sources are made of targets, where they are no pictures of their own."""
    defects: tuple[Defect, ...]
    notes: tuple[str, ...]

    def report(self) -> str:
        """What was found, as a few lines for a person."""
        height, width = self.size
        sizes = f"{height}×{width} px" + ("" if self.same_size else " mostly, sizes differ")
        lines = [
            self.layout,
            f"{self.counts()}; {sizes}",
            *self.notes,
        ]
        if self.defects:
            lines += [f"{len(self.defects)} pictures left out:", *list_defects(self.defects)]
        return "\n".join(lines)

    def counts(self) -> str:
        """How many pairs or pictures each part has, for a person."""
        what = "pairs" if self.train.paired else "pictures (sources + targets)"
        parts = f"{self.train.count()} training, {self.val.count()} validation and {self.test.count()} test"
        return f"{parts} {what}"


def list_defects(defects: Iterable[Defect], at_most: int | None = None) -> list[str]:
    """One line a defect; beyond `at_most` they are counted."""
    every = list(defects)
    shown = [f"  {defect.kind}: {defect.path} ({defect.why})" for defect in every[:at_most]]
    return shown if at_most is None or len(every) <= at_most else [*shown, f"  … and {len(every) - at_most} more"]


def survey(config: DataConfig, seed: int, known: frozenset[str] = frozenset(), *, paired: bool = True) -> Survey:
    """Find the pictures, look at every one, and split off validation where the set has none.

    Examples whose names are `known`, those a run began with, keep their place though they have become defective.

    Raises:
        DataError: no data, no pairs, or any defect unless `config.skip_bad` is set.
    """
    laid, headers = examined(config, known, paired=paired)
    return conclude(laid, headers, config, seed, paired=paired)


def examined(
    config: DataConfig, known: frozenset[str] = frozenset(), *, paired: bool
) -> tuple[Laid, Mapping[File, Header]]:
    """The data set without what is defective, and the headers of its pictures; `known` as for `survey`.

    Raises:
        DataError: no data, or any defect unless `config.skip_bad` is set.
    """
    laid = lay_out(config, known, paired=paired)
    found = laid.found
    headers = found.headers
    if headers is None:
        headers = sift(found, look_at_all(found, laid.wanted), Path(config.data), known)
    _refuse_defects(found, config)
    return laid, headers


def lay_out(config: DataConfig, known: frozenset[str] = frozenset(), *, paired: bool) -> Laid:
    """Which pictures there are; none is opened yet. Of shards their index says what is defective: it is left out.

    Raises:
        DataError: no data, or none that is laid out in a way known here.
        PictureError: a folder that cannot be read.
        ConfigError: settings that contradict one another.
    """
    if config.stack and not paired:
        raise ConfigError("--stack is for pairs; this method learns from pictures that are not paired.")
    made = making(config, paired=paired)
    notes: list[str] = []
    index = index_of(config, notes)
    if index is not None:
        found = found_in(index, config, known, paired=paired, notes=notes)
    else:
        found = find_singles(config) if config.recipe else find(config) if paired else find_unpaired(config)
        stack(found, config.stack)
    wanted = kinds.asked(config)
    if config.recipe:
        wanted = (wanted[config.direction == "AtoB"],) * 2
    return Laid(found, made, wanted)


def conclude(laid: Laid, headers: Mapping[File, Header], config: DataConfig, seed: int, *, paired: bool) -> Survey:
    """The data set that the sound pictures make up.

    Raises:
        DataError: there is nothing to train on, or no one kind describes the pictures of a side.
    """
    found, made, wanted = laid.found, laid.making, laid.wanted
    parts = split(found, config, seed, paired=paired)
    train, val = parts["train"], parts["val"]
    if not train.sources or not train.targets:
        letters = "AB" if config.direction == "AtoB" else "BA"
        empty = [letter for letter, side in zip(letters, (train.sources, train.targets), strict=True) if not side]
        what = "pairs" if paired else f"pictures of {' and '.join(sorted(empty))}"
        left_out = f"{len(found.defects)} were left out as defective." if found.defects else ""
        notes = " ".join(note for note in (*found.notes, left_out) if note and "set aside" not in note)
        raise DataError(f"{config.data}: no training {what} found ({found.layout}). {notes}".strip())
    target = kinds.decide(train.targets, val.targets, headers, wanted[1], seed, found.notes)
    source = target
    if not config.recipe:
        source = kinds.decide(train.sources, val.sources, headers, wanted[0], seed, found.notes)
    sides = (train.sources,) if paired else (train.sources, train.targets)
    sizes = [sizes_of(side, headers) for side in sides]
    if not all(sizes):
        raise DataError(f"{config.data}: none of the training pictures can be read any more.")
    both = sides_of(target, config, made) if config.recipe else Sides(source, target)
    if made is not None:
        made = replace(made, kind=both.target if made.reverse else both.source)
    return Survey(
        name=_name(config, found),
        layout=found.layout,
        train=train,
        val=val,
        test=parts["test"],
        size=min((size.most_common(1)[0][0] for size in sizes), key=min),
        same_size=len(set().union(*sizes)) == 1,
        sides=both,
        making=made,
        defects=tuple(found.defects),
        notes=tuple(found.notes),
    )


def _refuse_defects(found: Found, config: DataConfig) -> None:
    if not found.defects or config.skip_bad:
        return
    counts = Counter(defect.kind for defect in found.defects)
    summary = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    listed = "\n".join(list_defects(found.defects, _LISTED))
    if hint := hint_of_no_pairs(found):
        raise DataError(f"{config.data}: no pairs found ({found.layout}): {summary}.\n{listed}\n{hint}")
    raise DataError(f"{config.data}: {summary}. Mend them, or leave them out with --skip-bad:\n{listed}")


def hint_of_no_pairs(found: Found) -> str:
    """What to do where nothing has a counterpart; empty where something has."""
    if any(map(any, found.columns.values())) or {defect.kind for defect in found.defects} != {"unmatched"}:
        return ""
    return "Two sets of pictures that are not pairs are learned from with --method cyclegan."


def _name(config: DataConfig, found: Found) -> str:
    if found.headers is not None:
        place = Path(urlsplit(config.data).path) if is_url(config.data) else Path(config.data).resolve()
        return place.parent.name if place.suffix == ".json" else place.stem
    first = Path(config.data).resolve().name
    return f"{first}-{Path(config.data_b).resolve().name}" if found.sides and config.data_b else first
