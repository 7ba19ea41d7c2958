"""Label colours ↔ class numbers: exact where colours are, ignored where they are in doubt."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixlate import images
from pixlate.errors import ConfigError, PictureError
from pixlate.images.palette import IGNORE, Palette, read, smoothed
from pixlate.images.palettes import CITYSCAPES, FACADES, PALETTES, find

LABELS = Path(__file__).parents[3] / "shared" / "data" / "facades" / "train"
levels = st.integers(0, 255)
palettes = st.lists(st.tuples(levels, levels, levels), min_size=1, max_size=255, unique=True).map(tuple).map(Palette)


@given(palettes, st.integers(0, 9))
@settings(deadline=None)
def test_exact_colours_come_back(palette, seed):
    numbers = np.random.default_rng(seed).integers(0, len(palette.colours), (7, 9), np.uint8)
    assert np.array_equal(palette.classes(palette.picture(numbers), within=0), numbers)


@given(palettes, st.floats(0, 450), st.floats(0, 60), st.integers(0, 9))
@settings(deadline=None)
def test_it_is_the_nearest_colour_or_none(palette, within, apart, seed):
    picture = np.random.default_rng(seed).integers(0, 256, (5, 6, 3), np.uint8)
    found = palette.classes(picture, within, apart)
    for pixel, number in zip(picture.reshape(-1, 3).astype(float), found.ravel(), strict=True):
        distances = np.linalg.norm(np.array(palette.colours) - pixel, axis=1)
        nearest, *further = sorted(distances)
        doubts = min(further, default=np.inf) - nearest - apart
        if number == IGNORE:
            assert nearest > within - 1e-3 or doubts < 1e-3
        else:
            assert distances[number] == nearest
            assert nearest < within + 1e-3
            assert doubts > -1e-3


def test_facades_colours_are_matlabs_jet():
    rows = np.arange(6, 62, 5)
    ramp = lambda shift: np.clip(1.5 - np.abs(4 * rows / 64 - shift), 0, 1)  # noqa: E731
    jet = np.stack([ramp(3), ramp(2), ramp(1)], 1) * 255
    assert np.abs(jet - FACADES.colours).max() <= 1
    assert len(FACADES.names) == 12


def test_cityscapes_other_colours_are_ignored():
    assert len(CITYSCAPES.colours) == len(CITYSCAPES.names) == 19
    assert CITYSCAPES.names[13] == "car"
    picture = np.array([[(0, 0, 142), (0, 0, 110), (0, 0, 0), (1, 2, 3)]], np.uint8)
    assert CITYSCAPES.classes(picture).tolist() == [[13, IGNORE, IGNORE, IGNORE]]
    assert CITYSCAPES.picture(np.array([[13, IGNORE]], np.uint8)).tolist() == [[[0, 0, 142], [0, 0, 0]]]


def test_a_number_of_no_class_is_refused():
    with pytest.raises(PictureError, match="0 to 11 or 255, not 12"):
        FACADES.picture(np.array([[12]], np.uint8))
    with pytest.raises(PictureError, match="not int64"):
        FACADES.picture(np.array([[1]]))
    with pytest.raises(PictureError, match=r"a uint8 picture \(H, W, 3\), not uint8 \(4, 4, 1\)"):
        FACADES.classes(np.zeros((4, 4, 1), np.uint8))


def test_smoothing_fills_seams_and_takes_specks_away():
    wanted = np.full((9, 12), 3, np.uint8)
    wanted[:, 6:] = 5
    classes = wanted.copy()
    classes[:, 5:7] = IGNORE
    classes[2, 2] = classes[7, 9] = 4
    assert np.array_equal(smoothed(classes), wanted)


def test_smoothing_keeps_what_is_large_and_knows_nothing_of_nothing():
    classes = np.zeros((12, 12), np.uint8)
    classes[3:9, 3:9] = 254
    kept = smoothed(classes)
    assert (kept != classes).sum() == 4  # the corners
    nothing = np.full((5, 5), IGNORE, np.uint8)
    assert np.array_equal(smoothed(nothing), nothing)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.json", json.dumps({"sky": [1, 2, 3], "ground": "#0a0B0c"})),
        ("p.txt", "1 2 3 sky\n\n#0a0b0c\tground\n"),
        ("p.csv", "\ufeffr,g,b,name\n1,2,3,sky\n10, 11, 12, ground\n"),
        ("p.gpl", "1;2;3;sky\r\n#0a0b0c;ground"),
    ],
)
def test_a_palette_is_read_from_files_of_many_kinds(tmp_path, name, content):
    (tmp_path / name).write_text(content, "utf-8")
    assert find(str(tmp_path / name)) == Palette(((1, 2, 3), (10, 11, 12)), ("sky", "ground"))


def test_names_may_have_blanks_or_be_left_out(tmp_path):
    (tmp_path / "p.txt").write_text("1 2 3 traffic light\n3 2 1 pole")
    assert read(tmp_path / "p.txt").names == ("traffic light", "pole")
    (tmp_path / "p.json").write_text('[[1, 2, 3], "#030201"]')
    assert read(tmp_path / "p.json") == Palette(((1, 2, 3), (3, 2, 1)))


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("p.txt", "1 2", "no colour"),
        ("p.txt", "1 2 red", "no colour"),
        ("p.txt", "", "has 1 to 255 colours"),
        ("p.txt", "1 2 300", "from 0 to 255"),
        ("p.txt", "1 2 3\n1 2 3", r"\(1, 2, 3\) is in this one twice"),
        ("p.txt", "1 2 3 sky\n1 2 4", "a name for each colour or none"),
        ("p.json", "{", "Expecting"),
        ("p.json", "7", "a list of colours"),
        ("p.json", "[7]", "7 is no colour"),
        ("p.json", "[[1, 2.5, 3]]", "no colour"),
        ("p.json", "[[true, 1, 1]]", "no colour"),
        ("p.json", "[" * 100000, "no palette"),
    ],
)
def test_what_is_no_palette_is_refused_by_name(tmp_path, name, content, told):
    (tmp_path / name).write_text(content)
    with pytest.raises(ConfigError, match=f"{name} is no palette: .*{told}" if told != "no palette" else told):
        read(tmp_path / name)


def test_an_unknown_palette_is_refused_and_a_near_one_told():
    with pytest.raises(ConfigError, match=r"no palette 'facade'.*Did you mean 'facades'"):
        find("facade")
    with pytest.raises(ConfigError, match=r"nowhere\.txt cannot be read"):
        find("nowhere.txt")
    assert {find(name).names for name in PALETTES} == {FACADES.names, CITYSCAPES.names}


@pytest.mark.real
def test_the_published_facades_have_these_colours():
    if not LABELS.is_dir():
        pytest.skip(f"{LABELS} is absent")
    pictures = [images.read(path, "right") for path in sorted(LABELS.glob("*"))[:20]]
    ignored = [np.mean(FACADES.classes(picture, within=40) == IGNORE) for picture in pictures]
    assert 0.05 < np.mean(ignored) < 0.25
    shares = np.mean([np.bincount(FACADES.classes(p).ravel(), minlength=12)[:2] / p[..., 0].size for p in pictures], 0)
    assert 0.3 < shares[1] < 0.45
