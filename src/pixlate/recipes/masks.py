"""Holes to fill: the target with a part of it painted over (inpainting, appendix 6 of pix2pix)."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pixlate.errors import ConfigError, PictureError
from pixlate.recipes.protocol import Picture, full, refuse_outside

Hole = NDArray[np.bool_]
"""Where the hole is, (H, W)."""


def fill(picture: Picture, hole: Hole, value: str = "255", *, channel: bool = False) -> Picture:
    """A copy of the picture (H, W, C) with the hole painted over.

    `value` is a level from 0 to 255, of 255 whatever the picture's type, or `mean`: of each channel outside the hole,
    so that nothing is told of what is to be filled in. With `channel` the hole itself follows as one more channel:
    white inside it, 0 outside.

    Raises:
        PictureError: a hole of another size than the picture.
    """
    white = full(picture)
    if hole.shape != picture.shape[:2] or hole.dtype != np.bool_:
        raise PictureError(
            f"A hole for this picture is an array of bool {picture.shape[:2]}, not {hole.dtype} {hole.shape}."
        )
    level = _mean(picture, ~hole) if value == "mean" else int(value) / 255 * white
    filled = picture.copy()
    filled[hole] = np.rint(level).astype(picture.dtype)
    if not channel:
        return filled
    return np.concatenate([filled, (hole * white).astype(picture.dtype)[..., None]], axis=-1)


def _mean(picture: Picture, seen: Hole) -> NDArray[np.float64]:
    """Of each channel where it is seen; of all where nothing is."""
    weights = (seen if seen.any() else ~seen).ravel().astype(np.float64)
    mean: NDArray[np.float64] = weights @ picture.reshape(len(weights), -1).astype(np.float64) / weights.sum()
    return mean


def centre(height: int, width: int, side: float = 0.5) -> Hole:
    """A rectangle in the middle, `side` of the picture's height high and `side` of its width wide."""
    hole = np.zeros((height, width), np.bool_)
    high, wide = (max(1, round(length * side)) for length in (height, width))
    top, left = (height - high) // 2, (width - wide) // 2
    hole[top : top + high, left : left + wide] = True
    return hole


def boxes(height: int, width: int, rng: np.random.Generator, count: int, smallest: float, largest: float) -> Hole:
    """`count` rectangles anywhere, their sides from `smallest` to `largest` of the picture's; they may overlap."""
    hole = np.zeros((height, width), np.bool_)
    for _ in range(count):
        high, wide = (max(1, round(length * rng.uniform(smallest, largest))) for length in (height, width))
        top, left = rng.integers(height - high + 1), rng.integers(width - wide + 1)
        hole[top : top + high, left : left + wide] = True
    return hole


def strokes(height: int, width: int, rng: np.random.Generator, count: int, turns: int, thick: float) -> Hole:
    """`count` strokes of a round brush, as free-form inpainting has them (Yu et al., 2019).

    Each begins anywhere, and turns up to `turns` times, to and fro as a hand does. `thick` is how wide the widest are,
    as part of the shorter side; the thinnest are half as wide. What leaves the picture stops at its border.
    """
    hole = np.zeros((height, width), np.bool_)
    short = min(height, width)
    for _ in range(count):
        at = np.array([rng.uniform(0, height - 1), rng.uniform(0, width - 1)])
        heading, radius = rng.uniform(0, 2 * math.pi), short * thick * rng.uniform(0.25, 0.5)
        for turn in range(1 + int(rng.integers(turns + 1))):
            heading += (math.pi if turn % 2 else 0) + rng.uniform(-0.6, 0.6)
            step = np.array([math.sin(heading), math.cos(heading)]) * short * rng.uniform(0.1, 0.35)
            end = np.clip(at + step, 0, (height - 1, width - 1))
            _draw(hole, at, end, radius)
            at = end
    return hole


def _draw(hole: Hole, start: NDArray[np.float64], end: NDArray[np.float64], radius: float) -> None:
    """Mark the pixels no further than `radius` from the line between two places (y, x); at least the nearest."""
    radius = max(radius, 0.75)
    top, left = (max(0, int(low - radius)) for low in np.minimum(start, end))
    bottom, right = (int(high + radius) + 1 for high in np.maximum(start, end))
    part = hole[top : bottom + 1, left : right + 1]
    y, x = np.ogrid[top : top + part.shape[0], left : left + part.shape[1]]
    (down, across), length = end - start, float(np.sum((end - start) ** 2))
    along = np.clip(((y - start[0]) * down + (x - start[1]) * across) / max(length, 1e-12), 0, 1)
    part |= (y - start[0] - along * down) ** 2 + (x - start[1] - along * across) ** 2 <= radius**2


@dataclass(frozen=True)
class _Mask(ABC):
    """What all holes have in common."""

    fill: str = "255"
    """What the hole is painted with: 0 (black) … 255 (white, the paper), or mean, the mean of what is still seen."""
    channel: bool = False
    """Whether the source has the hole as one more channel."""
    random: ClassVar[bool] = True

    def __post_init__(self) -> None:
        level = self.fill.isascii() and self.fill.isdigit() and int(self.fill) <= 255
        if not (level or self.fill == "mean"):
            raise ConfigError(f"fill is {self.fill!r}; give a level from 0 to 255, or mean.")

    def channels(self, target: int) -> int:
        """The target's, and one more where the hole is given."""
        return target + self.channel

    def files(self) -> tuple[Path, ...]:
        """None."""
        return ()

    @abstractmethod
    def hole(self, height: int, width: int, rng: np.random.Generator) -> Hole:
        """The hole in a picture of this size."""

    def make(self, picture: Picture, rng: np.random.Generator) -> Picture:
        """See `Recipe.make`."""
        full(picture)
        height, width, _ = picture.shape
        return fill(picture, self.hole(height, width, rng), self.fill, channel=self.channel)


@dataclass(frozen=True)
class CentreMask(_Mask):
    """The paper's hole: the central 128×128 of 256×256, in white."""

    side: float = 0.5
    """The hole's height and width, as part of the picture's."""
    random: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_outside("side", self.side, 0, 1)

    def hole(self, height: int, width: int, rng: np.random.Generator) -> Hole:  # noqa: ARG002
        """See `centre`."""
        return centre(height, width, self.side)


@dataclass(frozen=True)
class BoxMask(_Mask):
    """Rectangles anywhere."""

    count: int = 3
    """How many."""
    smallest: float = 0.1
    """The shortest side there is, as part of the picture's height or width."""
    largest: float = 0.4
    """The longest."""

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_outside("count", self.count, 0, 1000)
        refuse_outside("largest", self.largest, 0, 1)
        refuse_outside("smallest", self.smallest, 0, self.largest)

    def hole(self, height: int, width: int, rng: np.random.Generator) -> Hole:
        """See `boxes`."""
        return boxes(height, width, rng, self.count, self.smallest, self.largest)


@dataclass(frozen=True)
class StrokeMask(_Mask):
    """Strokes of a brush."""

    count: int = 4
    """How many."""
    turns: int = 8
    """How often each turns at most."""
    thick: float = 0.12
    """The thickest there is, as part of the picture's shorter side; the thinnest are half as thick."""

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_outside("count", self.count, 0, 1000)
        refuse_outside("turns", self.turns, 0, 1000)
        refuse_outside("thick", self.thick, 0, 1)

    def hole(self, height: int, width: int, rng: np.random.Generator) -> Hole:
        """See `strokes`."""
        return strokes(height, width, rng, self.count, self.turns, self.thick)
