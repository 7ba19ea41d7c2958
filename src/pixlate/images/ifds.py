"""The list of a TIFF's pages and tags, looked through before anything is made of it."""

import os
import struct
from typing import BinaryIO

from pixlate.errors import DamagedError, PictureError

_MOST_PAGES = 4096
_MOST_TAGS = 4096
_MOST_NUMBERS = 1 << 20
"""Of one tag; more strips or tiles than any writer makes."""
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of a value, by a tag's type."""
_TEXTS = (1, 2, 6, 7)
_SINGLE = frozenset({256, 257, 259, 262, 274, 277, 278, 284, 317, 322, 323})
"""Tags of one number: the size of the picture, of its strips and tiles, and how it is packed."""


def refuse_unsound(file: BinaryIO, name: str) -> None:
    """Make sure that the pages of a TIFF come to an end, and that what its tags hold lies in the file.

    Raises:
        PictureError: they do not, or it does not. `name` opens it.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    start = file.read(16)
    order = "<" if start.startswith(b"II") else ">"
    big = start[2:4] in (b"+\0", b"\0+")
    (at,) = struct.unpack_from(order + ("Q" if big else "I"), start, 8 if big else 4)
    seen: set[int] = set()
    held = 0
    while at:
        if at in seen or at >= size:
            raise DamagedError(f"{name} is damaged: its list of pages leads {'in a circle' if at in seen else 'out'}.")
        if len(seen) == _MOST_PAGES:
            raise PictureError(f"{name} has more than {_MOST_PAGES:,} pages. Take it apart first.")
        seen.add(at)
        file.seek(at)
        at, values = _page(file, order, big=big, size=size, name=name)
        held += values
        if held > 2 * size:
            raise DamagedError(f"{name} is damaged: its tags hold more than the whole file.")


def _page(file: BinaryIO, order: str, *, big: bool, size: int, name: str) -> tuple[int, int]:
    """Where the next page is, and how many bytes the tags of this one hold beside it."""
    (count,) = struct.unpack(order + ("Q" if big else "H"), file.read(8 if big else 2))
    if count > _MOST_TAGS:
        raise DamagedError(f"{name} is damaged: a page of it has {count:,} tags.")
    tag = struct.Struct(order + ("HHQQ" if big else "HHII"))
    inside = 8 if big else 4
    table = file.read(count * tag.size)
    (following,) = struct.unpack(order + ("Q" if big else "I"), file.read(inside))
    held = 0
    for code, kind, values, offset in tag.iter_unpack(table):
        length = values * _SIZES.get(kind, 1)
        many = values > _MOST_NUMBERS and kind not in _TEXTS
        if many or (code in _SINGLE and values != 1) or (length > inside and offset + length > size):
            raise DamagedError(f"{name} is damaged: its tag {code} says it has {values:,} values.")
        held += length if length > inside else 0
    return following, held
