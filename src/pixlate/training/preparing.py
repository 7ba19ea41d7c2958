"""How a run's pictures are prepared: sizes and filters, as asked or as the preset and the pictures say."""

from dataclasses import replace
from pathlib import Path

from pixlate.data.augment import Preparation
from pixlate.data.shards.ranges import is_url
from pixlate.data.survey import Survey
from pixlate.errors import ConfigError
from pixlate.specs.data import DataConfig, format_size, parse_size
from pixlate.specs.training import TrainConfig

_JITTER = 286 / 256


def decide_data(config: TrainConfig, surveyed: Survey, decisions: list[str]) -> DataConfig:
    """The settings of the data with nothing left open; what was decided is told in `decisions`.

    Raises:
        ConfigError: settings that contradict one another or the pictures.
    """
    data = config.data
    if data.val_fraction is not None and not 0 <= data.val_fraction < 1:
        raise ConfigError(f"--val-fraction is {data.val_fraction}; a share from 0 to below 1 is wanted.")
    if data.size is None:
        own = surveyed.size
        size = (256, 256) if min(own) >= 256 else own
        why = "the paper's" if min(own) >= 256 else "the pictures' own"
        decisions.append(f"size {format_size(*size)} ({why}; pictures are {own[0]}×{own[1]})")
    else:
        size = parse_size(data.size)
    load = size if data.fit == "crop" else (round(size[0] * _JITTER), round(size[1] * _JITTER))
    if data.load_size is not None:
        load = parse_size(data.load_size, "load_size")
    if load[1] < size[1] or (load[0] < size[0] and data.fit != "width"):
        raise ConfigError(f"load_size {data.load_size} is smaller than the size {format_size(*size)} cropped from it.")
    if data.fit == "crop" and load != size:
        raise ConfigError("--load-size has no meaning with --fit crop, which cuts pictures out unscaled.")
    return replace(
        data,
        data=data.data if is_url(data.data) else str(Path(data.data).resolve()),
        data_b=None if data.data_b is None else str(Path(data.data_b).resolve()),
        stack=tuple(str(Path(folder).resolve()) for folder in data.stack),
        size=format_size(*size),
        load_size=format_size(*load),
        resample=data.resample or config.method.facts.resample,
    )


def preparation(data: DataConfig) -> Preparation:
    """How pictures become those that training sees, by settings with nothing left open."""
    height, width = parse_size(str(data.size))
    load_height, load_width = parse_size(str(data.load_size))
    return Preparation(
        height,
        width,
        load_height,
        load_width,
        fit=data.fit,
        mirror=data.mirror,
        resample=data.resample or "bilinear",
    )
