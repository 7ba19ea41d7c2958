"""Other sizes, other channels, halves, grids."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from samples import colours, greys, pictures, with_alpha

from pixlate import images
from pixlate.errors import PictureError


@given(pictures)
@settings(max_examples=20, deadline=None)
def test_resizing_to_the_same_size_changes_nothing(picture):
    for resample in ("bilinear", "bicubic"):
        assert np.array_equal(images.resize(picture, *picture.shape[:2], resample), picture)


@given(pictures, st.integers(1, 30), st.integers(1, 30), st.sampled_from(["bilinear", "bicubic"]))
@settings(max_examples=30, deadline=None)
def test_resizing_gives_the_size_asked_for_and_keeps_channels(picture, height, width, resample):
    assert images.resize(picture, height, width, resample).shape == (height, width, picture.shape[-1])
    flat = np.full_like(picture, 77)
    assert (images.resize(flat, height, width, resample) == 77).all()


def test_shrinking_is_antialiased():
    stripes = np.zeros((32, 32, 1), np.uint8)
    stripes[:, ::2] = 255
    assert np.abs(images.resize(stripes, 8, 8, "bilinear").astype(int) - 127).max() < 30


def test_the_filter_asked_for_is_the_one_used():
    ours = images.resize(colours(), 45, 70, "bicubic")
    assert np.array_equal(ours, np.asarray(Image.fromarray(colours()).resize((70, 45), Image.Resampling.BICUBIC)))
    assert (ours != images.resize(colours(), 45, 70, "bilinear")).any()


def test_grey_to_colour_and_back_is_the_same_picture():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    rgb = images.with_channels(levels, 3)
    assert rgb.shape == (16, 16, 3)
    assert (rgb == levels).all()
    assert np.array_equal(images.with_channels(rgb, 1), levels)


def test_colour_becomes_grey_by_the_eye_s_weights():
    primaries = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    assert images.with_channels(primaries, 1).ravel().tolist() == [76, 150, 29]


def test_other_numbers_of_channels_are_refused():
    with pytest.raises(PictureError, match="4 channels"):
        images.with_channels(with_alpha(colours()), 3)


@pytest.mark.parametrize("gap", [0, 4])
def test_a_grid_holds_every_cell_in_its_place_on_white(gap):
    rows = [[colours(5, 7), greys(6, 3)], [colours(2, 2)]]
    sheet = images.grid(rows, gap=gap)
    assert sheet.shape == (2 * (6 + gap) + gap, 2 * (7 + gap) + gap, 3)
    expected = np.full_like(sheet, 255)
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            top, left = gap + y * (6 + gap), gap + x * (7 + gap)
            expected[top : top + cell.shape[0], left : left + cell.shape[1]] = cell
    assert np.array_equal(sheet, expected)
