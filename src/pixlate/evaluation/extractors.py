"""Networks whose features pictures are compared by, from files on this machine, each known by its SHA-256."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from pixlate import durable, images
from pixlate.devices import choose
from pixlate.errors import ConfigError, PictureError
from pixlate.evaluation.fcn.segmenter import Segmenter, as_tensor, is_segmenter
from pixlate.evaluation.reading import Levels
from pixlate.foreign import reading as foreign
from pixlate.networks.inception import SIDE, Inception
from pixlate.networks.lpips import LPIPS, WIDTHS
from pixlate.specs.training import DeviceName

_FID = "6726825d"
"""How the SHA-256 of the FID's weights begins, and their file's name ends (pytorch-fid's)."""
_SMALLEST = 32
"""The least side that LPIPS has windows for."""


@dataclass(frozen=True)
class Origin:
    """Where features come from: numbers of different origins are never compared."""

    name: str
    sha256: str
    resize: str
    standard: bool
    """Whether these are the weights everybody else takes, so that their numbers have names of their own."""


class Extractor(Protocol):
    """Features (n,) of a picture (H, W, C) in 8-bit levels."""

    origin: Origin

    def __call__(self, picture: Levels) -> NDArray[np.float64]:
        """Of one picture."""
        ...


class FromInception:
    """The 2048 features of the FID. Pictures are resized as clean-fid does: bicubic, antialiased, not rounded."""

    def __init__(self, path: Path, device: DeviceName) -> None:
        self._network = Inception()
        _fill(self._network, path, "the FID's Inception-v3")
        self._device = choose(device)
        self._network.to(self._device)
        digest = durable.sha256(path)
        resize = f"to {SIDE}×{SIDE}, bicubic, antialiased (clean-fid)"
        self.origin = Origin("Inception-v3", digest, resize, digest.startswith(_FID))

    def __call__(self, picture: Levels) -> NDArray[np.float64]:
        """(2048,)."""
        resized = images.resize(_in_colour(picture).astype(np.float32), SIDE, SIDE, "bicubic")
        planes = torch.from_numpy(np.ascontiguousarray(resized.transpose(2, 0, 1)))[None]
        with torch.inference_mode():
            # As its makers scaled, not to ±1 exactly.
            found: torch.Tensor = self._network(((planes - 128) / 128).to(self._device))
        return found[0].double().cpu().numpy()


class FromSegmenter:
    """The mean of a segmenter's fc7: what a network knows that was trained on such photographs.

    Pictures are made as coarse as those, and as large.
    """

    def __init__(self, path: Path, device: DeviceName) -> None:
        segmenter = Segmenter(path, device)
        self._network, self._device = segmenter.network, choose(device)
        self._sizes = [size for size in (segmenter.card.size, segmenter.card.at) if size]
        resize = ", then ".join(f"to {size[1]}×{size[0]}" for size in self._sizes) + ", bilinear"
        self.origin = Origin(str(segmenter.card.network), durable.sha256(path), resize, standard=False)

    def __call__(self, picture: Levels) -> NDArray[np.float64]:
        """(64·width,)."""
        coloured = _in_colour(picture)
        for size in self._sizes:
            coloured = images.resize(coloured, size[0], size[1], "bilinear")
        with torch.inference_mode():
            found = self._network.features(_tensor(coloured, self._device))
        return found[0].double().cpu().numpy()


def extractor(path: Path, device: DeviceName = "auto") -> Extractor:
    """A segmenter's features, or the FID's, by what is in the file.

    Raises:
        ModelFileError: it cannot be read.
        ConfigError: it is neither.
    """
    return FromSegmenter(path, device) if is_segmenter(path) else FromInception(path, device)


class Perceptual:
    """LPIPS of two pictures, version 0.1 with AlexNet."""

    def __init__(self, alexnet: Path, linear: Path, device: DeviceName = "auto") -> None:
        """Read torchvision's AlexNet, and LPIPS's own weights (alex.pth).

        Raises:
            ModelFileError: one cannot be read.
            ConfigError: one holds something else.
        """
        self._network, self._device = LPIPS(), choose(device)
        _fill(self._network.features, alexnet, "torchvision's AlexNet", prefix="features.")
        learned = foreign.read(linear)
        for place, width in enumerate(WIDTHS):
            weight = learned.get(f"lin{place}.model.1.weight")
            if weight is None or tuple(weight.shape) != (1, width, 1, 1):
                raise ConfigError(f"{linear} holds no weights of LPIPS for AlexNet (lin{place}.model.1.weight).")
            self._network.weights[place] = torch.nn.Parameter(weight.float().view(width), requires_grad=False)
        self._network.to(self._device)
        self.sha256 = f"{durable.sha256(alexnet)} and {durable.sha256(linear)}"

    def __call__(self, output: Levels, target: Levels) -> float:
        """The distance of two pictures (H, W, C) in 8-bit levels.

        Raises:
            PictureError: they are too small.
        """
        if min(output.shape[:2]) < _SMALLEST:
            raise PictureError(
                f"LPIPS wants pictures of {_SMALLEST} px a side or more, not {output.shape[1]}×{output.shape[0]}."
            )
        with torch.inference_mode():
            return float(self._network(*(_tensor(_in_colour(each), self._device) for each in (output, target))))


def _fill(network: torch.nn.Module, path: Path, what: str, prefix: str = "") -> None:
    """Give the network the weights in the file; those it has not are left."""
    given = {
        name.removeprefix(prefix): tensor for name, tensor in foreign.read(path).items() if name.startswith(prefix)
    }
    wanted = network.state_dict()
    # How many batches the averages saw, old files do not say, and nothing depends on it.
    missing = [name for name in wanted if name not in given and not name.endswith("num_batches_tracked")]
    if missing:
        raise ConfigError(f"{path} is not {what}: it lacks {prefix}{missing[0]}.")
    try:
        network.load_state_dict({name: given.get(name, own) for name, own in wanted.items()})
    except RuntimeError as error:
        raise ConfigError(f"{path} is not {what} ({' '.join(str(error).split())[:200]}).") from error


def _tensor(picture: Levels, device: torch.device) -> torch.Tensor:
    return as_tensor(picture)[None].to(device)


def _in_colour(picture: Levels) -> Levels:
    if picture.shape[-1] not in (1, 3):
        raise PictureError(f"Features are of pictures in grey or colour, not of {picture.shape[-1]} channels.")
    return np.broadcast_to(picture, (*picture.shape[:2], 3))
