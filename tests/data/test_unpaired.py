"""Two sets that are not pairs: every layout, each side on its own, and nothing left out without a word."""

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pixlate import images
from pixlate.data.survey import survey
from pixlate.data.unpaired import find_unpaired
from pixlate.errors import DataError
from pixlate.specs.data import DataConfig

DATA = Path(__file__).parents[2].parent / "shared" / "data"


def save(path, size=(6, 6), channels=3):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(len(path.name)).integers(0, 256, (*size, channels)).astype(np.uint8)
    images.to_pillow(pixels).save(path)


def lay(root, *names, size=(6, 6), channels=3):
    """Pictures of these names, with endings, under `root`."""
    for name in names:
        save(root / name, size, channels)
    return root


def lay_two(root, of_a, of_b):
    """So many pictures in `A` and in `B`."""
    lay(root / "A", *(f"{index:03}.png" for index in range(of_a)))
    lay(root / "B", *(f"{index:03}.png" for index in range(of_b)))
    return root


def settings_of(*data, **config):
    return DataConfig(*map(str, data), **config)


def found_in(*data, **config):
    return find_unpaired(settings_of(*data, **config))


def look(*data, seed=0, known=frozenset(), **config):
    return survey(settings_of(*data, **config), seed, known, paired=False)


def refusal(*data, **config):
    with pytest.raises(DataError) as caught:
        look(*data, **config)
    return str(caught.value)


def names(found):
    """Of sources and targets, by part."""
    return {part: tuple([file.name for file in side] for side in sides) for part, sides in found.sides.items()}


def counts(looked):
    """Pictures a side, by part."""
    return [(len(part.sources), len(part.targets)) for part in (looked.train, looked.val, looked.test)]


def side_names(examples):
    return [[file.name for file in side] for side in (examples.sources, examples.targets)]


def defects(found):
    return sorted((defect.kind, defect.path.name) for defect in found.defects)


def real(*parts):
    folder = DATA.joinpath(*parts)
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent")
    return folder


# Folders


def test_two_folders_are_two_sets_whatever_their_names_and_counts(tmp_path):
    lay(tmp_path / "cats", "1.png", "2.jpg", "3.png")
    lay(tmp_path / "dogs", "1.png", "rex.png")
    found = found_in(tmp_path / "cats", tmp_path / "dogs")
    assert names(found) == {None: (["1.png", "2.jpg", "3.png"], ["1.png", "rex.png"])}
    assert found.sides[None][0][0].path == tmp_path / "cats" / "1.png"
    assert found.sides[None][1][0].path == tmp_path / "dogs" / "1.png"
    assert {file.half for side in found.sides[None] for file in side} == {"whole"}
    assert found.layout == f"two folders, unpaired (A {tmp_path / 'cats'}, B {tmp_path / 'dogs'})"
    assert (found.defects, found.notes) == ([], [])


@pytest.mark.parametrize(("a", "b"), [("A", "B"), ("a", "b"), ("A", "b")])
def test_a_folder_with_a_and_b_inside_is_two_sets(tmp_path, a, b):
    lay(tmp_path, f"{a}/1.png", f"{b}/2.png", f"{b}/3.png")
    assert names(found_in(tmp_path)) == {None: (["1.png"], ["2.png", "3.png"])}


def test_train_a_and_train_b_with_parts_of_their_own(tmp_path):
    lay(tmp_path, "trainA/1.png", "trainA/2.png", "trainB/x.png", "valA/1.png", "valB/1.png", "testA/7.png")
    lay(tmp_path, "testB/8.png", "testB/9.png")
    found = found_in(tmp_path)
    assert names(found) == {
        "train": (["train/1.png", "train/2.png"], ["train/x.png"]),
        "val": (["val/1.png"], ["val/1.png"]),
        "test": (["test/7.png"], ["test/8.png", "test/9.png"]),
    }
    looked = look(tmp_path)
    assert counts(looked) == [(2, 1), (1, 1), (1, 2)]
    assert looked.counts() == ("2 + 1 training, 1 + 1 validation and 1 + 2 test pictures (sources + targets)")
    assert looked.notes == ()


@pytest.mark.parametrize("part", ["val", "valid", "validation", "Val"])
def test_validation_folders_go_by_several_names(tmp_path, part):
    lay(tmp_path, "TrainA/1.png", "TrainB/1.png", f"{part}A/2.png", f"{part}B/3.png")
    assert counts(look(tmp_path)) == [(1, 1), (1, 1), (0, 0)]


def test_a_test_folder_may_be_there_on_one_side_only(tmp_path):
    lay(tmp_path, "trainA/1.png", "trainB/1.png", "testA/2.png")
    assert counts(look(tmp_path, val_fraction=0))[2] == (1, 0)


def test_folders_inside_a_side_belong_to_the_name_and_parts_are_recognised(tmp_path):
    lay(tmp_path / "A", "train/day/1.png", "train/night/1.png", "test/1.png")
    lay(tmp_path / "B", "train/1.png", "train/deep/down/1.png", "val/1.png")
    found = found_in(tmp_path)
    assert names(found) == {
        "train": (["train/day/1.png", "train/night/1.png"], ["train/1.png", "train/deep/down/1.png"]),
        "val": ([], ["val/1.png"]),
        "test": (["test/1.png"], []),
    }


def test_nested_folders_of_whole_sets_keep_every_picture_apart(tmp_path):
    lay(tmp_path / "a", "x/1.png", "y/1.png", "1.png")
    lay(tmp_path / "b", "z/z/1.png", "2.png")
    looked = look(tmp_path / "a", tmp_path / "b", val_fraction=0)
    assert side_names(looked.train) == [["1.png", "x/1.png", "y/1.png"], ["2.png", "z/z/1.png"]]


def test_endings_tell_pictures_of_one_stem_apart(tmp_path):
    lay(tmp_path, "A/1.png", "A/1.jpg", "A/1.bmp", "B/1.png")
    looked = look(tmp_path, val_fraction=0)
    assert side_names(looked.train) == [["1.bmp", "1.jpg", "1.png"], ["1.png"]]
    assert looked.defects == ()


@pytest.mark.parametrize("layout", ["two folders", "A and B", "trainA and trainB", "list"])
def test_the_other_direction_swaps_the_sides_and_nothing_else(tmp_path, layout):
    a, b = ("trainA", "trainB") if layout == "trainA and trainB" else ("A", "B")
    lay(tmp_path, f"{a}/1.png", f"{b}/2.png", f"{b}/3.png")
    data = [tmp_path]
    if layout == "two folders":
        data = [tmp_path / a, tmp_path / b]
    if layout == "list":
        (tmp_path / "list.csv").write_text("A,B\nA/1.png,B/2.png\n,B/3.png\n")
        data = [tmp_path / "list.csv"]
    ahead, back = found_in(*data), found_in(*data, direction="BtoA")
    assert {part: sides[::-1] for part, sides in back.sides.items()} == ahead.sides
    assert {file.path.name for sides in ahead.sides.values() for file in sides[0]} == {"1.png"}


def test_other_files_are_counted_and_hidden_ones_ignored(tmp_path):
    lay(tmp_path, "A/1.png", "B/1.png", "A/.thumbs/9.png")
    (tmp_path / "B" / "2.gif").write_text("x")
    found = found_in(tmp_path)
    assert names(found) == {None: (["1.png"], ["1.png"])}
    assert found.notes == [f"Files in {tmp_path / 'B'} that are no pictures read here: 1 .gif."]


# Halves of side-by-side files


def test_side_by_side_files_are_two_sets_of_halves(tmp_path):
    lay(tmp_path, "train/1.png", "train/1.jpg", "val/1.png", "test/1.png", size=(6, 12))
    found = found_in(tmp_path)
    assert names(found)["train"] == (["train/1.jpg", "train/1.png"],) * 2
    assert [[file.half for file in side] for side in found.sides["train"]] == [["left"] * 2, ["right"] * 2]
    swapped = found_in(tmp_path, direction="BtoA")
    assert [[file.half for file in side] for side in swapped.sides["test"]] == [["right"], ["left"]]
    looked = look(tmp_path)
    assert counts(looked) == [(2, 2), (1, 1), (1, 1)]
    assert looked.size == (6, 6)
    assert "as if unpaired" in looked.report()


def test_side_by_side_files_beside_the_parts_are_left_alone_with_a_word(tmp_path):
    lay(tmp_path, "train/1.png", "loose.png", "extra/2.png", size=(6, 12))
    found = found_in(tmp_path)
    assert names(found) == {"train": (["train/1.png"], ["train/1.png"])}
    assert found.notes == ["2 pictures left alone: the set has train/val/test."]


@pytest.mark.parametrize("size", [(6, 6), (6, 4), (6, 8)])
def test_one_folder_of_single_photographs_is_refused_with_what_to_type(tmp_path, size):
    lay(tmp_path, "1.png", "2.png", size=size)
    for skip_bad in (False, True):
        told = refusal(tmp_path, skip_bad=skip_bad)
        assert str(tmp_path / "1.png") in told
        assert "pixlate train A_FOLDER B_FOLDER --method cyclegan" in told


def test_a_folder_of_two_folders_of_photographs_is_refused_with_what_to_type(tmp_path):
    lay(tmp_path, "cats/1.png", "dogs/2.png", "dogs/3.png")
    assert f"pixlate train {tmp_path / 'cats'} {tmp_path / 'dogs'} --method cyclegan" in refusal(tmp_path)


def test_side_by_side_files_may_stand_in_two_folders(tmp_path):
    lay(tmp_path, "one/1.png", "two/2.png", "two/3.png", size=(6, 12))
    assert counts(look(tmp_path, val_fraction=0))[0] == (3, 3)


def test_a_half_of_an_odd_width_is_one_defect_or_left_out_on_both_sides(tmp_path):
    lay(tmp_path, "train/1.png", "val/1.png", size=(6, 12))
    lay(tmp_path, "train/odd.png", size=(6, 13))
    for direction in ("AtoB", "BtoA"):
        told = refusal(tmp_path, direction=direction)
        assert "1 odd width." in told
        assert f"odd width: {tmp_path / 'train/odd.png'} (13 px wide" in told
        looked = look(tmp_path, direction=direction, skip_bad=True)
        assert side_names(looked.train) == [["train/1.png"], ["train/1.png"]]
        assert defects(looked) == [("odd width", "odd.png")]


def test_a_folder_above_the_set_is_refused_lest_test_pictures_be_learned_from(tmp_path):
    lay(tmp_path, "set/train/1.png", "set/train/2.png", "set/test/3.png", size=(6, 12))
    assert "name the folder that train, val and test stand in" in refusal(tmp_path)


@pytest.mark.parametrize("lone", ["trainA", "trainB", "A"])
def test_a_side_without_the_other_is_not_taken_for_side_by_side_files(tmp_path, lone):
    lay(tmp_path, f"{lone}/1.png", f"{lone}/2.png", size=(6, 12))
    assert lone in refusal(tmp_path)


# Lists


def listing(tmp_path, text, name="list.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_row_of_a_csv_list_may_have_a_or_b_or_both(tmp_path):
    lay(tmp_path, "1.png", "x/2.png", "3.png", "4.png")
    path = listing(tmp_path, "A,B,split\n1.png,3.png,train\nx/2.png,,train\n,4.png,Train\n4.png,,test\n,1.png,val\n")
    found = found_in(path)
    assert names(found) == {
        "train": (["train/1.png", "train/x/2.png"], ["train/3.png", "train/4.png"]),
        "test": (["test/4.png"], []),
        "val": ([], ["val/1.png"]),
    }
    assert found.sides["train"][0][1].path == tmp_path / "x" / "2.png"
    assert found.layout == "the list list.csv, unpaired"
    assert found.defects == []


def test_a_row_of_a_jsonl_list_may_have_a_or_b_or_both(tmp_path):
    lay(tmp_path, "1.png", "é.png", "3.png")
    rows = [{"A": "1.png"}, {"B": "é.png"}, {"a": None, "b": "3.png"}, {"A": "é.png", "B": ""}]
    path = listing(tmp_path, "\n".join(json.dumps(row) for row in rows), "list.jsonl")
    assert names(found_in(path)) == {None: (["1.png", "é.png"], ["3.png", "é.png"])}


def test_columns_of_different_length_are_two_sets(tmp_path):
    lay(tmp_path, "1.png", "2.png", "3.png")
    assert names(found_in(listing(tmp_path, "A,B\n1.png,3.png\n2.png\n"))) == {None: (["1.png", "2.png"], ["3.png"])}


def test_a_picture_named_again_on_a_side_is_one_picture(tmp_path):
    lay(tmp_path, "1.png", "2.png", "3.png")
    found = found_in(listing(tmp_path, "A,B\n1.png,2.png\n1.png,3.png\n3.png,3.png\n"))
    assert names(found) == {None: (["1.png", "3.png"], ["2.png", "3.png"])}
    assert found.defects == []


def test_a_picture_that_a_list_names_in_vain_is_missing_on_its_side_only(tmp_path):
    lay(tmp_path, "1.png", "2.png", "3.png")
    path = listing(tmp_path, "A,B\n1.png,2.png\ngone.png,3.png\n")
    told = refusal(path)
    assert "1 missing." in told
    assert "row 2 of list.csv" in told
    looked = look(path, skip_bad=True, val_fraction=0)
    assert side_names(looked.train) == [["1.png"], ["2.png", "3.png"]]
    assert defects(looked) == [("missing", "gone.png")]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("l.csv", "source,target\n1.png,2.png\n", "row 1: needs A or B, or both (and may have split)"),
        ("l.csv", "A,B,split\n1.png,2.png,\n,,train\n", "row 2: needs A or B"),
        ("l.csv", "A,B,split\n1.png,,holdout\n", "row 1: split is 'holdout'; train, val or test is wanted"),
        ("l.jsonl", '{"B": "1.png"}\n{"C": "1.png"}\n', "row 2: needs A or B"),
        ("l.jsonl", '["1.png"]\n', "every line must be an object"),
        ("l.txt", "1.png\n", "neither a folder nor a .csv or .jsonl list"),
    ],
)
def test_a_list_that_is_none_is_refused_with_its_name(tmp_path, name, text, told):
    path = listing(lay(tmp_path, "1.png", "2.png"), text, name)
    message = refusal(path)
    assert told in message
    assert message.startswith(str(path))


def test_a_row_without_a_and_b_is_told_what_it_has(tmp_path):
    assert "it has A;B" in refusal(listing(lay(tmp_path, "1.png"), "A;B\n1.png;1.png\n"))


def test_a_list_without_a_column_for_the_part_reads_it_off_the_name(tmp_path):
    lay(tmp_path, "train/1.png", "train/2.png", "test/3.png")
    path = listing(tmp_path, "A,B\ntrain/1.png,train/2.png\ntest/3.png,\n")
    assert counts(look(path)) == [(1, 1), (0, 0), (1, 0)]


def test_a_picture_in_two_parts_of_a_list_has_a_name_in_each(tmp_path):
    lay(tmp_path, "1.png", "2.png")
    path = listing(tmp_path, "A,B,split\n1.png,2.png,train\n1.png,2.png,val\n")
    looked = look(path)
    told = [*looked.train.names, *looked.val.names]
    assert len(told) == len(set(told)) == 4


# What is wrong


def test_nothing_there_and_one_folder_twice_are_refused(tmp_path):
    lay(tmp_path, "A/1.png")
    a, gone = tmp_path / "A", tmp_path / "gone"
    (tmp_path / "link").symlink_to(a)
    assert "No data given" in refusal("")
    assert refusal(gone) == f"There is no folder or list {gone}."
    assert refusal(gone, a) == f"There is no folder or list {gone}."
    assert refusal(a, gone) == f"There is no folder {gone}."
    assert refusal(a, a / "1.png") == f"{a / '1.png'} is a file, not a folder."
    assert refusal(a / "1.png", a) == f"{a / '1.png'} is a file, not a folder."
    for again in (a, tmp_path / "A" / ".." / "A", tmp_path / "link"):
        assert refusal(a, again) == f"{a} is given as A and as B."


@pytest.mark.parametrize(("empty", "full"), [("A", "B"), ("B", "A")])
def test_an_empty_side_is_named(tmp_path, empty, full):
    lay(tmp_path, f"{full}/1.png", f"{full}/2.png")
    (tmp_path / empty).mkdir()
    assert f"no training pictures of {empty} found" in refusal(tmp_path)
    (tmp_path / empty / "1.gif").write_text("x")
    assert "1 .gif" in refusal(tmp_path)


@pytest.mark.parametrize(("empty", "full"), [("A", "B"), ("B", "A")])
def test_an_empty_side_is_named_in_the_other_direction(tmp_path, empty, full):
    lay(tmp_path, f"{full}/1.png", f"{full}/2.png")
    (tmp_path / empty).mkdir()
    assert f"no training pictures of {empty} found" in refusal(tmp_path, direction="BtoA")


def test_two_empty_sides_are_both_named(tmp_path):
    for side in "AB":
        (tmp_path / side).mkdir()
    assert "no training pictures of A and B found" in refusal(tmp_path)
    assert "no training pictures of A and B found" in refusal(listing(tmp_path, "A,B\n"))


def test_a_list_of_one_side_lacks_the_other(tmp_path):
    lay(tmp_path, "1.png", "2.png")
    assert "no training pictures of B found" in refusal(listing(tmp_path, "A\n1.png\n2.png\n"))


@pytest.mark.parametrize("parts", [("val",), ("test",)])
def test_pictures_of_other_parts_are_none_to_train_on(tmp_path, parts):
    lay(tmp_path / "A", *(f"{part}/1.png" for part in parts))
    lay(tmp_path / "B", "train/1.png")
    assert "no training pictures of A found" in refusal(tmp_path)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def see_through(path):
    Image.new("RGBA", (6, 6), (1, 2, 3, 4)).save(path)


@pytest.mark.parametrize("side", ["A", "B"])
@pytest.mark.parametrize("spoil", [cut, see_through, lambda path: path.write_bytes(b"")], ids=["cut", "alpha", "empty"])
def test_a_damaged_picture_stops_with_its_name_or_is_left_out_on_its_side(tmp_path, side, spoil):
    lay(tmp_path, *(f"{folder}/{index}.png" for folder in "AB" for index in range(4)))
    victim = tmp_path / side / "2.png"
    spoil(victim)
    told = refusal(tmp_path)
    assert "1 unreadable." in told
    assert str(victim) in told
    assert "--skip-bad" in told
    looked = look(tmp_path, skip_bad=True, val_fraction=0)
    every = [f"{index}.png" for index in range(4)]
    rest = [name for name in every if name != "2.png"]
    assert side_names(looked.train) == ([rest, every] if side == "A" else [every, rest])
    assert defects(looked) == [("unreadable", "2.png")]
    assert f"1 pictures left out:\n  unreadable: {victim}" in looked.report()


def test_a_picture_left_out_on_one_side_moves_nothing_on_the_other(tmp_path):
    lay_two(tmp_path, 30, 30)
    before = look(tmp_path, max_pictures=15)
    cut(tmp_path / "A" / "007.png")
    after = look(tmp_path, max_pictures=15, skip_bad=True)
    assert after.train.targets == before.train.targets
    assert after.val.targets == before.val.targets


def test_a_file_that_both_sides_name_is_one_defect(tmp_path):
    lay(tmp_path, "1.png", "2.png")
    (tmp_path / "bad.png").write_text("no picture")
    path = listing(tmp_path, "A,B\n1.png,2.png\nbad.png,bad.png\n")
    assert "1 unreadable." in refusal(path)
    assert side_names(look(path, skip_bad=True).train) == [["1.png"], ["2.png"]]


def test_a_side_of_which_all_is_damaged_is_named(tmp_path):
    lay(tmp_path, "A/1.png", "A/2.png", "B/1.png", "B/2.png")
    for name in ("1.png", "2.png"):
        cut(tmp_path / "B" / name)
    assert "no training pictures of B found" in refusal(tmp_path, skip_bad=True)


def test_pictures_of_any_size_and_odd_width_are_sound(tmp_path):
    lay(tmp_path / "A", "1.png", "2.png", size=(9, 7))
    lay(tmp_path / "B", "1.png", "2.png", size=(6, 13))
    looked = look(tmp_path)
    assert looked.defects == ()
    assert (looked.size, looked.same_size) == ((6, 13), False)
    assert look(tmp_path, direction="BtoA").size == (6, 13)


def test_the_size_is_that_of_the_side_where_pictures_are_smaller(tmp_path):
    lay(tmp_path / "A", "1.png", "2.png", "3.png", size=(20, 30))
    lay(tmp_path / "A", "tiny.png", size=(2, 2))
    lay(tmp_path / "B", "1.png", size=(8, 90))
    looked = look(tmp_path, val_fraction=0)
    assert looked.size == (8, 90)
    assert "8×90 px mostly, sizes differ" in looked.report()


def test_pictures_gone_bad_since_a_run_began_keep_their_place_on_their_side(tmp_path):
    lay_two(tmp_path, 12, 12)
    before = look(tmp_path)
    known = frozenset([*before.train.names, *before.val.names])
    for side in "AB":
        cut(tmp_path / side / "003.png")
    after = look(tmp_path, skip_bad=True, known=known - {"Y/003.png"})
    assert after.train.sources == before.train.sources
    assert after.val.sources == before.val.sources
    assert "Y/003.png" not in [*after.train.names, *after.val.names]
    assert defects(after) == [("unreadable", "003.png")] * 2


def test_two_sets_taken_for_pairs_are_told_how_they_are_learned_from(tmp_path):
    lay(tmp_path, "trainA/1.png", "trainA/2.png", "trainB/3.png")
    with pytest.raises(DataError, match="--method cyclegan"):
        survey(settings_of(tmp_path), 0)


# Channels


def test_grey_on_one_side_stays_grey(tmp_path):
    lay(tmp_path / "A", "1.png", "2.png", channels=1)
    lay(tmp_path / "B", "1.png", "2.png", "3.png")
    looked = look(tmp_path)
    assert (looked.sides.source.channels, looked.sides.target.channels) == (1, 3)
    swapped = look(tmp_path, direction="BtoA")
    assert (swapped.sides.source.channels, swapped.sides.target.channels) == (3, 1)
    assert not any("grey" in note for note in looked.notes)


def test_grey_among_colour_on_one_side_is_replicated_there_and_said(tmp_path):
    lay(tmp_path, "A/1.png", "A/2.png", "A/3.png", "B/1.png")
    lay(tmp_path, "B/2.png", channels=1)
    looked = look(tmp_path)
    assert (looked.sides.source.channels, looked.sides.target.channels) == (3, 3)
    assert "1 of 2 targets are grey and are replicated to RGB." in looked.notes
    assert look(tmp_path, target_channels=1).sides.target.channels == 1


# The split


@pytest.fixture(scope="module")
def heap(tmp_path_factory):
    """A hundred and thirty pictures, for lists to name."""
    return lay(tmp_path_factory.mktemp("heap"), *(f"{index:03}.png" for index in range(130)), size=(2, 3))


def listed(heap, of_a, of_b, shuffled=None):
    """A list of the first so many as A and so many as B."""
    rows = [{"A": f"{index:03}.png"} for index in range(of_a)] + [{"B": f"{index:03}.png"} for index in range(of_b)]
    if shuffled is not None:
        random.Random(shuffled).shuffle(rows)  # noqa: S311
    return listing(heap, "\n".join(json.dumps(row) for row in rows), "list.jsonl")


some = st.integers(1, 130)


@given(some, some, st.integers(0, 2**32))
@settings(max_examples=15, deadline=None)
def test_a_tenth_of_each_side_but_ten_at_most_is_set_aside(heap, of_a, of_b, seed):
    looked = look(listed(heap, of_a, of_b), seed=seed)
    for train, val, count in zip(side_names(looked.train), side_names(looked.val), (of_a, of_b), strict=True):
        assert sorted(train + val) == [f"{index:03}.png" for index in range(count)]
        assert len(val) == min(10, max(1, round(count / 10)), count - 1)
    for side, val in zip("AB", side_names(looked.val), strict=True):
        told = f"No validation pictures of {side}: {len(val)} set aside for validation by seed {seed}."
        assert (told in looked.notes) == bool(val)


def test_a_share_asked_for_has_no_cap(heap):
    assert counts(look(listed(heap, 120, 40), val_fraction=0.5))[:2] == [(60, 20), (60, 20)]
    assert counts(look(listed(heap, 120, 40), val_fraction=0.1))[1] == (12, 4)
    assert counts(look(listed(heap, 120, 40), val_fraction=0))[:2] == [(120, 40), (0, 0)]
    assert counts(look(listed(heap, 120, 1), val_fraction=0.999))[:2] == [(1, 1), (119, 0)]


def test_a_set_with_a_val_folder_sets_nothing_aside(tmp_path):
    lay(tmp_path, *(f"train{side}/{index}.png" for side in "AB" for index in range(20)), "valA/1.png", "valB/1.png")
    assert counts(look(tmp_path)) == [(20, 20), (1, 1), (0, 0)]


def test_what_is_set_aside_is_said_where_only_the_other_side_has_a_val_folder(tmp_path):
    lay(tmp_path, *(f"train{side}/{index}.png" for side in "AB" for index in range(20)), "valA/1.png")
    looked = look(tmp_path)
    assert counts(looked) == [(20, 18), (1, 2), (0, 0)]
    assert "No validation pictures of B: 2 set aside for validation by seed 0" in looked.report()
    assert "pictures of A" not in looked.report()


@given(some, some, st.integers(0, 2**32))
@settings(max_examples=8, deadline=None)
def test_the_split_follows_from_names_and_seed_not_from_order_or_the_other_side(heap, of_a, of_b, seed):
    looked = look(listed(heap, of_a, of_b), seed=seed, max_pictures=20)
    shuffled = look(listed(heap, of_a, of_b, shuffled=seed), seed=seed, max_pictures=20)
    assert (shuffled.train, shuffled.val) == (looked.train, looked.val)
    other = look(listed(heap, of_a, 130), seed=seed, max_pictures=20)
    assert (other.train.sources, other.val.sources) == (looked.train.sources, looked.val.sources)


def test_another_seed_sets_others_aside_and_the_sides_are_drawn_apart(heap):
    splits = [side_names(look(listed(heap, 60, 60), seed=seed).val) for seed in range(4)]
    assert len({str(split) for split in splits}) == 4
    assert all(sources != targets for sources, targets in splits)


@given(st.integers(0, 2**32), st.text("abcxyz0123456789", min_size=4, max_size=6), st.sampled_from([None, 0.2]))
@settings(max_examples=10, deadline=None)
def test_a_picture_more_moves_hardly_any_and_none_of_the_other_side(many, seed, name, fraction):
    how = {"seed": seed, "val_fraction": fraction, "max_pictures": 30}
    before = look(many, **how)
    new = many / "A" / f"{name}.png"
    try:
        save(new)
        after = look(many, **how)
    finally:
        new.unlink()
    assert len(set(before.val.sources) ^ set(after.val.sources)) <= 2
    assert len(set(before.train.sources) ^ set(after.train.sources)) <= 2
    assert (after.train.targets, after.val.targets) == (before.train.targets, before.val.targets)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Sixty pictures of A and twenty of B."""
    return lay_two(tmp_path_factory.mktemp("many"), 60, 20)


# At most so many


@given(some, some, st.integers(1, 140), st.integers(0, 2**32))
@settings(max_examples=12, deadline=None)
def test_at_most_so_many_a_side_are_trained_on_and_validation_stays(heap, of_a, of_b, limit, seed):
    path = listed(heap, of_a, of_b)
    whole = look(path, seed=seed)
    limited = look(path, seed=seed, max_pictures=limit)
    more = look(path, seed=seed, max_pictures=limit + 1)
    assert limited.val == whole.val
    for few, some_more, every in zip(*map(side_names, (limited.train, more.train, whole.train)), strict=True):
        assert len(few) == min(limit, len(every))
        assert set(few) <= set(some_more) <= set(every)
        assert few == sorted(few)


def test_another_seed_trains_on_others_and_the_sides_are_drawn_apart(heap):
    path = listed(heap, 60, 60)
    chosen = [side_names(look(path, seed=seed, val_fraction=0, max_pictures=5).train) for seed in range(4)]
    assert len({str(sides) for sides in chosen}) == 4
    assert all(sources != targets for sources, targets in chosen)


def test_test_pictures_are_never_limited_nor_set_aside(tmp_path):
    lay(tmp_path, *(f"{part}{side}/{index}.png" for part in ("train", "test") for side in "AB" for index in range(12)))
    looked = look(tmp_path, max_pictures=3)
    assert counts(looked) == [(3, 3), (1, 1), (12, 12)]
    assert all(name.startswith("train/") for side in side_names(looked.train) + side_names(looked.val) for name in side)


# What is told


def test_the_report_counts_each_side(tmp_path):
    lay_two(tmp_path, 3, 20)
    looked = look(tmp_path)
    assert looked.report() == (
        f"two folders, unpaired (A {tmp_path / 'A'}, B {tmp_path / 'B'})\n"
        "2 + 18 training, 1 + 2 validation and 0 + 0 test pictures (sources + targets); 6×6 px\n"
        "No validation pictures of A: 1 set aside for validation by seed 0.\n"
        "No validation pictures of B: 2 set aside for validation by seed 0."
    )
    assert (len(looked.train), looked.train.paired) == (18, False)
    assert len(list(looked.train.files)) == 20
    assert len(set(looked.train.names)) == 20


def test_a_set_is_named_for_its_folders(tmp_path):
    lay_two(tmp_path / "pets", 2, 2)
    assert look(tmp_path / "pets").name == "pets"
    assert look(tmp_path / "pets" / "A", tmp_path / "pets" / "B").name == "A-B"


def test_surveying_two_sets_needs_no_torch(many):
    code = (
        "import sys; from pixlate.data.survey import survey; from pixlate.specs.data import DataConfig;"
        "assert len(survey(DataConfig(sys.argv[1]), 0, paired=False).train) == 54; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, many], check=False).returncode == 0


# Real pictures


@pytest.mark.real
def test_the_real_cats():
    blue, grumpy = real("grumpifycat_64", "A_russianblue"), real("grumpifycat_64", "B_grumpy")
    looked = look(blue, grumpy)
    assert counts(looked) == [(67, 194), (8, 10), (0, 0)]
    assert (looked.size, looked.same_size) == ((64, 64), True)
    assert (looked.sides.source.channels, looked.sides.target.channels) == (3, 3)
    assert looked.defects == ()
    assert looked.name == "A_russianblue-B_grumpy"
    assert "67 + 194 training" in looked.report()
    assert f"pixlate train {blue} {blue.parent / 'B_grumpy'} --method cyclegan" in refusal(blue.parent)


@pytest.mark.real
def test_the_real_horses_and_zebras():
    folder = real("horse2zebra_subset")
    looked = look(folder)
    assert counts(looked) == [(190, 190), (10, 10), (60, 60)]
    assert looked.defects == ()
    assert (looked.size, looked.same_size) == ((256, 256), True)
    grey = {
        side: sum(images.read_header(path).channels == 1 for path in (folder / f"train{letter}").iterdir())
        for side, letter in (("sources", "A"), ("targets", "B"))
    }
    assert any(grey.values())
    for side, count in grey.items():
        assert (f"{count} of 200 {side} are grey and are replicated to RGB." in looked.notes) == bool(count)
    assert (looked.sides.source.channels, looked.sides.target.channels) == (3, 3)
    with pytest.raises(DataError, match="--method cyclegan"):
        survey(settings_of(folder), 0)
