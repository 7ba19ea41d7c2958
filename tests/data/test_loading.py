"""The stream of batches: the same bytes with any number of workers or processes, and from any step on."""

import math
import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pixlate import images
from pixlate.data import augment
from pixlate.data.augment import Preparation
from pixlate.data.finding import PictureFile
from pixlate.data.loading import Stream, batches, order, read_pair, to_tensor
from pixlate.data.making import Making
from pixlate.data.survey import Examples
from pixlate.errors import ConfigError, PictureError
from pixlate.recipes.own import Own
from pixlate.specs.pictures import Kind, Sides

PREPARATION = Preparation(8, 8, 10, 10, fit="stretch", mirror=True, resample="bilinear")
RGB = Sides(Kind(3), Kind(3))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return make_pairs(tmp_path_factory.mktemp("pairs"), 7)


def make_pairs(folder, count):
    made = []
    for index in range(count):
        path = folder / f"{index}.png"
        pixels = np.random.default_rng(index).integers(0, 256, (12, 20, 3)).astype(np.uint8)
        path.write_bytes(images.encode_png(pixels))
        made.append((PictureFile(str(index), path, "left"), PictureFile(str(index), path, "right")))
    return made


def stream_of(pairs, seed=3):
    sources, targets = zip(*pairs, strict=True)
    return Stream(Examples(sources, targets), RGB, PREPARATION, seed)


def batches_of(stream, **how):
    """Every batch of every step."""
    how = {"start": 0, "batch": 2, "workers": 0, **how}
    return (batch for group in batches(stream, **how) for batch in group)


def bytes_of(stream, **how):
    """Names and bytes of every batch."""
    return [
        (batch.names, batch.source.numpy().tobytes(), batch.target.numpy().tobytes())
        for batch in batches_of(stream, **how)
    ]


def names_of(stream, **how):
    return [name for names, *_ in bytes_of(stream, **how) for name in names]


def refusal(stream, **how):
    with pytest.raises(PictureError) as caught:
        bytes_of(stream, **how)
    return str(caught.value)


@pytest.fixture(scope="module")
def reference(pairs):
    return bytes_of(stream_of(pairs), steps=9)


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_workers_change_nothing(pairs, reference, workers):
    assert bytes_of(stream_of(pairs), steps=9, workers=workers) == reference


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("step", [1, 4, 8])
def test_a_run_resumed_goes_on_with_the_same_batches(pairs, reference, step, workers):
    assert bytes_of(stream_of(pairs), start=2 * step, steps=9 - step, workers=workers) == reference[step:]


def test_a_finished_run_has_no_more_batches(pairs):
    assert bytes_of(stream_of(pairs), start=18, steps=0) == []


def test_batches_are_floats_in_range_channels_first(pairs):
    (batch,) = batches_of(stream_of(pairs), steps=1, batch=3)
    for side in (batch.source, batch.target):
        assert side.shape == (3, 3, 8, 8)
        assert side.dtype == torch.float32
        assert side.abs().max() <= 1
    assert len(batch.names) == 3


def test_every_epoch_shows_every_pair_once_in_another_order(pairs):
    names = names_of(stream_of(pairs), steps=14)
    epochs = [names[start : start + 7] for start in range(0, 28, 7)]
    assert all(sorted(epoch) == list("0123456") for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1


def test_a_picture_comes_jittered_otherwise_in_every_epoch(pairs):
    shown = {source for _, source, _ in bytes_of(stream_of(pairs[:1]), steps=12, batch=1)}
    assert len(shown) > 6


def test_what_a_batch_holds_is_the_pair_jittered_by_its_epoch_and_index(pairs):
    (batch,) = batches_of(stream_of(pairs, seed=5), start=7, steps=1, batch=1)
    index = order(5, 1, 7)[0]
    source, target = read_pair(*pairs[index], RGB)
    drawn = augment.draw(5, 1, index)
    assert batch.names == (pairs[index][0].name,)
    assert torch.equal(batch.source[0], to_tensor(augment.jitter(source, PREPARATION, drawn), Kind()))
    assert torch.equal(batch.target[0], to_tensor(augment.jitter(target, PREPARATION, drawn), Kind()))


def test_another_seed_gives_another_stream(pairs, reference):
    assert bytes_of(stream_of(pairs, seed=4), steps=9) != reference


@given(st.integers(0, 2**40), st.integers(0, 100), st.integers(0, 200))
@settings(max_examples=40, deadline=None)
def test_an_order_is_a_permutation_that_repeats(seed, epoch, count):
    assert sorted(order(seed, epoch, count)) == list(range(count))
    assert order(seed, epoch, count) == order(seed, epoch, count)
    if count > 20:
        assert order(seed, epoch, count) != order(seed, epoch + 1, count)


@given(st.integers(1, 7), st.integers(1, 4), st.integers(1, 4))
@settings(max_examples=20, deadline=None)
def test_processes_share_the_stream_without_overlap_or_gap(pairs, count, batch, world):
    stream = stream_of(pairs[:count])
    steps = math.ceil(2 * count / (batch * world))
    alone = bytes_of(stream, steps=steps, batch=batch * world)
    ranks = [bytes_of(stream, steps=steps, batch=batch, rank=rank, world=world) for rank in range(world)]
    for step, (names, source, target) in enumerate(alone):
        parts = [rank[step] for rank in ranks]
        assert sum((part[0] for part in parts), ()) == names
        assert b"".join(part[1] for part in parts) == source
        assert b"".join(part[2] for part in parts) == target
    told = [name for names, *_ in alone for name in names]
    assert sorted(told[:count]) == sorted(told[count : 2 * count]) == sorted(source.name for source, _ in pairs[:count])


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("mishap", ["gone", "cut", "replaced"])
def test_a_picture_that_becomes_unreadable_is_named_in_one_sentence(tmp_path, workers, mishap):
    pairs = make_pairs(tmp_path, 4)
    victim = tmp_path / "2.png"
    if mishap == "gone":
        victim.unlink()
    else:
        victim.write_bytes(victim.read_bytes()[:300] if mishap == "cut" else b"<html>Quota exceeded</html>")
    told = refusal(stream_of(pairs), steps=4, workers=workers)
    assert str(victim) in told
    assert "Traceback" not in told
    assert "\n" not in told


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_before_the_unreadable_picture_still_come(tmp_path, workers):
    pairs = make_pairs(tmp_path, 4)
    last = order(3, 0, 4)[-1]
    (tmp_path / f"{last}.png").unlink()
    come = []
    with pytest.raises(PictureError):
        come.extend(batches_of(stream_of(pairs), steps=4, batch=1, workers=workers))
    loader = batches_of(stream_of(pairs), steps=4, batch=1, workers=workers)
    assert [next(loader).names[0] for _ in range(3)] == [str(index) for index in order(3, 0, 4)[:3]]
    with pytest.raises(PictureError):
        next(loader)


@pytest.mark.parametrize("workers", [0, 2])
def test_no_global_random_state_is_read_or_moved(pairs, reference, workers):
    torch.manual_seed(1)
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    assert bytes_of(stream_of(pairs), steps=9, workers=workers) == reference
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert np.random.get_state()[1].tolist() == before[2]  # noqa: NPY002


def test_leaving_a_stream_early_is_quiet(pairs):
    for workers in (0, 2):
        loader = batches(stream_of(pairs), start=0, steps=10_000, batch=2, workers=workers)
        next(loader)
        loader.close()


def test_channels_become_those_asked_for(tmp_path):
    grey, colour = tmp_path / "grey.png", tmp_path / "colour.png"
    grey.write_bytes(images.encode_png(np.full((8, 8, 1), 51, np.uint8)))
    colour.write_bytes(images.encode_png(np.full((8, 8, 3), (255, 0, 0), np.uint8)))
    source, target = read_pair(PictureFile("x", grey), PictureFile("x", colour), Sides(Kind(3), Kind(1)))
    assert source.shape == (8, 8, 3)
    assert (source == 51).all()
    assert target.shape == (8, 8, 1)
    assert (target == 76).all()


def test_pictures_of_two_sizes_are_no_pair(tmp_path):
    for name, width in (("a", 8), ("b", 9)):
        (tmp_path / f"{name}.png").write_bytes(images.encode_png(np.zeros((8, width, 3), np.uint8)))
    with pytest.raises(PictureError, match="differ in size"):
        read_pair(PictureFile("x", tmp_path / "a.png"), PictureFile("x", tmp_path / "b.png"), RGB)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_recipe_that_a_worker_finds_changed_is_told_of_in_a_sentence(pairs, tmp_path, workers):
    (tmp_path / "own.py").write_text("def f(picture):\n    return picture\n")
    stream = stream_of(pairs)
    stream.making = Making(Own(str(tmp_path / "own.py"), "f", "another"))
    with pytest.raises(ConfigError, match="has changed since") as caught:
        bytes_of(stream, steps=1, workers=workers)
    assert "Traceback" not in str(caught.value)
