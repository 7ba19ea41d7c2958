"""Scores of outputs beside their targets, one picture after the other, and what they come to."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from pixlate import draws
from pixlate.evaluation import reading
from pixlate.evaluation.extractors import Perceptual
from pixlate.evaluation.matching import Match, Matched
from pixlate.evaluation.reading import Levels
from pixlate.evaluation.report import PictureScores, Report, Score
from pixlate.images import lab
from pixlate.metrics import bootstrap, colour, paired
from pixlate.specs.evaluation import Rule

Track = Callable[[Sequence[Match]], Iterable[Match]]


@dataclass(frozen=True)
class Spread:
    """How the colours of one picture and of its target are spread: counts by axis."""

    output: dict[str, colour.Counts]
    target: dict[str, colour.Counts]


def score(
    matched: Matched,
    rule: Rule,
    *,
    name: str | None = None,
    seed: int = 0,
    perceptual: Perceptual | None = None,
    track: Track = iter,
) -> Report:
    """Every score of every picture, their means, and how far these would go with other pictures.

    `name` is what to call the outputs; `perceptual` measures LPIPS.

    Raises:
        PictureError: one cannot be read or compared.
    """
    pictures: list[PictureScores] = []
    spreads: list[Spread] = []
    names: tuple[str, ...] = ()
    for match in track(matched.matches):
        output, target = reading.read(match, matched.half, rule)
        found = _scores(output, target)
        if perceptual is not None:
            found["lpips"] = perceptual(output, target)
        names = tuple(found)
        pictures.append(PictureScores(match.name, tuple(map(float, found.values()))))
        if output.shape[-1] == 3:
            spreads.append(Spread(_spread(output), _spread(target)))
    weights = bootstrap.resamples(len(pictures), draws.seed(seed, "bootstrap"))
    values = np.array([picture.values for picture in pictures])
    scores = {name: _score(values[:, place], weights) for place, name in enumerate(names)}
    colours, curves = _colours(spreads, weights) if len(spreads) == len(pictures) else ({}, {})
    return Report(
        outputs=name or str(matched.outputs),
        targets=str(matched.targets),
        rule=str(rule),
        half=matched.half,
        scores=scores,
        colours=colours,
        curves=curves,
        pictures=tuple(pictures),
        notes=matched.notes,
        weights=None if perceptual is None else perceptual.sha256,
    )


def _spread(levels: Levels) -> dict[str, colour.Counts]:
    return colour.histograms(lab.to_lab(levels.astype(np.float32) / np.float32(255)))


def _scores(output: Levels, target: Levels) -> dict[str, float]:
    one, other = (torch.from_numpy(np.array(levels)) for levels in (output, target))
    return paired.scores(one, other) | {"ms_ssim": paired.ms_ssim(one, other)}


def _score(values: colour.Counts, weights: bootstrap.Floats) -> Score:
    """NaN where a picture has none; infinite, and with no interval, where one of them is."""
    if np.isnan(values).any():
        return Score(float("nan"), (float("nan"), float("nan")))
    mean = float(values.mean())
    return Score(mean, bootstrap.interval(weights @ values / len(values)) if np.isfinite(mean) else (mean, mean))


def _colours(
    spreads: list[Spread], weights: bootstrap.Floats
) -> tuple[dict[str, Score], dict[str, tuple[list[float], list[float]]]]:
    scores: dict[str, Score] = {}
    curves: dict[str, tuple[list[float], list[float]]] = {}
    for axis in colour.AXES:
        made = np.array([spread.output[axis] for spread in spreads])
        wanted = np.array([spread.target[axis] for spread in spreads])
        likeness = float(colour.intersection(made.sum(0), wanted.sum(0)))
        scores[axis] = Score(likeness, bootstrap.interval(colour.intersection(weights @ made, weights @ wanted)))
        curves[axis] = (colour.probabilities(made.sum(0)).tolist(), colour.probabilities(wanted.sum(0)).tolist())
    return scores, curves
