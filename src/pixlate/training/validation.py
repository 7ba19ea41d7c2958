"""Scores and samples from fixed validation pictures."""

from dataclasses import dataclass

import torch
from torch import Tensor

from pixlate import draws, images
from pixlate.data import loading
from pixlate.data.finding import Pair
from pixlate.data.loading import Channels
from pixlate.devices import Device
from pixlate.errors import PictureError
from pixlate.images import Picture
from pixlate.methods.protocol import Method
from pixlate.metrics import paired
from pixlate.metrics.guesses import Guesses
from pixlate.networks.noise import Noise
from pixlate.networks.normalization import fresh_statistics
from pixlate.training.planning import Plan
from pixlate.training.stopping import Interrupted, Stop

_LEARN_AT_MOST = 1000
"""Training pairs the guesses are made from, at most."""
_ESTIMATE_FROM = 64
"""Training pairs the statistics of averaged weights are estimated from, at most."""


@dataclass(frozen=True)
class ValidationPair:
    """One validation picture, at the training size: source and target (H, W, C)."""

    name: str
    source: Picture
    target: Picture


class Validation:
    """Fixed pairs, evenly spread over the validation part: up to `validate_on` are scored, up to `samples` shown."""

    def __init__(self, planned: Plan, stop: Stop) -> None:
        """Whatever is worked out here ends with `Interrupted` once `stop` is requested."""
        self._stop = stop
        loop, surveyed = planned.config.loop, planned.survey
        self._plan = planned
        self._channels = Channels(surveyed.source_channels, surveyed.target_channels)
        self._scored = [self._read(pair) for pair in self._readable(_spread(surveyed.val, loop.validate_on))]
        self._shown = [
            self._read(pair) for pair in self._readable(_spread(surveyed.val or surveyed.train, loop.samples))
        ]

    def measure(self, method: Method, device: Device) -> tuple[dict[str, float], Picture | None]:
        """Mean scores over the held-out pictures, and the grid of samples: a row of sources, of outputs, of targets."""
        each = [
            paired.scores(_bytes(self._translate(pair, method, device)), _bytes(pair.target)) for pair in self._scored
        ]
        outputs = [self._translate(pair, method, device) for pair in self._shown]
        rows = [[pair.source for pair in self._shown], outputs, [pair.target for pair in self._shown]]
        return paired.mean_scores(each), images.grid(rows) if outputs else None

    def guess(self) -> dict[str, dict[str, float]]:
        """Mean scores, over the same pictures, of the two guesses any translator must be seen beside."""
        if not self._scored:
            return {}
        guesses = Guesses()
        training = self._readable(_spread(self._plan.survey.train, _LEARN_AT_MOST))
        for pair in training:
            self._go_on()
            learned = self._read(pair)
            guesses.learn(_bytes(learned.source), _bytes(learned.target))
        mean = guesses.mean_target()
        each: dict[str, list[dict[str, float]]] = {"mean target": [], "nearest source's target": []}
        for scored in self._scored:
            self._go_on()
            target = _bytes(scored.target)
            nearest = self._read(training[guesses.nearest(_bytes(scored.source))])
            each["mean target"].append(paired.scores(mean, target))
            each["nearest source's target"].append(paired.scores(_bytes(nearest.target), target))
        return {name: paired.mean_scores(scores) for name, scores in each.items()}

    def estimate_statistics(self, method: Method, device: Device) -> None:
        """Give the generators running averages of their own, as averaged weights need that never ran in training."""
        pairs = self._readable(_spread(self._plan.survey.train, _ESTIMATE_FROM))
        size = self._plan.config.loop.batch_size  # as in training, so that the spread among a batch's pictures counts
        for generator in method.shipped.values():
            with fresh_statistics(generator), torch.no_grad():
                for start in range(0, len(pairs), size):
                    self._go_on()
                    sources = [loading.to_tensor(self._read(pair).source) for pair in pairs[start : start + size]]
                    noise = Noise(draws.seed(self._plan.config.loop.seed, "statistics", start))
                    generator(torch.stack(sources).to(device.torch), noise)

    def _go_on(self) -> None:
        if self._stop.requested:
            raise Interrupted

    def _translate(self, pair: ValidationPair, method: Method, device: Device) -> Picture:
        self._go_on()
        noise = Noise(draws.seed(self._plan.config.loop.seed, "validation", pair.name))
        output = method.sample(loading.to_tensor(pair.source)[None].to(device.torch), noise)
        return images.to_uint8(output[0].float().cpu().numpy())

    def _readable(self, pairs: list[Pair]) -> list[Pair]:
        """Without those that can no longer be read, where such are to be skipped."""
        return [pair for pair in pairs if not self._plan.config.data.skip_bad or self._is_readable(pair)]

    def _is_readable(self, pair: Pair) -> bool:
        self._go_on()
        try:
            self._read(pair)
        except PictureError:
            return False
        return True

    def _read(self, pair: Pair) -> ValidationPair:
        return ValidationPair(pair.name, *loading.read_without_jitter(pair, self._channels, self._plan.preparation))


def _bytes(picture: Picture) -> Tensor:
    return torch.tensor(picture)


def _spread(pairs: tuple[Pair, ...], count: int) -> list[Pair]:
    """At most `count` pairs, evenly spread over the set."""
    if count >= len(pairs):
        return list(pairs)
    return [pairs[index * len(pairs) // count] for index in range(count)]
