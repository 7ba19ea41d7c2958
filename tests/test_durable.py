"""Writes that matter: the old file or the new one, never a part, never a crumb beside it."""

import errno
import hashlib
import os
import shutil
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


def make_folder(path: Path) -> None:
    with durable.folder(path) as temporary:
        (temporary / "a.bin").write_bytes(b"a" * 1000)
        (temporary / "b.txt").write_bytes(b"b")


def test_a_folder_comes_with_a_manifest_that_sha256sum_reads(tmp_path):
    make_folder(tmp_path / "made")
    assert durable.fault(tmp_path / "made") is None
    lines = (tmp_path / "made" / "SHA256SUMS").read_text().splitlines()
    assert lines[0] == f"{hashlib.sha256(b'a' * 1000).hexdigest()}  a.bin"
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=tmp_path / "made", check=True)


def test_a_failing_writer_leaves_no_folder(tmp_path):
    with pytest.raises(ValueError, match="x"), durable.folder(tmp_path / "made") as temporary:  # noqa: PT012
        (temporary / "a.bin").write_bytes(b"a")
        raise ValueError("x")
    assert lying_in(tmp_path) == []


def test_a_tree_appears_whole_or_not_at_all_and_over_what_a_kill_left(tmp_path):
    durable.write(tmp_path / ".made.part" / "old" / "half", b"left")
    with pytest.raises(ValueError, match="x"), durable.tree(tmp_path / "made", alone=True) as temporary:  # noqa: PT012
        (temporary / "deep").mkdir()
        raise ValueError("x")
    assert lying_in(tmp_path) == []
    with durable.tree(tmp_path / "made", alone=True) as temporary:
        (temporary / "deep").mkdir()
        (temporary / "deep" / "file").write_bytes(b"deep")
        assert lying_in(tmp_path) == [".made.part"]
    assert lying_in(tmp_path) == ["made"]
    assert (tmp_path / "made" / "deep" / "file").read_bytes() == b"deep"


def test_of_two_trees_for_one_place_the_first_stays_and_the_second_is_told(tmp_path):
    with pytest.raises(WriteError, match="made"), durable.tree(tmp_path / "made") as late:  # noqa: PT012
        (late / "of").write_bytes(b"the second")
        with durable.tree(tmp_path / "made") as early:
            (early / "of").write_bytes(b"the first")
    assert (tmp_path / "made" / "of").read_bytes() == b"the first"
    assert lying_in(tmp_path) == ["made"]


@pytest.mark.parametrize("asked", ["_make", "_sync_all", "_rename", "_sync"])
def test_a_tree_that_cannot_be_written_is_told_and_gone(tmp_path, monkeypatch, asked):
    def full(*_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(durable, asked, full)
    with pytest.raises(WriteError, match="the disk is full"), durable.tree(tmp_path / "made") as temporary:
        (temporary / "file").write_bytes(b"x")
    assert lying_in(tmp_path) in ([], ["made"] if asked == "_sync" else [])


def test_a_tree_is_synced_file_by_file_where_the_system_cannot_at_once(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(durable.sys, "platform", "elsewhere")
    monkeypatch.setattr(durable, "_sync", lambda path: synced.append(path.name))
    with durable.tree(tmp_path / "made", alone=True) as temporary:
        (temporary / "deep").mkdir()
        (temporary / "deep" / "file").write_bytes(b"x")
    assert sorted(synced) == sorted(["deep", "file", ".made.part", tmp_path.name])


def test_a_file_that_fails_inside_a_folder_is_told_by_the_name_it_would_have(tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(durable, "_fill", full)
    with pytest.raises(WriteError) as caught, durable.folder(tmp_path / "made") as temporary:
        durable.write(temporary / "a.bin", b"a")
    assert str(caught.value).startswith(f"{tmp_path / 'made' / 'a.bin'} cannot be written: the disk is full")
    assert lying_in(tmp_path) == []


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda made: (made / "a.bin").write_bytes(b"a" * 999 + b"b"), "the content of a.bin does not match"),
        (lambda made: (made / "a.bin").write_bytes(b""), "the content of a.bin does not match"),
        (lambda made: (made / "b.txt").unlink(), "b.txt is missing"),
        (lambda made: (made / "SHA256SUMS").unlink(), "SHA256SUMS is missing or damaged"),
        (lambda made: (made / "SHA256SUMS").write_bytes(b""), "SHA256SUMS is missing or damaged"),
        (lambda made: (made / "SHA256SUMS").write_bytes(b"\xff\xfe"), "SHA256SUMS is missing or damaged"),
        (shutil.rmtree, "SHA256SUMS is missing or damaged"),
    ],
)
def test_damage_is_named(tmp_path, damage, told):
    make_folder(tmp_path / "made")
    damage(tmp_path / "made")
    assert told in durable.fault(tmp_path / "made")


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_every_flipped_bit_of_a_manifest_is_found(tmp_path_factory, data):
    made = tmp_path_factory.mktemp("flip") / "made"
    make_folder(made)
    content = bytearray((made / "SHA256SUMS").read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    (made / "SHA256SUMS").write_bytes(content)
    assert durable.fault(made) is not None


def test_a_full_disk_is_told_with_what_is_missing(path, monkeypatch):
    def full(path, content):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(durable, "_fill", full)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 2_000_000))
    with pytest.raises(WriteError) as caught:
        durable.write(path, bytes(5_000_000))
    assert "the disk is full" in str(caught.value)
    assert "2.0 MB are free, 5.0 MB are needed, 3.0 MB are missing" in str(caught.value)
    assert path.read_bytes() == b"old"
    assert lying_in(path.parent) == ["model.bin"]


def test_what_a_crash_left_is_swept_up_and_nothing_else(tmp_path):
    make_folder(tmp_path / "run" / "made")
    shutil.copytree(tmp_path / "run" / "made", tmp_path / "run" / ".0123.part")
    (tmp_path / "run" / "made" / ".4567.part").write_bytes(b"half")
    (tmp_path / "run" / "mine.part").write_bytes(b"not a temporary file")
    durable.sweep(tmp_path / "run")
    assert lying_in(tmp_path / "run") == ["made", "mine.part"]
    assert durable.fault(tmp_path / "run" / "made") is None


def test_lines_are_put_at_the_end(tmp_path):
    durable.append(tmp_path / "log", b"one\n")
    durable.append(tmp_path / "log", b"two\n", synced=True)
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\n"


def test_model_files_can_be_read_by_whom_the_umask_allows(tmp_path, umask):
    import torch

    from pixlate import tensorfile

    umask(0o022)
    tensorfile.write(tmp_path / "a.safetensors", {"a": torch.zeros(1)}, {})
    assert stat.S_IMODE((tmp_path / "a.safetensors").stat().st_mode) == 0o644


# A tree of files


def test_a_tree_appears_whole_in_place_of_nothing_or_of_an_empty_folder(tmp_path):
    (tmp_path / "empty").mkdir()
    for name in ("new", "deep/new", "empty"):
        with durable.tree(tmp_path / name) as temporary:
            (temporary / "a" / "b").mkdir(parents=True)
            (temporary / "a" / "b" / "1.bin").write_bytes(b"1")
            (temporary / "link").symlink_to("nowhere")
            assert not (tmp_path / name).exists() or not any((tmp_path / name).iterdir())
        assert (tmp_path / name / "a" / "b" / "1.bin").read_bytes() == b"1"
        assert sorted(path.name for path in (tmp_path / name).iterdir()) == ["a", "link"]
    assert not list(tmp_path.rglob(".*.part"))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
def test_of_a_tree_that_is_not_finished_nothing_is_left(tmp_path, error):
    def stop(folder):
        (folder / "1.bin").write_bytes(b"1")
        raise error

    with pytest.raises((KeyboardInterrupt, WriteError)):
        with_tree(tmp_path / "new", stop)
    assert list(tmp_path.iterdir()) == []


def with_tree(path, fill):
    with durable.tree(path) as temporary:
        fill(temporary)


def test_a_tree_takes_the_place_of_nothing_that_has_come_meanwhile(tmp_path):
    def fill(folder):
        (folder / "1.bin").write_bytes(b"1")
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / "mine").write_bytes(b"2")

    with pytest.raises(WriteError):
        with_tree(tmp_path / "new", fill)
    assert [path.name for path in tmp_path.rglob("*")] == ["new", "mine"]
