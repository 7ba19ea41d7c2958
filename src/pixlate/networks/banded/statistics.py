"""Mean and variance of a map that is seen band by band."""

import torch
from torch import Tensor


class Moments:
    """Of each channel of all that was added, in float64: the bands' own are merged, in whatever order (Chan, 1979)."""

    def __init__(self, channels: int) -> None:
        self._count = 0
        self._mean = torch.zeros(channels, dtype=torch.float64)
        self._squares = torch.zeros(channels, dtype=torch.float64)

    def add(self, x: Tensor) -> None:
        """Take in x (1, C, rows, W)."""
        variance, mean = (one.cpu().double() for one in torch.var_mean(x, dim=(0, 2, 3), correction=0))
        count = x.shape[2] * x.shape[3]
        total = self._count + count
        apart = mean - self._mean
        self._mean += apart * (count / total)
        self._squares += variance * count + apart.square() * (self._count * count / total)
        self._count = total

    def mean(self, like: Tensor) -> Tensor:
        """(C), of the device and kind of `like`."""
        return self._mean.to(like)

    def variance(self, like: Tensor) -> Tensor:
        """(C), of all values seen, without Bessel's correction."""
        return (self._squares / self._count).to(like)
