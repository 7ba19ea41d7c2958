"""Validation where nothing is paired: there and back again, how much of a picture returns."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from pixlate import images
from pixlate.data.finding import PictureFile
from pixlate.devices import Device
from pixlate.images import Picture
from pixlate.methods.protocol import Method
from pixlate.metrics import paired
from pixlate.networks.building import Generator
from pixlate.specs.pictures import Kind, Sides
from pixlate.training.planning import Plan
from pixlate.training.stopping import Stop
from pixlate.training.validation.pictures import Pictures, spread


class Named(NamedTuple):
    """One validation picture (H, W, C), at the training size."""

    name: str
    picture: Picture


class UnpairedValidation:
    """Fixed pictures of each side, evenly spread: up to `validate_on` are scored, up to `samples` shown.

    A method with a generator each way is scored by the cycle: the mean absolute difference, 0 … 255 units, between a
    picture and what comes back of it. It says how much is kept, not how well it is translated.
    """

    def __init__(self, planned: Plan, stop: Stop) -> None:
        self.pictures = Pictures(planned, stop)
        loop, surveyed = planned.config.loop, planned.survey
        self._kinds = (surveyed.sides.source, surveyed.sides.target)
        held_out = (surveyed.val.sources, surveyed.val.targets)
        training = (surveyed.train.sources, surveyed.train.targets)
        scored = loop.validate_on if planned.config.method.both_ways else 0
        self._scored = [self._read_all(*side, scored) for side in zip(held_out, self._kinds, strict=True)]
        self._shown = [
            self._read_all(own or learned, kind, loop.samples)
            for own, learned, kind in zip(held_out, training, self._kinds, strict=True)
        ]

    def score(self, method: Method, device: Device) -> dict[str, float]:
        """Mean cycle errors over the held-out pictures."""
        scores: dict[str, float] = {}
        for side, (scored, kind) in enumerate(zip(self._scored, self._kinds, strict=True)):
            steps = self._steps(method, side)
            if len(steps) > 1 and scored:
                returned = (self._through(steps, one, device)[-1] for one in scored)
                errors = [
                    paired.l1(_levels(back, kind), _levels(one.picture, kind))
                    for back, one in zip(returned, scored, strict=True)
                ]
                scores[f"cycle_{'AB'[side]}"] = sum(errors) / len(errors)
        return scores

    def show(self, method: Method, device: Device) -> Picture | None:
        """The grid of samples: a row each of x, G(x), F(G(x)), y, F(y) and G(F(y)); without F of x, G(x) and y."""
        rows: list[list[Picture]] = []
        for side, (shown, kind) in enumerate(zip(self._shown, self._kinds, strict=True)):
            steps = self._steps(method, side)
            passed_kinds = [kind, *(sides.target for _, sides in steps)]
            passed = [self._through(steps, one, device) for one in shown]
            rows += [
                [images.viewable(picture, kind) for picture in row]
                for row, kind in zip(zip(*passed, strict=True), passed_kinds, strict=bool(shown))
            ]
        return images.grid(rows) if rows else None

    def _steps(self, method: Method, side: int) -> list[tuple[Generator, Sides]]:
        """What pictures of that side go through: there, and back where there is a generator for it."""
        generators = list(method.shipped.values())
        own, other = self._kinds[side], self._kinds[1 - side]
        steps = [(generator, Sides(own, other)) for generator in generators[side : side + 1]]
        if len(generators) > 1:
            steps.append((generators[1 - side], Sides(other, own)))
        return steps

    def _through(self, steps: Sequence[tuple[Generator, Sides]], named: Named, device: Device) -> list[Picture]:
        """The picture, and what each step makes of it."""
        passed = [named.picture]
        for generator, sides in steps:
            passed.append(self.pictures.translate(generator, passed[-1], named.name, device, sides))
        return passed

    def guess(self) -> dict[str, dict[str, float]]:
        """None: whoever returns what he is given has no cycle error at all."""
        return {}

    def _read_all(self, files: Sequence[PictureFile], kind: Kind, count: int) -> list[Named]:
        chosen = self.pictures.readable(spread(files, count), partial(self.pictures.read, kind=kind))
        return [Named(file.name, self.pictures.read(file, kind)) for file in chosen]


def _levels(picture: Picture, kind: Kind) -> Tensor:
    return torch.tensor(images.levels(picture, kind))
