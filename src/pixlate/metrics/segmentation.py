"""How well predicted classes fit the labels (Long et al., 2015, section 5), as pix2pix's Tables 1 to 3 and 6 tell it.

Everything is counted before anything is divided, so that a score of many pictures is one of all their pixels.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

IGNORE = 255
Classes = NDArray[np.uint8]
Counts = NDArray[np.float64]


class Accuracy(NamedTuple):
    """Three scores in 0 … 1, of however many sums the counts had."""

    pixel: Counts
    """The share of labelled pixels whose class is right."""
    by_class: Counts
    """The mean over classes of the share of a class's pixels that are right."""
    iou: Counts
    """The mean over classes of right pixels over those that are of the class or are said to be."""


def confusion(predicted: Classes, truth: Classes, classes: int) -> Counts:
    """Pixels by true and predicted class, (classes, classes + 1); the last column is for predictions of no class.

    Pixels of label IGNORE are left out.

    Raises:
        ValueError: another size, or a label that is no class.
    """
    if predicted.shape != truth.shape:
        raise ValueError(f"predictions {predicted.shape} for labels {truth.shape}")
    labelled = truth != IGNORE
    told = truth[labelled].astype(np.int64)
    if told.size and told.max() >= classes:
        raise ValueError(f"a label {told.max()} of {classes} classes")
    said = np.minimum(predicted[labelled], classes).astype(np.int64)
    counted = np.bincount(told * (classes + 1) + said, minlength=classes * (classes + 1))
    return counted.reshape(classes, classes + 1).astype(np.float64)


def each_class(counts: Counts) -> tuple[Counts, Counts]:
    """Accuracy and IoU of each class (…, classes), NaN of one that no label has, of (…, classes, classes + 1)."""
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    true, said = counts.sum(-1), counts[..., :-1].sum(-2)
    with np.errstate(invalid="ignore", divide="ignore"):
        accuracy = right / true
        iou = np.where(true > 0, right / (true + said - right), np.nan)
    return accuracy, iou


def accuracy(counts: Counts) -> Accuracy:
    """The three scores of counts (…, classes, classes + 1). Classes that no label has are not among those meaned."""
    each, ious = each_class(counts)
    right = np.diagonal(counts, axis1=-2, axis2=-1).sum(-1)
    with np.errstate(invalid="ignore"):
        return Accuracy(right / counts.sum((-2, -1)), _mean(each), _mean(ious))


def _mean(values: Counts) -> Counts:
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        means: Counts = np.where(known, values, 0).sum(-1) / known.sum(-1)
    return means
