"""What both kinds of validation share: fixed pictures, read and translated until the run is told to stop."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import torch

from pixlate import draws, images
from pixlate.data import augment, loading, reading
from pixlate.data.finding import PictureFile
from pixlate.devices import Device
from pixlate.errors import PictureError
from pixlate.images import Picture
from pixlate.methods.protocol import Method
from pixlate.networks.building import Generator
from pixlate.networks.noise import Noise
from pixlate.networks.normalization import fresh_statistics, has_statistics
from pixlate.specs.pictures import Kind, Sides
from pixlate.training.planning import Plan
from pixlate.training.stopping import Interrupted, Stop

_ESTIMATE_FROM = 64
"""Training pictures the statistics of averaged weights are estimated from, at most."""

T = TypeVar("T")


class Pictures:
    """Reads and translates; each thing ends with `Interrupted` once `stop` is requested."""

    def __init__(self, planned: Plan, stop: Stop) -> None:
        self.plan, self._stop = planned, stop

    def go_on(self) -> None:
        """Make sure that nobody has asked to stop."""
        if self._stop.requested:
            raise Interrupted

    def read(self, file: PictureFile, kind: Kind) -> Picture:
        """A picture (H, W, C) at the training size, without jitter.

        Raises:
            PictureError: it cannot be read.
        """
        return augment.without_jitter(reading.read(file, kind), augment.suited(self.plan.preparation, kind))

    def pair(self, index: tuple[PictureFile, PictureFile]) -> tuple[Picture, Picture]:
        """Source and target (H, W, C) of a pair, likewise."""
        sides, preparation, making = self.plan.survey.sides, self.plan.preparation, self.plan.survey.making
        if making is not None:
            kind = making.of(sides)
            picture = augment.without_jitter(reading.read(index[1], kind), augment.suited(preparation, kind))
            return making.pair(picture, str(index[1].path), self.plan.config.loop.seed, "validation", index[1].name)
        source, target = reading.read_pair(*index, sides)
        return (
            augment.without_jitter(source, augment.suited(preparation, sides.source)),
            augment.without_jitter(target, augment.suited(preparation, sides.target)),
        )

    def readable(self, chosen: Sequence[T], read: Callable[[T], object]) -> list[T]:
        """Without those that can no longer be read, where such are to be skipped."""
        return [one for one in chosen if not self.plan.config.data.skip_bad or self._is_readable(one, read)]

    def _is_readable(self, one: T, read: Callable[[T], object]) -> bool:
        self.go_on()
        try:
            read(one)
        except PictureError:
            return False
        return True

    def translate(self, generator: Generator, picture: Picture, name: str, device: Device, sides: Sides) -> Picture:
        """The output (H, W, C') for a picture, its noise drawn for its name, as of the shipped model."""
        self.go_on()
        noise = Noise(draws.seed(self.plan.config.loop.seed, "validation", name))
        training = generator.training
        generator.eval()
        source = images.to_float(picture, sides.source)
        with torch.no_grad():
            output = generator(torch.from_numpy(source)[None].to(device.torch), noise)
        generator.train(training)
        return images.from_float(output[0].float().cpu().numpy(), sides.target, source)

    def estimate_statistics(self, method: Method, device: Device) -> None:
        """Give the generators running averages of their own, as averaged weights need that never ran in training."""
        size = self.plan.config.loop.batch_size  # as in training, so that the spread among a batch's pictures counts
        for generator, (files, read, kind) in zip(method.shipped.values(), self._inputs(), strict=False):
            if not has_statistics(generator):
                continue
            chosen = self.readable(spread(files, _ESTIMATE_FROM), read)
            with fresh_statistics(generator), torch.no_grad():
                for start in range(0, len(chosen), size):
                    self.go_on()
                    inputs = [loading.to_tensor(read(file), kind) for file in chosen[start : start + size]]
                    noise = Noise(draws.seed(self.plan.config.loop.seed, "statistics", start))
                    generator(torch.stack(inputs).to(device.torch), noise)

    def _inputs(self) -> list[tuple[Sequence[Any], Callable[[Any], Picture], Kind]]:
        """What each generator may be given: training pictures, how one is read, and what they are."""
        examples, sides = self.plan.survey.train, self.plan.survey.sides
        if self.plan.survey.making is not None:

            def source(place: int) -> Picture:
                return self.pair((examples.sources[place], examples.targets[place]))[0]

            return [(range(len(examples.sources)), source, sides.source)]
        each = ((examples.sources, sides.source), (examples.targets, sides.target))
        return [(files, partial(self.read, kind=kind), kind) for files, kind in each]


def spread(files: Sequence[T], count: int) -> list[T]:
    """At most `count` of them, evenly spread."""
    if count >= len(files):
        return list(files)
    return [files[index * len(files) // count] for index in range(count)]
