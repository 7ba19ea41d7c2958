"""The maps between layers, as things that are asked for some of their rows."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from pixlate.networks.banded.store import Rows
from pixlate.networks.noise import dropped


class Map(ABC):
    """`channels` planes of `height` by `width` values."""

    channels: int
    height: int
    width: int

    @abstractmethod
    def rows(self, top: int, bottom: int) -> Tensor:
        """Rows top … bottom - 1: (1, channels, bottom - top, width)."""

    @abstractmethod
    def let_go(self, top: int) -> None:
        """No row above `top` will be asked for again."""

    @abstractmethod
    def work(self, rows: int) -> int:
        """Bytes held, at the most, while so many rows are made."""

    @property
    def row(self) -> int:
        """Bytes of one row, as of float32."""
        return 4 * self.channels * self.width

    def _like(self, *others: "Map") -> None:
        self.channels, self.height, self.width = others[0].channels, others[0].height, others[0].width


class Source(Map):
    """Rows that a function gives, as numbers of the device and kind of `like`."""

    def __init__(
        self, rows: Callable[[int, int], Tensor], channels: int, height: int, width: int, like: Tensor
    ) -> None:
        self.channels, self.height, self.width = channels, height, width
        self._rows = rows
        self._as = like

    def rows(self, top: int, bottom: int) -> Tensor:
        """As the function says, (channels, rows, width) there."""
        return self._rows(top, bottom)[None].to(self._as)

    def let_go(self, top: int) -> None:
        """Whoever gave the function sees to it."""

    def work(self, rows: int) -> int:
        """They are read and copied."""
        return 2 * rows * self.row


class Stored(Map):
    """A map in a store, read as numbers of the device and kind of `like`."""

    def __init__(self, held: Rows, channels: int, height: int, width: int, like: Tensor) -> None:
        self.channels, self.height, self.width = channels, height, width
        self._held = held
        self._as = like

    def rows(self, top: int, bottom: int) -> Tensor:
        """Read them."""
        values = torch.empty(1, self.channels, bottom - top, self.width, dtype=self._as.dtype)
        self._held.read_into(values[0].transpose(0, 1), top)
        return values.to(self._as)

    def let_go(self, top: int) -> None:
        """Free them."""
        self._held.let_go(top)

    def work(self, rows: int) -> int:
        """They are read and copied."""
        return 2 * rows * self.row


class Planes(Map):
    """A map in a store that holds its planes (height, width), one below the other, as noise is drawn."""

    def __init__(self, held: Rows, channels: int, height: int, width: int, dtype: torch.dtype) -> None:
        self.channels, self.height, self.width = channels, height, width
        self._held = held
        self._dtype = dtype

    def rows(self, top: int, bottom: int) -> Tensor:
        """Read them, plane by plane."""
        values = torch.empty(1, self.channels, bottom - top, self.width, dtype=self._dtype)
        for channel in range(self.channels):
            self._held.read_into(values[0, channel, :, None], channel * self.height + top)
        return values

    def let_go(self, top: int) -> None:
        """Free all when the last row has been asked for."""
        if top >= self.height:
            self._held.let_go(self.channels * self.height)

    def work(self, rows: int) -> int:
        """They are read and copied."""
        return 2 * rows * self.row


class Changed(Map):
    """A map of which each value, by itself, becomes another."""

    def __init__(self, source: Map, function: Callable[[Tensor], Tensor]) -> None:
        self._like(source)
        self._source = source
        self._function = function

    def rows(self, top: int, bottom: int) -> Tensor:
        """Those of the source, changed."""
        return self._function(self._source.rows(top, bottom))

    def let_go(self, top: int) -> None:
        """Of the source."""
        self._source.let_go(top)

    def work(self, rows: int) -> int:
        """Before and after are there at a time, and something between."""
        return max(self._source.work(rows), 3 * rows * self.row)


class Dropped(Map):
    """A map with dropout; `kept` holds the bits of each row, packed by eights."""

    def __init__(self, source: Map, kept: Map) -> None:
        self._like(source)
        self._source = source
        self._kept = kept

    def rows(self, top: int, bottom: int) -> Tensor:
        """Those of the source, less what is dropped."""
        bits = np.unpackbits(self._kept.rows(top, bottom).numpy(), axis=-1, count=self.width)
        return dropped(self._source.rows(top, bottom), torch.from_numpy(bits))

    def let_go(self, top: int) -> None:
        """Of the source and the bits."""
        self._source.let_go(top)
        self._kept.let_go(top)

    def work(self, rows: int) -> int:
        """The mask is a number for each value."""
        return max(self._source.work(rows), 4 * rows * self.row)


class Joined(Map):
    """Maps of one size, one's channels behind the other's."""

    def __init__(self, *sources: Map) -> None:
        self._like(*sources)
        self.channels = sum(source.channels for source in sources)
        self._sources = sources

    def rows(self, top: int, bottom: int) -> Tensor:
        """Those of all, concatenated."""
        parts = [source.rows(top, bottom) for source in self._sources]
        return torch.cat([part.to(parts[0]) for part in parts], dim=1)

    def let_go(self, top: int) -> None:
        """Of all."""
        _let_go(self._sources, top)

    def work(self, rows: int) -> int:
        """They are made one behind the other."""
        return _work_of_all(self._sources, rows) + rows * self.row


class Summed(Map):
    """Two maps of one shape, added."""

    def __init__(self, one: Map, other: Map) -> None:
        self._like(one, other)
        self._sources = (one, other)

    def rows(self, top: int, bottom: int) -> Tensor:
        """The sums of theirs."""
        one, other = self._sources
        return one.rows(top, bottom) + other.rows(top, bottom)

    def let_go(self, top: int) -> None:
        """Of both."""
        _let_go(self._sources, top)

    def work(self, rows: int) -> int:
        """They are made one behind the other."""
        return _work_of_all(self._sources, rows) + rows * self.row


def _let_go(sources: Sequence[Map], top: int) -> None:
    for source in sources:
        source.let_go(top)


def _work_of_all(sources: Sequence[Map], rows: int) -> int:
    made, most = 0, 0
    for source in sources:
        most = max(most, made + source.work(rows))
        made += rows * source.row
    return most


class Layer(Map):
    """What a layer makes of a map.

    The layer is run as it stands on more rows than are wanted: `stride` rows of its source become one of its own, and
    those within `reach` rows of the source's tell on it. What the borders of those rows have touched is cut off, unless
    they are the picture's own.
    """

    def __init__(
        self,
        source: Map,
        run: Callable[[Tensor, torch.Size], Tensor],
        channels: int,
        size: tuple[int, int],
        *,
        stride: Fraction,
        reach: int,
    ) -> None:
        """`run` is given rows of the source and the size (rows, width) of what they are to become."""
        self.channels, self.height, self.width = channels, *size
        self._source, self._run, self._stride, self._reach = source, run, stride, reach

    def rows(self, top: int, bottom: int) -> Tensor:
        """Run the layer on what they depend on."""
        above, below = self._above(top), min(self._source.height, self._last(bottom) + self._reach)
        first = int(above / self._stride)
        last = self.height if below == self._source.height else int(below / self._stride)
        made = self._run(self._source.rows(above, below), torch.Size((last - first, self.width)))
        return made[..., top - first : bottom - first, :]

    def let_go(self, top: int) -> None:
        """Of the source, but for what the rows from `top` on depend on."""
        self._source.let_go(self._source.height if top >= self.height else self._above(top))

    def _above(self, top: int) -> int:
        return max(0, int(top * self._stride) - self._reach)

    def _last(self, bottom: int) -> int:
        return -int(-bottom * self._stride // 1)

    def work(self, rows: int) -> int:
        """A convolution has its input once more with borders or activated, and both sides in an order of its own."""
        beneath = min(self._source.height, math.ceil(rows * self._stride) + 2 * self._reach)
        return max(self._source.work(beneath), 4 * beneath * self._source.row + 3 * rows * self.row)
