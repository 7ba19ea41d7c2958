"""sRGB ↔ CIE Lab of the daylight D65 (IEC 61966-2-1; CIE 15)."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]],
    np.float64,
)
_WHITE = _TO_XYZ.sum(axis=1)
_FORTH = (_TO_XYZ / _WHITE[:, None]).T.astype(np.float32)
_BACK = np.linalg.inv(_TO_XYZ / _WHITE[:, None]).T.astype(np.float32)
_LINEAR, _SLOPE = np.float32((6 / 29) ** 3), np.float32((29 / 6) ** 2 / 3)


def to_lab(rgb: Floats) -> Floats:
    """RGB (H, W, 3) in 0 … 1 → L in 0 … 100, a and b within ±110 or so."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((np.maximum(rgb, 0) + 0.055) / 1.055) ** 2.4)
    xyz = linear.astype(np.float32) @ _FORTH
    f = np.where(xyz > _LINEAR, np.cbrt(xyz), xyz * _SLOPE + np.float32(4 / 29))
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)


def to_rgb(lab: Floats) -> Floats:
    """The inverse; colours that sRGB does not have are clipped to 0 … 1."""
    y = (lab[..., 0] + 16) / 116
    f = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], axis=-1)
    xyz = np.where(f > 6 / 29, f**3, (f - 4 / 29) / _SLOPE).astype(np.float32)
    linear = np.clip(xyz @ _BACK, 0, 1)
    rgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    clipped: Floats = np.clip(rgb, 0, 1).astype(np.float32)
    return clipped
