"""The generators' forward passes as ONNX operations: a walk over the same modules, in the same order."""

from typing import cast

import torch
from torch import Tensor, nn

from pixlate.graphs.graph import OUTPUT, SOURCE, Graph, Z
from pixlate.graphs.winograd import suits, winograd
from pixlate.networks.building import Generator
from pixlate.networks.normalization import BatchNorm, InstanceNorm, measures
from pixlate.networks.resnet import Block, Conv, ResNet
from pixlate.networks.resnet import Up as ResNetUp
from pixlate.networks.unet import Down, UNet, Up
from pixlate.networks.winograd import OUTPUTS

_FEW = 32
"""Channels that a processor's registers take at once, and that OpenVINO and ONNX Runtime fill up with zeros."""

_LEAST_OF_RESNET = 20
"""Pixels of a side for which every mirrored border is narrower than its map."""


def graph_of(generator: Generator, *, dropout: bool, fast: bool = False) -> Graph:
    """What `generator` computes out of training, by the statistics that its norms are set to.

    With `dropout` the graph has inputs for the masks; without it, it has none. A `fast` graph takes fewer
    multiplications, more memory and rounds a little more; else there is an operation for each layer.
    """
    walk = _Walk(generator, dropout=dropout, fast=fast)
    graph = walk.graph
    x = graph.op("Concat", SOURCE, Z, axis=1) if generator.spec.z_channels else SOURCE
    y = walk.unet(generator, x) if isinstance(generator, UNet) else walk.resnet(generator, x)
    graph.op("Tanh", y, name=OUTPUT)
    return graph


class _Walk:
    """One network, becoming a graph."""

    def __init__(self, generator: Generator, *, dropout: bool, fast: bool) -> None:
        spec = generator.spec
        self.graph = Graph(spec.in_channels, spec.out_channels, spec.z_channels)
        self._dropout = dropout
        self._fast = fast
        self._names = {module: name for name, module in generator.named_modules()}

    def unet(self, network: UNet, x: str) -> str:
        """The U-Net or encoder-decoder, without its tanh."""
        features = [x]
        for layer in network.encoder:
            features.append(self._down(cast("Down", layer), features[-1]))
        y = features.pop()
        for layer in network.decoder:
            skip = features.pop()
            y = self._up(cast("Up", layer), y, skip, halvings=len(features))
            if network.spec.architecture == "unet" and features:
                y = self.graph.op("Concat", y, skip, axis=1)
        return y

    def resnet(self, network: ResNet, x: str) -> str:
        """The ResNet, without its tanh."""
        self.graph.least = _LEAST_OF_RESNET
        y = self._relu(self._resnet_conv(network.first, x))
        outer = []
        for layer in network.encoder:
            outer.append(y)
            y = self._relu(self._resnet_conv(cast("Conv", layer), y))
        for layer in network.blocks:
            y = self._block(cast("Block", layer), y, halvings=len(outer))
        for layer in network.decoder:
            up = cast("ResNetUp", layer)
            y = self._relu(self._norm(up.norm, self._enlarged(up.conv, y, outer.pop()), up.conv))
        return self._few(network.last.conv, self._reflected(y, network.last.margin))

    def _few(self, conv: nn.Conv2d, x: str) -> str:
        """A convolution to few channels, which leave most of a processor's registers empty.

        Fast: its rows are taken as so many more channels, and added up by a second convolution, of ones.
        """
        outer, inner, rows, columns = conv.weight.shape
        if not (self._fast and outer * rows <= _FEW):
            return self._conv(conv, x)
        name = self._names[conv]
        flat = conv.weight.permute(2, 0, 1, 3).reshape(rows * outer, inner, 1, columns)
        ones = torch.eye(outer)[:, None, :, None] * torch.eye(rows)[None, :, None, :]
        x = self.graph.op("Conv", x, self.graph.weight(f"{name}.rows", flat))
        given = [x, self.graph.weight("ones", ones.reshape(outer, rows * outer, rows, 1))]
        given += [] if conv.bias is None else [self._weight(conv, "bias", conv.bias)]
        return self.graph.op("Conv", *given)

    def _down(self, down: Down, x: str) -> str:
        if down.activate:
            x = self.graph.op("LeakyRelu", x, alpha=0.2)
        return self._norm(down.norm, self._conv(down.conv, self._even(x)), down.conv)

    def _up(self, up: Up, x: str, like: str, halvings: int) -> str:
        y = self._norm(up.norm, self._enlarged(up.conv, self._relu(x), like), up.conv)
        return self._dropped(y, up.conv.out_channels, halvings) if up.dropout else y

    def _resnet_conv(self, layer: Conv, x: str) -> str:
        x = self._reflected(x, layer.margin) if layer.margin else x
        return self._norm(layer.norm, self._conv(layer.conv, x), layer.conv)

    def _block(self, block: Block, x: str, halvings: int) -> str:
        y = self._relu(self._norm(block.norm1, self._amid_mirrors(block.conv1, x), block.conv1))
        y = self._dropped(y, block.conv1.out_channels, halvings) if block.dropout else y
        y = self._norm(block.norm2, self._amid_mirrors(block.conv2, y), block.conv2)
        return self.graph.op("Add", x, y)

    def _amid_mirrors(self, conv: nn.Conv2d, x: str) -> str:
        """A 3×3 convolution of x amid mirrored borders."""
        if not (self._fast and suits(conv)):
            return self._conv(conv, self._reflected(x, 1))
        size, tile = self._size(x), self.graph.numbers(OUTPUTS, OUTPUTS)
        # Mirrored on until the tiles are whole; what comes of it is cut off.
        beyond = self.graph.op("Mod", self.graph.op("Sub", tile, self.graph.op("Mod", size, tile)), tile)
        after = self.graph.op("Add", beyond, self.graph.numbers(1, 1))
        pads = self.graph.op("Concat", self.graph.numbers(0, 0, 1, 1, 0, 0), after, axis=0)
        x = self.graph.op("Pad", x, pads, mode="reflect")
        return winograd(self.graph, self._names[conv], conv, x, size)

    def _conv(self, conv: nn.Conv2d | nn.ConvTranspose2d, x: str) -> str:
        pads = [*cast("tuple[int, int]", conv.padding)] * 2
        given = [x, self._weight(conv, "weight", conv.weight)]
        if conv.bias is not None:
            given.append(self._weight(conv, "bias", conv.bias))
        if isinstance(conv, nn.ConvTranspose2d):
            more = [*conv.output_padding]
            return self.graph.op("ConvTranspose", *given, strides=[*conv.stride], pads=pads, output_padding=more)
        return self.graph.op("Conv", *given, strides=[*conv.stride], pads=pads)

    def _norm(self, norm: BatchNorm | InstanceNorm | None, x: str, conv: nn.Conv2d | nn.ConvTranspose2d) -> str:
        if norm is None:
            return x
        scale = torch.ones(conv.out_channels) if norm.weight is None else norm.weight
        shift = torch.zeros(conv.out_channels) if norm.bias is None else norm.bias
        given = [x, self._weight(norm, "weight", scale), self._weight(norm, "bias", shift)]
        if measures(norm):
            return self.graph.op("InstanceNormalization", *given, epsilon=norm.eps)
        kept = cast("BatchNorm", norm)
        given.append(self._weight(norm, "running_mean", cast("Tensor", kept.running_mean)))
        given.append(self._weight(norm, "running_var", cast("Tensor", kept.running_var)))
        return self.graph.op("BatchNormalization", *given, epsilon=norm.eps)

    def _relu(self, x: str) -> str:
        return self.graph.op("Relu", x)

    def _dropped(self, x: str, channels: int, halvings: int) -> str:
        return self.graph.op("Mul", x, self.graph.mask(channels, halvings)) if self._dropout else x

    def _size(self, x: str) -> str:
        return self.graph.op("Shape", x, start=2)

    def _even(self, x: str) -> str:
        """x with its last row and column repeated where a side is odd."""
        odd = self.graph.op("Mod", self._size(x), self.graph.numbers(2, 2))
        pads = self.graph.op("Concat", self.graph.numbers(0, 0, 0, 0, 0, 0), odd, axis=0)
        return self.graph.op("Pad", x, pads, mode="edge")

    def _reflected(self, x: str, margin: int) -> str:
        return self.graph.op("Pad", x, self.graph.numbers(*(0, 0, margin, margin) * 2), mode="reflect")

    def _enlarged(self, conv: nn.Conv2d | nn.ConvTranspose2d, x: str, like: str) -> str:
        """x doubled and cut to the size of `like`."""
        if isinstance(conv, nn.ConvTranspose2d):
            starts, axes = self.graph.numbers(0, 0), self.graph.numbers(2, 3)
            return self.graph.op("Slice", self._conv(conv, x), starts, self._size(like), axes)
        for axis in (2, 3):
            x = self.graph.op("Gather", x, self._places(like, axis), axis=axis)
        return self._conv(conv, x)

    def _places(self, like: str, axis: int) -> str:
        """Which row of a map each row of the doubled and cut map amid mirrored borders is; or which column."""
        op, number = self.graph.op, self.graph.number
        side = op("Squeeze", op("Shape", like, start=axis, end=axis + 1))
        period = op("Max", op("Mul", op("Sub", side, number(1)), number(2)), number(1))
        place = op("Abs", op("Range", number(-1), op("Add", side, number(1)), number(1)))
        place = op("Mod", place, period)
        return op("Div", op("Min", place, op("Sub", period, place)), number(2))

    def _weight(self, module: nn.Module, name: str, values: Tensor) -> str:
        return self.graph.weight(f"{self._names[module]}.{name}", values)
