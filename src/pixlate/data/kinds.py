"""What the pictures of a side are: channels, kind of number and range, from their headers and the settings."""

import heapq
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixlate import draws, images
from pixlate.data.finding import PictureFile
from pixlate.data.shards.sections import Paths, Sections
from pixlate.errors import ConfigError, DataError, PictureError
from pixlate.images import File, Header, palettes
from pixlate.images.palette import IGNORE, Palette
from pixlate.specs.data import DataConfig
from pixlate.specs.pictures import FULL_SCALE, Alpha, Colour, Kind, Number, Range, parse_colour, parse_range

_MEASURED = 300
"""Training pictures a range is measured on, at most."""
_VALUES = 20_000
"""Values a channel of each of them, at most."""
_DARK = 1 / 8
"""Of the scale of 16 bits: what stays below it is probably 12 bits or fewer."""


@dataclass(frozen=True)
class Asked:
    """What the settings say of one side."""

    side: str
    channels: int | None
    range: Range | None
    alpha: Alpha | None
    background: Colour
    classes: Palette | int | None = None


def asked(config: DataConfig) -> tuple[Asked, Asked]:
    """What the settings say of the sources, and of the targets.

    Raises:
        ConfigError: a channel count, range or colour that is none.
    """
    background = parse_colour(config.background)
    sides = []
    for side in ("source", "target"):
        channels, text = getattr(config, f"{side}_channels"), getattr(config, f"{side}_range")
        if channels is not None and channels < 1:
            raise ConfigError(f"--{side}-channels is {channels}; 1 or more are wanted.")
        if channels is not None and side == "source" and config.stack:
            raise ConfigError("--source-channels has no meaning with --stack; what is stacked keeps its channels.")
        found = None if text is None else parse_range(text, f"--{side}-range")
        alpha, classes = getattr(config, f"{side}_alpha"), _classes(config, side)
        if classes is not None and (channels, found, alpha) != (None, None, None):
            raise ConfigError(f"--{side}-classes needs no channels, range or alpha beside it.")
        sides.append(Asked(f"{side}s", channels, found, alpha, background, classes))
    return sides[0], sides[1]


def decide(
    training: Sequence[PictureFile],
    validation: Sequence[PictureFile],
    headers: Mapping[File, Header],
    wanted: Asked,
    seed: int,
    notes: list[str],
) -> Kind:
    """What the pictures of a side are; ranges are those of the training pictures. What is to be told goes to `notes`.

    Raises:
        DataError: pictures that no one kind describes.
    """
    layers = _layers(_readable(training, headers), _readable(validation, headers), headers, seed)
    if not layers:
        return Kind()
    if wanted.classes is not None:
        return _labels(layers, headers, wanted.classes)
    if len(layers) > 1:
        for layer in layers:
            _refuse_mixed(layer, headers, wanted)
    parts = [_part(layer, headers, wanted, notes) for layer in layers]
    return parts[0] if len(parts) == 1 else stacked(parts)


@dataclass(frozen=True)
class _Layer:
    """The pictures of a side, or those of one folder that is stacked onto them."""

    paths: Sequence[File]
    counts: Counter[Header]
    """How many of them have which header."""
    training: Sequence[PictureFile]
    """Those that ranges are measured on."""
    seed: int


def _layers(
    training: Sequence[PictureFile], validation: Sequence[PictureFile], headers: Mapping[File, Header], seed: int
) -> list[_Layer]:
    if not training:
        return []
    if isinstance(training, Sections):
        paths = Paths(training, *([validation] if isinstance(validation, Sections) else []))
        return [_Layer(paths, paths.counts, training, seed)]
    layers = []
    for place in range(1 + len(training[0].beside)):
        own, others = (_layer(files, place, headers) for files in (training, validation))
        found = [file.path for file in (*own, *others)]
        layers.append(_Layer(found, Counter(headers[path] for path in found), own, seed))
    return layers


def _layer(files: Sequence[PictureFile], place: int, headers: Mapping[File, Header]) -> Sequence[PictureFile]:
    """Of each file the one at that place of those that are stacked."""
    if place == 0:
        return files
    each = [replace(file, path=file.beside[place - 1], beside=()) for file in files]
    return [file for file in each if file.path in headers]


def _readable(files: Sequence[PictureFile], headers: Mapping[File, Header]) -> Sequence[PictureFile]:
    return files.readable if isinstance(files, Sections) else [file for file in files if file.path in headers]


def _refuse_mixed(layer: _Layer, headers: Mapping[File, Header], wanted: Asked) -> None:
    """Make sure that what is stacked is all alike, for nothing says of a stack which of its channels were what."""
    looks = {(headers[path].channels_with(wanted.alpha), headers[path].number): path for path in reversed(layer.paths)}
    if len(looks) > 1:
        told = ", ".join(f"{path} has {channels} × {number}" for (channels, number), path in sorted(looks.items()))
        raise DataError(f"Pictures to be stacked are all alike in each folder, and here {told}. Make them alike first.")


def _classes(config: DataConfig, side: str) -> Palette | int | None:
    text = getattr(config, f"{side}_classes")
    if text is None:
        return None
    if not text.isdecimal():
        return palettes.find(text)
    if not 2 <= int(text) <= IGNORE:
        raise ConfigError(f"--{side}-classes is {text}; 2 to {IGNORE} classes are wanted.")
    return int(text)


def _labels(layers: Sequence[_Layer], headers: Mapping[File, Header], classes: Palette | int) -> Kind:
    """The kind of label maps: colours of a palette, or numbers as grey levels."""
    channels = 1 if isinstance(classes, int) else 3
    layer = layers[0]
    unfit = {each for each in layer.counts if each.number != "uint8" or each.channels > channels or len(layers) > 1}
    if unfit:
        path, header = next((path, headers[path]) for path in layer.paths if headers[path] in unfit)
        told = f"{header.channels} channels of {header.number}"
        raise DataError(f"{path} has {told}; label maps have 8 bits, and {channels} channels here.")
    if isinstance(classes, int):
        return Kind(1, space="classes", classes=tuple((number,) for number in range(classes)))
    return Kind(3, space="classes", classes=classes.colours, ignored=classes.ignored)


def stacked(parts: Sequence[Kind]) -> Kind:
    """The kind of pictures whose channels are those of all `parts`, one after the other."""
    numbers: set[Number] = {part.number for part in parts}
    low, high = (tuple(value for part in parts for value in part.ends[end]) for end in (0, 1))
    one = len(set(low)) == len(set(high)) == 1
    return Kind(
        channels=sum(part.channels for part in parts),
        number=numbers.pop() if len(numbers) == 1 else "float32",
        low=low[:1] if one else low,
        high=high[:1] if one else high,
        alpha=parts[0].alpha,
        background=parts[0].background,
        ending=".tif",
    )


def _part(layer: _Layer, headers: Mapping[File, Header], wanted: Asked, notes: list[str]) -> Kind:
    channels = _channels(layer, headers, wanted, notes)
    numbers = {header.number for header in layer.counts}
    number: Number = "float32" if "float32" in numbers else "uint16" if "uint16" in numbers else "uint8"
    if len(numbers) > 1:
        counts: Counter[str] = Counter()
        for header, count in layer.counts.items():
            counts[header.number] += count
        told = ", ".join(f"{count} of {kind}" for kind, count in counts.most_common())
        if number == "float32" and wanted.range is None:
            option = f"--{wanted.side[:-1]}-range"
            raise DataError(f"The {wanted.side} are {told}. Say with {option} LOW,HIGH what stands for -1 and 1.")
        notes.append(f"The {wanted.side} are {told}; all are read as {number}.")
    kind = Kind(channels, alpha=wanted.alpha, background=wanted.background)
    low, high = _range(layer, kind, number, wanted, notes)
    drawn = channels - (wanted.alpha == "keep") in (1, 3) and number != "float32"
    ending = ".png"
    if not drawn:
        arrays = sum(path.suffix.lower() in (".npy", ".npz") for path in layer.paths)
        ending = ".npy" if 2 * arrays > len(layer.paths) else ".tif"
    return Kind(channels, number, low, high, alpha=wanted.alpha, background=wanted.background, ending=ending)


def _channels(layer: _Layer, headers: Mapping[File, Header], wanted: Asked, notes: list[str]) -> int:
    counts: Counter[int] = Counter()
    for header, count in layer.counts.items():
        counts[header.channels_with(wanted.alpha)] += count
    channels = wanted.channels or (max(counts) if counts.keys() <= {1, 3} else counts.most_common(1)[0][0])
    others = counts.keys() - {channels}
    grey, every = counts[1], len(layer.paths)
    if others and (channels not in (1, 3) or not others <= {1, 3}):
        examples = {headers[path].channels_with(wanted.alpha): path for path in reversed(layer.paths)}
        told = ", ".join(f"{counts[count]} have {count} (such as {examples[count]})" for count in sorted(counts))
        raise DataError(f"The {wanted.side} differ in channels: {told}; {channels} are wanted of all.")
    if channels == 3 and grey:
        notes.append(f"{grey} of {every} {wanted.side} are grey and are replicated to RGB.")
    if channels == 1 and grey < every:
        notes.append(f"{every - grey} of {every} {wanted.side} are in colour and become grey, as asked.")
    return channels


def _range(
    layer: _Layer, kind: Kind, number: Number, wanted: Asked, notes: list[str]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    given = wanted.range
    if given is not None and not given.percentiles:
        return (given.low,), (given.high,)
    if given is None and number != "float32":
        if number == "uint16":
            _tell_of_dark(layer, kind, wanted, notes)
        return (0.0,), (FULL_SCALE[number],)
    ends = given or Range(0.0, 100.0, percentiles=True)
    measured = _percentiles(layer, kind, ends)
    low, high = (tuple(float(np.float32(value)) for value in row) for row in measured)
    flat = [channel for channel, (least, greatest) in enumerate(zip(low, high, strict=True)) if not least < greatest]
    if flat:
        raise DataError(
            f"Channel {flat[0] + 1} of the {wanted.side} is {low[flat[0]]:g} everywhere, so it has no range. Give one: "
            f"--{wanted.side[:-1]}-range LOW,HIGH."
        )
    asked_for = f"p{ends.low:g} to p{ends.high:g}" if given else "least to greatest"
    told = "; ".join(f"{least:g} … {greatest:g}" for least, greatest in zip(low, high, strict=True))
    notes.append(f"Range of the {wanted.side}, {asked_for} of their channels: {told}.")
    return low, high


def is_dark(greatest: float) -> bool:
    """Whether 16-bit pictures that go to `greatest` use so little of their scale that they are probably of fewer."""
    return greatest < _DARK * FULL_SCALE["uint16"]


def _tell_of_dark(layer: _Layer, kind: Kind, wanted: Asked, notes: list[str]) -> None:
    greatest = float(_percentiles(layer, kind, Range(0.0, 100.0, percentiles=True))[1].max())
    if is_dark(greatest):
        scale = 2 ** max(1, int(greatest).bit_length()) - 1
        notes.append(
            f"The {wanted.side} are of 16 bits, but go to {greatest:g} of 65,535 only; "
            f"--{wanted.side[:-1]}-range 0,{scale} would use the whole scale."
        )


def _percentiles(layer: _Layer, kind: Kind, ends: Range) -> NDArray[Any]:
    """Both percentiles of each channel, (2, C), over values spread evenly over some of the pictures."""
    files = layer.training
    places = range(len(files))
    chosen = heapq.nsmallest(_MEASURED, places, key=lambda place: draws.seed(layer.seed, "range", files[place].name))
    with ThreadPoolExecutor() as pool:
        values = [some for some in pool.map(lambda place: _values(files[place], kind), chosen) if some is not None]
    if not values:
        raise DataError(f"None of the pictures, such as {layer.paths[0]}, can be read.")
    least, greatest = (np.stack([some[1 + end] for some in values]) for end in (0, 1))
    every = np.concatenate([some[0] for some in values])
    low = least.min(0) if ends.low == 0 else np.percentile(every, ends.low, axis=0)
    high = greatest.max(0) if ends.high == 100 else np.percentile(every, ends.high, axis=0)
    return np.stack([low, high])


def _values(file: PictureFile, kind: Kind) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]] | None:
    """Some values (N, C) of a picture, and the least and greatest of all; None where it cannot be read."""
    try:
        picture = images.with_channels(images.read(file.path, file.half, kind.alpha, kind.background), kind.channels)
    except PictureError:
        return None
    flat = picture.reshape(-1, picture.shape[-1])
    places = random.Random(0).sample(range(len(flat)), min(_VALUES, len(flat)))  # noqa: S311 - a spread, no secret
    return flat[places], flat.min(0), flat.max(0)
