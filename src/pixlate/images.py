"""Pictures: files ↔ arrays. The only room that opens a picture file; it imports no torch.

A picture is a uint8 array (H, W, C) in 0 … 255, with C 1 (grey) or 3 (RGB). Networks see float32 (C, H, W) in [-1, 1].
"""

import io
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from pixlate.errors import PictureError
from pixlate.specs.data import Resample

Picture = NDArray[np.uint8]
Half = Literal["whole", "left", "right"]

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp"})
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
_CHANNELS = {"1": 1, "L": 1, "LA": 1, "RGB": 3, "RGBA": 3, "P": 3, "PA": 3, "CMYK": 3, "YCbCr": 3}
_EXIF_ORIENTATION = 0x0112
_ON_ITS_SIDE = (5, 6, 7, 8)
_PNG_ORIENTATION = (b"eXIf", b"Raw profile type", b"XML:com.adobe.xmp")
# What Pillow raises on malformed files, depending on format and place.
_DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    OverflowError,
    NotImplementedError,
    Image.DecompressionBombError,
)


@dataclass(frozen=True)
class Header:
    """What a file says of its picture, upright as EXIF has it."""

    height: int
    width: int
    channels: int
    alpha: bool = False
    """Whether there may be transparency."""


def pictures_in(folder: Path) -> tuple[list[Path], Counter[str]]:
    """Picture files of `folder` at any depth, in order, and how many other files there are by ending.

    Hidden files and folders are passed over. Links to folders are followed, but for those that lead back.

    Raises:
        PictureError: a folder that may not be read.
    """
    pictures: list[Path] = []
    others: Counter[str] = Counter()
    for root, folders, files in os.walk(folder, followlinks=True, onerror=_refuse_folder):
        above = {os.path.realpath(place) for place in (Path(root), *Path(root).parents) if place.is_relative_to(folder)}
        folders[:] = [
            name for name in folders if not name.startswith(".") and os.path.realpath(Path(root, name)) not in above
        ]
        for path in (Path(root, name) for name in files if not name.startswith(".")):
            if path.suffix.lower() in SUFFIXES:
                pictures.append(path)
            else:
                others[path.suffix.lower() or "no ending"] += 1
    return sorted(pictures), others


def passed_over(folder: Path, others: Counter[str]) -> list[str]:
    """A sentence for a person on the `others` that `pictures_in` counted in `folder`; none where there are none."""
    kinds = ", ".join(f"{count} {suffix}" for suffix, count in sorted(others.items()))
    return [f"Files in {folder} that are no pictures read here: {kinds}."] if others else []


def _refuse_folder(error: OSError) -> None:
    raise PictureError(f"{error.filename} cannot be read ({error.strerror}).")


def read(path: Path, half: Half = "whole") -> Picture:
    """The picture in `path`, or one half of it: upright, palette and CMYK as RGB, grey as one channel.

    Raises:
        PictureError: not a picture, damaged, of an odd width where a half is wanted, or with more than 8 bits or
            transparency, which would be lost.
    """
    with _open(path) as image:
        try:
            image.load()
            picture = from_pillow(ImageOps.exif_transpose(image), str(path))
        except _DECODING_ERRORS as error:
            raise PictureError(f"{path} is damaged and cannot be decoded ({error}).") from error
    return picture if half == "whole" else _cut(picture, half, path)


def read_header(path: Path) -> Header:
    """Size and channels of the picture in `path`, without decoding it.

    Raises:
        PictureError: not a picture, or one of a kind that is not read.
    """
    with _open(path) as image:
        width, height = image.size
        try:
            # In search of an orientation Pillow decodes a whole PNG; hardly any holds one.
            upright = image.format == "PNG" and not any(word in path.read_bytes() for word in _PNG_ORIENTATION)
            orientation = None if upright else image.getexif().get(_EXIF_ORIENTATION)
        except _DECODING_ERRORS as error:
            raise PictureError(f"{path} is damaged ({error}).") from error
        if orientation in _ON_ITS_SIDE:
            width, height = height, width
        return Header(height, width, _CHANNELS[image.mode], alpha=_has_alpha(image))


def _open(path: Path) -> Image.Image:
    try:
        image = Image.open(path, formats=_FORMATS)
    except FileNotFoundError:
        raise PictureError(f"There is no picture {path}.") from None
    except IsADirectoryError:
        raise PictureError(f"{path} is a folder, not a picture.") from None
    except UnidentifiedImageError as error:
        raise PictureError(f"{path} is not a picture of a kind read here (PNG, JPEG, WebP, BMP).") from error
    except _DECODING_ERRORS as error:
        raise PictureError(f"{path} cannot be read as a picture ({error}).") from error
    try:
        _refuse_unknown_mode(image, str(path))
    except PictureError:
        image.close()
        raise
    return image


def _refuse_unknown_mode(image: Image.Image, name: str) -> None:
    # Pillow gives 16-bit colour the mode of 8-bit colour and cuts it while decoding; only the raw mode tells.
    raw = [
        str(part)
        for tile in getattr(image, "tile", ())
        for part in (tile[3] if isinstance(tile[3], tuple) else [tile[3]])
    ]
    deep = any(";16" in mode for mode in raw)
    if image.mode not in _CHANNELS or deep:
        kind = "16 bits a channel" if deep else f"pixels of mode {image.mode}"
        raise PictureError(f"{name} has {kind}; only 8-bit grey and colour are read. Convert it first.")


def from_pillow(image: Image.Image, name: str = "The picture") -> Picture:
    """The pixels of a Pillow image (H, W, 1 or 3); `name` opens every complaint.

    Raises:
        PictureError: more than 8 bits a channel, or transparency.
    """
    _refuse_unknown_mode(image, name)
    if _has_alpha(image):
        image = image.convert("LA" if image.mode in ("L", "LA", "1") else "RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            raise PictureError(f"{name} has transparency, which would be lost. Flatten it onto a background first.")
    image = image.convert("L" if _CHANNELS[image.mode] == 1 else "RGB")
    pixels = np.asarray(image)
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _has_alpha(image: Image.Image) -> bool:
    return "A" in image.mode or "transparency" in image.info


def is_pillow(picture: object) -> bool:
    """Whether it is a Pillow image."""
    return isinstance(picture, Image.Image)


def to_pillow(picture: Picture) -> Image.Image:
    """A Pillow image of a picture (H, W, 1 or 3)."""
    return Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)


def as_picture(source: Any) -> Picture:  # noqa: ANN401 - the door for whatever a user holds
    """A picture from a path, a Pillow image, or a uint8 array (H, W) or (H, W, C).

    Raises:
        PictureError: anything else.
    """
    if isinstance(source, (str, Path)):
        return read(Path(source))
    if isinstance(source, Image.Image):
        return from_pillow(ImageOps.exif_transpose(source))
    try:
        array = np.asarray(source)
    except ValueError as error:
        raise PictureError(f"No picture can be made of this {type(source).__name__} ({error}).") from error
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or 0 in array.shape:
        raise PictureError(f"A uint8 array (H, W) or (H, W, C) is wanted, not {array.dtype} {array.shape}.")
    return array[..., None] if array.ndim == 2 else array


def refuse_odd_width(width: int, path: Path) -> None:
    """Make sure that a picture of `width` pixels has two equal halves.

    Raises:
        PictureError: it has not; `path` opens the complaint.
    """
    if width % 2:
        raise PictureError(f"{path} is {width} pixels wide: an odd width has no two equal halves.")


def _cut(picture: Picture, half: Half, path: Path) -> Picture:
    width = picture.shape[1]
    refuse_odd_width(width, path)
    return picture[:, : width // 2] if half == "left" else picture[:, width // 2 :]


def with_channels(picture: Picture, channels: int) -> Picture:
    """Grey replicated to RGB, or RGB weighed to grey (ITU-R 601); the same picture where nothing is to do."""
    if picture.shape[-1] == channels:
        return picture
    if channels == 3 and picture.shape[-1] == 1:
        return np.repeat(picture, 3, axis=-1)
    if channels == 1 and picture.shape[-1] == 3:
        return np.asarray(Image.fromarray(picture).convert("L"))[..., None]
    raise PictureError(f"A picture of {picture.shape[-1]} channels cannot become one of {channels}.")


def resize(picture: Picture, height: int, width: int, resample: Resample) -> Picture:
    """The picture at another size, antialiased when it shrinks."""
    if picture.shape[:2] == (height, width):
        return picture
    filters = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
    return as_picture(to_pillow(picture).resize((width, height), filters[resample]))


def to_float(picture: Picture) -> NDArray[np.float32]:
    """uint8 (H, W, C) in 0 … 255 → float32 (C, H, W) in [-1, 1]."""
    return np.ascontiguousarray(picture.transpose(2, 0, 1), dtype=np.float32) / np.float32(127.5) - np.float32(1)


def to_uint8(values: NDArray[np.float32]) -> Picture:
    """float (C, H, W) in [-1, 1] → uint8 (H, W, C), rounded to the nearest level and clipped to the range."""
    levels = np.rint((values.astype(np.float32) + np.float32(1)) * np.float32(127.5))
    return np.ascontiguousarray(np.clip(levels, 0, 255).astype(np.uint8).transpose(1, 2, 0))


def encode_png(picture: Picture) -> bytes:
    """A PNG file of a picture (H, W, 1 or 3), with no metadata."""
    file = io.BytesIO()
    to_pillow(picture).save(file, format="PNG")
    return file.getvalue()


def grid(rows: list[list[Picture]], gap: int = 4) -> Picture:
    """One RGB picture of many: rows from top to bottom, each cell as large as the largest, on white."""
    cells = [[with_channels(cell, 3) for cell in row] for row in rows]
    height = max(cell.shape[0] for row in cells for cell in row)
    width = max(cell.shape[1] for row in cells for cell in row)
    columns = max(len(row) for row in cells)
    shape = (len(cells) * (height + gap) + gap, columns * (width + gap) + gap, 3)
    canvas = np.full(shape, 255, np.uint8)
    for y, row in enumerate(cells):
        for x, cell in enumerate(row):
            top, left = gap + y * (height + gap), gap + x * (width + gap)
            canvas[top : top + cell.shape[0], left : left + cell.shape[1]] = cell
    return canvas
