"""The one place where picture files are opened: the formats that are read, and one kind of error for all of them."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageOps

from pixlate.errors import DamagedError, PictureError
from pixlate.images import bitmaps, numbers, tiffs
from pixlate.images.pixels import MOST_BYTES, Decoded, File, Half, Header, Picture, without_alpha
from pixlate.images.shaping import cut
from pixlate.specs.pictures import Alpha, Colour

__all__ = ["Header", "as_picture", "from_pillow", "is_pillow", "read", "read_capture", "read_header"]

_WHITE = (255, 255, 255)
_NUMPY = (b"\x93NUMPY", b"PK\x03\x04")


def read(path: File, half: Half = "whole", alpha: Alpha | None = None, background: Colour = _WHITE) -> Picture:
    """The picture in `path`, or one half of it, upright and in its own kind of number.

    Palettes, CMYK and colours of another profile become sRGB; 16-bit colours and floats are left as they are. Pages of
    a TIFF are bands. `alpha` says what becomes of transparency: laid upon the `background`, kept as the last channel,
    or taken as the only one.

    Raises:
        PictureError: not a picture, damaged, too large, of a kind that is not read, of an odd width where a half is
            wanted, or with transparency that nothing was said of.
    """
    with _opened(path) as (file, reader):
        decoded: Decoded = reader.read(file, str(path))
    picture = without_alpha(decoded, alpha, background, str(path))
    return picture if half == "whole" else cut(picture, half, path)


def read_header(path: File) -> Header:
    """Size, channels and kind of the picture in `path`, without decoding it.

    Raises:
        PictureError: not a picture, too large, or of a kind that is not read.
    """
    with _opened(path) as (file, reader):
        header: Header = reader.read_header(file, str(path))
    return header


def read_capture(path: Path) -> tuple[float | None, int]:
    """When the picture in `path` was taken and how it is turned, as its EXIF block has it.

    Seconds since 1970 by the camera's own clock, None where it does not say; and the orientation, 1 is upright. Of TIFF
    and NumPy files, and what else has no such block, nothing is known: (None, 1).

    Raises:
        PictureError: not a picture, or a damaged one.
    """
    with _opened(path) as (file, reader):
        return bitmaps.read_capture(file, str(path)) if reader is bitmaps else (None, 1)


@contextmanager
def _opened(path: File) -> Iterator[tuple[BinaryIO, ModuleType]]:
    """The file, and the reader for what it holds, whatever its ending says."""
    try:
        if isinstance(path, Path):
            _refuse_unfit(path)
        with path.open("rb") as file:
            start = file.read(12)
            file.seek(0)
            yield file, _reader(start, path)
    except PictureError:
        raise
    except FileNotFoundError:
        raise PictureError(f"There is no picture {path}.") from None
    except PermissionError as error:
        raise PictureError(f"{path} cannot be read as a picture ({error}).") from error
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise DamagedError(f"{path} is damaged and cannot be decoded ({reason}).") from error


def _refuse_unfit(path: Path) -> None:
    """Catch what is no file, such as a pipe, of which reading has no end, and files too large to be read whole."""
    state = path.stat()
    if stat.S_ISDIR(state.st_mode):
        raise PictureError(f"{path} is a folder, not a picture.")
    if not stat.S_ISREG(state.st_mode):
        raise PictureError(f"{path} is a pipe, a socket or a device, not a picture.")
    if state.st_size > MOST_BYTES:
        raise PictureError(f"{path} is larger than {MOST_BYTES >> 30} GiB. Cut it into tiles first.")


def _reader(start: bytes, path: File) -> ModuleType:
    if tiffs.recognises(start):
        return tiffs
    if start.startswith(_NUMPY[0]) or (start.startswith(_NUMPY[1]) and path.suffix.lower() == ".npz"):
        return numbers
    if bitmaps.recognises(start):
        return bitmaps
    what = "is empty" if not start else "is not a picture of a kind read here (PNG, JPEG, WebP, BMP, TIFF, NumPy)"
    raise PictureError(f"{path} {what}.")


def as_picture(source: Any, alpha: Alpha | None = None, background: Colour = _WHITE) -> Picture:  # noqa: ANN401
    """A picture from whatever a user holds: a path, a Pillow image, or an array (H, W) or (H, W, C).

    Raises:
        PictureError: anything else.
    """
    if isinstance(source, (str, Path)):
        return read(Path(source), alpha=alpha, background=background)
    if isinstance(source, Image.Image):
        return from_pillow(ImageOps.exif_transpose(source), alpha=alpha, background=background)
    try:
        array = np.asarray(source)
    except ValueError as error:
        raise PictureError(f"No picture can be made of this {type(source).__name__} ({error}).") from error
    return numbers.settled(array, "The picture")


def from_pillow(
    image: Image.Image, name: str = "The picture", alpha: Alpha | None = None, background: Colour = _WHITE
) -> Picture:
    """The pixels of a Pillow image (H, W, C); `name` opens every complaint.

    Raises:
        PictureError: a mode that is not read, or transparency that nothing was said of.
    """
    return without_alpha(bitmaps.decoded(image, name), alpha, background, name)


def is_pillow(picture: object) -> bool:
    """Whether it is a Pillow image."""
    return isinstance(picture, Image.Image)
