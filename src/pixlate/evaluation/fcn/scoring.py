"""How well a segmenter reads pictures: outputs, and the real photographs that are their ceiling."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from pixlate import draws, images
from pixlate.errors import DataError
from pixlate.evaluation.fcn.scenes import Scene, enlarged, read_photo
from pixlate.evaluation.fcn.segmenter import Segmenter
from pixlate.evaluation.labels import LabelReader
from pixlate.evaluation.matching import Match
from pixlate.images import Half
from pixlate.metrics import segmentation
from pixlate.metrics.segmentation import Counts
from pixlate.specs.segmenter import SegmenterCard

Track = Callable[[Sequence[int]], Iterable[int]]


def of_outputs(
    segmenter: Segmenter, matches: Sequence[Match], half: Half, reader: LabelReader, track: Track = iter
) -> Counts:
    """Pixels by true and predicted class (pictures, classes, classes + 1) of outputs, whose targets are labels.

    Outputs are stretched to the labels' size, whatever their own, as the paper's evaluation does; labels never are.

    Raises:
        PictureError: one cannot be read.
    """
    counts = []
    for place in track(range(len(matches))):
        truth = reader.read(matches[place].target, half)
        output = enlarged(read_photo(matches[place].output, "whole"), *truth.shape)
        counts.append(segmentation.confusion(segmenter(output), truth, reader.count))
    return np.array(counts)


def misfits(card: SegmenterCard, matches: Sequence[Match]) -> list[str]:
    """What keeps the ceiling from being one of these outputs, and the score from being the paper's, for a person."""
    told = []
    if card.network.norm == "batch":
        told.append(
            "The segmenter was not begun with ImageNet's weights and has batch norm, which the original has not."
        )
    headers = [images.read_header(one.output) for one in matches]
    sizes = {(header.height, header.width) for header in headers}
    if card.size and sizes != {tuple(card.size)}:
        height, width = min(sizes)
        told.append(
            f"Outputs are {width}×{height} px{' and others' if len(sizes) > 1 else ''}, and the segmenter knows "
            f"photographs shrunk to {card.size[1]}×{card.size[0]} px: the row of real photographs is not the ceiling "
            "of these outputs."
        )
    return told


def of_photographs(
    segmenter: Segmenter,
    scenes: Sequence[Scene],
    reader: LabelReader,
    track: Track = iter,
    *,
    shuffled_by: int | None = None,
) -> Counts:
    """The same of the real photographs of scenes, shrunk first as in the segmenter's training: the ceiling row.

    `shuffled_by` gives each scene's labels the photograph of another, drawn by that seed: what the mere look of the set
    is worth.

    Raises:
        PictureError: one cannot be read.
        DataError: one scene alone, which no other's photograph can be given.
    """
    size = segmenter.card.size
    shrunk = (size[0], size[1]) if size else None
    photos = list(range(len(scenes)))
    if shuffled_by is not None:
        if len(scenes) < 2:
            raise DataError("One picture alone has no other's photograph to be compared with.")
        order = (
            np.random.Generator(np.random.PCG64(draws.seed(shuffled_by, "shuffle"))).permutation(len(scenes)).tolist()
        )
        photos = [order[(order.index(place) + 1) % len(order)] for place in photos]
    counts = []
    for place in track(range(len(scenes))):
        scene, other = scenes[place], scenes[photos[place]]
        truth = reader.read(scene.labels, scene.labels_half)
        photo = enlarged(read_photo(other.photo, other.photo_half, shrunk), *truth.shape)
        counts.append(segmentation.confusion(segmenter(photo), truth, reader.count))
    return np.array(counts)
