"""Writes that matter: the old file or the new one, never a part, never a crumb beside it."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pixlate import durable
from pixlate.errors import WriteError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "run" / "model.bin"
    durable.write(written, b"old")
    return written


@pytest.fixture
def umask():
    """Sets the umask for one test."""
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def lying_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_missing_folders_are_made(tmp_path):
    durable.write(tmp_path / "a" / "b" / "c.txt", b"deep")
    assert (tmp_path / "a" / "b" / "c.txt").read_bytes() == b"deep"


def test_new_content_takes_the_place_of_the_old(path):
    durable.write(path, b"new and longer")
    durable.write(path, b"new")
    assert path.read_bytes() == b"new"
    assert lying_in(path.parent) == ["model.bin"]


@pytest.mark.parametrize(
    ("failure", "told"),
    [(ValueError, ValueError), (OSError, WriteError), (KeyboardInterrupt, KeyboardInterrupt), (SystemExit, SystemExit)],
)
def test_a_failing_writer_leaves_the_old_file_and_nothing_else(path, failure, told):
    with pytest.raises(told), durable.replacing(path) as temporary:  # noqa: PT012
        temporary.write_bytes(b"half of the ne")
        raise failure
    assert path.read_bytes() == b"old"
    assert lying_in(path.parent) == ["model.bin"]


def test_a_failing_first_write_leaves_no_file(tmp_path):
    with pytest.raises(ValueError, match="x"), durable.replacing(tmp_path / "new.bin") as temporary:  # noqa: PT012
        temporary.write_bytes(b"half")
        raise ValueError("x")
    assert lying_in(tmp_path) == []


def test_the_file_is_whole_at_every_moment(path):
    with durable.replacing(path) as temporary:
        temporary.write_bytes(b"new")
        assert temporary.parent == path.parent
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


def test_who_had_the_old_file_open_goes_on_reading_it(path):
    with path.open("rb") as reader:
        durable.write(path, b"new")
        assert reader.read() == b"old"


def test_unfinished_files_are_hidden_from_listings_of_pictures(path):
    with durable.replacing(path) as temporary:
        assert temporary.name.startswith(".")
        assert temporary.suffix == ".part"


@pytest.mark.parametrize(("mask", "wanted"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_follow_the_umask(tmp_path, umask, mask, wanted):
    umask(mask)
    durable.write(tmp_path / "a.bin", b"x")
    assert stat.S_IMODE((tmp_path / "a.bin").stat().st_mode) == wanted
    assert os.umask(mask) == mask


def test_a_folder_in_the_way_is_left_alone(tmp_path):
    (tmp_path / "taken" / "inside").mkdir(parents=True)
    with pytest.raises(WriteError, match="taken"):
        durable.write(tmp_path / "taken", b"x")
    assert lying_in(tmp_path) == ["taken"]
    assert (tmp_path / "taken" / "inside").is_dir()


def test_writers_at_once_leave_one_whole_content(tmp_path):
    contents = [bytes([letter]) * 50_000 for letter in range(8)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda content: durable.write(tmp_path / "a.bin", content), contents))
    assert (tmp_path / "a.bin").read_bytes() in contents
    assert lying_in(tmp_path) == ["a.bin"]


def test_a_path_without_a_folder_lies_in_the_working_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    durable.write(Path("here.txt"), b"x")
    assert lying_in(tmp_path) == ["here.txt"]


def test_a_place_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"no folder")
    with pytest.raises(WriteError, match=r"file.* cannot be written to"):
        durable.write(tmp_path / "file" / "new", b"content")
    assert (tmp_path / "file").read_bytes() == b"no folder"
