"""Jitter: both pictures of a pair are cut at one place, of every size comes the size, and validation draws nothing."""

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixlate import images
from pixlate.data.augment import CENTRE, Draw, Preparation, draw, jitter, without_jitter

CROP = Preparation(16, 12, 18, 14, fit="crop", mirror=True, resample="bilinear")
STRETCH = replace(CROP, fit="stretch")
WIDTH = replace(CROP, fit="width")


def coded(height, width, third=0):
    """Every pixel says where it is: (y, x, third)."""
    y, x = np.mgrid[:height, :width]
    return np.stack([y, x, np.full_like(y, third)], axis=-1).astype(np.uint8)


sides = st.integers(1, 70)
draws = st.builds(Draw, *(st.floats(0, 1, exclude_max=True),) * 2, st.booleans())


@st.composite
def preparations(draw_):
    height, width = draw_(st.integers(4, 40)), draw_(st.integers(4, 40))
    return Preparation(
        height,
        width,
        height + draw_(st.integers(0, 12)),
        width + draw_(st.integers(0, 12)),
        fit=draw_(st.sampled_from(["stretch", "width", "crop"])),
        mirror=draw_(st.booleans()),
        resample=draw_(st.sampled_from(["bilinear", "bicubic"])),
    )


@given(sides, sides, preparations(), draws, st.sampled_from([1, 3]))
@settings(max_examples=120, deadline=None)
def test_of_every_size_comes_the_size(height, width, preparation, drawn, channels):
    picture = coded(height, width)[..., :channels]
    for prepared in (jitter(picture, preparation, drawn), without_jitter(picture, preparation)):
        assert prepared.shape == (preparation.height, preparation.width, channels)
        assert prepared.dtype == np.uint8


@given(st.integers(16, 60), st.integers(12, 60), st.booleans(), draws)
@settings(max_examples=60, deadline=None)
def test_both_pictures_of_a_pair_are_cut_at_one_place(height, width, stretch, drawn):
    preparation = STRETCH if stretch else CROP
    source, target = (jitter(coded(height, width, third), preparation, drawn) for third in (9, 200))
    assert np.array_equal(source[..., :2], target[..., :2])
    assert (source[..., 2] == 9).all()
    assert (target[..., 2] == 200).all()


@given(st.integers(16, 60), st.integers(12, 60), draws)
@settings(max_examples=40, deadline=None)
def test_a_crop_is_an_unscaled_part_of_the_picture(height, width, drawn):
    cut = jitter(coded(height, width), CROP, drawn)
    if drawn.mirror:
        cut = cut[:, ::-1]
    top, left = cut[0, 0, :2]
    assert np.array_equal(cut, coded(height, width)[top : top + 16, left : left + 12])


def test_stretching_resizes_to_the_load_size_and_cuts_from_that():
    picture = images.resize(np.random.default_rng(0).integers(0, 256, (30, 50, 3)).astype(np.uint8), 31, 47, "bilinear")
    loaded = images.resize(picture, 18, 14, "bilinear")
    assert np.array_equal(jitter(picture, STRETCH, Draw(0, 0, mirror=False)), loaded[:16, :12])
    assert np.array_equal(jitter(picture, STRETCH, Draw(0.999, 0.999, mirror=True)), loaded[2:, 2:][:, ::-1])


def test_a_picture_too_small_to_be_cut_from_is_scaled_up_in_proportion():
    cut = jitter(coded(8, 60), CROP, Draw(0, 0, mirror=False))
    across = cut[0, :, 1].astype(int)
    assert cut.shape == (16, 12, 3)
    assert across[-1] == pytest.approx(11 / 2, abs=1)  # twice as wide as it was, like twice as high


def test_every_place_of_a_crop_comes_up_about_equally_often():
    tops, lefts = Counter(), Counter()
    for index in range(1500):
        top, left, _ = jitter(coded(20, 15), replace(CROP, mirror=False), draw(0, 0, index))[0, 0]
        tops[int(top)] += 1
        lefts[int(left)] += 1
    assert sorted(tops) == [0, 1, 2, 3, 4]
    assert sorted(lefts) == [0, 1, 2, 3]
    assert min(tops.values()) > 0.8 * 300
    assert min(lefts.values()) > 0.8 * 375


def test_every_other_pair_is_mirrored():
    mirrored = [draw(7, epoch, index).mirror for epoch in range(4) for index in range(500)]
    assert 0.46 < np.mean(mirrored) < 0.54


def test_a_mirrored_picture_is_turned_left_to_right_only_where_wanted():
    picture = coded(16, 12)
    assert np.array_equal(jitter(picture, CROP, Draw(0, 0, mirror=True)), picture[:, ::-1])
    assert np.array_equal(jitter(picture, replace(CROP, mirror=False), Draw(0, 0, mirror=True)), picture)
    assert np.array_equal(jitter(picture, CROP, Draw(0, 0, mirror=False)), picture)


@given(st.integers(0, 2**40), st.integers(0, 500), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_a_draw_follows_from_seed_epoch_and_index_alone(seed, epoch, index):
    first = draw(seed, epoch, index)
    random.random()  # noqa: S311
    assert draw(seed, epoch, index) == first
    assert 0 <= first.top < 1
    assert 0 <= first.left < 1
    others = [draw(seed + 1, epoch, index), draw(seed, epoch + 1, index), draw(seed, epoch, index + 1)]
    assert first not in others
    assert draw(seed, index, epoch) != first or epoch == index


def test_drawing_leaves_the_global_random_state_alone():
    before = random.getstate()
    draw(0, 0, 0)
    assert random.getstate() == before


def test_validation_sees_the_middle_and_no_mirror_image():
    assert np.array_equal(without_jitter(coded(20, 32), CROP), coded(20, 32)[2:18, 10:22])
    assert CENTRE.mirror is False


def test_validation_stretches_to_the_size_itself():
    picture = coded(31, 47)
    expected = images.resize(picture, 16, 12, "bilinear")
    for _ in range(3):
        assert np.array_equal(without_jitter(picture, STRETCH), expected)


def test_the_picture_given_is_not_changed():
    picture = coded(20, 32)
    for preparation in (CROP, STRETCH):
        jitter(picture, preparation, Draw(0.3, 0.3, mirror=True))
        without_jitter(picture, preparation)
    assert np.array_equal(picture, coded(20, 32))


# To a width, in proportion


@given(st.integers(17, 70), st.integers(4, 14), st.sampled_from(["bilinear", "bicubic"]), draws)
@settings(max_examples=60, deadline=None)
def test_to_a_width_is_resized_in_proportion_and_the_size_is_cut_from_that(height, width, resample, drawn):
    picture = np.random.default_rng(height * width).integers(0, 256, (height, width, 3)).astype(np.uint8)
    preparation = replace(WIDTH, resample=resample)
    tall = round(height * 14 / width)
    loaded = images.resize(picture, tall, 14, resample)
    top, left = int(drawn.top * (tall - 15)), int(drawn.left * 3)
    expected = loaded[top : top + 16, left : left + 12]
    shown = jitter(picture, preparation, drawn)
    assert np.array_equal(shown[:, ::-1] if drawn.mirror else shown, expected)


@given(st.integers(1, 255), st.integers(1, 255))
@settings(max_examples=80, deadline=None)
def test_to_a_width_no_shape_is_distorted(height, width):
    cut = without_jitter(coded(height, width), WIDTH)[4:12, 3:9, :2].astype(float)  # away from the borders
    down, across = (cut[-1, :, 0] - cut[0, :, 0]).mean() / 7, (cut[:, -1, 1] - cut[:, 0, 1]).mean() / 5
    rounded = 0.5 * width / 12 * 16 / height  # the height is one of whole pixels
    assert down == pytest.approx(across, rel=0.1, abs=0.3 + rounded)


@given(st.integers(1, 6), st.integers(1, 6), draws)
@settings(max_examples=40, deadline=None)
def test_to_a_width_is_to_stretch_what_has_the_shape_already(by, times, drawn):
    picture = np.random.default_rng(by).integers(0, 256, (9 * by, 7 * by, 3)).astype(np.uint8)
    size = replace(WIDTH, load_height=18 * times, load_width=14 * times)
    assert np.array_equal(jitter(picture, size, drawn), jitter(picture, replace(size, fit="stretch"), drawn))


@given(sides, sides, st.integers(1, 99), draws)
@settings(max_examples=40, deadline=None)
def test_to_a_width_the_load_height_is_not_asked_for(height, width, load_height, drawn):
    picture = coded(height, width)
    other = replace(WIDTH, load_height=load_height)
    assert np.array_equal(jitter(picture, WIDTH, drawn), jitter(picture, other, drawn))


def test_to_a_width_a_tall_picture_is_shown_from_top_to_bottom():
    picture = coded(140, 14)
    tops = [jitter(picture, WIDTH, draw(0, 0, index))[0, 0, 0] for index in range(800)]
    assert (min(tops), max(tops)) == (0, 140 - 16)


def test_to_a_width_a_picture_too_low_to_be_cut_from_is_scaled_up_in_proportion():
    cut = jitter(coded(8, 28), WIDTH, Draw(0, 0, mirror=False))
    assert cut.shape == (16, 12, 3)
    assert cut[-1, 0, 0] == pytest.approx(7, abs=1)  # all of its height
    assert cut[0, -1, 1] == pytest.approx(11 / 2, abs=1.5)  # twice as wide as it was, like twice as high


@given(st.integers(8, 70), st.integers(1, 70), draws)
@settings(max_examples=40, deadline=None)
def test_to_a_width_both_pictures_of_a_pair_are_cut_at_one_place(height, width, drawn):
    source, target = (jitter(coded(height, width, third), WIDTH, drawn) for third in (9, 200))
    assert np.array_equal(source[..., :2], target[..., :2])


def test_validation_to_a_width_sees_all_of_the_width_and_the_middle_of_the_height():
    picture = coded(60, 24)
    expected = images.resize(picture, 30, 12, "bilinear")[7:23]
    assert np.array_equal(without_jitter(picture, WIDTH), expected)
