"""Cityscapes as pix2pix had it, made from the archives that its authors hand out to registered users."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pixlate import archives, images
from pixlate.archives import Progress
from pixlate.errors import FetchError, PictureError
from pixlate.images import Picture

SIDE = 256
_PHOTO = re.compile(r"leftImg8bit/(train|val)/[^/]+/([^/]+)_leftImg8bit\.png")
_LABELS = re.compile(r"gtFine/(train|val)/[^/]+/([^/]+)_gtFine_color\.png")


def build(photos: Path, labels: Path, into: Path, progress: Progress | None = None) -> None:
    """Side-by-side pictures of 512x256 px, photo left and colour labels right, in `into`/train and `into`/val.

    Both are squeezed to a square bicubically, as the prepare script of pytorch-CycleGAN-and-pix2pix does it; saved as
    PNG, though, where it has JPEG. A picture is called by its frame: aachen_000000_000019.png.

    Raises:
        ArchiveError: an archive is damaged, or is not as it should be.
        FetchError: a photo without labels, or the other way round.
    """
    work = into / ".work"
    work.mkdir()
    waiting = set()
    for place, photo in _pictures(photos, _PHOTO, work / "photo.png", progress):
        (work / place).parent.mkdir(exist_ok=True)
        (work / place).write_bytes(images.encode_png(photo))
        waiting.add(place)
    for place, colours in _pictures(labels, _LABELS, work / "labels.png", progress):
        if place not in waiting:
            raise FetchError(f"{labels} has labels of {place}, and {photos} no photo.")
        pair = np.concatenate([images.read(work / place), colours], axis=1)
        (into / place).parent.mkdir(exist_ok=True)
        (into / place).write_bytes(images.encode_png(pair))
        waiting.remove(place)
    if waiting:
        raise FetchError(f"{photos} has a photo {min(waiting)}, and {labels} no labels of it.")
    shutil.rmtree(work)


def _pictures(
    archive: Path, wanted: re.Pattern[str], held: Path, progress: Progress | None
) -> Iterator[tuple[str, Picture]]:
    """The small pictures of an archive, and where they belong; `held` is where one is kept while it is read."""
    for path, content in archives.members(archive, progress=progress):
        match = wanted.fullmatch(path.as_posix())
        if match is None or content is None:
            continue
        with held.open("wb") as file:
            file.writelines(content)
        try:
            picture = images.with_channels(images.read(held), 3)
        except PictureError as error:
            raise FetchError(f"{path} in {archive} cannot be read ({str(error).replace(str(held), 'it')}).") from error
        yield f"{match[1]}/{match[2]}.png", images.resize(picture, SIDE, SIDE, "bicubic")
