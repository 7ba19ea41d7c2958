"""Everything that one evaluation finds: scores pair by pair, and of the two sets as wholes."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pixlate.errors import DataError
from pixlate.evaluation import extractors, reading, scoring, sets
from pixlate.evaluation.matching import Matched, half_of, match, pictures_of
from pixlate.evaluation.report import Report
from pixlate.evaluation.sets import Distances
from pixlate.specs.evaluation import EvaluationConfig

T = TypeVar("T")
Track = Callable[[Sequence[T], str], Iterable[T]]
"""The things, shown on the way; the second is what is done with them."""


@dataclass(frozen=True)
class Evaluation:
    """What was found."""

    outputs: str
    targets: str
    matched: Matched | None
    """None where nothing is paired; then there is no report either."""
    report: Report | None
    distances: tuple[Distances, ...]
    """By each network in turn."""

    def lines(self) -> list[str]:
        """For a terminal."""
        told = [f"{self.outputs} beside {self.targets}, unpaired"] if self.report is None else self.report.lines()
        for one in self.distances:
            told += ["", *one.lines()]
        return told

    def to_json(self) -> str:
        """Each score at the top, by its name; those of whole sets under `sets`."""
        head: dict[str, Any] = {"outputs": self.outputs, "targets": self.targets}
        document = head if self.report is None else self.report.to_document()
        document["sets"] = [one.to_document() for one in self.distances]
        return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def evaluate(
    outputs: Path, targets: Path, config: EvaluationConfig, *, name: str | None = None, track: Track[Any] | None = None
) -> Evaluation:
    """Compare two folders; `name` is what to call the outputs.

    Raises:
        DataError: folders that do not match, or hold too little.
        PictureError: a picture that cannot be read or compared.
        ModelFileError: a network's file that cannot be read.
        ConfigError: settings that contradict one another, or another network's file.
    """
    config.check()
    shown = track or (lambda things, _what: things)
    networks = [extractors.extractor(Path(path), config.device) for path in config.features]
    perceptual = None
    if config.lpips is not None:
        perceptual = extractors.Perceptual(Path(config.lpips[0]), Path(config.lpips[1]), config.device)
    half, matched, report = half_of(config.direction), None, None
    if config.unpaired:
        made, wanted = pictures_of(outputs), pictures_of(targets)
    else:
        matched = match(outputs, targets, half, common=config.common)
        made, wanted = ([getattr(one, side) for one in matched.matches] for side in ("output", "target"))
        report = scoring.score(
            matched,
            config.rule,
            name=name,
            seed=config.seed,
            perceptual=perceptual,
            track=lambda matches: shown(matches, "scoring"),
        )
    if networks and min(len(made), len(wanted)) < 2:
        raise DataError("To compare two sets as wholes takes two pictures in each, or more.")
    found = []
    for network in networks:
        both = [
            sets.features([(path, part) for path in paths], reading.lone(config.rule), network, what)
            for paths, part, what in (
                (made, "whole", lambda pictures: shown(pictures, "looking at outputs")),
                (wanted, half, lambda pictures: shown(pictures, "looking at targets")),
            )
        ]
        found.append(sets.compare(both[0], both[1], network.origin, config.seed))
    return Evaluation(name or str(outputs), str(targets), matched, report, tuple(found))
