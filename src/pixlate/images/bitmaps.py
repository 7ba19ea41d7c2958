"""PNG, JPEG, WebP and BMP, through Pillow; PNGs of 16 bits a channel through libpng, as Pillow has 8 for colour."""

import io
import logging
import math
import os
import re
import warnings
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import BmpImagePlugin, Image, ImageCms, ImageFile, ImageOps, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from pixlate.errors import DamagedError, PictureError
from pixlate.images.pixels import Decoded, Header, cap

if TYPE_CHECKING:
    from pixlate.specs.pictures import Number

_CHANNELS = {"1": 1, "L": 1, "LA": 1, "RGB": 3, "RGBA": 3, "P": 3, "PA": 3, "CMYK": 3, "YCbCr": 3, "I;16": 1, "F": 1}
_DEEP = {"I;16B": "I;16", "LA;16B": "LA", "RGB;16B": "RGB", "RGBA;16B": "RGBA"}
"""Of a PNG with 16 bits a channel: how Pillow has its pixels stored, and what mode that is."""
_EXIF_ORIENTATION = 0x0112
_EXIF_IFD, _EXIF_TAKEN, _EXIF_TAKEN_PART, _EXIF_CHANGED = 0x8769, 0x9003, 0x9291, 0x0132
_ON_ITS_SIDE = (5, 6, 7, 8)
_PNG_ORIENTATION = (b"eXIf", b"Raw profile type", b"XML:com.adobe.xmp")
_PNG, _JPEG, _BMP = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM"
_MOST_SCANS = 256
_MOST_TEXTS = 32
_TIGHTEST = {"PNG": 8 * 1032, "JPEG": 1024}
"""Pixels that a byte can stand for: deflate's best of one bit each; more than Huffman's one bit for a block."""
_WIDEST_IN_RUNS = 1 << 16

# What they find odd is of no use to who reads a picture: it is read, or it is refused in a sentence.
logging.getLogger("imagecodecs").addHandler(logging.NullHandler())
logging.getLogger("imagecodecs").propagate = False
for _category in (UserWarning, Image.DecompressionBombWarning):
    warnings.filterwarnings("ignore", category=_category, module=r"PIL\.")


def recognises(start: bytes) -> bool:
    """Whether a file that begins so is one of these."""
    return start.startswith((_PNG, _JPEG, _BMP)) or _is_webp(start)


def _is_webp(start: bytes) -> bool:
    return start[:4] == b"RIFF" and start[8:12] == b"WEBP"


def read_header(file: BinaryIO, name: str) -> Header:
    """Size and kind, upright; of the pixels nothing is decoded."""
    with _open(file, name) as image:
        width, height = image.size
        deep = _deep_mode(image)
        orientation = 1
        # In search of an orientation Pillow decodes a whole PNG; hardly any holds one.
        if image.format != "PNG" or any(word in _content(file) for word in _PNG_ORIENTATION):
            orientation = image.getexif().get(_EXIF_ORIENTATION, 1)
            if orientation in _ON_ITS_SIDE:
                width, height = height, width
        number: Number = "uint16" if deep else "uint8"
        known = orientation if orientation in range(1, 9) else 1
        return Header(height, width, _CHANNELS[deep or image.mode], _has_alpha(image), number, orientation=known)


def read_capture(file: BinaryIO, name: str) -> tuple[float | None, int]:
    """When it was taken, in seconds since 1970 by the camera's own clock, None if unknown; and EXIF's orientation."""
    with _open(file, name) as image:
        exif = image.getexif()
        told = {**exif, **exif.get_ifd(_EXIF_IFD)}
    taken = str(told.get(_EXIF_TAKEN) or told.get(_EXIF_CHANGED)).strip("\0 ")
    part = re.match(r"\d{1,6}", str(told.get(_EXIF_TAKEN_PART)))
    seconds = None
    with suppress(ValueError):  # none, or no moment
        moment = datetime.strptime(f"{taken}.{part[0] if part else 0}", "%Y:%m:%d %H:%M:%S.%f")
        seconds = moment.replace(tzinfo=UTC).timestamp()
    return seconds, told.get(_EXIF_ORIENTATION) or 1


def read(file: BinaryIO, name: str) -> Decoded:
    """The picture, upright."""
    with _open(file, name) as image:
        if not _deep_mode(image):
            image.load()
            ImageOps.exif_transpose(image, in_place=True)
            return decoded(image, name)
        # Pillow reads what stands behind the pixels, such as an orientation, only as it decodes them.
        orientation = image.getexif().get(_EXIF_ORIENTATION, 1)
    pixels = imagecodecs.png_decode(_content(file))
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    return Decoded(upright(pixels, orientation), alpha=pixels.shape[-1] in (2, 4))


def _content(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


def _open(file: BinaryIO, name: str) -> ImageFile.ImageFile:
    start = file.read(12)
    if _is_webp(start):
        # Pillow makes room for all pixels of a WebP as it opens it.
        file.seek(0)
        cap(*_webp_size(file.read(30), name), 8, name)
    file.seek(0)
    # The plugins themselves rather than Image.open: the caps are ours, and nobody else's settings are touched.
    image: ImageFile.ImageFile
    if start.startswith(_PNG):
        _refuse_texts(file, name)
        image = PngImagePlugin.PngImageFile(file)
    elif start.startswith(_JPEG):
        image = JpegImagePlugin.JpegImageFile(file)
        _refuse_scans(image, _content(file), name)
    elif _is_webp(start):
        image = WebPImagePlugin.WebPImageFile(file)
    else:
        image = BmpImagePlugin.BmpImageFile(file)
        if image.tile[0].codec_name == "bmp_rle" and image.width > _WIDEST_IN_RUNS:
            # Four bytes of it may skip 255 rows at once.
            raise PictureError(f"{name} says it is {image.width:,} px wide, too much for a BMP in runs. Convert it.")
    width, height = image.size
    cap(height, width, 8, name)
    if width * height > _TIGHTEST.get(image.format or "", math.inf) * file.seek(0, os.SEEK_END):
        raise DamagedError(f"{name} is damaged: it is shorter than its size says.")
    if getattr(image, "is_animated", False):
        raise PictureError(f"{name} is an animation of {getattr(image, 'n_frames', 2)} pictures. Take it apart first.")
    _refuse_unknown_mode(image, name)
    return image


def _refuse_texts(file: BinaryIO, name: str) -> None:
    """Catch PNGs of many compressed texts: Pillow unpacks each, up to 1 MiB of it, before the picture."""
    file.seek(len(_PNG))
    texts = 0
    while len(head := file.read(8)) == 8 and head[4:] != b"IEND":
        texts += head[4:] in (b"zTXt", b"iTXt")
        file.seek(int.from_bytes(head[:4]) + 4, os.SEEK_CUR)
    if texts > _MOST_TEXTS:
        raise PictureError(
            f"{name} is a PNG with {texts:,} compressed texts; more than {_MOST_TEXTS} are not unpacked."
        )
    file.seek(0)


def _refuse_scans(image: ImageFile.ImageFile, content: bytes, name: str) -> None:
    """Catch JPEGs that go over all their pixels a thousand times, each time in a few bytes."""
    if not image.info.get("progressive"):
        return
    scans, at = 0, 2
    while (marker := _MARKER.search(content, at)) and marker[0] != b"\xff\xd9":
        scans += marker[0] == b"\xff\xda"
        at = marker.end() + int.from_bytes(content[marker.end() : marker.end() + 2])
    if scans > _MOST_SCANS:
        raise PictureError(f"{name} is a JPEG of {scans:,} scans; more than {_MOST_SCANS} are not decoded.")


_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]", re.DOTALL)


def _webp_size(start: bytes, name: str) -> tuple[int, int]:
    """(height, width) from the first chunk."""
    kind, body = start[12:16], start[20:30]
    if kind == b"VP8X":
        return int.from_bytes(body[7:10], "little") + 1, int.from_bytes(body[4:7], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1
    if kind == b"VP8 ":
        return int.from_bytes(body[8:10], "little") & 0x3FFF, int.from_bytes(body[6:8], "little") & 0x3FFF
    raise DamagedError(f"{name} is damaged: it is no WebP picture.")


def _deep_mode(image: Image.Image) -> str | None:
    """The mode of a PNG of 16 bits a channel, before it is decoded: Pillow gives such colours 8 and cuts them."""
    tiles = getattr(image, "tile", ()) if image.format == "PNG" else ()
    return next((_DEEP[tile.args] for tile in tiles if tile.args in _DEEP), None)


def _refuse_unknown_mode(image: Image.Image, name: str) -> None:
    if image.mode not in _CHANNELS:
        raise PictureError(f"{name} has pixels of mode {image.mode}, which is not read. Convert it first.")


def _has_alpha(image: Image.Image) -> bool:
    return "A" in image.mode or "transparency" in image.info


def decoded(image: Image.Image, name: str) -> Decoded:
    """The pixels of a Pillow image as they stand.

    Raises:
        PictureError: a mode that is not read.
    """
    _refuse_unknown_mode(image, name)
    if image.mode in ("I;16", "F"):
        return Decoded(np.asarray(image)[..., None].copy())
    grey = image.mode in ("1", "L", "LA")
    if _has_alpha(image):
        pixels = np.asarray(_in_srgb(image, "LA" if grey else "RGBA"))
        return Decoded(pixels, alpha=True)
    pixels = np.asarray(_in_srgb(image, "L" if grey else "RGB"))
    return Decoded(pixels[..., None] if grey else pixels)


def _in_srgb(image: Image.Image, mode: str) -> Image.Image:
    profile = image.info.get("icc_profile")
    inks = "CMYK" if image.mode == "CMYK" else "L" if mode in ("L", "LA") else "RGB"
    transform = _transform(profile, inks) if profile else None
    if transform is None:
        return image if image.mode == mode else image.convert(mode)
    colours = ImageCms.applyTransform(image.convert(inks), transform)
    if colours is None:
        return image.convert(mode)
    flat = colours.convert(mode)
    if mode in ("LA", "RGBA"):
        flat.putalpha(image.convert(mode).getchannel("A"))
    return flat


def in_srgb(pixels: NDArray[np.uint8], profile: bytes) -> NDArray[np.uint8]:
    """Colours (H, W, 3), or (H, W, 4) with alpha, of a profile as those of sRGB."""
    image = Image.fromarray(pixels)
    image.info["icc_profile"] = profile
    return np.asarray(_in_srgb(image, image.mode))


@lru_cache(maxsize=16)
def _transform(profile: bytes, inks: str) -> Any:  # noqa: ANN401 - Pillow's own is untyped
    """From the profile's colours to sRGB; None where they are sRGB, or where the profile says nothing of use."""
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if ImageCms.getProfileDescription(given).strip().lower().startswith("srgb"):
            return None
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.buildTransform(given, srgb, inks, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC)
    except (ImageCms.PyCMSError, OSError):
        return None


def upright(pixels: Any, orientation: int) -> Any:  # noqa: ANN401 - an array (H, W, C) of any numbers
    """The pixels turned and mirrored as EXIF's `orientation` 1 … 8 asks."""
    if orientation in _ON_ITS_SIDE:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
