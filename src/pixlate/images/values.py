"""Pictures ↔ what a network sees, float32 (C, H, W) in [-1, 1], as the `Kind` of their side says."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pixlate.errors import PictureError
from pixlate.images import lab
from pixlate.images.palette import IGNORE, Palette
from pixlate.images.pixels import Picture, number_of
from pixlate.images.shaping import with_channels
from pixlate.specs.pictures import FULL_SCALE, Kind

Floats = NDArray[np.float32]


def as_kind(picture: Picture, kind: Kind, name: str) -> Picture:
    """A picture as pictures of its side are: with their channels, in units of their kind of number.

    Of full scales 8 and 16 bits are made alike, 255 and 65,535 both being white; 16 bits among 8 become floats of
    0 … 255, so that nothing is lost. Where a range is given, numbers are what they are.

    Raises:
        PictureError: other channels than can be made alike, or floats where whole numbers are wanted. `name` opens it.
    """
    if picture.shape[-1] != kind.channels:
        if {picture.shape[-1], kind.channels} != {1, 3}:
            raise PictureError(f"{name} has {picture.shape[-1]} channels; {kind.channels} are wanted.")
        picture = with_channels(picture, kind.channels)
    number = number_of(picture.dtype)
    if number == kind.number or number is None:
        return picture
    if not kind.full_scale:
        return picture.astype(np.float32)
    if number == "float32":
        raise PictureError(
            f"{name} holds floats; whole numbers of {kind.number} are wanted. Say which range they have."
        )
    if kind.number == "uint16":
        return picture.astype(np.uint16) * np.uint16(257)
    return picture.astype(np.float32) / np.float32(257)


def to_float(picture: Picture, kind: Kind) -> Floats:
    """(H, W, C) of the kind → float32 (planes, H, W) in [-1, 1]; values beyond the range are clipped to it."""
    if kind.space == "classes":
        return _one_hot(picture, kind)
    if kind.space in ("lightness", "ab"):
        lightness, colour = lab.split(_whole(picture, kind))
        return np.ascontiguousarray((lightness if kind.space == "lightness" else colour).transpose(2, 0, 1))
    low, half = scale(kind)
    values: Floats = picture.transpose(2, 0, 1).astype(np.float32, order="C")
    values -= low  # in place: memory for each operation of its own would take ten times as long
    values /= half
    values -= np.float32(1)
    return values if kind.full_scale and number_of(picture.dtype) == kind.number else np.clip(values, -1, 1)


def from_float(values: Floats, kind: Kind, source: Floats | None = None) -> Picture:
    """float (planes, H, W) in [-1, 1] → (H, W, C) of the kind, clipped to its range, whole numbers to the nearest.

    ab needs the L of the `source` (1, H, W) in [-1, 1]; L alone becomes a grey picture in RGB.
    """
    if kind.space == "classes":
        colours: Picture = np.array(kind.classes, kind.number)[values.argmax(axis=0)]
        return colours
    if kind.space in ("lightness", "ab"):
        return _from_lab(values.astype(np.float32), kind, source)
    low, half = scale(kind)
    if kind.number == "float32":
        clipped = np.clip(values.astype(np.float32), -1, 1)
        return np.ascontiguousarray(((clipped + np.float32(1)) * half + low).transpose(1, 2, 0))
    levels = np.rint((values.astype(np.float32) + np.float32(1)) * half + low)
    high = low + 2 * half
    most = np.float32(FULL_SCALE[kind.number])
    clipped = np.clip(np.clip(levels, np.ceil(low), np.floor(high)), 0, most)
    return np.ascontiguousarray(clipped.astype(kind.number).transpose(1, 2, 0))


def levels(picture: Picture, kind: Kind) -> Picture:
    """A picture as scores see it: its range, or its class numbers, as 0 … 255; uint8 where that is what it is."""
    if kind.space == "classes" and kind.channels == 1:
        last = len(kind.classes) - 1
        return np.minimum(picture, last) * np.uint8(255 // last)
    if picture.dtype == np.uint8 and (kind.full_scale or kind.space != "values"):
        return picture
    if kind.space != "values":
        return picture.astype(np.float32) * np.float32(255 / kind.high[0])
    return np.ascontiguousarray((to_float(picture, kind).transpose(1, 2, 0) + np.float32(1)) * np.float32(127.5))


def viewable(picture: Picture, kind: Kind) -> Picture:
    """A picture as it can be looked at: 8-bit grey or RGB, its range as 0 … 255.

    Of two bands the first is shown, of four or more the first three; kept alpha is laid upon white.
    """
    if kind.space == "lightness":
        picture, kind = _from_lab(to_float(picture, kind), kind, None), replace(kind, space="values")
    seen = levels(picture, kind)
    seen = seen if seen.dtype == np.uint8 else np.rint(seen).astype(np.uint8)
    if kind.alpha == "keep":
        share = seen[..., -1:].astype(np.float32) / 255
        seen = np.rint(seen[..., :-1] * share + 255 * (1 - share)).astype(np.uint8)
    return seen if seen.shape[-1] in (1, 3) else seen[..., : 3 if seen.shape[-1] > 3 else 1]


def scale(kind: Kind) -> tuple[Floats, Floats]:
    """The lower end, and half the width, of each channel's range: (C, 1, 1)."""
    low, high = (np.array(ends, np.float64)[:, None, None] for ends in (kind.low, kind.high))
    return low.astype(np.float32), ((high - low) / 2).astype(np.float32)


def _one_hot(picture: Picture, kind: Kind) -> Floats:
    """1 in the plane of the class whose colour is nearest, -1 in the others; of what is of no class -1 in all."""
    if picture.dtype != np.uint8:
        raise PictureError(f"Classes are told apart in pictures of 8 bits, not {picture.dtype}.")
    if kind.channels == 3:
        numbers = Palette(kind.classes, ignored=kind.ignored).classes(picture)  # type: ignore[arg-type]
    else:
        table = np.full(256, IGNORE, np.uint8)
        for number, (level,) in enumerate(kind.classes):
            table[level] = number
        numbers = table[picture[..., 0]]
    return np.where(numbers == np.arange(len(kind.classes))[:, None, None], np.float32(1), np.float32(-1))


def _whole(picture: Picture, kind: Kind) -> Picture:
    """The picture in whole numbers again, where 16 bits among 8 made floats of it."""
    return picture if picture.dtype != np.float32 else np.rint(picture).astype(kind.number)


def _from_lab(values: Floats, kind: Kind, source: Floats | None) -> Picture:
    given = values if kind.space == "lightness" else source
    if given is None:
        raise ValueError("ab without the L it belongs to")
    colour = np.zeros((2, *values.shape[1:]), np.float32) if kind.space == "lightness" else values
    return lab.join(given.transpose(1, 2, 0), colour.transpose(1, 2, 0), kind.number)
