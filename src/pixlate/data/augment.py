"""Jitter: one draw of resize, crop and mirror, applied to both pictures of a pair (appendix 6.2)."""

import random
from dataclasses import dataclass, replace

import numpy as np

from pixlate import draws, images
from pixlate.images import Picture
from pixlate.specs.data import Fit, Resample
from pixlate.specs.pictures import Kind


@dataclass(frozen=True)
class Preparation:
    """How a picture of any size becomes one of (height, width)."""

    height: int
    width: int
    load_height: int
    load_width: int
    fit: Fit
    mirror: bool
    resample: Resample


@dataclass(frozen=True)
class Draw:
    """Where to crop, in fractions of the room there is, and whether to mirror."""

    top: float
    left: float
    mirror: bool


CENTRE = Draw(0.5, 0.5, mirror=False)


def draw(seed: int, epoch: int, index: int, *side: str) -> Draw:
    """The draw for pair or picture `index` in `epoch`: the same in whichever process it is made."""
    source = random.Random(draws.seed(seed, "jitter", *side, epoch, index))  # noqa: S311 - augmentation, not secrets
    return Draw(source.random(), source.random(), source.random() < 0.5)


def jitter(picture: Picture, preparation: Preparation, drawn: Draw) -> Picture:
    """A picture (H, W, C) as training sees it: resized to the load size, cropped to the size, perhaps mirrored."""
    p = preparation
    return _finish(_fitted(picture, p, p.load_height, p.load_width), p, drawn)


def without_jitter(picture: Picture, preparation: Preparation) -> Picture:
    """A picture as validation sees it: the size without jitter."""
    p = preparation
    return _finish(_fitted(picture, p, p.height, p.width), p, CENTRE)


def suited(preparation: Preparation, kind: Kind) -> Preparation:
    """The preparation for pictures of a kind: classes are never mixed, for between two colours lies that of a third."""
    return replace(preparation, resample="nearest") if kind.space == "classes" else preparation


def _fitted(picture: Picture, p: Preparation, height: int, width: int) -> Picture:
    if p.fit == "width":
        height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    return picture if p.fit == "crop" else images.resize(picture, height, width, p.resample)


def _finish(picture: Picture, p: Preparation, drawn: Draw) -> Picture:
    picture = _covering(picture, p)
    top = int(drawn.top * (picture.shape[0] - p.height + 1))
    left = int(drawn.left * (picture.shape[1] - p.width + 1))
    picture = picture[top : top + p.height, left : left + p.width]
    return picture[:, ::-1] if drawn.mirror and p.mirror else np.ascontiguousarray(picture)


def _covering(picture: Picture, p: Preparation) -> Picture:
    """The picture, scaled up in proportion if it is too small to be cropped from."""
    height, width = picture.shape[:2]
    if height >= p.height and width >= p.width:
        return picture
    scale = max(p.height / height, p.width / width)
    return images.resize(picture, max(p.height, round(height * scale)), max(p.width, round(width * scale)), p.resample)
