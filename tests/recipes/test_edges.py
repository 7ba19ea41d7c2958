"""Drawings: lines where the picture changes, black on white."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from pixlate import images
from pixlate.errors import PictureError
from pixlate.recipes.edges import HED, Edges
from pixlate.recipes.linework import drawing, thinned

SHOES = Path(__file__).parents[3] / "shared" / "data" / "edges2shoes_100" / "val"
RNG = np.random.default_rng(0)


def disc(kind=np.uint8):
    y, x = np.mgrid[:64, :64] - 31.5
    inside = np.hypot(y, x) < 20
    picture = np.zeros((64, 64, 3), kind)
    picture[inside] = np.array([0.8, 0.4, 0.1]) * np.iinfo(kind).max
    return picture, inside


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_an_outline_is_drawn_in_black_one_pixel_wide(kind):
    picture, inside = disc(kind)
    source = Edges().make(picture, RNG)
    assert set(np.unique(source)) == {0, np.iinfo(kind).max}
    lines = source[..., 0] == 0
    y, x = np.nonzero(lines)
    assert np.abs(np.hypot(y - 31.5, x - 31.5) - 20).max() < 1.5
    assert np.array_equal(ndimage.binary_fill_holes(lines)[31, 20:44], inside[31, 20:44])
    assert np.array_equal(thinned(lines), lines)


def test_options_do_what_they_say():
    noisy = np.clip(disc()[0] + np.random.default_rng(0).normal(0, 12, (64, 64, 1)), 0, 255).astype(np.uint8)

    def ink(**options):
        return int((Edges(**options).make(noisy, RNG) == 0).sum())

    assert ink(sigma=0.5, low=0.1, high=0.2) > 2 * ink(sigma=2, low=0.1, high=0.2)
    assert ink(sigma=1, low=0.1, high=0.5) > 0
    assert ink(high=8, low=0) == 0
    assert ink(sigma=1, low=0.1, high=0.2, shortest=1000) == 0


def test_a_line_goes_on_until_it_is_weaker_than_low():
    fading = np.zeros((40, 200, 1), np.uint8)
    fading[20:] = np.arange(200)[::-1, None]
    lengths = [int((Edges(1, low, 0.5).make(fading, RNG) == 0).sum()) for low in (0.1, 0.25, 0.5)]
    assert 160 < lengths[0] < 190
    assert lengths[0] > lengths[1] + 10
    assert lengths[1] > lengths[2] + 20
    assert not (Edges(1, 0.1, 3).make(fading, RNG) == 0).any(), "nowhere as strong as high"


def test_a_detectors_map_is_drawn_by_the_papers_steps():
    picture, _ = disc()
    probabilities = ndimage.gaussian_filter((Edges().make(picture, RNG)[..., 0] == 0).astype(np.float32), 2)
    seen = []

    def detector(given):
        seen.append(given)
        return probabilities

    source = replace(HED("w.pth"), detector=detector).make(picture, RNG)
    assert np.array_equal(seen[0], picture)
    assert np.array_equal(source[..., 0] == 0, drawing(probabilities))
    assert (source == 0).sum() > 60
    assert not (replace(HED("w.pth", threshold=1), detector=detector).make(picture, RNG) == 0).any()


def test_hed_sees_8_bits_and_needs_its_network():
    with pytest.raises(PictureError, match="8-bit pictures of 1 channel or 3, not uint16"):
        HED("w.pth").make(disc(np.uint16)[0], RNG)
    with pytest.raises(RuntimeError, match="no network yet"):
        HED("w.pth").make(disc()[0], RNG)


@pytest.mark.real
def test_shoes_are_drawn_much_as_the_paper_draws_them():
    if not SHOES.is_dir():
        pytest.skip(f"{SHOES} is absent")
    hits = np.zeros(4)
    for path in sorted(SHOES.glob("*")):
        wanted = thinned(images.with_channels(images.read(path, "left"), 1)[..., 0] < 128)
        drawn = Edges().make(images.read(path, "right"), RNG)[..., 0] == 0
        near_wanted, near_drawn = (ndimage.distance_transform_edt(~lines) <= 2 for lines in (wanted, drawn))
        hits += (drawn & near_wanted).sum(), drawn.sum(), (wanted & near_drawn).sum(), wanted.sum()
    precision, recall = hits[0] / hits[1], hits[2] / hits[3]
    assert 2 * precision * recall / (precision + recall) > 0.78
