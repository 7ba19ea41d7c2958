"""From a map of edge probabilities to lines one pixel wide, in the steps of pix2pix's own script.

Lines are bool (H, W). SciPy and scikit-image are slow to import, so each function brings what it needs.
"""

import numpy as np
from numpy.typing import NDArray

Lines = NDArray[np.bool_]
Probabilities = NDArray[np.float32]
"""How likely each pixel is on an edge, (H, W) in 0 … 1."""

_TRIANGLE = np.array([1, 2, 3, 4, 5, 4, 3, 2, 1], np.float32) / 25
_MARGIN = 5
"""So many rows and columns at the border fade out: detectors see edges there that are none."""
_TOLERANCE = np.float32(1.01)
_NEIGHBOURS = np.ones((3, 3), np.bool_)


def orientation(edges: Probabilities) -> NDArray[np.float32]:
    """The angle across the edge at each pixel, in [0, π), from x (rightwards) towards y (downwards).

    It comes from the second derivatives of the map, smoothed by a triangle four pixels wide to each side. As in the
    script, it is exact at the axes and diagonals, and up to 12 degrees off between.
    """
    from scipy import ndimage  # noqa: PLC0415

    if min(edges.shape) < 2:
        return np.zeros_like(edges)
    smooth = ndimage.correlate1d(ndimage.correlate1d(edges, _TRIANGLE, 0), _TRIANGLE, 1)
    down, across = np.gradient(smooth)
    yy, xy = np.gradient(down)
    xx = np.gradient(across, axis=1)
    angle = np.arctan(yy * np.where(xy > 0, -1, 1) / (xx + np.float32(1e-5))) % np.pi
    return np.where(angle < np.pi, angle, 0).astype(np.float32)  # a remainder may be rounded up to π


def suppressed(edges: Probabilities) -> Probabilities:
    """The map with 0 wherever a neighbour across the edge, one pixel away, is more likely by more than 1 %.

    The outermost 5 pixels fade out.
    """
    from scipy import ndimage  # noqa: PLC0415

    angle = orientation(edges)
    y, x = np.nonzero(edges)
    down, across, here = np.sin(angle[y, x]), np.cos(angle[y, x]), edges[y, x]
    largest = np.ones_like(here, np.bool_)
    for sign in (-1, 1):
        beside = ndimage.map_coordinates(edges, (y + sign * down, x + sign * across), order=1, mode="nearest")
        largest &= here * _TOLERANCE >= beside
    kept = np.zeros_like(edges)
    kept[y, x] = here * largest
    for axis, side in enumerate(edges.shape):
        margin = min(_MARGIN, side // 2)
        fade = np.minimum(np.minimum(np.arange(side), np.arange(side)[::-1]) / max(margin, 1), 1)
        kept *= fade.astype(np.float32).reshape((-1, 1) if axis == 0 else (1, -1))
    return kept


def thinned(lines: Lines) -> Lines:
    """The lines worn away from both sides until they are one pixel wide (Guo and Hall, 1989)."""
    from skimage.morphology import thin  # noqa: PLC0415

    result: Lines = thin(lines)
    return result


def longer(lines: Lines, shortest: int) -> Lines:
    """The lines without those of fewer than `shortest` pixels; pixels that touch at a corner are of one line."""
    from scipy import ndimage  # noqa: PLC0415

    parts, _ = ndimage.label(lines, _NEIGHBOURS)
    kept = np.bincount(parts.ravel()) >= shortest
    kept[0] = False
    result: Lines = kept[parts]
    return result


def drawing(edges: Probabilities, threshold: float = 25 / 255, shortest: int = 5) -> Lines:
    """The paper's lines out of any detector's map: suppressed, cut off, thinned, the short ones left out."""
    return longer(thinned(suppressed(edges) >= max(threshold, float(np.finfo(np.float64).eps))), shortest)
