"""A canvas that holds a label map and its photo at once, so that each element is drawn in both by one call.

Lengths are in units of 1/128 of the picture's side, whatever its size; y runs downwards, colours from 0 to 1.
"""

from collections.abc import Callable
from math import floor
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]
Colour = tuple[float, float, float]
# Both are asked with the places of a box's pixels, y (h, 1) and x (1, w), from 0 to 1 across that box, and answer
# with an array that broadcasts to (h, w, 3), or (h, w).
Material = Callable[[Floats, Floats], Floats]
Shape = Callable[[Floats, Floats], NDArray[np.bool_]]

UNITS = 128  # to the picture's side
FINE = 4  # photo pixels drawn per picture pixel and side, averaged away at the end


class Box(NamedTuple):
    """A rectangle of the picture, in units."""

    top: float
    left: float
    bottom: float
    right: float

    @property
    def height(self) -> float:
        """Units from top to bottom."""
        return self.bottom - self.top

    @property
    def width(self) -> float:
        """Units from left to right."""
        return self.right - self.left

    def inset(self, by: float) -> "Box":
        """The box without a rim `by` units wide; grown by one where negative."""
        return Box(self.top + by, self.left + by, self.bottom - by, self.right - by)

    def part(self, top: float = 0, left: float = 0, bottom: float = 1, right: float = 1) -> "Box":
        """The part between these fractions of its height and width."""
        y, x, height, width = self.top, self.left, self.height, self.width
        return Box(y + top * height, x + left * width, y + bottom * height, x + right * width)

    def post(self, at: float, thick: float) -> "Box":
        """An upright strip of it, `thick` units wide, with its middle `at` this fraction of the width."""
        middle = self.left + at * self.width
        return Box(self.top, middle - thick / 2, self.bottom, middle + thick / 2)

    def above(self, height: float, overhang: float = 0) -> "Box":
        """A box standing on its top edge, wider by `overhang` on each side."""
        return Box(self.top - height, self.left - overhang, self.top, self.right + overhang)

    def below(self, height: float, overhang: float = 0) -> "Box":
        """A box hanging from its bottom edge, wider by `overhang` on each side."""
        return Box(self.bottom, self.left - overhang, self.bottom + height, self.right + overhang)


class Canvas:
    """A label map (class numbers) and its photo, drawn together; what is drawn later covers what was there."""

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.size = size
        self.rng = rng
        self.labels: Pixels = np.zeros((size, size), np.uint8)
        self._photo: Floats = np.zeros((size * FINE, size * FINE, 3), np.float32)

    def snap(self, box: Box) -> Box:
        """The box moved to whole picture pixels, at least one each way."""
        rows, columns = _span(box, self.size)
        unit = UNITS / self.size
        return Box(rows.start * unit, columns.start * unit, rows.stop * unit, columns.stop * unit)

    def paint(self, box: Box, kind: int, material: Colour | Material, shape: Shape | None = None) -> Box:
        """Draws in both, label `kind` and `material`, within `shape`; returns the box snapped, as it was drawn."""
        rows, columns = _span(box, self.size)
        inside = True if shape is None else shape(*_places(rows, columns))
        self.labels[rows, columns] = np.where(inside, np.uint8(kind), self.labels[rows, columns])
        box = self.snap(box)
        self.fill(box, material, shape)
        return box

    def fill(self, box: Box, material: Colour | Material, shape: Shape | None = None) -> None:
        """Draws in the photo alone: the finer parts of what was painted."""
        rows, columns = _span(box, self.size * FINE)
        y, x = _places(rows, columns)
        inside = True if shape is None else shape(y, x)[..., None]
        look = material(y, x) if callable(material) else np.array(material, np.float32)
        np.copyto(self._photo[rows, columns], look, where=inside)

    def shade(self, box: Box, depth: float, along: Literal["y", "x"] = "y") -> None:
        """Darkens the photo by `depth` (of 1) at the box's top or left edge, fading to nothing at the opposite one."""
        rows, columns = _span(box, self.size * FINE)
        y, x = _places(rows, columns)
        self._photo[rows, columns] *= 1 - depth * (1 - (y if along == "y" else x))[..., None]

    def photo(self) -> Pixels:
        """The photo averaged down to (size, size, 3), 0 to 255, with a little grain."""
        # summed slice by slice: the order of a library's own sum may differ between machines
        fine = self._photo.reshape(self.size, FINE, self.size * FINE, 3)
        rows = (fine[:, 0] + fine[:, 1] + fine[:, 2] + fine[:, 3]).reshape(self.size, self.size, FINE, 3)
        mean: Floats = (rows[:, :, 0] + rows[:, :, 1] + rows[:, :, 2] + rows[:, :, 3]) / FINE**2
        grain = self.rng.random((self.size, self.size, 1), np.float32) - 0.5
        return np.floor(np.clip(mean + 0.02 * grain, 0, 1) * 255 + 0.5).astype(np.uint8)


def _span(box: Box, side: int) -> tuple[slice, slice]:
    def along(start: float, stop: float) -> slice:
        first = min(max(floor(start * side / UNITS + 0.5), 0), side - 1)
        return slice(first, max(first + 1, min(floor(stop * side / UNITS + 0.5), side)))

    return along(box.top, box.bottom), along(box.left, box.right)


def _places(rows: slice, columns: slice) -> tuple[Floats, Floats]:
    def along(span: slice) -> Floats:
        count = int(span.stop - span.start)
        return (np.arange(count, dtype=np.float32) + np.float32(0.5)) / np.float32(count)

    return along(rows)[:, None], along(columns)[None, :]
