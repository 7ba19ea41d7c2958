"""How sharp pictures are, how much they differ from one another, and how much noise moves them; nothing is paired."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[Any]
"""(H, W, C) in 0 … 255."""

_LUMINANCE = np.array([0.299, 0.587, 0.114])


def sharpness(picture: Levels) -> float:
    """The mean size of the gradient of luminance, in levels a pixel: blur lowers it."""
    grey = picture.astype(np.float64)
    grey = grey @ _LUMINANCE if grey.shape[-1] == 3 else grey.mean(-1)
    return float(np.hypot(np.diff(grey, axis=1)[:-1], np.diff(grey, axis=0)[:, :-1]).mean())


def variety(pictures: Sequence[Levels]) -> float:
    """The standard deviation of a pixel over pictures of one size, meaned over pixels, in levels.

    Of a translator's outputs for different sources: 0 of one that has collapsed to a single picture. Of its outputs for
    one source and different noise: how stochastic it is.
    """
    total = np.zeros(pictures[0].shape)
    squares = np.zeros_like(total)
    for picture in pictures:
        total += picture
        squares += picture.astype(np.float64) ** 2
    variance = squares / len(pictures) - (total / len(pictures)) ** 2
    return float(np.sqrt(np.maximum(variance, 0)).mean())
