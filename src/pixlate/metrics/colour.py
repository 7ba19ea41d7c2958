"""How the colours of outputs are spread beside those of targets (pix2pix, section 4.2 and Figure 7).

Marginal distributions of L, a and b over all pixels of all pictures, in bins of one unit around the whole numbers, so
that greys, whose a and b are 0 but for rounding, fall into one. The paper tells neither its bins nor the base of its
logarithms.
"""

import numpy as np
from numpy.typing import NDArray

AXES = {"L": (0, 100), "a": (-128, 128), "b": (-128, 128)}
"""The least and the greatest bin's middle, in units of Lab."""

Counts = NDArray[np.float64]


def histograms(lab: NDArray[np.float32]) -> dict[str, Counts]:
    """Pixels by value of L (101,), a (257,) and b (257,), of one picture (H, W, 3) in Lab."""
    found = {}
    for place, (axis, (low, high)) in enumerate(AXES.items()):
        bins = np.clip(np.floor(lab[..., place] + 0.5).astype(np.int64) - low, 0, high - low)
        found[axis] = np.bincount(bins.ravel(), minlength=high - low + 1).astype(np.float64)
    return found


def probabilities(counts: Counts) -> Counts:
    """Counts (…, bins) over their sum."""
    shares: Counts = counts / counts.sum(-1, keepdims=True)
    return shares


def intersection(outputs: Counts, targets: Counts) -> Counts:
    """Σ min(p, q) over the bins, in 0 … 1, of counts (…, bins) each; 1 where the distributions are one."""
    common: Counts = np.minimum(probabilities(outputs), probabilities(targets)).sum(-1)
    return common
