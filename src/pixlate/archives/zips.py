"""The members of a zip file."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from pixlate.archives.limits import CHUNK, Count, Member

MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
"""How a zip file begins; the second is one that holds nothing."""

_ENCRYPTED = 0x1 | 0x40 | 0x2000
_UNIX = 3
_HEADER = struct.Struct("<4s22xHH")
_DAMAGE = (
    zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, OverflowError, LookupError, RuntimeError,
    MemoryError, struct.error, zlib.error,
)  # fmt: skip
"""What zipfile raises on malformed files, depending on the place."""


def members(file: BinaryIO, size: int, count: Count) -> Iterator[Member]:
    """The members of the zip file of `size` bytes, in the order of its directory.

    Raises:
        ArchiveError: damaged, cut short, encrypted, overlapping, or neither files nor folders.
    """
    try:
        archive = zipfile.ZipFile(file)
    except _DAMAGE as error:
        raise count.damaged(error) from error
    with archive:
        entries = archive.infolist()
        if len(entries) > count.limits.members:
            count.refuse(f"it holds more than {count.limits.members} members")
        for entry in entries:
            count.member = entry.orig_filename
            _refuse(entry, count)
        _refuse_overlaps(file, entries, archive.start_dir, count)
        for entry in entries:
            count.begin(entry.orig_filename)
            content = _content(archive, entry, size, count)
            yield Member(entry.orig_filename, entry.orig_filename.endswith("/"), content)
    count.member = None


def _refuse(entry: zipfile.ZipInfo, count: Count) -> None:
    mode = entry.external_attr >> 16 if entry.create_system == _UNIX else 0
    folder = entry.orig_filename.endswith("/")
    if entry.flag_bits & _ENCRYPTED:
        count.refuse("it is encrypted")
    if stat.S_ISLNK(mode):
        count.refuse("a symbolic link")
    if stat.S_IFMT(mode) not in (0, stat.S_IFDIR if folder else stat.S_IFREG):
        count.refuse("neither a file nor a folder")
    if mode & (stat.S_ISUID | stat.S_ISGID) and not folder:
        count.refuse("a file that would run as another user")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        count.refuse(f"it is packed in a way that is not read here (method {entry.compress_type})")
    if folder and entry.file_size:
        count.refuse("a folder with content")


def _refuse_overlaps(file: BinaryIO, entries: list[zipfile.ZipInfo], end: int, count: Count) -> None:
    """Make sure that no two members are made of the same bytes: so a small file can hold any amount."""
    reached = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        count.member = entry.orig_filename
        if entry.header_offset < reached:
            count.refuse("it overlaps another member")
        try:
            file.seek(entry.header_offset)
            magic, name, extra = _HEADER.unpack(file.read(_HEADER.size))
        except _DAMAGE as error:
            raise count.damaged(error) from error
        if magic != MAGIC[0]:
            raise count.damaged("no member stands where the directory says")
        reached = entry.header_offset + _HEADER.size + name + extra + entry.compress_size
        if reached > end:
            count.refuse("it overlaps the directory")
    count.member = None


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, size: int, count: Count) -> Iterator[bytes]:
    found = 0
    try:
        with archive.open(entry) as opened:
            while chunk := opened.read(CHUNK):
                found += len(chunk)
                count.add(len(chunk), size)
                yield chunk
    except _DAMAGE as error:
        raise count.damaged(error) from error
    if found != entry.file_size:
        raise count.damaged(f"{found} bytes of {entry.file_size}")
