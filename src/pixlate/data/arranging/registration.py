"""Whether two pictures of one scene lie on one another: phase correlation of their edges. Changes no picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pixlate.errors import PictureError

_SMOOTHED = 1.0
"""Standard deviation in pixels of the blur before edges are taken, and of the correlation's peak."""
_NEAR = 6
"""Pixels about a peak that belong to it."""
_SMALLEST = 32
"""Pixels a side, below which nothing is said."""


@dataclass(frozen=True)
class Shift:
    """How far B must move, in pixels to the right and down, to lie on A."""

    dx: float
    dy: float
    confidence: float
    """The highest peak over the next one elsewhere; near 1 where nothing fits, 0 where nothing can be said."""


def shift(a: NDArray[np.generic], b: NDArray[np.generic], reach: int = 64) -> Shift:
    """The shift between pictures (H, W, C) of one size and any values, `reach` pixels at most each way.

    Edges are what pictures of different light have in common: the phase correlation (Kuglin and Hines, 1975) is that
    of the gradients' magnitude.

    Raises:
        PictureError: sizes that differ.
    """
    if a.shape[:2] != b.shape[:2]:
        raise PictureError(f"Pictures of {a.shape[:2]} and {b.shape[:2]} pixels cannot be laid on one another.")
    height, width = a.shape[:2]
    if min(height, width) < _SMALLEST:
        return Shift(0, 0, 0)
    low_pass = np.outer(_gaussian(np.fft.fftfreq(height)), _gaussian(np.fft.rfftfreq(width)))
    one, other = (np.fft.rfft2(_edges(picture, low_pass)) for picture in (a, b))
    cross = one * other.conj()
    cross /= np.maximum(np.abs(cross), 1e-12)
    surface = np.fft.irfft2(cross * low_pass, s=(height, width))
    near_y, near_x = min(reach, (height - 1) // 2), min(reach, (width - 1) // 2)
    surface = np.roll(surface, (near_y, near_x), axis=(0, 1))[: 2 * near_y + 1, : 2 * near_x + 1]
    y, x = np.unravel_index(np.argmax(surface), surface.shape)
    elsewhere = surface.copy()
    elsewhere[max(0, y - _NEAR) : y + _NEAR + 1, max(0, x - _NEAR) : x + _NEAR + 1] = 0
    confidence = float(surface[y, x] / max(elsewhere.max(), 1e-12))
    return Shift(_summit(surface[y], int(x)) - near_x, _summit(surface[:, x], int(y)) - near_y, confidence)


def _gaussian(frequencies: NDArray[np.floating]) -> NDArray[np.floating]:
    """The blur's transfer function, at `frequencies` in cycles per pixel."""
    transfer: NDArray[np.floating] = np.exp(-2 * (np.pi * _SMOOTHED * frequencies) ** 2)
    return transfer


def _edges(picture: NDArray[np.generic], low_pass: NDArray[np.floating]) -> NDArray[np.floating]:
    """Magnitude of the gradient of the blurred picture, faded out towards the borders, which are no edges."""
    grey = picture.astype(np.float64).mean(axis=-1)
    grey = np.fft.irfft2(np.fft.rfft2(grey) * low_pass, s=grey.shape)
    down, right = np.gradient(grey)
    strength = np.hypot(down, right)
    strength = np.log1p(strength / max(strength.mean(), 1e-12))
    window = np.outer(np.hanning(grey.shape[0]), np.hanning(grey.shape[1]))
    faded: NDArray[np.floating] = (strength - strength.mean()) * window
    return faded


def _summit(values: NDArray[np.floating], top: int) -> float:
    """The place of the highest point of a parabola through the three values about `top`."""
    if not 0 < top < len(values) - 1:
        return float(top)
    before, at, after = values[top - 1 : top + 2]
    curve = before - 2 * at + after
    return top + float(0.5 * (before - after) / curve if curve < 0 else 0)
