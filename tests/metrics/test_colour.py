"""Distributions of colours and what two have in common."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from pixlate.images import lab
from pixlate.metrics import colour

pictures = arrays(np.uint8, (4, 5, 3), elements=st.integers(0, 255))


def spread(picture: NDArray[np.uint8]) -> dict[str, colour.Counts]:
    return colour.histograms(lab.to_lab(picture.astype(np.float32) / np.float32(255)))


@given(pictures)
def test_every_pixel_is_counted_once_on_each_axis_where_it_lies(picture: NDArray[np.uint8]) -> None:
    found = spread(picture)
    values = lab.to_lab(picture.astype(np.float32) / np.float32(255))
    for place, (axis, (low, high)) in enumerate(colour.AXES.items()):
        expected, _ = np.histogram(values[..., place], bins=high - low + 1, range=(low - 0.5, high + 0.5))
        assert found[axis].sum() == 20
        assert np.abs(found[axis] - expected).sum() <= 2  # a value on a bin's end may fall on either side of it


@given(pictures, pictures)
def test_what_two_have_in_common_is_one_way_and_in_0_to_1(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> None:
    one, other = spread(a), spread(b)
    for axis in colour.AXES:
        common = float(colour.intersection(one[axis], other[axis]))
        assert 0 <= common <= 1 + 1e-12
        assert common == pytest.approx(float(colour.intersection(other[axis], one[axis])))
        assert float(colour.intersection(one[axis], 3 * one[axis])) == pytest.approx(1)


def test_known_pictures() -> None:
    white, grey = np.full((2, 2, 3), 255, np.uint8), np.full((2, 2, 3), 119, np.uint8)
    half = np.concatenate([white, grey])
    found = {name: spread(picture) for name, picture in (("white", white), ("grey", grey), ("half", half))}
    assert found["white"]["L"][100] == 4
    assert found["grey"]["L"][50] == 4
    assert found["grey"]["a"][128] == found["grey"]["b"][128] == 4
    assert float(colour.intersection(found["white"]["L"], found["grey"]["L"])) == 0
    assert float(colour.intersection(found["half"]["L"], found["grey"]["L"])) == 0.5
    red = spread(np.full((2, 2, 3), (255, 0, 0), np.uint8))
    assert red["a"].argmax() - 128 == 80
    assert red["b"].argmax() - 128 == 67


def test_all_greys_have_their_colours_in_common() -> None:
    greys = [spread(np.full((2, 2, 3), level, np.uint8)) for level in range(256)]
    for axis in "ab":
        assert all(float(colour.intersection(greys[0][axis], grey[axis])) == 1 for grey in greys)
