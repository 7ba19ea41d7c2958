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
    source: PictureFile, target: PictureFile, sides: Sides, read: Callable[[PictureFile, Kind], Picture] = read
) -> tuple[Picture, Picture]:
    """Both pictures (H, W, C) of a pair, whole, each as `read` gives it.

    Raises:
        PictureError: one cannot be read, or the two differ in size.
    """
    if source == target:
        picture = read(target, sides.target)
        return picture, picture
    pictures = read(source, sides.source), read(target, sides.target)
    if pictures[0].shape[:2] != pictures[1].shape[:2]:
        raise PictureError(f"{source.path} and {target.path} differ in size.")
    return pictures
