"""z, the noise a generator is given: dropout masks and Gaussian planes (pix2pix, section 3.1)."""

import torch
from torch import Tensor


class Noise:
    """All the randomness of one forward pass, drawn in order from one seeded generator.

    It is drawn on the CPU whatever the device, so that a seed means the same noise everywhere.
    """

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)

    def dropout(self, x: Tensor) -> Tensor:
        """x with half of its values zeroed at random and the rest doubled."""
        keep = torch.rand(x.shape, generator=self._generator) >= 0.5
        return x * (keep * 2.0).to(x)

    def gaussian(self, like: Tensor, channels: int) -> Tensor:
        """Standard normal planes (N, channels, H, W), of the device and kind of `like` (N, ?, H, W)."""
        shape = (like.shape[0], channels, *like.shape[-2:])
        return torch.randn(shape, generator=self._generator).to(like)

    def uniform(self) -> float:
        """A number in [0, 1)."""
        return float(torch.rand((), generator=self._generator, dtype=torch.float64))

    def choice(self, count: int) -> int:
        """A number from 0 … count - 1."""
        return int(torch.randint(count, (), generator=self._generator))

    def places(self, count: int, among: int) -> Tensor:
        """`count` different numbers from 0 … among - 1, or all of them, in any order."""
        return torch.randperm(among, generator=self._generator)[:count]


def with_z(x: Tensor, channels: int, noise: Noise | None) -> Tensor:
    """x (N, C, H, W) with `channels` Gaussian planes behind its own; without noise they are 0."""
    if channels == 0:
        return x
    z = x.new_zeros(x.shape[0], channels, *x.shape[-2:]) if noise is None else noise.gaussian(x, channels)
    return torch.cat([x, z], dim=1)
