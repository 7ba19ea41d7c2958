"""Splitting: chosen by name, groups kept whole, and what comes out can be trained on."""

import csv
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixlate.data.arranging.splitting import divide
from pixlate.data.finding import find
from pixlate.data.survey import survey
from pixlate.errors import DataError
from pixlate.specs.data import DataConfig


def lay(root: Path, *names: str) -> Path:
    """Files of these names, which nobody opens."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    return root


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def split_of(path, column="a"):
    return {Path(row[column]).name: row["split"] for row in rows(path)}


# The division


@given(
    st.dictionaries(st.text(max_size=5), st.integers(1, 30), min_size=3, max_size=40),
    st.floats(0.05, 0.4),
    st.floats(0, 0.4),
    st.integers(0, 5),
)
def test_every_group_has_one_part_and_no_part_asked_for_is_empty(sizes, val, test, seed):
    parts = divide(sizes, {"val": val, "test": test}, seed, settled={})
    assert parts.keys() == sizes.keys()
    assert set(parts.values()) == {"train", "val"} | ({"test"} if test else set())
    assert parts == divide(dict(reversed(sizes.items())), {"val": val, "test": test}, seed, settled={})


@given(st.integers(5, 300), st.floats(0.05, 0.4), st.floats(0.05, 0.4))
def test_without_groups_shares_are_met_to_half_a_picture(count, val, test):
    parts = Counter(divide({str(i): 1 for i in range(count)}, {"val": val, "test": test}, 0, settled={}).values())
    for part, share in (("val", val), ("test", test)):
        assert abs(parts[part] - share * count) <= 0.5 + 1e-9 or parts[part] == 1


def test_shares_are_met_as_nearly_as_the_groups_allow():
    sizes = {"large": 60, **{f"small {i}": 4 for i in range(10)}}
    parts = divide(sizes, {"val": 0.1, "test": 0.1}, 0, settled={})
    assert parts["large"] == "train"
    for part in ("val", "test"):
        assert sum(sizes[group] for group in sizes if parts[group] == part) in (8, 12)


def test_one_picture_more_hardly_moves_the_others():
    names = [f"{i:04d}" for i in range(200)]
    shares = {"val": 0.1, "test": 0.1}
    before = divide(dict.fromkeys(names, 1), shares, 0, settled={})
    for more in ("new", "another", "z"):
        after = divide(dict.fromkeys([*names, more], 1), shares, 0, settled={})
        assert sum(before[name] != after[name] for name in names) <= 2


def test_seeds_choose_differently():
    sizes = {str(i): 1 for i in range(50)}
    assert divide(sizes, {"val": 0.2}, 0, settled={}) != divide(sizes, {"val": 0.2}, 1, settled={})


def test_too_few_groups_are_told():
    with pytest.raises(DataError, match="2 groups of 9 pictures or pairs: too few"):
        divide({"a": 4, "b": 5}, {"val": 0.3, "test": 0.3}, 0, settled={})


# The command


def test_two_folders_become_a_list_that_is_read_back(tmp_path, call):
    names = [f"{i}.png" for i in range(20)]
    lay(tmp_path / "a", *names), lay(tmp_path / "b", *(name.replace("png", "jpg") for name in names))
    code, out, err = call("split", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "lists" / "set.csv")
    assert code == 0, err
    assert "train: 16 pairs (80.0 %)" in out
    found = find(DataConfig(str(tmp_path / "lists" / "set.csv")))
    assert {part: len(pairs) for part, pairs in found.parts.items()} == {"train": 16, "val": 2, "test": 2}
    assert not found.defects
    for pair in (pair for pairs in found.parts.values() for pair in pairs):
        assert (pair.source.path.resolve().parent, pair.target.path.resolve().parent) == (
            tmp_path / "a",
            tmp_path / "b",
        )
        assert pair.source.path.stem == pair.target.path.stem


def test_side_by_side_files_become_a_list_of_their_halves(tmp_path, call, draw):
    for i in range(10):
        draw(tmp_path / "ab" / f"{i}.png", 8, 16)
    assert call("split", tmp_path / "ab", "--out", tmp_path / "set.csv")[0] == 0
    assert set(rows(tmp_path / "set.csv")[0]) == {"ab", "split"}
    looked = survey(DataConfig(str(tmp_path / "set.csv")), 0)
    assert (len(looked.train), len(looked.val), len(looked.test)) == (8, 1, 1)
    assert looked.size == (8, 8)
    assert (looked.train.sources[0].half, looked.train.targets[0].half) == ("left", "right")
    unpaired = survey(DataConfig(str(tmp_path / "set.csv")), 0, paired=False)
    assert (len(unpaired.train.sources), len(unpaired.train.targets)) == (8, 8)
    assert unpaired.train.targets[0].half == "right"


@pytest.mark.parametrize("by", ["/(cam[0-9]+)_", "folder"])
def test_groups_stay_whole(tmp_path, call, by):
    names = [f"place{i % 7}/cam{i % 7}_{i}.png" for i in range(70)]
    lay(tmp_path / "a", *names), lay(tmp_path / "b", *names)
    code, out, _ = call("split", tmp_path / "a", tmp_path / "b", "--by", by, "--out", tmp_path / "set.csv")
    assert code == 0
    assert "val: 10 pairs (14.3 %) of 1 groups" in out
    parts: dict[str, set[str]] = {}
    for row in rows(tmp_path / "set.csv"):
        parts.setdefault(Path(row["a"]).parent.name, set()).add(row["split"])
    assert len(parts) == 7
    assert all(len(each) == 1 for each in parts.values())
    code, _, _ = call("split", strip(tmp_path / "set.csv"), "--by-column", "group", "--out", tmp_path / "again.csv")
    assert code == 0
    assert split_of(tmp_path / "again.csv") == split_of(tmp_path / "set.csv")


def strip(path):
    """The list without its column split."""
    kept = [{key: value for key, value in row.items() if key != "split"} for row in rows(path)]
    other = path.with_name("stripped.csv")
    with other.open("w", newline="") as file:
        writer = csv.DictWriter(file, kept[0])
        writer.writeheader()
        writer.writerows(kept)
    return other


def test_a_group_of_both_unpaired_sides_is_in_one_part(tmp_path, call):
    lay(tmp_path / "a", *(f"p{i}_{k}.png" for i in range(10) for k in range(3)))
    lay(tmp_path / "b", *(f"p{i}_x{k}.png" for i in range(5, 15) for k in range(4)))
    words = ["split", tmp_path / "a", tmp_path / "b", "--unpaired", "--by", "^(p[0-9]+)_", "--out"]
    assert call(*words, tmp_path / "set.csv")[0] == 0
    parts: dict[str, set[str]] = {}
    for row in rows(tmp_path / "set.csv"):
        parts.setdefault(row["group"], set()).add(row["split"])
    assert len(parts) == 15
    assert all(len(each) == 1 for each in parts.values())


@pytest.mark.parametrize("way", ["--copy", "--link"])
def test_folders_are_laid_out_as_training_finds_them(tmp_path, call, draw, way):
    for i in range(10):
        draw(tmp_path / "a" / f"x{i}.png"), draw(tmp_path / "b" / f"x{i}.png")
    assert call("split", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "set", way)[0] == 0
    looked = survey(DataConfig(str(tmp_path / "set")), 0)
    assert (len(looked.train), len(looked.val), len(looked.test)) == (8, 1, 1)
    copied = looked.train.sources[0].path
    assert copied.is_symlink() == (way == "--link")
    assert copied.read_bytes() == (tmp_path / "a" / copied.name).read_bytes()


def test_copies_and_lists_choose_alike(tmp_path, call):
    lay(tmp_path / "a", *(f"{i}.png" for i in range(9)))
    lay(tmp_path / "b", *(f"{i}.png" for i in range(9)))
    call("split", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "set", "--copy")
    call("split", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "set.csv")
    for name, part in split_of(tmp_path / "set.csv").items():
        assert (tmp_path / "set" / f"{part}A" / name).is_file()
        assert (tmp_path / "set" / f"{part}B" / name).is_file()


def test_what_cannot_be_split_is_told_and_nothing_is_written(tmp_path, call):
    lay(tmp_path / "a", "1.png", "2.png", "3.png", "4.png"), lay(tmp_path / "b", "1.png", "2.png", "3.png", "5.png")
    lay(tmp_path / "parted", "train/1.png", "test/2.png")
    (tmp_path / "there.csv").write_text("mine")
    two, out = (tmp_path / "a", tmp_path / "b"), ("--out", tmp_path / "set.csv")
    for words, told in (
        ((*two, *out), "2 unmatched"),
        ((tmp_path / "a", tmp_path / "a", *out), "given as A and as B"),
        ((tmp_path / "parted", *out), "is split already: it has test, train"),
        ((*two, "--skip-bad", "--out", tmp_path / "there.csv"), "is there already"),
        ((*two, "--skip-bad", "--out", tmp_path / "set"), "ends in .csv"),
        ((*two, "--skip-bad", *out, "--by", "("), "is no regular expression"),
        ((*two, "--skip-bad", *out, "--by", "x"), "has 0 groups"),
        ((*two, "--skip-bad", *out, "--by", "(x)"), "is not found in 3 of 3 names: 1, 2, 3"),
        ((*two, "--skip-bad", *out, "--by-column", "patient"), "is for a list"),
        ((*two, "--skip-bad", *out, "--val", "0.7", "--test", "0.3"), "shares of 0 or more"),
        ((*two, "--skip-bad", *out, "--copy", "--link"), "give one of them"),
        ((*two, "--skip-bad", "--out", tmp_path / "a", "--copy"), "is not empty"),
        ((*two, "--skip-bad", "--out", tmp_path / "a" / "new", "--copy"), "lies in"),
    ):
        code, _, err = call("split", *words)
        assert (code, told in err) == (2, True), err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "parted", "there.csv"]
    code, out_text, _ = call("split", *two, "--skip-bad", *out, "--test", "0")
    assert code == 0
    assert "left out" in out_text
    assert len(rows(tmp_path / "set.csv")) == 3
