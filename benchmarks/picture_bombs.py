"""Files that promise far more than they hold."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import picture_files
from picture_files import chunk

ZEROS = 60_000


def bombs(folder: Path) -> Iterator[Path]:
    """Write them, one by one."""
    for name, make in BOMBS.items():
        path = folder / name
        content = make()
        with path.open("wb") as file:
            file.write(content)
            if "sparse" in name:
                file.truncate(5 << 30)
        yield path


def deflated(size: int, level: int = 9) -> bytes:
    """So many zeros."""
    packer, made = zlib.compressobj(level), bytearray()
    block = bytes(1 << 20)
    for _ in range(size >> 20):
        made += packer.compress(block)
    return bytes(made + packer.compress(bytes(size & 0xFFFFF)) + packer.flush())


def png(height: int, width: int, data: bytes, before: bytes = b"", bits: int = 8, colour_type: int = 2) -> bytes:
    """A PNG of that size, whatever its data."""
    head = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    whole = chunk(b"IHDR", head) + before + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return picture_files.SIGNATURE + whole


def text(name: bytes, size: int, key: str = "x") -> bytes:
    """Text or a profile of so many zeros in a chunk of a PNG."""
    return chunk(name, key.encode() + b"\0\0" + deflated(size))


def jpeg(height: int, width: int, *, marker: int = 0xC0, scans: int = 1) -> bytes:
    """A small JPEG that says it is larger, or has one of its scans again and again."""
    content = bytearray(picture_files.saved(picture_files.blocks(), "JPEG", progressive=marker == 0xC2))
    at = content.index(bytes([0xFF, marker])) + 5
    struct.pack_into(">HH", content, at, height, width)
    scan = content.rindex(b"\xff\xda")
    return bytes(content[:scan] + content[scan:-2] * scans + content[-2:])


def webp(kind: bytes, body: bytes) -> bytes:
    """A WebP of one chunk."""
    return b"RIFF" + struct.pack("<I", len(body) + 12) + b"WEBP" + kind + struct.pack("<I", len(body)) + body


def bmp(width: int, height: int, bits: int = 24, compression: int = 0) -> bytes:
    """A BMP of hardly any data."""
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 64, 0, 0, 0, 0)
    return struct.pack("<2sIHHI", b"BM", 118, 0, 0, 54) + head + bytes(64)


def tiff(*pages: dict[int, tuple[int, int, int]], data: bytes = b"", following: int | None = None) -> bytes:
    """A TIFF of those tags: code → type, count, value; `data` at 8; the last page leads to `following`."""
    content = bytearray(struct.pack("<2sHI", b"II", 42, 8 + len(data)))
    content += data
    for place, tags in enumerate(pages):
        end = len(content) + 2 + 12 * len(tags) + 4
        last = place == len(pages) - 1
        after = (following or 0) if last else end
        entries = b"".join(struct.pack("<HHII", code, *tag) for code, tag in sorted(tags.items()))
        content += struct.pack("<H", len(tags)) + entries + struct.pack("<I", after)
    return bytes(content)


def page(
    width: int, height: int, *, compression: int = 1, count: int = 8, **more: int
) -> dict[int, tuple[int, int, int]]:
    """The tags of a grey page of one strip at 8."""
    numbers = {256: width, 257: height, 258: 8, 259: compression, 262: 1, 273: 8, 277: 1, 278: height, 279: count}
    numbers |= {int(code[1:]): value for code, value in more.items()}
    return {code: (4, 1, value) for code, value in numbers.items()}


def npy(shape: str, dtype: str = "|u1", data: bytes = b"") -> bytes:
    """A .npy of that description."""
    said = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    said += b" " * (-(len(said) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(said)) + said + data


def npz(*members: tuple[str, bytes], says: int | None = None) -> bytes:
    """An .npz of those; `says` is the size its list gives for each."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    made = bytearray(file.getvalue())
    at = made.find(b"PK\1\2")
    while says is not None and at >= 0:
        struct.pack_into("<I", made, at + 24, says)
        at = made.find(b"PK\1\2", at + 1)
    return bytes(made)


def inflating(compression: int, data: bytes) -> bytes:
    """A TIFF of 8×8 pixels whose strip becomes 128 MiB."""
    return tiff(page(8, 8, compression=compression, count=len(data)), data=data)


def exif_of_many() -> bytes:
    """EXIF that says a tag has 2³² values."""
    return b"MM\0*\0\0\0\x08\0\x02\x01\x12\0\x05\xff\xff\xff\xff\0\0\0\x08\x87\x69\0\x04\0\0\0\x01\0\0\0\x08\0\0\0\0"


def looped(count: int) -> bytes:
    """Pages of which the last leads to the second."""
    small = tiff(*[page(1, 1, count=1)] * count, data=bytes(8))
    second = 16 + 2 + 12 * 9 + 4
    return small[:-4] + struct.pack("<I", second)


def wide_members() -> bytes:
    """An archive of 60,000 empty arrays."""
    return npz(*((f"{number}.npy", b"") for number in range(60_000)))


BOMBS: dict[str, Callable[[], bytes]] = {
    "huge.png": lambda: png(2**31 - 1, 2**31 - 1, b""),
    "wide.png": lambda: png(1, 2**31 - 1, b""),
    "tall.png": lambda: png(2**31 - 1, 1, b""),
    "zeros-60000.png": lambda: png(ZEROS, ZEROS, deflated(64 << 20)),
    "deep-zeros.png": lambda: png(30_000, 30_000, deflated(64 << 20), bits=16, colour_type=6),
    "short.png": lambda: png(14_000, 14_000, deflated(1000)),
    "short-deep.png": lambda: png(14_000, 14_000, deflated(1000), bits=16),
    "iccp.png": lambda: png(1, 1, deflated(4), text(b"iCCP", 64 << 20)),
    "ztxt.png": lambda: png(1, 1, deflated(4), text(b"zTXt", 64 << 20)),
    "itxt.png": lambda: png(1, 1, deflated(4), chunk(b"iTXt", b"x\0\1\0\0\0" + deflated(64 << 20))),
    "many-ztxt.png": lambda: png(1, 1, deflated(4), b"".join(text(b"zTXt", 1 << 20, str(key)) for key in range(80))),
    "long-chunk.png": lambda: picture_files.SIGNATURE + struct.pack(">I", 2**31 - 1) + b"IHDR" + bytes(64),
    "sparse.png": lambda: png(10, 10, deflated(310)),
    "huge.jpg": lambda: jpeg(65_500, 65_500),
    "huge-progressive.jpg": lambda: jpeg(65_500, 65_500, marker=0xC2),
    "short.jpg": lambda: jpeg(14_000, 14_000),
    "short-progressive.jpg": lambda: jpeg(14_000, 14_000, marker=0xC2),
    "scans.jpg": lambda: jpeg(16, 24, marker=0xC2, scans=20_000),
    "large-scans.jpg": lambda: jpeg(5_000, 5_000, marker=0xC2, scans=5_000),
    "sparse.jpg": lambda: jpeg(16, 24),
    "exif.jpg": lambda: picture_files.saved(picture_files.blocks(), "JPEG", exif=b"Exif\0\0" + exif_of_many()).replace(
        b"\0\x10\0\x18", b"\xff\xdc\xff\xdc", 1
    ),
    "vp8x.webp": lambda: webp(b"VP8X", bytes(4) + b"\xff" * 6),
    "vp8l.webp": lambda: webp(b"VP8L", b"\x2f\xff\xff\xff\x0f"),
    "vp8.webp": lambda: webp(b"VP8 ", b"\x10\0\0\x9d\x01\x2a\xff\x3f\xff\x3f"),
    "short.webp": lambda: webp(b"VP8X", bytes(4) + b"\xff\x35\0\xff\x35\0"),
    "riff.webp": lambda: b"RIFF\xff\xff\xff\xffWEBPVP8X\xff\xff\xff\xff" + bytes(4) + b"\xff" * 6,
    "huge.bmp": lambda: bmp(2**31 - 1, 2**31 - 1),
    "upside-down.bmp": lambda: bmp(2**31 - 1, -(2**31) + 1),
    "runs.bmp": lambda: picture_files.rle_bmp(ZEROS, ZEROS, b"\0\1"),
    "skips.bmp": lambda: picture_files.rle_bmp(100_000_000, 2, b"\0\2\xff\xff" * 100),
    "short.bmp": lambda: bmp(14_000, 14_000),
    "strip.tif": lambda: tiff(page(2**31, 2**31), data=bytes(8)),
    "one-strip.tif": lambda: tiff(page(10_000, 10_000), data=bytes(8)),
    "deflated-strip.tif": lambda: tiff(page(ZEROS, ZEROS, compression=8), data=deflated(1 << 20)),
    "deflate.tif": lambda: inflating(8, deflated(128 << 20)),
    "samples.tif": lambda: tiff(page(1000, 1000, t277=65_535), data=bytes(8)),
    "tile.tif": lambda: tiff(page(8, 8, compression=8, t322=ZEROS, t323=ZEROS, t324=8, t325=8), data=deflated(0)),
    "pages.tif": lambda: tiff(*[page(1, 1, count=1)] * 100_000, data=bytes(8)),
    "large-pages.tif": lambda: tiff(*[page(10_000, 10_000, compression=8)] * 1000, data=deflated(0)),
    "loop.tif": lambda: tiff(page(1, 1, count=1), data=bytes(8), following=16),
    "long-loop.tif": lambda: looped(2000),
    "tags.tif": lambda: struct.pack("<2sHIH", b"II", 42, 8, 65_535) + bytes(65_535 * 12 + 4),
    "tag-count.tif": lambda: tiff(page(1, 1, count=1) | {273: (16, 2**32 - 1, 8)}, data=bytes(8)),
    "many-widths.tif": lambda: tiff(page(1, 1 << 24) | {256: (4, 9, 8)}, data=bytes(36)),
    "strips.tif": lambda: tiff(page(1, 1) | {273: (4, 12 << 20, 8), 279: (4, 12 << 20, 8)}, data=bytes(48 << 20)),
    "shared-tags.tif": lambda: tiff(*[page(1, 1) | {700: (1, 8 << 20, 8)}] * 4000, data=bytes(8 << 20)),
    "bigtiff.tif": lambda: struct.pack("<2sHHHQQ", b"II", 43, 8, 0, 16, 2**63) + bytes(64),
    "sparse.tif": lambda: tiff(page(2, 2), data=bytes(8)),
    "huge.npy": lambda: npy("(100000, 100000, 4)", "<f8"),
    "short.npy": lambda: npy("(13000, 13000)", "<f4"),
    "overflow.npy": lambda: npy("(4294967296, 4294967296, 4294967296)"),
    "negative.npy": lambda: npy("(-1, 4)", data=bytes(64)),
    "long-header.npy": lambda: b"\x93NUMPY\x02\0" + struct.pack("<I", 2**32 - 1) + b"(" * 1_000_000,
    "deep-header.npy": lambda: npy("(" * 9000 + ")" * 9000),
    "sparse.npy": lambda: npy("(2, 2)", data=bytes(4)),
    "huge.npz": lambda: npz(("a.npy", npy("(100000, 100000)", "<f8"))),
    "short.npz": lambda: npz(("a.npy", npy("(13000, 13000)", "<f4"))),
    "zeros.npz": lambda: npz(("a.npy", npy("(13000, 13000)", "<f4")), says=13000 * 13000 * 4 + 128),
    "members.npz": wide_members,
    "nested.npz": lambda: npz(("a.npz", npz(("a.npy", npy("(9, 9)"))))),
    "lying.npz": lambda: npz(("a.npy", npy("(9, 9)", data=bytes(1000))), says=50),
}
