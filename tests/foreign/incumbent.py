"""The incumbent's networks, rebuilt from their lists of layers, so that their names and outputs can be compared."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn


def _norm(kind: str) -> Callable[[int], nn.Module]:
    return {"batch": nn.BatchNorm2d, "instance": nn.InstanceNorm2d, "none": lambda _channels: nn.Identity()}[kind]


def _dropout(wanted: bool) -> list[nn.Module]:
    return [nn.Dropout(0.5)] if wanted else []


class Skip(nn.Module):
    """One level of the U-Net around the levels within."""

    def __init__(self, layers: list[nn.Module], *, outermost: bool = False) -> None:
        super().__init__()
        self.outermost = outermost
        self.model = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x) if self.outermost else torch.cat([x, self.model(x)], 1)


class Network(nn.Module):
    """Whatever it is, under the name the incumbent keeps it."""

    def __init__(self, inner: nn.Module, name: str = "model") -> None:
        super().__init__()
        setattr(self, name, inner)
        self.inner = (inner,)

    def forward(self, x: Tensor) -> Tensor:
        return self.inner[0](x)


def unet(
    depth: int, sides: tuple[int, int] = (3, 3), width: int = 4, norm: str = "batch", dropout: bool = True
) -> Network:
    """unet_256 of depth 8, unet_128 of depth 7."""
    bias, layer = norm == "instance", _norm(norm)
    widths = [width * min(2**level, 8) for level in range(depth)]

    def down(inner: int, outer: int) -> nn.Module:
        return nn.Conv2d(inner, outer, 4, 2, 1, bias=bias)

    def up(inner: int, outer: int, *, biased: bool = bias) -> nn.Module:
        return nn.ConvTranspose2d(inner, outer, 4, 2, 1, bias=biased)

    outer, inner = widths[-2:]
    block = Skip([nn.LeakyReLU(0.2), down(outer, inner), nn.ReLU(), up(inner, outer), layer(outer)])
    for level in range(depth - 2, 0, -1):
        outer, inner = widths[level - 1], widths[level]
        dropped = _dropout(dropout and 4 <= level <= depth - 2)
        block = Skip(
            [
                *(nn.LeakyReLU(0.2), down(outer, inner), layer(inner), block),
                *(nn.ReLU(), up(2 * inner, outer), layer(outer), *dropped),
            ]
        )
    ends = [nn.ReLU(), up(2 * width, sides[1], biased=True), nn.Tanh()]
    return Network(Skip([down(sides[0], width), block, *ends], outermost=True))


class Block(nn.Module):
    """A residual block."""

    def __init__(self, channels: int, norm: str, *, dropout: bool) -> None:
        super().__init__()
        halves = [
            [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3, bias=norm == "instance"), _norm(norm)(channels)]
            for _ in range(2)
        ]
        self.conv_block = nn.Sequential(*halves[0], nn.ReLU(), *_dropout(dropout), *halves[1])

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv_block(x)


def resnet(
    blocks: int, sides: tuple[int, int] = (3, 3), width: int = 4, norm: str = "instance", dropout: bool = False
) -> Network:
    """resnet_9blocks, resnet_6blocks."""
    bias, layer = norm == "instance", _norm(norm)
    widths = [width, 2 * width, 4 * width]
    layers: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(sides[0], width, 7, bias=bias), layer(width), nn.ReLU()]
    for outer, inner in pairwise(widths):
        layers += [nn.Conv2d(outer, inner, 3, 2, 1, bias=bias), layer(inner), nn.ReLU()]
    layers += [Block(widths[-1], norm, dropout=dropout) for _ in range(blocks)]
    for inner, outer in pairwise(widths[::-1]):
        layers += [nn.ConvTranspose2d(inner, outer, 3, 2, 1, 1, bias=bias), layer(outer), nn.ReLU()]
    return Network(nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, sides[1], 7), nn.Tanh()))


def patchgan(layers: int, channels: int = 6, width: int = 4, norm: str = "batch") -> Network:
    """The discriminator of so many layers; of none the PixelGAN."""
    bias, layer = norm == "instance", _norm(norm)
    if layers == 0:
        pixel = [nn.Conv2d(channels, width, 1), nn.LeakyReLU(0.2), nn.Conv2d(width, 2 * width, 1, bias=bias)]
        pixel += [layer(2 * width), nn.LeakyReLU(0.2), nn.Conv2d(2 * width, 1, 1, bias=bias)]
        return Network(nn.Sequential(*pixel), "net")
    widths = [width * min(2**place, 8) for place in range(layers + 1)]
    made: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
    for place, (before, after) in enumerate(pairwise(widths), 1):
        stride = 2 if place < layers else 1
        made += [nn.Conv2d(before, after, 4, stride, 1, bias=bias), layer(after), nn.LeakyReLU(0.2)]
    return Network(nn.Sequential(*made, nn.Conv2d(widths[-1], 1, 4, 1, 1)))


def shaken(network: Network, seed: int = 0) -> Network:
    """The same with nothing left as it begins: scales, shifts, biases and running statistics are random too."""
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if name.endswith("num_batches_tracked"):
                tensor.fill_(7)
            elif name.endswith("running_var"):
                tensor.uniform_(0.5, 1.5, generator=draw)
            elif tensor.ndim == 1:
                tensor.normal_(1.0 if name.endswith("weight") else 0.0, 0.3, generator=draw)
            else:
                tensor.normal_(0.0, 1.5 / tensor[0].numel() ** 0.5, generator=draw)
    return network


def save(network: nn.Module, path: Path) -> Path:
    """As the incumbent keeps it."""
    torch.save(network.state_dict(), path)
    return path


def old_instance_statistics(network: Network, *, counted: bool) -> dict[str, Tensor]:
    """The running statistics that instance norms kept in old versions, beside the network's own tensors."""
    kept = dict(network.state_dict())
    for name, module in network.named_modules():
        if isinstance(module, nn.InstanceNorm2d):
            kept[f"{name}.running_mean"] = torch.full((module.num_features,), 9.0)
            kept[f"{name}.running_var"] = torch.full((module.num_features,), 9.0)
            if counted:
                kept[f"{name}.num_batches_tracked"] = torch.tensor(7)
    return kept
