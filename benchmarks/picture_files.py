"""Small picture files of every format and mode that is read, and what no library writes, made byte by byte."""

import io
import struct
import zlib
from functools import cache
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageCms, PngImagePlugin

Pixels = NDArray[Any]

COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""A PNG's, by channels."""
_PASSES = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def noise(height: int, width: int, channels: int, dtype: Any = np.uint8, seed: int = 0) -> Pixels:
    """Every level of whole numbers, and floats of either sign."""
    draw = np.random.default_rng([seed, height, width, channels])
    if np.dtype(dtype).kind == "f":
        return draw.normal(0, 100, (height, width, channels)).astype(dtype)
    return draw.integers(0, np.iinfo(dtype).max, (height, width, channels), endpoint=True).astype(dtype)


def blocks(height: int = 16, width: int = 24) -> Pixels:
    """Flat 8×8 blocks of colours, which JPEG keeps nearly as they are."""
    six = np.array([[[250, 0, 0], [0, 250, 0], [0, 0, 250]], [[250, 250, 0], [0, 250, 250], [60, 60, 60]]], np.uint8)
    whole = six.repeat(8, axis=0).repeat(8, axis=1)
    return np.tile(whole, (-(-height // 16), -(-width // 24), 1))[:height, :width]


def chunk(name: bytes, content: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(
    pixels: Pixels, *, bits: int = 8, colour_type: int | None = None, interlaced: bool = False, **chunks: bytes
) -> bytes:
    """A PNG (H, W, 1 … 4) by the format's own description, `before` and `behind` the pixels what is given."""
    height, width, channels = pixels.shape
    rows = []
    for top, left, down, across in _PASSES if interlaced else [(0, 0, 1, 1)]:
        part = pixels[top::down, left::across]
        rows += [b"\0" + _packed(row.ravel(), bits) for row in part if row.size]
    kind = COLOUR_TYPES[channels] if colour_type is None else colour_type
    head = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, interlaced)
    data = chunk(b"IDAT", zlib.compress(b"".join(rows)))
    before, behind = chunks.get("before", b""), chunks.get("behind", b"")
    return SIGNATURE + chunk(b"IHDR", head) + before + data + behind + chunk(b"IEND", b"")


def _packed(row: Pixels, bits: int) -> bytes:
    if bits >= 8:
        return row.astype(f">u{bits // 8}").tobytes()
    each = (row[:, None] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(each.ravel().astype(np.uint8)).tobytes()


def exif(orientation: int) -> bytes:
    """EXIF that says nothing else."""
    return b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + struct.pack(">HHI", orientation, 0, 0)


def saved(pixels: Pixels | Image.Image, kind: str, **options: Any) -> bytes:
    """A file as Pillow writes it."""
    image = (
        pixels
        if isinstance(pixels, Image.Image)
        else Image.fromarray(np.squeeze(pixels, -1) if pixels.shape[-1] == 1 else pixels)
    )
    file = io.BytesIO()
    image.save(file, format=kind, **options)
    return file.getvalue()


def tiff(pixels: Pixels, **options: Any) -> bytes:
    """A file as tifffile writes it."""
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, metadata=None, **options)
    return file.getvalue()


def npy(array: Pixels) -> bytes:
    """A .npy file."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=array.dtype == object)
    return file.getvalue()


def npz(**named: Any) -> bytes:
    """A .npz file."""
    file = io.BytesIO()
    np.savez(file, **named)
    return file.getvalue()


def profile(red: tuple[float, float], green: tuple[float, float], blue: tuple[float, float], gamma: float) -> bytes:
    """An ICC profile of three primaries (xy) under D65, adapted to D50 by Bradford, and one gamma for all."""
    matrix = adapted(red, green, blue)
    curve = struct.pack(">4sIIH", b"curv", 0, 1, round(gamma * 256)) + b"\0\0"
    text = b"Matrix\0"
    tags = {
        b"desc": struct.pack(">4sII", b"desc", 0, len(text)) + text + bytes(79),
        b"wtpt": _xyz(D50),
        **{name: _xyz(column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), matrix.T, strict=True)},
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
        b"cprt": struct.pack(">4sI", b"text", 0) + b"None\0",
    }
    table, body, at = b"", b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        whole = content + bytes(-len(content) % 4)
        table += struct.pack(">4sII", name, at + len(body), len(whole))
        body += whole
    head = struct.pack(
        ">I4sI4s4s4s12s4s",
        at + len(body),
        b"\0\0\0\0",
        0x02100000,
        b"mntr",
        b"RGB ",
        b"XYZ ",
        struct.pack(">6H", 2020, 1, 1, 0, 0, 0),
        b"acsp",
    )
    head += bytes(68 - len(head)) + _xyz(D50)[8:]
    return head + bytes(128 - len(head)) + struct.pack(">I", len(tags)) + table + body


D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def adapted(*primaries: tuple[float, float]) -> Pixels:
    """Linear RGB → XYZ of D50, as profiles hold it."""
    white = np.array([0.3127 / 0.3290, 1.0, (1 - 0.3127 - 0.3290) / 0.3290])
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in primaries]).T
    matrix = columns * np.linalg.solve(columns, white)
    gains = (_BRADFORD @ D50) / (_BRADFORD @ white)
    answer: Pixels = np.linalg.inv(_BRADFORD) @ np.diag(gains) @ _BRADFORD @ matrix
    return answer


def _xyz(values: Pixels) -> bytes:
    return struct.pack(">4sI3i", b"XYZ ", 0, *(round(float(value) * 65536) for value in values))


ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))


@cache
def seeds() -> dict[str, bytes]:
    """One small file of every format and mode, by a name whose ending is the file's."""
    colours, grey, deep = noise(6, 9, 3), noise(6, 9, 1), noise(6, 9, 4, np.uint16)
    image = Image.fromarray(blocks())
    palette = image.quantize(8)
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "x" * 40, zip=True)
    adobe = profile(*ADOBE_RGB, 2.2)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    made: dict[str, bytes] = {
        "rgb.png": saved(colours, "PNG"),
        "grey.png": saved(grey, "PNG"),
        "rgba.png": saved(noise(6, 9, 4), "PNG"),
        "la.png": saved(noise(6, 9, 2), "PNG"),
        "bits.png": saved(image.convert("1"), "PNG"),
        "palette.png": saved(palette, "PNG"),
        "trns.png": saved(palette, "PNG", transparency=bytes([0, 9, 255])),
        "key.png": saved(colours, "PNG", transparency=(1, 2, 3)),
        "text.png": saved(grey, "PNG", pnginfo=text),
        "exif.png": saved(colours, "PNG", exif=exif(6)),
        "icc.png": saved(colours, "PNG", icc_profile=adobe),
        "interlaced.png": png(colours, interlaced=True),
        "apng.png": saved(image, "PNG", save_all=True, append_images=[image.rotate(90)]),
        **{f"deep{channels}.png": png(noise(5, 7, channels, np.uint16), bits=16) for channels in (1, 2, 3, 4)},
        "deep-exif.png": png(deep[..., :3], bits=16, interlaced=True, behind=chunk(b"eXIf", exif(6))),
        "rgb.jpg": saved(image, "JPEG"),
        "grey.jpg": saved(grey, "JPEG"),
        "cmyk.jpg": saved(image.convert("CMYK"), "JPEG"),
        "progressive.jpg": saved(image, "JPEG", progressive=True),
        "exif.jpg": saved(image, "JPEG", exif=b"Exif\0\0" + exif(6)),
        "icc.jpg": saved(image, "JPEG", icc_profile=adobe),
        "srgb.jpg": saved(image, "JPEG", icc_profile=srgb),
        "mpo.jpg": saved(image, "MPO", save_all=True, append_images=[image]),
        "lossy.webp": saved(image, "WEBP"),
        "lossless.webp": saved(image, "WEBP", lossless=True),
        "rgba.webp": saved(noise(6, 9, 4), "WEBP"),
        "exif.webp": saved(image, "WEBP", exif=exif(6), icc_profile=adobe),
        "animated.webp": saved(image, "WEBP", save_all=True, append_images=[image.rotate(90)]),
        "rgb.bmp": saved(colours, "BMP"),
        "grey.bmp": saved(grey, "BMP"),
        "bits.bmp": saved(image.convert("1"), "BMP"),
        "palette.bmp": saved(palette, "BMP"),
        "rgba.bmp": saved(noise(6, 9, 4), "BMP"),
        "rle.bmp": rle_bmp(9, 6),
        "rgb.npy": npy(colours),
        "bool.npy": npy(grey[..., 0] > 128),
        "float.npy": npy(noise(6, 9, 5, np.float64)),
        "big.npy": npy(noise(6, 9, 2, ">u2")),
        "int.npy": npy(grey.astype(np.int64)),
        "rgb.npz": npz(picture=colours),
        "float.npz": npz(picture=noise(6, 9, 2, np.float32)),
    }
    return made | tiff_seeds()


def tiff_seeds() -> dict[str, bytes]:
    """As above, of TIFF."""
    colours, grey, deep = noise(32, 16, 3), noise(6, 9, 1)[..., 0], noise(6, 9, 5, np.uint16)
    rgb: dict[str, Any] = {"photometric": "rgb"}
    planes = np.ascontiguousarray(colours.transpose(2, 0, 1))
    made = {
        "rgb.tif": tiff(colours, **rgb),
        "grey.tif": tiff(grey),
        "bits.tif": tiff(grey > 128),
        "strips.tif": tiff(colours, **rgb, rowsperstrip=4),
        "tiles.tif": tiff(colours, **rgb, tile=(16, 16)),
        "planar.tif": tiff(planes, **rgb, planarconfig="separate"),
        "white.tif": tiff(grey, photometric="miniswhite"),
        "big.tif": tiff(colours, **rgb, byteorder=">"),
        "bigtiff.tif": tiff(colours, **rgb, bigtiff=True),
        "bands.tif": tiff(deep, photometric="minisblack", planarconfig="contig", extrasamples=["unspecified"] * 4),
        "float.tif": tiff(noise(6, 9, 1, np.float32)[..., 0], compression="zlib", predictor=True),
        "double.tif": tiff(noise(6, 9, 1, np.float64)[..., 0]),
        "half.tif": tiff(noise(6, 9, 1, np.float16)[..., 0]),
        "rgba.tif": tiff(noise(6, 9, 4), **rgb, extrasamples=["unassalpha"]),
        "associated.tif": tiff(noise(6, 9, 4), **rgb, extrasamples=["assocalpha"]),
        "pages.tif": tiff(noise(3, 8, 10, np.uint16).transpose(0, 1, 2), photometric="minisblack"),
        "geo.tif": tiff(grey, extratags=GEOTAGS),
        "turned.tif": tiff(colours, **rgb, extratags=[(274, 3, 1, 6, True)]),
        "palette.tif": tiff(grey, photometric="palette", colormap=noise(3, 256, 1, np.uint16)[..., 0]),
    }
    for how in ("lzw", "zlib", "jpeg", "packbits", "lzma", "zstd"):
        made[f"{how}.tif"] = tiff(colours, **rgb, compression=how)
    return made


GEOTAGS = [
    (33550, 12, 3, (10.0, 20.0, 0.0), True),
    (33922, 12, 6, (3.0, 4.0, 0.0, 500000.0, 4600000.0, 0.0), True),
    (34735, 3, 4, (1, 1, 0, 0), True),
    (42113, 2, 6, "-9999", True),
]


def rle_bmp(width: int, height: int, runs: bytes | None = None) -> bytes:
    """A BMP of 8 bits in runs; without any, each row is one run of its own number."""
    data = b"".join(bytes([width, row, 0, 0]) for row in range(height)) + b"\0\1" if runs is None else runs
    colours = bytes(value for level in range(256) for value in (level, level, level, 0))
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(data), 0, 0, 256, 0)
    return struct.pack("<2sIHHI", b"BM", 54 + 1024 + len(data), 0, 0, 54 + 1024) + head + colours + data
