"""Single pictures: what a folder or list of them holds, and what is left out or refused."""

import pytest

from pixlate.data.singles import find_singles
from pixlate.errors import ConfigError, DataError
from pixlate.specs.data import DataConfig


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def names(found):
    return {part: [pair.name for pair in pairs] for part, pairs in found.parts.items()}


def look(data, **config):
    return find_singles(DataConfig(str(data), recipe="gray", **config))


def test_a_folder_with_and_without_parts(tmp_path):
    found = look(touch(tmp_path / "plain", "a.png", "deep/a.png", "a.jpg", "note.txt"))
    assert names(found) == {None: ["a.jpg", "a.png", "deep/a.png"]}
    assert any(".txt" in note for note in found.notes)
    found = look(touch(tmp_path / "parted", "train/a.png", "val/b.png", "other/c.png", "d.png"))
    assert names(found) == {"train": ["train/a.png"], "val": ["val/b.png"]}
    assert sum("left alone" in note for note in found.notes) == 2
    with pytest.raises(DataError, match="name the folder that train, val and test stand in"):
        look(touch(tmp_path / "above", "set/train/a.png"))


def test_every_picture_is_both_of_its_pair(tmp_path):
    (pair,) = look(touch(tmp_path, "a.png")).parts[None]
    assert pair.source == pair.target


def test_a_list_names_pictures_once_and_tells_what_is_missing(tmp_path):
    touch(tmp_path, "a.png", "b.png")
    rows = "picture,split\na.png,train\na.png,train\nb.png,VAL\nc.png,test\n"
    (tmp_path / "some.csv").write_text(rows)
    found = look(tmp_path / "some.csv")
    assert names(found) == {"train": ["train/a.png"], "val": ["VAL/b.png".lower()]}
    assert [(defect.kind, defect.path.name) for defect in found.defects] == [("missing", "c.png")]


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ("A,B\na.png,b.png\n", "row 1: needs picture"),
        ("picture\n,a.png\n", "row 1: needs picture .* it has cells beyond the heading"),
        ("picture,split\na.png,dev\n", "row 1: split is 'dev'"),
    ],
)
def test_lists_of_another_kind_are_refused(tmp_path, rows, wanted):
    (tmp_path / "some.csv").write_text(rows)
    with pytest.raises(DataError, match=wanted):
        look(tmp_path / "some.csv")


def test_what_has_no_meaning_is_refused(tmp_path):
    touch(tmp_path, "a.png")
    with pytest.raises(ConfigError, match="leave --data-b out"):
        look(tmp_path, data_b=str(tmp_path))
    with pytest.raises(ConfigError, match="leave --stack out"):
        look(tmp_path, stack=(str(tmp_path),))
    with pytest.raises(DataError, match="There is no folder or list"):
        look(tmp_path / "none")
