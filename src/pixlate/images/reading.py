"""Pictures as those of their side are: whether a file suits, and the file read as one of them."""

from collections.abc import Sequence

import numpy as np

from pixlate.errors import PictureError
from pixlate.images.decoding import read
from pixlate.images.pixels import File, Half, Header, Picture
from pixlate.images.shaping import cut
from pixlate.images.values import as_kind
from pixlate.specs.pictures import Kind


def read_as(kind: Kind, path: File, half: Half = "whole", beside: Sequence[File] = ()) -> Picture:
    """The picture in `path`, or one half of it, with the channels of the files `beside` it stacked onto its own.

    Raises:
        PictureError: one cannot be read, they differ in size, or have not the channels or numbers of the kind.
    """
    first = read(path, half, kind.alpha, kind.background)
    if not beside:
        return as_kind(first, kind, str(path))
    pictures = [first, *(read(other, half, kind.alpha, kind.background) for other in beside)]
    for other, picture in zip(beside, pictures[1:], strict=True):
        if picture.shape[:2] != first.shape[:2]:
            raise PictureError(f"{path} and {other}, to be stacked, differ in size.")
    if not kind.full_scale:
        pictures = [picture.astype(np.float32) for picture in pictures]
    elif {picture.dtype.name for picture in pictures} != {kind.number}:
        raise PictureError(f"{path} and what is stacked onto it are not all of {kind.number}.")
    whole = np.concatenate(pictures, axis=-1)
    if whole.shape[-1] != kind.channels:
        raise PictureError(f"{path} and what is stacked onto it have {whole.shape[-1]} channels, not {kind.channels}.")
    return whole


def read_halves(kinds: tuple[Kind, Kind], path: File, halves: tuple[Half, Half]) -> tuple[Picture, Picture]:
    """Two halves of the picture in `path`, each as `read_as` gives it; it is decoded once.

    The kinds say the same of transparency.

    Raises:
        PictureError: it cannot be read, or has not the channels or numbers of the kinds.
    """
    whole = read(path, "whole", kinds[0].alpha, kinds[0].background)
    one, other = (as_kind(cut(whole, half, path), kind, str(path)) for kind, half in zip(kinds, halves, strict=True))
    return one, other


def refuse_unsuited(header: Header, kind: Kind, name: str, *, to_grey: bool = False) -> None:
    """Make sure that a picture will do as one of its kind; grey does for colour.

    Raises:
        PictureError: it will not. `to_grey` lets colour do for grey.
    """
    channels = header.channels_with(kind.alpha)
    if channels != kind.channels and (channels, kind.channels) != (1, 3) and not (to_grey and channels == 3):
        how = " Let it become grey with --to-grey." if (channels, kind.channels) == (3, 1) else ""
        raise PictureError(f"{name} has {channels} channels, the model takes {kind.channels}.{how}")
    if header.number != "uint8" and kind.space == "classes":
        raise PictureError(f"{name} holds {header.number}, the model takes label maps of 8 bits.")
    if header.number != "float32" and kind.number == "float32":
        raise PictureError(f"{name} holds {header.number}, the model takes floats of a range of their own: {kind}.")
    if header.number == "float32" and kind.full_scale:
        raise PictureError(f"{name} holds floats, the model takes whole numbers of the scale of {kind.number}.")
