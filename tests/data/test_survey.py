"""Looking at a data set: what is learned from is said, what is wrong stops with names and counts, nothing is hidden."""

import csv
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pixlate import images
from pixlate.data.facades import draw
from pixlate.data.survey import survey
from pixlate.errors import DataError
from pixlate.specs.data import DataConfig

DATA = Path(__file__).parents[2].parent / "shared" / "data"


def picture(height, width, channels=3):
    size = (height, width, channels)
    return np.random.default_rng(height * 1000 + width).integers(0, 256, size).astype(np.uint8)


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(images.encode_png(pixels))


def lay(root, names, size=(6, 8), channels=3):
    for name in names:
        save(root / f"{name}.png", picture(*size, channels))
    return root


def look(data, data_b=None, seed=0, **config):
    return survey(DataConfig(str(data), None if data_b is None else str(data_b), **config), seed)


def refusal(data, data_b=None, **config):
    with pytest.raises(DataError) as caught:
        look(data, data_b, **config)
    assert "Traceback" not in str(caught.value)
    return str(caught.value)


def names(*parts):
    return [name for part in parts for name in part.names]


def real(name):
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent")
    return folder


# What is said of a good set


def test_a_set_with_parts_is_taken_as_it_is(tmp_path):
    lay(tmp_path, ["train/1", "train/2", "val/1", "test/1", "test/2", "test/3"])
    looked = look(tmp_path)
    assert (len(looked.train), len(looked.val), len(looked.test)) == (2, 1, 3)
    assert (looked.size, looked.same_size) == ((6, 4), True)
    assert (looked.sides.source.channels, looked.sides.target.channels) == (3, 3)
    assert looked.name == tmp_path.name
    assert looked.report() == (
        "side-by-side files (A left, B right)\n2 training, 1 validation and 3 test pairs; 6×4 px"
    )


def test_the_embedded_facades_are_a_set(tmp_path):
    for index in range(4):
        labels, photo = draw(0, index, 32)
        save(tmp_path / "A" / f"{index}.png", photo)
        save(tmp_path / "B" / f"{index}.png", labels)
    looked = look(tmp_path, direction="BtoA")
    assert (looked.size, looked.same_size, len(looked.train), len(looked.val)) == ((32, 32), True, 3, 1)
    assert looked.train.sources[0].path.parent.name == "B"


def test_two_folders_have_the_size_of_whole_pictures(tmp_path):
    for side in "AB":
        lay(tmp_path / side, ["1", "2"], size=(6, 9))
    assert look(tmp_path).size == (6, 9)


def test_sizes_that_differ_from_pair_to_pair_are_said(tmp_path):
    for side in "AB":
        lay(tmp_path / side, ["train/1", "train/2"], size=(6, 9))
        lay(tmp_path / side, ["train/3"], size=(50, 70))
        lay(tmp_path / side, ["val/3"], size=(5, 5))
    looked = look(tmp_path)
    assert (looked.size, looked.same_size) == ((6, 9), False)
    assert "6×9 px mostly, sizes differ" in looked.report()


def test_a_picture_stored_on_its_side_counts_upright(tmp_path):
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "A").mkdir()
    Image.fromarray(picture(9, 6)).save(tmp_path / "A" / "1.jpg", exif=exif)
    save(tmp_path / "B" / "1.png", picture(6, 9))
    assert look(tmp_path).size == (6, 9)


# Channels


def test_grey_on_one_side_stays_grey(tmp_path):
    lay(tmp_path / "A", ["1", "2"], channels=1)
    lay(tmp_path / "B", ["1", "2"])
    looked = look(tmp_path)
    assert (looked.sides.source.channels, looked.sides.target.channels) == (1, 3)
    swapped = look(tmp_path, direction="BtoA")
    assert (swapped.sides.source.channels, swapped.sides.target.channels) == (3, 1)
    assert not any("grey" in note for note in looked.notes)


def test_grey_among_colour_is_replicated_and_said(tmp_path):
    lay(tmp_path / "A", ["1", "2"])
    lay(tmp_path / "A", ["3"], channels=1)
    lay(tmp_path / "B", ["1", "2", "3"])
    looked = look(tmp_path)
    assert looked.sides.source.channels == 3
    assert "1 of 3 sources are grey and are replicated to RGB." in looked.report()


def test_colour_becomes_grey_only_when_asked(tmp_path):
    lay(tmp_path, ["train/1", "train/2", "val/1"])
    assert look(tmp_path).sides.source.channels == 3
    looked = look(tmp_path, source_channels=1)
    assert (looked.sides.source.channels, looked.sides.target.channels) == (1, 3)
    assert "3 of 3 sources are in colour and become grey, as asked." in looked.report()


def test_grey_becomes_colour_when_asked(tmp_path):
    lay(tmp_path, ["train/1", "val/1"], channels=1)
    assert look(tmp_path).sides.target.channels == 1
    looked = look(tmp_path, target_channels=3)
    assert (looked.sides.source.channels, looked.sides.target.channels) == (1, 3)
    assert "2 of 2 targets are grey and are replicated to RGB." in looked.report()


# The split


@pytest.fixture(scope="module")
def forty(tmp_path_factory):
    return lay(tmp_path_factory.mktemp("forty"), [f"{index:02}" for index in range(40)], size=(2, 4))


def test_a_share_is_set_aside_and_said(forty):
    looked = look(forty)
    assert (len(looked.train), len(looked.val), len(looked.test)) == (36, 4, 0)
    assert not set(names(looked.train)) & set(names(looked.val))
    assert "No val folder: 4 pairs set aside for validation by seed 0." in looked.report()
    assert len(look(forty, val_fraction=0.5).val) == 20
    assert len(look(forty, val_fraction=0).val) == 0
    assert len(look(forty, val_fraction=0.999).train) == 1


def test_the_same_seed_sets_the_same_pairs_aside_and_another_seed_others(forty):
    first = look(forty, seed=1)
    assert look(forty, seed=1) == first
    assert {tuple(names(look(forty, seed=seed).val)) for seed in range(4)} != {tuple(names(first.val))}


def test_who_is_set_aside_depends_on_neither_place_nor_direction(forty, tmp_path):
    for side in "AB":
        lay(tmp_path / side, [f"{index:02}" for index in range(40)], size=(2, 4))
    assert names(look(tmp_path).val) == names(look(forty).val) == names(look(forty, direction="BtoA").val)


@given(st.integers(0, 2**32), st.text("abcxyz0123456789", min_size=1, max_size=5))
@settings(max_examples=12, deadline=None)
def test_a_pair_more_moves_hardly_any(forty, seed, name):
    new = forty / f"{name}.png"
    if new.exists():
        return
    before = set(names(look(forty, seed=seed).val))
    try:
        lay(forty, [name], size=(2, 4))
        after = set(names(look(forty, seed=seed).val))
    finally:
        new.unlink()
    assert len(before ^ after) <= 2
    assert len(after) == 4


def test_smaller_sets_keep_something_to_train_on(tmp_path):
    lay(tmp_path, ["1"])
    assert (len(look(tmp_path).train), len(look(tmp_path).val)) == (1, 0)
    lay(tmp_path, ["2"])
    assert (len(look(tmp_path).train), len(look(tmp_path).val)) == (1, 1)


def test_test_pictures_are_never_set_aside_or_trained_on(tmp_path):
    lay(tmp_path, [f"train/{index}" for index in range(20)] + [f"test/{index}" for index in range(20)])
    looked = look(tmp_path)
    assert (len(looked.train), len(looked.val), len(looked.test)) == (18, 2, 20)
    assert all(name.startswith("train/") for name in names(looked.train, looked.val))


def test_a_list_decides_by_its_column(tmp_path):
    lay(tmp_path, ["1", "2", "3"])
    (tmp_path / "list.csv").write_text("A,B,split\n1.png,2.png,train\n2.png,3.png,val\n3.png,1.png,test\n")
    looked = look(tmp_path / "list.csv")
    assert [names(part) for part in (looked.train, looked.val, looked.test)] == [["train/1"], ["val/2"], ["test/3"]]
    assert looked.size == (6, 8)


# At most so many


@given(st.integers(1, 45), st.integers(0, 2**32), st.sampled_from(["AtoB", "BtoA"]))
@settings(max_examples=12, deadline=None)
def test_at_most_so_many_pairs_are_trained_on_and_validation_stays(forty, limit, seed, direction):
    whole = look(forty, seed=seed, direction=direction)
    limited = look(forty, seed=seed, direction=direction, max_pictures=limit)
    more = look(forty, seed=seed, direction=direction, max_pictures=limit + 1)
    assert len(limited.train) == min(limit, 36)
    assert set(names(limited.train)) <= set(names(more.train)) <= set(names(whole.train))
    assert names(limited.train) == sorted(names(limited.train))
    assert limited.val == whole.val
    assert [target.name for target in limited.train.targets] == names(limited.train)


def test_another_seed_trains_on_others(forty):
    chosen = {tuple(names(look(forty, seed=seed, val_fraction=0, max_pictures=5).train)) for seed in range(4)}
    assert len(chosen) == 4


def test_who_is_trained_on_depends_on_neither_place_nor_direction(forty, tmp_path):
    for side in "AB":
        lay(tmp_path / side, [f"{index:02}" for index in range(40)], size=(2, 4))
    here, there = look(tmp_path, max_pictures=7), look(forty, max_pictures=7)
    back = look(forty, direction="BtoA", max_pictures=7)
    assert names(here.train) == names(there.train) == names(back.train)


def test_a_pair_more_moves_hardly_any_of_those_trained_on(forty):
    before = set(names(look(forty, max_pictures=10).train))
    for index in range(6):
        new = f"new{index}"
        try:
            lay(forty, [new], size=(2, 4))
            after = set(names(look(forty, max_pictures=10).train))
        finally:
            (forty / f"{new}.png").unlink()
        assert len(after) == 10
        assert len(before ^ after) <= 2


def test_only_training_is_limited(tmp_path):
    lay(tmp_path, [f"{part}/{index}" for part in ("train", "val", "test") for index in range(9)])
    looked = look(tmp_path, max_pictures=2)
    assert (len(looked.train), len(looked.val), len(looked.test)) == (2, 9, 9)
    assert "2 training, 9 validation and 9 test pairs" in looked.report()


def test_defective_pairs_do_not_count_among_those_trained_on(tmp_path):
    lay(tmp_path, [f"train/{index}" for index in range(9)] + ["val/1"])
    for name in names(look(tmp_path, max_pictures=3).train):
        truncate(tmp_path / f"{name}.png")
    assert len(look(tmp_path, max_pictures=3, skip_bad=True).train) == 3


# Defects


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def cut_jpeg(root):
    from PIL import Image

    for side in "AB":
        (root / side / "9.png").unlink()
        Image.fromarray(picture(60, 80)).save(root / side / "9.jpg", quality=95)
    truncate(root / "B" / "9.jpg")


def cut_png(root):
    truncate(root / "B" / "9.png")


MISHAPS = {
    "unmatched": ("A/9.png", lambda root: (root / "B/9.png").unlink()),
    "duplicate stem": ("A/9.png", lambda root: save(root / "A/9.bmp", picture(6, 8))),
    "size mismatch": ("A/9.png", lambda root: save(root / "B/9.png", picture(6, 10))),
    "unreadable web page": ("B/9.png", lambda root: (root / "B/9.png").write_text("<html>404</html>")),
    "unreadable empty": ("B/9.png", lambda root: (root / "B/9.png").write_bytes(b"")),
    "unreadable JPEG": ("B/9.jpg", cut_jpeg),
    "unreadable PNG": ("B/9.png", cut_png),
    "unreadable transparency": ("B/9.png", lambda root: transparent(root / "B/9.png")),
}


def transparent(path):
    from PIL import Image

    Image.new("RGBA", (8, 6), (1, 2, 3, 4)).save(path)


@pytest.mark.parametrize("mishap", MISHAPS)
def test_a_defect_stops_with_its_kind_and_file_or_is_left_out_and_listed(tmp_path, mishap):
    for side in "AB":
        lay(tmp_path / side, ["train/1", "train/2", "val/1", "9"])
    named, spoil = MISHAPS[mishap]
    spoil(tmp_path)
    kind = mishap if mishap in ("duplicate stem", "size mismatch") else mishap.split()[0]
    told = refusal(tmp_path)
    assert told.startswith(str(tmp_path))
    assert kind in told
    assert str(tmp_path / named) in told
    assert "--skip-bad" in told
    looked = look(tmp_path, skip_bad=True)
    assert names(looked.train, looked.val) == ["train/1", "train/2", "val/1"]
    assert {defect.kind for defect in looked.defects} == {kind}
    assert f"{len(looked.defects)} pictures left out:" in looked.report()
    assert f"  {kind}: {tmp_path / named}" in looked.report()


def test_an_odd_width_has_no_halves(tmp_path):
    lay(tmp_path, ["train/1", "val/1"])
    lay(tmp_path, ["train/odd"], size=(6, 7))
    told = refusal(tmp_path)
    assert "1 odd width" in told
    assert f"odd width: {tmp_path / 'train/odd.png'} (7 px wide" in told
    assert names(look(tmp_path, skip_bad=True).train) == ["train/1"]


def test_many_defects_are_counted_by_kind_and_the_first_are_shown(tmp_path):
    lay(tmp_path / "A", [f"{index:02}" for index in range(30)])
    lay(tmp_path / "B", ["00", "01"])
    save(tmp_path / "B" / "01.png", picture(3, 3))
    told = refusal(tmp_path)
    assert "28 unmatched, 1 size mismatch." in told
    assert told.count("\n  unmatched: ") == 10
    assert told.endswith("… and 19 more")
    report = look(tmp_path, skip_bad=True).report()
    assert "29 pictures left out:" in report
    assert report.count("\n  unmatched: ") == 28


def test_a_file_that_several_pairs_share_is_one_defect(tmp_path):
    lay(tmp_path, ["1", "2", "3"])
    (tmp_path / "bad.png").write_text("no picture")
    (tmp_path / "list.csv").write_text("A,B\n1.png,bad.png\n2.png,bad.png\n3.png,1.png\n")
    assert "1 unreadable." in refusal(tmp_path / "list.csv")
    assert names(look(tmp_path / "list.csv", skip_bad=True).train) == ["3"]


def test_a_list_that_names_missing_files_stops(tmp_path):
    lay(tmp_path, ["1", "2"])
    (tmp_path / "list.csv").write_text("A,B\n1.png,2.png\n2.png,gone.png\n")
    told = refusal(tmp_path / "list.csv")
    assert "1 missing." in told
    assert "row 2 of list.csv" in told


@pytest.mark.parametrize("names_", [[], ["val/1"], ["test/1", "test/2"]], ids=["nothing", "val only", "test only"])
def test_a_set_without_training_pairs_is_refused(tmp_path, names_):
    lay(tmp_path, names_)
    assert "no training pairs found" in refusal(tmp_path)


def test_when_nothing_is_found_the_other_files_are_named(tmp_path):
    (tmp_path / "1.gif").write_text("x")
    assert "1 .gif" in refusal(tmp_path)


def test_a_link_that_leads_nowhere_is_named(tmp_path):
    lay(tmp_path, ["train/1", "val/1"])
    (tmp_path / "train" / "2.png").symlink_to(tmp_path / "moved" / "2.png")
    assert str(tmp_path / "train" / "2.png") in refusal(tmp_path)
    assert names(look(tmp_path, skip_bad=True).train) == ["train/1"]


def test_skipping_everything_bad_may_leave_nothing(tmp_path):
    lay(tmp_path, ["1"], size=(6, 7))
    assert "no training pairs found" in refusal(tmp_path, skip_bad=True)


def test_validation_lost_to_defects_is_not_called_absent(tmp_path):
    lay(tmp_path, [f"train/{index}" for index in range(5)])
    lay(tmp_path, ["val/1"], size=(6, 7))
    assert "No val folder" not in look(tmp_path, skip_bad=True).report()


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_a_name_that_is_not_unicode_can_be_learned_from(tmp_path):
    lay(tmp_path, ["1", "2", "x"])
    (tmp_path / "x.png").rename(tmp_path / os.fsdecode(b"caf\xe9.png"))
    assert len(look(tmp_path).train) == 2


def test_surveying_needs_no_torch(forty):
    code = (
        "import sys; from pixlate.data.survey import survey; from pixlate.specs.data import DataConfig;"
        "assert len(survey(DataConfig(sys.argv[1]), 0).train) == 36; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, forty], check=False).returncode == 0


# Real pictures


@pytest.mark.real
def test_the_real_facades():
    looked = look(real("facades"), direction="BtoA")
    assert (len(looked.train), len(looked.val), len(looked.test)) == (400, 100, 106)
    assert (looked.size, looked.same_size) == ((256, 256), True)
    assert (looked.sides.source.channels, looked.sides.target.channels) == (3, 3)
    assert looked.train.sources[0].half == "right"
    assert (looked.defects, looked.notes) == ((), ())


@pytest.mark.real
def test_the_real_visible_and_infrared_pictures():
    folder = real("roadscene_vis_ir")
    config = DataConfig(str(folder / "visible"), str(folder / "infrared"))
    looked = survey(config, 0)
    assert len(looked.train) + len(looked.val) == 221
    assert not looked.same_size
    assert looked.sides.target.channels == 1
    assert survey(replace(config, direction="BtoA"), 0).sides.source.channels == 1


@pytest.mark.real
def test_real_photographs_among_which_some_are_grey(tmp_path):
    folder = real("horse2zebra_subset")
    paths = sorted((folder / "trainA").glob("*.jpg")) + sorted((folder / "trainB").glob("*.jpg"))
    grey = [path for path in paths if images.read_header(path).channels == 1]
    colour = [path for path in paths if path not in grey][:20]
    assert grey
    with (tmp_path / "list.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("A", "B"), *((path, colour[0]) for path in [*grey, *colour])])
    looked = look(tmp_path / "list.csv")
    assert looked.sides.source.channels == 3
    assert f"{len(grey)} of {len(grey) + 20} sources are grey and are replicated to RGB." in looked.report()
    assert "unmatched" in refusal(folder / "testA", folder / "testB")


def test_folders_of_which_nothing_matches_hold_no_pairs(tmp_path):
    for folder, name in (("a", "1.png"), ("b", "2.png")):
        (tmp_path / folder).mkdir()
        Image.new("RGB", (8, 8)).save(tmp_path / folder / name)
    with pytest.raises(DataError, match=r"no pairs found.*2 unmatched"):
        survey(DataConfig(str(tmp_path / "a"), str(tmp_path / "b")), 0)
