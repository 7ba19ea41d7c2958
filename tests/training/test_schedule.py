"""How long a run lasts and how fast it learns."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixlate.specs.training import LoopConfig
from pixlate.training.schedule import epoch, learning_rate, total_steps, validation_interval


def test_the_papers_rate_is_constant() -> None:
    assert {learning_rate(2e-4, 0.0, done, 200) for done in (0, 99.9, 100, 199.99)} == {2e-4}


@pytest.mark.parametrize(("number", "factor"), [(1, 1), (100, 1), (101, 100 / 101), (150, 51 / 101), (200, 1 / 101)])
def test_the_incumbents_rate_falls_linearly_over_the_last_hundred_epochs(number: int, factor: float) -> None:
    for within in (0.0, 0.5, 0.999):
        assert math.isclose(learning_rate(2e-4, 0.5, number - 1 + within, 200), 2e-4 * factor)


@given(st.floats(0, 1), st.integers(1, 300))
def test_the_rate_never_rises_and_never_reaches_zero(decay: float, total: int) -> None:
    rates = [learning_rate(1.0, decay, done, total) for done in range(total + 2)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] > 0


def test_a_run_lasts_its_steps_or_sees_every_epochs_pairs() -> None:
    assert total_steps(LoopConfig(steps=7), 400, 1) == 7
    assert total_steps(LoopConfig(epochs=200), 400, 1) == 80_000
    assert total_steps(LoopConfig(epochs=3, batch_size=4), 10, 2) == 4
    assert epoch(4, LoopConfig(batch_size=4), 10, 2) == 3.2


def test_validation_comes_forty_times_a_run_but_not_too_often() -> None:
    assert validation_interval(LoopConfig(), 80_000) == 2_000
    assert validation_interval(LoopConfig(), 300) == 100
    assert validation_interval(LoopConfig(validate_every=7), 80_000) == 7
