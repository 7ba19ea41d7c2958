"""Checkpoints on disk: the newest whole one is found, damage is named, and never is the only good one removed."""

import shutil
from pathlib import Path

import pytest
import torch
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pixlate.checkpoint.shelf import Shelf
from pixlate.errors import RunError


def write(shelf: Shelf, step: int) -> None:
    shelf.write(step, {"weights.a": torch.full((3,), float(step))}, {"progress": {"step": step}})


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    filled = Shelf(tmp_path / "checkpoints")
    for step in (10, 20, 30):
        write(filled, step)
    return filled


def spoil(shelf: Shelf, step: int) -> None:
    path = shelf.path(step) / "state.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def test_an_empty_shelf_has_nothing_to_go_on_from(tmp_path: Path) -> None:
    assert Shelf(tmp_path / "none").newest() == (None, [])
    assert Shelf(tmp_path / "none").steps() == []


def test_what_was_written_comes_back(shelf: Shelf) -> None:
    tensors, document = shelf.read(20)
    assert torch.equal(tensors["weights.a"], torch.full((3,), 20.0))
    assert document["progress"] == {"step": 20}
    assert shelf.newest() == (30, [])


def test_steps_are_in_their_order_whatever_their_length(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for step in (100_000_000, 99_999_999, 3):
        write(shelf, step)
    assert shelf.steps() == [3, 99_999_999, 100_000_000]


def test_other_things_in_the_folder_are_not_checkpoints(shelf: Shelf) -> None:
    (shelf.folder / "step_x").mkdir()
    (shelf.folder / "notes.txt").write_text("mine")
    (shelf.folder / ".0123456789abcdef.part").mkdir()
    assert shelf.steps() == [10, 20, 30]


def test_a_damaged_one_is_named_and_the_one_before_it_taken(shelf: Shelf) -> None:
    spoil(shelf, 30)
    newest, faults = shelf.newest()
    assert newest == 20
    why = "the content of state.safetensors does not match SHA256SUMS"
    assert faults == [f"checkpoint {shelf.path(30)} is damaged and passed over: {why}"]
    with pytest.raises(RunError, match="step_00000030 is damaged"):
        shelf.read(30)


def test_if_all_are_damaged_the_run_is_not_begun_anew(shelf: Shelf) -> None:
    for step in shelf.steps():
        spoil(shelf, step)
    with pytest.raises(RunError, match=r"step_00000030 is damaged.*step_00000010 is damaged.*no other to go on from"):
        shelf.newest()


def test_what_is_there_is_never_written_over(shelf: Shelf) -> None:
    shelf.write(30, {"weights.a": torch.zeros(1)}, {"progress": {}})
    assert shelf.read(30)[0]["weights.a"][0] == 30


def test_damaged_ones_are_set_aside_and_their_steps_written_anew(shelf: Shelf) -> None:
    for _ in range(2):
        spoil(shelf, 30)
        newest, _faults = shelf.newest()
        assert newest == 20
        shelf.set_aside(newest)
        assert shelf.steps() == [10, 20]
        assert (shelf.folder / "step_00000030.damaged" / "state.safetensors").exists()
        write(shelf, 30)
        assert shelf.newest() == (30, [])


def test_files_that_others_leave_there_are_no_damage(shelf: Shelf) -> None:
    (shelf.path(30) / ".DS_Store").write_bytes(b"Finder was here")
    assert shelf.newest() == (30, [])


def test_a_checkpoint_of_another_version_is_refused(shelf: Shelf) -> None:
    from pixlate import durable, tensorfile

    with durable.folder(shelf.path(40)) as folder:
        tensorfile.write(folder / "state.safetensors", {}, {"kind": "checkpoint", "format": 99})
    with pytest.raises(RunError, match="written by another version"):
        shelf.read(40)


def test_retention_keeps_the_last_the_multiples_and_the_best(shelf: Shelf) -> None:
    for step in (40, 50, 60, 70):
        write(shelf, step)
        shelf.prune(step, last=2, every=30, best=10)
    assert shelf.steps() == [10, 30, 60, 70]


def test_what_cannot_be_removed_is_tried_again(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    from pixlate import durable

    real = durable._rename

    def refuse(path: Path, name: Path) -> None:
        raise PermissionError(13, "busy")

    monkeypatch.setattr(durable, "_rename", refuse)
    shelf.prune(30, last=2, every=None, best=None)
    assert shelf.steps() == [10, 20, 30]
    monkeypatch.setattr(durable, "_rename", real)
    shelf.prune(30, last=2, every=None, best=None)
    assert shelf.steps() == [20, 30]


class Life(RuleBasedStateMachine):
    """A run that saves and prunes, is damaged at its newest checkpoint now and then, and is resumed."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.folder = Path(tempfile.mkdtemp())
        self.shelf = Shelf(self.folder)
        self.step = 0
        self.whole: set[int] = set()
        self.damaged_since_save = False

    @rule(
        steps=st.integers(1, 9),
        last=st.integers(2, 4),
        every=st.none() | st.integers(1, 20),
        best=st.none() | st.integers(1, 60),
    )
    def save(self, steps: int, last: int, every: int | None, best: int | None) -> None:
        self.step += steps
        write(self.shelf, self.step)
        self.shelf.prune(self.step, last, every, best)
        self.whole = {step for step in self.whole | {self.step} if self.shelf.path(step).exists()}
        self.damaged_since_save = False

    @precondition(lambda self: len(self.whole) >= 2 and not self.damaged_since_save)
    @rule(draw=st.randoms())
    def damage_one(self, draw) -> None:
        step = draw.choice(sorted(self.whole))
        spoil(self.shelf, step)
        self.whole.discard(step)
        self.damaged_since_save = True

    @precondition(lambda self: self.whole)
    @rule()
    def resume(self) -> None:
        newest, _ = self.shelf.newest()
        assert newest == max(self.whole)
        self.shelf.set_aside(newest)
        self.step = newest

    @invariant()
    def something_whole_is_left(self) -> None:
        if self.step:
            assert self.shelf.newest()[0] == max(self.whole)

    def teardown(self) -> None:
        shutil.rmtree(self.folder)


Life.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestLife = Life.TestCase
