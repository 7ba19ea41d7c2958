"""Pictures ↔ what a network sees."""

import hypothesis
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixlate import images
from pixlate.errors import PictureError
from pixlate.specs.pictures import Kind

GREY = Kind(1)


def test_floats_span_minus_one_to_one_channels_first():
    values = images.to_float(np.array([[[0, 51, 255], [255, 0, 0]]], np.uint8), Kind())
    assert values.dtype == np.float32
    assert values.shape == (3, 1, 2)
    assert values[:, 0, 0].tolist() == pytest.approx([-1, -0.6, 1])
    assert (values.min(), values.max()) == (-1, 1)


@pytest.mark.parametrize(("level", "nearest"), [(10.4, 10), (10.6, 11), (254.6, 255), (0.4, 0), (127.6, 128)])
def test_levels_are_rounded_not_cut(level, nearest):
    assert images.from_float(np.full((1, 1, 1), level / 127.5 - 1, np.float32), GREY).item() == nearest


def test_values_beyond_the_range_are_clipped():
    values = np.array([-7, -1.001, 1.001, 3e8, -np.inf, np.inf], np.float32).reshape(1, 1, 6)
    assert images.from_float(values, GREY).ravel().tolist() == [0, 0, 255, 255, 0, 255]


@pytest.mark.parametrize(("number", "most"), [("uint8", 255), ("uint16", 65535)])
def test_every_whole_number_survives_the_way_to_floats_and_back(number, most):
    kind = Kind(1, number, (0.0,), (float(most),))
    every = np.arange(most + 1, dtype=number).reshape(-1, 256, 1)
    values = images.to_float(every, kind)
    assert (values.min(), values.max()) == (-1, 1)
    assert np.array_equal(images.from_float(values, kind), every)


@pytest.mark.parametrize(("low", "high"), [(0, 4095), (100, 1000), (1, 65535)])
def test_every_value_of_a_given_range_survives_and_others_are_clipped(low, high):
    kind = Kind(1, "uint16", (float(low),), (float(high),))
    every = np.arange(65536, dtype=np.uint16).reshape(256, 256, 1)
    assert np.array_equal(images.from_float(images.to_float(every, kind), kind), np.clip(every, low, high))


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_floats_survive_within_a_millionth_of_their_range(low, width, seed):
    low, high = float(np.float32(low)), float(np.float32(low + width))
    hypothesis.assume(high - low > abs(low) * 1e-4)
    kind = Kind(2, "float32", (low,), (high,))
    picture = np.random.default_rng(seed).uniform(low, high, (4, 5, 2)).astype(np.float32)
    again = images.from_float(images.to_float(picture, kind), kind)
    assert again.dtype == np.float32
    assert np.abs(again.astype(np.float64) - picture).max() <= 1e-6 * (high - low) + 1e-6 * max(abs(low), abs(high))


def test_every_channel_has_its_own_range():
    kind = Kind(2, "float32", (0.0, -10.0), (1.0, 30.0))
    values = images.to_float(np.array([[[0, -10], [1, 30], [0.5, 10]]], np.float32), kind)
    assert values[:, 0].tolist() == [[-1, 1, 0], [-1, 1, 0]]
    assert images.from_float(values, kind)[0].tolist() == [[0, -10], [1, 30], [0.5, 10]]


def test_a_class_is_the_nearest_colour_and_comes_back_as_its_own():
    kind = Kind(space="classes", classes=((0, 0, 0), (255, 0, 0), (0, 0, 255)))
    picture = np.array([[[3, 2, 1], [250, 9, 0], [1, 2, 200], [255, 0, 0]]], np.uint8)
    values = images.to_float(picture, kind)
    assert values.shape == (3, 1, 4)
    assert values.argmax(0).tolist() == [[0, 1, 2, 1]]
    assert set(values.ravel().tolist()) == {-1, 1}
    assert (values.sum(0) == -1).all()
    assert images.from_float(values, kind)[0].tolist() == [[0, 0, 0], [255, 0, 0], [0, 0, 255], [255, 0, 0]]


def test_sixteen_bits_among_eight_lose_nothing_and_white_is_white():
    deep = np.array([[[0], [257], [65535], [32768]]], np.uint16)
    among_8 = images.as_kind(deep, GREY, "it")
    assert among_8[0, :3, 0].tolist() == [0, 1, 255]
    assert images.to_float(among_8, GREY).ravel()[3] == pytest.approx(32768 / 32767.5 - 1, abs=1e-6)
    shallow = np.array([[[0], [1], [255]]], np.uint8)
    assert images.as_kind(shallow, Kind(1, "uint16", (0.0,), (65535.0,)), "it").ravel().tolist() == [0, 257, 65535]


def test_what_cannot_be_made_alike_is_refused_by_name():
    with pytest.raises(PictureError, match=r"^it has 5 channels; 3 are wanted"):
        images.as_kind(np.zeros((2, 2, 5), np.uint8), Kind(), "it")
    with pytest.raises(PictureError, match=r"^it holds floats; whole numbers of uint8"):
        images.as_kind(np.zeros((2, 2, 3), np.float32), Kind(), "it")


def test_scores_and_eyes_see_the_range_as_0_to_255():
    kind = Kind(4, "float32", (0.0,), (10.0,))
    picture = np.array([[[0, 5, 10, 99]]], np.float32)
    assert images.levels(picture, kind).ravel().tolist() == [0, 127.5, 255, 255]
    assert images.viewable(picture, kind).tolist() == [[[0, 128, 255]]]
    assert images.viewable(picture[..., :2], Kind(2, "float32", (0.0,), (10.0,))).shape == (1, 1, 1)
    eight = np.array([[[0, 77, 255]]], np.uint8)
    assert images.levels(eight, Kind()) is eight
    kept = images.viewable(np.array([[[10, 20, 30, 0], [10, 20, 30, 255]]], np.uint8), Kind(4, alpha="keep"))
    assert kept.tolist() == [[[255, 255, 255], [10, 20, 30]]]


@pytest.mark.parametrize("number", ["uint8", "uint16", "float32"])
def test_what_a_network_sees_is_made_without_touching_the_picture(number: str) -> None:
    picture = (np.random.default_rng(0).random((8, 9, 3)) * 200).astype(number)
    before = picture.copy()
    kind = Kind(3, number, (3.0, 0.0, 10.0), (250.0, 255.0, 190.5))  # type: ignore[arg-type]
    values = images.to_float(picture, kind)
    np.testing.assert_array_equal(picture, before)
    low, high = (np.array(ends)[:, None, None] for ends in (kind.low, kind.high))
    planes = before.transpose(2, 0, 1).astype(np.float32)
    wanted = (planes - low.astype(np.float32)) / ((high - low) / 2).astype(np.float32) - np.float32(1)
    np.testing.assert_array_equal(values, np.clip(wanted, -1, 1))
    assert values.flags.c_contiguous
