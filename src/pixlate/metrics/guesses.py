"""Two guesses that any translator must be seen beside: the mean target, and the target of the nearest source."""

import torch
from torch import Tensor
from torch.nn import functional as F

_THUMB = 32


class Guesses:
    """Learned from training pairs one by one, all uint8 (H, W, C) of one size."""

    def __init__(self) -> None:
        self._sum: Tensor | None = None
        self._thumbs: list[Tensor] = []

    def learn(self, source: Tensor, target: Tensor) -> None:
        """Take one training pair in; of the source a thumbnail is kept, of the target its share of the mean."""
        self._sum = target.double() if self._sum is None else self._sum + target.double()
        self._thumbs.append(_thumb(source))

    def mean_target(self) -> Tensor:
        """The mean of all training targets, rounded: uint8 (H, W, C)."""
        if self._sum is None:
            raise ValueError("no pair was learned")
        return (self._sum / len(self._thumbs)).round().to(torch.uint8)

    def nearest(self, source: Tensor) -> int:
        """Which training pair, by its place in the order of learning, has the source nearest to this one.

        Nearest is the least squared difference of 32×32 thumbnails.
        """
        distances = (torch.stack(self._thumbs) - _thumb(source)).square().flatten(1).sum(1)
        return int(distances.argmin())


def _thumb(picture: Tensor) -> Tensor:
    planes = picture.permute(2, 0, 1)[None].float()
    return F.adaptive_avg_pool2d(planes, (min(_THUMB, planes.shape[-2]), min(_THUMB, planes.shape[-1])))[0]
