"""Lab: scikit-image's, there and back, and greys without colour."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage import color

from pixlate import images
from pixlate.images.lab import join, split, to_lab, to_rgb
from pixlate.specs.pictures import Kind

_LEVELS = np.arange(0, 256, 5, dtype=np.uint8)
EVERY_FIFTH = np.stack(np.meshgrid(_LEVELS, _LEVELS, _LEVELS), axis=-1).reshape(52, -1, 3)


def test_it_is_scikit_images_lab():
    """To 0.005, for the white there is the standard's, (0.95047, 1, 1.08883), and here that of the matrix."""
    rgb = EVERY_FIFTH.astype(np.float32) / 255
    assert np.abs(to_lab(rgb) - color.rgb2lab(rgb.astype(np.float64))).max() < 0.006
    lab = to_lab(rgb)
    assert np.abs(to_rgb(lab) - color.lab2rgb(lab.astype(np.float64))).max() < 0.001


def test_every_colour_of_a_screen_comes_back():
    assert np.array_equal(join(*split(EVERY_FIFTH)), EVERY_FIFTH)


def test_greys_have_no_colour_and_come_back():
    greys = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    light, ab = split(greys)
    assert np.abs(ab).max() < 1e-5
    assert light.min() == -1
    assert abs(light.max() - 1) < 1e-6
    assert np.array_equal(join(light, ab), np.repeat(greys, 3, -1))


def test_the_halves_are_in_range_and_float32():
    light, ab = split(EVERY_FIFTH)
    assert light.shape == (*EVERY_FIFTH.shape[:2], 1)
    assert ab.shape == (*EVERY_FIFTH.shape[:2], 2)
    assert light.dtype == ab.dtype == np.float32
    assert -1 <= light.min() < light.max() <= 1
    assert -1 < ab.min() < -0.9
    assert 0.85 < ab.max() < 1


@given(hnp.arrays(np.float32, (4, 3), elements=st.floats(-300, 300, width=32)))
@settings(max_examples=200)
def test_what_no_screen_can_show_is_clipped(lab):
    rgb = to_rgb(lab)
    assert rgb.dtype == np.float32
    assert ((rgb >= 0) & (rgb <= 1)).all()
    assert join(lab[None, :, :1], lab[None, :, 1:]).dtype == np.uint8


def test_l_and_ab_together_are_the_picture():
    lightness, ab = Kind(space="lightness"), Kind(space="ab")
    values = images.to_float(EVERY_FIFTH, lightness), images.to_float(EVERY_FIFTH, ab)
    assert [len(value) for value in values] == [1, 2]
    assert all(np.abs(value).max() <= 1 for value in values)
    again = images.from_float(values[1], ab, source=values[0])
    assert np.abs(again.astype(int) - EVERY_FIFTH).max() <= 1
    grey = images.from_float(values[0], lightness)
    assert (grey.max(-1).astype(int) - grey.min(-1)).max() <= 1
