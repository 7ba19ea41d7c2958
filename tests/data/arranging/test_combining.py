"""Combining and separating: the incumbent's layout without its losses."""

import numpy as np
import pytest
from PIL import Image

from pixlate import durable, images
from pixlate.data.survey import survey
from pixlate.specs.data import DataConfig


def test_there_and_back_loses_nothing(tmp_path, call, draw):
    for part in ("train", "val"):
        for i in range(3):
            (
                draw(tmp_path / "set" / f"{part}A" / f"day{i}" / "1.x.png"),
                draw(tmp_path / "set" / f"{part}B" / f"day{i}/1.x.png"),
            )
    code, out, err = call("combine", tmp_path / "set", "--out", tmp_path / "ab")
    assert (code, "6 side-by-side pictures" in out) == (0, True), err
    looked = survey(DataConfig(str(tmp_path / "ab")), 0)
    assert (len(looked.train), len(looked.val)) == (3, 3)
    code, out, err = call("separate", tmp_path / "ab", "--out", tmp_path / "apart")
    assert (code, "6 pairs" in out) == (0, True), err
    for part in ("train", "val"):
        for i in range(3):
            for side in "AB":
                before = images.read(tmp_path / "set" / f"{part}{side}" / f"day{i}" / "1.x.png")
                assert np.array_equal(before, images.read(tmp_path / "apart" / side / part / f"day{i}" / "1.x.png"))
    assert len(survey(DataConfig(str(tmp_path / "apart")), 0).val) == 3


def test_a_list_is_combined_under_names_of_its_own(tmp_path, call, draw):
    a, b = draw(tmp_path / "far" / "x" / "1.png"), draw(tmp_path / "far" / "y" / "other.png", channels=1)
    draw(tmp_path / "far" / "x" / "2.png"), draw(tmp_path / "far" / "y" / "2.png")
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "l.csv").write_text(
        "A,B,split\n../far/x/1.png,../far/y/other.png,val\n../far/x/2.png,../far/y/2.png,train\n"
    )
    assert call("combine", tmp_path / "lists" / "l.csv", "--out", tmp_path / "ab")[0] == 0
    both = images.read(tmp_path / "ab" / "val" / "1.png")
    assert np.array_equal(both, np.concatenate([a, np.repeat(b, 3, axis=-1)], axis=1))
    assert (tmp_path / "ab" / "train" / "2.png").is_file()


@pytest.mark.parametrize(("fit", "size"), [("resize", (8, 20)), ("nearest", (8, 20)), ("crop", (4, 20))])
def test_pairs_that_differ_in_size_wait_for_a_word(tmp_path, call, draw, fit, size):
    a, _ = draw(tmp_path / "a" / "1.png", 8, 10), draw(tmp_path / "b" / "1.png", 4, 20)
    draw(tmp_path / "a" / "2.png"), draw(tmp_path / "b" / "2.png")
    code, _, err = call("combine", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "ab")
    assert code == 2
    assert "1 pairs differ in size" in err
    assert "8×10 px" in err
    assert "4×20 px" in err
    assert not (tmp_path / "ab").exists()
    assert call("combine", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "ab", "--fit", fit)[0] == 0
    assert images.read_header(tmp_path / "ab" / "1.png").height == size[0]
    assert images.read_header(tmp_path / "ab" / "1.png").width == size[1]
    if fit == "crop":
        assert np.array_equal(images.read(tmp_path / "ab" / "1.png", "left"), a[2:6])


def test_nearest_makes_no_colour_that_was_not_there(tmp_path, call, draw):
    draw(tmp_path / "a" / "1.png", 13, 17)
    labels = draw(tmp_path / "b" / "1.png", 5, 6, 1)
    assert call("combine", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "ab", "--fit", "nearest")[0] == 0
    made = images.read(tmp_path / "ab" / "1.png", "right")[..., :1]
    assert set(np.unique(made)) == set(np.unique(labels))


def test_pictures_that_exif_turns_are_joined_upright(tmp_path, call, draw):
    upright = draw(tmp_path / "b" / "1.png", 8, 10)
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "a").mkdir()
    Image.fromarray(np.rot90(upright)).save(tmp_path / "a" / "1.png", exif=exif)
    assert call("combine", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "ab")[0] == 0
    both = images.read(tmp_path / "ab" / "1.png")
    assert np.array_equal(both[:, :10], both[:, 10:])


def test_deep_pictures_stay_deep_and_are_joined_to_no_shallow_one(tmp_path, call, draw):
    deep = np.random.default_rng(0).integers(0, 65536, (8, 10, 1), np.uint16)
    for folder in "ab":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.png").write_bytes(images.encode_png(deep))
    assert call("combine", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "ab")[0] == 0
    assert call("separate", tmp_path / "ab", "--out", tmp_path / "apart")[0] == 0
    assert np.array_equal(images.read(tmp_path / "apart" / "B" / "1.png"), deep)
    code, _, err = call("combine", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "j", "--jpeg", 90)
    assert (code, "cannot be a JPEG file" in err) == (2, True)
    draw(tmp_path / "b" / "1.png")
    code, _, err = call("combine", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "mixed")
    assert (code, "one file cannot hold both unharmed" in err) == (2, True)


def test_jpeg_is_written_when_asked(tmp_path, call, draw):
    draw(tmp_path / "a" / "1.png"), draw(tmp_path / "b" / "1.png")
    words = ["combine", tmp_path / "a", tmp_path / "b", "--jpeg"]
    assert "a quality of 1 to 95" in call(*words, 101, "--out", tmp_path / "ab")[2]
    assert call(*words, 90, "--out", tmp_path / "ab")[0] == 0
    assert [path.name for path in (tmp_path / "ab").iterdir()] == ["1.jpg"]
    assert images.read_header(tmp_path / "ab" / "1.jpg").width == 20


def test_defects_stop_all_or_are_left_out_by_name(tmp_path, call, draw, contents):
    for name in ("1", "2", "3"):
        draw(tmp_path / "a" / f"{name}.png"), draw(tmp_path / "b" / f"{name}.png")
    draw(tmp_path / "a" / "alone.png")
    whole = (tmp_path / "a" / "2.png").read_bytes()
    (tmp_path / "a" / "2.png").write_bytes(whole[: len(whole) // 2])
    before = contents(tmp_path)
    words = ["combine", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "ab"]
    assert "1 unmatched" in call(*words)[2]
    (tmp_path / "a" / "alone.png").rename(tmp_path / "alone.png")
    code, _, err = call(*words)
    assert (code, "2.png is damaged" in err) == (2, True)
    (tmp_path / "alone.png").rename(tmp_path / "a" / "alone.png")
    assert contents(tmp_path) == before
    code, out, _ = call(*words, "--skip-bad")
    assert code == 0
    assert "left out" in out
    assert "alone.png" in out
    assert "2.png is damaged" in out
    assert "2 side-by-side pictures" in out
    assert sorted(contents(tmp_path / "ab")) == ["1.png", "3.png"]


def test_nothing_is_overwritten_and_nothing_half_written_is_left(tmp_path, call, draw, contents, monkeypatch):
    for name in ("1", "2"):
        draw(tmp_path / "a" / f"{name}.png"), draw(tmp_path / "b" / f"{name}.png")
    draw(tmp_path / "used" / "mine.png")
    before = contents(tmp_path)
    words = ["combine", tmp_path / "a", tmp_path / "b", "--out"]
    assert "is not empty, and nothing is overwritten" in call(*words, tmp_path / "used")[2]
    assert "is a file" in call(*words, tmp_path / "a" / "1.png")[2]

    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable, "_sync_all", full)
    code, _, err = call(*words, tmp_path / "ab")
    assert (code, "More than that is needed" in err, str(tmp_path / "ab") in err) == (2, True, True)
    assert contents(tmp_path) == before
    assert not (tmp_path / "ab").exists()


def test_what_is_together_or_apart_already_is_told(tmp_path, call, draw):
    (
        draw(tmp_path / "ab" / "1.png", 8, 16),
        draw(tmp_path / "two" / "A" / "1.png"),
        draw(tmp_path / "two" / "B" / "1.png"),
    )
    draw(tmp_path / "odd" / "1.png", 8, 15)
    (tmp_path / "none").mkdir()
    out = ("--out", tmp_path / "out")
    for words, told in (
        (("combine", tmp_path / "ab"), "side-by-side files already"),
        (("separate", tmp_path / "two"), "are apart already"),
        (("separate", tmp_path / "odd"), "an odd width has no two equal halves"),
        (("separate", tmp_path / "none"), "no pairs found"),
        (("combine", tmp_path / "absent", tmp_path / "ab"), "There is no folder or list"),
        (("combine", tmp_path / "ab", tmp_path / "ab"), "is given as A and as B"),
    ):
        code, _, err = call(*words, *out)
        assert (code, told in err) == (2, True), err
    assert not (tmp_path / "out").exists()


def test_single_photographs_are_halved_only_with_a_word(tmp_path, call, draw):
    draw(tmp_path / "photos" / "1.png", 10, 12)
    assert "1 of 1 are hardly wider than high" in call("separate", tmp_path / "photos", "--out", tmp_path / "out")[1]
