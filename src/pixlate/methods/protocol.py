"""What the training loop asks of a method, and nothing more."""

from collections.abc import Mapping
from typing import Any, Protocol

from torch import Tensor
from torch.optim import Optimizer

from pixlate.data.loading import Batch
from pixlate.devices import Device
from pixlate.networks.noise import Noise
from pixlate.networks.unet import UNet


class Method(Protocol):
    """A `torch.nn.Module` that learns to translate."""

    optimizers: dict[str, Optimizer]

    def step(self, batch: Batch, noise: Noise, device: Device) -> dict[str, Tensor]:
        """Learn from one batch; returns the losses by name, detached."""

    def sample(self, source: Tensor, noise: Noise | None) -> Tensor:
        """Translate sources (N, C, H, W) in [-1, 1] as the trained model would."""

    @property
    def shipped(self) -> dict[str, UNet]:
        """The generators to ship, by file name."""

    def state_dict(self) -> dict[str, Any]:
        """Weights and buffers by name."""

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Any:  # noqa: ANN401 - torch's own return value
        """Go on from `state_dict`."""
