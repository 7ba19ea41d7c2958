"""What the training loop asks of a method, and nothing more."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor

from pixlate.checkpoint.packing import Learner
from pixlate.data.loading import Batch
from pixlate.devices import Device
from pixlate.networks.building import Generator
from pixlate.networks.noise import Noise


class Method(Learner, Protocol):
    """A `torch.nn.Module` that learns to translate. Whatever it remembers between steps is a parameter or a buffer.

    Its networks are submodules with the names of its settings' `networks`.
    """

    def step(self, batches: Sequence[Batch], noise: Callable[[int], Noise], device: Device) -> dict[str, Tensor]:
        """Learn once from the mean over `batches`; returns the mean losses by name, detached.

        `noise(i)` begins the i-th noise of the step, the same each time; batch i has the i-th, and what comes after
        is for those who need more.

        Raises:
            NotFinite: a loss or a gradient that is no finite number; the update it was for is not made.
        """

    @property
    def recordable(self) -> bool:
        """Whether a step is the same sequence of operations whatever is drawn, and draws by `Noise.drawn` alone."""

    @property
    def shipped(self) -> Mapping[str, Generator]:
        """The generators to ship, by what follows `model` and `best` in the name of their files.

        The first goes from source to target; a second the other way.
        """

    def to(self, device: torch.device, /) -> object:
        """As a module's."""

    def get_submodule(self, target: str) -> torch.nn.Module:
        """As a module's."""
