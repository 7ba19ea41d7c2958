"""Two pictures as they are compared: of one size, one number of channels, in 8-bit levels. Imports no torch."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixlate import images
from pixlate.errors import PictureError
from pixlate.evaluation.matching import Match
from pixlate.images import Half, Picture
from pixlate.specs.evaluation import Rule

Levels = NDArray[Any]
"""(H, W, C): uint8, or float32 in 0 … 255 of pictures with finer steps."""


def read(match: Match, half: Half, rule: Rule) -> tuple[Levels, Levels]:
    """Output and target (H, W, C), alike but for what is in them.

    Raises:
        PictureError: one cannot be read, or they differ in size or channels and nothing says what to do.
    """
    output, target = images.read(match.output, alpha="flatten"), images.read(match.target, half, alpha="flatten")
    if output.shape[:2] != target.shape[:2]:
        output, target = _of_one_size(output, target, match, half, rule)
    made, wanted = (_levels(picture, path, rule) for picture, path in ((output, match.output), (target, match.target)))
    if made.shape[-1] != wanted.shape[-1]:
        if {made.shape[-1], wanted.shape[-1]} != {1, 3}:
            channels = f"{made.shape[-1]} channels, {match.target} {wanted.shape[-1]}"
            raise PictureError(f"{match.output} has {channels}; they cannot be compared.")
        made, wanted = (np.broadcast_to(picture, (*picture.shape[:2], 3)) for picture in (made, wanted))
    return made, wanted


def lone(rule: Rule) -> Callable[[tuple[Path, Half]], Levels]:
    """What reads a picture that is compared with no other, at its own size."""

    def read_one(picture: tuple[Path, Half]) -> Levels:
        path, half = picture
        return _levels(images.read(path, half, alpha="flatten"), path, rule)

    return read_one


def _of_one_size(output: Picture, target: Picture, match: Match, half: Half, rule: Rule) -> tuple[Picture, Picture]:
    sizes = [f"{picture.shape[1]}×{picture.shape[0]}" for picture in (output, target)]
    if rule.resize == "targets":
        return output, images.resize(target, output.shape[0], output.shape[1], rule.resample)
    if rule.resize == "outputs":
        return images.resize(output, target.shape[0], target.shape[1], rule.resample), target
    way = "Resize one with --resize targets (to the outputs' size) or --resize outputs."
    if half == "whole" and target.shape[0] == output.shape[0] and target.shape[1] == 2 * output.shape[1]:
        way = "If targets are halves of side-by-side pairs, say which with --direction."
    raise PictureError(f"{match.output} is {sizes[0]} px, {match.target} {sizes[1]}. {way}")


def _levels(picture: Picture, path: object, rule: Rule) -> Levels:
    if picture.dtype == np.uint8:
        return picture
    if picture.dtype == np.uint16:
        return picture.astype(np.float32) / np.float32(257)
    if rule.scale is None:
        raise PictureError(f"{path} holds floats, whose scale it does not say; give it with --range LOW,HIGH.")
    low, high = rule.scale
    scaled: Levels = (np.clip((picture - low) / (high - low), 0, 1) * 255).astype(np.float32)
    return scaled
