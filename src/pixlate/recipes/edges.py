"""Line drawings of targets: Canny's edges, or the paper's, from HED's map of probabilities (appendix 6 of pix2pix).

Black lines on white, one channel.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from pixlate.errors import ConfigError, PictureError
from pixlate.recipes.gray import gray
from pixlate.recipes.linework import Lines, Probabilities, drawing, longer, thinned
from pixlate.recipes.protocol import Picture, full, refuse_outside

Detector = Callable[[Picture], Probabilities]
"""From a uint8 picture (H, W, 1 or 3) to how likely each pixel is on an edge."""


def canny(picture: Picture, sigma: float, low: float, high: float) -> Lines:
    """Where Canny (1986) finds edges in the picture's grey; units as in `Edges`."""
    from skimage import feature  # noqa: PLC0415

    grey = gray(picture)[..., 0].astype(np.float32) / np.float32(full(picture))
    lines: Lines = feature.canny(grey, sigma, low, high)
    return lines


@dataclass(frozen=True)
class Edges:
    """Canny's edges, thinned, without the short ones. The defaults come near the drawings of edges2shoes."""

    sigma: float = 2
    """How far the picture is blurred first, in pixels."""
    low: float = 0.1
    """Where a line ends: the gradient by Sobel's filter, 8 times the change a pixel, where black is 0 and white 1."""
    high: float = 0.35
    """What a line reaches somewhere."""
    shortest: int = 5
    """Lines of fewer pixels are left out."""
    random: ClassVar[bool] = False

    def __post_init__(self) -> None:
        refuse_outside("sigma", self.sigma, 0, 100)
        refuse_outside("high", self.high, 0, 8)
        refuse_outside("low", self.low, 0, self.high)
        refuse_outside("shortest", self.shortest, 0, 1_000_000)

    def channels(self, target: int) -> int:  # noqa: ARG002
        """One."""
        return 1

    def files(self) -> tuple[Path, ...]:
        """None."""
        return ()

    def make(self, picture: Picture, rng: np.random.Generator) -> Picture:  # noqa: ARG002
        """See `Recipe.make`."""
        lines = canny(picture, self.sigma, self.low, self.high)
        return _black_on_white(longer(thinned(lines), self.shortest), picture)


def unbound(_picture: Picture) -> Probabilities:
    """Stands where a network belongs, which no recipe can read by itself."""
    raise RuntimeError("hed has no network yet: replace(recipe, detector=...)")


@dataclass(frozen=True)
class HED:
    """The paper's drawings: a network's edges (Xie and Tu, 2015), thinned by the paper's own steps.

    Whoever parses it binds the network of `weights` by `replace(recipe, detector=...)`.
    """

    weights: str
    """File with the network's weights."""
    threshold: float = 25 / 255
    """How likely an edge must be."""
    shortest: int = 5
    """Lines of fewer pixels are left out."""
    detector: Detector = field(default=unbound, compare=False, repr=False)
    random: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not self.weights:
            raise ConfigError("hed wants the file of its weights: hed:weights=FILE.")
        refuse_outside("threshold", self.threshold, 0, 1)
        refuse_outside("shortest", self.shortest, 0, 1_000_000)

    def channels(self, target: int) -> int:  # noqa: ARG002
        """One."""
        return 1

    def files(self) -> tuple[Path, ...]:
        """The weights."""
        return (Path(self.weights),)

    def make(self, picture: Picture, rng: np.random.Generator) -> Picture:  # noqa: ARG002
        """See `Recipe.make`."""
        if full(picture) != 255 or picture.shape[-1] not in (1, 3):
            raise PictureError(f"HED sees 8-bit pictures of 1 channel or 3, not {picture.dtype} {picture.shape}.")
        return _black_on_white(drawing(self.detector(picture), self.threshold, self.shortest), picture)


def _black_on_white(lines: Lines, picture: Picture) -> Picture:
    return np.where(lines, 0, full(picture)).astype(picture.dtype)[..., None]
