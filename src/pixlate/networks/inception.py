"""Inception-v3 as the FID takes it: the network of December 2015, up to the mean of its last maps (2048 features).

It is not torchvision's: averages leave the border's zeros out, and the last block pools by maxima. Layers bear
torchvision's names, as the weights of pytorch-fid do (pt_inception-2015-12-05-6726825d.pth).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FEATURES = 2048
SIDE = 299
"""Pixels of a side of its input."""


class _Layer(nn.Module):
    """Convolution without bias, norm by running averages, ReLU."""

    def __init__(
        self,
        channels: int,
        width: int,
        side: int | tuple[int, int],
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, side, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(width, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)))


def _averaged(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


def _greatest(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 3, stride=2)


class _A(nn.Module):
    def __init__(self, channels: int, pooled: int) -> None:
        super().__init__()
        self.branch1x1 = _Layer(channels, 64, 1)
        self.branch5x5_1, self.branch5x5_2 = _Layer(channels, 48, 1), _Layer(48, 64, 5, padding=2)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = _Layer(channels, 64, 1), _Layer(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = _Layer(96, 96, 3, padding=1)
        self.branch_pool = _Layer(channels, pooled, 1)

    def forward(self, x: Tensor) -> Tensor:
        five = self.branch5x5_2(self.branch5x5_1(x))
        three = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch1x1(x), five, three, self.branch_pool(_averaged(x))], 1)


class _B(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch3x3 = _Layer(channels, 384, 3, stride=2)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = _Layer(channels, 64, 1), _Layer(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = _Layer(96, 96, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), double, _greatest(x)], 1)


class _C(nn.Module):
    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        across, down = {"side": (1, 7), "padding": (0, 3)}, {"side": (7, 1), "padding": (3, 0)}
        self.branch1x1 = _Layer(channels, 192, 1)
        self.branch7x7_1, self.branch7x7_2 = _Layer(channels, inner, 1), _Layer(inner, inner, **across)  # type: ignore[arg-type]
        self.branch7x7_3 = _Layer(inner, 192, **down)  # type: ignore[arg-type]
        self.branch7x7dbl_1 = _Layer(channels, inner, 1)
        self.branch7x7dbl_2, self.branch7x7dbl_3 = _Layer(inner, inner, **down), _Layer(inner, inner, **across)  # type: ignore[arg-type]
        self.branch7x7dbl_4, self.branch7x7dbl_5 = _Layer(inner, inner, **down), _Layer(inner, 192, **across)  # type: ignore[arg-type]
        self.branch_pool = _Layer(channels, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        seven = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        return torch.cat([self.branch1x1(x), seven, double, self.branch_pool(_averaged(x))], 1)


class _D(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch3x3_1, self.branch3x3_2 = _Layer(channels, 192, 1), _Layer(192, 320, 3, stride=2)
        self.branch7x7x3_1 = _Layer(channels, 192, 1)
        self.branch7x7x3_2 = _Layer(192, 192, (1, 7), padding=(0, 3))
        self.branch7x7x3_3 = _Layer(192, 192, (7, 1), padding=(3, 0))
        self.branch7x7x3_4 = _Layer(192, 192, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        seven = self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x)))
        return torch.cat([self.branch3x3_2(self.branch3x3_1(x)), self.branch7x7x3_4(seven), _greatest(x)], 1)


class _E(nn.Module):
    def __init__(self, channels: int, *, last: bool) -> None:
        super().__init__()
        self.last = last
        self.branch1x1 = _Layer(channels, 320, 1)
        self.branch3x3_1 = _Layer(channels, 384, 1)
        self.branch3x3_2a = _Layer(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3_2b = _Layer(384, 384, (3, 1), padding=(1, 0))
        self.branch3x3dbl_1, self.branch3x3dbl_2 = _Layer(channels, 448, 1), _Layer(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = _Layer(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3dbl_3b = _Layer(384, 384, (3, 1), padding=(1, 0))
        self.branch_pool = _Layer(channels, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        three, double = self.branch3x3_1(x), self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        pooled = F.max_pool2d(x, 3, stride=1, padding=1) if self.last else _averaged(x)
        parts = [self.branch1x1(x), self.branch3x3_2a(three), self.branch3x3_2b(three)]
        parts += [self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double), self.branch_pool(pooled)]
        return torch.cat(parts, 1)


class Inception(nn.Module):
    """Pictures (N, 3, 299, 299) in [-1, 1] → features (N, 2048). Its weights are given, and stay."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = _Layer(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = _Layer(32, 32, 3)
        self.Conv2d_2b_3x3 = _Layer(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = _Layer(64, 80, 1)
        self.Conv2d_4a_3x3 = _Layer(80, 192, 3)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = _A(192, 32), _A(256, 64), _A(288, 64)
        self.Mixed_6a = _B(288)
        self.Mixed_6b, self.Mixed_6c = _C(768, 128), _C(768, 160)
        self.Mixed_6d, self.Mixed_6e = _C(768, 160), _C(768, 192)
        self.Mixed_7a = _D(768)
        self.Mixed_7b, self.Mixed_7c = _E(1280, last=False), _E(2048, last=True)
        self.requires_grad_(requires_grad=False)
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        """The features."""
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(_greatest(x)))
        x = _greatest(x)
        for name, block in self.named_children():
            if name.startswith("Mixed"):
                x = block(x)
        return x.mean((2, 3))
