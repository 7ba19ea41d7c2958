"""L1, PSNR and SSIM against independent implementations, and their properties."""

import math

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
