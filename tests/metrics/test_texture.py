"""Sharpness and variety."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from pixlate.metrics import texture


def test_blur_lowers_sharpness_and_flatness_has_none() -> None:
    noise = np.random.Generator(np.random.PCG64(0)).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    blurred = [np.asarray(Image.fromarray(noise).filter(ImageFilter.GaussianBlur(radius))) for radius in (0.5, 1, 2, 4)]
    found = [texture.sharpness(picture) for picture in (noise, *blurred)]
    assert found == sorted(found, reverse=True)
    assert texture.sharpness(np.full((8, 8, 3), 90, np.uint8)) == 0


def test_a_ramp_is_as_sharp_as_it_is_steep() -> None:
    ramp = np.tile(np.arange(0, 60, 3, dtype=np.uint8), (10, 1))[..., None]
    assert texture.sharpness(ramp) == pytest.approx(3)
    assert texture.sharpness(np.repeat(ramp, 3, axis=-1)) == pytest.approx(3)


def test_variety_is_the_standard_deviation_over_pictures() -> None:
    pictures = np.random.Generator(np.random.PCG64(1)).integers(0, 256, (7, 5, 6, 3), dtype=np.uint8)
    assert texture.variety(list(pictures)) == pytest.approx(pictures.std(0).mean())
    assert texture.variety([pictures[0]] * 4) == pytest.approx(0, abs=1e-5)
