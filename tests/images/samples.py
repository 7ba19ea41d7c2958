"""Pictures to be written, files of them that no library writes, and what a refusal must be."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pixlate import images
from pixlate.errors import PictureError

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from picture_files import chunk, png
from picture_files import exif as exif_of

__all__ = ["chunk", "exif_of", "png"]

ORIENTATIONS = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: upright[::-1, ::-1].transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, -1),
}
"""What a camera stores of an upright picture under each EXIF orientation."""

pictures = st.sampled_from([1, 3]).flatmap(
    lambda channels: arrays.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(channels)))
)


def kinds_of_number(dtype):
    """Values of a kind of number; of floats those that are numbers."""
    if np.dtype(dtype).kind == "f":
        return st.floats(-(2.0**100), 2.0**100, width=32, allow_subnormal=False)
    return st.integers(0, np.iinfo(dtype).max)


def pictures_of(dtype, channels):
    shape = st.tuples(st.integers(1, 9), st.integers(1, 9), channels)
    return arrays.arrays(dtype, shape, elements=kinds_of_number(dtype))


def colours(height=20, width=30):
    return np.random.default_rng(height * 1000 + width).integers(0, 256, (height, width, 3)).astype(np.uint8)


def greys(height=20, width=30):
    return colours(height, width)[..., :1]


def blocks():
    """16×24, in flat 8×8 blocks of six colours, which JPEG keeps nearly as they are."""
    six = np.array([[[250, 0, 0], [0, 250, 0], [0, 0, 250]], [[250, 250, 0], [0, 250, 250], [60, 60, 60]]], np.uint8)
    return six.repeat(8, axis=0).repeat(8, axis=1)


def with_alpha(pixels, alpha=255):
    return np.concatenate([pixels, np.full((*pixels.shape[:2], 1), alpha, np.uint8)], axis=-1)


def refusal(path, reader=images.read):
    """The sentence with which `path` is refused, checked to be one and to name the file."""
    try:
        reader(path)
    except PictureError as error:
        told = str(error)
    else:
        pytest.fail(f"{path} was read")
    assert str(path) in told
    assert "\n" not in told
    assert "Traceback" not in told
    return told


def deep(height=5, width=7, channels=3):
    """16 bits of which neither byte can be missed."""
    return np.random.default_rng(channels).integers(0, 65536, (height, width, channels)).astype(np.uint16)


def deep_png(pixels, **how):
    """A PNG of 16 bits, (H, W, 1 … 4)."""
    return png(pixels, bits=16, **how)
