"""The ResNet generator (CycleGAN, appendix 7.2; after Johnson et al., 2016)."""

import math
from functools import partial
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pixlate.networks.convolution import Conv2d, ConvTranspose2d
from pixlate.networks.noise import Noise, with_z
from pixlate.networks.normalization import normalization
from pixlate.networks.padding import enlarged, reflected
from pixlate.networks.recomputing import Layer, Recomputable
from pixlate.specs.networks import GeneratorSpec, Norm, Upsampling, biased


class Conv(nn.Module):
    """c7s1-k or dk: Convolution-(Norm); 7×7 amid mirrored borders, or 3×3 halving each side, odd ones rounded up."""

    def __init__(self, in_channels: int, out_channels: int, norm: Norm, *, kernel: int, last: bool = False) -> None:
        super().__init__()
        self.margin = 3 if kernel == 7 else 0
        stride, padding = (1, 0) if kernel == 7 else (2, 1)
        bias = last or biased(norm)
        self.conv = Conv2d(in_channels, out_channels, kernel, stride=stride, padding=padding, bias=bias)
        self.norm = normalization("none" if last else norm, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) → (N, out, H, W), or (N, out, ⌈H/2⌉, ⌈W/2⌉)."""
        return self.normalized(self.convolved(x))

    def convolved(self, x: Tensor) -> Tensor:
        """The first half of the layer."""
        y: Tensor = self.conv(reflected(x, self.margin) if self.margin else x)
        return y

    def normalized(self, x: Tensor) -> Tensor:
        """The second."""
        return x if self.norm is None else self.norm(x)


class Up(nn.Module):
    """uk: Transposed convolution-(Norm), doubling each side; with `resize` 2×2 repetition and a 3×3 convolution."""

    def __init__(self, in_channels: int, out_channels: int, norm: Norm, upsampling: Upsampling) -> None:
        super().__init__()
        bias = biased(norm)
        self.conv: Conv2d | ConvTranspose2d
        if upsampling == "resize":
            self.conv = Conv2d(in_channels, out_channels, 3, bias=bias)
        else:
            self.conv = ConvTranspose2d(in_channels, out_channels, 3, stride=2, padding=1, output_padding=1, bias=bias)
        self.norm = normalization(norm, out_channels)

    def forward(self, x: Tensor, size: torch.Size) -> Tensor:
        """(N, in, ⌈H/2⌉, ⌈W/2⌉) → (N, out, H, W), where size = (H, W); what was rounded up is cut before the norm."""
        x = self.convolved(x, size)
        return x if self.norm is None else self.norm(x)

    def convolved(self, x: Tensor, size: torch.Size) -> Tensor:
        """The layer without its norm."""
        return enlarged(x, self.conv, size)


class Block(nn.Module):
    """Rk: x + Convolution-(Norm)-ReLU-(Dropout)-Convolution-(Norm) of x, 3×3 amid mirrored borders."""

    def __init__(self, channels: int, norm: Norm, *, dropout: bool) -> None:
        super().__init__()
        self.conv1 = Conv2d(channels, channels, 3, bias=biased(norm))
        self.norm1 = normalization(norm, channels)
        self.conv2 = Conv2d(channels, channels, 3, bias=biased(norm))
        self.norm2 = normalization(norm, channels)
        self.dropout = dropout

    def forward(self, x: Tensor, noise: Noise | None) -> Tensor:
        """(N, C, H, W) → the same shape."""
        y = self.conv1(reflected(x, 1))
        y = F.relu(y if self.norm1 is None else self.norm1(y))
        y = noise.dropout(y) if self.dropout and noise is not None else y
        y = self.conv2(reflected(y, 1))
        y = y if self.norm2 is None else self.norm2(y)
        summed: Tensor = x + y
        return summed


class ResNet(Recomputable):
    """Source (N, in_channels, H, W) in [-1, 1] → output (N, out_channels, H, W) in [-1, 1], for any H and W."""

    def __init__(self, spec: GeneratorSpec) -> None:
        super().__init__()
        self.spec = spec
        widths = spec.widths
        steps = list(pairwise(widths))
        self.first = Conv(spec.in_channels + spec.z_channels, widths[0], spec.norm, kernel=7)
        self.encoder = nn.ModuleList(Conv(outer, inner, spec.norm, kernel=3) for outer, inner in steps)
        self.blocks = nn.ModuleList(
            Block(widths[-1], spec.norm, dropout=place + 1 in spec.dropout) for place in range(spec.blocks)
        )
        self.decoder = nn.ModuleList(Up(inner, outer, spec.norm, spec.upsampling) for outer, inner in reversed(steps))
        self.last = Conv(widths[0], spec.out_channels, spec.norm, kernel=7, last=True)

    def forward(self, x: Tensor, noise: Noise | None = None) -> Tensor:
        """Translate x; without `noise` dropout is off and z is 0."""
        encoder: list[Layer] = [self.first, F.relu]
        for down in self.encoder:
            encoder += [down, F.relu]
        blocks: list[Layer] = [partial(block, noise=noise) for block in self.blocks]
        decoder: list[Layer] = []
        for place, up in enumerate(self.decoder, start=1):
            size = torch.Size(math.ceil(side / 2 ** (len(self.decoder) - place)) for side in x.shape[-2:])
            decoder += [partial(up, size=size), F.relu]
        threes = [blocks[place : place + 3] for place in range(0, len(blocks), 3)]
        parts: list[list[Layer]] = [encoder, *threes, [*decoder, self.last, torch.tanh]]
        return self.through(parts, with_z(x, self.spec.z_channels, noise), noise)

    def features(self, x: Tensor, noise: Noise | None = None) -> list[Tensor]:
        """What CUT compares: the pixels, both halving convolutions, the first and the fifth residual block."""
        found = [x]
        y = with_z(x, self.spec.z_channels, noise)
        layers: list[Layer] = [self.first, F.relu]
        for layer in self.encoder:
            down = cast("Conv", layer)
            y = self.through([[*layers, down.convolved]], y)
            found.append(y)
            layers = [down.normalized, F.relu]
        for place, block in enumerate(self.blocks[:5]):
            layers.append(partial(block, noise=noise))
            if place in (0, min(5, len(self.blocks)) - 1):
                y = self.through([layers], y, noise)
                found.append(y)
                layers = []
        return found

    @property
    def feature_channels(self) -> list[int]:
        """Of each of the `features`."""
        widths = self.spec.widths
        return [self.spec.in_channels, *widths[1:], *[widths[-1]] * min(2, self.spec.blocks)]
