"""Convolution of stride 1 with fewer multiplications (Winograd, 1980; for networks Lavin and Gray, 2016).

F(m×m, r×r) computes m×m outputs of an r×r kernel out of n×n inputs, n = m + r - 1, with n² multiplications a channel in
place of m²·r². Inputs, kernels and outputs are transformed by small constant matrices; in between stand n² products of
matrices. Rounding errors grow by about 3 times for 3×3 kernels and 7 times for 4×4 ones.
"""

from fractions import Fraction
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

OUTPUTS = 4
"""m: outputs of one tile on a side."""

_POINTS = {
    3: [Fraction(text) for text in ["0", "2/3", "-2/3", "3/2", "-3/2"]],
    4: [Fraction(text) for text in ["0", "1", "-1", "1/2", "2", "-3/2"]],
}
"""Where the polynomials are evaluated, beside infinity, by the side of the kernel: those that round best."""


def tiles(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of tiles for outputs of that size."""
    return -(-height // OUTPUTS), -(-width // OUTPUTS)


def transformed(weight: Tensor, known: Tensor | None = None) -> Tensor:
    """Kernels (O, C, r, r) → (n², O, C), which `convolved` wants.

    `known` is what came of the same weights before. Each use has a gradient of its own, and adds up to the weights'
    in the same order whether the transform was known or not.
    """
    kernels: Tensor = _Transform.apply(weight, transformed_values(weight) if known is None else known)  # type: ignore[no-untyped-call]
    return kernels


def transformed_values(weight: Tensor) -> Tensor:
    """The same, without a gradient."""
    with torch.no_grad():
        return (_matrices(weight.shape[-1], weight.dtype)[1] @ weight.flatten(2).transpose(1, 2)).transpose(0, 1)


class _Transform(torch.autograd.Function):
    """Weights → their transform, which is known; linear, so its gradient is one of tensor operations alone."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, known: Tensor) -> Tensor:  # noqa: ANN401 - torch's context has no type
        ctx.shape = weight.shape
        return known.view_as(known)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        matrix = _matrices(ctx.shape[-1], gradient.dtype)[1]
        return (matrix.t() @ gradient.transpose(0, 1)).transpose(1, 2).reshape(ctx.shape), None


def convolved(x: Tensor, kernels: Tensor, padding: int) -> Tensor:
    """x (N, C, H, W) amid `padding` zeros → (N, O, H + 2·padding - r + 1, …), by kernels (n², O, C)."""
    count, channels, *sides = x.shape
    points, filters, _ = kernels.shape
    n = round(points**0.5)
    height, width = (side + 2 * padding - (n - OUTPUTS) for side in sides)
    rows, columns = tiles(height, width)
    of_outputs, _, of_inputs = _matrices(n + 1 - OUTPUTS, x.dtype)
    below, right = rows * OUTPUTS - height + padding, columns * OUTPUTS - width + padding
    patches = F.unfold(F.pad(x, (padding, right, padding, below)), n, stride=OUTPUTS)
    inputs = of_inputs @ patches.view(count, channels, points, rows * columns)
    if count == 1:
        inputs = inputs.squeeze(0).transpose(0, 1)
    else:
        inputs = inputs.permute(2, 1, 0, 3).reshape(points, channels, count * rows * columns)
    products = torch.bmm(kernels, inputs)
    outputs = (of_outputs @ products.view(points, -1)).view(OUTPUTS, OUTPUTS, filters, count, rows, columns)
    y = outputs.permute(3, 2, 4, 0, 5, 1).reshape(count, filters, rows * OUTPUTS, columns * OUTPUTS)
    return y[..., :height, :width].contiguous()


def factors(side: int) -> tuple[Tensor, Tensor, Tensor]:
    """What transforms outputs (m, n), kernels of that side (n, r) and inputs (n, n) in one dimension, in 64 bits."""
    points = _POINTS[side]
    n = len(points) + 1
    outputs, kernels = _powers(points, OUTPUTS), _powers(points, side)
    inputs = torch.linalg.inv(_powers(points, n)).t()
    # Kernels and inputs meet in a product, so a power of two may pass from one to the other: both of like size.
    scale = torch.exp2(torch.log2(inputs.abs().sum(1) / kernels.abs().sum(1)).div(2).round())
    return outputs.t(), kernels * scale[:, None], inputs / scale[:, None]


@lru_cache(maxsize=8)
def _matrices(side: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """The same for two dimensions at once: (m², n²), (n², r²) and (n², n²)."""
    with torch.inference_mode(mode=False):  # kept, they must serve in training too
        return tuple(torch.kron(matrix, matrix).to(dtype) for matrix in factors(side))  # type: ignore[return-value]


def _powers(points: list[Fraction], count: int) -> Tensor:
    """(n, count): the powers 0 … count - 1 of each point, and for infinity the highest alone."""
    rows = [[float(point**power) for power in range(count)] for point in points]
    return torch.tensor([*rows, [0.0] * (count - 1) + [1.0]], dtype=torch.float64)
