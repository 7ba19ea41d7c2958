"""Archives that must be refused: each maker writes one, and says by what words the refusal is known."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

Maker = Callable[[Path], None]
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "tar": bytes,
    "tar.gz": gzip.compress,
    "tar.bz2": bz2.compress,
    "tar.xz": lzma.compress,
}
CONTENT = b"content " * 100
ABSOLUTE = "/tmp/pixlate-evil"  # noqa: S108 - nothing comes to lie there


def tar(*members: tarfile.TarInfo | tuple[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for member in members:
            info, content = (tarfile.TarInfo(member[0]), member[1]) if isinstance(member, tuple) else (member, b"")
            if info.isreg():
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def info(name: str, kind: bytes, target: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    told = tarfile.TarInfo(name)
    told.type, told.linkname, told.mode = kind, target, mode
    return told


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", method) as archive:
        warnings.simplefilter("ignore")  # a name that is there twice
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def zip_info(name: str, mode: int = 0, system: int = 3) -> zipfile.ZipInfo:
    told = zipfile.ZipInfo("placeholder")
    told.filename = told.orig_filename = name
    told.external_attr, told.create_system = mode << 16, system
    return told


def patched(content: bytes, before: bytes, after: bytes) -> bytes:
    assert before in content
    assert len(before) == len(after)
    return content.replace(before, after)


NAMES = {
    "parent": ("../canary/new", "a way out"),
    "parent in the middle": ("a/../../canary/new", "a way out"),
    "parent at the end": ("a/..", "a way out"),
    "absolute": (ABSOLUTE, "an absolute path"),
    "two slashes": ("//server/share", "an absolute path"),
    "backslashes": ("..\\canary\\new", "a backslash"),
    "drive": ("C:/windows/new", "a drive's letter"),
    "drive without a slash": ("c:new", "a drive's letter"),
    "new line": ("a\nb", "a control character"),
    "escape": ("a\x1b[31mb", "a control character"),
    "right to left": ("a\u202egpj.exe", "a control character"),
    "reserved": ("a/nul.txt", "reserved on Windows"),
    "reserved device": ("COM1", "reserved on Windows"),
    "dot at the end": ("a./b", "ends in a dot"),
    "blank at the end": ("a /b", "ends in a dot"),
    "long name": ("a" * 256, "a name of more than 255 bytes"),
    "long name of few letters": ("ä" * 128, "a name of more than 255 bytes"),
    "long path": ("/".join(["a" * 200] * 6), "a path of more than"),
    "deep": ("/".join("a" * 40), "folders deep"),
}
PAIRS = {
    "twice": ("a", "a", "twice"),
    "case": ("a/b.jpg", "a/B.JPG", "only case or composition"),
    "folders' case": ("a/b", "A/c", "only case or composition"),
    "composition": ("caf\u00e9", "cafe\u0301", "only case or composition"),
    "file and folder": ("a", "a/b", "twice"),
    "folder and file": ("a/b", "a", "twice"),
}
KINDS = {
    "symbolic link": (tarfile.SYMTYPE, "/etc/passwd", "a symbolic link"),
    "link to above": (tarfile.SYMTYPE, "../canary", "a symbolic link"),
    "hard link": (tarfile.LNKTYPE, "../canary/old", "a hard link"),
    "character device": (tarfile.CHRTYPE, "", "a device"),
    "block device": (tarfile.BLKTYPE, "", "a device"),
    "pipe": (tarfile.FIFOTYPE, "", "a named pipe"),
    "contiguous and unknown": (b"Z", "", "neither a file nor a folder"),
}


def _tars() -> dict[str, tuple[str, bytes, str]]:
    made: dict[str, tuple[str, bytes, str]] = {}
    for name, (path, words) in NAMES.items():
        made[f"tar, {name}"] = ("tar", tar(("good", b"1"), (path, CONTENT)), words)
    made["tar, gnu long name"] = (
        "tar", tar(("../" + "a/" * 80 + "b", CONTENT), form=tarfile.GNU_FORMAT), "a way out",
    )  # fmt: skip
    for name, (one, other, words) in PAIRS.items():
        made[f"tar, {name}"] = ("tar", tar((one, CONTENT), (other, CONTENT)), words)
    for name, (kind, target, words) in KINDS.items():
        made[f"tar, {name}"] = ("tar", tar(("good", b"1"), info("bad", kind, target)), words)
    made["tar, link, then a file through it"] = (
        "tar", tar(info("a", tarfile.SYMTYPE, "../canary"), ("a/new", CONTENT)), "a symbolic link",
    )  # fmt: skip
    made["tar, setuid"] = ("tar", tar(info("a", tarfile.REGTYPE, mode=0o4755)), "another user")
    made["tar, setgid"] = ("tar", tar(info("a", tarfile.REGTYPE, mode=0o2755)), "another user")
    made["tar, sparse"] = ("tar", tar(info("a", b"S")), "a sparse file")
    return made


def _broken_tars() -> dict[str, tuple[str, bytes, str]]:
    whole = tar(("a", CONTENT * 50), ("b", CONTENT))
    sparse = info("a", tarfile.REGTYPE)
    sparse.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
    everywhere = io.BytesIO()
    with tarfile.open(fileobj=everywhere, mode="w", pax_headers={"path": "../canary/new"}) as archive:
        archive.addfile(tarfile.TarInfo("a"))
    huge = info("a", tarfile.REGTYPE)
    huge.size = 2**40
    made = {
        "tar, pax sparse": ("tar", tar(sparse), "a sparse file"),
        "tar, global path": ("tar", everywhere.getvalue(), "one name for all"),
        "tar, a size beyond its end": ("tar", huge.tobuf() + b"x" * 1024, "cut short"),
        "tar, long header": ("tar", header(b"L", 2**30) + b"x" * 1024, "a header of"),
        "tar, no end": ("tar", tar(("a", b"x" * 512))[:1024], "cut short"),
        "tar, checksum": ("tar", patched(whole, b"a" + bytes(99), b"c" + bytes(99)), "another checksum"),
        "tar, name in another code": ("tar", header(b"0", 0, b"caf\xe9") + bytes(1024), "not UTF-8"),
        "tar, no name": ("tar", header(b"0", 0, b"") + bytes(1024), "no name"),
        "tar, nothing": ("tar", b"", "no archive"),
        "tar, a page": ("tar", b"<!DOCTYPE html><p>Log in</p>", "no archive"),
    }
    for kind, pack in PACKED.items():
        packed = pack(whole)
        made[f"{kind}, cut"] = (kind, packed[: len(packed) // 2], "damaged or cut short")
        if kind != "tar":
            made[f"{kind}, last bytes cut"] = (kind, packed[:-3], "damaged or cut short")
            made[f"{kind}, parent"] = (kind, pack(tar(("../canary/new", CONTENT))), "a way out")
            made[f"{kind}, bomb"] = (kind, pack(tar(("zeros", bytes(2**24)))), "times its size")
            made[f"{kind}, no tar in it"] = (kind, pack(b"hello" * 200), "damaged or cut short")
    return made


def header(kind: bytes, size: int, name: bytes = b"a") -> bytes:
    """One tar header by hand."""
    block = bytearray(512)
    block[: len(name)] = name
    block[100:108], block[124:136] = b"0000644\0", b"%011o\0" % size
    block[148:156], block[156:157], block[257:265] = b" " * 8, kind, b"ustar\x0000"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def _zips() -> dict[str, tuple[str, bytes, str]]:
    made: dict[str, tuple[str, bytes, str]] = {}
    for name, (path, words) in NAMES.items():
        made[f"zip, {name}"] = ("zip", zipped(("good", b"1"), (zip_info(path), CONTENT)), words)
    for name, (one, other, words) in PAIRS.items():
        made[f"zip, {name}"] = ("zip", zipped((one, CONTENT), (other, CONTENT)), words)
    made["zip, NUL"] = ("zip", patched(zipped(("aXb", CONTENT)), b"aXb", b"a\0b"), "a control character")
    for name, mode, words in (
        ("symbolic link", 0o120777, "a symbolic link"),
        ("pipe", 0o010644, "neither a file"),
        ("device", 0o020644, "neither a file"),
        ("socket", 0o140644, "neither a file"),
        ("setuid", 0o104755, "another user"),
        ("setgid", 0o102755, "another user"),
    ):
        made[f"zip, {name}"] = ("zip", zipped((zip_info("a", mode), b"../canary")), words)
    made["zip, link named as a folder"] = ("zip", zipped((zip_info("a/", 0o120777), b"")), "a symbolic link")
    made["zip, folder with content"] = ("zip", zipped((zip_info("a/"), CONTENT)), "a folder with content")
    for name, method in (("bzip2", zipfile.ZIP_BZIP2), ("lzma", zipfile.ZIP_LZMA)):
        made[f"zip, {name}"] = ("zip", zipped(("a", CONTENT), method=method), "packed in a way")
    made["zip, bomb"] = ("zip", zipped(("zeros", bytes(2**24)), method=zipfile.ZIP_DEFLATED), "times its size")
    return made


def _broken_zips() -> dict[str, tuple[str, bytes, str]]:
    whole = zipped(("a", CONTENT), ("b", CONTENT[::-1]))
    deflated = zipped(("a", CONTENT), method=zipfile.ZIP_DEFLATED)
    at = whole.index(b"PK\x01\x02")
    other = whole.index(b"PK\x01\x02", at + 1)
    overlapping = whole[: other + 42] + whole[at + 42 : at + 46] + whole[other + 46 :]
    overlapping = overlapping[: other + 46] + b"a" + overlapping[other + 47 :]
    encrypted = bytearray(whole)
    encrypted[6] |= 1
    encrypted[at + 8] |= 1
    beyond = bytearray(whole)
    beyond[at + 20 : at + 24] = struct.pack("<I", len(whole))
    damaged = bytearray(deflated)
    damaged[40] ^= 0x55
    return {
        "zip, overlapping": ("zip", overlapping, "it overlaps"),
        "zip, into the directory": ("zip", bytes(beyond), "it overlaps"),
        "zip, encrypted": ("zip", bytes(encrypted), "encrypted"),
        "zip, cut": ("zip", whole[: len(whole) // 2], "damaged or cut short"),
        "zip, last byte cut": ("zip", whole[:-1], "damaged or cut short"),
        "zip, content": ("zip", patched(whole, b"content ", b"CONTENT "), "damaged or cut short"),
        "zip, deflated content": ("zip", bytes(damaged), "damaged or cut short"),
        "zip, another name within": ("zip", whole.replace(b"a", b"c", 1), "damaged or cut short"),
        "zip, no member where it should be": (
            "zip",
            b"XX\x03\x04".join(whole.rsplit(b"PK\x03\x04", 1)),
            "damaged or cut short",
        ),
    }


EVIL = _tars() | _broken_tars() | _zips() | _broken_zips()
"""By name: the file's ending, its bytes, and words of the refusal."""
