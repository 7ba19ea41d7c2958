"""How the colours of outputs are spread beside those of targets (pix2pix, section 4.2 and Figure 7).

Marginal distributions of L, a and b over all pixels of all pictures, in bins of one unit; a and b are counted from -128
on. The paper tells neither its bins nor the base of its logarithms.
"""

import numpy as np
from numpy.typing import NDArray

AXES = {"L": (0, 100), "a": (-128, 128), "b": (-128, 128)}
"""The ends of each axis, in units of Lab."""

Counts = NDArray[np.float64]


def histograms(lab: NDArray[np.float32]) -> dict[str, Counts]:
    """Pixels by value of L (100,), a (256,) and b (256,), of one picture (H, W, 3) in Lab."""
    found = {}
    for place, (axis, (low, high)) in enumerate(AXES.items()):
        bins = np.clip(np.floor(lab[..., place]).astype(np.int64) - low, 0, high - low - 1)
        found[axis] = np.bincount(bins.ravel(), minlength=high - low).astype(np.float64)
    return found


def probabilities(counts: Counts) -> Counts:
    """Counts (…, bins) over their sum."""
    shares: Counts = counts / counts.sum(-1, keepdims=True)
    return shares


def intersection(outputs: Counts, targets: Counts) -> Counts:
    """Σ min(p, q) over the bins, in 0 … 1, of counts (…, bins) each; 1 where the distributions are one."""
    common: Counts = np.minimum(probabilities(outputs), probabilities(targets)).sum(-1)
    return common
