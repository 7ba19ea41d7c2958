"""Finding pairs: every layout people keep pictures in, and no picture lost without a word."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from pixlate import images
from pixlate.data.finding import find
from pixlate.data.survey import survey
from pixlate.errors import DataError
from pixlate.specs.data import DataConfig

PIXELS = images.encode_png(np.zeros((2, 4, 3), np.uint8))


def lay(root, *names):
    """Files of these names under `root`; finding opens none of them."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PIXELS)
    return root


def found_in(data, data_b=None, **config):
    return find(DataConfig(str(data), None if data_b is None else str(data_b), **config))


def names(found):
    return {part: sorted(pair.name for pair in pairs) for part, pairs in found.parts.items()}


def defects(found):
    return sorted((defect.kind, defect.path.name) for defect in found.defects)


def files(pair):
    return (pair.source.path.as_posix(), pair.source.half), (pair.target.path.as_posix(), pair.target.half)


def refusal(*data, **config):
    with pytest.raises(DataError) as caught:
        found_in(*data, **config)
    return str(caught.value)


# Side by side


def test_side_by_side_files_in_parts(tmp_path):
    lay(tmp_path, "train/1.jpg", "train/2.png", "val/1.jpg", "test/9.webp")
    found = found_in(tmp_path)
    assert names(found) == {"train": ["train/1", "train/2"], "val": ["val/1"], "test": ["test/9"]}
    path = (tmp_path / "test/9.webp").as_posix()
    assert files(found.parts["test"][0]) == ((path, "left"), (path, "right"))
    assert (found.defects, found.notes) == ([], [])


@pytest.mark.parametrize("folder", ["val", "valid", "validation", "Val", "VALIDATION"])
def test_validation_goes_by_several_names(tmp_path, folder):
    lay(tmp_path, "TRAIN/1.png", f"{folder}/2.png")
    assert names(found_in(tmp_path)) == {"train": ["TRAIN/1"], "val": [f"{folder}/2"]}


def test_files_in_one_folder_have_no_part(tmp_path):
    lay(tmp_path, "2.png", "1.png", "3.JPG")
    assert names(found_in(tmp_path)) == {None: ["1", "2", "3"]}


def test_folders_inside_parts_and_endings_are_kept_apart_by_name(tmp_path):
    lay(tmp_path, "train/cats/1.png", "train/dogs/1.png", "train/dogs/1.v2.png")
    assert names(found_in(tmp_path)) == {"train": ["train/cats/1", "train/dogs/1", "train/dogs/1.v2"]}


def test_pictures_beside_the_parts_are_left_alone_with_a_word(tmp_path):
    lay(tmp_path, "train/1.png", "loose.png", "extra/a.png", "extra/b.png")
    found = found_in(tmp_path)
    assert names(found) == {"train": ["train/1"]}
    assert sorted(found.notes) == [
        "1 pictures in the folder itself left alone: the set has train/val/test.",
        "2 pictures in extra left alone: the set has train/val/test.",
    ]


def test_the_other_direction_swaps_the_halves(tmp_path):
    (pair,) = found_in(lay(tmp_path, "1.png"), direction="BtoA").parts[None]
    assert (pair.source.half, pair.target.half) == ("right", "left")


def test_two_endings_of_one_name_are_a_defect_each(tmp_path):
    found = found_in(lay(tmp_path, "train/1.png", "train/1.jpg", "train/2.png"))
    assert defects(found) == [("duplicate stem", "1.jpg"), ("duplicate stem", "1.png")]
    assert names(found) == {"train": ["train/2"]}


# Two folders


def test_two_folders_match_by_name_whatever_the_ending_and_however_deep(tmp_path):
    lay(tmp_path / "photos", "1.JPG", "x/2.png", "x/y/3.bmp")
    lay(tmp_path / "maps", "1.png", "x/2.jpeg", "x/y/3.webp")
    found = found_in(tmp_path / "photos", tmp_path / "maps")
    assert names(found) == {None: ["1", "x/2", "x/y/3"]}
    source, target = (tmp_path / "photos/1.JPG").as_posix(), (tmp_path / "maps/1.png").as_posix()
    assert files(found.parts[None][0]) == ((source, "whole"), (target, "whole"))
    swapped = found_in(tmp_path / "photos", tmp_path / "maps", direction="BtoA")
    assert files(swapped.parts[None][0]) == ((target, "whole"), (source, "whole"))


@pytest.mark.parametrize(("a", "b"), [("A", "B"), ("a", "b")])
def test_a_folder_with_a_and_b_inside_is_two_folders(tmp_path, a, b):
    lay(tmp_path, f"{a}/train/1.png", f"{b}/train/1.jpg", f"{a}/test/2.png", f"{b}/test/2.png")
    found = found_in(tmp_path)
    assert names(found) == {"train": ["train/1"], "test": ["test/2"]}
    assert found.parts["train"][0].target.path == tmp_path / b / "train" / "1.jpg"


def test_folders_named_train_a_and_train_b(tmp_path):
    lay(tmp_path, "trainA/1.png", "trainB/1.jpg", "valA/1.png", "valB/1.png", "testA/7.png", "testB/7.png")
    found = found_in(tmp_path)
    assert names(found) == {"train": ["train/1"], "val": ["val/1"], "test": ["test/7"]}
    assert found.parts["train"][0].source.path == tmp_path / "trainA" / "1.png"
    assert found.parts["train"][0].target.path == tmp_path / "trainB" / "1.jpg"


def test_a_part_with_one_side_only_is_not_dropped_silently(tmp_path):
    found = found_in(lay(tmp_path, "trainA/1.png", "trainB/1.png", "testA/7.png"))
    assert any("testA" in text for text in [*found.notes, *(str(defect.path) for defect in found.defects)])


def test_a_picture_without_its_other_is_a_defect_on_either_side(tmp_path):
    lay(tmp_path, "A/1.png", "A/2.png", "B/2.png", "B/3.png")
    found = found_in(tmp_path)
    assert names(found) == {None: ["2"]}
    assert defects(found) == [("unmatched", "1.png"), ("unmatched", "3.png")]
    assert {defect.path.name: defect.why for defect in found.defects} == {
        "1.png": "no picture of that name in B",
        "3.png": "no picture of that name in A",
    }


def test_a_name_twice_in_one_folder_spoils_no_other(tmp_path):
    lay(tmp_path, "A/1.png", "A/1.jpg", "B/1.png", "A/2.png", "B/2.png")
    found = found_in(tmp_path)
    assert names(found) == {None: ["2"]}
    assert defects(found) == [("duplicate stem", "1.jpg"), ("duplicate stem", "1.png")]


def test_names_never_differ_by_the_order_of_the_disk(tmp_path):
    lay(tmp_path, *(f"{index}.png" for index in (10, 9, 1, 2, 33)))
    assert [pair.name for pair in found_in(tmp_path).parts[None]] == ["1", "10", "2", "33", "9"]


# Lists


def listing(tmp_path, text, name="list.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_text(text, encoding=encoding)
    return path


def test_a_csv_list_names_pairs_and_their_parts(tmp_path):
    lay(tmp_path, "x/1.png", "y/one.jpg", "2.png", "3.png")
    path = listing(tmp_path, "A,B,split\nx/1.png,y/one.jpg,train\n2.png,3.png,Val\n3.png,2.png,TEST\n")
    found = found_in(path)
    assert names(found) == {"train": ["train/x/1"], "val": ["val/2"], "test": ["test/3"]}
    assert found.parts["train"][0].target.path == tmp_path / "y" / "one.jpg"
    assert found.layout == "the list list.csv"
    assert found.defects == []


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("A,B\n1.png,2.png\n", "utf-8-sig"),
        ("a,b\r\n1.png,2.png\r\n", "utf-8"),
        (" A , B \n1.png,2.png\n\n", "utf-8"),
        ('note,B,A\n"x, y",2.png,1.png\n', "utf-8"),
    ],
    ids=["byte order mark", "Windows", "spaces", "more columns"],
)
def test_csv_of_every_make_is_read(tmp_path, text, encoding):
    lay(tmp_path, "1.png", "2.png")
    found = found_in(listing(tmp_path, text, encoding=encoding))
    assert found.parts[None][0].source.path == tmp_path / "1.png"
    assert found.parts[None][0].target.path == tmp_path / "2.png"


def test_what_the_csv_module_writes_is_read(tmp_path):
    lay(tmp_path, 'a "b", c.png', "é.png")
    with (tmp_path / "list.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("A", "B"), ('a "b", c.png', "é.png")])
    assert names(found_in(tmp_path / "list.csv")) == {None: ['a "b", c']}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_jsonl_list_names_pairs_and_their_parts(tmp_path, encoding):
    lay(tmp_path, "1.png", "2.png", "é.png")
    rows = [{"A": "1.png", "B": "2.png", "split": "train"}, {"b": "1.png", "a": "é.png", "split": "validation"}]
    text = "\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    found = found_in(listing(tmp_path, text, "list.jsonl", encoding))
    assert names(found) == {"train": ["train/1"], "val": ["validation/é"]}


def test_paths_in_a_list_are_relative_to_it_or_absolute(tmp_path, monkeypatch):
    lay(tmp_path, "lists/x.png", "pictures/1.png", "pictures/2.png")
    path = listing(tmp_path / "lists", f"A,B\n../pictures/1.png,{tmp_path}/pictures/2.png\n")
    monkeypatch.chdir(tmp_path / "pictures")
    (pair,) = found_in(path).parts[None]
    assert pair.source.path.samefile(tmp_path / "pictures/1.png")
    assert pair.target.path.samefile(tmp_path / "pictures/2.png")


def test_a_list_in_the_other_direction(tmp_path):
    lay(tmp_path, "1.png", "2.png")
    (pair,) = found_in(listing(tmp_path, "A,B\n1.png,2.png\n"), direction="BtoA").parts[None]
    assert (pair.source.path.name, pair.target.path.name) == ("2.png", "1.png")


def test_missing_files_and_rows_twice_are_defects_with_their_row(tmp_path):
    lay(tmp_path, "1.png", "2.png")
    path = listing(tmp_path, "A,B\n1.png,2.png\ngone.png,2.png\n1.png,2.png\n2.png,lost.png\n")
    found = found_in(path)
    assert names(found) == {None: ["1"]}
    assert defects(found) == [("duplicate stem", "1.png"), ("missing", "gone.png"), ("missing", "lost.png")]
    assert {defect.why.split(" of ")[0] for defect in found.defects} == {"row 2", "row 3", "row 4"}


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("l.csv", "source,target\n1.png,2.png\n", "row 1: needs A and B (and may have split); it has source, target"),
        ("l.csv", "A;B\n1.png;2.png\n", "needs A and B"),
        ("l.csv", "A,B\n1.png,2.png\n1.png\n", "row 2: needs A and B"),
        ("l.csv", "A,B,split\n1.png,2.png,holdout\n", "row 1: split is 'holdout'; train, val or test is wanted"),
        ("l.jsonl", '{"A": "1.png"}\n', "row 1: needs A and B"),
        ("l.jsonl", '{"A": "1.png", "B": null}\n', "row 1: needs A and B"),
        ("l.jsonl", '["1.png", "2.png"]\n', "every line must be an object"),
        ("l.jsonl", '{"A": "1.png", \n', "cannot be read as a list"),
        ("l.txt", "1.png 2.png\n", "neither a folder nor a .csv or .jsonl list"),
    ],
)
def test_a_list_that_is_none_is_refused_with_its_name(tmp_path, name, text, told):
    path = listing(lay(tmp_path, "1.png", "2.png"), text, name)
    message = refusal(path)
    assert told in message
    assert message.startswith(str(path))


def test_a_list_in_another_encoding_is_refused(tmp_path):
    path = listing(tmp_path, "A,B\n1.png,2.png\n", encoding="utf-16")
    assert "cannot be read as a list" in refusal(path)


def test_a_list_row_that_names_nothing_is_a_defect_or_refused(tmp_path):
    lay(tmp_path, "2.png")
    path = listing(tmp_path, "A,B\n,2.png\n")
    try:
        found = found_in(path)
    except DataError as error:
        assert "row 1" in str(error)  # noqa: PT017
    else:
        assert [defect.kind for defect in found.defects] == ["missing"]


def test_a_name_too_long_for_the_disk_is_missing(tmp_path):
    lay(tmp_path, "2.png")
    found = found_in(listing(tmp_path, "A,B\n" + "x" * 400 + ".png,2.png\n"))
    assert [defect.kind for defect in found.defects] == ["missing"]


def test_spaces_after_the_commas_of_a_csv_belong_to_no_name(tmp_path):
    lay(tmp_path, "1.png", "2.png")
    assert found_in(listing(tmp_path, "A, B\n1.png, 2.png\n")).defects == []


def test_line_separators_of_unicode_are_letters_of_a_name(tmp_path):
    lay(tmp_path, "x\u2028y.png", "2.png")
    path = listing(tmp_path, json.dumps({"A": "x\u2028y.png", "B": "2.png"}, ensure_ascii=False), "list.jsonl")
    assert names(found_in(path)) == {None: ["x\u2028y"]}


# What is no picture


def test_other_files_are_counted_by_kind(tmp_path):
    lay(tmp_path, "train/1.png")
    for name in ("train/2.gif", "train/3.GIF", "readme", "train/notes.txt"):
        (tmp_path / name).write_text("x")
    found = found_in(tmp_path)
    assert names(found) == {"train": ["train/1"]}
    assert found.notes == [f"Files in {tmp_path} that are no pictures read here: 2 .gif, 1 .txt, 1 no ending."]


def test_hidden_files_and_folders_are_ignored(tmp_path):
    lay(tmp_path, "train/1.png", "train/._1.png", ".thumbs/9.png", "train/.cache/x.png", ".DS_Store", "train/.x.txt")
    found = found_in(tmp_path)
    assert names(found) == {"train": ["train/1"]}
    assert (found.defects, found.notes) == ([], [])


def test_a_data_set_below_a_hidden_folder_is_found(tmp_path):
    assert names(found_in(lay(tmp_path / ".cache" / "set", "1.png"))) == {None: ["1"]}


def test_a_folder_named_like_a_picture_is_a_folder(tmp_path):
    assert names(found_in(lay(tmp_path, "train/odd.png/1.png"))) == {"train": ["train/odd.png/1"]}


@pytest.mark.parametrize("linked", ["train", "A", "set"])
def test_folders_linked_into_place_are_followed(tmp_path, linked):
    store, root = tmp_path / "store", tmp_path / "root"
    root.mkdir()
    lay(store, "1.png")
    if linked == "set":
        (tmp_path / "link").symlink_to(store)
        assert names(found_in(tmp_path / "link")) == {None: ["1"]}
        return
    (root / linked).symlink_to(store)
    if linked == "A":
        lay(root, "B/1.png")
    assert names(found_in(root)) == ({"train": ["train/1"]} if linked == "train" else {None: ["1"]})


def test_a_link_that_leads_back_up_ends(tmp_path):
    lay(tmp_path, "train/1.png")
    (tmp_path / "train" / "up").symlink_to(tmp_path)
    assert names(found_in(tmp_path)) == {"train": ["train/1"]}


def test_two_links_to_one_folder_are_two_parts(tmp_path):
    lay(tmp_path / "store", "1.png")
    root = tmp_path / "root"
    root.mkdir()
    for part in ("train", "val"):
        (root / part).symlink_to(tmp_path / "store")
    assert names(found_in(root)) == {"train": ["train/1"], "val": ["val/1"]}


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_a_name_that_is_not_unicode_is_found(tmp_path):
    (tmp_path / "a.png").write_bytes(PIXELS)
    (tmp_path / "a.png").rename(tmp_path / os.fsdecode(b"caf\xe9.png"))
    assert len(found_in(tmp_path).parts[None]) == 1


# Nothing there


def test_no_data_no_folder_and_a_file_for_a_folder_are_refused(tmp_path):
    lay(tmp_path, "A/1.png")
    assert "No data given" in refusal("")
    assert refusal(tmp_path / "gone") == f"There is no folder or list {tmp_path / 'gone'}."
    assert refusal(tmp_path / "A", tmp_path / "gone") == f"There is no folder {tmp_path / 'gone'}."
    assert refusal(tmp_path / "A", tmp_path / "A/1.png") == f"{tmp_path / 'A/1.png'} is a file, not a folder."


def test_an_empty_folder_holds_nothing(tmp_path):
    assert names(found_in(tmp_path)) == {}


def test_a_folder_may_be_named_with_a_path_or_from_here(tmp_path, monkeypatch):
    lay(tmp_path / "set", "1.png")
    monkeypatch.chdir(tmp_path)
    assert names(found_in("set")) == names(found_in(Path("./set/"))) == {None: ["1"]}


def test_an_archive_that_lies_among_pictures_makes_no_shards_of_them(tmp_path):
    lay(tmp_path, "A/1.png", "A/2.png", "B/1.png", "B/2.png", "A/backup.tar", "backup.tar")
    for config in (DataConfig(str(tmp_path)), DataConfig(str(tmp_path / "A"), str(tmp_path / "B"))):
        assert len(survey(config, 0).train) == 1
