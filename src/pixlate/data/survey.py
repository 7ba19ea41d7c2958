"""Looking at a data set before the first step: what will be learned from, what is left out, and why."""

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pixlate import draws, images
from pixlate.data.finding import Defect, Found, Pair, Part, PictureFile, find
from pixlate.errors import DataError, PictureError
from pixlate.images import Header
from pixlate.specs.data import DataConfig

DECODE_AT_MOST = 5000
"""Files decoded in full beforehand; of larger sets the headers alone are read."""
_LISTED = 10


@dataclass(frozen=True)
class Survey:
    """A data set that can be trained on."""

    name: str
    layout: str
    train: tuple[Pair, ...]
    val: tuple[Pair, ...]
    test: tuple[Pair, ...]
    size: tuple[int, int]
    """The commonest (height, width) among the training sources."""
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
            f"{len(self.train)} training, {len(self.val)} validation and {len(self.test)} test pairs; {sizes}",
            *self.notes,
        ]
        if self.defects:
            lines += [f"{len(self.defects)} pictures left out:", *list_defects(self.defects)]
        return "\n".join(lines)


def list_defects(defects: Iterable[Defect], at_most: int | None = None) -> list[str]:
    """One line a defect; beyond `at_most` they are counted."""
    every = list(defects)
    shown = [f"  {defect.kind}: {defect.path} ({defect.why})" for defect in every[:at_most]]
    return shown if at_most is None or len(every) <= at_most else [*shown, f"  … and {len(every) - at_most} more"]


def survey(config: DataConfig, seed: int, known: frozenset[str] = frozenset()) -> Survey:
    """Find the pairs, look at every picture, and split off validation where the set has none.

    Pairs whose names are `known`, those a run began with, keep their place though they have become defective.

    Raises:
        DataError: no data, no pairs, or any defect unless `config.skip_bad` is set.
    """
    found = find(config)
    headers = _inspect(found, known)
    if found.defects and not config.skip_bad:
        counts = Counter(defect.kind for defect in found.defects)
        summary = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        listed = "\n".join(list_defects(found.defects, _LISTED))
        if counts.keys() == {"unmatched"} and not any(found.parts.values()):
            raise DataError(f"{config.data}: no pairs found ({found.layout}): {summary}.\n{listed}")
        raise DataError(f"{config.data}: {summary}. Mend them, or leave them out with --skip-bad:\n{listed}")
    parts = _split(found, config, seed)
    if not parts["train"]:
        notes = " ".join(found.notes)
        raise DataError(f"{config.data}: no training pairs found ({found.layout}). {notes}".strip())
    pairs = parts["train"] + parts["val"]
    source_channels = _channels("sources", [pair.source for pair in pairs], headers, config.source_channels, found)
    target_channels = _channels("targets", [pair.target for pair in pairs], headers, config.target_channels, found)
    sizes = Counter(_size(pair.source, headers) for pair in parts["train"] if pair.source.path in headers)
    if not sizes:
        raise DataError(f"{config.data}: none of the training pictures can be read any more.")
    return Survey(
        name=Path(config.data).resolve().name,
        layout=found.layout,
        train=tuple(parts["train"]),
        val=tuple(parts["val"]),
        test=tuple(parts["test"]),
        size=sizes.most_common(1)[0][0],
        same_size=len(sizes) == 1,
        source_channels=source_channels,
        target_channels=target_channels,
        defects=tuple(found.defects),
        notes=tuple(found.notes),
    )


def _inspect(found: Found, known: frozenset[str]) -> dict[Path, Header]:
    """Header of every readable file; what cannot be read or does not match moves from the pairs to the defects."""
    paths = sorted({picture.path for part in found.parts.values() for p in part for picture in (p.source, p.target)})
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
    return headers


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
    side: str, pictures: list[PictureFile], headers: dict[Path, Header], asked: int | None, found: Found
) -> int:
    pictures = [picture for picture in pictures if picture.path in headers]
    grey = sum(headers[picture.path].channels == 1 for picture in pictures)
    channels = asked or (1 if grey == len(pictures) else 3)
    if channels == 3 and grey:
        found.notes.append(f"{grey} of {len(pictures)} {side} are grey and are replicated to RGB.")
    if channels == 1 and grey < len(pictures):
        found.notes.append(f"{len(pictures) - grey} of {len(pictures)} {side} are in colour and become grey, as asked.")
    return channels


def _split(found: Found, config: DataConfig, seed: int) -> dict[Part, list[Pair]]:
    """The set's own parts, or a seeded choice by name, which adding a pair hardly moves."""
    parts: dict[Part, list[Pair]] = {
        "train": found.parts.get("train", []) + found.parts.get(None, []),
        "val": found.parts.get("val", []),
        "test": found.parts.get("test", []),
    }
    train = parts["train"]
    if not parts["val"] and config.val_fraction > 0 and len(train) > 1:
        count = min(len(train) - 1, max(1, round(len(train) * config.val_fraction)))
        chosen = {pair.name for pair in sorted(train, key=lambda pair: draws.seed(seed, "split", pair.name))[:count]}
        parts["val"] = [pair for pair in train if pair.name in chosen]
        parts["train"] = [pair for pair in train if pair.name not in chosen]
        why = "All validation pairs are defective" if "val" in found.parts else "No val folder"
        found.notes.append(f"{why}: {count} pairs set aside for validation by seed {seed}.")
    return parts
