"""Pictures at other sizes and with other channels; halves and grids."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pixlate.errors import PictureError
from pixlate.images.pixels import File, Half, Picture
from pixlate.specs.data import Resample

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}
_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)


def refuse_odd_width(width: int, path: File) -> None:
    """Make sure that a picture of `width` pixels has two equal halves.

    Raises:
        PictureError: it has not; `path` opens the complaint.
    """
    if width % 2:
        raise PictureError(f"{path} is {width} pixels wide: an odd width has no two equal halves.")


def cut(picture: Picture, half: Half, path: File) -> Picture:
    """One half of a picture.

    Raises:
        PictureError: its width is odd.
    """
    width = picture.shape[1]
    refuse_odd_width(width, path)
    return picture[:, : width // 2] if half == "left" else picture[:, width // 2 :]


def with_channels(picture: Picture, channels: int) -> Picture:
    """Grey replicated to RGB, or RGB weighed to grey (ITU-R 601); the same picture where nothing is to do.

    Raises:
        PictureError: any other change.
    """
    if picture.shape[-1] == channels:
        return picture
    if channels == 3 and picture.shape[-1] == 1:
        return np.repeat(picture, 3, axis=-1)
    if channels == 1 and picture.shape[-1] == 3:
        if picture.dtype == np.uint8:
            return np.asarray(Image.fromarray(picture).convert("L"))[..., None]
        return _as(picture.astype(np.float32) @ _LUMINANCE, picture.dtype)[..., None]
    raise PictureError(f"A picture of {picture.shape[-1]} channels cannot become one of {channels}.")


def resize(picture: Picture, height: int, width: int, resample: Resample) -> Picture:
    """The picture at another size, antialiased when it shrinks; nearest takes pixels as they are."""
    if picture.shape[:2] == (height, width):
        return picture
    size, how = (width, height), _FILTERS[resample]
    if picture.dtype == np.uint8 and picture.shape[-1] == 3:
        return np.asarray(Image.fromarray(picture).resize(size, how))
    if picture.dtype == np.uint8:
        planes = [np.asarray(Image.fromarray(picture[..., c]).resize(size, how)) for c in range(picture.shape[-1])]
        return np.stack(planes, axis=-1)
    floats = [
        np.asarray(Image.fromarray(picture[..., c].astype(np.float32)).resize(size, how))
        for c in range(picture.shape[-1])
    ]
    return _as(np.stack(floats, axis=-1), picture.dtype)


def _as(values: NDArray[np.float32], dtype: np.dtype[Any]) -> Picture:
    """The values as a picture of that kind; whole numbers are rounded and kept in their scale."""
    if dtype == np.float32:
        return values
    most = np.iinfo(dtype).max
    return np.rint(np.clip(values, 0, most)).astype(dtype)


def grid(rows: list[list[Picture]], gap: int = 4) -> Picture:
    """One RGB picture of many 8-bit ones: rows from top to bottom, each cell as large as the largest, on white."""
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
