"""NumPy's .npy and .npz files; never a pickle."""

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from pixlate.errors import PictureError
from pixlate.images.pixels import Decoded, Header, cap, number_of, settled

__all__ = ["read", "read_header", "settled"]

_ARCHIVE, _END = b"PK\x03\x04", b"PK\x05\x06"
_LIST_SIZE = slice(12, 16)
"""Where the end of an archive says how long its list of members is."""
_LONGEST_END = 22 + 0xFFFF
_LONGEST_LIST = 1 << 20

Shape = tuple[int, ...]


def read_header(file: BinaryIO, name: str) -> Header:
    """Size and kind; of the values nothing is read."""
    with _opened(file, name) as inside:
        return _header(inside, name)


def read(file: BinaryIO, name: str) -> Decoded:
    """The picture: (H, W) or (H, W, C)."""
    read_header(file, name)
    file.seek(0)
    with _opened(file, name) as inside:
        return Decoded(settled(npy.read_array(inside, allow_pickle=False), name))


@contextmanager
def _opened(file: BinaryIO, name: str) -> Iterator[IO[bytes]]:
    """The .npy file, from an archive where there is one."""
    archived = file.read(4) == _ARCHIVE
    file.seek(0)
    if not archived:
        yield file
        return
    _refuse_many(file, name)
    with zipfile.ZipFile(file) as archive:
        members = [one for one in archive.namelist() if one.endswith(".npy")]
        if len(members) != 1:
            raise PictureError(f"{name} holds {len(members)} arrays; one is wanted.")
        with archive.open(members[0]) as inside:
            yield inside


def _refuse_many(file: BinaryIO, name: str) -> None:
    """Catch archives whose list of members alone would fill the memory."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _LONGEST_END))
    end = file.read()
    listed = end[end.rfind(_END) :][_LIST_SIZE]
    if int.from_bytes(listed, "little") > _LONGEST_LIST:
        raise PictureError(f"{name} holds more than one array; one is wanted.")
    file.seek(0)


def _header(file: IO[bytes], name: str) -> Header:
    shape, dtype = _described(file)
    if len(shape) not in (2, 3) or min(shape) < 1:
        raise PictureError(f"{name} is an array {shape}; (H, W) or (H, W, C) is wanted.")
    height, width, channels = (*shape, 1)[:3]
    number = number_of(dtype)
    if number is None:
        raise PictureError(f"{name} holds {dtype}; whole numbers or floats are wanted.")
    if channels > 4096:
        raise PictureError(f"{name} is an array {shape}; the channels come last: (H, W, C).")
    cap(height, width, channels * max(dtype.itemsize, 4), name)
    return Header(height, width, channels, number=number)


def _described(file: IO[bytes]) -> tuple[Shape, np.dtype[Any]]:
    version = npy.read_magic(file)
    reading = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = reading(file)
    return shape, dtype
