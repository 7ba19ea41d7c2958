"""Aligning two folders: every way of matching, and all told."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixlate import images
from pixlate.data.finding import find
from pixlate.specs.data import DataConfig

REAL = Path(__file__).parents[4] / "shared" / "data" / "roadscene_vis_ir"


def rows(path):
    with path.open(newline="") as file:
        return [(Path(row["a"]).name, Path(row["b"]).name, row["how"]) for row in csv.DictReader(file)]


def shot(path, taken=None, orientation=None, part=None):
    """A JPEG that says when it was taken."""
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    if taken:
        exif.get_ifd(0x8769)[0x9003] = taken
    if part:
        exif.get_ifd(0x8769)[0x9291] = part
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (12, 8)).save(path, exif=exif)


LOOSELY = "name but for ending, case, zeros or affixes"


def test_names_that_nearly_match_become_a_list_that_is_read_back(tmp_path, call, draw):
    for name in ("img_001_rgb", "img_002_rgb", "alone_rgb", "lone_rgb"):
        draw(tmp_path / "a" / f"{name}.png")
    for name in ("IMG_1_IR", "img_02_ir", "other_ir"):
        draw(tmp_path / "b" / f"{name}.png")
    code, out, err = call("align", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "l.csv")
    assert code == 0, err
    assert rows(tmp_path / "l.csv") == [
        ("img_001_rgb.png", "IMG_1_IR.png", LOOSELY),
        ("img_002_rgb.png", "img_02_ir.png", LOOSELY),
    ]
    assert "2 of A left over" in out
    assert "alone_rgb.png" in out
    assert "1 of B left over" in out
    found = find(DataConfig(str(tmp_path / "l.csv")))
    assert (len(found.parts[None]), found.defects) == (2, [])


def test_parts_are_kept(tmp_path, call, draw):
    for part in ("train", "val"):
        draw(tmp_path / "a" / part / "1_x.png"), draw(tmp_path / "b" / part / "1_y.png")
    assert call("align", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "lists" / "l.csv")[0] == 0
    found = find(DataConfig(str(tmp_path / "lists" / "l.csv")))
    assert {part: len(pairs) for part, pairs in found.parts.items()} == {"train": 1, "val": 1}


def test_an_expression_goes_first(tmp_path, call, draw):
    for name in ("x1_frame7", "x2_frame8"):
        draw(tmp_path / "a" / f"{name}.png")
    for name in ("x2_f7", "x1_f8"):
        draw(tmp_path / "b" / f"{name}.png")
    words = ["align", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "l.csv", "--key"]
    assert "has 0 groups" in call(*words, "frame")[2]
    assert call(*words, "f(?:rame)?([0-9])")[0] == 0
    assert rows(tmp_path / "l.csv") == [("x1_frame7.png", "x2_f7.png", "key"), ("x2_frame8.png", "x1_f8.png", "key")]


def test_capture_times_match_what_names_do_not(tmp_path, call):
    shot(tmp_path / "a" / "p.jpg", "2026:05:01 10:00:00", part="25")
    shot(tmp_path / "a" / "q.jpg", "2026:05:01 10:01:00")
    shot(tmp_path / "a" / "r.jpg", "2026:13:01 99:00:00")
    shot(tmp_path / "b" / "DSC7.jpg", "2026:05:01 10:00:01")
    shot(tmp_path / "b" / "DSC8.jpg", "2026:05:01 10:00:59", orientation=6)
    shot(tmp_path / "b" / "DSC9.jpg", "2026:05:01 10:01:01")
    words = ["align", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "l.csv"]
    code, _, err = call(*words)
    assert (code, "No picture of" in err, "--seconds" in err) == (2, True, True)
    code, out, _ = call(*words, "--seconds", 2)
    assert code == 0
    assert rows(tmp_path / "l.csv") == [("p.jpg", "DSC7.jpg", "capture time")]
    assert "1 ambiguous, and not paired" in out
    assert "q.jpg with DSC8.jpg or DSC9.jpg" in out
    assert "1 pictures in" in out
    assert "do not say when they were taken" in out
    assert (
        images.read_capture(tmp_path / "a" / "p.jpg")[0] - images.read_capture(tmp_path / "b" / "DSC7.jpg")[0] == -0.75
    )


def test_sizes_and_orientations_that_differ_are_told(tmp_path, call, draw):
    draw(tmp_path / "a" / "1.png", 8, 10), draw(tmp_path / "b" / "1.png", 8, 11)
    shot(tmp_path / "a" / "2.jpg", orientation=6), shot(tmp_path / "b" / "2.jpg")
    code, out, _ = call("align", tmp_path / "a", tmp_path / "b")
    assert code == 0
    assert "2 pairs that differ in size" in out
    assert "8×10 px" in out
    assert "1 pairs that EXIF turns differently" in out
    assert "(orientation 6)" in out
    assert not list(tmp_path.glob("*.csv"))


def test_unreadable_pictures_stop_all_or_are_left_out(tmp_path, call, draw):
    for name in "12":
        draw(tmp_path / "a" / f"{name}.png"), draw(tmp_path / "b" / f"{name}.png")
    (tmp_path / "b" / "2.png").write_bytes(b"<html>")
    words = ["align", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "l.csv"]
    code, _, err = call(*words)
    assert (code, "2.png is not a picture" in err) == (2, True)
    code, out, _ = call(*words, "--skip-bad")
    assert (code, "1 unreadable, and left out" in out) == (0, True)
    assert rows(tmp_path / "l.csv") == [("1.png", "1.png", "name")]


def test_mistakes_are_told(tmp_path, call, draw):
    draw(tmp_path / "a" / "1.png"), draw(tmp_path / "b" / "1.png")
    (tmp_path / "none").mkdir()
    (tmp_path / "there.csv").write_text("mine")
    a, b = tmp_path / "a", tmp_path / "b"
    for words, told in (
        ((a, a), "is given as A and as B"),
        ((a, tmp_path), "one stands in the other"),
        ((a, tmp_path / "none"), "There are no pictures in"),
        ((a, tmp_path / "absent"), "There is no folder"),
        ((a, b, "--out", tmp_path / "there.csv"), "is there already"),
        ((a, b, "--seconds", "-1"), "0 or more is wanted"),
        ((a, b, "--key", "(("), "is no regular expression"),
    ):
        code, _, err = call("align", *words)
        assert (code, told in err) == (2, True), err
    assert (tmp_path / "there.csv").read_text() == "mine"


def test_shifts_are_told_and_no_picture_is_changed(tmp_path, call, contents):
    generator = np.random.default_rng(0)
    picture = np.kron(generator.integers(0, 256, (20, 20, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
    for name, dx in (("still", 0), ("moved", 6)):
        for folder, left in (("a", 10), ("b", 10 + dx)):
            path = tmp_path / folder / f"{name}.png"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(images.encode_png(np.ascontiguousarray(picture[:, left : left + 130])))
    before = contents(tmp_path)
    code, out, _ = call("align", tmp_path / "a", tmp_path / "b", "--register")
    assert code == 0
    assert "1 of 2 pairs: B must move 3 px or more to lie on A" in out
    assert "moved.png dx +6.0 dy" in out
    assert contents(tmp_path) == before


@pytest.mark.real
def test_real_pairs_are_found_again_under_other_names(tmp_path):
    from pixlate.data.arranging.aligning import align

    if not REAL.is_dir():
        pytest.skip(f"{REAL} is absent")
    for number, path in enumerate(sorted((REAL / "visible").iterdir())):
        for folder, name in (("visible", f"Scene {number:04d} RGB.JPG"), ("infrared", f"scene_{number}_ir.jpg")):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / name).symlink_to(REAL / folder / path.name)
    found = align(tmp_path / "visible", tmp_path / "infrared")
    assert len(found.matches) == 221
    assert all(match.a.resolve().name == match.b.resolve().name for match in found.matches)
    assert (found.left_a, found.left_b, found.ambiguous) == ([], [], [])
