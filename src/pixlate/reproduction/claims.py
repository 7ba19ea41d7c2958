"""What pix2pix says of its tables, each as a question to ours: it holds, it does not, or that is undecided."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pixlate.evaluation.accuracy import CEILING

Verdict = Literal["holds", "does not hold", "undecided"]
Results = Mapping[str, Mapping[int, Mapping[str, Any]]]
"""Scores by experiment and seed."""

_SEEDS = 3
"""Fewer decide nothing, for training again alone moves scores."""


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper."""

    where: str
    says: str
    lesser: tuple[str, ...]
    """Experiments of which each is to have less …"""
    greater: tuple[str, ...]
    """… than each of these; `real photographs` are one too."""
    of: str
    """What is compared, for a person."""
    value: Callable[[Mapping[str, Any]], float | None]
    share: float = 1.0
    """So much of theirs is the bar that the lesser must stay below."""

    @property
    def by_segmenter(self) -> bool:
        """Whether a segmenter says so; one that reads nothing decides nothing."""
        return self.value in (_iou, _pixel)


@dataclass(frozen=True)
class Finding:
    """What became of a claim here."""

    claim: Claim
    verdict: Verdict
    why: str


def _iou(scores: Mapping[str, Any]) -> float | None:
    return _mean(scores, "fcn", "iou")


def _pixel(scores: Mapping[str, Any]) -> float | None:
    return _mean(scores, "fcn", "pixel")


def _sharpness(scores: Mapping[str, Any]) -> float | None:
    return scores.get("sharpness")


def _variety(scores: Mapping[str, Any]) -> float | None:
    return scores.get("variety")


def _noise(scores: Mapping[str, Any]) -> float | None:
    return scores.get("noise")


def _colour_in_common(scores: Mapping[str, Any]) -> float | None:
    found = [_mean(scores, "colour", axis) for axis in ("a", "b")]
    return None if None in found else float(np.mean([value for value in found if value is not None]))


def _colour_width(scores: Mapping[str, Any]) -> float | None:
    """The standard deviation of a and b together."""
    curves = scores.get("curves")
    if not curves:
        return None
    return float(np.sqrt(sum(_variance(np.array(curves[axis])) for axis in ("a", "b"))))


def _variance(probabilities: Any) -> float:  # noqa: ANN401
    values = np.arange(len(probabilities))
    mean = (probabilities * values).sum()
    return float((probabilities * (values - mean) ** 2).sum())


def _mean(scores: Mapping[str, Any], kind: str, name: str) -> float | None:
    found = scores.get(kind, {}).get(name)
    return None if found is None else found["mean"]


CLAIMS = (
    Claim(
        "Table 1",
        "GAN alone collapses: its outputs vary less than a quarter of what conditional ones do",
        ("GAN",),
        ("cGAN", "L1+cGAN"),
        "variety",
        _variety,
        share=0.25,
    ),
    Claim(
        "Table 1",
        "GAN alone scores lowest",
        ("GAN",),
        ("L1", "cGAN", "L1+GAN", "L1+cGAN"),
        "class IOU",
        _iou,
    ),
    Claim("Table 1", "L1 alone is blurred", ("L1",), ("cGAN", "L1+cGAN"), "sharpness", _sharpness),
    Claim(
        "Table 1",
        "L1 alone scores below the conditional losses",
        ("L1",),
        ("cGAN", "L1+cGAN"),
        "class IOU",
        _iou,
    ),
    Claim(
        "Table 1",
        "L1+cGAN scores best",
        ("L1", "GAN", "cGAN", "L1+GAN"),
        ("L1+cGAN",),
        "per-pixel acc.",
        _pixel,
    ),
    Claim(
        "Table 2",
        "without skips it scores lower, with L1",
        ("encoder-decoder, L1",),
        ("U-Net, L1",),
        "class IOU",
        _iou,
    ),
    Claim(
        "Table 2",
        "without skips it scores lower, with L1+cGAN",
        ("encoder-decoder, L1+cGAN",),
        ("U-Net, L1+cGAN",),
        "class IOU",
        _iou,
    ),
    Claim(
        "Table 3",
        "1×1 does not sharpen: it stays below 16×16 and 70×70",
        ("1x1",),
        ("16x16", "L1+cGAN"),
        "sharpness",
        _sharpness,
    ),
    Claim("Table 3", "1×1 gives more colour than L1", ("L1",), ("1x1",), "width of a and b", _colour_width),
    Claim(
        "Table 3",
        "1×1 scores below 16×16 and 70×70",
        ("1x1",),
        ("16x16", "L1+cGAN"),
        "class IOU",
        _iou,
    ),
    Claim("Table 3", "286×286 scores below 70×70", ("286x286",), ("L1+cGAN",), "class IOU", _iou),
    Claim(
        "Figure 7",
        "L1's colours are narrower than the real ones",
        ("L1",),
        (CEILING,),
        "width of a and b",
        _colour_width,
    ),
    Claim(
        "Figure 7",
        "L1+cGAN's colours have more in common with the real ones than L1's",
        ("L1",),
        ("L1+cGAN",),
        "mean of a and b in common",
        _colour_in_common,
    ),
    Claim(
        "Table 6",
        "of labels, L1 alone scores best",
        ("labels, cGAN", "labels, L1+cGAN"),
        ("labels, L1",),
        "class IOU",
        lambda scores: _mean(scores, "labels", "iou"),
    ),
    Claim(
        "Section 3.1",
        "Gaussian z is ignored: it moves outputs less than a tenth of what dropout does",
        ("z",),
        ("L1+cGAN",),
        "noise",
        _noise,
        share=0.1,
    ),
    Claim(
        "CycleGAN, Table 4",
        "the cycle alone scores below all that have a discriminator",
        ("cycle alone",),
        ("GAN alone", "GAN + forward cycle", "GAN + backward cycle", "CycleGAN"),
        "class IOU",
        _iou,
    ),
    Claim(
        "CycleGAN, Table 4",
        "with the backward cycle only it scores below both cycles",
        ("GAN + backward cycle",),
        ("CycleGAN",),
        "class IOU",
        _iou,
    ),
)


def judge(results: Results, real: Mapping[str, Any]) -> list[Finding]:
    """What became of each claim whose experiments were done, seed by seed."""
    findings = []
    for claim in CLAIMS:
        names = [name for name in (*claim.lesser, *claim.greater) if name != CEILING]
        if not all(results.get(name) for name in names):
            continue
        seeds = sorted(set.intersection(*(set(results[name]) for name in names)))
        pairs = [(less, more) for less in claim.lesser for more in claim.greater]
        gaps = np.array(
            [[_gap(claim, results, real, *pair, seed) for pair in pairs] for seed in seeds], dtype=np.float64
        )
        if not gaps.size or np.isnan(gaps).any():
            continue
        if claim.by_segmenter and real.get("warning"):
            why = f"{claim.of}: the segmenter reads too little for its scores to mean anything"
            findings.append(Finding(claim, "undecided", why))
        else:
            findings.append(_found(claim, gaps, pairs, seeds, results, real))
    return findings


def _gap(claim: Claim, results: Results, real: Mapping[str, Any], less: str, more: str, seed: int) -> float:
    values = [claim.value(real if name == CEILING else results[name][seed]) for name in (less, more)]
    return float("nan") if None in values else float(claim.share * values[1] - values[0])  # type: ignore[operator]


def _found(
    claim: Claim,
    gaps: NDArray[np.float64],
    pairs: Sequence[tuple[str, str]],
    seeds: Sequence[int],
    results: Results,
    real: Mapping[str, Any],
) -> Finding:
    """It holds where all pairs stand as claimed with each seed, and fails where one stands the other way with each."""
    verdict: Verdict = "undecided"
    if len(seeds) >= _SEEDS:
        if (gaps > 0).all():
            verdict = "holds"
        elif (gaps <= 0).all(axis=0).any():
            verdict = "does not hold"
    told = []
    for place, (less, more) in enumerate(pairs):
        right = int((gaps[:, place] > 0).sum())
        means = [_average(claim, results, real, name, seeds) for name in (less, more)]
        told.append(f"{less} {means[0]:.3f}, {more} {means[1]:.3f} (as claimed with {right} of {len(seeds)} seeds)")
    bar = "" if claim.share == 1 else f", the bar {claim.share:g} of the greater"
    few = f"; {len(seeds)} of {_SEEDS} seeds, so nothing is decided" if len(seeds) < _SEEDS else ""
    return Finding(claim, verdict, f"{claim.of}{bar}: {'; '.join(told)}{few}")


def _average(claim: Claim, results: Results, real: Mapping[str, Any], name: str, seeds: Sequence[int]) -> float:
    values = [claim.value(real if name == CEILING else results[name][seed]) for seed in seeds]
    return float(np.mean([value for value in values if value is not None]))
