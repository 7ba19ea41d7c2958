"""Which backend runs a generator: by what is installed and where it is to run, never by how much there is to do."""

from typing import Protocol, get_args

from pixlate.errors import ConfigError, suggestion
from pixlate.images.values import Floats
from pixlate.networks.building import Generator
from pixlate.networks.noise import Noise
from pixlate.specs.backends import BackendName
from pixlate.translation.backends.torch import TorchBackend

_NEEDED = {"openvino": ("onnx", "openvino"), "onnx": ("onnx", "onnxruntime")}
"""What must be installed, by backend, the fastest first."""


class Backend(Protocol):
    """Runs one generator."""

    name: BackendName
    least: int
    """Pixels that the shorter side of a picture must have."""
    most: int
    """Pixels that a picture may have: the others add up the values of a map in float32, one by one, and so drift."""
    memory: float
    """What it takes at its peak, over what torch takes. Beyond 1 it holds the weights once more too."""

    def __call__(self, source: Floats, noise: Noise | None) -> Floats:
        """Source (C, H, W) in [-1, 1] → output (C', H, W) in [-1, 1]."""
        ...


def choose(name: BackendName, generator: Generator, *, dropout: bool) -> Backend:
    """The backend of that name for `generator`, which is where it is to run; `auto` takes the fastest there is.

    Raises:
        ConfigError: no such backend, one that is not installed, or one that does not run on this device.
    """
    if name not in get_args(BackendName):
        names = get_args(BackendName)
        raise ConfigError(f"There is no backend {name!r}; choose from {', '.join(names)}.{suggestion(name, names)}")
    device = next(generator.parameters()).device
    if name == "torch" or (name == "auto" and device.type != "cpu"):
        return TorchBackend(generator)
    if device.type != "cpu":
        raise ConfigError(f"The backend {name} runs on the CPU only, and this runs on {device.type}; use torch.")
    for one in _NEEDED if name == "auto" else (name,):
        made = _made(one, generator, dropout=dropout)
        if made is not None:
            return made
    if name == "auto":
        return TorchBackend(generator)
    raise ConfigError(f"The backend {name} is not installed: pip install {' '.join(_NEEDED[name])}")


def _made(name: str, generator: Generator, *, dropout: bool) -> Backend | None:
    """None if it is not installed."""
    try:
        if name == "onnx":
            from pixlate.translation.backends.onnx import OnnxBackend  # noqa: PLC0415

            return OnnxBackend(generator, dropout=dropout)
        from pixlate.translation.backends.openvino import OpenvinoBackend  # noqa: PLC0415

        return OpenvinoBackend(generator, dropout=dropout)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in _NEEDED[name]:
            raise
        return None
