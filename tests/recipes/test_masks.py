"""Holes: where they are, what fills them, and that nothing shines through."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixlate.errors import PictureError
from pixlate.recipes.masks import BoxMask, CentreMask, StrokeMask, centre, fill, strokes

masks = st.one_of(
    st.builds(CentreMask, side=st.floats(0, 1)),
    st.builds(BoxMask, count=st.integers(1, 4)),
    st.builds(StrokeMask, count=st.integers(1, 4), turns=st.integers(0, 6)),
)


def test_the_papers_hole_is_the_central_128_of_256_in_white():
    picture = np.full((256, 256, 3), 7, np.uint8)
    source = CentreMask().make(picture, np.random.default_rng(0))
    wanted = picture.copy()
    wanted[64:192, 64:192] = 255
    assert np.array_equal(source, wanted)


@given(masks, st.integers(2, 50), st.integers(2, 50), st.sampled_from(["0", "77", "255", "mean"]), st.integers(0, 5))
@settings(deadline=None)
def test_outside_all_is_seen_and_inside_nothing(mask, height, width, value, seed):
    hole = mask.hole(height, width, np.random.default_rng(seed))
    assert hole.any()
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    source = fill(picture, hole, value, channel=True)
    assert np.array_equal(source[~hole][:, :3], picture[~hole])
    assert np.array_equal(source[..., 3], np.where(hole, 255, 0))
    if not hole.all():
        assert len(np.unique(source[hole][:, :3], axis=0)) == 1
        other = picture.copy()
        other[hole] = 255 - other[hole]
        assert np.array_equal(fill(other, hole, value, channel=True), source)


def test_levels_are_told_in_255ths_of_any_type():
    picture, hole = np.zeros((2, 2, 1), np.uint16), np.ones((2, 2), np.bool_)
    assert (fill(picture, hole, "51") == 13107).all()


def test_the_mean_is_of_what_is_seen():
    picture = np.array([[[10, 0], [20, 100], [255, 255]]], np.uint8)
    assert fill(picture, np.array([[False, False, True]]), "mean")[0, 2].tolist() == [15, 50]


@pytest.mark.parametrize("hole", [np.ones((3, 4), np.bool_), np.ones((4, 4), np.uint8)])
def test_ones_own_mask_must_fit(hole):
    with pytest.raises(PictureError, match=r"array of bool \(4, 4\)"):
        fill(np.zeros((4, 4, 3), np.uint8), hole)


def test_a_centre_of_any_size_is_in_the_middle():
    for height, width in ((1, 1), (7, 10), (255, 257)):
        y, x = np.nonzero(centre(height, width))
        assert abs((y.min() + y.max()) - (height - 1)) <= 1
        assert abs((x.min() + x.max()) - (width - 1)) <= 1


def test_strokes_cover_a_part_that_differs_and_are_of_one_piece_each():
    from scipy import ndimage

    covered = []
    for seed in range(60):
        hole = strokes(128, 128, np.random.default_rng(seed), 3, 8, 0.1)
        covered.append(hole.mean())
        assert ndimage.label(hole, np.ones((3, 3)))[1] <= 3
    assert 0.02 < np.mean(covered) < 0.5
    assert np.std(covered) > 0.02


def test_a_stroke_is_as_thick_as_told():
    widest = 0
    for seed in range(20):
        from scipy import ndimage

        hole = strokes(200, 200, np.random.default_rng(seed), 1, 0, 0.1)
        widest = max(widest, 2 * ndimage.distance_transform_edt(np.pad(hole, 1)).max())
    assert 15 < widest <= 22
