"""Looking at a data set before the first step: what will be learned from, what is left out, and why."""

from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pixlate import images
from pixlate.data import kinds
from pixlate.data.dividing import Examples, split
from pixlate.data.finding import Defect, Found, Pair, PictureFile, find
from pixlate.data.kinds import Asked
from pixlate.data.making import Making, making, sides_of
from pixlate.data.singles import find_singles
from pixlate.data.stacking import stack
from pixlate.data.unpaired import SIDE_BY_SIDE, find_unpaired
from pixlate.errors import ConfigError, DataError, PictureError
from pixlate.images import Header
from pixlate.specs.data import DataConfig
from pixlate.specs.pictures import Alpha, Sides

DECODE_AT_MOST = 5000
"""Files decoded in full beforehand; of larger sets the headers alone are read."""
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
    laid = lay_out(config, paired=paired)
    headers = sift(laid.found, _look_at_all(laid), Path(config.data), known)
    _refuse_defects(laid.found, config)
    return conclude(laid, headers, config, seed, paired=paired)


def lay_out(config: DataConfig, *, paired: bool) -> Laid:
    """Which pictures there are; none is opened yet.

    Raises:
        DataError: no data, or none that is laid out in a way known here.
        PictureError: a folder that cannot be read.
        ConfigError: settings that contradict one another.
    """
    if config.stack and not paired:
        raise ConfigError("--stack is for pairs; this method learns from pictures that are not paired.")
    made = making(config, paired=paired)
    found = find_singles(config) if config.recipe else find(config) if paired else find_unpaired(config)
    stack(found, config.stack)
    wanted = kinds.asked(config)
    if config.recipe:
        wanted = (wanted[config.direction == "AtoB"],) * 2
    return Laid(found, made, wanted)


def conclude(laid: Laid, headers: dict[Path, Header], config: DataConfig, seed: int, *, paired: bool) -> Survey:
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
    sizes = [Counter(_size(file, headers) for file in side if file.path in headers) for side in sides]
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
    if any(found.parts.values()) or {defect.kind for defect in found.defects} != {"unmatched"}:
        return ""
    return "Two sets of pictures that are not pairs are learned from with --method cyclegan."


def _name(config: DataConfig, found: Found) -> str:
    first = Path(config.data).resolve().name
    return f"{first}-{Path(config.data_b).resolve().name}" if found.sides and config.data_b else first


def alphas_of(laid: Laid) -> dict[Path, Alpha | None]:
    """Every file that training opens, in order, and what becomes of its transparency."""
    found = laid.found
    source_alpha, target_alpha = (asked.alpha for asked in laid.wanted)
    pairs = [pair for part in found.parts.values() for pair in part]
    files = [pair.source for pair in pairs] + [file for sources, _ in found.sides.values() for file in sources]
    alphas = {path: source_alpha for file in files for path in (file.path, *file.beside)}
    for file in [pair.target for pair in pairs] + [file for _, targets in found.sides.values() for file in targets]:
        # Of a file with both sides on it transparency must be spoken for on both.
        alphas[file.path] = target_alpha if alphas.get(file.path, target_alpha) else None
    return dict(sorted(alphas.items()))


def _look_at_all(laid: Laid) -> dict[Path, Header | PictureError]:
    alphas = alphas_of(laid)
    decode = len(alphas) <= DECODE_AT_MOST
    if not decode:
        laid.found.notes.append(f"{len(alphas)} files: headers checked, pictures decoded only as they are met.")
    with ThreadPoolExecutor() as pool:
        looked = pool.map(partial(_look, decode=decode), alphas.keys(), alphas.values())
        return dict(zip(alphas, looked, strict=True))


def sift(
    found: Found, looked: Mapping[Path, Header | PictureError], root: Path, known: frozenset[str] = frozenset()
) -> dict[Path, Header]:
    """Header of every readable file; what cannot be read or does not match moves from the pairs to the defects.

    Raises:
        DataError: single pictures where side-by-side ones are wanted.
    """
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


def _look(path: Path, alpha: Alpha | None, *, decode: bool) -> Header | PictureError:
    try:
        if decode:
            images.read(path, alpha=alpha)
        return images.read_header(path)
    except PictureError as error:
        return error


def _sound(pair: Pair, headers: dict[Path, Header], found: Found) -> bool:
    if any(path not in headers for path in (pair.source.path, *pair.source.beside, pair.target.path)):
        return False
    for path in pair.source.beside:
        own, stacked = (headers[one] for one in (pair.source.path, path))
        if (own.height, own.width) != (stacked.height, stacked.width):
            why = f"{_px((stacked.height, stacked.width))}, but {pair.source.path} has {_px((own.height, own.width))}"
            found.defects.append(Defect("size mismatch", path, why))
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
