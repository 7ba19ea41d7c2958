"""Scores of an output beside its target, both 8-bit pictures as a user would save them."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

PEAK = 255.0
_WINDOW = 11
_SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def l1(output: Tensor, target: Tensor) -> float:
    """Mean absolute difference, 0 … 255 units. Pictures are uint8 (H, W, C)."""
    return float((output.double() - target.double()).abs().mean())


def psnr(output: Tensor, target: Tensor) -> float:
    """Peak signal-to-noise ratio in dB for a peak of 255; infinite for equal pictures (H, W, C)."""
    error = float((output.double() - target.double()).square().mean())
    return math.inf if error == 0 else 10 * math.log10(PEAK**2 / error)


def ssim(output: Tensor, target: Tensor) -> float:
    """Structural similarity in [-1, 1], meaned over channels; uint8 pictures (H, W, C).

    Wang et al. (2004): 11×11 Gaussian window of σ 1.5, K 0.01 and 0.03, over windows inside the picture. Smaller
    pictures take the largest odd window that fits.
    """
    height, width = output.shape[:2]
    side = min(_WINDOW, height - (height + 1) % 2, width - (width + 1) % 2)
    luminance, structure = _likeness(_planes(output), _planes(target), side)
    return float((luminance * structure).mean())


def ms_ssim(output: Tensor, target: Tensor) -> float:
    """Structural similarity over five scales, in 0 … 1; uint8 pictures (H, W, C).

    Wang et al. (2003): contrast and structure at five sizes, each half the one before, luminance at the smallest, each
    meaned over the windows inside the picture and over channels, and multiplied with the paper's exponents. NaN where a
    side is below 176 px, for which the smallest scale has no window.
    """
    if min(output.shape[:2]) < _WINDOW * 2 ** (len(_SCALES) - 1):
        return math.nan
    x, y = _planes(output), _planes(target)
    product = 1.0
    for scale, exponent in enumerate(_SCALES):
        luminance, structure = _likeness(x, y, _WINDOW)
        last = scale == len(_SCALES) - 1
        product *= max(float((luminance * structure if last else structure).mean()), 0.0) ** exponent
        x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
    return product


def _planes(picture: Tensor) -> Tensor:
    return picture.permute(2, 0, 1)[:, None].double()


def _likeness(x: Tensor, y: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Of luminance, and of contrast and structure together, at each window inside the pictures (C, 1, H, W)."""
    mean_x, mean_y = _blurred(x, side), _blurred(y, side)
    var_x = _blurred(x * x, side) - mean_x**2
    var_y = _blurred(y * y, side) - mean_y**2
    covariance = _blurred(x * y, side) - mean_x * mean_y
    c1, c2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    return luminance, (2 * covariance + c2) / (var_x + var_y + c2)


def _blurred(x: Tensor, side: int) -> Tensor:
    positions = torch.arange(side, dtype=x.dtype) - side // 2
    window = torch.exp(-(positions**2) / (2 * 1.5**2))
    window = window / window.sum()
    return F.conv2d(F.conv2d(x, window.view(1, 1, side, 1)), window.view(1, 1, 1, side))


def scores(output: Tensor, target: Tensor) -> dict[str, float]:
    """l1 (0–255 units), psnr (dB) and ssim of one output."""
    return {"l1": l1(output, target), "psnr": psnr(output, target), "ssim": ssim(output, target)}


def mean_scores(each: list[dict[str, float]]) -> dict[str, float]:
    """The mean of each score over pictures."""
    return {name: sum(one[name] for one in each) / len(each) for name in each[0]} if each else {}
