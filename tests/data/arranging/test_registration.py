"""Registration: planted shifts are found, whatever light the pictures were taken in."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixlate import images
from pixlate.data.arranging.aligning import SURE
from pixlate.data.arranging.registration import shift
from pixlate.errors import PictureError

REAL = Path(__file__).parents[4] / "shared" / "data" / "roadscene_vis_ir"


def scene(seed: int = 0, side: int = 160) -> np.ndarray:
    """Overlapping rectangles (side, side, 3), uint8."""
    generator = np.random.default_rng(seed)
    pixels = np.zeros((side, side, 3))
    for _ in range(60):
        y, x = generator.integers(0, side, 2)
        height, width = generator.integers(8, 40, 2)
        pixels[y : y + height, x : x + width] = generator.integers(0, 256, 3)
    return pixels.astype(np.uint8)


def window(picture: np.ndarray, dx: int, dy: int, margin: int = 20) -> np.ndarray:
    height, width = picture.shape[:2]
    return picture[margin + dy : height - margin + dy, margin + dx : width - margin + dx]


@given(st.integers(-20, 20), st.integers(-20, 20), st.integers(0, 50))
@settings(max_examples=40, deadline=None)
def test_planted_shifts_are_found(dx, dy, seed):
    picture = scene(seed)
    negative = (255 - picture.astype(np.uint16).mean(axis=-1, keepdims=True)) * 257
    found = shift(window(picture, 0, 0), window(negative.astype(np.uint16), dx, dy))
    assert abs(found.dx - dx) < 0.5
    assert abs(found.dy - dy) < 0.5
    assert found.confidence > SURE


def test_nothing_is_said_of_pictures_with_nothing_in_common_or_in_them():
    confidences = [shift(scene(seed), scene(100 + seed)).confidence for seed in range(20)]
    assert sum(confidence >= SURE for confidence in confidences) <= 1
    assert shift(np.full((64, 64, 1), 9, np.uint8), scene(0, 64)).confidence < SURE
    assert shift(scene(0, 16), scene(0, 16)).confidence == 0


def test_sizes_that_differ_are_refused():
    with pytest.raises(PictureError, match="cannot be laid on one another"):
        shift(scene(0, 64), scene(0, 65))


@pytest.mark.real
def test_shifts_planted_between_visible_and_infrared_pictures_are_found():
    if not REAL.is_dir():
        pytest.skip(f"{REAL} is absent")
    found = sure = 0
    for number, path in enumerate(sorted((REAL / "visible").iterdir())[::8]):
        dx, dy = [(7, -12), (-15, 5), (3, 18), (-9, -9)][number % 4]
        a, b = images.read(path), images.read(REAL / "infrared" / path.name)
        before, after = shift(a, b), shift(window(a, 0, 0), window(b, dx, dy))
        if min(before.confidence, after.confidence) >= SURE:
            sure += 1
            found += np.hypot(after.dx - before.dx - dx, after.dy - before.dy - dy) <= 1
    assert sure >= 20
    assert found >= sure - 1
