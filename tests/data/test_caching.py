"""The cache changes no byte, grows no further than it was allowed, is shared, and is gone with its run."""

import multiprocessing
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shards import LAYOUTS, batches_of, lay, stream_of

from pixlate.data import caching
from pixlate.data.keeping import Keep
from pixlate.data.reading import read
from pixlate.errors import ConfigError, WriteError
from pixlate.specs.data import DataConfig, parse_bytes

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the cache is for Unix")


def cached(config, layout="", cache="1MB", folder=None):
    config = DataConfig(config.data, config.data_b, recipe=config.recipe, cache=cache, cache_dir=folder)
    stream = stream_of(config, layout)
    stream.cache = caching.opened(config, stream.examples, lambda text: [text])
    return stream


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_batches_are_the_same_with_it_and_without(tmp_path, layout, workers):
    config = lay(tmp_path, layout)
    stream = cached(config, layout)
    assert batches_of(stream, steps=9, workers=workers) == batches_of(stream_of(config, layout), steps=9)


def test_what_workers_keep_all_have(tmp_path):
    stream = cached(lay(tmp_path, "parts"))
    wanted = batches_of(stream, steps=14, batch=1, workers=2)
    for path in tmp_path.rglob("*.png"):
        path.unlink()
    assert batches_of(stream, steps=14, batch=1, workers=2) == wanted


def test_what_is_read_may_be_changed_and_is_as_it_was_the_next_time(tmp_path):
    stream = cached(lay(tmp_path, "parts"))
    file, kind = stream.examples.sources[0], stream.sides.source
    for _ in range(3):
        picture = stream.cache.read(file, kind, 0)
        assert np.array_equal(picture, read(file, kind))
        if picture.flags.writeable:
            picture[:] = 0


@pytest.mark.parametrize("pixels", [np.ones((3, 5, 1), np.uint16), np.ones((4, 2, 6), np.float32)])
def test_pictures_of_any_kind_come_back_as_they_were(tmp_path, pixels):
    np.save(tmp_path / "a.npy", pixels)
    np.save(tmp_path / "b.npy", pixels)
    from pixlate.data.finding import PictureFile
    from pixlate.specs.pictures import Kind

    cache = caching.Cache(Keep.in_memory(2, 10_000))
    kind = Kind(pixels.shape[-1], pixels.dtype.name, (0.0,), (2.0,))
    for _ in range(2):
        found = cache.read(PictureFile("a", tmp_path / "a.npy"), kind, 0)
        assert (found.dtype, found.shape) == (pixels.dtype, pixels.shape)
        assert np.array_equal(found, pixels)
        (tmp_path / "a.npy").unlink(missing_ok=True)


@given(st.lists(st.tuples(st.integers(0, 19), st.binary(max_size=300)), max_size=60), st.integers(1200, 4000))
@settings(max_examples=60, deadline=None)
def test_a_keep_gives_back_what_was_put_in_and_never_outgrows_its_budget(puts, budget):
    keep = Keep.in_memory(20, budget)
    put: dict[int, list[bytes]] = {}
    for slot, blob in puts:
        keep.put(slot, blob)
        put.setdefault(slot, []).append(blob)
        assert os.fstat(keep._handle).st_size <= budget
    for slot in range(20):
        found = keep.get(slot)
        assert found is None or bytes(found) in put[slot]
    if puts:
        assert keep.get(puts[0][0]) is not None
    keep.close()


def test_a_full_disk_ends_the_keeping_and_nothing_else(tmp_path, monkeypatch):
    import errno

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    config = lay(tmp_path, "parts")
    stream = cached(config)
    monkeypatch.setattr(os, "pwrite", full)
    assert batches_of(stream) == batches_of(stream_of(config))


def test_damage_on_the_disk_is_as_if_nothing_were_kept(tmp_path):
    path = tmp_path / "x.kept"
    keep = Keep.named(path, 4, 10_000)
    keep.put(1, b"first")
    keep.put(2, b"second")
    keep.close()
    content = bytearray(path.read_bytes())
    content[content.index(b"first")] ^= 1
    path.write_bytes(content)
    keep = Keep.named(path, 4, 10_000)
    assert keep.get(1) is None
    assert keep.get(2) == b"second"
    path.write_bytes(b"something else" * 20)
    assert Keep.named(path, 4, 10_000).get(2) is None


def test_a_cache_in_a_folder_has_no_name_there(tmp_path):
    stream = cached(lay(tmp_path / "data", "parts"), folder=str(tmp_path / "cache"))
    batches_of(stream)
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="Linux alone lets a process join another's")
def test_processes_of_one_machine_share_one(tmp_path):
    one, other = Keep.in_memory(4, 10_000), Keep.in_memory(4, 10_000)
    stranger = Keep.in_memory(5, 10_000)
    assert not stranger.joined(one.address)
    assert not other.joined(one.address.replace(one.address[:4], "abcd", 1))
    assert other.joined(one.address)
    other.put(3, b"blob")
    assert one.get(3) == b"blob"


def _child(keep, queue):
    queue.put(bytes(keep.get(1)))
    keep.put(2, b"from the child")


def test_workers_that_are_not_forked_share_it_too():
    context = multiprocessing.get_context("spawn")
    keep, queue = Keep.in_memory(4, 10_000), context.Queue()
    keep.put(1, b"blob")
    child = context.Process(target=_child, args=(keep, queue))
    child.start()
    assert queue.get(timeout=60) == b"blob"
    child.join()
    assert keep.get(2) == b"from the child"


def test_a_stream_over_shards_is_small_when_it_is_handed_to_a_worker(tmp_path):
    from shards import shard

    stream = stream_of(DataConfig(str(shard(lay(tmp_path / "loose", "parts", 40), tmp_path / "shards"))))
    assert len(pickle.dumps(stream)) < 200 * 40 * 3


def test_amounts_are_read_as_people_write_them():
    given = {"4GB": 4 * 10**9, "500 MB": 5 * 10**8, "2GiB": 2**31, "1.5k": 1500, "12": 12, "12B": 12}
    assert {text: parse_bytes(text, "x") for text in given} == given
    for wrong in ("", "GB", "-1GB", "4 gigabytes", "1e9", "0", "9" * 30):
        with pytest.raises(ConfigError, match="--cache is"):
            parse_bytes(wrong, "--cache")


def test_a_budget_that_holds_nothing_and_a_folder_that_is_none_are_told(tmp_path):
    config = lay(tmp_path, "parts")
    with pytest.raises(ConfigError, match="--cache is"):
        cached(config, cache="100")
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match="--cache-dir"):
        cached(config, folder=str(tmp_path / "file" / "cache"))


def test_more_pictures_than_there_is_room_for_are_still_all_read(tmp_path):
    config = lay(tmp_path, "parts", 12)
    stream = cached(config, cache="2300")
    assert batches_of(stream, steps=24, batch=1) == batches_of(stream_of(config), steps=24, batch=1)
    kept = sum(stream.cache._keep.get(slot) is not None for slot in range(24))
    assert 0 < kept < 24
