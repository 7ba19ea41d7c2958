"""Grey out of colour, for colourisation from grey."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from pixlate.errors import PictureError
from pixlate.recipes.protocol import Picture, full

_WEIGHTS = (19595, 38470, 7471)
"""0.299, 0.587 and 0.114 (ITU-R 601) in units of 1/65536, as Pillow has them."""


def gray(picture: Picture) -> Picture:
    """RGB (H, W, 3) weighed to grey (H, W, 1) by ITU-R 601, for uint8 bit for bit as Pillow's mode L; grey as it is.

    Raises:
        PictureError: neither one channel nor three.
    """
    full(picture)
    if picture.shape[-1] not in (1, 3):
        raise PictureError(f"Grey is made of 1 channel or 3, and the picture has {picture.shape[-1]}.")
    if picture.shape[-1] == 1:
        return picture
    kind = np.dtype(np.uint32 if picture.dtype == np.uint8 else np.uint64)
    red, green, blue = (picture[..., channel].astype(kind) * weight for channel, weight in enumerate(_WEIGHTS))
    grey: Picture = ((red + green + blue + 0x8000) >> 16).astype(picture.dtype)[..., None]
    return grey


@dataclass(frozen=True)
class Gray:
    """The target in grey."""

    random: ClassVar[bool] = False

    def channels(self, target: int) -> int:  # noqa: ARG002
        """One."""
        return 1

    def files(self) -> tuple[Path, ...]:
        """None."""
        return ()

    def make(self, picture: Picture, rng: np.random.Generator) -> Picture:  # noqa: ARG002
        """See `Recipe.make`."""
        return gray(picture).copy()
