"""Rows of the paper's Tables 1, 2, 3 and 6: accuracy of each set of predictions, with intervals. Imports no torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pixlate import draws
from pixlate.evaluation.report import Score, finite
from pixlate.metrics import bootstrap, segmentation
from pixlate.metrics.bootstrap import LEVEL, TIMES
from pixlate.metrics.segmentation import Accuracy, Counts

TITLES = {"pixel": "per-pixel acc.", "by_class": "per-class acc.", "iou": "class IOU"}
CEILING, SHUFFLED, MAJORITY = "real photographs", "photographs of other scenes", "the commonest class"


@dataclass(frozen=True)
class AccuracyRow:
    """One set of predictions: its three scores, and those of each class (NaN where no label has it)."""

    scores: dict[str, Score]
    each_accuracy: tuple[float, ...]
    each_iou: tuple[float, ...]


@dataclass(frozen=True)
class AccuracyTable:
    """Several, of the same labels."""

    rows: dict[str, AccuracyRow]
    names: tuple[str, ...]
    """Of the classes."""
    count: int
    notes: tuple[str, ...] = ()
    warning: str = ""
    """Why scores of outputs mean nothing here; empty where the ceiling row stands clear of the guesses."""

    def lines(self) -> list[str]:
        """The table for a terminal."""
        wide = max(map(len, self.rows)) + 2
        told = [*self.notes, f"{self.count} pictures, {len(self.names)} classes; {LEVEL:.0%} intervals", ""]
        told.append(" " * wide + "".join(f"{title:>24}" for title in TITLES.values()))
        told += [
            f"{name:{wide}}" + "".join(f"{_shown(row.scores[score]):>24}" for score in TITLES)
            for name, row in self.rows.items()
        ]
        told += ["", f"{'class IOU':{wide}}" + "".join(f"{name[:10]:>11}" for name in self.names)]
        told += [
            f"{name:{wide}}" + "".join(f"{value:>11.3f}" if value == value else f"{'–':>11}" for value in row.each_iou)  # noqa: PLR0124 - NaN
            for name, row in self.rows.items()
        ]
        return [*told, *(["", self.warning] if self.warning else [])]

    def to_document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "rows": {name: row_document(row, self.names) for name, row in self.rows.items()},
            "classes": list(self.names),
            "count": self.count,
            "meaningful": not self.warning if CEILING in self.rows else None,
            "intervals": f"{LEVEL:.0%} by bootstrap over pictures, {TIMES} resamples",
            "notes": [*self.notes, *([self.warning] if self.warning else [])],
        }


def row_document(row: AccuracyRow, names: tuple[str, ...]) -> dict[str, Any]:
    """One row as JSON."""
    each = {
        name: {"accuracy": finite(accuracy), "iou": finite(iou)}
        for name, accuracy, iou in zip(names, row.each_accuracy, row.each_iou, strict=True)
    }
    return {name: score.to_document() for name, score in row.scores.items()} | {"classes": each}


def row_of(counts: Counts, seed: int) -> AccuracyRow:
    """Of pixels by true and predicted class, picture by picture (pictures, classes, classes + 1)."""
    whole = segmentation.accuracy(counts.sum(0))
    resampled = _resampled(counts, seed)
    each, ious = segmentation.each_class(counts.sum(0))
    scores = {
        name: Score(float(getattr(whole, name)), bootstrap.interval(getattr(resampled, name)))
        for name in Accuracy._fields
    }
    return AccuracyRow(scores, tuple(each.tolist()), tuple(ious.tolist()))


def table(
    counts: Mapping[str, Counts], names: tuple[str, ...], seed: int, notes: tuple[str, ...] = ()
) -> AccuracyTable:
    """The table of several sets of predictions, by their names."""
    first = next(iter(counts.values()))
    absent = [name for name, pixels in zip(names, first.sum((0, 2)), strict=True) if not pixels]
    if absent:
        notes = (*notes, f"No label has {', '.join(absent)}: left out of the means over classes.")
    rows = {name: row_of(each, seed) for name, each in counts.items()}
    return AccuracyTable(rows, names, len(first), notes, _blind(counts, seed))


def _blind(counts: Mapping[str, Counts], seed: int) -> str:
    """A sentence where the ceiling row does not stand clear of a guess, in per-pixel accuracy and in class IOU.

    It does where it is above in all but a fortieth of the resamples, the same pictures in both.
    """
    for guess in (MAJORITY, SHUFFLED):
        if CEILING not in counts or guess not in counts:
            continue
        real, other = (_resampled(counts[name], seed) for name in (CEILING, guess))
        for name in ("pixel", "iou"):
            if bootstrap.interval(getattr(real, name) - getattr(other, name))[0] <= 0:
                told = [float(getattr(segmentation.accuracy(counts[row].sum(0)), name)) for row in (CEILING, guess)]
                return (
                    f"The segmenter reads {CEILING} no better than {guess}: {TITLES[name]} {told[0]:.3f} beside "
                    f"{told[1]:.3f}. Scores by it mean nothing. Are labels and photographs of one scene, and "
                    "photographs as coarse as those it was trained on?"
                )
    return ""


def _resampled(counts: Counts, seed: int) -> Accuracy:
    weights = bootstrap.resamples(len(counts), draws.seed(seed, "bootstrap"))
    return segmentation.accuracy((weights @ counts.reshape(len(counts), -1)).reshape(-1, *counts.shape[1:]))


def of_commonest(counts: Counts) -> Counts:
    """What a guess of the commonest class everywhere would count, of the same labels."""
    truth = counts.sum(2)
    guessed = np.zeros_like(counts)
    guessed[:, :, int(truth.sum(0).argmax())] = truth
    return guessed


def _shown(score: Score) -> str:
    low, high = score.interval
    return f"{score.mean:.3f} ({low:.3f}–{high:.3f})" if np.isfinite(low) else f"{score.mean:.3f}"
