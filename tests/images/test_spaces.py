"""Classes, Lab and ranges of each channel ↔ what a network sees, and what can be looked at."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pixlate import images
from pixlate.images import lab
from pixlate.images.palettes import CITYSCAPES, FACADES
from pixlate.specs.pictures import Kind

shapes = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 6))
floats = st.floats(-1e6, 1e6, width=32)
ends = st.tuples(floats, floats).map(sorted).filter(lambda pair: pair[1] - pair[0] > 1e-3 * (1 + abs(pair[0])))


def colours(palette):
    return Kind(3, space="classes", classes=palette.colours, ignored=palette.ignored)


@given(shapes, st.data())
def test_every_channel_has_its_range_and_is_clipped_to_it(shape, data):
    low, high = zip(*data.draw(st.lists(ends, min_size=shape[-1], max_size=shape[-1])), strict=True)
    kind = Kind(shape[-1], "float32", low, high)
    picture = data.draw(arrays(np.float32, shape, elements=floats))
    values = images.to_float(picture, kind)
    assert np.abs(values).max() <= 1
    for channel in range(shape[-1]):
        assert (values[channel][picture[..., channel] >= high[channel]] > 0.999).all()
        assert (values[channel][picture[..., channel] <= low[channel]] == -1).all()
    again = images.from_float(values, kind)
    # float32 holds 24 bits of the range and of its distance from 0.
    spare = 4e-6 * (np.abs(low) + np.abs(high) + np.subtract(high, low))
    assert (np.abs(again - np.clip(picture, low, high)) <= spare).all()


@given(st.integers(0, 60000), st.integers(1, 5000), arrays(np.float32, (1, 4, 4), elements=st.floats(-2, 2, width=32)))
def test_whole_numbers_stay_whole_and_within_their_range(low, width, values):
    kind = Kind(1, "uint16", (float(low),), (float(low + width),))
    made = images.from_float(values, kind)
    assert made.dtype == np.uint16
    assert low <= made.min()
    assert made.max() <= min(low + width, 65535)


def test_a_range_beyond_what_whole_numbers_hold_is_clipped_to_them():
    kind = Kind(1, "uint8", (-50.0,), (300.0,))
    made = images.from_float(np.array([[[-1, 0, 1]]], np.float32), kind)
    assert made[0, :, 0].tolist() == [0, 125, 255]


@given(arrays(np.uint8, (5, 6), elements=st.sampled_from([*range(12), 255])))
def test_classes_come_back_in_their_colours(numbers):
    kind = colours(FACADES)
    planes = images.to_float(
        FACADES.picture(numbers), Kind(3, space="classes", classes=FACADES.colours, ignored=((0, 0, 0),))
    )
    assert planes.shape == (12, 5, 6)
    assert set(np.unique(planes)) <= {-1, 1}
    assert np.array_equal((planes == 1).sum(0), numbers != 255)
    made = images.from_float(planes, kind)
    assert np.array_equal(made[numbers != 255], FACADES.picture(numbers)[numbers != 255])
    assert made.dtype == np.uint8


@given(arrays(np.float32, (19, 3, 4), elements=st.floats(-1, 1, width=32)))
def test_whatever_a_network_says_is_a_colour_of_the_palette(values):
    made = images.from_float(values, colours(CITYSCAPES))
    assert {tuple(colour) for colour in made.reshape(-1, 3).tolist()} <= set(CITYSCAPES.colours)


def test_ignored_colours_are_of_no_class():
    picture = np.array([[(0, 0, 0), (128, 64, 128), (3, 2, 1)]], np.uint8)
    planes = images.to_float(picture, colours(CITYSCAPES))
    assert (planes == 1).sum(0).tolist() == [[0, 1, 0]]


def test_grey_levels_as_classes():
    kind = Kind(1, space="classes", classes=((0,), (1,), (2,)))
    picture = np.array([[[0], [1], [2], [3], [255]]], np.uint8)
    planes = images.to_float(picture, kind)
    assert (planes == 1).sum(0).tolist() == [[1, 1, 1, 0, 0]]
    assert np.array_equal(images.from_float(planes, kind)[:, :3], picture[:, :3])
    assert images.viewable(picture, kind)[0, :, 0].tolist() == [0, 127, 254, 254, 254]


@given(arrays(np.uint8, (4, 5, 3)))
def test_lab_of_eight_bits_comes_back(picture):
    lightness, colour = (images.to_float(picture, Kind(3, space=space)) for space in ("lightness", "ab"))
    assert (lightness.shape, colour.shape) == ((1, 4, 5), (2, 4, 5))
    again = images.from_float(colour, Kind(3, space="ab"), lightness)
    assert np.array_equal(again, picture)


@given(arrays(np.uint16, (3, 4, 3)))
def test_lab_of_sixteen_bits_comes_back_nearly(picture):
    kinds = {space: Kind(3, "uint16", high=(65535.0,), space=space) for space in ("lightness", "ab")}
    lightness, colour = (images.to_float(picture, kind) for kind in kinds.values())
    again = images.from_float(colour, kinds["ab"], lightness)
    assert again.dtype == np.uint16
    assert np.abs(again.astype(int) - picture).max() <= 64


@given(arrays(np.float32, (2, 3, 3), elements=st.floats(-0.125, 0.125, width=32)), st.integers(60, 190))
def test_within_the_gamut_lightness_is_that_of_the_source(ab, level):
    source = images.to_float(np.full((3, 3, 3), level, np.uint8), Kind(3, space="lightness"))
    made = images.from_float(ab, Kind(3, space="ab"), source)
    lightness, _ = lab.split(made)
    assert np.abs(lightness[..., 0] - source[0]).max() * 50 < 0.5  # half a level of 8 bits is up to 0.4 of L


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 9])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_everything_can_be_looked_at(channels, dtype):
    picture = np.linspace(0, 250, 6 * channels).reshape(2, 3, channels).astype(dtype)
    kind = Kind(channels, np.dtype(dtype).name, (0.0,), (250.0,))
    seen = images.viewable(picture, kind)
    assert seen.dtype == np.uint8
    assert seen.shape == (2, 3, 3 if channels >= 3 else 1)
    assert seen[0, 0, 0] == 0
    assert np.array_equal(seen[..., 0], np.rint(images.levels(picture, kind)[..., 0]).astype(np.uint8))


def test_kept_alpha_is_seen_upon_white():
    picture = np.array([[[100, 0], [100, 255]]], np.uint8)
    assert images.viewable(picture, Kind(2, alpha="keep"))[0, :, 0].tolist() == [255, 100]
