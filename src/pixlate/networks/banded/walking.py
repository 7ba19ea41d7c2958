"""The generators' forward passes, layer by layer, each layer band by band."""

import bisect
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pixlate.networks.banded.maps import Changed, Dropped, Joined, Layer, Map, Planes, Source, Stored, Summed
from pixlate.networks.banded.statistics import Moments
from pixlate.networks.banded.store import Rows, Store
from pixlate.networks.building import Generator
from pixlate.networks.noise import Noise
from pixlate.networks.normalization import BatchNorm, InstanceNorm, measures, normalized
from pixlate.networks.padding import reflected
from pixlate.networks.resnet import Block, Conv, ResNet
from pixlate.networks.resnet import Up as ResNetUp
from pixlate.networks.unet import Down, UNet, Up

_KEPT_FROM = 4
"""Maps of a quarter of the picture's side and less are kept; larger ones, which are most of the values and little of
the work, are made again whenever they are read."""

_FEWEST = 8
"""Rows of the smallest bands worth making."""


@dataclass(frozen=True)
class Plan:
    """What a translation in bands needs."""

    disk: int
    """Bytes of temporary files, at the most."""
    band: int
    """Bytes at work in the dearest pass when its bands are the smallest worth making."""


def translate(
    generator: Generator,
    source: Callable[[int, int], Tensor],
    size: tuple[int, int],
    write: Callable[[int, Tensor], None],
    noise: Noise | None,
    *,
    band: int,
    kept: int,
) -> None:
    """What `generator`, out of training, makes of one picture of `size` (height, width), in bands of rows.

    `source(top, bottom)` gives rows of the picture (in_channels, bottom - top, W) in [-1, 1], in any order and more
    than once; `write(top, rows)` is given rows (out_channels, rows, W) on the CPU, from the top. `band` bytes are for
    the rows at work, `kept` for maps between layers; what does not fit goes to temporary files. Equal to the whole
    forward pass but for rounding; the noise is the same.

    Raises:
        WriteError: the temporary files cannot be written.
    """
    with Store(kept) as store:
        walk = _Walk(store, band, next(generator.parameters()))
        pixels = Source(source, generator.spec.in_channels, *size, walk.like)
        output = _output(generator, walk, pixels, noise)
        for top, bottom in walk.bands(output):
            write(top, output.rows(top, bottom)[0].cpu())
            output.let_go(bottom)


def plan(generator: Generator, size: tuple[int, int], *, noise: bool, band: int, kept: int) -> Plan:
    """What `translate` would need for such a picture: the same walk, without arithmetic."""
    store = Store(kept, planned=True)
    walk = _Walk(store, band, next(generator.parameters()))
    pixels = Source(_nothing, generator.spec.in_channels, *size, walk.like)
    output = _output(generator, walk, pixels, Noise(0) if noise else None)
    walk.bands(output)
    return Plan(store.most_on_disk, walk.least)


def _nothing(top: int, bottom: int) -> Tensor:
    raise NotImplementedError(f"rows {top} … {bottom} of a plan")


class _Walk:
    """The passes over maps, with what they may use."""

    def __init__(self, store: Store, band: int, like: Tensor) -> None:
        self._store = store
        self._band = band
        self.like = like
        self.least = 0
        """Bytes at work in the dearest pass so far, had its bands `_FEWEST` rows."""

    def bands(self, made: Map) -> list[tuple[int, int]]:
        """(top, bottom) of each band, as many rows as the memory for them allows."""
        self.least = max(self.least, made.work(min(_FEWEST, made.height)))
        rows = bisect.bisect(range(1, made.height + 1), self._band, key=made.work) or 1
        return [(top, min(top + rows, made.height)) for top in range(0, made.height, rows)]

    def settled(
        self, layer: Map, norm: BatchNorm | InstanceNorm | None, *, keep: bool = True, last: bool = True
    ) -> Map:
        """The normalised output of a layer.

        It is kept, or made again whenever it is read. `last` says that nothing else will read what it is made of.
        """
        moments = Moments(layer.channels) if norm is not None and measures(norm) else None
        made = self._kept(layer, moments, last=last) if keep else layer
        if not keep and moments is not None:
            self._measured(layer, moments)
        if norm is None:
            return made
        if moments is None or self._store.planned:
            return Changed(made, norm)
        mean, variance = moments.mean(self.like), moments.variance(self.like)
        return Changed(made, partial(normalized, norm=norm, mean=mean, variance=variance))

    def _measured(self, layer: Map, moments: Moments) -> None:
        for top, bottom in self.bands(layer):
            if not self._store.planned:
                moments.add(layer.rows(top, bottom))

    def _kept(self, layer: Map, moments: Moments | None, *, last: bool) -> Stored:
        held = Rows(self._store, layer.height, layer.channels, layer.width, self.like.dtype)
        for top, bottom in self.bands(layer):
            if self._store.planned:
                held.append(None, bottom - top)
            else:
                rows = layer.rows(top, bottom)
                if moments is not None:
                    moments.add(rows)
                held.append(rows[0].transpose(0, 1), bottom - top)
            if last:
                layer.let_go(bottom)
        return Stored(held, layer.channels, layer.height, layer.width, self.like)

    def dropout(self, x: Map, noise: Noise | None) -> Map:
        """x with dropout, of which the masks are drawn at once."""
        if noise is None:
            return x
        packed = math.ceil(x.width / 8)
        held = Rows(self._store, x.channels * x.height, 1, packed, torch.uint8)
        if self._store.planned:
            held.append(None, x.channels * x.height)
        else:
            for keep in noise.kept(x.channels, x.height, x.width):
                held.append(torch.from_numpy(np.packbits(keep.numpy(), axis=-1))[:, None], x.height)
        return Dropped(x, Planes(held, x.channels, x.height, packed, torch.uint8))

    def with_z(self, x: Map, channels: int, noise: Noise | None) -> Map:
        """x with Gaussian planes behind its own; without noise they are 0."""
        if channels == 0:
            return x
        if noise is None:
            zeros = partial(_zeros, channels, x.width)
            return Joined(x, Source(zeros, channels, x.height, x.width, self.like))
        held = Rows(self._store, channels * x.height, 1, x.width, torch.float32)
        if self._store.planned:
            held.append(None, channels * x.height)
        else:
            for rows in _lines(noise.gaussian_pieces(channels * x.height * x.width), x.width):
                held.append(rows[:, None], len(rows))
        return Joined(x, Planes(held, channels, x.height, x.width, torch.float32))


def _zeros(channels: int, width: int, top: int, bottom: int) -> Tensor:
    return torch.zeros(channels, bottom - top, width)


def _lines(pieces: Iterator[Tensor], width: int) -> Iterator[Tensor]:
    """The values of all pieces as rows (?, width)."""
    rest = torch.empty(0)
    for piece in pieces:
        values = torch.cat([rest, piece])
        whole = len(values) // width * width
        rest = values[whole:]
        yield values[:whole].view(-1, width)


def _output(generator: Generator, walk: _Walk, pixels: Map, noise: Noise | None) -> Map:
    """The whole network; what it returns is made when it is read, and to be read once, from the top."""
    x = walk.with_z(pixels, generator.spec.z_channels, noise)
    if isinstance(generator, UNet):
        return Changed(_unet(generator, walk, x, noise), torch.tanh)
    return Changed(_resnet(generator, walk, x, noise), torch.tanh)


def _unet(network: UNet, walk: _Walk, x: Map, noise: Noise | None) -> Map:
    skips = network.spec.architecture == "unet"
    features = [x]
    for level, layer in enumerate(network.encoder):
        down = cast("Down", layer)
        y: Map = _halved(features[-1], down.convolved, down.conv.out_channels)
        features.append(walk.settled(y, down.norm, keep=2 ** (level + 1) >= _KEPT_FROM, last=not skips))
    y = features.pop()
    for layer in network.decoder:
        up, skip = cast("Up", layer), features.pop()
        y = _doubled(y, up.convolved, up.conv.out_channels, skip)
        y = walk.settled(y, up.norm, keep=2 ** len(features) >= _KEPT_FROM)
        y = walk.dropout(y, noise) if up.dropout else y
        y = Joined(y, skip) if skips and features else y
    return y


def _resnet(network: ResNet, walk: _Walk, x: Map, noise: Noise | None) -> Map:
    first, last = network.first, network.last
    y: Map = _same(x, first.convolved, first.conv.out_channels, first.margin)
    y = Changed(walk.settled(y, first.norm, keep=False), F.relu)
    outer = []
    for level, layer in enumerate(network.encoder):
        down = cast("Conv", layer)
        outer.append(y)
        y = _halved(y, down.convolved, down.conv.out_channels)
        y = Changed(walk.settled(y, down.norm, keep=2 ** (level + 1) >= _KEPT_FROM), F.relu)
    for layer in network.blocks:
        y = _block(cast("Block", layer), walk, y, noise)
    for layer in network.decoder:
        up, like = cast("ResNetUp", layer), outer.pop()
        y = _doubled(y, up.convolved, up.conv.out_channels, like)
        y = Changed(walk.settled(y, up.norm, keep=2 ** len(outer) >= _KEPT_FROM), F.relu)
    return _same(y, last.convolved, last.conv.out_channels, last.margin)


def _block(block: Block, walk: _Walk, x: Map, noise: Noise | None) -> Map:
    y: Map = _same(x, partial(_amid_mirrors, block.conv1), block.conv1.out_channels, 1)
    y = Changed(walk.settled(y, block.norm1, last=False), F.relu)
    y = walk.dropout(y, noise) if block.dropout else y
    y = _same(y, partial(_amid_mirrors, block.conv2), block.conv2.out_channels, 1)
    return walk.settled(Summed(x, walk.settled(y, block.norm2)), None)


def _amid_mirrors(conv: nn.Conv2d, x: Tensor) -> Tensor:
    y: Tensor = conv(reflected(x, 1))
    return y


def _same(x: Map, convolved: Callable[[Tensor], Tensor], channels: int, margin: int) -> Layer:
    def run(rows: Tensor, _: torch.Size) -> Tensor:
        return convolved(rows)

    return Layer(x, run, channels, (x.height, x.width), stride=Fraction(1), reach=margin)


def _halved(x: Map, convolved: Callable[[Tensor], Tensor], channels: int) -> Layer:
    def run(rows: Tensor, _: torch.Size) -> Tensor:
        return convolved(rows)

    size = (math.ceil(x.height / 2), math.ceil(x.width / 2))
    return Layer(x, run, channels, size, stride=Fraction(2), reach=2)


def _doubled(x: Map, convolved: Callable[[Tensor, torch.Size], Tensor], channels: int, like: Map) -> Layer:
    return Layer(x, convolved, channels, (like.height, like.width), stride=Fraction(1, 2), reach=1)
