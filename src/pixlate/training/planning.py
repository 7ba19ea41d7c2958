"""What a run will do, decided before the first step and before torch is loaded, and why."""

import hashlib
import json
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pixlate.data.augment import Preparation
from pixlate.data.survey import Survey, survey
from pixlate.errors import ConfigError
from pixlate.specs.data import DataConfig, format_size, parse_size
from pixlate.specs.methods import PRESETS, Pix2PixConfig
from pixlate.specs.networks import DiscriminatorSpec, GeneratorSpec, deepest, scaled_receptive_field
from pixlate.specs.training import MAY_CHANGE, LoopConfig, TrainConfig, from_flat, to_flat
from pixlate.training import runfolder

_JITTER = 286 / 256


@dataclass(frozen=True)
class Plan:
    """A run with nothing left open."""

    config: TrainConfig
    survey: Survey
    generator: GeneratorSpec
    discriminator: DiscriminatorSpec | None
    preparation: Preparation
    folder: Path
    decisions: tuple[str, ...]
    """What was decided for the user, and why."""

    @property
    def names(self) -> list[str]:
        """Of the pairs to train and to validate on."""
        return [pair.name for pair in (*self.survey.train, *self.survey.val)]


def plan(config: TrainConfig) -> Plan:
    """Look at the data, decide what was left open, and make sure of the run's folder.

    Raises:
        DataError: defective or missing data.
        ConfigError: settings that contradict one another or the pictures.
        RunError: a folder that holds something else, or a run with other settings.
    """
    if config.loop.steps is not None and config.loop.epochs is not None:
        raise ConfigError("Both --steps and --epochs are given; give one.")
    config = from_flat(to_flat(config), "The settings")  # a config made in Python is judged as YAML is
    _check_counts(config.loop)
    surveyed = survey(config.data, config.loop.seed)
    decisions: list[str] = []
    data = _decide_data(config, surveyed, decisions)
    size = parse_size(str(data.size))
    method = _decide_method(config.method, size, decisions)
    loop = _decide_loop(config, decisions)
    folder = Path(loop.run) if loop.run else Path("runs") / _name(config, data, method, surveyed)
    decided = TrainConfig(data, method, replace(loop, run=str(folder.resolve())))
    if surveyed.defects and (known := runfolder.known_pairs(folder)):
        surveyed = survey(config.data, config.loop.seed, known)
    planned = Plan(
        config=decided,
        survey=surveyed,
        generator=_generator(method, surveyed),
        discriminator=_discriminator(method, surveyed),
        preparation=_preparation(data),
        folder=folder,
        decisions=tuple(decisions),
    )
    if os.environ.get("RANK", "0") == "0":  # to the others its first files would look like somebody else's
        runfolder.check(planned.folder, decided, planned.names)
    return planned


def _check_counts(loop: LoopConfig) -> None:
    ones = "steps epochs batch_size accumulate validate_every checkpoint_every keep_every log_every"
    for name in ones.split():
        value = getattr(loop, name)
        if value is not None and value < 1:
            raise ConfigError(f"--{name.replace('_', '-')} is {value}; 1 or more is wanted.")
    for name in ("workers", "validate_on", "samples"):
        value = getattr(loop, name)
        if value is not None and value < 0:
            raise ConfigError(f"--{name.replace('_', '-')} is {value}; 0 or more is wanted.")
    if loop.keep_last < 2:
        raise ConfigError(f"--keep-last is {loop.keep_last}; 2 or more is wanted, so that one damaged can be spared.")
    if loop.ema is not None and not 0 < loop.ema < 1:
        raise ConfigError(f"--ema is {loop.ema}; a number between 0 and 1 is wanted, such as 0.999.")
    if loop.clip_gradients is not None and not 0 < loop.clip_gradients < math.inf:
        raise ConfigError(f"--clip-gradients is {loop.clip_gradients}; a positive number is wanted.")


def _decide_data(config: TrainConfig, surveyed: Survey, decisions: list[str]) -> DataConfig:
    data = config.data
    if not 0 <= data.val_fraction < 1:
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
    if load[0] < size[0] or load[1] < size[1]:
        raise ConfigError(f"load_size {data.load_size} is smaller than the size {format_size(*size)} cropped from it.")
    if data.fit == "crop" and load != size:
        raise ConfigError("--load-size has no meaning with --fit crop, which cuts pictures out unscaled.")
    return replace(
        data,
        data=str(Path(data.data).resolve()),
        data_b=None if data.data_b is None else str(Path(data.data_b).resolve()),
        size=format_size(*size),
        load_size=format_size(*load),
        resample=data.resample or PRESETS[config.method.preset].resample,
    )


def _decide_method(method: Pix2PixConfig, size: tuple[int, int], decisions: list[str]) -> Pix2PixConfig:
    depth = method.depth
    if depth is None:
        depth = deepest(*size)
        decisions.append(f"depth {depth} ({format_size(*size)} px allows {depth} halvings, of 8 at most)")
    positions = math.prod(math.ceil(side / 2 ** (depth - 1)) for side in size)
    if depth < 2 or positions < 2:
        raise ConfigError(
            f"depth {depth} does not suit {format_size(*size)} px; from 2 to {deepest(*size)} halvings do."
        )
    field = method.receptive_field
    if field is None:
        field = scaled_receptive_field(*size)
        if method.adversary:
            decisions.append(f"receptive field {field} (the paper's 70 at 256 px, scaled)")
    _check_rates(method)
    decay = PRESETS[method.preset].decay if method.decay is None else method.decay
    if not 0 <= decay <= 1:
        raise ConfigError(f"--decay is {decay}; a share from 0 to 1 is wanted.")
    return replace(method, depth=depth, receptive_field=field, decay=decay)


def _check_rates(method: Pix2PixConfig) -> None:
    if not 0 < method.lr < math.inf:
        raise ConfigError(f"--lr is {method.lr}; a positive number is wanted.")
    if not 0 <= method.lambda_l1 < math.inf:
        raise ConfigError(f"--lambda-l1 is {method.lambda_l1}; 0 or a positive number is wanted.")
    for name in ("beta1", "beta2"):
        if not 0 <= getattr(method, name) < 1:
            raise ConfigError(f"--{name} is {getattr(method, name)}; a number from 0 to below 1 is wanted.")


def _decide_loop(config: TrainConfig, decisions: list[str]) -> LoopConfig:
    loop = config.loop
    epochs = loop.epochs
    if loop.steps is None and epochs is None:
        epochs = PRESETS[config.method.preset].epochs
        decisions.append(f"{epochs} epochs (preset {config.method.preset})")
    workers = loop.workers
    if workers is None:
        workers = min(4, _cores() - 1)
    return replace(loop, epochs=epochs, workers=workers)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _generator(method: Pix2PixConfig, surveyed: Survey) -> GeneratorSpec:
    depth = method.depth or 0
    return GeneratorSpec(
        architecture=method.generator,
        in_channels=surveyed.source_channels,
        out_channels=surveyed.target_channels,
        depth=depth,
        width=method.width,
        dropout=PRESETS[method.preset].dropout(depth) if method.dropout else (),
        z_channels=method.z_channels,
    )


def _discriminator(method: Pix2PixConfig, surveyed: Survey) -> DiscriminatorSpec | None:
    if method.adversary is None:
        return None
    channels = surveyed.target_channels + (surveyed.source_channels if method.adversary == "cGAN" else 0)
    return DiscriminatorSpec(channels, method.receptive_field or 0, method.width)


def _preparation(data: DataConfig) -> Preparation:
    height, width = parse_size(str(data.size))
    load_height, load_width = parse_size(str(data.load_size))
    return Preparation(
        height,
        width,
        load_height,
        load_width,
        stretch=data.fit == "stretch",
        mirror=data.mirror,
        resample=data.resample or "bilinear",
    )


def _name(asked: TrainConfig, data: DataConfig, method: Pix2PixConfig, surveyed: Survey) -> str:
    """A folder name that the same command always gives, and another command never."""
    settings = {key: value for key, value in to_flat(asked).items() if key not in MAY_CHANGE}
    settings |= {"data": data.data, "data_b": data.data_b}
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:6]
    parts = (surveyed.name, data.direction, data.size, method.objective, digest)
    return re.sub(r"[^A-Za-z0-9._+-]+", "_", "-".join(map(str, parts)))


def explain(planned: Plan) -> Iterator[str]:
    """The plan as lines for a person."""
    config = planned.config
    yield planned.survey.report()
    method = f"{config.method.objective}, {config.method.generator} of width {config.method.width}"
    yield f"pix2pix: {method}, preset {config.method.preset}, {_batch(config.loop)}"
    if planned.decisions:
        yield "decided: " + "; ".join(planned.decisions)
    yield f"run: {planned.folder} (watch {planned.folder / 'index.html'}; the same command resumes)"


def _batch(loop: LoopConfig) -> str:
    world = int(os.environ.get("WORLD_SIZE", "1"))
    told = f"batch {loop.batch_size}"
    told += f" × {loop.accumulate} accumulated" if loop.accumulate > 1 else ""
    told += f" × {world} processes" if world > 1 else ""
    return told
