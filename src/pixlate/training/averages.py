"""Exponential moving averages of the generators' weights."""

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from pixlate.networks.building import Generator


class Averages:
    """For each generator one whose weights follow it slowly: a ← d·a + (1 - d)·w after every step.

    The decay d begins small, (1 + step)/(10 + step), so that the first weights are soon forgotten.
    """

    def __init__(self, generators: Mapping[str, Generator], decay: float) -> None:
        self._decay = decay
        self._pairs = {
            name: (generator, copy.deepcopy(generator).requires_grad_(requires_grad=False))
            for name, generator in generators.items()
        }

    def update(self, step: int) -> None:
        """Take in the weights that `step` steps have made."""
        decay = min(self._decay, (1 + step) / (10 + step))
        with torch.no_grad():
            for live, average in self._pairs.values():
                for weight, mean in zip(live.parameters(), average.parameters(), strict=True):
                    mean.lerp_(weight, 1 - decay)

    def weights(self) -> dict[str, Tensor]:
        """The averaged weights, by name."""
        return {
            f"{name}.{key}": weight
            for name, (_, average) in self._pairs.items()
            for key, weight in average.named_parameters()
        }

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the generators have the averages' weights, and buffers of their own, while the block lasts."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        for live, average in self._pairs.values():
            ours = [*live.parameters(), *live.buffers()]
            theirs = [*average.parameters(), *average.buffers()]
            for one, other in zip(ours, theirs, strict=True):
                one.data, other.data = other.data, one.data
