"""The stream in a gzip, bzip2 or xz file, unpacked in small pieces and counted."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable
from typing import BinaryIO

from pixlate.archives.limits import CHUNK, Count

_MOST_MEMORY = 2**28
"""Bytes that unpacking xz may take: its header can ask for any amount."""

Opener = Callable[[BinaryIO], Callable[[int], bytes]]


def _gzip(file: BinaryIO) -> Callable[[int], bytes]:
    return gzip.GzipFile(fileobj=file).read


def _bzip2(file: BinaryIO) -> Callable[[int], bytes]:
    return bz2.BZ2File(file).read


class _Xz:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_MEMORY)

    def read(self, size: int) -> bytes:
        unpacked = b""
        while not unpacked and not (self._decompressor.eof and self._began_no_other()):
            packed = self._file.read(CHUNK) if self._decompressor.needs_input else b""
            if self._decompressor.needs_input and not packed:
                raise EOFError("the xz stream ends in the middle")
            unpacked = self._decompressor.decompress(packed, size)
        return unpacked

    def _began_no_other(self) -> bool:
        """Whether nothing follows a stream that has ended; if something does, it is the next one."""
        rest = (self._decompressor.unused_data or self._file.read(CHUNK)).lstrip(b"\0")
        if not rest:
            return True
        self._decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_MEMORY)
        self._file.seek(-len(rest), 1)
        return False


def _xz(file: BinaryIO) -> Callable[[int], bytes]:
    return _Xz(file).read


def _plain(file: BinaryIO) -> Callable[[int], bytes]:
    return file.read


KINDS: tuple[tuple[bytes, int, Opener], ...] = (
    (b"\x1f\x8b", 0, _gzip),
    (b"BZh", 0, _bzip2),
    (b"\xfd7zXZ\0", 0, _xz),
    (b"ustar", 257, _plain),
)
"""By which bytes, and where, a file is known, and how what is in it is read."""


def taking(file: BinaryIO, read: Callable[[int], bytes], count: Count) -> Callable[[int], bytes]:
    """What reads so many unpacked bytes, or fewer at the end, and counts them.

    Raises (when called):
        ArchiveError: damaged, cut short, or more than may be.
    """

    def take(size: int) -> bytes:
        pieces = []
        while size:
            try:
                piece = read(min(size, CHUNK))
            except (EOFError, OSError, ValueError, MemoryError, zlib.error, lzma.LZMAError) as error:
                raise count.damaged(error) from error
            if not piece:
                break
            count.add(len(piece), file.tell())
            size -= len(piece)
            pieces.append(piece)
        return b"".join(pieces)

    return take
