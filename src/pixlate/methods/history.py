"""The history of generated pictures that CycleGAN's discriminators learn from (section 4, after Shrivastava et al.)."""

import torch
from torch import Tensor, nn

from pixlate.networks.noise import Noise


class History(nn.Module):
    """Up to `size` pictures (channels, height, width), as buffers, so that they are part of what a run resumes with."""

    pictures: Tensor
    count: Tensor

    def __init__(self, size: int, channels: int, height: int, width: int) -> None:
        super().__init__()
        self.register_buffer("pictures", torch.zeros(size, channels, height, width))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def exchange(self, fakes: Tensor, z: Noise) -> Tensor:
        """Pictures (N, C, H, W) for the discriminator to judge, in place of the new `fakes`.

        Until it is full each new one is kept, and judged itself. Then, with an even chance, a kept one is judged and
        the new one takes its place; else the new one is judged.
        """
        size, new = len(self.pictures), len(fakes)
        if size == 0:
            return fakes
        plan = z.drawn(lambda z: self._plan(z, new), fakes.device, ahead=False)
        judged = []
        for fake, where, keeps, shows in zip(*(torch.split(each, 1) for each in (fakes, *plan)), strict=True):
            old = self.pictures.index_select(0, where)
            self.pictures.index_copy_(0, where, torch.where(keeps > 0, fake.to(old), old))
            judged.append(torch.where(shows > 0, old.to(fake), fake))
        self.count.add_(new).clamp_(max=size)
        return torch.cat(judged)

    def _plan(self, z: Noise, new: int) -> Tensor:
        """(3, new): for each new picture a place, whether it is kept there, and whether what was there is judged.

        Decided on the host, so that the exchange itself is the same sequence of operations whatever is drawn.
        """
        size, count = len(self.pictures), int(self.count)
        plan = []
        for place in range(count, count + new):
            if place < size:
                plan.append((place, True, False))
            elif z.uniform() < 0.5:
                plan.append((z.choice(size), True, True))
            else:
                plan.append((0, False, False))
        return torch.tensor(plan, dtype=torch.int64).T
