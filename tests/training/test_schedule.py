"""How long a run lasts and how fast it learns."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixlate.specs.learning import LearningConfig
from pixlate.specs.training import LoopConfig
from pixlate.training.schedule import keeps_after, last_step, learning_rate, looks_after, validation_interval


def test_the_papers_rate_is_constant() -> None:
    assert {learning_rate(LearningConfig(decay=0.0), done, 200) for done in (0, 99.9, 100, 199.99)} == {2e-4}


@pytest.mark.parametrize(("number", "factor"), [(1, 1), (100, 1), (101, 100 / 101), (150, 51 / 101), (200, 1 / 101)])
def test_the_incumbents_rate_falls_linearly_over_the_last_hundred_epochs(number: int, factor: float) -> None:
    for within in (0.0, 0.5, 0.999):
        assert math.isclose(learning_rate(LearningConfig(decay=0.5), number - 1 + within, 200), 2e-4 * factor)


@given(st.floats(0, 1), st.integers(1, 300))
def test_the_rate_never_rises_and_never_reaches_zero(decay: float, total: int) -> None:
    rates = [learning_rate(LearningConfig(lr=1.0, decay=decay), done, total) for done in range(total + 2)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] > 0


def test_a_run_lasts_its_steps_or_sees_every_epochs_pairs() -> None:
    assert last_step(LoopConfig(steps=7), 400, 1) == 7
    assert last_step(LoopConfig(epochs=200), 400, 1) == 80_000
    assert last_step(LoopConfig(epochs=3), 10, pairs_per_step=8) == 4


@given(st.integers(1, 50), st.integers(1, 30), st.integers(1, 9), st.data())
def test_the_last_step_is_the_same_wherever_the_run_stands(
    epochs: int, pairs: int, per_step: int, data: st.DataObject
) -> None:
    loop = LoopConfig(epochs=epochs)
    total = last_step(loop, pairs, per_step)
    step = data.draw(st.integers(0, total))
    assert last_step(loop, pairs, per_step, step, step * per_step) == total


@given(st.integers(1, 50), st.integers(1, 30), st.integers(1, 9), st.integers(1, 9), st.integers(0, 20))
def test_with_another_number_of_processes_the_rest_of_the_pairs_are_seen_once(
    epochs: int, pairs: int, before: int, after: int, step: int
) -> None:
    loop = LoopConfig(epochs=epochs)
    step = min(step, last_step(loop, pairs, before))
    left = last_step(loop, pairs, after, step, step * before) - step
    assert 0 <= step * before + left * after - epochs * pairs < max(before, after)


def test_validation_comes_forty_times_a_run_but_not_too_often() -> None:
    assert validation_interval(LoopConfig(), 80_000) == 2_000
    assert validation_interval(LoopConfig(), 300) == 100
    assert validation_interval(LoopConfig(validate_every=7), 80_000) == 7


def test_checkpoints_come_with_validations_at_the_end_and_when_asked_for() -> None:
    loop = LoopConfig(validate_every=4, checkpoint_every=3)
    assert [step for step in range(1, 11) if looks_after(step, loop, 10)] == [4, 8, 10]
    assert [step for step in range(1, 11) if keeps_after(step, loop, 10)] == [3, 4, 6, 8, 9, 10]
