"""Label pictures → class numbers, by colours or numbers; and outputs that are labels themselves, scored (Table 6)."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pixlate import images
from pixlate.errors import ConfigError, PictureError
from pixlate.evaluation.matching import Match
from pixlate.images import Half, Picture, palettes
from pixlate.images.palette import IGNORE, Classes, Palette, smoothed
from pixlate.metrics import segmentation
from pixlate.metrics.segmentation import Counts
from pixlate.specs.segmenter import LabelRule

_STRANGE = 0.5
"""The share of pixels without a class from which a picture is taken to be of another palette."""
_APART = 12.0
"""The median distance from which they are; the published facades have 4, CMP's own palette read as theirs 37."""
_LOOKED_AT, _PIXELS = 40, 4000
"""Pictures that are looked at for that, and pixels of each."""
_CITYSCAPES = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
"""The ids, in Cityscapes' labelIds files, of the classes that are scored, in the order of their train ids."""

Track = Callable[[Sequence[Match]], Iterable[Match]]


class LabelReader:
    """Reads the class of each pixel."""

    def __init__(self, rule: LabelRule) -> None:
        """Find the palette.

        Raises:
            ConfigError: no such palette, or no number of classes.
        """
        self.rule = rule
        self.palette: Palette | None = None if rule.palette.isdigit() else palettes.find(rule.palette)
        self.count = int(rule.palette) if self.palette is None else len(self.palette.colours)
        if not 1 <= self.count <= IGNORE:
            raise ConfigError(f"{self.count} classes cannot be told apart; 1 to {IGNORE} can.")

    @property
    def names(self) -> tuple[str, ...]:
        """Of the classes; their numbers where they have no names."""
        known = () if self.palette is None else self.palette.names
        return known or tuple(map(str, range(self.count)))

    def read(self, path: Path, half: Half = "whole") -> Classes:
        """The class of each pixel (H, W); IGNORE where the labels say none.

        Raises:
            PictureError: no label picture of this palette.
        """
        picture = images.read(path, half, alpha="flatten")
        if picture.dtype != np.uint8:
            raise PictureError(f"{path} holds {picture.dtype}; labels are pictures of 8 bits.")
        if picture.shape[-1] == 1:
            return self._numbers(picture[..., 0], path)
        if self.palette is None or picture.shape[-1] != 3:
            wanted = "grey pictures of class numbers" if self.palette is None else "label colours or class numbers"
            raise PictureError(f"{path} has {picture.shape[-1]} channels; {wanted} are wanted.")
        classes = self.palette.classes(picture, self.rule.within)
        none = float((classes == IGNORE).mean())
        known = _share(picture, self.palette.ignored)
        if none - known > _STRANGE:
            raise PictureError(
                f"{path}: {none:.0%} of its pixels are farther than {self.rule.within:g} levels from every colour of "
                f"the palette {self.rule.palette}. Is it another palette's, or no label picture?"
            )
        return smoothed(classes) if self.rule.smooth else classes

    def refuse_other_palette(self, labels: Sequence[tuple[Path, Half]]) -> None:
        """Make sure, by some of these label pictures, that their colours are the palette's.

        Even of blurred JPEGs most pixels lie near a colour of their palette, but for a picture now and then.

        Raises:
            PictureError: they are not.
        """
        if self.palette is None:
            return
        colours = np.array([*self.palette.colours, *self.palette.ignored], np.float32)
        chosen = [labels[place * len(labels) // _LOOKED_AT] for place in range(_LOOKED_AT)]
        apart = []
        for path, half in dict.fromkeys(chosen):
            picture = images.read(path, half, alpha="flatten")
            if picture.dtype == np.uint8 and picture.shape[-1] == 3:
                some = picture.reshape(-1, 3)[:: max(1, picture.size // 3 // _PIXELS)].astype(np.float32)
                apart.append(float(np.median(np.sqrt(((some[:, None] - colours) ** 2).sum(-1).min(1)))))
        if apart and np.median(apart) > _APART:
            raise PictureError(
                f"{labels[0][0].parent}: half of the pixels lie {np.median(apart):.0f} levels of RGB or more off every "
                f"colour of the palette {self.rule.palette}. Are these label pictures, and of that palette?"
            )

    def nearest(self, picture: Picture) -> Classes:
        """The class whose colour is nearest, for each pixel of an output (H, W, 3), wherever it lies."""
        if self.palette is None:
            raise ConfigError("Outputs that are label pictures are read by a palette; class numbers have none.")
        return Palette(self.palette.colours).classes(images.with_channels(picture, 3))

    def _numbers(self, numbers: NDArray[np.uint8], path: Path) -> Classes:
        if self.rule.palette == "cityscapes" and path.stem.endswith("_labelIds"):
            table = np.full(256, IGNORE, np.uint8)
            table[list(_CITYSCAPES)] = range(len(_CITYSCAPES))
            return table[numbers]
        unknown = (numbers >= self.count) & (numbers != IGNORE)
        if unknown.any():
            most = int(numbers[unknown].max())
            raise PictureError(
                f"{path} holds the number {most}, and there are {self.count} classes, 0 to {self.count - 1}, and "
                f"{IGNORE} for none. Labels must never be resized but by nearest neighbour."
            )
        return numbers


def _share(picture: Picture, colours: Sequence[tuple[int, ...]]) -> float:
    """Of the pixels that have one of these colours."""
    return float(sum((picture == np.array(colour, np.uint8)).all(-1).mean() for colour in colours))


def score(matches: Sequence[Match], half: Half, reader: LabelReader, track: Track = iter) -> Counts:
    """Pixels by true and nearest class (pictures, classes, classes + 1), of outputs that are label pictures.

    Outputs of another size than the labels are resized to theirs, by nearest neighbour; labels never are.

    Raises:
        PictureError: one cannot be read as labels.
    """
    reader.refuse_other_palette([(match.target, half) for match in matches])
    counts = []
    for match in track(matches):
        truth = reader.read(match.target, half)
        output = images.read(match.output, alpha="flatten")
        if output.dtype != np.uint8 or output.shape[-1] not in (1, 3):
            raise PictureError(f"{match.output} is no 8-bit picture in grey or colour.")
        said = reader.nearest(images.resize(output, truth.shape[0], truth.shape[1], "nearest"))
        counts.append(segmentation.confusion(said, truth, reader.count))
    return np.array(counts)
