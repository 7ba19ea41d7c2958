"""Training pictures kept within a budget: decoded, or, where they have to be fetched, as they came."""

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from pixlate.data.dividing import Examples
from pixlate.data.finding import PictureFile
from pixlate.data.keeping import Keep
from pixlate.data.reading import read
from pixlate.data.shards.ranges import is_url
from pixlate.data.shards.section import Held, Section
from pixlate.data.shards.sections import Sections
from pixlate.images import Picture
from pixlate.specs.data import DataConfig, parse_bytes
from pixlate.specs.pictures import Kind

_SHAPE = struct.Struct("<IIIc")
"""Height, width, channels and the letter of the kind of number."""


class Cache:
    """What stands between a training picture and its file. What is read is the same with it and without.

    Its room is given back at the end of a `with` block."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep

    def read(self, file: PictureFile, kind: Kind, slot: int) -> Picture:
        """A picture (H, W, C), whole; no other of the side has its `slot`.

        Raises:
            PictureError: it cannot be read.
        """
        if isinstance(file.path, Section) and file.path.remote:
            return read(replace(file, path=self._fetched(file.path)), kind)
        kept = self._keep.get(slot)
        if kept is not None:
            *shape, letter = _SHAPE.unpack_from(kept)
            return np.frombuffer(kept, letter.decode(), offset=_SHAPE.size).reshape(shape)
        picture = read(file, kind)
        self._keep.put(slot, _SHAPE.pack(*picture.shape, picture.dtype.char.encode()) + picture.tobytes())
        return picture

    def _fetched(self, section: Section) -> Held:
        kept = self._keep.get(section.slot)
        if kept is not None:
            return Held(section, bytes(kept))
        content = section.content()
        self._keep.put(section.slot, content)
        return Held(section, content)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._keep.close()


def opened(config: DataConfig, examples: Examples, exchange: Callable[[str], list[str]]) -> Cache | None:
    """The cache that the settings ask for; processes of one machine share one.

    `exchange` gives every process's text to all, which all call.

    Raises:
        ConfigError: no amount, or too small a one.
        WriteError: a folder that cannot be written to.
    """
    if config.cache is None:
        return None
    budget, folder = parse_bytes(config.cache, "--cache"), None if config.cache_dir is None else Path(config.cache_dir)
    slots = 2 * len(examples)
    if isinstance(examples.sources, Sections) and is_url(examples.sources.table.place):
        index = examples.sources.table
        slots = 2 * len(index)
        if folder is not None:
            return Cache(Keep.named(folder / f"{index.digest[:16]}.kept", slots, budget))
    keep = Keep.in_memory(slots, budget) if folder is None else Keep.unnamed(folder, slots, budget)
    # The first whose door opens is for all of a machine.
    next((address for address in exchange(keep.address) if address == keep.address or keep.joined(address)), None)
    exchange("")  # until all have come, none may leave
    return Cache(keep)
