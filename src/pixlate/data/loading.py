"""From pairs to batches: an endless stream of epochs, every place of which is drawn from (seed, epoch, index) alone."""

import multiprocessing
import random
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
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
    left_out: tuple[str, ...] = ()
    """Why pairs whose turn it was could not be read; another stands in for each."""

    def to(self, device: torch.device) -> "Batch":
        """The same batch there."""
        return self._replace(
            source=self.source.to(device, non_blocking=True), target=self.target.to(device, non_blocking=True)
        )


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


class Item(NamedTuple):
    """One pair of a batch."""

    source: Tensor
    target: Tensor
    name: str
    left_out: tuple[str, ...]


class PairStream(Dataset["Item | PictureError"]):
    """Training pairs by their place in the endless stream of epochs, jittered."""

    def __init__(
        self,
        pairs: Sequence[Pair],
        channels: Channels,
        preparation: Preparation,
        seed: int,
        *,
        skip_bad: bool = False,
    ) -> None:
        """`skip_bad` lets the next pair of the epoch's order that can be read stand in for one that cannot."""
        self.pairs = pairs
        self.channels = channels
        self.preparation = preparation
        self.seed = seed
        self.skip_bad = skip_bad

    def __getitem__(self, place: int) -> Item | PictureError:
        """The pair at `place`; a picture that cannot be read is returned as its error, for the reader to raise."""
        count = len(self.pairs)
        epoch, position = divmod(place, count)
        indices = _order(self.seed, epoch, count)
        left_out: list[str] = []
        for turn in range(count):
            index = indices[(position + turn) % count]
            try:
                pictures = read_pair(self.pairs[index], self.channels)
            except PictureError as error:
                if not self.skip_bad:
                    return error
                left_out.append(str(error))
                continue
            drawn = augment.draw(self.seed, epoch, index)
            source, target = (to_tensor(augment.jitter(picture, self.preparation, drawn)) for picture in pictures)
            return Item(source, target, self.pairs[index].name, tuple(left_out))
        return PictureError(f"None of the {count} training pairs can be read any more. The first: {left_out[0]}")


class _Places(Sampler[list[int]]):
    """For each batch of this process, the places of the stream that it takes."""

    def __init__(self, start: int, steps: int, batch: int, accumulate: int, rank: int, world: int) -> None:
        self.start, self.steps, self.batch, self.accumulate = start, steps, batch, accumulate
        self.rank, self.world = rank, world

    def __iter__(self) -> Iterator[list[int]]:
        own = self.batch * self.accumulate
        for step in range(self.steps):
            first = self.start + (step * self.world + self.rank) * own
            for place in range(first, first + own, self.batch):
                yield list(range(place, place + self.batch))

    def __len__(self) -> int:
        return self.steps * self.accumulate


def batches(
    stream: PairStream,
    *,
    start: int,
    steps: int,
    batch: int,
    workers: int,
    accumulate: int = 1,
    rank: int = 0,
    world: int = 1,
) -> Iterator[tuple[Batch, ...]]:
    """What each of `steps` steps learns from in one process of `world`: `accumulate` batches of `batch` pairs.

    The steps' pairs lie in the stream one after the other, from place `start` on; within a step the processes' do. The
    number of workers changes nothing.

    Raises:
        PictureError: a picture that could not be read when its turn came.
    """
    loader = DataLoader(
        stream,
        batch_sampler=_Places(start, steps, batch, accumulate, rank, world),
        num_workers=workers,
        collate_fn=_collate,
        pin_memory=torch.cuda.is_available(),
        worker_init_fn=_deafen,
        # An own generator: without one the loader draws from torch's global state.
        generator=torch.Generator().manual_seed(draws.seed(stream.seed, "loader")),
    )
    others = set(multiprocessing.active_children())
    outcomes: Iterator[Batch | PictureError] = iter(())
    group: list[Batch] = []
    try:
        with _signals_held_back():  # workers are born deaf to them, and stay so
            outcomes = iter(loader)
        for outcome in outcomes:
            if isinstance(outcome, PictureError):
                raise outcome
            group.append(outcome)
            if len(group) == accumulate:
                yield tuple(group)
                group = []
    finally:
        outcomes = iter(())  # the loader's iterator ends its workers as it goes
        for worker in set(multiprocessing.active_children()) - others:
            worker.kill()  # one that is stuck would be waited for at the end of the program


def _collate(items: list[Item | PictureError]) -> Batch | PictureError:
    good = []
    for item in items:
        if isinstance(item, PictureError):
            return item
        good.append(item)
    sources, targets, names, left_out = zip(*good, strict=True)
    return Batch(torch.stack(sources), torch.stack(targets), names, tuple(chain.from_iterable(left_out)))


def _signals() -> list[signal.Signals]:
    """Those that tell a run to stop and reach all its processes; their parent stops in order."""
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1")
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


def _deafen(worker: int) -> None:  # noqa: ARG001 - as the loader calls it
    for which in _signals():
        signal.signal(which, signal.SIG_IGN)


@contextmanager
def _signals_held_back() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def to_tensor(picture: Picture) -> Tensor:
    """uint8 (H, W, C) → float32 (C, H, W) in [-1, 1]."""
    return torch.from_numpy(images.to_float(picture))
