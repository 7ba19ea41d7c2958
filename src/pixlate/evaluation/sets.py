"""Two sets of pictures beside each other, nothing paired: FID, KID, precision and recall, or their like."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixlate import draws
from pixlate.evaluation.extractors import Origin
from pixlate.evaluation.report import Score
from pixlate.metrics import bootstrap, distribution

Features = NDArray[np.float64]
_TIMES, _LARGE = 200, 300
"""Resamples, each of which takes a decomposition; of sets of more pictures than that a quarter as many."""
_NEIGHBOURS = 3


@dataclass(frozen=True)
class Distances:
    """How far two sets are apart, by one network's features."""

    origin: Origin
    counts: tuple[int, int]
    scores: dict[str, Score]
    features: int

    @property
    def titles(self) -> dict[str, str]:
        """What the scores may be called: FID and KID are those of one network only."""
        by = "" if self.origin.standard else f" by {self.origin.name}"
        names = ("FID", "KID × 1000") if self.origin.standard else ("Fréchet distance", "kernel distance × 1000")
        told = {"frechet": names[0], "kernel": names[1], "precision": "precision", "recall": "recall"}
        return {name: title + by for name, title in told.items()}

    def lines(self) -> list[str]:
        """For a terminal."""
        told = [f"{self.counts[0]} outputs, {self.counts[1]} targets; {self.features} features of {self.origin.name}"]
        told.append(f"SHA-256 {self.origin.sha256}; resized: {self.origin.resize}")
        for name, title in self.titles.items():
            if name in self.scores:
                score = self.scores[name]
                told.append(f"{title:44}{score.mean:9.3f}   {score.interval[0]:.3f} to {score.interval[1]:.3f}")
        if min(self.counts) < self.features:
            told.append(
                "There are fewer pictures than features: the Fréchet distance comes out too great, and compares only "
                "with that of as many pictures."
            )
        return told

    def to_document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "scores": {self.titles[name]: score.to_document() for name, score in self.scores.items()},
            "extractor": self.origin.name,
            "sha256": self.origin.sha256,
            "resize": self.origin.resize,
            "features": self.features,
            "outputs": self.counts[0],
            "targets": self.counts[1],
            "intervals": f"{bootstrap.LEVEL:.0%} by bootstrap over the pictures of both, centred",
        }


def compare(outputs: Features, targets: Features, origin: Origin, seed: int = 0) -> Distances:
    """The distances of two sets of features (pictures, features)."""
    found = _measured(outputs, targets)
    generator = np.random.Generator(np.random.PCG64(draws.seed(seed, "bootstrap of sets")))
    replicates: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(_TIMES if max(len(outputs), len(targets)) <= _LARGE else _TIMES // 4):
        drawn = (each[generator.integers(len(each), size=len(each))] for each in (outputs, targets))
        for name, value in _measured(*drawn).items():
            replicates[name].append(value)
    scores = {}
    for name, value in found.items():
        # Resampling repeats pictures, which moves these distances; how far they go is what is wanted of it, not where.
        low, high = bootstrap.interval(np.array(replicates[name]) - np.mean(replicates[name]))
        least, most = (0.0, 1.0) if name in ("precision", "recall") else (-np.inf, np.inf)
        scores[name] = Score(value, (max(value + low, least), min(value + high, most)))
    return Distances(origin, (len(outputs), len(targets)), scores, outputs.shape[1])


def _measured(outputs: Features, targets: Features) -> dict[str, float]:
    found = {
        "frechet": distribution.frechet(outputs, targets),
        "kernel": 1000 * distribution.kernel(outputs, targets),
    }
    if min(len(outputs), len(targets)) > _NEIGHBOURS:
        precision, recall = distribution.precision_recall(outputs, targets, _NEIGHBOURS)
        found |= {"precision": precision, "recall": recall}
    return found


def features(
    pictures: Sequence[Any],
    read: Callable[[Any], Any],
    of: Callable[[Any], Features],
    track: Callable[[Any], Iterable[Any]],
) -> Features:
    """Those of each picture, (pictures, features)."""
    return np.array([of(read(picture)) for picture in track(pictures)])
