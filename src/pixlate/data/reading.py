"""Pictures of a data set, whole, as those of their side are."""

from collections.abc import Callable

from pixlate import images
from pixlate.data.finding import PictureFile
from pixlate.errors import PictureError
from pixlate.images import Picture
from pixlate.specs.pictures import Kind, Sides


def read(file: PictureFile, kind: Kind) -> Picture:
    """A picture (H, W, C), whole, as those of its side are.

    Raises:
        PictureError: it cannot be read, is of another kind, or differs in size from one stacked onto it.
    """
    return images.read_as(kind, file.path, file.half, file.beside)


def read_pair(
    source: PictureFile, target: PictureFile, sides: Sides, read_one: Callable[[PictureFile, Kind], Picture] = read
) -> tuple[Picture, Picture]:
    """Both pictures (H, W, C) of a pair, whole, each as `read_one` gives it.

    Raises:
        PictureError: one cannot be read, or the two differ in size.
    """
    if source == target:
        picture = read_one(target, sides.target)
        return picture, picture
    if read_one is read and _in_one_file(source, target, sides):
        return images.read_halves((sides.source, sides.target), source.path, (source.half, target.half))
    pictures = read_one(source, sides.source), read_one(target, sides.target)
    if pictures[0].shape[:2] != pictures[1].shape[:2]:
        raise PictureError(f"{source.path} and {target.path} differ in size.")
    return pictures


def _in_one_file(source: PictureFile, target: PictureFile, sides: Sides) -> bool:
    """Whether the two are halves of one picture, from which both can be cut."""
    alike = (sides.source.alpha, sides.source.background) == (sides.target.alpha, sides.target.background)
    halves = "whole" not in (source.half, target.half) and not source.beside and not target.beside
    return alike and halves and source.path == target.path
