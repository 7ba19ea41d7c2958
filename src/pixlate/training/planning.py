"""What a run will do, decided before the first step and before torch is loaded, and why."""

import hashlib
import json
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pixlate.data import making
from pixlate.data.augment import Preparation
from pixlate.data.survey import Survey, survey
from pixlate.errors import ConfigError
from pixlate.specs.data import Channels, DataConfig, format_size, parse_bytes, parse_size, planes
from pixlate.specs.document import to_document
from pixlate.specs.learning import LearningConfig
from pixlate.specs.methods.settings import MethodSpec, Preset
from pixlate.specs.networks import (
    DiscriminatorSpec,
    GeneratorSpec,
    NetworksConfig,
    NetworkSpec,
    deepest,
    scaled_receptive_field,
    suits,
)
from pixlate.specs.training import MAY_CHANGE, LoopConfig, TrainConfig, from_flat, to_flat
from pixlate.training import runfolder, starting
from pixlate.training.preparing import decide_data, preparation

_RESOLVED = ("data", "data_b", "stack", "recipe", "recipe_sha256")
"""Settings of the data that name files: a run is known by what they are in full."""


@dataclass(frozen=True)
class Plan:
    """A run with nothing left open."""

    config: TrainConfig
    survey: Survey
    networks: dict[str, NetworkSpec]
    """By their names in the method."""
    preparation: Preparation
    folder: Path
    decisions: tuple[str, ...]
    """What was decided for the user, and why."""

    @property
    def names(self) -> list[str]:
        """Of the examples to train and to validate on."""
        return [*self.survey.train.names, *self.survey.val.names]

    @property
    def channels(self) -> Channels:
        """Planes of the sources and of the targets, as networks see them."""
        return planes(self.survey.sides)

    @property
    def method(self) -> MethodSpec:
        """What the method is built from."""
        size = (self.preparation.height, self.preparation.width)
        return MethodSpec(self.config.method, self.networks, self.config.learning, size)


def plan(config: TrainConfig) -> Plan:
    """Look at the data, decide what was left open, and make sure of the run's folder.

    Raises:
        DataError: defective or missing data.
        ConfigError: settings that contradict one another or the pictures.
        ModelFileError: a file to start from that cannot be read.
        RunError: a folder that holds something else, or a run with other settings.
    """
    if config.loop.steps is not None and config.loop.epochs is not None:
        raise ConfigError("Both --steps and --epochs are given; give one.")
    config = from_flat(to_flat(config), "The settings")  # a config made in Python is judged as YAML is
    _check_counts(config.loop, config.data, paired=config.method.paired)
    config.learning.check()
    config.method.check()
    _check_cache(config.data)
    method, paired = config.method.settled(), config.method.paired
    if method.both_ways and config.data.direction != "AtoB":
        raise ConfigError(f"{method.method} learns both directions, A to B and B to A; leave --direction out.")
    config = replace(config, data=making.settled(config.data))
    surveyed = survey(config.data, config.loop.seed, paired=paired)
    decisions: list[str] = []
    data = decide_data(config, surveyed, decisions)
    size = parse_size(str(data.size))
    facts = method.facts
    learning = replace(
        config.learning,
        decay=facts.decay if config.learning.decay is None else config.learning.decay,
        init=config.learning.init or facts.init,
        start_from=starting.resolved(config.learning.start_from),
    )
    loop = _decide_loop(config, decisions)
    folder = Path(loop.run) if loop.run else Path("runs") / _name(config, data, learning, surveyed)
    networks, specs = _decide_networks(config, size, surveyed, folder, decisions)
    decided = TrainConfig(data, method, replace(loop, run=str(folder.resolve())), networks, learning)
    if surveyed.defects and (known := runfolder.known_pairs(folder)):
        surveyed = survey(config.data, config.loop.seed, known, paired=paired)
    planned = Plan(
        config=decided,
        survey=surveyed,
        networks=specs,
        preparation=preparation(data),
        folder=folder,
        decisions=tuple(decisions),
    )
    if os.environ.get("RANK", "0") == "0":  # to the others its first files would look like somebody else's
        runfolder.check(planned.folder, decided, planned.names)
    return planned


def _check_cache(data: DataConfig) -> None:
    if data.cache is not None:
        parse_bytes(data.cache, "--cache")
    elif data.cache_dir is not None:
        raise ConfigError("--cache-dir says where, and --cache how much; give both.")


def _check_counts(loop: LoopConfig, data: DataConfig, *, paired: bool) -> None:
    ones = "steps epochs batch_size accumulate validate_every checkpoint_every keep_every log_every"
    for name in ones.split():
        value = getattr(loop, name)
        if value is not None and value < 1:
            raise ConfigError(f"--{name.replace('_', '-')} is {value}; 1 or more is wanted.")
    for name in ("workers", "validate_on", "samples"):
        value = getattr(loop, name)
        if value is not None and value < 0:
            raise ConfigError(f"--{name.replace('_', '-')} is {value}; 0 or more is wanted.")
    if data.max_pictures is not None and data.max_pictures < 1:
        raise ConfigError(f"--max-pictures is {data.max_pictures}; 1 or more is wanted.")
    if not paired and loop.best_by != LoopConfig().best_by:
        raise ConfigError("--best-by has no effect where nothing is paired: no best model is chosen.")
    if loop.keep_last < 2:
        raise ConfigError(f"--keep-last is {loop.keep_last}; 2 or more is wanted, so that one damaged can be spared.")
    if loop.ema is not None and not 0 < loop.ema < 1:
        raise ConfigError(f"--ema is {loop.ema}; a number between 0 and 1 is wanted, such as 0.999.")
    if loop.clip_gradients is not None and not 0 < loop.clip_gradients < math.inf:
        raise ConfigError(f"--clip-gradients is {loop.clip_gradients}; a positive number is wanted.")


def _decide_networks(
    config: TrainConfig, size: tuple[int, int], surveyed: Survey, folder: Path, decisions: list[str]
) -> tuple[NetworksConfig, dict[str, NetworkSpec]]:
    """The settings with nothing left open, and what each network of the method is; files to start from come first."""
    asked, facts = config.networks, config.method.facts
    wanted = config.method.networks(planes(surveyed.sides))
    generator = asked.generator or facts.generator
    why: list[str] = []
    depth, blocks = _decide_depth(asked, generator == "resnet", size, why)
    field = asked.receptive_field
    if field is None:
        field = scaled_receptive_field(*size)
    networks = replace(
        asked,
        generator=generator,
        depth=depth,
        blocks=blocks,
        norm=asked.norm or facts.norm,
        dropout=facts.dropout if asked.dropout is None else asked.dropout,
        receptive_field=field,
        discriminator_width=asked.width if asked.discriminator_width is None else asked.discriminator_width,
    )
    specs: dict[str, NetworkSpec] = {
        name: _generator(networks, facts, *channels) for name, channels in wanted.generators.items()
    }
    for name, judged in wanted.discriminators.items():
        specs[name] = DiscriminatorSpec(judged, field, networks.discriminator_width or 0, networks.norm or "batch")
    given = starting.adopt(config.learning.start_from, specs, size, folder)
    if wanted.generators.keys() - given.keys():
        decisions += why
    if asked.receptive_field is None and wanted.discriminators.keys() - given.keys():
        decisions.append(f"receptive field {field} (the paper's 70 at 256 px, scaled)")
    decisions += [f"{name} starts from a file, {spec}" for name, spec in given.items()]
    return networks, specs | given


def _decide_depth(
    asked: NetworksConfig, resnet: bool, size: tuple[int, int], decisions: list[str]
) -> tuple[int | None, int | None]:
    """Halvings of a U-Net, or residual blocks of a ResNet."""
    if resnet:
        if asked.depth is not None:
            raise ConfigError("--depth is for U-Nets and encoder-decoders; a resnet has --blocks.")
        blocks = asked.blocks
        if blocks is None:
            blocks = 9 if min(size) >= 256 else 6
            decisions.append(f"{blocks} residual blocks (9 from 256 px on, 6 below)")
        if blocks < 1:
            raise ConfigError(f"--blocks is {blocks}; 1 or more is wanted.")
        return None, blocks
    if asked.blocks is not None:
        raise ConfigError("--blocks is for resnets; a U-Net or encoder-decoder has --depth.")
    depth = asked.depth
    if depth is None:
        depth = deepest(*size)
        decisions.append(f"depth {depth} ({format_size(*size)} px allows {depth} halvings, of 8 at most)")
    if not suits(depth, *size):
        raise ConfigError(
            f"depth {depth} does not suit {format_size(*size)} px; from 2 to {deepest(*size)} halvings do."
        )
    return depth, None


def _decide_loop(config: TrainConfig, decisions: list[str]) -> LoopConfig:
    loop = config.loop
    epochs = loop.epochs
    if loop.steps is None and epochs is None:
        epochs = config.method.facts.epochs
        decisions.append(f"{epochs} epochs (preset {config.method.preset})")
    workers = loop.workers
    if workers is None:
        workers = min(4, cores() - 1)
    return replace(loop, epochs=epochs, workers=workers)


def cores() -> int:
    """Of this machine, as many as this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _generator(networks: NetworksConfig, facts: Preset, in_channels: int, out_channels: int) -> GeneratorSpec:
    architecture, depth, blocks = networks.generator or "unet", networks.depth or 2, networks.blocks or 0
    return GeneratorSpec(
        architecture=architecture,
        in_channels=in_channels,
        out_channels=out_channels,
        depth=depth,
        width=networks.width,
        dropout=facts.places_of_dropout(architecture, depth, blocks) if networks.dropout else (),
        z_channels=networks.z_channels,
        blocks=blocks,
        norm=networks.norm or "batch",
        upsampling=networks.upsampling,
    )


def _name(asked: TrainConfig, data: DataConfig, learning: LearningConfig, surveyed: Survey) -> str:
    """A folder name that the same command always gives, and another command never."""
    settings = {key: value for key, value in to_flat(asked).items() if key not in MAY_CHANGE}
    settings |= {name: value for name, value in to_document(data).items() if name in _RESOLVED}
    settings |= {"start_from": learning.start_from}
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:6]
    which = () if asked.method.both_ways else (data.direction,)
    parts = (surveyed.name, *which, data.size, asked.method.objective, digest)
    return re.sub(r"[^A-Za-z0-9._+-]+", "_", "-".join(map(str, parts)))


def explain(planned: Plan) -> Iterator[str]:
    """The plan as lines for a person."""
    config = planned.config
    yield planned.survey.report()
    generator = next(spec for spec in planned.networks.values() if isinstance(spec, GeneratorSpec))
    method = f"{config.method.method}: {config.method.objective}, {generator}"
    yield f"{method}, preset {config.method.preset}, {_batch(config.loop)}"
    if planned.decisions:
        yield "decided: " + "; ".join(planned.decisions)
    yield f"run: {planned.folder} (watch {planned.folder / 'index.html'}; the same command resumes)"


def _batch(loop: LoopConfig) -> str:
    world = int(os.environ.get("WORLD_SIZE", "1"))
    told = f"batch {loop.batch_size}"
    told += f" × {loop.accumulate} accumulated" if loop.accumulate > 1 else ""
    told += f" × {world} processes" if world > 1 else ""
    return told
