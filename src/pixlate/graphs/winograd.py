"""3×3 convolutions by a quarter of the multiplications: F(4×4, 3×3) of Lavin and Gray (2016), in plain operations.

Outputs are made in tiles of 4×4, each from 6×6 inputs. All tiles are transformed (two convolutions with fixed kernels),
in each of the 36 places the channels are mixed (a product of matrices), and the products are transformed back.
"""

import torch
from torch import nn

from pixlate.graphs.graph import Graph
from pixlate.networks.winograd import OUTPUTS, factors, transformed

_FEWEST = 64
"""Channels of convolutions that gain by it."""


def suits(conv: nn.Conv2d) -> bool:
    """Whether the convolution is of the kind, and gains by it."""
    plain = (conv.kernel_size, conv.stride, conv.padding) == ((3, 3), (1, 1), (0, 0))
    return plain and min(conv.in_channels, conv.out_channels) >= _FEWEST


def winograd(graph: Graph, name: str, conv: nn.Conv2d, x: str, size: str) -> str:
    """x (1, C, 4m + 2, 4n + 2) → (1, C', H, W), of which `size` names (H, W): what is beyond it is cut off."""
    op, numbers = graph.op, graph.numbers
    inner, outer = conv.in_channels, conv.out_channels
    of_outputs, _, of_inputs = (factor.float() for factor in factors(3))
    # Columns, then rows, each in an order of dimensions that leaves nothing to be transposed.
    count = op("Div", op("Shape", x, start=2), numbers(OUTPUTS, OUTPUTS))
    columns = graph.weight("winograd.columns", of_inputs.reshape(6, 1, 1, 6, 1))
    tiles = op("Conv", op("Unsqueeze", x, numbers(1)), columns, strides=[1, OUTPUTS, 1])
    rows = graph.weight("winograd.rows", of_inputs.reshape(6, 1, 1, 6))
    width = op("Shape", x, start=3)
    tiles = op("Reshape", tiles, op("Concat", numbers(6, 1, -1), width, axis=0))
    tiles = op("Reshape", op("Conv", tiles, rows, strides=[1, OUTPUTS]), numbers(36, inner, -1))
    mixed = op("MatMul", graph.weight(f"{name}.winograd", transformed(conv.weight.detach().cpu()).contiguous()), tiles)
    back = graph.weight("winograd.outputs", torch.kron(of_outputs, of_outputs))
    y = op("MatMul", back, op("Reshape", mixed, numbers(36, -1)))
    y = op("Reshape", y, op("Concat", numbers(OUTPUTS, OUTPUTS, outer), count, axis=0))
    whole = op("Concat", numbers(1, outer), op("Mul", count, numbers(OUTPUTS)), axis=0)
    y = op("Reshape", op("Transpose", y, perm=[2, 3, 0, 4, 1]), whole)
    y = op("Slice", y, numbers(0, 0), size, numbers(2, 3))
    if conv.bias is None:
        return y
    return op("Add", y, graph.weight(f"{name}.bias", conv.bias.reshape(1, outer, 1, 1)))
