"""The check of a data set: it says what training would say, and what training would not notice; nothing else."""

import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pixlate import images
from pixlate.data import checking
from pixlate.data.checking.findings import KINDS
from pixlate.data.shards import writing
from pixlate.data.survey import survey
from pixlate.errors import ConfigError, DataError
from pixlate.specs.data import DataConfig

DATA = Path(__file__).parents[3].parent / "shared" / "data"


def pixels(seed, size=(8, 8), channels=3, kind=np.uint8, most=256):
    return np.random.default_rng(seed).integers(0, most, (*size, channels)).astype(kind)


def save(path, picture=None, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(images.encode_png(pixels(seed) if picture is None else picture))
    return path


def lay(root, names="12345678", sides="AB"):
    """A sound set of pairs in two folders, no picture twice."""
    for place, side in enumerate(sides):
        for number, name in enumerate(names):
            save(root / side / f"{name}.png", seed=100 * place + number)
    return root


def check(data, data_b=None, method="pix2pix", fast=False, **config):
    given_b = None if data_b is None else str(data_b)
    return checking.check(DataConfig(str(data), given_b, **config), method=method, fast=fast)


def found(report, root):
    """Kinds, and paths as the set has them."""
    return [(f.kind, *(os.path.relpath(path, root) for path in f.paths)) for f in report.findings]


# What is sound is called sound


@pytest.mark.parametrize("names", ["12345678", ["train/1", "train/2", "val/1", "test/1"], ["day/1", "night/1"]])
def test_a_sound_set_gives_no_finding(tmp_path, names):
    report = check(lay(tmp_path, names))
    assert report.findings == ()
    assert report.sound
    assert report.survey is not None


def test_the_drawn_facades_give_no_finding(drawn):
    report = check(drawn, direction="BtoA")
    assert report.findings == ()
    assert list(report.lines())[-1] == f"next: pixlate train {drawn} --direction BtoA"


REAL = [
    (["facades"], {}, set()),
    (["maps_subset"], {}, {"left-alone"}),
    (["horse2zebra_subset"], {"method": "cyclegan"}, {"duplicate", "mixed-channels"}),
    (["edges2shoes_100"], {}, set()),
    (["roadscene_vis_ir/visible", "roadscene_vis_ir/infrared"], {}, set()),
    (["bsds_train"], {"recipe": "edges"}, set()),
    (["grumpifycat_64/A_russianblue", "grumpifycat_64/B_grumpy"], {"method": "cut"}, set()),
]


@pytest.mark.real
@pytest.mark.parametrize(("folders", "flags", "kinds"), REAL, ids=[folders[0] for folders, _, _ in REAL])
def test_real_sets_are_sound_and_what_is_told_of_them_is_true(folders, flags, kinds):
    """Two horses and two zebras of the published set are there twice; one zebra is grey."""
    if not all((DATA / folder).is_dir() for folder in folders):
        pytest.skip(f"{DATA} is absent")
    report = check(*(DATA / folder for folder in folders), **flags)
    assert report.sound
    assert {finding.kind for finding in report.findings} == kinds


# What training says, the check says


def cut_short(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def with_alpha(path):
    save(path, pixels(3, channels=4))


DONE = {
    "nothing": lambda _: None,
    "removed": lambda path: path.unlink(),
    "emptied": lambda path: path.write_bytes(b""),
    "cut": cut_short,
    "page": lambda path: path.write_bytes(b"<html><body>gone</body></html>"),
    "other size": lambda path: save(path, pixels(4, size=(8, 10))),
    "grey": lambda path: save(path, pixels(5, channels=1)),
    "transparent": with_alpha,
    "deep": lambda path: save(path, pixels(6, kind=np.uint16, most=65536)),
    "flat": lambda path: save(path, np.full((8, 8, 3), 7, np.uint8)),
    "twice": lambda path: path.with_suffix(".jpg").write_bytes(path.read_bytes()),
    "loop": lambda path: (path.unlink(), path.symlink_to(path.name)),
    "hidden": lambda path: path.rename(path.with_name(f".{path.name}")),
}


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(st.tuples(st.sampled_from("AB"), st.integers(1, 4)), st.sampled_from(sorted(DONE)), max_size=8),
    st.sampled_from(["pix2pix", "cyclegan"]),
    st.sampled_from(["AtoB", "BtoA"]),
)
def test_a_set_has_an_error_where_training_refuses_it_and_only_there(done, method, direction):
    with tempfile.TemporaryDirectory() as folder:
        root = lay(Path(folder), "1234")
        for (side, name), what in done.items():
            DONE[what](root / side / f"{name}.png")
        report = check(root, method=method, direction=direction)
        config = DataConfig(str(root), direction=direction, skip_bad=True)
        paired = method == "pix2pix"
        try:
            looked = survey(config, 0, paired=paired)
        except DataError:
            assert not report.sound
            assert report.survey is None
            return
        assert report.survey is not None
        assert (report.survey.train, report.survey.val) == (looked.train, looked.val)
        assert report.sound == (not looked.defects)
        refused = {path for finding in report.findings for path in finding.paths if finding.severity == "error"}
        assert refused == {defect.path for defect in looked.defects}


# Each kind, with its paths


def test_content_that_is_none_is_told_apart(tmp_path):
    lay(tmp_path, ["1", "2", "3", "4", "5", "6", "7", "8", "train/9"])
    a = tmp_path / "A"
    (a / "1.png").write_bytes(b"")
    cut_short(a / "2.png")
    (a / "3.png").write_bytes(b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x --><!DOCTYPE HTML><title>404</title>")
    (a / "4.png").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    damaged = bytearray((a / "5.png").read_bytes())
    damaged[len(damaged) // 2] ^= 255
    (a / "5.png").write_bytes(damaged)
    frames = [Image.fromarray(pixels(seed)) for seed in (1, 2)]
    frames[0].save(a / "6.png", save_all=True, append_images=frames[1:])
    (a / "7.png").unlink()
    os.mkfifo(a / "7.png")
    with_alpha(a / "8.png")
    report = check(tmp_path)
    kinds = ["empty", "truncated", "damaged", "html", "not-a-picture", "unsupported", "transparency", "unreadable"]
    places = [1, 2, 5, 3, 4, 6, 8, 7]
    assert found(report, a) == [(kind, f"{place}.png") for kind, place in zip(kinds, places, strict=True)]
    assert "Git LFS pointer" in report.findings[4].why
    assert str(a) not in report.findings[0].why


@contextmanager
def one_who_may_not_read_all():
    """Root may: for a while we are somebody else."""
    ours = os.geteuid()
    if ours == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(ours)


def test_what_may_not_be_read_is_told():
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        assert check(lay(root)).sound  # whatever is imported late now is
        (root / "A" / "1.png").chmod(0)
        with one_who_may_not_read_all():
            report = check(root)
        assert found(report, root) == [("unreadable", "A/1.png")]
        (root / "B" / "closed").mkdir(mode=0)
        with one_who_may_not_read_all():
            report = check(root)
        assert found(report, root) == [("unreadable", "B/closed")]
        (root / "B" / "closed").chmod(0o755)


def test_transparency_that_is_spoken_for_is_no_defect(tmp_path):
    lay(tmp_path)
    with_alpha(tmp_path / "A" / "1.png")
    assert found(check(tmp_path), tmp_path) == [("transparency", "A/1.png")]
    assert check(tmp_path, source_alpha="flatten").findings == ()


def test_a_list_that_names_what_is_not_there(tmp_path):
    lay(tmp_path)
    (tmp_path / "list.csv").write_text("A,B\n" + "".join(f"A/{name}.png,B/{name}.png\n" for name in "1239"))
    report = check(tmp_path / "list.csv")
    assert found(report, tmp_path) == [("missing", "A/9.png"), ("missing", "B/9.png")]
    assert report.survey is not None
    assert len(report.survey.train) == 2


def test_pictures_to_stack_are_checked_with_the_rest(tmp_path):
    lay(tmp_path / "set", "1234")
    lay(tmp_path, "1234", ["of one side", "of the other", "depth"])
    (tmp_path / "depth" / "1.png").unlink()
    save(tmp_path / "depth" / "2.png", pixels(2, size=(8, 9)))
    (tmp_path / "depth" / "3.png").write_bytes(b"")
    (tmp_path / "depth" / "notes.txt").write_text("a note")
    assert found(check(tmp_path / "set", stack=(str(tmp_path / "depth"),)), tmp_path) == [
        ("empty", "depth/3.png"),
        ("missing", "set/A/1.png"),
        ("size-mismatch", "depth/2.png"),
        ("passed-over", "depth/notes.txt"),
    ]


def test_single_pictures_of_a_recipe_are_not_taken_for_twins(tmp_path):
    lay(tmp_path, sides=["train"])
    assert check(tmp_path, recipe="gray").findings == ()
    with_alpha(tmp_path / "train" / "1.png")
    assert found(check(tmp_path, recipe="gray"), tmp_path) == [("transparency", "train/1.png")]


def test_halves_need_an_even_width_and_must_differ(tmp_path):
    for name, size in (("1", (8, 16)), ("2", (8, 17)), ("3", (8, 16))):
        save(tmp_path / f"{name}.png", pixels(int(name), size))
    half = pixels(7)
    save(tmp_path / "4.png", np.concatenate([half, half], 1))
    save(tmp_path / "5.png", np.concatenate([half, np.zeros_like(half)], 1))
    for method in ("pix2pix", "cyclegan"):
        report = check(tmp_path, method=method)
        assert found(report, tmp_path) == [("odd-width", "2.png"), ("same-on-both-sides", "4.png"), ("flat", "5.png")]
        assert "right half" in report.findings[2].why


def test_a_name_that_is_almost_its_counterparts_is_hinted_at(tmp_path):
    lay(tmp_path)
    (tmp_path / "B" / "8.png").rename(tmp_path / "B" / "É 8.png")
    (tmp_path / "A" / "8.png").rename(tmp_path / "A" / "e\u0301 8.png")
    report = check(tmp_path)
    assert [finding.kind for finding in report.findings] == ["unmatched"] * 2
    assert all("has almost that name" in finding.why for finding in report.findings)


def test_the_same_file_in_one_part_in_two_and_on_both_sides(tmp_path):
    lay(tmp_path, ["train/1", "train/2", "train/3", "train/4", "val/5", "val/6"])
    a, b = tmp_path / "A", tmp_path / "B"
    (a / "train/2.png").write_bytes((a / "train/1.png").read_bytes())
    (a / "val/5.png").write_bytes((a / "train/3.png").read_bytes())
    (b / "val/6.png").write_bytes((a / "val/6.png").read_bytes())
    assert found(check(tmp_path), tmp_path) == [
        ("leak", "A/train/3.png", "A/val/5.png"),
        ("same-on-both-sides", "A/val/6.png", "B/val/6.png"),
        ("duplicate", "A/train/1.png", "A/train/2.png"),
    ]


def test_empty_masks_that_come_again_are_flat_but_no_duplicates(tmp_path):
    lay(tmp_path)
    for name in "12":
        save(tmp_path / "B" / f"{name}.png", np.zeros((8, 8, 3), np.uint8))
    assert found(check(tmp_path), tmp_path) == [("flat", "B/1.png"), ("flat", "B/2.png")]


def test_a_side_of_several_kinds(tmp_path):
    lay(tmp_path)
    save(tmp_path / "A" / "1.png", pixels(1, channels=1))
    save(tmp_path / "B" / "2.png", pixels(2, kind=np.uint16, most=4096))
    report = check(tmp_path)
    assert found(report, tmp_path) == [
        ("mixed-channels", "A/1.png"),
        ("mixed-depths", "B/2.png"),
        ("unused-scale", "B/2.png"),
    ]
    assert "7 of 8 have 3 channels" in report.findings[0].why
    assert found(check(tmp_path, source_channels=3, target_range="0,4095"), tmp_path) == [("mixed-depths", "B/2.png")]


def test_what_no_one_kind_describes_is_refused_as_training_does(tmp_path):
    lay(tmp_path)
    np.save(tmp_path / "A" / "1.npy", np.zeros((8, 8, 5), np.float32) + np.arange(8)[:, None, None])
    (tmp_path / "A" / "1.png").unlink()
    report = check(tmp_path)
    assert report.findings[0].kind == "refused"
    with pytest.raises(DataError) as refused:
        survey(DataConfig(str(tmp_path)), 0)
    assert report.findings[0].why == str(refused.value)


def test_two_sets_without_a_pair_are_referred_to_other_methods(tmp_path):
    lay(tmp_path, "1234", "A")
    lay(tmp_path, "5678", "B")
    report = check(tmp_path)
    assert not report.sound
    assert "--method cyclegan" in report.findings[0].why
    assert check(tmp_path, method="cut").sound


def test_a_layout_that_is_not_known_is_told_with_what_the_walk_found(tmp_path):
    lay(tmp_path, sides=["photos", "labels"])
    (tmp_path / "notes.txt").write_text("a note")
    report = check(tmp_path)
    assert [finding.kind for finding in report.findings] == ["layout", "passed-over"]
    assert "looks like two folders" in report.findings[0].why


def test_what_training_does_not_see_is_named(tmp_path):
    for number, name in enumerate(["train/1", "train/2", "train/val/3", "train/val/4", "spare/5", "copy/train/6"]):
        save(tmp_path / f"{name}.png", pixels(number, (8, 16)))
    save(tmp_path / "train" / ".thumbs" / "1.png")
    (tmp_path / "train" / "7.jfif").write_bytes(b"\xff\xd8\xff\xe0")
    (tmp_path / "train" / "up").symlink_to("..")
    report = check(tmp_path)
    assert sorted(found(report, tmp_path)) == [
        ("folder-loop", "train/up"),
        ("hidden", "train/.thumbs/1.png"),
        ("left-alone", "spare/5.png"),
        ("nested", "copy/train/6.png"),
        ("nested", "train/val/3.png", "train/val/4.png"),
        ("passed-over", "train/7.jfif"),
    ]
    assert report.sound
    assert "holds a JPEG" in next(finding.why for finding in report.findings if finding.kind == "passed-over")


def test_names_that_are_one_elsewhere(tmp_path):
    lay(tmp_path, ["a", "A", "\u00e9", "e\u0301", "b"])
    report = check(tmp_path)
    whys = {finding.why for finding in report.findings}
    assert [finding.kind for finding in report.findings] == ["name-collision"] * 4
    assert whys == {"they differ in upper and lower case only", "they differ in the form of accents only"}


# How it is told


def test_the_document_is_one_whatever_the_number_of_workers(tmp_path):
    lay(tmp_path)
    (tmp_path / "A" / "3.png").write_bytes(b"")
    (tmp_path / "A" / "4.png").write_bytes((tmp_path / "A" / "5.png").read_bytes())
    config = DataConfig(str(tmp_path))
    alone = checking.check(config, workers=1).to_json()
    assert checking.check(config, workers=3).to_json() == alone
    document = json.loads(alone)
    assert (document["version"], document["sound"], document["files"], document["decoded"]) == (1, False, 16, True)
    assert (document["errors"], document["warnings"]) == (1, 1)
    assert document["totals"] == {"empty": 1, "duplicate": 1}
    assert document["set"] == {
        "layout": f"two folders matched by name (A {tmp_path}/A, B {tmp_path}/B)",
        "paired": True,
        "train": 6,
        "val": 1,
        "test": 0,
        "size": "8",
        "one_size": True,
        "source": "3 × uint8",
        "target": "3 × uint8",
    }
    first = document["findings"][0]
    assert first == {
        "kind": "empty",
        "severity": "error",
        "paths": [str(tmp_path / "A" / "3.png")],
        "why": "it has 0 bytes",
        "do": KINDS["empty"].do,
    }


def test_of_sets_that_are_not_paired_both_sides_are_counted(tmp_path):
    document = check(lay(tmp_path, "1234"), method="cyclegan").to_document()
    assert document["set"]["train"] == {"source": 3, "target": 3}
    assert document["set"]["paired"] is False


def test_names_that_are_not_unicode_are_told_and_survive_json(tmp_path):
    lay(tmp_path)
    name = os.fsdecode(b"\xff\xe9.png")
    for side in "AB":
        (tmp_path / side / "1.png").rename(tmp_path / side / name)
    report = check(tmp_path)
    assert found(report, tmp_path) == [("odd-name", f"A/{name}"), ("odd-name", f"B/{name}")]
    report.to_json().encode()
    "\n".join(report.lines()).encode()
    assert json.loads(report.to_json())["findings"][0]["paths"] == [str(tmp_path / "A" / name)]


def test_some_of_many_are_shown_and_all_when_asked(tmp_path):
    lay(tmp_path)
    for name in "12345":
        (tmp_path / "A" / f"{name}.png").write_bytes(b"")
    report = check(tmp_path)
    told, every = "\n".join(report.lines()), "\n".join(report.lines(every=True))
    assert "error empty: 5" in told
    assert "and 2 more (--all)" in told
    assert [name for name in "12345" if f"A/{name}.png" in told] == ["1", "2", "3"]
    assert all(f"A/{name}.png" in every for name in "12345")
    assert told.endswith(f"mend the errors, or leave those pictures out: pixlate train {tmp_path} --skip-bad")


def test_fast_reads_headers_and_says_so(tmp_path):
    lay(tmp_path)
    (tmp_path / "A" / "1.png").write_bytes(b"")
    cut_short(tmp_path / "A" / "2.png")
    report = check(tmp_path, fast=True)
    assert found(report, tmp_path) == [("empty", "A/1.png")]
    assert "16 pictures headers read" not in (told := "\n".join(report.lines()))
    assert "headers of 16 pictures read" in told


def test_what_the_user_got_wrong_is_no_finding(tmp_path):
    with pytest.raises(DataError, match="There is no folder"):
        check(tmp_path / "nowhere")
    lay(tmp_path)
    with pytest.raises(DataError, match="given as A and as B"):
        check(tmp_path / "A", tmp_path / "A")
    with pytest.raises(DataError, match="to stack pictures from"):
        check(tmp_path, stack=(str(tmp_path / "depth"),))
    with pytest.raises(ConfigError, match="Did you mean 'cyclegan'"):
        check(tmp_path, method="cyclgan")
    for _ in writing.write(writing.prepare(DataConfig(str(tmp_path)), "pairs"), tmp_path / "shards", 10**9):
        pass
    for shards in (tmp_path / "shards", tmp_path / "shards" / "index.json", "https://example.org/index.json"):
        with pytest.raises(DataError, match="is a set of shards"):
            check(shards)
    with pytest.raises(ConfigError, match="--workers is 0"):
        checking.check(DataConfig(str(tmp_path)), workers=0)
