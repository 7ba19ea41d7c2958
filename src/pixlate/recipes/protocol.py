"""What every recipe has."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pixlate.errors import ConfigError, PictureError

Picture = NDArray[Any]
"""Pixels (H, W, C) of an unsigned integer type, 0 … the type's largest value: uint8 in 0 … 255, uint16 in 0 … 65535."""


class Recipe(Protocol):
    """A way to make the source picture out of the target. A frozen dataclass, so that it can be sent to processes."""

    @property
    def random(self) -> bool:
        """Whether `make` draws: if not, the same picture always gives the same source."""

    def channels(self, target: int) -> int:
        """How many channels the source of a target with `target` channels has."""

    def files(self) -> tuple[Path, ...]:
        """The files that decide what it does."""

    def make(self, picture: Picture, rng: np.random.Generator) -> Picture:
        """The source (H, W, `channels(C)`) for a target (H, W, C), of the target's type; the target stays as it is.

        Raises:
            PictureError: a picture that it cannot make a source of. The text does not name the file.
        """


def full(picture: Picture) -> int:
    """The largest value of the picture's type: white.

    Raises:
        PictureError: no array (H, W, C) of unsigned integers with a pixel in it.
    """
    if picture.ndim != 3 or picture.dtype.kind != "u" or 0 in picture.shape:
        raise PictureError(
            f"A picture is an array (H, W, C) of unsigned integers, not {picture.dtype} {picture.shape}."
        )
    return int(np.iinfo(picture.dtype).max)


def refuse_outside(name: str, value: float, least: float, most: float) -> None:
    """Make sure that an option lies between two bounds, or on one.

    Raises:
        ConfigError: it does not, or is no number.
    """
    if not least <= value <= most:
        raise ConfigError(f"{name} is {value:g}; {least:g} to {most:g} is wanted.")
