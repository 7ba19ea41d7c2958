"""NumPy's .npy and .npz files; never a pickle."""

import zipfile
from typing import IO, Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from pixlate.errors import PictureError
from pixlate.images.pixels import Decoded, Header, cap, number_of, settled

__all__ = ["read", "read_header", "settled"]

Shape = tuple[int, ...]


def read_header(file: BinaryIO, name: str) -> Header:
    """Size and kind; of the values nothing is read."""
    if not zipfile.is_zipfile(file):
        file.seek(0)
        return _header(file, name)
    with zipfile.ZipFile(file) as archive, archive.open(_member(archive, name)) as inside:
        return _header(inside, name)


def read(file: BinaryIO, name: str) -> Decoded:
    """The picture: (H, W) or (H, W, C)."""
    read_header(file, name)
    file.seek(0)
    if not zipfile.is_zipfile(file):
        file.seek(0)
        return Decoded(settled(npy.read_array(file, allow_pickle=False), name))
    with zipfile.ZipFile(file) as archive, archive.open(_member(archive, name)) as inside:
        return Decoded(settled(npy.read_array(inside, allow_pickle=False), name))


def _member(archive: zipfile.ZipFile, name: str) -> str:
    members = [one for one in archive.namelist() if one.endswith(".npy")]
    if len(members) != 1:
        raise PictureError(f"{name} holds {len(members)} arrays; one is wanted.")
    return members[0]


def _header(file: IO[bytes], name: str) -> Header:
    shape, dtype = _described(file)
    if len(shape) not in (2, 3) or 0 in shape:
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
