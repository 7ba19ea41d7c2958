"""Prepared pairs: what is written where, from which pictures; nothing that is there is ever written over."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixlate import images
from pixlate.data.survey import survey
from pixlate.recipes.table import parse
from pixlate.specs.data import DataConfig


def lay(folder, draw, *names):
    return {name: draw(folder / f"{name}.png", 20, 24) for name in names}


def test_a_is_made_of_b_and_b_is_the_picture(call, draw, tmp_path):
    drawn = lay(tmp_path / "photos", draw, "one", "deep/two")
    code, told, _ = call("prepare", tmp_path / "photos", "--recipe", "gray", "--out", tmp_path / "out")
    assert code == 0
    assert "2 pairs in" in told
    for name, pixels in drawn.items():
        assert np.array_equal(images.read(tmp_path / "out" / "B" / f"{name}.png"), pixels)
        made = images.read(tmp_path / "out" / "A" / f"{name}.png")
        assert np.array_equal(made, parse("gray").make(pixels, np.random.default_rng(0)))
    assert len(survey(DataConfig(str(tmp_path / "out")), 0).train) == 1


def test_parts_are_kept_and_found_again(call, draw, tmp_path):
    lay(tmp_path / "photos", draw, "train/0", "train/1", "val/2", "test/3")
    assert call("prepare", tmp_path / "photos", "--recipe", "mask", "--out", tmp_path / "out")[0] == 0
    found = survey(DataConfig(str(tmp_path / "out")), 0)
    assert [found.train.names, found.val.names, found.test.names] == [["train/0", "train/1"], ["val/2"], ["test/3"]]


@pytest.mark.parametrize("named", ["absolute", "above", "jsonl"])
def test_a_list_that_names_pictures_anywhere_writes_into_out_alone(call, draw, contents, tmp_path, named):
    photos = tmp_path / "photos"
    lay(photos, draw, "0", "deep/1", "2")
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in photos.rglob("*.png")}
    (tmp_path / "lists").mkdir()
    paths = ["0.png", "deep/1.png", "2.png"]
    rows = [str(photos / path) if named == "absolute" else f"../photos/{path}" for path in paths]
    if named == "jsonl":
        data = tmp_path / "lists" / "some.jsonl"
        data.write_text("\n".join(json.dumps({"picture": row}) for row in rows))
    else:
        data = tmp_path / "lists" / "some.csv"
        data.write_text("\n".join(["picture", *rows]))
    assert call("prepare", data, "--recipe", "gray", "--out", tmp_path / "out")[0] == 0
    assert {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in photos.rglob("*.png")} == before
    assert set(contents(tmp_path / "out")) == {f"{side}/{path}" for side in "AB" for path in paths}
    assert len(list(tmp_path.rglob("*.png"))) == 9


def test_a_lists_parts_become_folders(call, draw, contents, tmp_path):
    lay(tmp_path / "photos", draw, "0", "1")
    rows = ["picture,split", "photos/0.png,train", "photos/1.png,val", "photos/0.png,test"]
    (tmp_path / "some.csv").write_text("\n".join(rows))
    assert call("prepare", tmp_path / "some.csv", "--recipe", "gray", "--out", tmp_path / "out")[0] == 0
    assert {name for name in contents(tmp_path / "out") if name[0] == "B"} == {
        "B/train/0.png",
        "B/val/1.png",
        "B/test/0.png",
    }


def test_two_endings_of_one_name_are_refused_before_anything_is_written(call, draw, tmp_path):
    lay(tmp_path / "photos", draw, "0")
    Image.fromarray(draw(tmp_path / "photos" / "1.png")).save(tmp_path / "photos" / "0.jpg")
    code, _, told = call("prepare", tmp_path / "photos", "--recipe", "gray", "--out", tmp_path / "out")
    assert code == 2
    assert "0.jpg" in told
    assert "0.png" in told
    assert not (tmp_path / "out").exists()


def test_what_is_drawn_follows_the_seed_and_the_name(call, draw, contents, tmp_path):
    lay(tmp_path / "photos", draw, "0", "1")
    made = {}
    for out, seed in (("a", 0), ("b", 0), ("c", 1)):
        words = ["prepare", tmp_path / "photos", "--recipe", "mask-boxes", "--out", tmp_path / out, "--seed", seed]
        assert call(*words)[0] == 0
        made[out] = contents(tmp_path / out / "A")
    assert made["a"] == made["b"]
    assert made["a"].keys() == made["c"].keys()
    assert all(made["a"][name] != made["c"][name] for name in made["a"])
    whites = [(images.read(tmp_path / "a" / "A" / name) == 255).all(-1) for name in ("0.png", "1.png")]
    assert not np.array_equal(*whites)


def test_pictures_are_resized_first(call, draw, tmp_path):
    lay(tmp_path / "photos", draw, "0")
    words = ["prepare", tmp_path / "photos", "--recipe", "mask", "--out", tmp_path / "out", "--size", "12x16"]
    assert call(*words)[0] == 0
    source, target = (images.read(tmp_path / "out" / side / "0.png") for side in "AB")
    assert source.shape == target.shape == (12, 16, 3)
    assert (source[3:9, 4:12] == 255).all()


def test_deep_pictures_stay_deep(call, tmp_path):
    deep = np.arange(24 * 24, dtype=np.uint16).reshape(24, 24, 1) * np.uint16(100)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "0.png").write_bytes(images.encode_png(deep))
    assert call("prepare", tmp_path / "photos", "--recipe", "mask", "--out", tmp_path / "out")[0] == 0
    assert np.array_equal(images.read(tmp_path / "out" / "B" / "0.png"), deep)
    source = images.read(tmp_path / "out" / "A" / "0.png")
    assert source.dtype == np.uint16
    assert (source[6:18, 6:18] == 65535).all()


def test_a_recipe_that_fails_on_one_picture_names_it_or_leaves_it_out(call, draw, contents, tmp_path):
    lay(tmp_path / "photos", draw, "0", "1")
    dark = np.zeros((20, 24, 3), np.uint8)
    (tmp_path / "photos" / "dark.png").write_bytes(images.encode_png(dark))
    recipe = (
        "def f(picture):\n    if picture.max() == 0:\n        raise ValueError('nothing there')\n    return picture\n"
    )
    (tmp_path / "own.py").write_text(recipe)
    words = ["prepare", tmp_path / "photos", "--recipe", f"{tmp_path / 'own.py'}:f", "--out", tmp_path / "out"]
    code, _, told = call(*words)
    assert code == 2
    assert "dark.png" in told
    assert "nothing there" in told
    assert not (tmp_path / "out").exists()
    code, told, _ = call(*words, "--skip-bad")
    assert code == 0
    assert "left out" in told
    assert set(contents(tmp_path / "out")) == {"A/0.png", "A/1.png", "B/0.png", "B/1.png"}


@pytest.mark.parametrize(
    ("recipe", "more", "wanted"),
    [
        ("lab", [], "pixlate train PICTURES --recipe lab"),
        ("edgs", [], "edges"),
        ("mask:side=2", [], "side is 2; 0 to 1 is wanted"),
        ("gray", ["--size", "2"], "4 pixels or more"),
        ("gray", ["--background", "pink"], "#00ff7f"),
        ("missing.py:f", [], "missing.py"),
    ],
)
def test_mistakes_are_answered_in_one_sentence_and_leave_nothing(call, draw, tmp_path, recipe, more, wanted):
    lay(tmp_path / "photos", draw, "0")
    code, _, told = call("prepare", tmp_path / "photos", "--recipe", recipe, "--out", tmp_path / "out", *more)
    assert code == 2
    assert wanted in told
    assert not (tmp_path / "out").exists()


def test_shards_are_no_files(call, draw, tmp_path):
    lay(tmp_path / "photos", draw, "01")
    assert call("shard", tmp_path / "photos", "--single", "--out", tmp_path / "shards")[0] == 0
    code, _, told = call("prepare", tmp_path / "shards", "--recipe", "gray", "--out", tmp_path / "out")
    assert code == 2
    assert "lies in a shard" in " ".join(told.split())
    assert not (tmp_path / "out").exists()


def test_out_must_be_new_and_elsewhere(call, draw, contents, tmp_path):
    lay(tmp_path / "photos", draw, "0")
    before = contents(tmp_path)
    for out in (tmp_path / "photos", tmp_path / "photos" / "made"):
        assert call("prepare", tmp_path / "photos", "--recipe", "gray", "--out", out)[0] == 2
    assert contents(tmp_path) == before


def test_transparency_is_refused_until_it_is_said_what_becomes_of_it(call, tmp_path: Path):
    pixels = np.full((20, 24, 4), 100, np.uint8)
    (tmp_path / "photos").mkdir()
    Image.fromarray(pixels).save(tmp_path / "photos" / "0.png")
    words = ["prepare", tmp_path / "photos", "--recipe", "gray", "--out", tmp_path / "out"]
    code, _, told = call(*words)
    assert code == 2
    assert "transparency" in told
    assert call(*words, "--alpha", "flatten", "--background", "black")[0] == 0
    assert (images.read(tmp_path / "out" / "B" / "0.png") == round(100 * 100 / 255)).all()
