"""Where maps wait between two layers: in memory while there is room, else in nameless temporary files."""

import errno
import math
import tempfile
from contextlib import ExitStack
from types import TracebackType
from typing import IO, Self

import torch
from torch import Tensor

from pixlate.errors import WriteError

_PARTS = 16
"""Parts of a map that come and go by themselves, so that one map's place is another's before its last row is read."""


class Store:
    """Memory of `room` bytes, and as much temporary disk as is needed.

    One that is `planned` takes account of what it would hold, and holds nothing. Leaving its `with` block closes the
    files; they have no name where the system allows it, so nothing is left of them whatever ends the process.
    """

    def __init__(self, room: int, *, planned: bool = False) -> None:
        self.room = room
        self.planned = planned
        self.on_disk = 0
        self.most_on_disk = 0
        """Bytes in temporary files now, and at the most so far."""
        self.files = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.files.close()

    def take(self, size: int) -> bool:
        """Account for `size` more bytes; whether memory has room for them."""
        if size <= self.room:
            self.room -= size
            return True
        self.on_disk += size
        self.most_on_disk = max(self.most_on_disk, self.on_disk)
        return False

    def give_back(self, size: int, *, memory: bool) -> None:
        """`size` bytes are free again."""
        if memory:
            self.room += size
        else:
            self.on_disk -= size


class Rows:
    """Rows (channels, width) of one kind of number, written from the top, read anywhere, let go from the top.

    Raises:
        WriteError: a temporary file cannot be written.
    """

    def __init__(self, store: Store, height: int, channels: int, width: int, dtype: torch.dtype) -> None:
        self._store = store
        self._shape = (channels, width)
        self._dtype = dtype
        self._part = math.ceil(height / _PARTS)
        self._height = height
        self._parts: dict[int, _Part] = {}
        self._written = 0

    def append(self, values: Tensor | None, count: int) -> None:
        """Write `count` rows, values (count, channels, width); None where the store is only planned."""
        done = 0
        for number, place, size in self._places(self._written, self._written + count):
            if number not in self._parts:
                held = min(self._part, self._height - number * self._part)
                self._parts[number] = _Part(self._store, (held, *self._shape), self._dtype)
            if values is not None:
                self._parts[number].write(place, values[done : done + size])
            done += size
        self._written += count

    def read_into(self, target: Tensor, top: int) -> None:
        """Fill target (rows, channels, width), of any strides, with the rows from `top` on."""
        done = 0
        for number, place, size in self._places(top, top + target.shape[0]):
            self._parts[number].read_into(target[done : done + size], place)
            done += size

    def let_go(self, top: int) -> None:
        """Free what holds only rows above `top`."""
        for number in [number for number in self._parts if min((number + 1) * self._part, self._height) <= top]:
            self._parts.pop(number).free()

    def _places(self, top: int, bottom: int) -> list[tuple[int, int, int]]:
        """Part, first row in it and number of rows, for each part that rows top … bottom - 1 lie in."""
        found = []
        while top < bottom:
            number, place = divmod(top, self._part)
            size = min(self._part - place, bottom - top)
            found.append((number, place, size))
            top += size
        return found


class _Part:
    def __init__(self, store: Store, shape: tuple[int, int, int], dtype: torch.dtype) -> None:
        self._store = store
        self._size = math.prod(shape) * dtype.itemsize
        self._row = self._size // shape[0]
        self._tensor: Tensor | None = None
        self._file: IO[bytes] | None = None
        self._in_memory = store.take(self._size)
        if store.planned:
            return
        if self._in_memory:
            self._tensor = torch.empty(shape, dtype=dtype)
        else:
            self._file = store.files.enter_context(_temporary())

    def write(self, place: int, values: Tensor) -> None:
        if self._tensor is not None:
            self._tensor[place : place + len(values)].copy_(values)
        elif self._file is not None:
            content = values.cpu().contiguous().numpy().data.cast("B")
            self._file.seek(place * self._row)
            try:
                while content:
                    content = content[self._file.write(content) :]
            except OSError as error:
                raise _unwritable(error) from error

    def read_into(self, target: Tensor, place: int) -> None:
        if self._tensor is not None:
            target.copy_(self._tensor[place : place + len(target)])
        elif self._file is not None:
            rows = torch.empty(target.shape, dtype=target.dtype)
            content = rows.numpy().data.cast("B")
            self._file.seek(place * self._row)
            while content:
                content = content[self._file.readinto(content) :]  # type: ignore[attr-defined]
            target.copy_(rows)

    def free(self) -> None:
        self._tensor = None
        if self._file is not None:
            self._file.close()
        self._store.give_back(self._size, memory=self._in_memory)


def _temporary() -> IO[bytes]:
    try:
        return tempfile.TemporaryFile(buffering=0)
    except OSError as error:
        raise _unwritable(error) from error


def _unwritable(error: OSError) -> WriteError:
    full = " Set TMPDIR to a folder with more room." if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
    return WriteError(f"{tempfile.gettempdir()} cannot hold the temporary files ({error.strerror}).{full}")
