"""Intervals over pictures."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from pixlate.metrics import bootstrap


def of_mean(values: NDArray[np.float64], seed: int, times: int = bootstrap.TIMES) -> tuple[float, float]:
    return bootstrap.interval(bootstrap.resamples(len(values), seed, times) @ values / len(values))


def test_each_resample_has_as_many_pictures() -> None:
    found = bootstrap.resamples(17, seed=3, times=50)
    assert found.shape == (50, 17)
    assert (found.sum(1) == 17).all()
    assert np.array_equal(found, bootstrap.resamples(17, seed=3, times=50))
    assert not np.array_equal(found, bootstrap.resamples(17, seed=4, times=50))


def test_the_interval_of_a_mean_is_nearly_that_of_the_normal_distribution() -> None:
    values = np.random.Generator(np.random.PCG64(1)).normal(10, 2, size=400)
    low, high = of_mean(values, seed=0)
    error = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - error, values.mean() + error), abs=error / 8)


def test_it_covers_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.Generator(np.random.PCG64(2))
    covered = 0
    for seed in range(200):
        low, high = of_mean(generator.normal(size=60), seed, times=300)
        covered += low <= 0 <= high
    assert 180 <= covered <= 198


def test_what_is_not_finite_does_not_count() -> None:
    assert bootstrap.interval(np.array([1.0, math.nan, 1.0])) == (1, 1)
    assert all(map(math.isnan, bootstrap.interval(np.array([math.nan]))))


def test_one_picture_has_no_interval() -> None:
    assert all(map(math.isnan, of_mean(np.array([3.0]), seed=0)))
