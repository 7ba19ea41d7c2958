"""Pictures as the bytes of a file that loses nothing of them."""

import io
from collections.abc import Sequence
from pathlib import Path

import imagecodecs
import numpy as np
from PIL import Image

from pixlate.errors import PictureError
from pixlate.images import tiffs
from pixlate.images.pixels import Picture

_LEVEL = 3
"""Of zlib's compression of PNG files: less than half of the time of its default, 6, for files a fiftieth larger."""

__all__ = ["encode", "encode_jpeg", "encode_png", "kept_tags", "to_pillow"]


def encode(picture: Picture, ending: str, *, alpha: bool = False, tags: Sequence[tiffs.Tag] = ()) -> bytes:
    """A file of a picture (H, W, C): `.png` of 8 or 16 bits, `.tif` or `.npy` of anything.

    `alpha` says that the last channel is one; `tags` are what `kept_tags` found in another file.

    Raises:
        PictureError: a picture that such a file cannot hold.
    """
    if ending == ".npy":
        file = io.BytesIO()
        np.save(file, picture, allow_pickle=False)
        return file.getvalue()
    if ending in (".tif", ".tiff"):
        return tiffs.encoded(picture, alpha=alpha, tags=tags)
    if ending != ".png" or picture.dtype == np.float32 or picture.shape[-1] - alpha not in (1, 3):
        raise PictureError(f"A picture of {picture.shape[-1]} channels of {picture.dtype} cannot be a {ending} file.")
    return encode_png(picture)


def encode_png(picture: Picture) -> bytes:
    """A PNG file of a picture (H, W, 1 … 4) of 8 or 16 bits, with no metadata."""
    flat = picture[..., 0] if picture.shape[-1] == 1 else picture
    return bytes(imagecodecs.png_encode(np.ascontiguousarray(flat), level=_LEVEL))


def encode_jpeg(picture: Picture, quality: int) -> bytes:
    """A JPEG file of a picture (H, W, 1 or 3) of 8 bits, of a `quality` of 1 to 95, with no metadata.

    Raises:
        PictureError: a picture of another kind, of which JPEG would lose more than it is meant to.
    """
    if picture.dtype != np.uint8 or picture.shape[-1] not in (1, 3):
        raise PictureError(f"A picture of {picture.shape[-1]} channels of {picture.dtype} cannot be a JPEG file.")
    file = io.BytesIO()
    to_pillow(picture).save(file, format="JPEG", quality=quality)
    return file.getvalue()


def to_pillow(picture: Picture) -> Image.Image:
    """A Pillow image of a picture (H, W, C), of 8 bits and 1 to 4 channels, or of one channel of any kind.

    Raises:
        PictureError: Pillow has no such images.
    """
    if picture.shape[-1] == 1:
        return Image.fromarray(picture[..., 0])
    if picture.dtype != np.uint8 or picture.shape[-1] > 4:
        kind = f"{picture.shape[-1]} channels of {picture.dtype}"
        raise PictureError(f"Pillow has no images of {kind}. Ask with an array or a file name, and get an array.")
    return Image.fromarray(picture)


def kept_tags(path: Path, size: tuple[int, ...]) -> tuple[tiffs.Tag, ...]:
    """What a TIFF says of the place on Earth that it shows, for a picture of it of `size` (height, width) pixels.

    None for what is no TIFF, for halves of a picture, and for pictures that EXIF turns.
    """
    with path.open("rb") as file:
        return tiffs.kept_tags(file, (size[0], size[1]))
