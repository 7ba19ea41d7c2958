"""The papers' networks as a textbook has them: torch's own layers, one after the other.

Parameters have the names that ours have, so a state dict of one loads into the other. Sides are powers of two.
"""

from itertools import pairwise
from typing import Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pixlate.specs.networks import DiscriminatorSpec, GeneratorSpec, Norm, biased


class Chance(Protocol):
    """Where the randomness comes from. A `pixlate.networks.noise.Noise` is one."""

    def dropout(self, x: Tensor, /) -> Tensor:
        """x with half of its values zeroed at random and the rest doubled."""

    def uniform(self) -> float:
        """A number in [0, 1)."""

    def choice(self, count: int, /) -> int:
        """A number from 0 … count - 1."""

    def places(self, count: int, among: int, /) -> Tensor:
        """`count` different numbers from 0 … among - 1, or all of them."""


def norm_layer(norm: Norm, channels: int) -> nn.Module:
    """torch's layer of that name."""
    if norm == "none":
        return nn.Identity()
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    return nn.InstanceNorm2d(channels, affine=norm == "affine-instance")


class Layer(nn.Module):
    """A convolution and its norm."""

    def __init__(self, conv: nn.Module, norm: nn.Module) -> None:
        super().__init__()
        self.conv, self.norm = conv, norm

    def forward(self, x: Tensor) -> Tensor:
        """One, then the other."""
        y: Tensor = self.norm(self.conv(x))
        return y


class UNet(nn.Module):
    """pix2pix, appendix 6.1.1."""

    def __init__(self, spec: GeneratorSpec) -> None:
        super().__init__()
        self.dropout, widths, depth, bias = spec.dropout, spec.widths, spec.depth, biased(spec.norm)
        self.encoder, self.decoder = nn.ModuleList(), nn.ModuleList()
        for level, (inner, outer) in enumerate(pairwise((spec.in_channels, *widths))):
            norm = spec.norm if 0 < level < depth - 1 else "none"
            self.encoder.append(Layer(nn.Conv2d(inner, outer, 4, 2, 1, bias=bias), norm_layer(norm, outer)))
        for level in reversed(range(depth)):
            inner = widths[level] * (1 if level == depth - 1 else 2)
            outer, norm = (widths[level - 1], spec.norm) if level else (spec.out_channels, "none")
            conv = nn.ConvTranspose2d(inner, outer, 4, 2, 1, bias=bias or level == 0)
            self.decoder.append(Layer(conv, norm_layer(norm, outer)))

    def forward(self, x: Tensor, chance: Chance | None = None) -> Tensor:
        """(N, C, H, W) in [-1, 1] → the same; without `chance` there is no dropout."""
        skips = [self.encoder[0](x)]
        for layer in self.encoder[1:]:
            skips.append(layer(F.leaky_relu(skips[-1], 0.2)))
        y = skips.pop()
        for place, layer in enumerate(self.decoder, 1):
            y = layer(F.relu(y))
            if chance is not None and place in self.dropout:
                y = chance.dropout(y)
            if skips:
                y = torch.cat([y, skips.pop()], dim=1)
        return torch.tanh(y)


class Block(nn.Module):
    """A residual block: x and two convolutions of it, amid mirrored borders."""

    def __init__(self, channels: int, norm: Norm, *, dropout: bool) -> None:
        super().__init__()
        self.pad = nn.ReflectionPad2d(1)
        self.conv1 = nn.Conv2d(channels, channels, 3, bias=biased(norm))
        self.norm1 = norm_layer(norm, channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, bias=biased(norm))
        self.norm2 = norm_layer(norm, channels)
        self.dropout = dropout

    def forward(self, x: Tensor, chance: Chance | None) -> Tensor:
        """(N, C, H, W) → the same."""
        y = F.relu(self.norm1(self.conv1(self.pad(x))))
        if self.dropout and chance is not None:
            y = chance.dropout(y)
        summed: Tensor = x + self.norm2(self.conv2(self.pad(y)))
        return summed


class ResNet(nn.Module):
    """CycleGAN, appendix 7.2."""

    def __init__(self, spec: GeneratorSpec) -> None:
        super().__init__()
        widths, norm, bias = spec.widths, spec.norm, biased(spec.norm)
        steps = list(pairwise(widths))
        self.pad = nn.ReflectionPad2d(3)
        self.first = Layer(nn.Conv2d(spec.in_channels, widths[0], 7, bias=bias), norm_layer(norm, widths[0]))
        self.encoder = nn.ModuleList(
            Layer(nn.Conv2d(outer, inner, 3, 2, 1, bias=bias), norm_layer(norm, inner)) for outer, inner in steps
        )
        self.blocks = nn.ModuleList(
            Block(widths[-1], norm, dropout=place in spec.dropout) for place in range(1, spec.blocks + 1)
        )
        self.decoder = nn.ModuleList(
            Layer(nn.ConvTranspose2d(inner, outer, 3, 2, 1, 1, bias=bias), norm_layer(norm, outer))
            for outer, inner in reversed(steps)
        )
        self.last = Layer(nn.Conv2d(widths[0], spec.out_channels, 7), nn.Identity())

    def forward(self, x: Tensor, chance: Chance | None = None) -> Tensor:
        """(N, C, H, W) in [-1, 1] → the same; without `chance` there is no dropout."""
        y = F.relu(self.first(self.pad(x)))
        for layer in self.encoder:
            y = F.relu(layer(y))
        for block in self.blocks:
            y = block(y, chance)
        for layer in self.decoder:
            y = F.relu(layer(y))
        return torch.tanh(self.last(self.pad(y)))

    def features(self, x: Tensor, chance: Chance | None) -> list[Tensor]:
        """What CUT compares: pixels, both halving convolutions, and what the first and the fifth block give."""
        found = [x]
        y = F.relu(self.first(self.pad(x)))
        for layer in self.encoder:
            halved = cast("Layer", layer)
            found.append(halved.conv(y))
            y = F.relu(halved.norm(found[-1]))
        given = []
        for block in self.blocks[:5]:
            y = block(y, chance)
            given.append(y)
        return [*found, given[0], *given[1:][-1:]]


class PatchGAN(nn.Module):
    """pix2pix, appendix 6.1.2, of 70 px: C64-C128-C256-C512 and one logit a patch."""

    def __init__(self, spec: DiscriminatorSpec) -> None:
        super().__init__()
        assert spec.receptive_field == 70
        widths, bias = [spec.width * times for times in (1, 2, 4, 8)], biased(spec.norm)
        layers: list[nn.Module] = [nn.Conv2d(spec.in_channels, widths[0], 4, 2, 1), nn.LeakyReLU(0.2)]
        for (inner, outer), stride in zip(pairwise(widths), (2, 2, 1), strict=True):
            layers.append(nn.Conv2d(inner, outer, 4, stride, 1, bias=bias))
            layers += [] if spec.norm == "none" else [norm_layer(spec.norm, outer)]
            layers.append(nn.LeakyReLU(0.2))
        self.layers = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 4, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) → (N, 1, h, w)."""
        logits: Tensor = self.layers(x)
        return logits


class Projections(nn.Module):
    """CUT's two layers for each feature map."""

    def __init__(self, channels: list[int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Linear(count, 256), nn.ReLU(), nn.Linear(256, 256)) for count in channels
        )

    def forward(self, features: list[Tensor], places: list[Tensor]) -> list[Tensor]:
        """Maps (N, C, H, W) and places (P) among their H·W → vectors (N, P, 256) of length 1, one tensor a map."""
        vectors = []
        for layer, own, chosen in zip(self.layers, features, places, strict=True):
            at_places = own.flatten(2)[:, :, chosen].transpose(1, 2)
            vectors.append(F.normalize(layer(at_places), dim=2))
        return vectors


def network(spec: GeneratorSpec | DiscriminatorSpec) -> UNet | ResNet | PatchGAN:
    """The network of that spec."""
    if isinstance(spec, DiscriminatorSpec):
        return PatchGAN(spec)
    return ResNet(spec) if spec.architecture == "resnet" else UNet(spec)
