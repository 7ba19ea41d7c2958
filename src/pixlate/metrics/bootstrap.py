"""How far a number would go with other pictures of the same kind: the bootstrap over pictures (Efron, 1979)."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TIMES = 2000
"""Resamples; the ends of an interval are then known to about a fiftieth of its length."""
LEVEL = 0.95


def resamples(count: int, seed: int, times: int = TIMES) -> Floats:
    """How often each of `count` pictures comes in each of `times` draws of as many, put back: (times, count).

    One picture says nothing of others: NaN.
    """
    if count == 1:
        return np.full((times, 1), np.nan)
    generator = np.random.Generator(np.random.PCG64(seed))
    return generator.multinomial(count, np.full(count, 1 / count), size=times).astype(np.float64)


def interval(replicates: Floats, level: float = LEVEL) -> tuple[float, float]:
    """The middle share of what came of the resamples, by percentiles; what is not finite does not count."""
    finite = replicates[np.isfinite(replicates)]
    if not finite.size:
        return float("nan"), float("nan")
    low, high = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
