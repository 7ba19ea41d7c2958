"""The papers' terms, each a function of tensors. Distances compare pictures; adversarial terms take logits."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from pixlate.specs.methods.settings import GanMode


def l1(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference (pix2pix eq. 3, CycleGAN eq. 2)."""
    return (wide(target) - wide(output)).abs().mean()


def l2(output: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference (pix2pix, section 3.1)."""
    return (wide(target) - wide(output)).square().mean()


def real(logits: Tensor, mode: GanMode = "vanilla") -> Tensor:
    """What a discriminator wants small on real pictures, meaned over patches; -log D for the cross-entropy."""
    x = wide(logits)
    if mode == "vanilla":
        return F.softplus(-x).mean()
    if mode == "lsgan":
        return (x - 1).square().mean()
    return F.relu(1 - x).mean() if mode == "hinge" else -x.mean()


def fake(logits: Tensor, mode: GanMode = "vanilla") -> Tensor:
    """What it wants small on generated pictures, meaned over patches; -log(1 - D) for the cross-entropy."""
    x = wide(logits)
    if mode == "vanilla":
        return F.softplus(x).mean()
    if mode == "lsgan":
        return x.square().mean()
    return F.relu(1 + x).mean() if mode == "hinge" else x.mean()


def fooled(logits: Tensor, mode: GanMode = "vanilla") -> Tensor:
    """What a generator wants small on its own pictures, meaned over patches.

    It is `real`, so the cross-entropy does not saturate; for hinge it is -logits (Lim and Ye, 2017).
    """
    return -wide(logits).mean() if mode == "hinge" else real(logits, mode)


def gradient_penalty(judge: Callable[[Tensor], Tensor], reals: Tensor, fakes: Tensor, shares: Tensor) -> Tensor:
    """(‖∇D‖ - 1)² at points between reals and fakes (N, C, H, W), meaned over N (Gulrajani et al., 2017, eq. 3).

    `shares` (N) in [0, 1] say how much of the real picture each point has. A logit map is summed up before its gradient
    is taken. The gradient flows on into D's weights, not into the pictures.
    """
    weights = shares.to(reals).view(-1, 1, 1, 1)
    points = wide(weights * reals.detach() + (1 - weights) * fakes.detach()).requires_grad_()
    (gradients,) = torch.autograd.grad(wide(judge(points)).sum(), points, create_graph=True)
    # The root has no gradient at 0.
    norms = (gradients.flatten(1).square().sum(1) + 1e-12).sqrt()
    return (norms - 1).square().mean()


def contrast(queries: Tensor, keys: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of telling, for each query (N, P, C), its own key from those of the picture's other places.

    (Park et al., 2020, eq. 2.) The vectors have length 1; the keys get no gradient.
    """
    logits = wide(queries) @ wide(keys.detach()).transpose(1, 2) / temperature
    own = torch.arange(logits.shape[1], device=logits.device).expand(logits.shape[:2])
    return F.cross_entropy(logits.flatten(0, 1), own.flatten())


def wide(x: Tensor) -> Tensor:
    """In 32 bits at least: sums in 16 lose too much."""
    return x if x.dtype == torch.float64 else x.float()


def mean(terms: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of each term over several batches, detached."""
    return {name: torch.stack([each[name].detach() for each in terms]).mean() for name in terms[0]} if terms else {}
