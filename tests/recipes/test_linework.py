"""From maps of probabilities to lines: the steps of the paper's script, one by one and together."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixlate.recipes.linework import drawing, longer, orientation, suppressed, thinned


def ridge(angle, size=41, width=2.0):
    """A soft line through the middle, its normal at `angle` from x towards y."""
    y, x = np.mgrid[:size, :size] - size // 2
    return np.exp(-((x * math.cos(angle) + y * math.sin(angle)) ** 2) / (2 * width**2)).astype(np.float32)


@pytest.mark.parametrize("degrees", range(0, 180, 15))
def test_the_orientation_is_across_the_line(degrees):
    angle = math.radians(degrees)
    found = orientation(ridge(angle))[18:23, 18:23]
    off = np.abs((found - angle + math.pi / 2) % math.pi - math.pi / 2)
    # The script takes tan² of the angle for tan: exact at the axes and diagonals, 12 degrees off at worst between.
    assert off.max() < math.radians(2 if degrees % 45 == 0 else 14)


@pytest.mark.parametrize("degrees", range(0, 180, 15))
def test_of_a_soft_line_its_crest_is_left(degrees):
    angle = math.radians(degrees)
    lines = drawing(ridge(angle))
    y, x = np.nonzero(lines)
    assert len(y) > 25
    assert np.abs((x - 20) * math.cos(angle) + (y - 20) * math.sin(angle)).max() <= 1
    assert len(y) <= 41 * 1.1


def test_suppression_is_what_its_definition_says():
    """Pixel by pixel, with bilinear values one pixel to either side across the edge."""
    rng = np.random.default_rng(0)
    edges = rng.random((24, 31)).astype(np.float32)
    angle = orientation(edges)
    wanted = np.zeros_like(edges)

    def at(y, x):
        y, x = min(max(y, 0), 23), min(max(x, 0), 30)
        top, left = min(int(y), 22), min(int(x), 29)
        down, right = y - top, x - left
        upper = edges[top, left] * (1 - right) + edges[top, left + 1] * right
        lower = edges[top + 1, left] * (1 - right) + edges[top + 1, left + 1] * right
        return upper * (1 - down) + lower * down

    for y in range(24):
        for x in range(31):
            dy, dx = math.sin(angle[y, x]), math.cos(angle[y, x])
            if 1.01 * edges[y, x] >= max(at(y + dy, x + dx), at(y - dy, x - dx)):
                fade = min(1, y / 5, (23 - y) / 5) * min(1, x / 5, (30 - x) / 5)
                wanted[y, x] = edges[y, x] * fade
    found = suppressed(edges)
    assert np.allclose(found, wanted, atol=1e-5)
    assert 0.1 < (found > 0).mean() < 0.6


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 9))
@settings(deadline=None, max_examples=60)
def test_any_map_of_any_size_gives_lines(height, width, seed):
    edges = np.random.default_rng(seed).random((height, width)).astype(np.float32)
    lines = drawing(edges, shortest=3)
    assert lines.shape == edges.shape
    assert np.array_equal(thinned(lines), lines)
    assert np.array_equal(longer(lines, 3), lines)
    assert not (lines & (suppressed(edges) < 25 / 255)).any()


def test_an_empty_map_has_no_lines():
    assert not drawing(np.zeros((20, 20), np.float32), threshold=0).any()


def test_short_lines_are_left_out_and_corners_join():
    lines = np.zeros((8, 12), np.bool_)
    lines[1, 1:5] = True  # four pixels
    lines[range(3, 8), range(3, 8)] = True  # five, joined at corners
    kept = longer(lines, 5)
    assert kept.sum() == 5
    assert not kept[1].any()
    assert np.array_equal(longer(lines, 0), lines)
