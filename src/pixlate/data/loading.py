"""From pairs to batches: an endless stream of epochs, every place of which is drawn from (seed, epoch, index) alone."""

import gc
import multiprocessing
import random
import signal
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from pixlate import draws, images
from pixlate.data import augment
from pixlate.data.augment import Preparation
from pixlate.data.caching import Cache
from pixlate.data.dividing import Examples
from pixlate.data.finding import PictureFile
from pixlate.data.making import Making
from pixlate.data.reading import read, read_pair
from pixlate.errors import PictureError, PixlateError
from pixlate.images import Picture
from pixlate.specs.pictures import Kind, Sides

P = TypeVar("P")


class Batch(NamedTuple):
    """Sources (N, C, H, W) and targets (N, C', H, W) in [-1, 1], and the names of the pairs, or of what met."""

    source: Tensor
    target: Tensor
    names: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    """Why pictures whose turn it was could not be read; another stands in for each."""

    def to(self, device: torch.device, *, copy: bool = False) -> "Batch":
        """The same batch there; a copy of it also where it is there already, if that is asked for."""
        source, target = (side.to(device, non_blocking=True, copy=copy) for side in (self.source, self.target))
        return self._replace(source=source, target=target)


def order(seed: int, epoch: int, count: int, *side: str) -> "array[int]":
    """The indices 0 … count - 1 in the order of this epoch."""
    indices = array("q", range(count))
    random.Random(draws.seed(seed, "order", *side, epoch)).shuffle(indices)  # noqa: S311
    return indices


_order = lru_cache(maxsize=4)(order)


def in_turn(seed: int, place: int, count: int, *side: str) -> tuple[int, int]:
    """The epoch that a place of the stream lies in, and the index of what comes there."""
    epoch, position = divmod(place, count)
    return epoch, _order(seed, epoch, count, *side)[position]


class Item(NamedTuple):
    """One pair of a batch, or one picture of each side."""

    source: Tensor
    target: Tensor
    name: str
    left_out: tuple[str, ...]


class Stream(Dataset["Item | PixlateError"]):
    """Training examples by their place in the endless stream of epochs, jittered.

    Of what is not paired each side has epochs of its own, so none of its pictures comes again before all have come.
    """

    def __init__(
        self,
        examples: Examples,
        sides: Sides,
        preparation: Preparation,
        seed: int,
        *,
        making: Making | None = None,
        skip_bad: bool = False,
        cache: Cache | None = None,
    ) -> None:
        """`making` makes sources of targets; `cache` keeps pictures.

        `skip_bad` lets the next of the epoch's order that can be read stand in for what cannot."""
        self.examples = examples
        self.sides = sides
        self.preparation = preparation
        self.seed = seed
        self.making = making
        self.skip_bad = skip_bad
        self.cache = cache

    def __getitem__(self, place: int) -> Item | PixlateError:
        """What is at `place`; where a user is to be told of something, the error for the reader to raise."""
        left_out: list[str] = []
        try:
            if self.examples.paired:
                return self._pair(place, left_out)
            (source, source_name), (target, target_name) = (
                self._picture(place, files, kind, side, left_out)
                for files, kind, side in (
                    (self.examples.sources, self.sides.source, "X"),
                    (self.examples.targets, self.sides.target, "Y"),
                )
            )
        except PixlateError as error:  # raised in a worker, it would reach the user inside of a traceback
            return error
        return Item(source, target, f"{source_name} and {target_name}", tuple(left_out))

    def _pair(self, place: int, left_out: list[str]) -> Item:
        epoch = place // len(self.examples.sources)

        def both(index: int) -> tuple[Tensor, Tensor]:
            return self._prepared(index, epoch)

        _, index, pair = self._readable(place, len(self.examples.sources), both, left_out, "pairs")
        return Item(*pair, self.examples.sources[index].name, tuple(left_out))

    def _prepared(self, index: int, epoch: int) -> tuple[Tensor, Tensor]:
        """Pair `index` as `epoch` has it."""
        sides, drawn = self.sides, augment.draw(self.seed, epoch, index)
        source_file, target_file = self.examples.sources[index], self.examples.targets[index]
        target: Picture

        def read_one(file: PictureFile, kind: Kind) -> Picture:
            return self._read(file, kind, 2 * index + (file is target_file))

        if self.making is None:
            pictures = read_pair(source_file, target_file, sides, read if self.cache is None else read_one)
            source, target = (
                augment.jitter(picture, augment.suited(self.preparation, kind), drawn)
                for picture, kind in zip(pictures, (sides.source, sides.target), strict=True)
            )
        else:
            kind = self.making.of(sides)
            picture = augment.jitter(read_one(target_file, kind), augment.suited(self.preparation, kind), drawn)
            source, target = self.making.pair(picture, str(target_file.path), self.seed, epoch, index)
        return to_tensor(source, sides.source), to_tensor(target, sides.target)

    def _read(self, file: PictureFile, kind: Kind, slot: int) -> Picture:
        return read(file, kind) if self.cache is None else self.cache.read(file, kind, slot)

    def _picture(
        self, place: int, files: Sequence[PictureFile], kind: Kind, side: str, left_out: list[str]
    ) -> tuple[Tensor, str]:
        def single(index: int) -> Picture:
            return self._read(files[index], kind, 2 * index + (side == "Y"))

        epoch, index, picture = self._readable(place, len(files), single, left_out, "pictures", side)
        drawn = augment.draw(self.seed, epoch, index, side)
        prepared = augment.jitter(picture, augment.suited(self.preparation, kind), drawn)
        return to_tensor(prepared, kind), files[index].name

    def _readable(
        self, place: int, count: int, read_it: Callable[[int], P], left_out: list[str], what: str, *side: str
    ) -> tuple[int, int, P]:
        """The epoch and the index of what is at `place`, or of what stands in for it, and what was read."""
        epoch, position = divmod(place, count)
        indices = _order(self.seed, epoch, count, *side)
        others = len(left_out)
        for turn in range(count):
            index = indices[(position + turn) % count]
            try:
                return epoch, index, read_it(index)
            except PictureError as error:
                if not self.skip_bad:
                    raise
                left_out.append(str(error))
        raise PictureError(f"None of the {count} training {what} can be read any more. The first: {left_out[others]}")


class Places(Sampler[list[int]]):
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
    stream: Stream,
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
        ConfigError: a recipe whose file has changed since.
    """
    loader = DataLoader(
        stream,
        batch_sampler=Places(start, steps, batch, accumulate, rank, world),
        num_workers=workers,
        collate_fn=_collate,
        pin_memory=torch.cuda.is_available(),
        worker_init_fn=_settle,
        # An own generator: without one the loader draws from torch's global state.
        generator=torch.Generator().manual_seed(draws.seed(stream.seed, "loader")),
    )
    others = set(multiprocessing.active_children())
    outcomes: Iterator[Batch | PixlateError] = iter(())
    group: list[Batch] = []
    try:
        with _signals_held_back():  # workers are born deaf to them, and stay so
            outcomes = iter(loader)
        for outcome in outcomes:
            if isinstance(outcome, PixlateError):
                raise outcome
            group.append(outcome)
            if len(group) == accumulate:
                yield tuple(group)
                group = []
    finally:
        outcomes = iter(())  # the loader's iterator ends its workers as it goes
        for worker in set(multiprocessing.active_children()) - others:
            worker.kill()  # one that is stuck would be waited for at the end of the program


def _collate(items: list[Item | PixlateError]) -> Batch | PixlateError:
    good = []
    for item in items:
        if isinstance(item, PixlateError):
            return item
        good.append(item)
    sources, targets, names, left_out = zip(*good, strict=True)
    return Batch(torch.stack(sources), torch.stack(targets), names, tuple(chain.from_iterable(left_out)))


def _signals() -> list[signal.Signals]:
    """Those that tell a run to stop and reach all its processes; their parent stops in order."""
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1")
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


def _settle(worker: int) -> None:  # noqa: ARG001 - as the loader calls it
    gc.freeze()  # going over what it shares with its parent, Python's collector would make copies of it
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


def to_tensor(picture: Picture, kind: Kind) -> Tensor:
    """(H, W, C) of the kind → float32 (planes, H, W) in [-1, 1]."""
    return torch.from_numpy(images.to_float(picture, kind))
