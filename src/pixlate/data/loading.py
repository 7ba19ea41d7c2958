"""From pairs to batches: an endless stream of epochs, every place of which is drawn from (seed, epoch, index) alone."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from pixlate import draws, images
from pixlate.data import augment
from pixlate.data.augment import Preparation
from pixlate.data.finding import Pair
from pixlate.errors import PictureError
from pixlate.images import Picture


class Batch(NamedTuple):
    """Sources (N, C, H, W) and targets (N, C', H, W) in [-1, 1], and the pairs' names."""

    source: Tensor
    target: Tensor
    names: tuple[str, ...]


@dataclass(frozen=True)
class Channels:
    """How many each side has: 1 or 3."""

    source: int
    target: int


def read_pair(pair: Pair, channels: Channels) -> tuple[Picture, Picture]:
    """Both pictures (H, W, C), whole.

    Raises:
        PictureError: one cannot be read, or the two differ in size.
    """
    source = images.with_channels(images.read(pair.source.path, pair.source.half), channels.source)
    target = images.with_channels(images.read(pair.target.path, pair.target.half), channels.target)
    if source.shape[:2] != target.shape[:2]:
        raise PictureError(f"{pair.source.path} and {pair.target.path} differ in size.")
    return source, target


def read_without_jitter(pair: Pair, channels: Channels, preparation: Preparation) -> tuple[Picture, Picture]:
    """Both pictures as validation sees them: at the size, without jitter."""
    source, target = read_pair(pair, channels)
    return augment.without_jitter(source, preparation), augment.without_jitter(target, preparation)


def order(seed: int, epoch: int, count: int) -> list[int]:
    """The indices 0 … count - 1 in the order of this epoch."""
    indices = list(range(count))
    random.Random(draws.seed(seed, "order", epoch)).shuffle(indices)  # noqa: S311
    return indices


_order = lru_cache(maxsize=2)(order)


class PairStream(Dataset["tuple[Tensor, Tensor, str] | PictureError"]):
    """Training pairs by their place in the endless stream of epochs, jittered."""

    def __init__(self, pairs: Sequence[Pair], channels: Channels, preparation: Preparation, seed: int) -> None:
        self.pairs = pairs
        self.channels = channels
        self.preparation = preparation
        self.seed = seed

    def __getitem__(self, place: int) -> tuple[Tensor, Tensor, str] | PictureError:
        """The pair at `place`; a picture that cannot be read is returned as its error, for the reader to raise."""
        epoch, position = divmod(place, len(self.pairs))
        index = _order(self.seed, epoch, len(self.pairs))[position]
        pair = self.pairs[index]
        try:
            pictures = read_pair(pair, self.channels)
        except PictureError as error:
            return error
        drawn = augment.draw(self.seed, epoch, index)
        source, target = (to_tensor(augment.jitter(picture, self.preparation, drawn)) for picture in pictures)
        return source, target, pair.name


class _Places(Sampler[list[int]]):
    """For each step from `first` to `last`, the places of the stream that this process takes."""

    def __init__(self, first: int, last: int, batch: int, rank: int, world: int) -> None:
        self.first, self.last, self.batch, self.rank, self.world = first, last, batch, rank, world

    def __iter__(self) -> Iterator[list[int]]:
        for step in range(self.first, self.last):
            start = (step * self.world + self.rank) * self.batch
            yield list(range(start, start + self.batch))

    def __len__(self) -> int:
        return self.last - self.first


def batches(
    stream: PairStream, *, first: int, last: int, batch: int, workers: int, rank: int = 0, world: int = 1
) -> Iterator[Batch]:
    """The batches of steps `first` to `last` for one process of `world`; the number of workers changes nothing.

    Raises:
        PictureError: a picture that could not be read when its turn came.
    """
    loader = DataLoader(
        stream,
        batch_sampler=_Places(first, last, batch, rank, world),
        num_workers=workers,
        collate_fn=_collate,
        pin_memory=torch.cuda.is_available(),
        # An own generator: without one the loader draws from torch's global state.
        generator=torch.Generator().manual_seed(draws.seed(stream.seed, "loader")),
    )
    for outcome in loader:
        if isinstance(outcome, PictureError):
            raise outcome
        yield outcome


def _collate(items: list[tuple[Tensor, Tensor, str] | PictureError]) -> Batch | PictureError:
    good = []
    for item in items:
        if isinstance(item, PictureError):
            return item
        good.append(item)
    sources, targets, names = zip(*good, strict=True)
    return Batch(torch.stack(sources), torch.stack(targets), names)


def to_tensor(picture: Picture) -> Tensor:
    """uint8 (H, W, C) → float32 (C, H, W) in [-1, 1]."""
    return torch.from_numpy(images.to_float(picture))
