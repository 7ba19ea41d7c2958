"""Convolutions, each by the formulation of the same sum that is fastest where it runs.

Which one follows from shapes, device and kind of number alone, by a rule that `benchmarks/formulations.py` justifies.
So a resumed run computes as it did before.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pixlate.networks import winograd

_transforms: ContextVar[dict[nn.Module, Tensor] | None] = ContextVar("transforms", default=None)

RULE = 2
"""Another number for another rule, or another way of computing a formulation: a run that is resumed is told."""

Formulation = Literal["direct", "matmul", "taps", "winograd"]

_FEW = 64
"""Places of the smaller map up to which a convolution of stride 2 is one product of matrices, bound by its weights."""
_SKINNY = 16
"""Places below which that product is faster the other way round."""
_TAPS = 3
"""Taps of all outputs for each input channel, up to which all together are one small product of matrices."""
_OUTPUTS = 4
"""So many at most."""
_TAPPED = 2**17
"""Places up to which they are; more would take much memory."""
_TILES = (64, 2048)
"""As many make Winograd's products worth their transforms; more would take much memory."""
_CHANNELS = 128
"""In and out; fewer do not."""


class Conv2d(nn.Conv2d):
    """torch's, with square kernels and zeros around."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        """(N, C, H, W) → (N, O, H', W')."""
        way = formulation(input, self)
        if way == "winograd":
            return _biased(winograd.convolved(input, _kernels(self), int(self.padding[0])), self.bias)
        if way == "taps":
            # Turned round, and amid as many zeros as are missing, it is a transposed convolution.
            turned, missing = self.weight.flip(2, 3).transpose(0, 1), self.kernel_size[0] - 1 - int(self.padding[0])
            return _biased(_transposed(input, turned, 1, missing), self.bias)
        return _as_matrices(input, self) if way == "matmul" else super().forward(input)


class ConvTranspose2d(nn.ConvTranspose2d):
    """torch's, with square kernels."""

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:  # noqa: A002
        """(N, C, H, W) → (N, O, H', W')."""
        if output_size is None and formulation(input, self) == "matmul":
            stride, padding = self.stride[0], int(self.padding[0])
            return _biased(_transposed(input, self.weight, stride, padding, self.output_padding[0]), self.bias)
        return super().forward(input, output_size)


def formulation(x: Tensor, conv: nn.Conv2d | nn.ConvTranspose2d) -> Formulation:
    """How `conv` is computed of x (N, C, H, W).

    Small maps in a deep network are products of matrices (im2col): there the weights, read from memory, take the time.
    Few outputs of many channels are summed up from what each tap of the kernel makes of the whole map. Large kernels
    of stride 1 over many channels are computed after Winograd. All else, and all that is not in 32 or 64 bits on a CPU,
    is torch's own.
    """
    if x.device.type != "cpu" or x.dtype not in (torch.float32, torch.float64) or torch.is_autocast_enabled("cpu"):
        return "direct"
    if not _plain(conv) or x.numel() == 0:
        return "direct"
    side, stride = conv.kernel_size[0], conv.stride[0]
    height, width = x.shape[-2:]
    if isinstance(conv, nn.ConvTranspose2d):
        return "matmul" if stride == 2 and x.shape[0] * height * width <= _FEW else "direct"
    grown = 2 * int(conv.padding[0]) - side
    if stride == 2:
        places = x.shape[0] * ((height + grown) // 2 + 1) * ((width + grown) // 2 + 1)
        return "matmul" if places <= _FEW and side == 4 else "direct"
    few = conv.out_channels <= _OUTPUTS and conv.out_channels * side**2 <= _TAPS * conv.in_channels
    if side > 1 and few and x.shape[0] * height * width <= _TAPPED:
        return "taps"
    rows, columns = winograd.tiles(height + grown + 1, width + grown + 1)
    enough = _TILES[0] <= x.shape[0] * rows * columns <= _TILES[1]
    many = min(conv.in_channels, conv.out_channels) >= _CHANNELS
    return "winograd" if enough and many and side in (3, 4) else "direct"


@contextmanager
def transforms_shared() -> Iterator[None]:
    """While the block lasts no weight changes, and what depends on the weights alone is computed once."""
    token = _transforms.set({})
    try:
        yield
    finally:
        _transforms.reset(token)


def _kernels(conv: Conv2d) -> Tensor:
    shared = _transforms.get()
    if shared is not None and conv not in shared:
        shared[conv] = winograd.transformed_values(conv.weight)
    return winograd.transformed(conv.weight, None if shared is None else shared[conv])


def _plain(conv: nn.Conv2d | nn.ConvTranspose2d) -> bool:
    """Square, amid few zeros, each input touching each output once."""
    square = all(len(set(sides)) == 1 for sides in (conv.kernel_size, conv.stride, conv.padding))
    usual = conv.groups == 1 and conv.dilation == (1, 1) and conv.padding_mode == "zeros"
    return square and usual and int(conv.padding[0]) < conv.kernel_size[0]


def _as_matrices(x: Tensor, conv: nn.Conv2d) -> Tensor:
    count, _, height, width = x.shape
    patches = F.unfold(x, conv.kernel_size, padding=conv.padding, stride=conv.stride)  # type: ignore[arg-type]
    columns = patches.squeeze(0) if count == 1 else patches.transpose(0, 1).flatten(1)
    weights = conv.weight.flatten(1)
    flat = weights @ columns if columns.shape[1] >= _SKINNY else (columns.t().contiguous() @ weights.t()).t()
    grown = 2 * int(conv.padding[0]) - conv.kernel_size[0]
    sides = [(side + grown) // conv.stride[0] + 1 for side in (height, width)]
    return _biased(flat.view(-1, count, *sides).transpose(0, 1), conv.bias)


def _transposed(x: Tensor, weight: Tensor, stride: int, padding: int, extra: int = 0) -> Tensor:
    count, channels, *sides = x.shape
    columns = x.transpose(0, 1).reshape(channels, -1)
    weights = weight.flatten(1)
    flat = weights.t() @ columns if columns.shape[1] >= _SKINNY else (columns.t().contiguous() @ weights).t()
    patches = flat.view(flat.shape[0], count, -1).transpose(0, 1)
    side = weight.shape[-1]
    height, width = ((size - 1) * stride - 2 * padding + side + extra for size in sides)
    return F.fold(patches, (height, width), side, padding=padding, stride=stride)


def _biased(x: Tensor, bias: Tensor | None) -> Tensor:
    return x if bias is None else x + bias.view(-1, 1, 1)
