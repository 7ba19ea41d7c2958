"""sRGB ↔ CIE Lab (D65), and the split of a picture into lightness and colour (colourisation, appendix 6 of pix2pix)."""

import numpy as np
from numpy.typing import NDArray

from pixlate.images.pixels import Picture
from pixlate.specs.pictures import FULL_SCALE, Number

Floats = NDArray[np.float32]

LARGEST = 110.0
"""The colour channels are a and b divided by this; no colour of sRGB lies outside."""
_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
# Divided by the white that the matrix itself gives, so that greys have no colour at all.
_TO_WHITE = _XYZ / _XYZ.sum(1, keepdims=True)
_FROM_WHITE = np.linalg.inv(_TO_WHITE)
_TO_LAB = np.array([[0, 116, 0], [500, -500, 0], [0, 200, -200]])
_FROM_LAB = np.array([[1 / 116, 1 / 500, 0], [1 / 116, 0, 0], [1 / 116, 0, -1 / 200]])
_KNEE = 6 / 29


def to_lab(rgb: Floats) -> Floats:
    """sRGB (..., 3) in 0 … 1 → Lab (..., 3), L in 0 … 100, for the eye adapted to D65 (2°)."""
    return _lab(_linear(rgb.astype(np.float32)))


def to_rgb(lab: Floats) -> Floats:
    """Lab (..., 3) → sRGB (..., 3) in 0 … 1; what no screen can show is clipped, each of red, green and blue alone."""
    f = (lab.astype(np.float32) + np.array([16, 0, 0], np.float32)) @ _FROM_LAB.T.astype(np.float32)
    xyz = np.where(f > _KNEE, f**3, (f - 4 / 29) * (3 * _KNEE**2))
    linear = np.clip(xyz @ _FROM_WHITE.T.astype(np.float32), 0, 1)
    rgb: Floats = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear).astype(np.float32)
    return rgb


def split(picture: Picture) -> tuple[Floats, Floats]:
    """A picture (H, W, 1 or 3) of 8 or 16 bits → lightness L/50 - 1 (H, W, 1), colour ab/110 (H, W, 2); in [-1, 1]."""
    if picture.dtype == np.uint8:
        light = _LINEAR_LEVELS[picture]
    else:
        light = _linear(picture.astype(np.float32) / np.float32(np.iinfo(picture.dtype).max))
    lab = _lab(np.broadcast_to(light, (*picture.shape[:2], 3)))
    return np.clip(lab[..., :1] / 50 - 1, -1, 1), np.clip(lab[..., 1:] / np.float32(LARGEST), -1, 1)


def join(lightness: Floats, colour: Floats, number: Number = "uint8") -> Picture:
    """What `split` took apart, (H, W, 3) of that number; both are clipped to [-1, 1] first, the result to the gamut."""
    light, ab = np.clip(lightness, -1, 1), np.clip(colour, -1, 1)
    rgb = to_rgb(np.concatenate([(light + 1) * 50, ab * LARGEST], axis=-1).astype(np.float32))
    levels: Picture = np.rint(rgb * np.float32(FULL_SCALE[number])).astype(number)
    return levels


def _linear(rgb: Floats) -> Floats:
    """Light, proportional to energy."""
    return np.where(rgb > 0.04045, ((np.maximum(rgb, 0) + 0.055) / 1.055) ** 2.4, rgb / 12.92).astype(np.float32)


_LINEAR_LEVELS = _linear(np.arange(256, dtype=np.float32) / np.float32(255))


def _lab(linear: Floats) -> Floats:
    xyz = linear @ _TO_WHITE.T.astype(np.float32)
    f = np.where(xyz > _KNEE**3, np.cbrt(xyz), xyz / np.float32(3 * _KNEE**2) + np.float32(4 / 29))
    lab: Floats = f @ _TO_LAB.T.astype(np.float32)
    lab[..., 0] -= 16
    return lab
