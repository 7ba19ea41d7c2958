"""The folder of a run: whose it is, and where in it things lie."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pixlate import durable, lock
from pixlate.checkpoint.shelf import Shelf
from pixlate.errors import ConfigError, RunError
from pixlate.specs.document import from_yaml, to_yaml
from pixlate.specs.training import MAY_CHANGE, TrainConfig, from_flat, to_flat

CONFIG = "config.yaml"
METRICS = "metrics.jsonl"
PAGE = "index.html"
SAMPLES = "samples"
TENSORBOARD = "tensorboard"
CHECKPOINTS = "checkpoints"
LOCK = "lock"


def check(folder: Path, config: TrainConfig) -> None:
    """Make sure that `folder` is free, or the run of `config`.

    A run that never came to a checkpoint has nothing to lose and may be begun anew, with other settings too.

    Raises:
        RunError: it is a file, holds something else, or is a run with other settings.
    """
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder} is a file; a run needs a folder. Name another with --run.")
    stored = folder / CONFIG
    if stored.is_file():
        if Shelf(folder / CHECKPOINTS).steps():
            _compare(folder, read(stored), config)
        elif any(folder.glob("*.safetensors")):
            raise RunError(f"{folder} holds a trained model, but no checkpoint to go on from. Name another with --run.")
    elif folder.is_dir() and any(path.suffix != ".part" and path.name != LOCK for path in folder.iterdir()):
        raise RunError(f"{folder} is not empty and holds no run ({CONFIG} is missing). Name another with --run.")


@contextmanager
def held(folder: Path, config: TrainConfig) -> Iterator[None]:
    """Keep the folder for this process alone, clear of what a crash has left, and still the run of `config`.

    Raises:
        RunError: another process has it, or it has become something else.
    """
    with lock.hold(folder / LOCK, f"The run {folder}"):
        check(folder, config)
        durable.sweep(folder)
        yield


def begin(folder: Path, config: TrainConfig, *, anew: bool = True) -> None:
    """Write down the settings, by which the folder is known as this run's from now on.

    `anew` clears away what a run left behind that never came to a checkpoint.
    """
    if anew:
        for left in (folder / SAMPLES, folder / TENSORBOARD):
            shutil.rmtree(left, ignore_errors=True)
        (folder / METRICS).unlink(missing_ok=True)
    header = f"# The settings of this run. `pixlate train --config {CONFIG} --run ELSEWHERE` repeats it.\n"
    text = header + to_yaml(to_flat(config))
    durable.write(folder / CONFIG, text.encode())


def read(path: Path) -> TrainConfig:
    """The settings in a YAML file.

    Raises:
        ConfigError: no such file, not readable as YAML, an unknown setting, or a value of the wrong kind.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"There is no settings file {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read ({error}).") from error
    return from_flat(from_yaml(text, str(path)), str(path))


def _compare(folder: Path, stored: TrainConfig, config: TrainConfig) -> None:
    before, now = to_flat(stored), to_flat(config)
    differing = [key for key in now if key not in MAY_CHANGE and before[key] != now[key]]
    if differing:
        told = "; ".join(f"{key} is {before[key]} there, {now[key]} now" for key in differing)
        raise RunError(f"{folder} is a run with other settings: {told}. Name another folder with --run.")
