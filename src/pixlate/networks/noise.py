"""z, the noise a generator is given: dropout masks and Gaussian planes (pix2pix, section 3.1)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

_PIECE = 1 << 22


class Noise:
    """All the randomness of one forward pass, drawn in order from one seeded generator.

    It is drawn on the CPU whatever the device, so that a seed means the same noise everywhere.
    """

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)

    def place(self) -> Tensor:
        """Where it stands, for `from_place`."""
        return self._generator.get_state()

    @contextmanager
    def from_place(self, place: Tensor) -> Iterator[None]:
        """Let this block draw what was drawn from `place` on, and what comes after it what would have come anyway."""
        current = self._generator.get_state()
        self._generator.set_state(place)
        try:
            yield
        finally:
            self._generator.set_state(current)

    def drawn(self, draw: Callable[["Noise"], Tensor], device: torch.device, *, ahead: bool = True) -> Tensor:
        """What `draw` makes of this noise on the CPU, brought to `device`.

        A step that is to be recorded draws in no other way, so `draw` must not hold on to what the step computes.
        `ahead` says whether it may be called before the step that it is for.
        """
        del ahead
        return draw(self).to(device)

    def dropout(self, x: Tensor) -> Tensor:
        """x with half of its values zeroed at random and the rest doubled."""
        shape = x.shape
        return dropped(x, self.drawn(lambda z: torch.rand(shape, generator=z._generator) >= 0.5, x.device))

    def kept(self, channels: int, height: int, width: int) -> Iterator[Tensor]:
        """What `dropout` draws for one picture of that shape: for each channel which values it keeps (H, W)."""
        for _ in range(channels):
            yield torch.rand((height, width), generator=self._generator) >= 0.5

    def gaussian(self, like: Tensor, channels: int) -> Tensor:
        """Standard normal planes (N, channels, H, W), of the device and kind of `like` (N, ?, H, W)."""
        shape = (like.shape[0], channels, *like.shape[-2:])
        return self.drawn(lambda z: torch.randn(shape, generator=z._generator), like.device).to(like)

    def gaussian_pieces(self, count: int) -> Iterator[Tensor]:
        """The `count` values that `gaussian` draws at once for one picture, in pieces one behind the other."""
        # torch draws normal numbers by sixteens, and the last sixteen once more where sixteen does not divide them.
        while count >= 2 * _PIECE:
            yield torch.randn(_PIECE, generator=self._generator)
            count -= _PIECE
        yield torch.randn(count, generator=self._generator)

    def uniform(self) -> float:
        """A number in [0, 1)."""
        return float(torch.rand((), generator=self._generator, dtype=torch.float64))

    def choice(self, count: int) -> int:
        """A number from 0 … count - 1."""
        return int(torch.randint(count, (), generator=self._generator))

    def places(self, count: int, among: int) -> Tensor:
        """`count` different numbers from 0 … among - 1, or all of them, in any order."""
        return torch.randperm(among, generator=self._generator)[:count]


def dropped(x: Tensor, keep: Tensor) -> Tensor:
    """x with the values that `keep` (of its shape) does not name zeroed, and the rest doubled."""
    return x * (keep * 2.0).to(x)


def with_z(x: Tensor, channels: int, noise: Noise | None) -> Tensor:
    """x (N, C, H, W) with `channels` Gaussian planes behind its own; without noise they are 0."""
    if channels == 0:
        return x
    z = x.new_zeros(x.shape[0], channels, *x.shape[-2:]) if noise is None else noise.gaussian(x, channels)
    return torch.cat([x, z], dim=1)
