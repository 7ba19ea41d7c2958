"""Grey is Pillow's, bit for bit."""

import numpy as np
import pytest
from PIL import Image

from pixlate.recipes.gray import gray


def test_every_shade_is_pillows():
    levels = np.arange(0, 256, 3, dtype=np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(86, -1, 3)
    assert np.array_equal(gray(colours)[..., 0], np.asarray(Image.fromarray(colours).convert("L")))


@pytest.mark.parametrize(("kind", "scale"), [(np.uint16, 257), (np.uint32, 16843009)])
def test_deeper_pictures_are_weighed_alike(kind, scale):
    colours = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    deep = gray(colours.astype(kind) * kind(scale)).astype(np.float64) / scale
    assert np.abs(deep - gray(colours)).max() <= 0.51
    assert gray(np.full((1, 1, 3), np.iinfo(kind).max, kind))[0, 0, 0] == np.iinfo(kind).max
