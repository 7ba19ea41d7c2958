"""L1, PSNR and SSIM against independent implementations, and their properties."""

import math
from typing import Any

import numpy as np
import pytest
import skimage.metrics
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor

from pixlate.metrics import paired


def picture(seed: int, height: int = 40, width: int = 56, channels: int = 3) -> Tensor:
    source = np.random.Generator(np.random.PCG64(seed))
    smooth = np.cumsum(source.normal(size=(height, width, channels)), axis=1) * 20 + 128
    return torch.from_numpy(np.clip(smooth, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("channels", [1, 3])
def test_scores_agree_with_scikit_image(channels: int) -> None:
    a, b = picture(0, channels=channels), picture(1, channels=channels)
    b = ((a.float() * 3 + b.float()) / 4).to(torch.uint8)
    ssim = skimage.metrics.structural_similarity(
        a.numpy(),
        b.numpy(),
        channel_axis=-1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=255,
    )
    assert math.isclose(paired.ssim(a, b), ssim, abs_tol=1e-6)
    psnr = skimage.metrics.peak_signal_noise_ratio(a.numpy(), b.numpy(), data_range=255)
    assert math.isclose(paired.psnr(a, b), psnr, rel_tol=1e-9)
    assert math.isclose(paired.l1(a, b), np.abs(a.numpy().astype(int) - b.numpy().astype(int)).mean(), rel_tol=1e-9)


def test_known_values() -> None:
    black, white = torch.zeros(16, 16, 3, dtype=torch.uint8), torch.full((16, 16, 3), 255, dtype=torch.uint8)
    assert paired.l1(black, white) == 255
    assert paired.psnr(black, white) == 0
    assert paired.ssim(black, white) < 0.001
    assert math.isclose(paired.psnr(black, black + 1), 20 * math.log10(255))


pictures = arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20), st.sampled_from([1, 3])))


@settings(max_examples=50, deadline=None)
@given(first=pictures, seed=st.integers(0, 99))
def test_equal_pictures_score_best_order_does_not_matter_and_ranges_hold(first: np.ndarray, seed: int) -> None:
    a = torch.from_numpy(first)
    b = torch.from_numpy(np.random.Generator(np.random.PCG64(seed)).integers(0, 256, first.shape, dtype=np.uint8))
    assert paired.l1(a, a) == 0
    assert paired.psnr(a, a) == math.inf
    assert math.isclose(paired.ssim(a, a), 1, abs_tol=1e-9)
    for score in (paired.l1, paired.psnr, paired.ssim):
        assert math.isclose(score(a, b), score(b, a), rel_tol=1e-9)
    assert 0 <= paired.l1(a, b) <= 255
    assert -1 - 1e-9 <= paired.ssim(a, b) <= 1 + 1e-9


def test_means_are_over_pictures() -> None:
    assert paired.mean_scores([{"l1": 1.0}, {"l1": 3.0}]) == {"l1": 2.0}
    assert paired.mean_scores([]) == {}


def ms_ssim_by_definition(x: Any, y: Any) -> float:
    """Wang et al. (2003), eq. 7, window by window; x and y (H, W, C)."""
    ramp = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    window = np.outer(ramp, ramp) / ramp.sum() ** 2
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    product = 1.0
    for scale, exponent in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        a, b = (np.lib.stride_tricks.sliding_window_view(each, (11, 11), axis=(0, 1)) for each in (x, y))
        mean_a, mean_b = ((each * window).sum((-1, -2)) for each in (a, b))
        var_a = ((a - mean_a[..., None, None]) ** 2 * window).sum((-1, -2))
        var_b = ((b - mean_b[..., None, None]) ** 2 * window).sum((-1, -2))
        both = ((a - mean_a[..., None, None]) * (b - mean_b[..., None, None]) * window).sum((-1, -2))
        structure = (2 * both + c2) / (var_a + var_b + c2)
        luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
        product *= max((structure * luminance if scale == 4 else structure).mean(), 0) ** exponent
        x, y = (each[: len(each) // 2 * 2, : each.shape[1] // 2 * 2] for each in (x, y))
        x, y = (sum(each[i::2, j::2] for i in (0, 1) for j in (0, 1)) / 4 for each in (x, y))
    return float(product)


def mixed(share: float, height: int, width: int, channels: int = 3) -> tuple[Tensor, Tensor]:
    a, b = picture(2, height, width, channels), picture(3, height, width, channels)
    return (a.float() * (1 - share) + b.float() * share).to(torch.uint8), a


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_ms_ssim_is_that_of_the_definition(channels: int, share: float) -> None:
    a, b = mixed(share, 177, 190, channels)
    expected = ms_ssim_by_definition(a.double().numpy(), b.double().numpy())
    assert paired.ms_ssim(a, b) == pytest.approx(expected, abs=1e-9)
    assert paired.ms_ssim(b, a) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_ms_ssim_agrees_with_torchmetrics_but_for_the_border(share: float) -> None:
    """Which at the smallest scale takes windows that reach over the border into a mirrored picture."""
    from torchmetrics.functional.image import multiscale_structural_similarity_index_measure

    a, b = mixed(share, 640, 640)
    planes = (each.permute(2, 0, 1)[None].double() for each in (a, b))
    theirs = float(multiscale_structural_similarity_index_measure(*planes, data_range=255.0))
    assert paired.ms_ssim(a, b) == pytest.approx(theirs, abs=5e-3)


def test_ms_ssim_of_itself_is_1_and_wants_176_pixels() -> None:
    assert paired.ms_ssim(picture(4, 176, 180), picture(4, 176, 180)) == pytest.approx(1)
    assert math.isnan(paired.ms_ssim(picture(4, 175, 300), picture(4, 175, 300)))
