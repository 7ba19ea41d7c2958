"""The paper's terms, each a function of tensors. Distances compare pictures; adversarial terms take logits."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def l1(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference (eq. 3)."""
    return (target.float() - output.float()).abs().mean()


def l2(output: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference (section 3.1)."""
    return (target.float() - output.float()).square().mean()


def real(logits: Tensor) -> Tensor:
    """-log D, meaned over patches: what a discriminator wants small on real pictures, a generator on its own."""
    return F.softplus(-logits.float()).mean()


def fake(logits: Tensor) -> Tensor:
    """-log(1 - D), meaned over patches: what a discriminator wants small on generated pictures."""
    return F.softplus(logits.float()).mean()


def mean(terms: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of each term over several batches, detached."""
    return {name: torch.stack([each[name].detach() for each in terms]).mean() for name in terms[0]} if terms else {}
