"""What a picture is as an array, and how what decoders give becomes one."""

import math
import os
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from pixlate.errors import PictureError
from pixlate.specs.pictures import FULL_SCALE, Alpha, Colour, Number

Picture = NDArray[Any]
"""(H, W, C) of uint8, uint16 or float32."""
Half = Literal["whole", "left", "right"]


class File(Protocol):
    """What a picture is read from: a path, or a section of a larger file."""

    @property
    def name(self) -> str:
        """Without the folder."""

    @property
    def suffix(self) -> str:
        """The ending of the name, with its dot."""

    def open(self, mode: Literal["rb"], /) -> BinaryIO:
        """Its bytes."""


MEGAPIXELS = "PIXLATE_MAX_MEGAPIXELS"
_MOST_MEGAPIXELS = 200
MOST_BYTES = 4 * 2**30
"""Of a picture as it is decoded, and of a file."""
_EXACT = 2**24
"""Whole numbers up to this are float32's own."""


@dataclass(frozen=True)
class Header:
    """What a file says of its picture, upright as EXIF has it."""

    height: int
    width: int
    channels: int
    """Without alpha."""
    alpha: bool = False
    """Whether there may be transparency."""
    number: Number = "uint8"
    georeferenced: bool = False
    """Whether it says where on Earth it lies."""
    orientation: int = 1
    """EXIF's: 1 is upright as it is stored."""

    def channels_with(self, alpha: Alpha | None) -> int:
        """How many the picture has once its transparency is dealt with."""
        return 1 if alpha == "only" else self.channels + (alpha == "keep")


@dataclass(frozen=True)
class Decoded:
    """A picture with its alpha, if it has any, as the last channel."""

    pixels: Picture
    alpha: bool = False


def number_of(dtype: np.dtype[Any]) -> Number | None:
    """What a file's numbers become; None for those that no picture is made of."""
    if dtype.kind == "b":
        return "uint8"
    if dtype.kind == "u" and dtype.itemsize <= 2:  # in either order of bytes
        return "uint8" if dtype.itemsize == 1 else "uint16"
    return "float32" if dtype.kind in "iuf" else None


def settled(array: NDArray[Any], name: str) -> Picture:
    """An array of any numbers (H, W) or (H, W, C) as a picture; true and false become 255 and 0.

    Raises:
        PictureError: numbers that float32 cannot hold, or that are none. `name` opens the complaint.
    """
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise PictureError(f"{name} is an array {array.shape}; (H, W) or (H, W, C) is wanted.")
    if array.ndim == 2:
        array = array[..., None]
    number = number_of(array.dtype)
    if number is None:
        raise PictureError(f"{name} holds {array.dtype}; whole numbers or floats are wanted.")
    if array.dtype.kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    if number != "float32":
        return np.ascontiguousarray(array, dtype=number)
    if array.dtype.kind in "iu" and array.dtype.itemsize > 2 and (array.max() > _EXACT or array.min() < -_EXACT):
        raise PictureError(
            f"{name} holds whole numbers beyond 16,777,216, which float32 cannot tell apart. Scale them."
        )
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(array, dtype=np.float32)
    broken = values.size - int(np.count_nonzero(np.isfinite(values)))
    if broken:
        raise PictureError(f"{name} has {broken:,} values that are no numbers or infinite. Fill them first.")
    return values


def without_alpha(decoded: Decoded, alpha: Alpha | None, background: Colour, name: str) -> Picture:
    """The picture with its transparency dealt with as asked.

    Raises:
        PictureError: there is some, and nothing was asked; or what lies beneath floats cannot be told.
    """
    pixels = decoded.pixels
    opaque = FULL_SCALE.get(_number(pixels), 1.0)
    if not decoded.alpha:
        if alpha in ("keep", "only"):
            full = np.full((*pixels.shape[:2], 1), opaque, pixels.dtype)
            return full if alpha == "only" else np.concatenate([pixels, full], axis=-1)
        return pixels
    if alpha == "keep":
        return pixels
    colours, mask = pixels[..., :-1], pixels[..., -1:]
    if alpha == "only":
        return np.ascontiguousarray(mask)
    if (mask == opaque).all():
        return np.ascontiguousarray(colours)
    if alpha is None:
        raise PictureError(
            f"{name} has transparency, which would be lost. Say what becomes of it: flatten, keep or only, with "
            "--source-alpha or --target-alpha in training, with --alpha in translation."
        )
    share = mask.astype(np.float32) / np.float32(opaque)
    under = np.array(background if colours.shape[-1] == 3 else _grey(background), np.float32) * np.float32(opaque / 255)
    flat: NDArray[np.float32] = colours * share + under * (1 - share)
    return flat.astype(np.float32) if pixels.dtype == np.float32 else np.rint(flat).astype(pixels.dtype)


def _grey(colour: Colour) -> float:
    red, green, blue = colour
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _number(pixels: Picture) -> Number:
    return number_of(pixels.dtype) or "float32"


def cap(height: int, width: int, bytes_a_pixel: int, name: str) -> None:
    """Refuse a picture too large to be decoded, before it is.

    Raises:
        PictureError: it is; or the environment's PIXLATE_MAX_MEGAPIXELS is no number.
    """
    asked = os.environ.get(MEGAPIXELS, str(_MOST_MEGAPIXELS))
    if not asked.isascii() or not asked.isdigit():
        raise PictureError(f"The environment has {MEGAPIXELS}={asked!r}; a whole number is wanted.")
    megapixels = height * width / 1e6
    if megapixels > int(asked):
        raise PictureError(
            f"{name} says it has {width:,}×{height:,} px; more than {asked} million are not decoded. If it is what it "
            f"says, allow as many: {MEGAPIXELS}={math.ceil(megapixels)}"
        )
    if height * width * bytes_a_pixel > MOST_BYTES:
        raise PictureError(f"{name} would take more than {MOST_BYTES >> 30} GiB of memory. Cut it into tiles first.")
