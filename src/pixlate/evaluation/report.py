"""What an evaluation found: as a table, as JSON, as CSV. Imports no torch."""

import csv
import io
import math
from dataclasses import dataclass
from typing import Any

from pixlate.images import Half
from pixlate.metrics.bootstrap import LEVEL, TIMES


@dataclass(frozen=True)
class Score:
    """A mean over pictures, and the ends of its interval."""

    mean: float
    interval: tuple[float, float]

    def to_document(self) -> dict[str, Any]:
        """As JSON: null for what is no finite number, which JSON cannot say."""
        return {"mean": finite(self.mean), "interval": [finite(end) for end in self.interval]}


@dataclass(frozen=True)
class PictureScores:
    """The scores of one picture, in the order of `Report.names`."""

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class Measure:
    """How a score is told."""

    title: str
    unit: str
    digits: int
    greater_is_better: bool


MEASURES = {
    "l1": Measure("L1", "0 … 255", 2, greater_is_better=False),
    "psnr": Measure("PSNR", "dB, peak 255", 2, greater_is_better=True),
    "ssim": Measure("SSIM", "up to 1", 3, greater_is_better=True),
    "ms_ssim": Measure("MS-SSIM", "up to 1", 3, greater_is_better=True),
    "lpips": Measure("LPIPS", "AlexNet", 3, greater_is_better=False),
}


@dataclass(frozen=True)
class Report:
    """All that was found of one set of outputs."""

    outputs: str
    targets: str
    rule: str
    """What was done about pictures of different sizes."""
    half: Half
    scores: dict[str, Score]
    colours: dict[str, Score]
    """Intersections of the distributions of L, a and b with those of the targets; none of grey pictures."""
    curves: dict[str, tuple[list[float], list[float]]]
    """Those distributions themselves, of outputs and of targets, by axis."""
    pictures: tuple[PictureScores, ...]
    notes: tuple[str, ...]
    weights: str | None = None
    """SHA-256 of LPIPS's weights, where it was measured."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the scores."""
        return tuple(self.scores)

    def to_document(self) -> dict[str, Any]:
        """As JSON: each score at the top, by its name."""
        return {
            **{name: score.to_document() for name, score in self.scores.items()},
            "colour": {axis: score.to_document() for axis, score in self.colours.items()},
            "count": len(self.pictures),
            "outputs": self.outputs,
            "targets": self.targets,
            "half": self.half,
            "sizes": self.rule,
            "intervals": f"{LEVEL:.0%} by bootstrap over pictures, {TIMES} resamples",
            "notes": list(self.notes),
            **({"lpips_sha256": self.weights} if self.weights else {}),
        }

    def to_csv(self) -> str:
        """A line for each picture."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["name", *self.names])
        writer.writerows([picture.name, *map(_cell, picture.values)] for picture in self.pictures)
        return text.getvalue()

    def lines(self) -> list[str]:
        """The table for a terminal."""
        head = f"{len(self.pictures)} pictures; {self.outputs} beside {self.targets}"
        told = [*self.notes, head if self.half == "whole" else f"{head} ({self.half} halves)", f"{self.rule}", ""]
        told.append(f"{'':24}{'mean':>9}   {LEVEL:.0%} interval")
        for name, score in self.scores.items():
            measure = MEASURES[name]
            told.append(_row(f"{measure.title} ({measure.unit})", score, measure.digits))
        told += [_row(f"colour: {axis} in common", score, 3) for axis, score in self.colours.items()]
        if math.isnan(self.scores["ms_ssim"].mean):
            told.append("MS-SSIM wants pictures of 176 px or more a side.")
        return told

    def ranked(self, by: str = "ssim") -> list[int]:
        """The places of the pictures, from the worst to the best."""
        place = self.names.index(by)
        sign = 1 if MEASURES[by].greater_is_better else -1
        return sorted(range(len(self.pictures)), key=lambda index: sign * self.pictures[index].values[place])


def _row(title: str, score: Score, digits: int) -> str:
    low, high = score.interval
    shown = "–" if math.isnan(low) or math.isinf(low) else f"{low:.{digits}f} to {high:.{digits}f}"
    return f"{title:24}{_shown(score.mean, digits):>9}   {shown}"


def _shown(value: float, digits: int) -> str:
    return "–" if math.isnan(value) else "∞" if math.isinf(value) else f"{value:.{digits}f}"


def finite(value: float) -> float | None:
    """None for what is no finite number, which JSON cannot say."""
    return value if math.isfinite(value) else None


def _cell(value: float) -> str:
    return "" if math.isnan(value) else repr(value)
