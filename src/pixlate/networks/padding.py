"""Borders: mirrored ones, sides made even, and sides doubled."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def reflected(x: Tensor, margin: int) -> Tensor:
    """x (N, C, H, W) with `margin` pixels around it that mirror its own, without repeating its edge; any H and W.

    Its gradient is the same each time, on every device.
    """
    if x.device.type == "cpu" and margin < min(x.shape[-2:]):
        return F.pad(x, (margin,) * 4, mode="reflect")
    return mirrored(x, margin)


def mirrored(x: Tensor, margin: int) -> Tensor:
    """What `reflected` says, by concatenation alone: torch's padding adds up gradients in any order on CUDA."""
    for dim in (-1, -2):
        side = x.shape[dim]
        if margin < side:
            before, after = x.narrow(dim, 1, margin).flip(dim), x.narrow(dim, side - 1 - margin, margin).flip(dim)
            x = torch.cat([before, x, after], dim)
        else:
            x = torch.cat([x.narrow(dim, _fold(place, side), 1) for place in range(-margin, side + margin)], dim)
    return x


def _fold(place: int, side: int) -> int:
    """Where a place beyond the border comes to lie when mirrors stand at both borders."""
    if side == 1:
        return 0
    place = abs(place) % (2 * (side - 1))
    return min(place, 2 * (side - 1) - place)


def even(x: Tensor) -> Tensor:
    """x (N, C, H, W) with its last row and column repeated where H or W is odd."""
    # Concatenation rather than replicate padding, whose gradient is not deterministic on CUDA.
    if x.shape[-2] % 2:
        x = torch.cat([x, x[..., -1:, :]], dim=-2)
    if x.shape[-1] % 2:
        x = torch.cat([x, x[..., -1:]], dim=-1)
    return x


def enlarged(x: Tensor, conv: nn.Conv2d | nn.ConvTranspose2d, size: torch.Size) -> Tensor:
    """x (N, C, ⌈H/2⌉, ⌈W/2⌉) → (N, C', H, W), where size = (H, W); what was rounded up is cut off.

    By the transposed convolution, or if it is an ordinary 3×3 one by repeating each pixel to 2×2 before it: then all
    outputs see equally many inputs.
    """
    y: Tensor
    if isinstance(conv, nn.ConvTranspose2d):
        y = conv(x)[..., : size[0], : size[1]]
    else:
        y = conv(reflected(doubled(x)[..., : size[0], : size[1]], 1))
    return y


def doubled(x: Tensor) -> Tensor:
    """x (N, C, H, W) with each pixel repeated to 2×2."""
    return x.repeat_interleave(2, dim=-1).repeat_interleave(2, dim=-2)
