"""What the training loop asks of a method, and nothing more."""

from collections.abc import Callable, Sequence
from typing import Protocol

from torch import Tensor

from pixlate.checkpoint.packing import Learner
from pixlate.data.loading import Batch
from pixlate.devices import Device
from pixlate.networks.noise import Noise
from pixlate.networks.unet import UNet


class Method(Learner, Protocol):
    """A `torch.nn.Module` that learns to translate. Whatever it remembers between steps is a parameter or a buffer."""

    @property
    def name(self) -> str:
        """What the method is called, in cards."""

    def step(self, batches: Sequence[Batch], noise: Callable[[int], Noise], device: Device) -> dict[str, Tensor]:
        """Learn once from the mean over `batches`; returns the mean losses by name, detached.

        `noise(i)` begins the noise of `batches[i]`, the same each time.

        Raises:
            NotFinite: a loss or a gradient that is no finite number; the update it was for is not made.
        """

    def sample(self, source: Tensor, noise: Noise | None) -> Tensor:
        """Translate sources (N, C, H, W) in [-1, 1] as the trained model would."""

    @property
    def shipped(self) -> dict[str, UNet]:
        """The generators to ship, by what follows `model` and `best` in the name of their files."""
