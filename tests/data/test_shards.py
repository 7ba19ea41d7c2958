"""Shards are the set they were made of: the same pictures, parts and batches; and nothing damaged is taken for them."""

import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shards import LAYOUTS, batches_of, lay, save, shard, stream_of

from pixlate import images
from pixlate.data.shards import writing
from pixlate.data.survey import survey
from pixlate.errors import ConfigError, DataError, PictureError, PixlateError
from pixlate.specs.data import DataConfig


def told(surveyed):
    parts = {part: getattr(surveyed, part).names for part in ("train", "val", "test")}
    return parts, surveyed.size, surveyed.same_size, surveyed.sides


@pytest.mark.parametrize("direction", ["AtoB", "BtoA"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_shards_are_the_set_they_were_made_of(tmp_path, layout, direction):
    loose = replace(lay(tmp_path / "loose", layout), direction=direction)
    out = shard(loose, tmp_path / "shards", layout)
    sharded = DataConfig(str(out), recipe=loose.recipe, direction=direction)
    paired = layout != "unpaired"
    assert told(survey(sharded, 0, paired=paired)) == told(survey(loose, 0, paired=paired))
    assert len(list(out.glob("*.tar"))) > 1
    assert batches_of(stream_of(sharded, layout)) == batches_of(stream_of(loose, layout))


def test_pictures_go_in_as_the_bytes_they_are_under_names_that_webdataset_reads(tmp_path):
    loose = lay(tmp_path / "loose", "two folders")
    out = shard(loose, tmp_path / "shards")
    found = {}
    for path in sorted(out.glob("*.tar")):
        with tarfile.open(path) as tar:
            for member in tar:
                folder, _, name = member.name.rpartition("/")
                stem, ending = name.split(".", 1)  # as webdataset takes a name apart
                found[f"{folder}/{stem}", ending] = tar.extractfile(member).read()
    assert len(found) == 14
    for number in range(7):
        name, key = (f"sub/{number}.x", f"sub/{number}%2Ex") if number % 3 == 0 else (f"n{number}", f"/n{number}")
        for side, folder in (("a", "one"), ("b", "two")):
            assert found[key, f"{side}.png"] == (tmp_path / "loose" / folder / f"{name}.png").read_bytes()


def test_the_same_set_gives_the_same_bytes_and_true_sums(tmp_path):
    loose = lay(tmp_path / "loose", "parts")
    one, other = shard(loose, tmp_path / "one"), shard(loose, tmp_path / "other")
    files = sorted(path.name for path in one.iterdir())
    assert files == sorted(path.name for path in other.iterdir())
    assert all((one / name).read_bytes() == (other / name).read_bytes() for name in files)
    for entry in json.loads((one / "index.json").read_text())["shards"]:
        content = (one / entry["name"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (entry["bytes"], entry["sha256"])


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("world", [1, 2, 3])
def test_processes_and_workers_lose_and_repeat_nothing(tmp_path, world, workers):
    config = DataConfig(str(shard(lay(tmp_path / "loose", "A and B", 12), tmp_path / "shards")), val_fraction=0.0)
    stream = stream_of(config)
    ranks = [
        batches_of(stream, steps=12 // world, batch=1, workers=workers, rank=rank, world=world) for rank in range(world)
    ]
    names = [name for step in zip(*ranks, strict=True) for rank in step for name in rank[0]]
    assert sorted(names) == sorted(stream.examples.names)
    alone = batches_of(stream, steps=12, batch=1)
    assert [one for step in zip(*ranks, strict=True) for one in step] == alone


@pytest.mark.parametrize("start", [1, 4, 11])
def test_a_stream_of_shards_goes_on_from_any_place(tmp_path, start):
    stream = stream_of(DataConfig(str(shard(lay(tmp_path / "loose", "parts"), tmp_path / "shards"))))
    assert batches_of(stream, start=start, steps=3, batch=1) == batches_of(stream, steps=14, batch=1)[start : start + 3]


def test_a_folder_that_is_there_is_not_written_over(tmp_path):
    config = lay(tmp_path / "loose", "parts")
    out = shard(config, tmp_path / "shards")
    before = {path: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(ConfigError, match="there already"):
        shard(config, out)
    assert {path: path.read_bytes() for path in out.iterdir()} == before


def test_a_writing_that_is_broken_off_leaves_nothing(tmp_path):
    sharding = writing.prepare(lay(tmp_path / "loose", "parts"), "pairs")
    steps = writing.write(sharding, tmp_path / "out" / "shards", 2000)
    for _ in range(9):
        next(steps)
    steps.close()
    assert list((tmp_path / "out").iterdir()) == []


def test_what_is_defective_stops_or_is_left_out(tmp_path):
    config = lay(tmp_path / "loose", "two folders")
    (tmp_path / "loose" / "two" / "n1.png").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"n1\.png"):
        writing.prepare(config, "pairs")
    sharding = writing.prepare(replace(config, skip_bad=True), "pairs")
    assert len(sharding) == 6
    assert any("n1.png" in note for note in sharding.notes)


def test_the_command_writes_a_set_that_trains(tmp_path):
    lay(tmp_path / "loose", "parts")
    words = [sys.executable, "-m", "pixlate", "data", "shard", str(tmp_path / "loose"), "-o", str(tmp_path / "out")]
    done = subprocess.run([*words, "--shard-size", "3KB"], capture_output=True, text=True, check=True)
    assert "21 samples" in done.stdout
    assert told(survey(DataConfig(str(tmp_path / "out")), 0)) == told(survey(DataConfig(str(tmp_path / "loose")), 0))


# Shards that others wrote


def tar_of(path, members):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def png(seed, height=8, width=8):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    return images.encode_png(pixels)


def foreign(root):
    for number, part in enumerate(("train", "train", "val")):
        members = {}
        for each in range(3):
            key = f"{number}{each}"
            members |= {f"{key}.a.png": png(each), f"{key}.json": b"{}", f"{key}.b.png": png(each + 50)}
        tar_of(root / f"{part}-{number:03d}.tar", members)
    return root


def test_shards_of_others_are_indexed_once_and_the_index_is_kept(tmp_path):
    root = foreign(tmp_path / "set")
    first = survey(DataConfig(str(root)), 0)
    assert first.train.names == [f"train/{number}{each}" for number in (0, 1) for each in range(3)]
    assert first.val.names == [f"val/2{each}" for each in range(3)]
    assert "indexed" in first.report()
    before = (root / "index.json").stat().st_mtime_ns
    again = survey(DataConfig(str(root)), 0)
    assert "indexed" not in again.report()
    assert (root / "index.json").stat().st_mtime_ns == before
    assert told(again) == told(first)
    assert np.array_equal(images.read(again.train.targets[4].path), images.read(io_file(png(51), tmp_path)))
    tar_of(root / "val-002.tar", {"20.a.png": png(0), "20.b.png": png(1)})
    assert survey(DataConfig(str(root)), 0).val.names == ["val/20"]


def io_file(content, folder):
    (folder / "one.png").write_bytes(content)
    return folder / "one.png"


def test_beside_shards_that_cannot_be_written_to_the_index_is_kept_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = foreign(tmp_path / "set")
    (root / "index.json").mkdir()  # nothing can be put there
    assert len(survey(DataConfig(str(root)), 0).train) == 6
    assert "indexed" not in survey(DataConfig(str(root)), 0).report()
    assert len(list((tmp_path / "cache").rglob("index.json"))) == 1


def test_what_is_wrong_in_shards_of_others_is_told_by_name(tmp_path):
    members = {"0.a.png": png(0), "0.b.png": png(1), "1.a.png": png(2), "2.a.png": png(0), "2.b.png": b"\x89PNG"}
    tar_of(tmp_path / "set.tar", {**members, "3.a.png": png(0), "3.b.png": png(1, 8, 9)})
    with pytest.raises(DataError) as caught:
        survey(DataConfig(str(tmp_path / "set.tar")), 0)
    for word in ("unmatched", "unreadable", "size mismatch", "set.tar:1.a.png", "set.tar:2.b.png", "8×9"):
        assert word in str(caught.value)
    looked = survey(DataConfig(str(tmp_path / "set.tar"), skip_bad=True), 0)
    assert looked.train.names == ["0"]
    assert len(looked.defects) == 3


def test_single_photographs_are_not_taken_for_side_by_side_ones(tmp_path):
    tar_of(tmp_path / "set.tar", {f"{n}.png": png(n) for n in range(4)})
    with pytest.raises(DataError, match="single pictures"):
        survey(DataConfig(str(tmp_path / "set.tar")), 0, paired=False)
    assert len(survey(DataConfig(str(tmp_path / "set.tar"), recipe="gray", val_fraction=0.0), 0).train) == 4


def test_a_pair_that_went_bad_keeps_its_place_in_a_run_that_knows_it(tmp_path):
    tar_of(tmp_path / "set.tar", {f"{n}.{side}.png": png(n) for n in range(4) for side in "ab"} | {"2.b.png": b"?"})
    config = DataConfig(str(tmp_path / "set.tar"), skip_bad=True, val_fraction=0.0)
    assert survey(config, 0).train.names == ["0", "1", "3"]
    assert survey(config, 0, frozenset("0123")).train.names == ["0", "1", "2", "3"]
    stream = stream_of(config)
    assert all("2" not in names for names, *_ in batches_of(stream, batch=1))


@pytest.mark.parametrize(
    ("file", "content", "complaint"),
    [
        ("set.tar", b"<html>no tar</html>" * 60, "cannot be read as a tar"),
        ("set/train.tar.gz", b"\x1f\x8b", "Unpack"),
        ("set/train.tar", None, "KEY.a.png"),
    ],
)
def test_what_are_no_shards_of_pictures_is_told(tmp_path, file, content, complaint):
    if content is None:
        tar_of(tmp_path / file, {"1.txt": b"x"})
    else:
        save(tmp_path / "else.png", 1)
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(content)
    with pytest.raises(DataError, match=complaint):
        survey(DataConfig(str(tmp_path / file.split("/")[0])), 0)


# Damage


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    root = tmp_path_factory.mktemp("whole")
    return shard(lay(root / "loose", "two folders"), root / "shards")


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_index_is_refused_or_gives_the_same_set(tmp_path_factory, whole, data):
    name = data.draw(st.sampled_from(sorted(path.name for path in whole.iterdir() if path.name.startswith("index"))))
    content = bytearray((whole / name).read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del content[place:]
    copy = tmp_path_factory.mktemp("copy") / "shards"
    shutil.copytree(whole, copy)
    (copy / name).write_bytes(content)
    try:
        found = survey(DataConfig(str(copy)), 0)
    except PixlateError:
        return
    sound = survey(DataConfig(str(whole)), 0)
    assert told(found)[0] == told(sound)[0]
    shutil.rmtree(copy)


@pytest.mark.parametrize("mishap", ["gone", "cut"])
def test_a_shard_that_is_not_what_it_was_is_refused_before_the_first_step(tmp_path, whole, mishap):
    copy = tmp_path / "shards"
    shutil.copytree(whole, copy)
    victim = sorted(copy.glob("*.tar"))[1]
    victim.unlink() if mishap == "gone" else victim.write_bytes(victim.read_bytes()[:-700])
    with pytest.raises(DataError, match=victim.name):
        survey(DataConfig(str(copy)), 0)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_picture_that_goes_bad_in_a_shard_is_named_or_stood_in_for(tmp_path, whole, workers):
    copy = tmp_path / "shards"
    shutil.copytree(whole, copy)
    config = DataConfig(str(copy), val_fraction=0.0)
    stream, lenient = stream_of(config), stream_of(replace(config, skip_bad=True))
    section = stream.examples.targets[2].path
    with Path(section.shard).open("r+b") as file:
        file.seek(section.offset)
        file.write(bytes(section.length))
    with pytest.raises(PictureError, match=section.name):
        batches_of(stream, steps=7, batch=1, workers=workers)
    names = [name for names, *_ in batches_of(lenient, steps=7, batch=1, workers=workers) for name in names]
    assert stream.examples.names[2] not in names
    assert len(names) == 7
