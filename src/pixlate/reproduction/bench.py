"""What every experiment is measured against: the test part of a data set, and the segmenter that reads it."""

import hashlib
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pixlate import durable, lock
from pixlate.data.lists import Part
from pixlate.errors import ConfigError, DataError, RunError
from pixlate.evaluation.fcn import training
from pixlate.evaluation.fcn.scenes import Scene, to_measure_on
from pixlate.evaluation.fcn.segmenter import Segmenter
from pixlate.evaluation.labels import LabelReader
from pixlate.evaluation.matching import Match, Matched
from pixlate.specs.data import DataConfig
from pixlate.specs.reproduction import ReproductionConfig
from pixlate.specs.segmenter import LabelRule, SegmenterCard, SegmenterConfig

MEASURED_BY = "1"
"""Another number where the same outputs would get other scores: those measured before are measured anew."""
SEGMENTER = "segmenter.safetensors"
_PATIENCE = 1.0
"""Seconds between two looks whether another process has ended."""


@dataclass(frozen=True)
class Bench:
    """Scenes that no translator was trained on, and who reads them."""

    config: ReproductionConfig
    folder: Path
    scenes: tuple[Scene, ...]
    part: Part
    reader: LabelReader

    @cached_property
    def segmenter(self) -> Segmenter:
        """Trained unless it is there; where another process is at that, it is waited for."""
        path = self._segmenter_path
        if self.config.segmenter is None:
            with alone(self.folder, "segmenter"):
                if not path.is_file():
                    self._train(path)
        segmenter = Segmenter(path, self.config.device)
        if self.config.segmenter is not None:
            self._refuse_other(segmenter.card)
        return segmenter

    @property
    def _segmenter_path(self) -> Path:
        return self.folder / SEGMENTER if self.config.segmenter is None else Path(self.config.segmenter)

    def _refuse_other(self, card: SegmenterCard) -> None:
        given, size = self.config.segmenter, self.config.size.size
        if card.names != self.reader.names or card.labels != self.reader.rule:
            raise ConfigError(f"{given} reads other classes than the palette {self.config.palette}.")
        if card.size != (size, size):
            known = "×".join(map(str, card.size)) or "any"
            raise ConfigError(
                f"{given} knows photographs of {known} px, and outputs are to have {size}×{size}: real photographs "
                "would be no ceiling of theirs."
            )

    def _train(self, path: Path) -> None:
        config, scale = self.config, self.config.size
        settings = SegmenterConfig(
            width=scale.segmenter_width,
            size=str(scale.size),
            epochs=scale.segmenter_epochs,
            crop=scale.segmenter_crop,
            vgg=config.vgg,
        )
        training.train(data_of(config), self.reader.rule, settings, path, config.device)

    @cached_property
    def stamp(self) -> dict[str, str]:
        """What every score depends on beside the run: by whom, on what, and with which pixlate it was measured."""
        names = hashlib.sha256("\n".join(scene.name for scene in self.scenes).encode()).hexdigest()
        return {
            "segmenter_sha256": durable.sha256(self._segmenter_path),
            "scenes_sha256": names,
            "size": str(self.config.size.size),
            "measured_by": MEASURED_BY,
        }

    def outputs(self, name: str, seed: int) -> Path:
        """Where the outputs of an experiment are."""
        return self.folder / "outputs" / slug(name) / f"seed-{seed}"

    def scores(self, name: str, seed: int) -> Path:
        """Where its scores are."""
        return self.folder / "scores" / slug(name) / f"seed-{seed}.json"

    def run(self, name: str, seed: int) -> Path:
        """Where it is trained."""
        return self.folder / "runs" / slug(name) / f"seed-{seed}"

    def beside(self, outputs: Path, *, labels: bool) -> Matched:
        """Outputs beside the labels of the scenes, or beside their photographs.

        Raises:
            DataError: some are missing.
        """
        found = {path.relative_to(outputs).with_suffix("").as_posix(): path for path in sorted(outputs.rglob("*.png"))}
        bare = {name.removeprefix(f"{self.part}/"): path for name, path in found.items()}
        names = [scene.name.removeprefix(f"{self.part}/") for scene in self.scenes]
        if missing := [name for name in names if name not in bare]:
            raise DataError(
                f"{outputs} lacks {len(missing)} of {len(names)} outputs of the {self.part} part ({missing[0]}.png, …)."
            )
        matches = tuple(
            Match(name, bare[name], scene.labels if labels else scene.photo)
            for name, scene in zip(names, self.scenes, strict=True)
        )
        half = self.scenes[0].labels_half if labels else self.scenes[0].photo_half
        return Matched(outputs, Path(self.config.data), half, matches, ())


def slug(name: str) -> str:
    """A name as a folder's: letters, digits, + and -."""
    return re.sub(r"[^A-Za-z0-9+]+", "-", name).strip("-")


def prepare(config: ReproductionConfig, folder: Path) -> Bench:
    """Find the test part.

    Raises:
        DataError: a data set without pictures to test on.
        ConfigError: a palette that is not known.
    """
    reader = LabelReader(LabelRule(config.palette))
    part, scenes = to_measure_on(data_of(config))
    reader.refuse_other_palette([(scene.labels, scene.labels_half) for scene in scenes])
    return Bench(config, folder, tuple(scenes), part, reader)


@contextmanager
def alone(folder: Path, what: str) -> Iterator[None]:
    """Let one process at a time do this in the folder; another waits."""
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(lock.hold(folder / f"{what}.lock", what))
                break
            except RunError:  # another process is at it
                time.sleep(_PATIENCE)
        yield


def data_of(config: ReproductionConfig) -> DataConfig:
    """The data set, from labels to photographs."""
    return DataConfig(config.data, config.data_b, config.direction)
