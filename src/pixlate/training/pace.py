"""How long steps wait for their pictures, and when to say that the loader limits."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from pixlate.specs.training import TrainConfig

T = TypeVar("T")

_MUCH = 0.25
"""Share of waiting from which the loader is said to limit."""
_SURE = 20.0
"""Seconds to be judged by, at least."""


class Pace:
    """The clock of one process's steps. What comes between steps, looks and checkpoints, does not count."""

    def __init__(self) -> None:
        self._waited = self._worked = 0.0
        self._all_waited = self._all_worked = 0.0
        self._given: float | None = None
        self._told = False

    def waits(self, things: Iterable[T]) -> Iterator[T]:
        """The things; the wait for each counts, but for the first, for which workers have to start."""
        iterator, first = iter(things), True
        while True:
            began = time.perf_counter()
            try:
                thing = next(iterator)
            except StopIteration:
                return
            self._given = time.perf_counter()
            if not first:
                self._waited += self._given - began
            first = False
            yield thing

    def stepped(self) -> None:
        """The step that the last thing was for is done."""
        if self._given is not None:
            self._worked += time.perf_counter() - self._given
            self._given = None

    def take(self) -> float:
        """The share of the time since the last call that was spent waiting, 0 to 1."""
        share = _share(self._waited, self._worked)
        self._all_waited += self._waited
        self._all_worked += self._worked
        self._waited = self._worked = 0.0
        return share

    def hint(self, config: TrainConfig, cores: int) -> str | None:
        """Once: that the loader limits, and what might help."""
        total = self._all_waited + self._all_worked
        share = _share(self._all_waited, self._all_worked)
        if self._told or total < _SURE or share < _MUCH:
            return None
        self._told = True
        workers = config.loop.workers or 0
        ways = [] if workers + 1 >= cores else [f"--workers {min(2 * workers + 1, cores - 1)} in place of {workers}"]
        ways += [] if config.data.cache else ["--cache 4GB, or as much memory as there is to spare"]
        told = f": {', or '.join(ways)}" if ways else ", on all cores of this machine"
        return f"steps wait for pictures {share:.0%} of their time: the loader limits{told}"


def _share(waited: float, worked: float) -> float:
    return waited / (waited + worked) if waited + worked > 0 else 0.0
