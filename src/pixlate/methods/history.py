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
        size = len(self.pictures)
        if size == 0:
            return fakes
        judged = fakes.clone()
        count = int(self.count)
        for place, picture in enumerate(fakes):
            if count < size:
                self.pictures[count] = picture
                count += 1
            elif z.uniform() < 0.5:
                index = z.choice(size)
                judged[place] = self.pictures[index]
                self.pictures[index] = picture
        self.count.fill_(count)
        return judged
