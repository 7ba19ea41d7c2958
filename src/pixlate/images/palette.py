"""Label colours ↔ class numbers."""

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pixlate.errors import ConfigError, PictureError, printable

IGNORE = 255
"""The number of pixels that belong to no class."""

Colour = tuple[int, int, int]
Classes = NDArray[np.uint8]
"""A class number, or IGNORE, for each pixel (H, W)."""

_HEADING = re.compile(r"(r|red|color|colour|name|class)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Palette:
    """The colour of each class; class k has the k-th. At most 255, all different."""

    colours: tuple[Colour, ...]
    names: tuple[str, ...] = ()
    """The classes' names, as many as colours, or none."""
    ignored: tuple[Colour, ...] = ()
    """Colours that are known to be of no class: of the number IGNORE. IGNORE has the first, or black."""

    def __post_init__(self) -> None:
        every = (*self.colours, *self.ignored)
        if not len(self.colours) >= 1 or len(every) > IGNORE:
            raise ConfigError(f"A palette has 1 to {IGNORE} colours, and this one {len(every)}.")
        if not all(0 <= level <= 255 for colour in every for level in colour):
            raise ConfigError("A palette's colours are red, green and blue from 0 to 255.")
        if twice := [colour for place, colour in enumerate(every) if colour in every[:place]]:
            raise ConfigError(f"A palette's colours are all different, and {twice[0]} is in this one twice.")
        if self.names and len(self.names) != len(self.colours):
            raise ConfigError(f"A palette has a name for each colour or none, not {len(self.names)}.")

    def classes(self, picture: NDArray[np.uint8], within: float = math.inf, apart: float = 0) -> Classes:
        """The class of the nearest colour, for each pixel of a label picture (H, W, 3).

        Distances are Euclidean, in levels of RGB; black and white are 441.7 apart. IGNORE is what lies farther than
        `within` from every colour, or less than `apart` nearer to its own than to the next.

        Raises:
            PictureError: no uint8 picture of three channels.
        """
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[-1] != 3:
            raise PictureError(f"Label colours are a uint8 picture (H, W, 3), not {picture.dtype} {picture.shape}.")
        squares = self._squares(picture)
        best = squares.min(0)
        nearest = np.zeros(best.shape, np.uint8)
        for number in reversed(range(len(squares))):  # of two as near, the first; far faster than argmin
            nearest = np.where(squares[number] == best, np.uint8(number), nearest)
        outside = (best > within**2) | (nearest >= len(self.colours))
        if apart > 0:
            second = np.full_like(best, np.inf)
            for number, each in enumerate(squares):
                np.minimum(second, each, out=second, where=nearest != number)
            outside |= np.sqrt(second) - np.sqrt(best) < apart
        return np.where(outside, np.uint8(IGNORE), nearest).reshape(picture.shape[:2])

    def _squares(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The square of each colour's distance to each pixel, (colours, H W)."""
        # |c - p|² = |c|² - 2cp + |p|², of whole numbers below 2²⁴, which float32 holds exactly.
        pixels = np.ascontiguousarray(picture.reshape(-1, 3).T).astype(np.float32)
        colours = np.array([*self.colours, *self.ignored], np.float32)
        squares: NDArray[np.float32] = -2 * colours @ pixels
        squares += (colours**2).sum(1, keepdims=True)
        squares += (pixels**2).sum(0)
        return squares

    def picture(self, classes: Classes) -> NDArray[np.uint8]:
        """The label colours (H, W, 3) of class numbers (H, W).

        Raises:
            PictureError: a number that is neither a class nor IGNORE.
        """
        unknown = (classes >= len(self.colours)) & (classes != IGNORE)
        if classes.dtype != np.uint8 or unknown.any():
            told = int(classes[unknown][0]) if unknown.any() else classes.dtype
            raise PictureError(f"Class numbers are uint8, 0 to {len(self.colours) - 1} or {IGNORE}, not {told}.")
        table = np.zeros((256, 3), np.uint8)
        table[: len(self.colours)] = self.colours
        table[IGNORE] = self.ignored[0] if self.ignored else (0, 0, 0)
        return table[classes]


def smoothed(classes: Classes) -> Classes:
    """The commonest class in the 3×3 pixels around each, its own where that is as common; IGNORE does not count.

    It narrows seams of IGNORE by a pixel from each side, and takes away specks of a wrong class.
    """
    padded = np.pad(classes, 1, mode="edge")
    height, width = classes.shape
    votes = np.stack([padded[y : y + height, x : x + width] for y in range(3) for x in range(3)])
    chosen, most = np.full_like(classes, IGNORE), np.zeros(classes.shape, np.uint8)
    for number in np.unique(classes[classes != IGNORE]):
        count = 2 * (votes == number).sum(0, dtype=np.uint8) + (classes == number)
        chosen[count > most] = number
        most = np.maximum(most, count)
    return chosen


def read(path: Path) -> Palette:
    """The palette in a file.

    JSON: a list of colours, or an object of names and colours, a colour being `[r, g, b]` or `"#rrggbb"`. Any other
    file: a class a line, `r g b name` or `#rrggbb name`, with spaces, tabs, commas or semicolons between; the name may
    be left out on all lines, and a heading may stand above.

    Raises:
        ConfigError: a file that cannot be read, or is no palette.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read as a palette ({error}).") from error
    try:
        named = _from_json(json.loads(text)) if path.suffix.lower() == ".json" else _from_lines(text)
        names = tuple(name for name, _ in named if name)
        return Palette(tuple(colour for _, colour in named), names)
    except (ConfigError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is no palette: {error}") from error


def _from_json(document: Any) -> list[tuple[str, Colour]]:  # noqa: ANN401 - whatever the JSON says
    if isinstance(document, dict):
        return [(name, _colour(told)) for name, told in document.items()]
    if isinstance(document, list):
        return [("", _colour(told)) for told in document]
    raise ConfigError("a list of colours, or an object of names and colours, is wanted.")


def _from_lines(text: str) -> list[tuple[str, Colour]]:
    named = []
    for number, line in enumerate(text.splitlines()):
        cells = [cell.strip() for cell in re.split(r"[,;]" if re.search("[,;]", line) else r"\s+", line.strip())]
        if not line.strip() or (number == 0 and _HEADING.match(cells[0])):
            continue
        told: list[str] | str = cells[0] if cells[0].startswith("#") else cells[:3]
        named.append((" ".join(cells[1 if isinstance(told, str) else 3 :]), _colour(told)))
    return named


def _colour(told: Any) -> Colour:  # noqa: ANN401 - whatever the file says
    if isinstance(told, str) and re.fullmatch("#[0-9a-fA-F]{6}", told):
        return int(told[1:3], 16), int(told[3:5], 16), int(told[5:], 16)
    parts = told if isinstance(told, list) else []
    levels = [int(part) if isinstance(part, str) and part.isdecimal() else part for part in parts]
    if len(levels) == 3 and all(type(level) is int for level in levels):
        return levels[0], levels[1], levels[2]
    raise ConfigError(f"{printable(told)} is no colour; give red, green and blue from 0 to 255, or #rrggbb.")
