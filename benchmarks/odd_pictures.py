"""Odd but valid pictures: is each read as what it shows, or refused by name?

    python benchmarks/odd_pictures.py

Every file is made here, and what it shows is worked out from the pixels it was made of, not by our reader. Lossless
files must be equal, lossy ones and colours of other profiles within the number of levels stated.
"""

import io
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from PIL import Image, ImageCms

import picture_files
from picture_files import ADOBE_RGB, Pixels, adapted, blocks, chunk, exif, noise, npy, npz, png, profile, saved, tiff
from pixlate import images
from pixlate.errors import PictureError

DISPLAY_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
STORED: dict[int, Any] = {
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


@dataclass(frozen=True)
class Odd:
    """A file, and what it shows, or why it is refused."""

    name: str
    content: bytes
    shows: Pixels | str
    within: float = 0
    alpha: bool = False


def odd_pictures() -> Iterator[Odd]:
    """All of them."""
    yield from turned()
    yield from pngs()
    yield from narrow()
    yield from jpegs()
    yield from profiles()
    yield from bitmaps()
    yield from tiffs()
    yield from arrays()
    yield from refused()


def turned() -> Iterator[Odd]:
    deep = noise(5, 7, 3, np.uint16)
    for orientation, stored in STORED.items():
        flat, hidden = np.ascontiguousarray(stored(blocks())), np.ascontiguousarray(stored(deep))
        said = exif(orientation)
        yield Odd(f"exif{orientation}.png", saved(flat, "PNG", exif=said), blocks())
        yield Odd(f"grey-exif{orientation}.png", saved(flat[..., :1], "PNG", exif=said), blocks()[..., :1])
        yield Odd(f"deep-exif{orientation}.png", png(hidden, bits=16, behind=chunk(b"eXIf", said)), deep)
        yield Odd(f"exif{orientation}.webp", saved(flat, "WEBP", lossless=True, exif=said), blocks())
        jpeg = saved(flat, "JPEG", quality=100, subsampling=0, exif=b"Exif\0\0" + said)
        yield Odd(f"exif{orientation}.jpg", jpeg, blocks(), within=4)
        turned_tag = [(274, 3, 1, orientation, True)]
        yield Odd(f"orientation{orientation}.tif", tiff(hidden, photometric="rgb", extratags=turned_tag), deep)


def pngs() -> Iterator[Odd]:
    for interlaced in (False, True):
        how = "-interlaced" * interlaced
        for bits in (1, 2, 4, 8, 16):
            levels = noise(9, 13, 1, np.uint16) & (2**bits - 1)
            shows = (levels * (255 // (2**bits - 1))).astype(np.uint8) if bits < 16 else levels
            yield Odd(f"grey-{bits}{how}.png", png(levels, bits=bits, interlaced=interlaced), shows)
        for bits in (1, 2, 4, 8):
            colours, places = noise(1, 2**bits, 3), noise(9, 13, 1, np.uint8) & (2**bits - 1)
            before = chunk(b"PLTE", colours.tobytes())
            kind: dict[str, Any] = {"bits": bits, "colour_type": 3, "interlaced": interlaced}
            yield Odd(f"palette-{bits}{how}.png", png(places, before=before, **kind), colours[0][places[..., 0]])
            if bits > 1:
                seen = np.full((2**bits, 1), 255, np.uint8)
                seen[:3, 0] = 0, 7, 128
                shows = np.concatenate([colours[0], seen], axis=1)[places[..., 0]]
                content = png(places, before=before + chunk(b"tRNS", bytes(seen[:3, 0])), **kind)
                yield Odd(f"palette-{bits}-trns{how}.png", content, shows, alpha=True)
        for bits, dtype in ((8, np.uint8), (16, np.uint16)):
            for channels, name in ((2, "la"), (3, "rgb"), (4, "rgba")):
                pixels = noise(9, 13, channels, dtype)
                content = png(pixels, bits=bits, interlaced=interlaced)
                yield Odd(f"{name}-{bits}{how}.png", content, pixels, alpha=channels % 2 == 0)
    for channels in (1, 3):
        for bits, dtype in ((8, np.uint8), (16, np.uint16)):
            pixels = noise(9, 13, channels, dtype)
            pixels[2, 3] = 10
            mask = np.where((pixels == 10).all(-1, keepdims=True), 0, np.iinfo(dtype).max).astype(dtype)
            content = png(pixels, bits=bits, before=chunk(b"tRNS", bytes([0, 10]) * channels))
            yield Odd(f"key-{channels}-{bits}.png", content, np.concatenate([pixels, mask], axis=-1), alpha=True)
    text = chunk(b"tEXt", b"Comment\0odd") + chunk(b"gAMA", bytes([0, 0, 0x80, 0])) + chunk(b"pHYs", bytes(9))
    yield Odd("texts.png", png(noise(5, 6, 3), before=text, behind=chunk(b"prVt", b"own")), noise(5, 6, 3))


def narrow() -> Iterator[Odd]:
    for height, width in ((1, 300), (300, 1), (1, 1)):
        where = f"{height}x{width}"
        pixels, deep = noise(height, width, 3), noise(height, width, 3, np.uint16)
        yield Odd(f"{where}.png", saved(pixels, "PNG"), pixels)
        yield Odd(f"{where}-interlaced.png", png(pixels, interlaced=True), pixels)
        yield Odd(f"{where}-deep.png", png(deep, bits=16, interlaced=True), deep)
        yield Odd(f"{where}.bmp", saved(pixels, "BMP"), pixels)
        yield Odd(f"{where}.webp", saved(pixels, "WEBP", lossless=True, exact=True), pixels)
        yield Odd(f"{where}.tif", tiff(deep, photometric="rgb"), deep)
        yield Odd(f"{where}.npy", npy(deep), deep)
        flat = np.full((height, width, 3), 90, np.uint8)
        yield Odd(f"{where}.jpg", saved(flat, "JPEG"), flat, within=1)


def jpeg8(pixels: Pixels, **how: Any) -> bytes:
    """A JPEG as libjpeg writes it, in colours of which Pillow has no choice."""
    return bytes(imagecodecs.jpeg8_encode(pixels, **how))


def jpegs() -> Iterator[Odd]:
    fine: dict[str, Any] = {"quality": 100, "subsampling": 0}
    grey = blocks()[..., :1]
    yield Odd("grey.jpg", saved(grey, "JPEG", quality=100), grey, within=2)
    yield Odd("progressive.jpg", saved(blocks(), "JPEG", progressive=True, **fine), blocks(), within=4)
    yield Odd("restarts.jpg", saved(blocks(), "JPEG", restart_marker_blocks=1, **fine), blocks(), within=4)
    flat = np.full((17, 23, 3), (200, 90, 40), np.uint8)
    yield Odd("4-2-0.jpg", saved(flat, "JPEG", subsampling=2), flat, within=3)
    two = saved(blocks(), "MPO", save_all=True, append_images=[Image.fromarray(255 - blocks())], **fine)
    yield Odd("mpo.jpg", two, blocks(), within=4)
    whole: dict[str, Any] = {"level": 100, "subsampling": "444"}
    yield Odd("rgb.jpg", jpeg8(blocks(), colorspace="RGB", outcolorspace="RGB", **whole), blocks(), 4)
    inks = np.concatenate([255 - blocks(), np.zeros((16, 24, 1), np.uint8)], axis=-1)
    yield Odd("cmyk.jpg", saved(Image.fromarray(inks, mode="CMYK"), "JPEG", **fine), blocks(), within=4)
    inks = np.concatenate([255 - flat, np.zeros((17, 23, 1), np.uint8)], axis=-1)
    ycck = jpeg8(255 - inks, colorspace="CMYK", outcolorspace="YCCK", **whole)
    yield Odd("ycck.jpg", ycck, flat, within=3)
    yield Odd("name-says-png.png", saved(blocks(), "JPEG", **fine), blocks(), within=4)
    deep = jpeg8(noise(16, 16, 1, np.uint16)[..., 0] % 4096, bitspersample=12)
    yield Odd("12-bits.jpg", deep, "damaged")


def in_srgb(pixels: Pixels, primaries: tuple[Any, Any, Any], gamma: float) -> Pixels:
    """Colours of other primaries and another gamma as sRGB's, by the formulas."""
    linear = (pixels / 255) ** gamma
    linear = np.clip(linear @ (np.linalg.inv(adapted(*SRGB)) @ adapted(*primaries)).T, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055) * 255


def profiles() -> Iterator[Odd]:
    pixels = noise(12, 12, 3)
    for name, primaries, gamma in (("adobe", ADOBE_RGB, 563 / 256), ("p3", DISPLAY_P3, 2.2), ("own", SRGB, 1.0)):
        said, shows = profile(*primaries, gamma), in_srgb(pixels, primaries, round(gamma * 256) / 256)
        yield Odd(f"{name}.png", saved(pixels, "PNG", icc_profile=said), shows, within=1.6)
        yield Odd(f"{name}.webp", saved(pixels, "WEBP", lossless=True, icc_profile=said), shows, within=1.6)
        yield Odd(f"{name}.tif", tiff(pixels, photometric="rgb", iccprofile=said), shows, within=1.6)
        four = np.concatenate([pixels, noise(12, 12, 1, seed=2)], axis=-1)
        with_alpha = np.concatenate([shows, four[..., 3:]], axis=-1)
        yield Odd(f"{name}-rgba.png", saved(four, "PNG", icc_profile=said), with_alpha, within=1.6, alpha=True)
        flat = in_srgb(blocks(), primaries, round(gamma * 256) / 256)
        jpeg = saved(blocks(), "JPEG", quality=100, subsampling=0, icc_profile=said)
        yield Odd(f"{name}.jpg", jpeg, flat, within=20 if gamma == 1 else 6)
    palette = Image.fromarray(blocks()).quantize(8)
    said = profile(*ADOBE_RGB, 563 / 256)
    shows = in_srgb(np.asarray(palette.convert("RGB")), ADOBE_RGB, 563 / 256)
    yield Odd("adobe-palette.png", saved(palette, "PNG", icc_profile=said), shows, within=1.6)
    seen = np.concatenate([shows, np.full((16, 24, 1), 255)], axis=-1)
    content = saved(palette, "PNG", icc_profile=said, transparency=bytes([255] * 8))
    yield Odd("adobe-palette-trns.png", content, seen, within=1.6, alpha=True)
    deep = noise(5, 6, 3, np.uint16)
    for space in ("sRGB", "LAB", "XYZ"):
        own = ImageCms.ImageCmsProfile(ImageCms.createProfile(space)).tobytes()
        yield Odd(f"profile-{space}.png", saved(pixels, "PNG", icc_profile=own), pixels)
        yield Odd(f"grey-{space}.png", saved(pixels[..., :1], "PNG", icc_profile=own), pixels[..., :1])
    yield Odd("no-profile.png", saved(pixels, "PNG", icc_profile=b"none"), pixels)
    yield Odd("grey-adobe.png", saved(pixels[..., :1], "PNG", icc_profile=said), pixels[..., :1])
    yield Odd("deep-adobe.tif", tiff(deep, photometric="rgb", iccprofile=said), deep)


def bitmaps() -> Iterator[Odd]:
    pixels = noise(5, 7, 3)
    yield Odd("rgb.bmp", saved(pixels, "BMP"), pixels)
    yield Odd("grey.bmp", saved(pixels[..., :1], "BMP"), pixels[..., :1])
    bits = pixels[..., :1] > 128
    yield Odd("bits.bmp", saved(Image.fromarray(bits[..., 0]), "BMP"), bits * np.uint8(255))
    palette = Image.fromarray(blocks()).quantize(8)
    yield Odd("palette.bmp", saved(palette, "BMP"), np.asarray(palette.convert("RGB")))
    rows = np.arange(6, dtype=np.uint8)[::-1, None, None].repeat(9, axis=1)
    yield Odd("runs.bmp", picture_files.rle_bmp(9, 6), rows)
    down = bytearray(saved(pixels[::-1], "BMP"))
    down[22:26] = (-5).to_bytes(4, "little", signed=True)
    yield Odd("top-down.bmp", bytes(down), pixels)
    flat = np.full((17, 23, 3), (200, 90, 40), np.uint8)
    yield Odd("lossy.webp", saved(flat, "WEBP"), flat, within=4)
    four = noise(9, 13, 4)
    yield Odd("rgba.webp", saved(four, "WEBP", lossless=True, exact=True), four, alpha=True)


def tiffs() -> Iterator[Odd]:
    rgb: dict[str, Any] = {"photometric": "rgb"}
    for dtype in (np.uint8, np.uint16, np.float32):
        pixels = noise(32, 48, 3, dtype)
        name = np.dtype(dtype).name
        for how in (None, "lzw", "zlib", "packbits", "zstd"):
            for tile in (None, (16, 32)):
                content = tiff(pixels, **rgb, compression=how, tile=tile)
                yield Odd(f"{name}-{how}-{'tiles' if tile else 'strips'}.tif", content, pixels)
        yield Odd(f"{name}-predictor.tif", tiff(pixels, **rgb, compression="zlib", predictor=True), pixels)
        planes = np.ascontiguousarray(pixels.transpose(2, 0, 1))
        yield Odd(f"{name}-planar.tif", tiff(planes, **rgb, planarconfig="separate", rowsperstrip=5), pixels)
        yield Odd(f"{name}-big-endian.tif", tiff(pixels, **rgb, byteorder=">"), pixels)
        yield Odd(f"{name}-bigtiff.tif", tiff(pixels, **rgb, bigtiff=True), pixels)
        bands = noise(6, 9, 5, dtype)
        pages = np.ascontiguousarray(bands.transpose(2, 0, 1))
        yield Odd(f"{name}-pages.tif", tiff(pages, photometric="minisblack"), bands)
        five: dict[str, Any] = {"photometric": "minisblack", "extrasamples": ["unspecified"] * 4}
        yield Odd(f"{name}-bands.tif", tiff(bands, planarconfig="contig", **five), bands)
        four = noise(6, 9, 4, dtype)
        yield Odd(f"{name}-rgba.tif", tiff(four, **rgb, extrasamples=["unassalpha"]), four, alpha=True)
    for dtype in (np.uint8, np.uint16):
        most, straight = np.iinfo(dtype).max, noise(6, 9, 4, dtype)
        straight[..., 3] = np.maximum(straight[..., 3], most // 2)
        weighed = straight.copy()
        weighed[..., :3] = np.rint(straight[..., :3] * (straight[..., 3:] / most))
        content = tiff(weighed, **rgb, extrasamples=["assocalpha"])
        yield Odd(f"{np.dtype(dtype).name}-associated.tif", content, straight, within=1, alpha=True)
        grey = noise(6, 9, 1, dtype)
        yield Odd(f"{np.dtype(dtype).name}-white.tif", tiff(grey[..., 0], photometric="miniswhite"), most - grey)
    grey = noise(6, 9, 1)
    yield Odd("bits.tif", tiff(grey[..., 0] > 128, photometric="minisblack"), (grey > 128) * np.uint8(255))
    yield Odd("white-bits.tif", tiff(grey[..., 0] > 128, photometric="miniswhite"), (grey <= 128) * np.uint8(255))
    colours = noise(1, 256, 3)[0]
    content = tiff(grey[..., 0], photometric="palette", colormap=(colours.T.astype(np.uint16) * 257))
    yield Odd("palette.tif", content, colours[grey[..., 0]])
    twelve = noise(6, 10, 1, np.uint16) % 4096
    packed = bytes(imagecodecs.packints_encode(twelve[..., 0].ravel(), 12))
    yield Odd("12-bits.tif", of_tags(10, 6, 12, 1, packed), twelve)
    yield Odd("white-12-bits.tif", of_tags(10, 6, 12, 0, packed), 4095 - twelve)
    for code in ("int8", "int16", "int32", "float16", "float64"):
        pixels = noise(6, 9, 1, np.dtype(code))
        pixels = pixels % 2**20 if code == "int32" else pixels
        yield Odd(f"{code}.tif", tiff(pixels[..., 0]), pixels.astype(np.float32))
    flat = np.full((32, 48, 3), (200, 90, 40), np.uint8)
    yield Odd("jpeg.tif", tiff(flat, **rgb, compression="jpeg"), flat, within=3)
    image = Image.fromarray(noise(6, 9, 1)[..., 0].astype(np.int32))
    yield Odd("mode-I.tif", saved(image, "TIFF"), noise(6, 9, 1).astype(np.float32))
    image = Image.fromarray(noise(6, 9, 1, np.float32)[..., 0])
    yield Odd("mode-F.tif", saved(image, "TIFF"), noise(6, 9, 1, np.float32))
    small = io.BytesIO()
    with tifffile.TiffWriter(small) as writer:
        writer.write(noise(16, 16, 3), photometric="rgb", metadata=None)
        writer.write(noise(8, 8, 3), photometric="rgb", metadata=None, subfiletype=1)
    yield Odd("thumbnail.tif", small.getvalue(), noise(16, 16, 3))


def of_tags(width: int, height: int, bits: int, photometric: int, data: bytes) -> bytes:
    """A TIFF of one strip that no library writes."""
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: photometric, 273: 8, 277: 1, 278: height, 279: len(data)}
    table = b"".join(
        np.array([code, 4], "<u2").tobytes() + np.array([1, value], "<u4").tobytes() for code, value in tags.items()
    )
    data += bytes(len(data) % 2)
    head = b"II*\0" + np.array([8 + len(data)], "<u4").tobytes()
    return head + data + np.array([len(tags)], "<u2").tobytes() + table + bytes(4)


def arrays() -> Iterator[Odd]:
    for code in ("u1", "<u2", ">u2", "<f4", ">f4", "<f8", ">f8", "<f2", "i1", "<i2", ">i2", "<u4", "<i4"):
        for channels in (1, 2, 5):
            values = noise(6, 9, channels, np.dtype(code))
            values = values % 2**20 if values.dtype.kind in "iu" and values.dtype.itemsize > 2 else values
            kind = values.dtype.newbyteorder("=")
            shows = values.astype(kind if kind in (np.uint8, np.uint16) else np.float32)
            name = f"{code[-2:]}-{'big' if code[0] == '>' else 'little'}-{channels}"
            yield Odd(f"{name}.npy", npy(values[..., 0] if channels == 1 else values), shows)
        yield Odd(f"{name}-fortran.npy", npy(np.asfortranarray(values)), shows)
        yield Odd(f"{name}.npz", npz(picture=values), shows)
    truths = noise(6, 9, 1) > 128
    yield Odd("bool.npy", npy(truths), truths * np.uint8(255))
    yield Odd("int64.npy", npy(noise(6, 9, 1).astype(np.int64)), noise(6, 9, 1).astype(np.float32))


def refused() -> Iterator[Odd]:
    image, other = Image.fromarray(blocks()), Image.fromarray(255 - blocks())
    yield Odd("apng.png", saved(image, "PNG", save_all=True, append_images=[other]), "animation of 2")
    yield Odd("animated.webp", saved(image, "WEBP", save_all=True, append_images=[other]), "animation of 2")
    for mode in ("CMYK", "LAB", "YCbCr"):
        kind = {"CMYK": "SEPARATED", "LAB": "CIELAB", "YCbCr": "YCBCR"}[mode]
        flat = image if mode == "LAB" else image.convert(mode)
        if mode == "LAB":
            flat = Image.merge("LAB", [image.getchannel(0), image.getchannel(1), image.getchannel(2)])
        yield Odd(f"{mode}.tif", saved(flat, "TIFF"), kind)
    for kind in ("GIF", "PPM", "TGA", "ICO", "PDF"):
        yield Odd(f"{kind.lower()}.png", saved(image, kind), "not a picture of a kind read here")
    four = noise(6, 10, 1)[..., 0] % 16
    yield Odd("4-bits.tif", of_tags(10, 6, 4, 1, bytes(imagecodecs.packints_encode(four.ravel(), 4))), "4 bits")
    unlike = io.BytesIO()
    with tifffile.TiffWriter(unlike) as writer:
        writer.write(noise(6, 9, 1)[..., 0], metadata=None)
        writer.write(noise(9, 6, 1)[..., 0], metadata=None)
    yield Odd("unlike-pages.tif", unlike.getvalue(), "differs from the first")
    yield Odd("nan.tif", tiff(np.full((4, 4), np.nan, np.float32)), "16 values that are no numbers")
    yield Odd("infinite.npy", npy(np.full((4, 4), np.inf)), "no numbers or infinite")
    yield Odd("large.npy", npy(np.full((4, 4), 2**24 + 1)), "16,777,216")
    yield Odd("objects.npy", npy(np.array([[None, 1], [2, 3]], object)), "object")
    yield Odd("complex.npy", npy(np.ones((4, 4), complex)), "complex")
    yield Odd("row.npy", npy(np.ones(4)), "(4,)")
    yield Odd("batch.npy", npy(np.ones((2, 4, 4, 3), np.uint8)), "(2, 4, 4, 3)")
    yield Odd("none.npy", npy(np.ones((0, 4))), "(0, 4)")
    yield Odd("two.npz", npz(one=np.ones((2, 2)), other=np.ones((2, 2))), "2 arrays")
    yield Odd("translucent.png", saved(noise(4, 4, 4), "PNG"), "transparency")


def look(odd: Odd, folder: Path) -> str | None:
    """What is wrong; None where nothing is."""
    path, alpha = folder / odd.name, "keep" if odd.alpha else None
    path.write_bytes(odd.content)
    try:
        picture, header = images.read(path, alpha=alpha), images.read_header(path)  # type: ignore[arg-type]
    except PictureError as error:
        told = str(error)
        right = isinstance(odd.shows, str) and odd.shows in told and str(path) in told and "\n" not in told
        return None if right else f"refused: {told}"
    except Exception as error:  # noqa: BLE001
        return f"raised {error!r}"
    if isinstance(odd.shows, str):
        return "was read"
    said = (header.height, header.width, header.channels_with(alpha), header.number)  # type: ignore[arg-type]
    if said != (*picture.shape, picture.dtype.name):
        return f"is {picture.shape} {picture.dtype}, the header says {said}"
    return difference(picture, odd)


def difference(picture: Pixels, odd: Odd) -> str | None:
    """How it differs from what it shows; None within what is allowed."""
    assert not isinstance(odd.shows, str)
    if picture.shape != odd.shows.shape or (not odd.within and picture.dtype != odd.shows.dtype):
        return f"is {picture.shape} of {picture.dtype}, not {odd.shows.shape} of {odd.shows.dtype}"
    off = float(np.abs(picture.astype(np.float64) - odd.shows.astype(np.float64)).max())
    return None if off <= odd.within else f"is off by {off:g}, at most {odd.within:g} allowed"


def main() -> None:
    counts: Counter[tuple[str, str]] = Counter()
    surprises = []
    with tempfile.TemporaryDirectory() as folder:
        for odd in odd_pictures():
            wrong = look(odd, Path(folder))
            kind = "refused" if isinstance(odd.shows, str) else f"within {odd.within:g}" if odd.within else "equal"
            counts[odd.name.rpartition(".")[2], "surprise" if wrong else kind] += 1
            surprises += [f"{odd.name} {wrong.replace(folder, '')}"] if wrong else []
    kinds = sorted({kind for _, kind in counts})
    for ending in sorted({ending for ending, _ in counts}):
        print(f"{ending}: {', '.join(f'{counts[ending, kind]} {kind}' for kind in kinds if counts[ending, kind])}")
    print("\n".join(surprises))
    print(f"{counts.total()} pictures, {len(surprises)} surprises")
    sys.exit(bool(surprises))


if __name__ == "__main__":
    main()
