"""Tiles: cut and put together again without the loss of a bit."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pixlate import images
from pixlate.data.arranging.tiling import assemble, starts
from pixlate.data.survey import survey
from pixlate.specs.data import DataConfig

sides = st.integers(1, 40)
kinds = st.sampled_from([np.uint8, np.uint16, np.float32])


def rows_of(picture, ys, xs, size):
    return [[picture[y : y + size, x : x + size] for x in xs] for y in ys]


@given(sides, sides, st.integers(1, 4), kinds, st.integers(1, 16), st.data())
def test_tiles_put_together_are_the_picture(height, width, channels, kind, size, data):
    overlap = data.draw(st.integers(0, size - 1))
    elements = st.floats(-1e6, 1e6, width=32) if kind is np.float32 else None
    picture = data.draw(arrays(kind, (height, width, channels), elements=elements))
    ys, xs = starts(height, size, overlap), starts(width, size, overlap)
    again = assemble(rows_of(picture, ys, xs, size), ys, xs)
    assert again.dtype == kind
    assert np.array_equal(again, picture)


@given(st.integers(1, 5000), st.integers(1, 600), st.data())
def test_tiles_cover_a_side_share_what_is_asked_and_leave_it_nowhere(length, size, data):
    overlap = data.draw(st.integers(0, size - 1))
    begins = starts(length, size, overlap)
    assert begins[0] == 0
    assert begins[-1] == max(0, length - size)
    steps = np.diff(begins)
    assert all(step == size - overlap for step in steps[:-1])
    assert all(0 < step <= size - overlap for step in steps)


def test_overlaps_are_blended_linearly():
    dark, light = np.zeros((1, 6, 1), np.uint8), np.full((1, 6, 1), 200, np.uint8)
    joined = assemble([[dark, light]], [0], [0, 3])
    assert joined[0, :, 0].tolist() == [0, 0, 0, 50, 100, 150, 200, 200, 200]
    assert assemble([[dark, light]], [0], [0, 6])[0, :, 0].tolist() == [0] * 6 + [200] * 6


@pytest.mark.parametrize("overlap", [0, 3])
def test_a_folder_goes_there_and_back(tmp_path, call, draw, overlap):
    whole = {name: draw(tmp_path / "in" / f"{name}.png", 21, 34) for name in ("1.x", "day/2")}
    small = draw(tmp_path / "in" / "small.png", 5, 20)
    code, out, err = call("tiles", tmp_path / "in", "--out", tmp_path / "t", "--size", 8, "--overlap", overlap)
    assert code == 0, err
    assert "1 pictures are smaller than a tile" in out
    names = {path.name for path in (tmp_path / "t" / "day").iterdir()}
    assert all(re.fullmatch(r"2\.y\d{5}\.x\d{5}\.png", name) for name in names)
    assert {"2.y00000.x00000.png", "2.y00013.x00026.png"} <= names
    assert {images.read(tmp_path / "t" / "day" / name).shape for name in names} == {(8, 8, 3)}
    code, out, err = call("untile", tmp_path / "t", "--out", tmp_path / "back")
    assert (code, "3 pictures" in out) == (0, True), err
    for name, pixels in {**whole, "small": small}.items():
        assert np.array_equal(images.read(tmp_path / "back" / f"{name}.png"), pixels)


def test_pairs_are_cut_at_the_same_places_and_left_out_together(tmp_path, call, draw):
    a, b = draw(tmp_path / "a" / "train" / "1.png", 16, 24), draw(tmp_path / "b" / "train" / "1.png", 16, 24, 1)
    a[:8, :8] = 250
    (tmp_path / "a" / "train" / "1.png").write_bytes(images.encode_png(a))
    words = ["tiles", tmp_path / "a", "--b", tmp_path / "b", "--size", 8]
    code, out, err = call(*words, "--empty", 0.95, "--out", tmp_path / "t")
    assert code == 0, err
    assert "1 of 6 tiles were of one colour" in out
    name = "train/1.y00008.x00016.png"
    assert np.array_equal(images.read(tmp_path / "t" / "A" / name), a[8:, 16:])
    assert np.array_equal(images.read(tmp_path / "t" / "B" / name), b[8:, 16:])
    assert len(survey(DataConfig(str(tmp_path / "t"), val_fraction=0), 0).train) == 5
    code, _, err = call("untile", tmp_path / "t", "--out", tmp_path / "back")
    assert (code, "1 tiles are missing, the first at y 0, x 0" in err) == (2, True)
    draw(tmp_path / "b" / "train" / "1.png", 16, 25)
    code, _, err = call(*words, "--out", tmp_path / "t2")
    assert (code, "differ in size" in err) == (2, True)


@pytest.mark.parametrize(
    ("kind", "channels", "ending"),
    [(np.uint16, 1, ".png"), (np.uint16, 3, ".png"), (np.uint16, 5, ".tif"), (np.float32, 2, ".tif")],
)
def test_deep_pictures_and_many_bands_go_there_and_back(tmp_path, call, kind, channels, ending):
    pixels = np.random.default_rng(0).integers(0, 60000, (20, 13, channels)).astype(kind)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / f"1{ending}").write_bytes(images.encode(pixels, ending))
    assert call("tiles", tmp_path / "in", "--out", tmp_path / "t", "--size", 8, "--overlap", 2)[0] == 0
    assert {path.suffix for path in (tmp_path / "t").iterdir()} == {ending}
    assert call("untile", tmp_path / "t", "--out", tmp_path / "back")[0] == 0
    again = images.read(tmp_path / "back" / f"1{ending}")
    assert again.dtype == kind
    assert np.array_equal(again, pixels)


def test_two_files_are_a_pair(tmp_path, call, draw):
    a, b = draw(tmp_path / "photo.png", 8, 16), draw(tmp_path / "map.png", 8, 16, 1)
    words = ["tiles", tmp_path / "photo.png", "--b", tmp_path / "map.png", "--size", 8, "--out", tmp_path / "t"]
    assert call(*words)[0] == 0
    for side, pixels in (("A", a), ("B", b)):
        assert np.array_equal(images.read(tmp_path / "t" / side / "photo.y00000.x00008.png"), pixels[:, 8:])


def test_files_are_cut_and_pairs_side_by_side_are_told_of(tmp_path, call, draw):
    draw(tmp_path / "1.png", 8, 16), draw(tmp_path / "2.png", 8, 16)
    code, out, _ = call("tiles", tmp_path / "1.png", tmp_path / "2.png", "--size", 8, "--out", tmp_path / "t")
    assert (code, "4 tiles" in out, "twice as wide as high" in out) == (0, True, True)


def test_mistakes_are_told_and_nothing_is_written(tmp_path, call, draw):
    draw(tmp_path / "a" / "1.png"), draw(tmp_path / "twice" / "1.png"), draw(tmp_path / "bad" / "1.png")
    (tmp_path / "twice" / "1.jpg").write_bytes((tmp_path / "twice" / "1.png").read_bytes())
    (tmp_path / "bad" / "1.png").write_bytes(b"")
    (tmp_path / "none").mkdir()
    a = tmp_path / "a"
    for words, told in (
        (("tiles", a, "--size", 3), "a size of 4 or more"),
        (("tiles", a, "--size", 8, "--overlap", 8), "an overlap below it"),
        (("tiles", a, "--size", 8, "--empty", 0.3), "a share above 0.5"),
        (("tiles", tmp_path / "none", "--size", 8), "There are no pictures in"),
        (("tiles", tmp_path / "absent", "--size", 8), "There is no file or folder"),
        (("tiles", tmp_path / "twice", "--size", 8), "would both become 1"),
        (("tiles", tmp_path / "bad", "--size", 8), "1.png is empty"),
        (("tiles", a, "--b", a, "--size", 8), "is given as A and as B"),
        (("untile", a), "There are no tiles"),
        (("untile", tmp_path / "absent"), "There is no folder"),
    ):
        code, _, err = call(*words, "--out", tmp_path / "out")
        assert (code, told in err) == (2, True), err
    assert "is not empty" in call("tiles", a, "--size", 8, "--out", tmp_path / "bad")[2]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: (t / "1.y00000.x00008.png").unlink(), "1 tiles are missing, the first at y 0, x 8"),
        (lambda t: [path.unlink() for path in t.glob("1.*.x00008.png")], "which leaves a gap"),
        (lambda t: (t / "1.y00000.x00008.png").write_bytes((t / "1.y00000.x00000.png").read_bytes()[:60]), "damaged"),
    ],
)
def test_tiles_that_make_no_picture_are_told_of(tmp_path, call, draw, change, told):
    draw(tmp_path / "in" / "1.png", 16, 24)
    call("tiles", tmp_path / "in", "--size", 8, "--out", tmp_path / "t")
    change(tmp_path / "t")
    code, _, err = call("untile", tmp_path / "t", "--out", tmp_path / "back")
    assert (code, told in err) == (2, True), err
    assert not (tmp_path / "back").exists()
