"""TIFF: any number of bands or pages, 8 and 16 bits, floats; and what one says of itself beside its pixels."""

import io
import logging
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import tifffile
from numpy.typing import NDArray
from tifffile import COMPRESSION, PHOTOMETRIC, PLANARCONFIG, TiffFile, TiffPage, TiffTag

from pixlate.errors import DamagedError, PictureError
from pixlate.images.bitmaps import in_srgb, upright
from pixlate.images.ifds import refuse_unsound
from pixlate.images.pixels import Decoded, Header, Picture, cap, number_of, settled

_GEOREFERENCES = (33550, 33922, 34264, 34735, 34736, 34737)
_KEPT = (*_GEOREFERENCES, 42112, 42113)
_PROFILE = 34675
_LARGE_CHUNK = 1 << 24
_ON_ITS_SIDE = (5, 6, 7, 8)
_PIXEL_SCALE, _TIE_POINTS, _TRANSFORMATION = _GEOREFERENCES[:3]

logging.getLogger("tifffile").addHandler(logging.NullHandler())
logging.getLogger("tifffile").propagate = False


class Tag(NamedTuple):
    """A tag of a TIFF, as it is written again."""

    code: int
    dtype: int
    length: int
    value: Any


def read_header(file: BinaryIO, name: str) -> Header:
    """Size and kind, upright; of the pixels nothing is decoded."""
    with _opened(file, name) as tiff:
        return _header(_pages(tiff, name), name)


def read(file: BinaryIO, name: str) -> Decoded:
    """The picture, upright; of several pages one after the other becomes the bands."""
    with _opened(file, name) as tiff:
        pages = _pages(tiff, name)
        header = _header(pages, name)
        bands = [_values(page, name) for page in pages]
        pixels = bands[0] if len(bands) == 1 else np.concatenate(bands, axis=-1)
        pixels = upright(pixels, _orientation(pages[0]))
        profile = pages[0].tags.valueof(_PROFILE) if len(pages) == 1 else None
    if header.alpha and pages[0].extrasamples[0] == 1:
        pixels = _unmultiplied(pixels)
    if profile and pixels.dtype == np.uint8 and header.channels == 3:
        pixels = in_srgb(pixels, profile)
    return Decoded(settled(pixels, name), alpha=header.alpha)


def recognises(start: bytes) -> bool:
    """Whether a file that begins so is a TIFF."""
    return start.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"))


def kept_tags(file: BinaryIO, size: tuple[int, int]) -> tuple[Tag, ...]:
    """What a TIFF says of the place it shows, for a picture of it of `size` (height, width) pixels."""
    start = file.read(4)
    if not recognises(start):
        return ()
    file.seek(0)
    with TiffFile(file) as tiff:
        page = tiff.pages.first
        if _orientation(page) != 1:
            return ()
        down, across = size[0] / page.imagelength, size[1] / page.imagewidth
        found = [page.tags[code] for code in _KEPT if code in page.tags]
        tags = [Tag(tag.code, int(tag.dtype), tag.count, _raw(tag.value)) for tag in found if _sound(tag)]
        return tuple(tag._replace(value=_scaled(tag, down, across)) for tag in tags)


def _sound(tag: TiffTag) -> bool:
    """Whether it has as many values as its meaning asks for."""
    multiple = {_PIXEL_SCALE: 3, _TIE_POINTS: 6, _TRANSFORMATION: 16}.get(tag.code, 1)
    return tag.count % multiple == 0


def _raw(value: Any) -> Any:  # noqa: ANN401
    # TIFF has ASCII only, and GDAL writes UTF-8 there; bytes are written as they are.
    return value.encode() if isinstance(value, str) else value


def _scaled(tag: Tag, down: float, across: float) -> Any:  # noqa: ANN401
    if tag.code == _PIXEL_SCALE:
        x, y, z = tag.value
        return (x / across, y / down, z)
    factors = {_TIE_POINTS: (across, down, 1.0, 1.0, 1.0, 1.0), _TRANSFORMATION: (1 / across, 1 / down, 1.0, 1.0)}
    if tag.code not in factors:
        return tag.value
    columns = factors[tag.code]
    return tuple(value * columns[place % len(columns)] for place, value in enumerate(tag.value))


def encoded(picture: Picture, *, alpha: bool, tags: Sequence[Tag] = ()) -> bytes:
    """A TIFF file of a picture (H, W, C), losslessly compressed; `alpha` says what its last channel is."""
    file = io.BytesIO()
    colours = picture.shape[-1] - alpha
    rgb = colours == 3
    extra = (["unassalpha"] if alpha else []) if rgb else ["unspecified"] * (colours - 1) + ["unassalpha"] * alpha
    tifffile.imwrite(
        file,
        picture if picture.shape[-1] > 1 else picture[..., 0],
        photometric="rgb" if rgb else "minisblack",
        planarconfig="contig" if picture.shape[-1] > 1 else None,
        extrasamples=extra or None,
        compression="zlib",
        predictor=True,
        metadata=None,
        bigtiff=picture.nbytes > 2**31,
        extratags=[(*tag, True) for tag in tags],
    )
    return file.getvalue()


@contextmanager
def _opened(file: BinaryIO, name: str) -> Iterator[TiffFile]:
    refuse_unsound(file, name)
    file.seek(0)
    with TiffFile(file) as tiff:
        yield tiff


def _pages(tiff: TiffFile, name: str) -> list[TiffPage]:
    """The pages that are one picture; thumbnails and smaller copies are passed over."""
    pages: list[TiffPage] = []
    for page in tiff.pages:
        if isinstance(page, TiffPage) and not (pages and page.is_reduced):
            pages.append(page)
    if not pages:
        raise DamagedError(f"{name} is damaged: it holds no picture.")
    first = pages[0]
    for number, page in enumerate(pages, start=1):
        if (page.imagelength, page.imagewidth, page.dtype) != (first.imagelength, first.imagewidth, first.dtype):
            raise PictureError(f"{name}: page {number} differs from the first in size or kind. Take it apart first.")
    return pages


def _header(pages: Sequence[TiffPage], name: str) -> Header:
    first = pages[0]
    number = None if first.dtype is None else number_of(first.dtype)
    if number is None or (first.bitspersample not in (1, 8, 16, 32, 64) and not 8 < first.bitspersample < 16):
        raise PictureError(f"{name} has {first.bitspersample} bits a value of a kind that is not read. Convert it.")
    jpeg = first.photometric == PHOTOMETRIC.YCBCR and first.compression == COMPRESSION.JPEG  # decoded to RGB
    white = first.photometric == PHOTOMETRIC.MINISWHITE and number == "float32"
    if first.imagedepth != 1 or white or not (jpeg or first.photometric in _READ):
        what = getattr(first.photometric, "name", first.photometric)
        raise PictureError(f"{name} has pixels of kind {what}, which is not read. Convert it to RGB or grey first.")
    channels = sum(_channels(page) for page in pages)
    height, width = first.imagelength, first.imagewidth
    if not height or not width:
        raise DamagedError(f"{name} is damaged: it says it is {height}×{width} px.")
    cap(height, width, channels * max(4, first.bitspersample // 8), name)
    _refuse_impossible(pages, name)
    if first.photometric == PHOTOMETRIC.PALETTE:
        number = "uint8"
    alpha = len(pages) == 1 and tuple(first.extrasamples) in ((1,), (2,))
    orientation = _orientation(first)
    if orientation in _ON_ITS_SIDE:
        height, width = width, height
    georeferenced = any(code in first.tags for code in _GEOREFERENCES)
    return Header(height, width, channels - alpha, alpha, number, georeferenced, orientation)


_READ = (PHOTOMETRIC.MINISWHITE, PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.RGB, PHOTOMETRIC.PALETTE)


def _channels(page: TiffPage) -> int:
    return 3 if page.photometric == PHOTOMETRIC.PALETTE else page.samplesperpixel


def _refuse_impossible(pages: Sequence[TiffPage], name: str) -> None:
    """Catch files whose strips or tiles are too few, too short, too large, or not all in the file."""
    for page in pages:
        size = page.parent.filehandle.size
        chunk = math.prod(page.chunks)
        if chunk > _LARGE_CHUNK and chunk > 4 * math.prod(page.shape):
            raise DamagedError(f"{name} is damaged: its tiles are larger than the picture.")
        ends = [at + count for at, count in zip(page.dataoffsets, page.databytecounts, strict=False)]
        short = page.compression == COMPRESSION.NONE and sum(
            page.databytecounts
        ) < page.nbytes * page.bitspersample // (8 * (page.dtype.itemsize if page.dtype else 1))
        if short or len(ends) < math.prod(page.chunked) or max(ends) > size:
            raise DamagedError(f"{name} is damaged: it is shorter than its size says.")


def _orientation(page: TiffPage) -> int:
    tag = page.tags.get(274)
    return int(tag.value) if tag is not None and tag.value in range(1, 9) else 1


def _values(page: TiffPage, name: str) -> NDArray[Any]:
    values: NDArray[Any] = page.asarray()
    height, width = page.imagelength, page.imagewidth
    if page.planarconfig == PLANARCONFIG.SEPARATE and page.samplesperpixel > 1:
        values = np.moveaxis(values.reshape(page.samplesperpixel, height, width), 0, -1)
    values = values.reshape(height, width, page.samplesperpixel)
    if page.photometric == PHOTOMETRIC.PALETTE:
        if page.colormap is None or values.max() >= page.colormap.shape[1]:
            raise DamagedError(f"{name} is damaged: it has colours outside its palette.")
        colours: NDArray[Any] = np.moveaxis(page.colormap, 0, -1)[values[..., 0]] // 257
        return colours.astype(np.uint8)
    if page.bitspersample == 1:
        values = values.astype(bool)
    if page.photometric == PHOTOMETRIC.MINISWHITE:
        values = ~values if values.dtype.kind == "b" else values.dtype.type(2**page.bitspersample - 1) - values
    return values


def _unmultiplied(pixels: NDArray[Any]) -> NDArray[Any]:
    """Colours as they were before they were weighed with their alpha."""
    full = np.iinfo(pixels.dtype).max if pixels.dtype.kind in "iu" else 1.0
    share = pixels[..., -1:].astype(np.float64) / full
    colours = np.divide(pixels[..., :-1], share, out=np.zeros(pixels[..., :-1].shape), where=share > 0)
    if pixels.dtype.kind in "iu":
        colours = np.rint(np.clip(colours, 0, full))
    return np.concatenate([colours.astype(pixels.dtype), pixels[..., -1:]], axis=-1)
