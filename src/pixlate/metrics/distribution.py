"""How far two sets of pictures are apart, by features of each that somebody extracts; nothing is paired."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1000
Features = NDArray[np.float64]
"""(pictures, features)."""


def frechet(outputs: Features, targets: Features) -> float:
    """|μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2(Σ₁Σ₂)^½) (Heusel et al., 2017): of Inception's features it is the FID.

    It is biased: the fewer pictures, the greater. Fewer pictures than features leave the covariances without full rank.

    Raises:
        ValueError: fewer than two pictures in a set.
    """
    _enough(outputs, targets)
    apart = outputs.mean(0) - targets.mean(0)
    first, second = (_centred(features) for features in (outputs, targets))
    # tr(Σ₁Σ₂)^½ is the sum of the singular values of X₁X₂ᵀ, X being centred and divided by √(n - 1).
    common = np.linalg.svd(first @ second.T, compute_uv=False).sum()
    return float(max(apart @ apart + (first**2).sum() + (second**2).sum() - 2 * common, 0.0))


def kernel(outputs: Features, targets: Features) -> float:
    """The unbiased squared MMD with the kernel (x·y / d + 1)³ (Bińkowski et al., 2018): of Inception's, the KID.

    Of two draws from one distribution it is 0 in the mean, and may be less.

    Raises:
        ValueError: fewer than two pictures in a set.
    """
    _enough(outputs, targets)
    within = sum(_off_diagonal(features) for features in (outputs, targets))
    return float(within - 2 * _cubic_sum(outputs, targets) / (len(outputs) * len(targets)))


def precision_recall(outputs: Features, targets: Features, k: int = 3) -> tuple[float, float]:
    """Improved precision and recall (Kynkäänniemi et al., 2019), each in 0 … 1.

    The share of outputs within the targets' manifold, and of targets within the outputs'. A set's manifold is all that
    is as near to one of its pictures as that picture's k-th neighbour.

    Raises:
        ValueError: no more than k pictures in a set.
    """
    if min(len(outputs), len(targets)) <= k:
        raise ValueError(f"precision and recall want more than {k} pictures a set")
    return _covered(outputs, targets, k), _covered(targets, outputs, k)


def _enough(*sets: Features) -> None:
    if min(map(len, sets)) < 2:
        raise ValueError("two pictures a set, or more, are wanted")


def _centred(features: Features) -> Features:
    """X with XᵀX = Σ, of as few rows as will do."""
    centred: Features = (features - features.mean(0)) / np.sqrt(len(features) - 1)
    if centred.shape[0] > centred.shape[1]:
        centred = np.linalg.qr(centred).R
    return centred


def _cubic_sum(a: Features, b: Features) -> float:
    return sum(float(((rows @ b.T / a.shape[1] + 1) ** 3).sum()) for rows in _blocks(a))


def _off_diagonal(features: Features) -> float:
    """The mean of the kernel over all pairs of different pictures."""
    count = len(features)
    diagonal = float((((features**2).sum(1) / features.shape[1] + 1) ** 3).sum())
    return (_cubic_sum(features, features) - diagonal) / (count * (count - 1))


def _covered(points: Features, manifold: Features, k: int) -> float:
    # Of a set beside itself the nearest is the picture itself.
    radii = np.concatenate([np.partition(_distances(rows, manifold), k, axis=1)[:, k] for rows in _blocks(manifold)])
    return float(np.mean(np.concatenate([(_distances(rows, manifold) <= radii).any(1) for rows in _blocks(points)])))


def _distances(a: Features, b: Features) -> Features:
    squares: Features = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
    return np.maximum(squares, 0)


def _blocks(features: Features) -> Iterator[Features]:
    """So many at a time, for every pair of a large set would take much memory."""
    return (features[start : start + _BLOCK] for start in range(0, len(features), _BLOCK))
