"""What a training run is: data, method, and how long, where and how it is watched."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pixlate.errors import ConfigError, suggestion
from pixlate.specs.data import DataConfig
from pixlate.specs.document import from_document, to_document
from pixlate.specs.learning import LearningConfig
from pixlate.specs.methods.settings import MethodConfig
from pixlate.specs.methods.table import DEFAULT, METHODS
from pixlate.specs.networks import NetworksConfig

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["32", "tf32", "bf16", "16"]
Metric = Literal["l1", "psnr", "ssim"]
OnNan = Literal["stop", "skip", "roll-back"]


@dataclass(frozen=True)
class LoopConfig:
    """How long a run lasts, where it computes, and how it is watched. None means: as the preset and the data say."""

    run: str | None = None
    """Folder of the run. Default: one under runs/, named after data and settings; the same command resumes it."""
    epochs: int | None = None
    """Passes over the training pairs, or over the larger of two unpaired sets. Default: the preset's 200."""
    steps: int | None = None
    """Training steps, in place of epochs."""
    batch_size: int = 1
    """Pairs, or pictures of each side, per batch and process (the papers: 1 to 10)."""
    accumulate: int = 1
    """Batches per step and process, one after the other; the gradients are averaged. The rate stays as it is given."""
    seed: int = 0
    """Root of every random draw."""
    device: DeviceName = "auto"
    """Where to compute. auto takes CUDA, else Apple's MPS, else the CPU."""
    precision: Precision = "32"
    """Arithmetic of the networks: 32, bf16; on CUDA also tf32, or 16 with loss scaling."""
    capture: bool | None = None
    """Record the step as a CUDA graph once and replay it. Default: on CUDA, where it can be."""
    recompute: bool = False
    """Keep fewer activations, and compute them again for the gradients: less memory, slower by about a third. Every bit
    of the result is the same."""
    clip_gradients: float | None = None
    """Greatest norm of the gradients of one update, of one network or of those updated together; longer ones are scaled
    down to it. Default: no bound."""
    ema: float | None = None
    """Decay of an exponential moving average of the generator, such as 0.999, which is then what is measured and
    shipped. Default: none."""
    on_nan: OnNan = "stop"
    """What to do when a loss or gradient is no finite number: stop; skip the update; or roll-back to the last
    checkpoint and go on after the pictures that did it."""
    workers: int | None = None
    """Processes that prepare pictures. Default: by the machine's cores, at most 4. Changes speed only."""
    validate_every: int | None = None
    """Steps between validations, with samples, best model and checkpoint. Default: 40 a run, 100 steps at least."""
    checkpoint_every: int | None = None
    """Steps between checkpoints. Default: at each validation, and after ten minutes without one."""
    keep_last: int = 2
    """Newest checkpoints kept; two at least, so that there is one to go back to when the disk damages the other."""
    keep_every: int | None = None
    """Keep checkpoints at multiples of this many steps too."""
    keep_best: bool = True
    """Keep the checkpoint of the best validation too."""
    validate_on: int = 100
    """Validation pictures measured each time, at most."""
    samples: int = 6
    """Validation pictures shown in the gallery."""
    best_by: Metric = "ssim"
    """Metric that chooses best.safetensors. PSNR and L1 prefer blur."""
    log_every: int = 20
    """Steps between two lines of metrics.jsonl."""
    tensorboard: bool = True
    """Write TensorBoard event files into the run folder."""


@dataclass(frozen=True)
class TrainConfig:
    """Everything `pixlate train` can be told."""

    data: DataConfig = field(default_factory=DataConfig)
    method: MethodConfig = DEFAULT
    loop: LoopConfig = field(default_factory=LoopConfig)
    networks: NetworksConfig = field(default_factory=NetworksConfig)
    learning: LearningConfig = field(default_factory=LearningConfig)


MAY_CHANGE = frozenset(
    {"run", "epochs", "steps", "workers", "recompute", "capture", "on_nan", "skip_bad", "cache", "cache_dir"}
    | {"vgg"}  # it is known by its SHA-256
    | {"checkpoint_every", "keep_last", "keep_every", "keep_best"}
    | {"validate_every", "samples", "log_every", "tensorboard"}
)
"""Settings a run may be resumed with though they differ; any other difference would make it another run."""

_PARTS: dict[str, type] = {
    "data": DataConfig,
    "networks": NetworksConfig,
    "learning": LearningConfig,
    "loop": LoopConfig,
}


def to_flat(config: TrainConfig) -> dict[str, Any]:
    """The settings as one mapping with the flags' names: what config.yaml holds."""
    flat = {**to_document(config.data), "method": config.method.method, **to_document(config.method)}
    return flat | {key: value for part in list(_PARTS)[1:] for key, value in to_document(getattr(config, part)).items()}


def from_flat(settings: Mapping[str, Any], where: str, method: str = DEFAULT.method) -> TrainConfig:
    """The inverse of `to_flat`; keys may use dashes or underscores. `where` (a file's name) opens every complaint.

    `method` is whose settings they are if they do not say so themselves.

    Raises:
        ConfigError: an unknown key (with the nearest known one) or a value of the wrong kind.
    """
    if not isinstance(settings, Mapping):
        raise ConfigError(f"{where}: expected lines of the form 'setting: value'.")
    clean: dict[str, Any] = {}
    for key, value in settings.items():
        name = str(key).replace("-", "_")
        if name in clean:
            raise ConfigError(f"{where}: the setting {name!r} stands there twice.")
        clean[name] = value
    method = clean.pop("method", method)
    if not isinstance(method, str) or method not in METHODS:
        near = suggestion(str(method), METHODS)
        raise ConfigError(f"{where}: method is {method!r}; choose from {', '.join(METHODS)}.{near}")
    kinds = {**_PARTS, "method": METHODS[method]}
    owner = {f.name: part for part, cls in kinds.items() for f in dataclasses.fields(cls)}
    parts: dict[str, dict[str, Any]] = {part: {} for part in kinds}
    for key, value in clean.items():
        if key not in owner:
            raise ConfigError(f"{where}: {unknown(key, method, owner)}")
        parts[owner[key]][key] = value
    return TrainConfig(**{part: from_document(cls, parts[part], where) for part, cls in kinds.items()})


def unknown(key: str, method: str, known: Iterable[str]) -> str:
    """A complaint of a setting that `method` does not have, in a sentence or two."""
    if others := of_methods(key):
        return f"{key!r} is a setting of {others}, and the method is {method}."
    return f"unknown setting {key!r}.{suggestion(key, [*known, 'method'])}"


def of_methods(key: str) -> str:
    """The methods that have such a setting, for a sentence; empty if none has."""
    return " and ".join(name for name, cls in METHODS.items() if key in {f.name for f in dataclasses.fields(cls)})
