"""Validation where every source has its target: scores beside the targets, and beside two guesses."""

from dataclasses import dataclass

import torch
from torch import Tensor

from pixlate import images
from pixlate.data.dividing import Examples
from pixlate.data.finding import PictureFile
from pixlate.devices import Device
from pixlate.images import Picture
from pixlate.methods.protocol import Method
from pixlate.metrics import paired
from pixlate.metrics.guesses import Guesses
from pixlate.training.planning import Plan
from pixlate.training.stopping import Stop
from pixlate.training.validation.pictures import Pictures, spread

_LEARN_AT_MOST = 1000
"""Training pairs the guesses are made from, at most."""

Files = tuple[PictureFile, PictureFile]


@dataclass(frozen=True)
class ValidationPair:
    """One validation picture, at the training size: source and target (H, W, C)."""

    name: str
    source: Picture
    target: Picture


class PairedValidation:
    """Fixed pairs, evenly spread over the validation part: up to `validate_on` are scored, up to `samples` shown."""

    def __init__(self, planned: Plan, stop: Stop) -> None:
        self.pictures = Pictures(planned, stop)
        loop, surveyed = planned.config.loop, planned.survey
        self._train, self._sides = surveyed.train, surveyed.sides
        self._scored = [self._read(files) for files in self._readable(surveyed.val, loop.validate_on)]
        shown = surveyed.val if len(surveyed.val) else surveyed.train
        self._shown = [self._read(files) for files in self._readable(shown, loop.samples)]

    def score(self, method: Method, device: Device) -> dict[str, float]:
        """Mean scores over the held-out pictures."""
        outputs = (self._output(method, pair, device) for pair in self._scored)
        return paired.mean_scores(
            [
                paired.scores(self._target(output), self._target(pair.target))
                for output, pair in zip(outputs, self._scored, strict=True)
            ]
        )

    def show(self, method: Method, device: Device) -> Picture | None:
        """The grid of samples: a row of sources, of outputs, of targets."""
        outputs = [images.viewable(self._output(method, pair, device), self._sides.target) for pair in self._shown]
        sources = [images.viewable(pair.source, self._sides.source) for pair in self._shown]
        rows = [sources, outputs, [images.viewable(pair.target, self._sides.target) for pair in self._shown]]
        return images.grid(rows) if outputs else None

    def _output(self, method: Method, pair: ValidationPair, device: Device) -> Picture:
        generator = next(iter(method.shipped.values()))
        return self.pictures.translate(generator, pair.source, pair.name, device, self._sides)

    def guess(self) -> dict[str, dict[str, float]]:
        """Mean scores, over the same pictures, of the two guesses any translator must be seen beside."""
        if not self._scored:
            return {}
        guesses = Guesses()
        training = self._readable(self._train, _LEARN_AT_MOST)
        for files in training:
            self.pictures.go_on()
            learned = self._read(files)
            guesses.learn(self._source(learned.source), self._target(learned.target))
        mean = guesses.mean_target()
        each: dict[str, list[dict[str, float]]] = {"mean target": [], "nearest source's target": []}
        for scored in self._scored:
            self.pictures.go_on()
            target = self._target(scored.target)
            nearest = self._read(training[guesses.nearest(self._source(scored.source))])
            each["mean target"].append(paired.scores(mean, target))
            each["nearest source's target"].append(paired.scores(self._target(nearest.target), target))
        return {name: paired.mean_scores(scores) for name, scores in each.items()}

    def _readable(self, examples: Examples, count: int) -> list[Files]:
        places = spread(range(len(examples)), count)
        pairs = [(examples.sources[place], examples.targets[place]) for place in places]
        return self.pictures.readable(pairs, self._read)

    def _read(self, files: Files) -> ValidationPair:
        return ValidationPair(files[0].name, *self.pictures.pair(files))

    def _source(self, picture: Picture) -> Tensor:
        return torch.tensor(images.levels(picture, self._sides.source))

    def _target(self, picture: Picture) -> Tensor:
        return torch.tensor(images.levels(picture, self._sides.target))
