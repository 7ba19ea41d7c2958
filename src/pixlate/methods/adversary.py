"""What all adversarial methods share: judging real and generated pictures by the chosen loss."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from pixlate import losses
from pixlate.devices import Device
from pixlate.methods.adam import Adam
from pixlate.networks.convolution import transforms_shared
from pixlate.networks.noise import Noise
from pixlate.specs.learning import LearningConfig
from pixlate.specs.methods.settings import GanMode

_PENALTY = 10.0
"""λ of the gradient penalty (Gulrajani et al., 2017, section 4)."""


class Judgement(NamedTuple):
    """What a discriminator says of one batch of real and one of generated pictures."""

    terms: dict[str, Tensor]
    """Those of its objective."""
    fakes: Tensor
    """Its logits of the generated pictures."""


def judged(
    judge: nn.Module, name: str, reals: Tensor, fakes: Tensor, mode: GanMode, z: Noise, device: Device
) -> Judgement:
    """What the discriminator `judge`, called `name`, says of `reals` and `fakes` (N, C, H, W each).

    With wgangp the gradient penalty is among them, weighed.
    """
    with device.autocast(), transforms_shared():
        real_logits, fake_logits = judge(reals), judge(fakes)
    terms = {f"{name}_real": losses.real(real_logits, mode), f"{name}_fake": losses.fake(fake_logits, mode)}
    if mode == "wgangp":
        count = len(reals)
        shares = z.drawn(lambda z: torch.tensor([z.uniform() for _ in range(count)]), reals.device)
        terms[f"{name}_penalty"] = _PENALTY * losses.gradient_penalty(judge, reals, fakes, shares)
    return Judgement(terms, fake_logits)


def objective(terms: dict[str, Tensor]) -> Tensor:
    """What the discriminator minimises: real and fake halved, which lets it learn more slowly than G; penalty in full.

    Gradients of one network are all that is taken from it, so the terms of several may be added up.
    """
    halved = [term if name.endswith("_penalty") else term / 2 for name, term in terms.items()]
    return torch.stack(halved).sum()


def adam(learning: LearningConfig, *networks: nn.Module) -> Adam:
    """One optimizer for the weights of `networks` (pix2pix, section 3.3)."""
    weights = [weight for network in networks for weight in network.parameters()]
    return Adam(weights, lr=learning.lr, betas=(learning.beta1, learning.beta2), fused=True)
