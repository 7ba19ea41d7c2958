"""Scores and samples from fixed validation pictures."""

from dataclasses import dataclass

import torch
from torch import Tensor

from pixlate import draws, images
from pixlate.data import loading
from pixlate.data.finding import Pair
from pixlate.data.loading import Channels
from pixlate.devices import Device
from pixlate.images import Picture
from pixlate.methods.protocol import Method
from pixlate.metrics import paired
from pixlate.metrics.guesses import Guesses
from pixlate.networks.noise import Noise
from pixlate.training.planning import Plan

_LEARN_AT_MOST = 1000
"""Training pairs the guesses are made from, at most."""


@dataclass(frozen=True)
class Shown:
    """One validation picture, at the training size: source and target (H, W, C)."""

    name: str
    source: Picture
    target: Picture


class Validation:
    """The first validation pairs of the run by name: up to `validate_on` are scored, up to `samples` shown."""

    def __init__(self, planned: Plan) -> None:
        loop, looked = planned.config.loop, planned.survey
        self._plan = planned
        self._channels = Channels(looked.source_channels, looked.target_channels)
        self.held_out = bool(looked.val)
        pairs = looked.val or looked.train
        chosen = _spread(pairs, max(loop.validate_on if self.held_out else 0, loop.samples))
        self._shown = [self._read(pair) for pair in chosen]
        self._scored = min(len(self._shown), loop.validate_on) if self.held_out else 0

    def measure(self, method: Method, device: Device) -> tuple[dict[str, float], Picture | None]:
        """Mean scores over the held-out pictures, and the grid of samples: a row of sources, of outputs, of targets."""
        each: list[dict[str, float]] = []
        outputs: list[Picture] = []
        for index, shown in enumerate(self._shown[: max(self._scored, self._plan.config.loop.samples)]):
            output = self._translate(shown, method, device)
            if index < self._scored:
                each.append(paired.scores(_bytes(output), _bytes(shown.target)))
            outputs.append(output)
        count = self._plan.config.loop.samples
        rows = [[s.source for s in self._shown[:count]], outputs[:count], [s.target for s in self._shown[:count]]]
        return paired.mean_scores(each), images.grid(rows) if rows[0] else None

    def guess(self) -> dict[str, dict[str, float]]:
        """Mean scores, over the same pictures, of the two guesses any translator must be seen beside."""
        if not self._scored:
            return {}
        guesses = Guesses()
        training = _spread(self._plan.survey.train, _LEARN_AT_MOST)
        for pair in training:
            learned = self._read(pair)
            guesses.learn(_bytes(learned.source), _bytes(learned.target))
        mean = guesses.mean_target()
        each: dict[str, list[dict[str, float]]] = {"mean target": [], "nearest source's target": []}
        for shown in self._shown[: self._scored]:
            target = _bytes(shown.target)
            nearest = self._read(training[guesses.nearest(_bytes(shown.source))])
            each["mean target"].append(paired.scores(mean, target))
            each["nearest source's target"].append(paired.scores(_bytes(nearest.target), target))
        return {name: paired.mean_scores(scores) for name, scores in each.items()}

    def _translate(self, shown: Shown, method: Method, device: Device) -> Picture:
        noise = Noise(draws.seed(self._plan.config.loop.seed, "validation", shown.name))
        output = method.sample(loading.to_tensor(shown.source)[None].to(device.torch), noise)
        return images.to_uint8(output[0].float().cpu().numpy())

    def _read(self, pair: Pair) -> Shown:
        return Shown(pair.name, *loading.read_settled(pair, self._channels, self._plan.preparation))


def _bytes(picture: Picture) -> Tensor:
    return torch.tensor(picture)


def _spread(pairs: tuple[Pair, ...], count: int) -> list[Pair]:
    """At most `count` pairs, evenly spread over the set."""
    if count >= len(pairs):
        return list(pairs)
    return [pairs[index * len(pairs) // count] for index in range(count)]
