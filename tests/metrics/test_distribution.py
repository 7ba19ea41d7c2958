"""Distances between sets of features, against their formulas computed another way."""

import numpy as np
import pytest
import scipy.linalg
from numpy.typing import NDArray

from pixlate.metrics import distribution

Features = NDArray[np.float64]


def drawn(seed: int, count: int, features: int, shift: float = 0.0) -> Features:
    generator = np.random.Generator(np.random.PCG64(seed))
    return generator.normal(size=(count, features)) @ generator.normal(size=(features, features)) + shift


@pytest.mark.parametrize(("count", "features"), [(200, 8), (12, 30)])
def test_frechet_is_its_formula_by_a_matrix_square_root(count: int, features: int) -> None:
    a, b = drawn(0, count, features), drawn(1, count + 3, features, 0.5)
    one, other = (np.cov(x, rowvar=False) for x in (a, b))
    root = scipy.linalg.sqrtm(one @ other)
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(one + other - 2 * np.real(root))
    assert distribution.frechet(a, b) == pytest.approx(expected, rel=1e-4)
    assert distribution.frechet(a, b) == pytest.approx(distribution.frechet(b, a))


def test_frechet_of_normals_that_are_known() -> None:
    a = drawn(0, 500, 5)
    assert distribution.frechet(a, a) == pytest.approx(0, abs=1e-9)
    assert distribution.frechet(a, a + 2) == pytest.approx(5 * 4)
    centre = a.mean(0)
    assert distribution.frechet(a, 3 * (a - centre) + centre) == pytest.approx(4 * np.trace(np.cov(a, rowvar=False)))


def test_kernel_is_its_formula_pair_by_pair() -> None:
    a, b = drawn(2, 9, 4), drawn(3, 7, 4, 0.3)

    def k(x: Features, y: Features) -> float:
        return float((x @ y / 4 + 1) ** 3)

    def within(x: Features) -> float:
        return float(np.mean([k(x[i], x[j]) for i in range(len(x)) for j in range(len(x)) if i != j]))

    between = np.mean([k(x, y) for x in a for y in b])
    assert distribution.kernel(a, b) == pytest.approx(within(a) + within(b) - 2 * between)


def test_kernel_is_0_in_the_mean_for_one_distribution() -> None:
    generator = np.random.Generator(np.random.PCG64(0))
    found = [distribution.kernel(*generator.normal(size=(2, 40, 6))) for _ in range(200)]
    assert abs(np.mean(found)) < 4 * np.std(found) / 200**0.5
    assert min(found) < 0 < max(found)


def test_precision_and_recall_of_sets_that_are_known() -> None:
    a = drawn(4, 60, 3)
    assert distribution.precision_recall(a, a) == (1, 1)
    assert distribution.precision_recall(a + 1e6, a) == (0, 0)
    narrow = a[:10] * 0 + a.mean(0) + drawn(5, 10, 3) * 1e-3  # within the others, but only a corner of them
    precision, recall = distribution.precision_recall(narrow, a)
    assert precision > 0.5
    assert recall < 0.1


def test_too_few_pictures_are_refused() -> None:
    one = np.zeros((1, 2))
    for measure in (distribution.frechet, distribution.kernel, distribution.precision_recall):
        with pytest.raises(ValueError, match="pictures a set"):
            measure(one, one)
