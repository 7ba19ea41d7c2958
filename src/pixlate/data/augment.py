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
    picture = fitted(picture, preparation)
    top, left = corner(picture.shape[0], picture.shape[1], preparation, drawn)
    picture = picture[top : top + preparation.height, left : left + preparation.width]
    return picture[:, ::-1] if drawn.mirror and preparation.mirror else np.ascontiguousarray(picture)


def fitted(picture: Picture, preparation: Preparation) -> Picture:
    """The picture at the load size, whatever is drawn; at least as large as what is cropped from it."""
    p = preparation
    return _covering(_resized(picture, p, p.load_height, p.load_width), p)


def corner(height: int, width: int, preparation: Preparation, drawn: Draw) -> tuple[int, int]:
    """Top and left of what is cropped from a fitted picture of that size."""
    p = preparation
    return int(drawn.top * (height - p.height + 1)), int(drawn.left * (width - p.width + 1))


def without_jitter(picture: Picture, preparation: Preparation) -> Picture:
    """A picture as validation sees it: the size without jitter."""
    p = preparation
    picture = _covering(_resized(picture, p, p.height, p.width), p)
    top, left = corner(picture.shape[0], picture.shape[1], p, CENTRE)
    return np.ascontiguousarray(picture[top : top + p.height, left : left + p.width])


def suited(preparation: Preparation, kind: Kind) -> Preparation:
    """The preparation for pictures of a kind: classes are never mixed, for between two colours lies that of a third."""
    return replace(preparation, resample="nearest") if kind.space == "classes" else preparation


def _resized(picture: Picture, p: Preparation, height: int, width: int) -> Picture:
    if p.fit == "width":
        height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    return picture if p.fit == "crop" else images.resize(picture, height, width, p.resample)


def _covering(picture: Picture, p: Preparation) -> Picture:
    """The picture, scaled up in proportion if it is too small to be cropped from."""
    height, width = picture.shape[:2]
    if height >= p.height and width >= p.width:
        return picture
    scale = max(p.height / height, p.width / width)
    return images.resize(picture, max(p.height, round(height * scale)), max(p.width, round(width * scale)), p.resample)
