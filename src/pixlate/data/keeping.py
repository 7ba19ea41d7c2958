"""A file of a bounded size in which several processes keep blobs by number, none of which changes or goes."""

import os
import secrets
import struct
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any, Self

from pixlate.errors import ConfigError, WriteError

if os.name == "posix":
    import fcntl

_MAGIC = b"pixkept1"
_HEAD = struct.Struct("<8s8sQQ")
"""What it is, which one, how many slots it has, and where the free room begins."""
_ENTRY = struct.Struct("<QQII")
"""Where a blob begins, its length, its CRC-32, and that of what stands before."""
_LARGEST = 1 << 30


class Keep:
    """Every picture comes once an epoch, so any choice of them serves as well as another: the first that fit are kept.

    A reader sees a whole blob or none, whatever other processes do, or a loss of power has done.
    """

    def __init__(self, handle: int, slots: int, budget: int) -> None:
        """`handle` of an open file that `in_memory` or `on_disk` has made."""
        self._handle, self._slots, self._budget = handle, slots, budget
        self._broken = False

    @classmethod
    def in_memory(cls, slots: int, budget: int) -> Self:
        """A new one, gone with the last process that has it.

        Raises:
            ConfigError: the budget (bytes) is too small for anything, or the system has no such thing.
        """
        _check(slots, budget)
        if not hasattr(os, "memfd_create"):
            return cls.unnamed(Path(tempfile.gettempdir()), slots, budget)
        return cls(_begun(os.memfd_create("pixlate"), slots), slots, budget)

    @classmethod
    def unnamed(cls, folder: Path, slots: int, budget: int) -> Self:
        """A new one in a folder, under no name, gone with the last process that has it.

        Raises:
            ConfigError: likewise.
            WriteError: the folder cannot be written to.
        """
        _check(slots, budget)
        with _telling(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as file:
                return cls(_begun(os.dup(file.fileno()), slots), slots, budget)

    @classmethod
    def named(cls, path: Path, slots: int, budget: int) -> Self:
        """One that stays, begun by whoever comes first.

        Raises:
            ConfigError: likewise.
            WriteError: it cannot be written to.
        """
        _check(slots, budget)
        with _telling(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            with _locked(handle):
                start = os.pread(handle, _HEAD.size, 0)
                if len(start) < _HEAD.size or start[:8] != _MAGIC or _HEAD.unpack(start)[2] != slots:
                    os.ftruncate(handle, 0)
                    _begun(handle, slots)
        return cls(handle, slots, budget)

    @property
    def address(self) -> str:
        """By which another process of this machine and user may join in."""
        return f"{self._head()[1].hex()} /proc/{os.getpid()}/fd/{self._handle}"

    def joined(self, address: str) -> bool:
        """Whether this is now the one at `address`; what was kept here before is forgotten."""
        which, _, path = address.partition(" ")
        with suppress(OSError):
            handle = os.open(path, os.O_RDWR)
            start = os.pread(handle, _HEAD.size, 0)
            if start[:-8] == _HEAD.pack(_MAGIC, bytes.fromhex(which), self._slots, 0)[:-8]:
                self.close()
                self._handle = handle
                return True
            os.close(handle)
        return False

    def get(self, slot: int) -> bytearray | None:
        """The blob of a slot; None where there is none."""
        place = _HEAD.size + slot * _ENTRY.size
        entry = os.pread(self._handle, _ENTRY.size, place)
        if len(entry) < _ENTRY.size:
            return None
        start, length, crc, seal = _ENTRY.unpack(entry)
        if not start or seal != zlib.crc32(entry[:-4]) or length > _LARGEST:
            return None
        blob = bytearray(length)
        read = os.preadv(self._handle, [blob], start)
        return blob if read == length and zlib.crc32(blob) == crc else None

    def put(self, slot: int, blob: bytes) -> None:
        """Keep a blob, if there is room."""
        if self._broken or len(blob) > _LARGEST:
            return
        try:
            with _locked(self._handle):
                *head, free = self._head()
                if free + len(blob) > self._budget:
                    return
                os.pwrite(self._handle, _HEAD.pack(*head, free + len(blob)), 0)
            written = os.pwrite(self._handle, blob, free)
            if written == len(blob):
                entry = struct.pack("<QQI", free, len(blob), zlib.crc32(blob))
                sealed = entry + struct.pack("<I", zlib.crc32(entry))
                os.pwrite(self._handle, sealed, _HEAD.size + slot * _ENTRY.size)
        except OSError:  # the disk is full: the rest is read as if there were no cache
            self._broken = True

    def _head(self) -> tuple[Any, ...]:
        return _HEAD.unpack(os.pread(self._handle, _HEAD.size, 0))

    def close(self) -> None:
        """Have it no more."""
        os.close(self._handle)

    def __reduce__(self) -> Any:  # noqa: ANN401 - as pickle has it
        return _again, (DupFd(self._handle), self._slots, self._budget)


def _again(handle: Any, slots: int, budget: int) -> Keep:  # noqa: ANN401
    """The same in a worker that was not forked."""
    return Keep(handle.detach(), slots, budget)


def _check(slots: int, budget: int) -> None:
    if os.name != "posix":
        raise ConfigError("--cache needs a system of the Unix family. Leave it out.")
    if budget < 2 * _table(slots):
        raise ConfigError(f"--cache is {budget:,} bytes; so many pictures want {2 * _table(slots):,} and much more.")


def _table(slots: int) -> int:
    return _HEAD.size + slots * _ENTRY.size


def _begun(handle: int, slots: int) -> int:
    """The handle of an empty file, in which now nothing is kept."""
    os.ftruncate(handle, _table(slots))
    os.pwrite(handle, _HEAD.pack(_MAGIC, secrets.token_bytes(8), slots, _table(slots)), 0)
    return handle


@contextmanager
def _locked(handle: int) -> Iterator[None]:
    """Alone among all processes, forked ones too."""
    fcntl.lockf(handle, fcntl.LOCK_EX, 1)
    try:
        yield
    finally:
        fcntl.lockf(handle, fcntl.LOCK_UN, 1)


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WriteError(f"--cache-dir: {path} cannot be written to ({error.strerror or error}).") from error
