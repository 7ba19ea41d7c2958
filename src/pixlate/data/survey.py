"""Looking at a data set before the first step: what will be learned from, what is left out, and why."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pixlate import draws, images
from pixlate.data.finding import Defect, Found, Pair, PictureFile, find
from pixlate.data.lists import Part
from pixlate.data.unpaired import SIDE_BY_SIDE, find_unpaired
from pixlate.errors import DataError, PictureError
from pixlate.images import Header
from pixlate.specs.data import DataConfig

DECODE_AT_MOST = 5000
"""Files decoded in full beforehand; of larger sets the headers alone are read."""
_LISTED = 10
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
    source_channels: int
    target_channels: int
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
    found = find(config) if paired else find_unpaired(config)
    headers = _inspect(found, known, Path(config.data))
    _refuse_defects(found, config)
    parts = _split(found, config, seed, paired=paired)
    train, val = parts["train"], parts["val"]
    if not train.sources or not train.targets:
        letters = "AB" if config.direction == "AtoB" else "BA"
        empty = [letter for letter, side in zip(letters, (train.sources, train.targets), strict=True) if not side]
        what = "pairs" if paired else f"pictures of {' and '.join(sorted(empty))}"
        left_out = f"{len(found.defects)} were left out as defective." if found.defects else ""
        notes = " ".join(note for note in (*found.notes, left_out) if note and "set aside" not in note)
        raise DataError(f"{config.data}: no training {what} found ({found.layout}). {notes}".strip())
    source_channels = _channels("sources", train.sources + val.sources, headers, config.source_channels, found)
    target_channels = _channels("targets", train.targets + val.targets, headers, config.target_channels, found)
    sides = (train.sources,) if paired else (train.sources, train.targets)
    sizes = [Counter(_size(file, headers) for file in side if file.path in headers) for side in sides]
    if not all(sizes):
        raise DataError(f"{config.data}: none of the training pictures can be read any more.")
    return Survey(
        name=_name(config, found),
        layout=found.layout,
        train=train,
        val=val,
        test=parts["test"],
        size=min((size.most_common(1)[0][0] for size in sizes), key=min),
        same_size=len(set().union(*sizes)) == 1,
        source_channels=source_channels,
        target_channels=target_channels,
        defects=tuple(found.defects),
        notes=tuple(found.notes),
    )


def _refuse_defects(found: Found, config: DataConfig) -> None:
    if not found.defects or config.skip_bad:
        return
    counts = Counter(defect.kind for defect in found.defects)
    summary = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    listed = "\n".join(list_defects(found.defects, _LISTED))
    if counts.keys() == {"unmatched"} and not any(found.parts.values()):
        hint = "Two sets of pictures that are not pairs are learned from with --method cyclegan."
        raise DataError(f"{config.data}: no pairs found ({found.layout}): {summary}.\n{listed}\n{hint}")
    raise DataError(f"{config.data}: {summary}. Mend them, or leave them out with --skip-bad:\n{listed}")


def _name(config: DataConfig, found: Found) -> str:
    first = Path(config.data).resolve().name
    return f"{first}-{Path(config.data_b).resolve().name}" if found.sides and config.data_b else first


def _inspect(found: Found, known: frozenset[str], root: Path) -> dict[Path, Header]:
    """Header of every readable file; what cannot be read or does not match moves from the pairs to the defects."""
    pairs = [pair for part in found.parts.values() for pair in part]
    singles = [file for sides in found.sides.values() for side in sides for file in side]
    paths = sorted({file.path for file in singles + [file for pair in pairs for file in (pair.source, pair.target)]})
    decode = len(paths) <= DECODE_AT_MOST
    if not decode:
        found.notes.append(f"{len(paths)} files: headers checked, pictures decoded only as they are met.")
    with ThreadPoolExecutor() as pool:
        looked = dict(zip(paths, pool.map(partial(_look, decode=decode), paths), strict=True))
    unreadable = {path: str(outcome) for path, outcome in looked.items() if isinstance(outcome, PictureError)}
    found.defects += [Defect("unreadable", path, why) for path, why in unreadable.items()]
    headers = {path: outcome for path, outcome in looked.items() if isinstance(outcome, Header)}
    for part, pairs in found.parts.items():
        found.parts[part] = [pair for pair in pairs if _sound(pair, headers, found) or pair.name in known]
    for part, sides in found.sides.items():
        sources, targets = (
            [file for file in files if _usable(file, headers, found) or f"{side}/{file.name}" in known]
            for side, files in zip("XY", sides, strict=True)
        )
        found.sides[part] = (sources, targets)
    if found.layout == SIDE_BY_SIDE:
        _refuse_single_pictures(headers, root)
    return headers


def _usable(file: PictureFile, headers: dict[Path, Header], found: Found) -> bool:
    if file.path not in headers:
        return False
    odd = file.half != "whole" and headers[file.path].width % 2 == 1
    if odd and file.half == "left":
        found.defects.append(Defect("odd width", file.path, f"{headers[file.path].width} px wide, no two equal halves"))
    return not odd


def _refuse_single_pictures(headers: dict[Path, Header], root: Path) -> None:
    """Catch folders of photographs, which would train, but on their halves."""
    single = next((path for path, header in headers.items() if header.width < 1.5 * header.height), None)
    if single is None:
        return
    tops = {relative.parts[0] if len(relative.parts) > 1 else "" for relative in (p.relative_to(root) for p in headers)}
    if len(tops) == 2 and "" not in tops:
        one, other = (root / top for top in sorted(tops))
        raise DataError(
            f"{root} holds two folders of pictures; give both: pixlate train {one} {other} --method cyclegan"
        )
    raise DataError(
        f"{single} is no two pictures side by side. What is not paired is learned from two folders: "
        "pixlate train A_FOLDER B_FOLDER --method cyclegan, or a folder with trainA and trainB."
    )


def _look(path: Path, *, decode: bool) -> Header | PictureError:
    try:
        return Header(*images.read(path).shape) if decode else images.read_header(path)
    except PictureError as error:
        return error


def _sound(pair: Pair, headers: dict[Path, Header], found: Found) -> bool:
    if pair.source.path not in headers or pair.target.path not in headers:
        return False
    if pair.source.half != "whole":
        width = headers[pair.source.path].width
        if width % 2:
            found.defects.append(Defect("odd width", pair.source.path, f"{width} px wide, no two equal halves"))
        return width % 2 == 0
    source, target = _size(pair.source, headers), _size(pair.target, headers)
    if source != target:
        why = f"{_px(source)}, but {pair.target.path} has {_px(target)}"
        found.defects.append(Defect("size mismatch", pair.source.path, why))
    return source == target


def _px(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]} px"


def _size(picture: PictureFile, headers: dict[Path, Header]) -> tuple[int, int]:
    header = headers[picture.path]
    return header.height, header.width if picture.half == "whole" else header.width // 2


def _channels(
    side: str, pictures: Sequence[PictureFile], headers: dict[Path, Header], asked: int | None, found: Found
) -> int:
    pictures = [picture for picture in pictures if picture.path in headers]
    grey = sum(headers[picture.path].channels == 1 for picture in pictures)
    channels = asked or (1 if grey == len(pictures) else 3)
    if channels == 3 and grey:
        found.notes.append(f"{grey} of {len(pictures)} {side} are grey and are replicated to RGB.")
    if channels == 1 and grey < len(pictures):
        found.notes.append(f"{len(pictures) - grey} of {len(pictures)} {side} are in colour and become grey, as asked.")
    return channels


def _split(found: Found, config: DataConfig, seed: int, *, paired: bool) -> dict[Part, Examples]:
    """The set's own parts, or a seeded choice by name, which adding a picture hardly moves."""
    if paired:
        sources_of = {part: [pair.source for pair in pairs] for part, pairs in found.parts.items()}
        split = _split_side(sources_of, config, seed, found)
        target_of = {pair.source: pair.target for pairs in found.parts.values() for pair in pairs}
        return {part: Examples(tuple(files), tuple(target_of[file] for file in files)) for part, files in split.items()}
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
        val = _chosen(train, count, seed, "split", *place)
        held_out = set(val)
        train = [file for file in train if file not in held_out]
        why = "All validation pairs are defective" if "val" in parts else "No val folder"
        what = f"{why}: {count} pairs" if side is None else f"No validation pictures of {side}: {count}"
        found.notes.append(f"{what} set aside for validation by seed {seed}.")
    if config.max_pictures is not None:
        train = _chosen(train, config.max_pictures, seed, "limit", *place)
    return {"train": train, "val": val, "test": parts.get("test", [])}


def _chosen(files: list[PictureFile], count: int, seed: int, purpose: str, *place: str) -> list[PictureFile]:
    """`count` of them, whichever come first in an order drawn for their names; they stand as they stood."""
    chosen = set(sorted(files, key=lambda file: draws.seed(seed, purpose, *place, file.name))[:count])
    return [file for file in files if file in chosen]
