"""What the training loop asks of a method, and nothing more."""

from typing import Protocol

from torch import Tensor

from pixlate.checkpoint import Learner
from pixlate.data.loading import Batch
from pixlate.devices import Device
from pixlate.networks.noise import Noise
from pixlate.networks.unet import UNet


class Method(Learner, Protocol):
    """A `torch.nn.Module` that learns to translate."""

    @property
    def name(self) -> str:
        """What the method is called, in cards."""

    def step(self, batch: Batch, noise: Noise, device: Device) -> dict[str, Tensor]:
        """Learn from one batch; returns the losses by name, detached."""

    def sample(self, source: Tensor, noise: Noise | None) -> Tensor:
        """Translate sources (N, C, H, W) in [-1, 1] as the trained model would."""

    @property
    def shipped(self) -> dict[str, UNet]:
        """The generators to ship, by what follows `model` and `best` in the name of their files."""
