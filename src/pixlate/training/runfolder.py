"""The folder of a run: whose it is, and where in it things lie."""

import json
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pixlate import durable, lock
from pixlate.checkpoint.shelf import Shelf
from pixlate.errors import ConfigError, RunError
from pixlate.specs.document import from_document, from_yaml, to_document, to_yaml
from pixlate.specs.methods.table import DEFAULT
from pixlate.specs.networks import DiscriminatorSpec, GeneratorSpec, NetworkSpec
from pixlate.specs.training import MAY_CHANGE, TrainConfig, from_flat, to_flat

CONFIG = "config.yaml"
METRICS = "metrics.jsonl"
PAGE = "index.html"
SAMPLES = "samples"
TENSORBOARD = "tensorboard"
CHECKPOINTS = "checkpoints"
LOCK = "lock"
PAIRS = "pairs.json"
NETWORKS = "networks.json"


_NETWORKS: dict[str, type[NetworkSpec]] = {spec.__name__: spec for spec in (GeneratorSpec, DiscriminatorSpec)}


def check(folder: Path, config: TrainConfig, names: Collection[str]) -> None:
    """Make sure that `folder` is free, or the run of `config` over the pairs of these names.

    A run that never came to a checkpoint has nothing to lose and may be begun anew, with other settings too. Data that
    has moved elsewhere is the same data while its pairs have the same names.

    Raises:
        RunError: it is a file, holds something else, is a run with other settings, or cannot be read.
    """
    with _usable(folder):
        _check(folder, config, names)


def _check(folder: Path, config: TrainConfig, names: Collection[str]) -> None:
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder} is a file; a run needs a folder. Name another with --run.")
    shelf = Shelf(folder / CHECKPOINTS)
    if shelf.steps():
        moved = {"data", "data_b"} if known_pairs(folder) == frozenset(names) else set()
        _compare(folder, _settings(folder, shelf), config, MAY_CHANGE | moved)
    elif (folder / CONFIG).is_file():
        if any(folder.glob("*.safetensors")):
            raise RunError(f"{folder} holds a trained model, but no checkpoint to go on from. Name another with --run.")
    elif folder.is_dir() and any(path.suffix != ".part" and path.name != LOCK for path in folder.iterdir()):
        raise RunError(f"{folder} is not empty and holds no run ({CONFIG} is missing). Name another with --run.")


def known_pairs(folder: Path) -> frozenset[str]:
    """The names of the pairs that the run in `folder` began with; none if that is not known."""
    try:
        return frozenset(json.loads((folder / PAIRS).read_bytes()))
    except (OSError, ValueError, TypeError):
        return frozenset()


def known_networks(folder: Path) -> dict[str, NetworkSpec]:
    """What the networks of the run in `folder` are, by name; none if it has no checkpoint, or that is not known."""
    try:
        if not Shelf(folder / CHECKPOINTS).steps():
            return {}
        told = json.loads((folder / NETWORKS).read_bytes())
        return {name: from_document(_NETWORKS[kind], spec, NETWORKS) for name, (kind, spec) in told.items()}
    except (OSError, ValueError, TypeError, LookupError, AttributeError, ConfigError):
        return {}


@contextmanager
def held(folder: Path, config: TrainConfig, names: Collection[str]) -> Iterator[None]:
    """Keep the folder for this process alone, clear of what a crash has left, and still the run of `config`.

    Raises:
        RunError: another process has it, or it has become something else.
    """
    with lock.hold(folder / LOCK, f"The run {folder}"):
        check(folder, config, names)
        durable.sweep(folder)
        yield


@contextmanager
def _usable(folder: Path) -> Iterator[None]:
    """Say of a folder that may not be read or changed, or cannot exist, what it is that is in the way."""
    try:
        yield
    except OSError as error:
        raise RunError(f"The run folder {folder} cannot be used ({error}).") from error


def begin(
    folder: Path,
    config: TrainConfig,
    names: Collection[str],
    networks: Mapping[str, NetworkSpec],
    *,
    anew: bool = True,
) -> None:
    """Write down the settings, by which the folder is known as this run's from now on, its pairs and its networks.

    `anew` clears away what a run left behind that never came to a checkpoint.
    """
    with _usable(folder):
        if anew:
            for left in (folder / SAMPLES, folder / TENSORBOARD):
                shutil.rmtree(left, ignore_errors=True)
            (folder / METRICS).unlink(missing_ok=True)
    header = f"# The settings of this run. `pixlate train --config {CONFIG} --run ELSEWHERE` repeats it.\n"
    text = header + to_yaml(to_flat(config))
    durable.write(folder / CONFIG, text.encode())
    if anew:
        durable.write(folder / PAIRS, json.dumps(sorted(names)).encode())
        told = {name: (type(spec).__name__, to_document(spec)) for name, spec in networks.items()}
        durable.write(folder / NETWORKS, json.dumps(told).encode())


def read(path: Path, method: str = DEFAULT.method) -> TrainConfig:
    """The settings in a YAML file, of `method` if it names none.

    Raises:
        ConfigError: no such file, not readable as YAML, an unknown setting, or a value of the wrong kind.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"There is no settings file {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read ({error}).") from error
    return from_flat(from_yaml(text, str(path)), str(path), method)


def _settings(folder: Path, shelf: Shelf) -> TrainConfig:
    """Those of config.yaml, or if it is gone or damaged those of the newest whole checkpoint."""
    try:
        stored = read(folder / CONFIG)
    except ConfigError:
        stored = TrainConfig()
    if stored.data.data:
        return stored
    newest, _ = shelf.newest()
    _, document = shelf.read(newest or 0)
    return from_flat(document["settings"], str(folder))


def _compare(folder: Path, stored: TrainConfig, config: TrainConfig, may_change: Collection[str]) -> None:
    before, now = to_flat(stored), to_flat(config)
    if before["method"] != now["method"]:
        before, now = {"method": before["method"]}, {"method": now["method"]}
    differing = [key for key in now if key not in may_change and before[key] != now[key]]
    if differing:
        told = "; ".join(f"{key} is {before[key]} there, {now[key]} now" for key in differing)
        raise RunError(f"{folder} is a run with other settings: {told}. Name another folder with --run.")
