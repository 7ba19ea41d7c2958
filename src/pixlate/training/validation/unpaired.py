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

    def measure(self, method: Method, device: Device) -> tuple[dict[str, float], Picture | None]:
        """Mean cycle errors over the held-out pictures, and the grid of samples.

        The grid has a row each of x, G(x), F(G(x)), y, F(y) and G(F(y)); of a method without F one of x, G(x) and y.
        """
        generators = list(method.shipped.values())
        scores: dict[str, float] = {}
        rows: list[list[Picture]] = []
        for side, (scored, shown) in enumerate(zip(self._scored, self._shown, strict=True)):
            own, other = self._kinds[side], self._kinds[1 - side]
            steps = [(generator, Sides(own, other)) for generator in generators[side : side + 1]]
            if len(generators) > 1:
                steps.append((generators[1 - side], Sides(other, own)))
            passed_kinds = [own, *(sides.target for _, sides in steps)]

            def through(named: Named, steps: Sequence[tuple[Generator, Sides]] = steps) -> list[Picture]:
                passed = [named.picture]
                for generator, sides in steps:
                    passed.append(self.pictures.translate(generator, passed[-1], named.name, device, sides))
                return passed

            if len(steps) > 1 and scored:
                errors = [paired.l1(_levels(through(one)[-1], own), _levels(one.picture, own)) for one in scored]
                scores[f"cycle_{'AB'[side]}"] = sum(errors) / len(errors)
            rows += [
                [images.viewable(picture, kind) for picture in row]
                for row, kind in zip(zip(*map(through, shown), strict=True), passed_kinds, strict=bool(shown))
            ]
        return scores, images.grid(rows) if rows else None

    def guess(self) -> dict[str, dict[str, float]]:
        """None: whoever returns what he is given has no cycle error at all."""
        return {}

    def _read_all(self, files: Sequence[PictureFile], kind: Kind, count: int) -> list[Named]:
        chosen = self.pictures.readable(spread(files, count), partial(self.pictures.read, kind=kind))
        return [Named(file.name, self.pictures.read(file, kind)) for file in chosen]


def _levels(picture: Picture, kind: Kind) -> Tensor:
    return torch.tensor(images.levels(picture, kind))
