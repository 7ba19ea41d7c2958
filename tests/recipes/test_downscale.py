"""Coarse pictures: Pillow's filters, and jitter of brightness and contrast within its bounds."""

import numpy as np
import pytest
from PIL import Image

from pixlate.recipes.downscale import Downscale, coarse

RNG = np.random.default_rng


@pytest.mark.parametrize(("height", "width", "factor"), [(64, 48, 4), (256, 256, 24), (37, 53, 3.3), (9, 7, 50)])
def test_it_is_the_mean_of_areas_and_pillows_bicubic(height, width, factor):
    picture = RNG(0).integers(0, 256, (height, width, 1), np.uint8)
    rows, columns = max(1, round(height / factor)), max(1, round(width / factor))
    # Each pixel split so finely that areas hold whole parts.
    fine = picture[..., 0].repeat(rows, 0).repeat(columns, 1).astype(np.float64)
    small = fine.reshape(rows, height, columns, width).mean((1, 3)).astype(np.float32)
    wanted = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    assert np.allclose(coarse(picture, factor)[..., 0], np.asarray(wanted), atol=0.01)


def test_a_factor_of_one_changes_nothing():
    picture = RNG(0).integers(0, 256, (20, 30, 3), np.uint8)
    assert np.array_equal(Downscale(1).make(picture, RNG(0)), picture)


def test_the_mean_of_each_area_is_kept():
    picture = RNG(0).integers(0, 256, (48, 48, 1), np.uint8)
    down = coarse(picture, 1000)
    assert np.allclose(down, picture.mean(), atol=1e-3)


def test_brightness_and_contrast_stay_within_their_bounds():
    grey, light = np.full((2, 2, 1), 128, np.uint8), np.full((2, 2, 1), 191, np.uint8)
    brighter = [int(Downscale(1, brightness=0.2).make(grey, RNG(seed))[0, 0, 0]) for seed in range(300)]
    assert 128 - 52 <= min(brighter) < 80
    assert 176 < max(brighter) <= 128 + 52
    contrasted = [int(Downscale(1, contrast=0.5).make(light, RNG(seed))[0, 0, 0]) for seed in range(300)]
    assert 158 <= min(contrasted) < 163
    assert 219 < max(contrasted) <= 224
    assert {int(Downscale(1, contrast=0.5).make(grey, RNG(seed))[0, 0, 0]) for seed in range(50)} <= {128, 127, 129}
