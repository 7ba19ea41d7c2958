"""Accuracy of classes against the definitions, written out pixel by pixel."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from pixlate.metrics.segmentation import IGNORE, accuracy, confusion, each_class

CLASSES = 4
LABELS = st.sampled_from([0, 1, 2, 3, IGNORE])
pairs = st.tuples(arrays(np.uint8, (5, 6), elements=LABELS), arrays(np.uint8, (5, 6), elements=LABELS))


def by_definition(predicted: NDArray[np.uint8], truth: NDArray[np.uint8]) -> tuple[float, float, float]:
    """Long et al.: Σ n_ii / Σ t_i; (1/n) Σ n_ii / t_i; (1/n) Σ n_ii / (t_i + Σ n_ji - n_ii); of classes that occur."""
    right = total = 0
    accuracies, ious = [], []
    for number in range(CLASSES):
        hit = of_class = said = 0
        for p, t in zip(predicted.ravel().tolist(), truth.ravel().tolist(), strict=True):
            if t == IGNORE:
                continue
            hit += p == t == number
            of_class += t == number
            said += p == number
        right += hit
        total += of_class
        if of_class:
            accuracies.append(hit / of_class)
            ious.append(hit / (of_class + said - hit))
    if not total:
        return math.nan, math.nan, math.nan
    return right / total, sum(accuracies) / len(accuracies), sum(ious) / len(ious)


@given(pairs)
def test_scores_are_those_of_the_definition(pair: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> None:
    predicted, truth = pair
    found = accuracy(confusion(predicted, truth, CLASSES))
    assert [float(score) for score in found] == pytest.approx(by_definition(predicted, truth), nan_ok=True)


@given(pairs)
def test_labels_read_as_they_are_score_one(pair: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> None:
    _, truth = pair
    found = accuracy(confusion(truth, truth, CLASSES))
    assert all(float(score) == 1 or (truth == IGNORE).all() for score in found)


@given(pairs, st.permutations(range(CLASSES)))
def test_the_order_of_the_classes_changes_nothing(
    pair: tuple[NDArray[np.uint8], NDArray[np.uint8]], order: list[int]
) -> None:
    table = np.full(256, IGNORE, np.uint8)
    table[:CLASSES] = order
    before, after = (
        accuracy(confusion(table_[pair[0]], table_[pair[1]], CLASSES))
        for table_ in (np.arange(256, dtype=np.uint8), table)
    )
    assert list(map(float, before)) == pytest.approx(list(map(float, after)), nan_ok=True)


def test_pictures_are_scored_together() -> None:
    truths = [np.zeros((2, 2), np.uint8), np.ones((6, 6), np.uint8)]
    said = np.zeros((6, 6), np.uint8)
    counts = np.array([confusion(said[: t.shape[0], : t.shape[1]], t, 2) for t in truths])
    assert float(accuracy(counts.sum(0)).pixel) == 4 / 40  # not the mean of 1 and 0
    assert accuracy(counts).pixel.tolist() == [1, 0]


def test_a_prediction_of_no_class_is_wrong() -> None:
    truth = np.zeros((1, 4), np.uint8)
    said = np.array([[0, 0, IGNORE, 7]], np.uint8)
    found = accuracy(confusion(said, truth, 2))
    assert [float(score) for score in found] == [0.5, 0.5, 0.5]


def test_a_class_that_no_label_has_is_not_among_those_meaned() -> None:
    counts = confusion(np.array([[0, 2]], np.uint8), np.array([[0, 0]], np.uint8), 3)
    assert float(accuracy(counts).by_class) == 0.5
    assert np.isnan(each_class(counts)[1][1:]).all()


def test_another_size_or_a_label_that_is_no_class_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(2, 2\)"):
        confusion(np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8), 2)
    with pytest.raises(ValueError, match="label 2"):
        confusion(np.zeros((1, 1), np.uint8), np.full((1, 1), 2, np.uint8), 2)
