"""What every experiment is measured against: the test part of a data set, and the segmenter that reads it."""

import re
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pixlate import lock
from pixlate.data.lists import Part
from pixlate.errors import ConfigError, DataError, RunError
from pixlate.evaluation.fcn import training
from pixlate.evaluation.fcn.scenes import Scene, find_scenes
from pixlate.evaluation.fcn.segmenter import Segmenter
from pixlate.evaluation.labels import LabelReader
from pixlate.evaluation.matching import Match, Matched
from pixlate.specs.data import DataConfig
from pixlate.specs.reproduction import ReproductionConfig
from pixlate.specs.segmenter import LabelRule, SegmenterConfig

SEGMENTER = "segmenter.safetensors"
_PATIENCE = 2.0
"""Seconds between two looks whether another process has finished it."""


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
        if self.config.segmenter is not None:
            given = Segmenter(Path(self.config.segmenter), self.config.device)
            if given.card.names != self.reader.names:
                raise ConfigError(
                    f"{self.config.segmenter} reads other classes than the palette {self.config.palette}."
                )
            return given
        path = self.folder / SEGMENTER
        while not path.is_file():
            try:
                with lock.hold(self.folder / "segmenter.lock", "The segmenter"):
                    if not path.is_file():
                        self._train(path)
            except RunError:
                time.sleep(_PATIENCE)
        return Segmenter(path, self.config.device)

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
    parts = find_scenes(data_of(config), 0)
    part: Part = "test" if parts["test"] else "val"
    if not parts[part]:
        raise DataError(f"{config.data} has no test or validation part to measure on.")
    return Bench(config, folder, tuple(parts[part]), part, reader)


def data_of(config: ReproductionConfig) -> DataConfig:
    """The data set, from labels to photographs."""
    return DataConfig(config.data, config.data_b, config.direction)
