"""The stream of two sets: epochs and jitter of its own for each side, and the same bytes however it is drawn."""

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pixlate import images
from pixlate.data import augment
from pixlate.data.augment import Preparation
from pixlate.data.finding import PictureFile
from pixlate.data.loading import Stream, batches, order, read, to_tensor
from pixlate.data.survey import Examples, survey
from pixlate.errors import PictureError
from pixlate.specs.data import DataConfig
from pixlate.specs.pictures import Kind, Sides

DATA = Path(__file__).parents[2].parent / "shared" / "data"
PREPARATION = Preparation(8, 8, 10, 10, fit="stretch", mirror=True, resample="bilinear")
CROP = Preparation(4, 4, 4, 4, fit="crop", mirror=True, resample="bilinear")
CHANNELS = Sides(Kind(3), Kind(1))
CHANNELS_OF = (CHANNELS.source, CHANNELS.target)
X, Y = 7, 9


@pytest.fixture(scope="module")
def sides(tmp_path_factory):
    """Seven sources in colour, nine grey targets."""
    return make_sides(tmp_path_factory.mktemp("sides"), X, Y)


def make_sides(folder, of_x, of_y):
    return make(folder, "x", of_x, 3), make(folder, "y", of_y, 1)


def make(folder, side, count, channels):
    """So many pictures of different sizes, called x0, x1 …."""
    random = np.random.default_rng(channels)
    files = [PictureFile(f"{side}{index}", folder / f"{side}{index}.png") for index in range(count)]
    for index, file in enumerate(files):
        pixels = random.integers(0, 256, (9 + index, 14 - index, channels)).astype(np.uint8)
        file.path.write_bytes(images.encode_png(pixels))
    return tuple(files)


def stream_of(sides, seed=3, preparation=PREPARATION, channels=CHANNELS, **how):
    sources, targets = sides
    return Stream(Examples(tuple(sources), tuple(targets), paired=False), channels, preparation, seed, **how)


def first(sides, of_x, of_y):
    return sides[0][:of_x], sides[1][:of_y]


def batches_of(stream, **how):
    """Every batch of every step."""
    how = {"start": 0, "batch": 1, "workers": 0, **how}
    return [batch for group in batches(stream, **how) for batch in group]


def items_of(stream, **how):
    """Names, bytes of source and target, and what was left out, place by place or batch by batch."""
    return [
        (batch.names, batch.source.numpy().tobytes(), batch.target.numpy().tobytes(), batch.left_out)
        for batch in batches_of(stream, **how)
    ]


def names_of(stream, **how):
    """Who met whom, place by place."""
    met = [name.split(" and ") for names, *_ in items_of(stream, **how) for name in names]
    return [source for source, _ in met], [target for _, target in met]


def epochs(names, count):
    whole = len(names) // count * count
    return [names[start : start + count] for start in range(0, whole, count)]


def refusal(stream, **how):
    with pytest.raises(PictureError) as caught:
        items_of(stream, **how)
    return str(caught.value)


# Epochs


@given(st.integers(1, X), st.integers(1, Y), st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_each_side_shows_every_picture_once_in_every_epoch_of_its_own(sides, of_x, of_y, seed):
    some = first(sides, of_x, of_y)
    shown = names_of(stream_of(some, seed), steps=2 * max(of_x, of_y) + 1)
    for side, files in zip(shown, some, strict=True):
        for epoch in epochs(side, len(files)):
            assert sorted(epoch) == [file.name for file in files]


def test_the_order_is_another_in_every_epoch_and_on_either_side(sides):
    x, y = names_of(stream_of(first(sides, 7, 7)), steps=28)
    in_x, in_y = ([[name[1:] for name in epoch] for epoch in epochs(side, 7)] for side in (x, y))
    assert len({tuple(epoch) for epoch in in_x}) == len({tuple(epoch) for epoch in in_y}) == 4
    assert all(of_x != of_y for of_x, of_y in zip(in_x, in_y, strict=True))


def test_a_picture_meets_many_of_the_other_side(sides):
    x, y = names_of(stream_of(first(sides, 5, 5)), steps=150)
    assert len(set(zip(x, y, strict=True))) == 25


def test_one_side_is_shown_alike_whatever_the_other_has(sides):
    alone = batches_of(stream_of(first(sides, 5, 1)), steps=12)
    for of_y in (2, 5, 9):
        beside = batches_of(stream_of(first(sides, 5, of_y)), steps=12)
        assert all(torch.equal(a.source, b.source) for a, b in zip(alone, beside, strict=True))


@given(st.integers(1, X), st.integers(1, Y), st.integers(0, 60), st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_what_a_place_holds_is_drawn_for_each_side_by_its_epoch_and_index(sides, of_x, of_y, place, seed):
    some = first(sides, of_x, of_y)
    (batch,) = batches_of(stream_of(some, seed), start=place, steps=1)
    chosen = []
    for files, shown, channels, side in zip(some, (batch.source, batch.target), CHANNELS_OF, "XY", strict=True):
        epoch, position = divmod(place, len(files))
        index = order(seed, epoch, len(files), side)[position]
        drawn = augment.draw(seed, epoch, index, side)
        assert torch.equal(
            shown[0], to_tensor(augment.jitter(read(files[index], channels), PREPARATION, drawn), channels)
        )
        chosen.append(files[index].name)
    assert batch.names == (f"{chosen[0]} and {chosen[1]}",)


def test_batches_have_the_channels_of_either_side_and_one_size(sides):
    (batch,) = batches_of(stream_of(sides), steps=1, batch=3)
    assert batch.source.shape == (3, 3, 8, 8)
    assert batch.target.shape == (3, 1, 8, 8)
    for side in (batch.source, batch.target):
        assert side.dtype == torch.float32
        assert side.abs().max() <= 1
    assert batch.left_out == ()


# Jitter


@pytest.fixture(scope="module")
def coded(tmp_path_factory):
    """One picture, the only one of both sides, whose pixels say where they are."""
    path = tmp_path_factory.mktemp("coded") / "where.png"
    y, x = np.mgrid[:7, :7]
    path.write_bytes(images.encode_png(np.stack([y, x, 0 * y], axis=-1).astype(np.uint8)))
    file = PictureFile("where", path)
    return (file,), (file,)


def test_the_two_sides_are_cut_and_mirrored_independently(coded):
    stream = stream_of(coded, preparation=CROP, channels=Sides(Kind(3), Kind(3)))
    cuts, mirrors = Counter(), Counter()
    for place in range(1000):
        item = stream[place]
        corners = [
            images.from_float(side.numpy(), Kind())[0, [0, -1]].astype(int) for side in (item.source, item.target)
        ]
        mirrors[tuple(left[1] > right[1] for left, right in corners)] += 1
        cuts[tuple(left[0] for left, _ in corners)] += 1
    assert len(mirrors) == 4
    assert all(200 < count < 300 for count in mirrors.values())
    assert len(cuts) == 16
    assert all(30 < count < 100 for count in cuts.values())


# However it is drawn


@pytest.fixture(scope="module")
def reference(sides):
    return items_of(stream_of(sides), steps=16, batch=2)


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_change_nothing(sides, reference, workers):
    assert items_of(stream_of(sides), steps=16, batch=2, workers=workers) == reference


@given(st.integers(1, X), st.integers(1, Y), st.integers(0, 40), st.integers(1, 3), st.integers(1, 4))
@settings(max_examples=20, deadline=None)
def test_a_run_resumed_at_any_place_goes_on_with_the_same_batches(sides, of_x, of_y, step, batch, left):
    stream = stream_of(first(sides, of_x, of_y))
    whole = items_of(stream, steps=step + left, batch=batch)
    again = stream_of(first(sides, of_x, of_y))
    assert items_of(again, start=step * batch, steps=left, batch=batch) == whole[step:]


def test_a_run_resumed_with_workers_goes_on_with_the_same_batches(sides, reference):
    assert items_of(stream_of(sides), start=14, steps=9, batch=2, workers=2) == reference[7:]


@given(st.integers(1, X), st.integers(1, Y), st.integers(1, 3), st.integers(1, 2), st.integers(1, 4))
@settings(max_examples=20, deadline=None)
def test_processes_share_the_stream_without_overlap_or_gap(sides, of_x, of_y, batch, accumulate, world):
    some = first(sides, of_x, of_y)
    stream = stream_of(some)
    own = batch * accumulate
    steps = math.ceil(2 * max(of_x, of_y) / (own * world))
    alone = items_of(stream, steps=steps * world * own)
    how = {"steps": steps, "batch": batch, "accumulate": accumulate, "world": world}
    ranks = [items_of(stream, rank=rank, **how) for rank in range(world)]
    parts = [
        part
        for step in range(steps)
        for rank in ranks
        for part in rank[step * accumulate : (step + 1) * accumulate]  # as they lie in the stream
    ]
    assert sum((names for names, *_ in parts), ()) == sum((names for names, *_ in alone), ())
    for side in (1, 2):
        assert b"".join(part[side] for part in parts) == b"".join(part[side] for part in alone)


def test_another_number_of_processes_goes_on_where_the_first_left_off(sides):
    stream = stream_of(sides)
    one = items_of(stream, steps=8)
    three = [items_of(stream, start=8, steps=4, rank=rank, world=3) for rank in range(3)]
    shown = one + [rank[step] for step in range(4) for rank in three]
    assert shown == items_of(stream, steps=20)


def test_another_seed_gives_another_stream(sides, reference):
    assert items_of(stream_of(sides, seed=4), steps=16, batch=2) != reference


# Pictures that go bad


def spoil(*files):
    for file in files:
        file.path.write_bytes(b"<html>Quota exceeded</html>")


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("side", [0, 1])
def test_a_picture_gone_bad_on_either_side_is_named_in_one_sentence(tmp_path, side, workers):
    sides = make_sides(tmp_path, 3, 5)
    spoil(sides[side][1])
    told = refusal(stream_of(sides), steps=5, workers=workers)
    assert str(sides[side][1].path) in told
    assert "\n" not in told


@pytest.mark.parametrize("side", [0, 1])
def test_a_stand_in_on_one_side_touches_that_side_and_those_places_only(tmp_path, side):
    sides = make_sides(tmp_path, 4, 6)
    files = sides[side]
    before = items_of(stream_of(sides, skip_bad=True), steps=24)
    spoil(files[2])
    after = items_of(stream_of(sides, skip_bad=True), steps=24)
    other = 1 - side
    struck = 0
    for place, (was, now) in enumerate(zip(before, after, strict=True)):
        old, new = was[0][0].split(" and "), now[0][0].split(" and ")
        assert now[1 + other] == was[1 + other]
        assert new[other] == old[other]
        if old[side] != files[2].name:
            assert now == was
            continue
        struck += 1
        epoch, position = divmod(place, len(files))
        indices = order(3, epoch, len(files), "XY"[side])
        assert new[side] == files[indices[(position + 1) % len(files)]].name
        assert len(now[3]) == 1
        assert str(files[2].path) in now[3][0]
    assert struck == 24 // len(files)


def test_stand_ins_are_the_same_with_workers_and_after_a_resume(tmp_path):
    sides = make_sides(tmp_path, 4, 6)
    spoil(sides[0][1], sides[1][0], sides[1][5])
    whole = items_of(stream_of(sides, skip_bad=True), steps=12)
    assert items_of(stream_of(sides, skip_bad=True), steps=12, workers=2) == whole
    assert items_of(stream_of(sides, skip_bad=True), start=5, steps=7) == whole[5:]


def test_both_sides_may_need_a_stand_in_at_one_place(tmp_path):
    sides = make_sides(tmp_path, 3, 3)
    spoil(*sides[0][:2], *sides[1][1:])
    shown = items_of(stream_of(sides, skip_bad=True), steps=3)
    assert {names for names, *_ in shown} == {("x2 and y0",)}
    spoiled = [*sides[0][:2], *sides[1][1:]]
    told = [sentence for *_, left_out in shown for sentence in left_out]
    assert all(any(str(file.path) in sentence for sentence in told) for file in spoiled)
    assert max(len(left_out) for *_, left_out in shown) >= 2


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("side", [0, 1])
def test_a_side_gone_bad_as_a_whole_is_told_once_and_clearly(tmp_path, side, workers):
    sides = make_sides(tmp_path, 3, 2)
    spoil(*sides[side])
    told = refusal(stream_of(sides, skip_bad=True), steps=2, workers=workers)
    assert f"None of the {len(sides[side])} training pictures can be read any more." in told
    assert str(tmp_path / "xy"[side]) in told
    assert "\n" not in told


def test_a_side_gone_bad_as_a_whole_is_illustrated_by_a_picture_of_its_own(tmp_path):
    sides = make_sides(tmp_path, 2, 2)
    spoil(sides[0][order(3, 0, 2, "X")[0]], *sides[1])
    told = refusal(stream_of(sides, skip_bad=True), steps=1)
    assert str(tmp_path / "y") in told


# Real pictures


@pytest.mark.real
def test_an_epoch_of_the_real_cats_shows_each_of_the_larger_side_once():
    folder = DATA / "grumpifycat_64"
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent")
    config = DataConfig(str(folder / "A_russianblue"), str(folder / "B_grumpy"))
    looked = survey(config, 0, paired=False)
    preparation = Preparation(32, 32, 36, 36, fit="stretch", mirror=True, resample="bilinear")
    x, y = names_of(Stream(looked.train, Sides(Kind(3), Kind(3)), preparation, 0), steps=len(looked.train))
    assert sorted(y) == sorted(file.name for file in looked.train.targets)
    times = Counter(x)
    assert len(times) == len(looked.train.sources)
    assert set(times.values()) == {2, 3}
