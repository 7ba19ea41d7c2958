"""Coarse sources: fewer pixels, for super-resolution and for Learning to See (Akten et al., 2019)."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pixlate.recipes.gray import gray
from pixlate.recipes.protocol import Picture, full, refuse_outside

Floats = NDArray[np.float32]


def coarse(picture: Picture, factor: float) -> Floats:
    """The picture (H, W, C) averaged to 1/`factor` of its height and width, and made as large as before.

    Down by the mean of areas, of which a pixel may be in two; up by bicubic interpolation (Keys, a = -0.5), as Pillow
    does it. Nothing is rounded or clipped: values may lie a little outside the picture's range.
    """
    height, width, channels = picture.shape
    down, up = _both_ways(height, factor)
    rows = up @ (down @ picture.reshape(height, -1).astype(np.float32))
    down, up = _both_ways(width, factor)
    columns = rows.reshape(height, width, channels).transpose(1, 0, 2).reshape(width, -1)
    return (up @ (down @ columns)).reshape(width, height, channels).transpose(1, 0, 2)


@lru_cache(maxsize=64)
def _both_ways(side: int, factor: float) -> tuple[Floats, Floats]:
    """The weights (few, side) and (side, few) of shrinking and enlarging one side."""
    few = max(1, round(side / factor))
    edges = np.arange(few + 1) * side / few
    starts = np.arange(side)
    shares = np.minimum(edges[1:, None], starts + 1) - np.maximum(edges[:-1, None], starts)
    down = np.maximum(shares, 0) * few / side
    places = (starts + 0.5) * few / side - 0.5
    up = _keys(np.abs(places[:, None] - np.arange(few)))
    up /= up.sum(1, keepdims=True)  # beyond the border there is nothing; what is there counts for more
    return down.astype(np.float32), up.astype(np.float32)


def _keys(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' cubic kernel with a = -0.5."""
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0))


@dataclass(frozen=True)
class Downscale:
    """The target made smaller by averaging areas, and as large as before by bicubic interpolation."""

    factor: float = 4
    """How many pixels of the target, along each side, become one."""
    gray: bool = False
    """Whether the source is grey, of one channel."""
    brightness: float = 0
    """How much lighter or darker the source is made at random, as part of white: 0.2 adds -0.2 to 0.2."""
    contrast: float = 0
    """By how much its contrast about mid-grey changes at random: 0.15 multiplies by 0.85 to 1.15."""

    def __post_init__(self) -> None:
        refuse_outside("factor", self.factor, 1, 65536)
        refuse_outside("brightness", self.brightness, 0, 1)
        refuse_outside("contrast", self.contrast, 0, 1)

    @property
    def random(self) -> bool:
        """Whether brightness or contrast change."""
        return self.brightness > 0 or self.contrast > 0

    def channels(self, target: int) -> int:
        """One in grey, else the target's."""
        return 1 if self.gray else target

    def files(self) -> tuple[Path, ...]:
        """None."""
        return ()

    def make(self, picture: Picture, rng: np.random.Generator) -> Picture:
        """See `Recipe.make`."""
        white = full(picture)
        values = coarse(gray(picture) if self.gray else picture, self.factor)
        contrast, brightness = 1 + self.contrast * rng.uniform(-1, 1), self.brightness * rng.uniform(-1, 1)
        values = (values - white / 2) * contrast + white * (0.5 + brightness)
        return np.clip(np.rint(values), 0, white).astype(picture.dtype, order="C")
