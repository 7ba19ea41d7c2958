"""Photographs with their labels, as a segmenter is to learn and read them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pixlate import images
from pixlate.data.dividing import split
from pixlate.data.finding import find, loose, part_of
from pixlate.data.lists import Part
from pixlate.errors import DataError, PictureError
from pixlate.evaluation.labels import LabelReader
from pixlate.evaluation.matching import LABELS, PHOTOGRAPHS, Matched, half_of, match
from pixlate.images import Half, Picture
from pixlate.images.palette import Classes
from pixlate.specs.data import DataConfig, Direction

_LISTED = 3


@dataclass(frozen=True)
class Scene:
    """A photograph and its labels, which may be two halves of one file."""

    name: str
    photo: Path
    photo_half: Half
    labels: Path
    labels_half: Half


def find_scenes(config: DataConfig, seed: int) -> dict[Part, list[Scene]]:
    """The scenes of each part of a data set, whose sources are labels and whose targets are photographs.

    Two folders may be of different sizes, and named as Cityscapes names them (…_gtFine_labelIds, …_leftImg8bit).

    Raises:
        DataError: no data set, or one with defects.
    """
    if config.data_b is not None:
        return _of_two_folders(config, Path(config.data), Path(config.data_b))
    found = find(config)
    if found.defects and not config.skip_bad:
        told = "; ".join(f"{defect.path} ({defect.why})" for defect in found.defects[:_LISTED])
        raise DataError(f"{config.data}: {len(found.defects)} defects: {told}. `pixlate data check` tells all.")
    return {
        part: [
            Scene(source.name, loose(target.path), target.half, loose(source.path), source.half)
            for source, target in zip(examples.sources, examples.targets, strict=True)
        ]
        for part, examples in split(found, config, seed, paired=True).items()
    }


def _of_two_folders(config: DataConfig, a: Path, b: Path) -> dict[Part, list[Scene]]:
    labels, photos = (a, b) if config.direction == "AtoB" else (b, a)
    parts: dict[Part, list[Scene]] = {"train": [], "val": [], "test": []}
    pairs = match(photos, labels, own=PHOTOGRAPHS, endings=LABELS, common=config.skip_bad, flat=False)
    for one in pairs.matches:
        scene = Scene(one.name, one.output, "whole", one.target, "whole")
        parts[part_of(Path(one.name)) or "train"].append(scene)
    return parts


def to_measure_on(config: DataConfig) -> tuple[Part, list[Scene]]:
    """The test part of a data set, or its own validation part where it has no other; never one split off by a seed.

    Raises:
        DataError: it has neither.
    """
    parts: tuple[Part, ...] = ("test", "val")
    every = find_scenes(replace(config, val_fraction=0.0), 0)
    for part in parts:
        if every[part]:
            return part, every[part]
    raise DataError(
        f"{config.data} has no test or val part of its own to measure on. `pixlate data split` makes one; nothing is "
        "measured on what was trained on."
    )


def scenes_of(matched: Matched, direction: Direction | None, photos: Path | None) -> list[Scene]:
    """The scenes that outputs were made from: their labels, and the photographs where there are any.

    They are the other halves of the labels' pairs, or of the same names in a folder; without either there are none.

    Raises:
        DataError: the folder has not all of them.
    """
    if photos is not None:
        pairs = match(photos, matched.targets, own=PHOTOGRAPHS, endings=LABELS, common=True).matches
        of_labels = {one.target: one.output for one in pairs}
        if missing := [one.name for one in matched.matches if one.target not in of_labels]:
            raise DataError(f"{photos} lacks the photographs of {len(missing)} labels ({missing[0]}, …).")
        if same := [one.output for one in matched.matches if of_labels[one.target] == one.output]:
            raise DataError(f"{same[0]} is an output; --photos wants the real photographs.")
        return [Scene(one.name, of_labels[one.target], "whole", one.target, matched.half) for one in matched.matches]
    if direction is None:
        return []
    other = half_of(direction, "target")
    return [Scene(one.name, one.target, other, one.target, matched.half) for one in matched.matches]


def read_photo(path: Path, half: Half, size: tuple[int, int] | None = None) -> Picture:
    """A photograph (H, W, 3) of 8 bits, shrunk to `size` if that is given.

    Raises:
        PictureError: it cannot be read, or is no such picture.
    """
    picture = images.read(path, half, alpha="flatten")
    if picture.dtype != np.uint8 or picture.shape[-1] not in (1, 3):
        raise PictureError(f"{path} is no 8-bit picture in grey or colour, which a segmenter wants.")
    colour = images.with_channels(picture, 3)
    return colour if size is None else images.resize(colour, *size, "bilinear")


def enlarged(photo: Picture, height: int, width: int) -> Picture:
    """The picture at the labels' size, as the paper's evaluation brings 256×256 to 1024×2048, bilinear."""
    return images.resize(photo, height, width, "bilinear")


def reading(reader: LabelReader, size: tuple[int, int] | None) -> Callable[[Scene], tuple[Picture, Classes]]:
    """What reads a scene: the photograph (H, W, 3), shrunk to `size` and enlarged again, and the labels (H, W)."""

    def read(scene: Scene) -> tuple[Picture, Classes]:
        classes = reader.read(scene.labels, scene.labels_half)
        return enlarged(read_photo(scene.photo, scene.photo_half, size), *classes.shape), classes

    return read
