"""What a file holds, by its bytes and whatever its ending says, pictures that are not read here included."""

import re

_READ = {
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "JPEG": (b"\xff\xd8\xff",),
    "BMP": (b"BM",),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "NumPy array": (b"\x93NUMPY",),
    "ZIP": (b"PK\x03\x04",),
}
_OTHERS = {
    "GIF": (b"GIF87a", b"GIF89a"),
    "PDF": (b"%PDF",),
    "Photoshop file": (b"8BPS",),
    "OpenEXR": (b"\x76\x2f\x31\x01",),
    "JPEG XL": (b"\xff\x0a", b"\0\0\0\x0cJXL "),
    "JPEG 2000": (b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"),
    "gzip file": (b"\x1f\x8b",),
    "Git LFS pointer": (b"version https://git-lfs",),
}
_PAGE = re.compile(
    rb"(?:<\?xml[^>]*>|<!--.*?-->|\s)*+<(!doctype\s+html|html|head|body|title|script)\b", re.IGNORECASE | re.DOTALL
)
_END_OF_JPEG, _END_OF_PNG = b"\xff\xd9", b"IEND"
_TAIL = 64

ENDINGS: dict[str, tuple[str, ...]] = {
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg"),
    "WebP": (".webp",),
    "BMP": (".bmp",),
    "TIFF": (".tif", ".tiff"),
    "NumPy array": (".npy", ".npz"),
    "ZIP": (".npz",),
}
"""What files of the formats that are read are called."""


def format_of(start: bytes) -> str | None:
    """The format of a file that begins so (some hundred bytes will do); None for one that is not known."""
    for name, signatures in (_READ | _OTHERS).items():
        if start.startswith(signatures):
            return name
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WebP"
    if start[4:8] == b"ftyp":
        return {b"avif": "AVIF", b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIC"}.get(start[8:12], "video")
    return "HTML" if _PAGE.match(start.removeprefix(b"\xef\xbb\xbf")) else None


def is_cut_off(content: bytes) -> bool:
    """Whether a PNG, JPEG, WebP or BMP that cannot be decoded lacks its end; False for what does not tell."""
    name, tail = format_of(content[:_TAIL]), content[-_TAIL:]
    if name == "JPEG":
        return _END_OF_JPEG not in tail
    if name == "PNG":
        return _END_OF_PNG not in tail
    if name == "WebP":
        return int.from_bytes(content[4:8], "little") + 8 > len(content)
    return name == "BMP" and int.from_bytes(content[2:6], "little") > len(content)
