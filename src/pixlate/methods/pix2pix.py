"""pix2pix: image-to-image translation with conditional adversarial networks (Isola et al., 2017).

x is the source, y the target, z the noise; G the generator, D the discriminator. Equation numbers are the paper's.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from pixlate import losses
from pixlate.data.loading import Batch
from pixlate.devices import Device
from pixlate.methods import adversary
from pixlate.methods.first import discriminator, generator
from pixlate.networks.building import Generator
from pixlate.networks.noise import Noise
from pixlate.networks.normalization import frozen_statistics
from pixlate.networks.patchgan import PatchGAN
from pixlate.specs.methods.pix2pix import Pix2PixConfig
from pixlate.specs.methods.settings import MethodSpec

if TYPE_CHECKING:
    from torch.optim import Optimizer


class Pix2Pix(nn.Module):
    """Generator, discriminator where the objective has one, and their optimizers."""

    recordable = True

    def __init__(self, spec: MethodSpec, seed: int) -> None:
        super().__init__()
        assert isinstance(spec.config, Pix2PixConfig)  # noqa: S101 - the table of methods sees to it
        self.config = spec.config
        self.G = generator(spec, "G", seed)
        self.D = discriminator(spec, "D", seed)
        self.optimizers: dict[str, Optimizer] = {"G": adversary.adam(spec.learning, self.G)}
        if self.D is not None:
            self.optimizers["D"] = adversary.adam(spec.learning, self.D)

    def step(self, batches: Sequence[Batch], noise: Callable[[int], Noise], device: Device) -> dict[str, Tensor]:
        """One step of D and one of G (section 3.3)."""
        if self.D is not None and self.config.judged_once:
            return self._step_at_once(self.D, batches, noise, device)
        return self._step_in_turn(batches, noise, device)

    def _step_at_once(
        self, D: PatchGAN, batches: Sequence[Batch], noise: Callable[[int], Noise], device: Device
    ) -> dict[str, Tensor]:
        """G learns from the answer D learns from, so both gradients are taken before either update."""
        D_terms, G_terms = [], []
        self.optimizers["G"].zero_grad()  # a step whose update of D was refused has left its gradients
        for index, batch in enumerate(batches):
            found = self._both_gradients(D, batch, noise(index), len(batches), device)
            D_terms.append(found[0])
            G_terms.append(found[1])
        means = losses.mean(D_terms), losses.mean(G_terms)
        device.update(self.optimizers["D"], means[0])
        device.update(self.optimizers["G"], means[1])
        return means[0] | means[1]

    def _both_gradients(
        self, D: PatchGAN, batch: Batch, z: Noise, count: int, device: Device
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Of one batch of `count`. The terms come detached: what is kept for their gradients is let go here."""
        fake = self._translated(batch, z, device)
        reals, fakes = self._shown(batch, batch.target), self._shown(batch, fake)
        judgement = adversary.judged(D, "D", reals, fakes, self.config.gan_mode, z, device)
        device.backward(adversary.objective(judgement.terms) / count, self.optimizers["D"], again=True)
        terms = self._G_terms(batch, fake, judgement.fakes)
        device.backward(self._G_objective(terms) / count, self.optimizers["G"])
        return losses.mean([judgement.terms]), losses.mean([terms])

    def _step_in_turn(
        self, batches: Sequence[Batch], noise: Callable[[int], Noise], device: Device
    ) -> dict[str, Tensor]:
        """G learns from a fresh answer of the D that has learned."""
        count = len(batches)
        once = count == 1  # Then D's fake serves G too. Of several only one is held at a time, and made again for G.
        D_terms, G_terms = [], []

        if self.D is not None:
            for index, batch in enumerate(batches):
                z = noise(index)
                with torch.set_grad_enabled(once):
                    fake = self._translated(batch, z, device)
                # (1) for cGAN, (2) for GAN: D maximises log D(·, y) + log(1 - D(·, G(x, z)))
                reals, fakes = self._shown(batch, batch.target), self._shown(batch, fake.detach())
                terms = adversary.judged(self.D, "D", reals, fakes, self.config.gan_mode, z, device).terms
                device.backward(adversary.objective(terms) / count, self.optimizers["D"])
                D_terms.append(terms)
            device.update(self.optimizers["D"], losses.mean(D_terms))

        for index, batch in enumerate(batches):
            if self.D is None or not once:
                with frozen_statistics(self.G) if self.D is not None else nullcontext():
                    fake = self._translated(batch, noise(index), device)
            logits = None if self.D is None else self._judged_again(self.D, batch, fake, device)
            terms = self._G_terms(batch, fake, logits)
            device.backward(self._G_objective(terms) / count, self.optimizers["G"])
            G_terms.append(terms)
        device.update(self.optimizers["G"], losses.mean(G_terms))
        return losses.mean(D_terms) | losses.mean(G_terms)

    def _translated(self, batch: Batch, noise: Noise, device: Device) -> Tensor:
        with device.autocast():
            output: Tensor = self.G(batch.source, noise)  # G(x, z)
        return output

    def _judged_again(self, D: PatchGAN, batch: Batch, fake: Tensor, device: Device) -> Tensor:
        with device.autocast():
            logits: Tensor = D(self._shown(batch, fake))
        return logits

    def _G_terms(self, batch: Batch, fake: Tensor, logits: Tensor | None) -> dict[str, Tensor]:
        terms = {}
        if logits is not None:
            # maximise log D(·, G(x, z)) rather than minimise log(1 - D)
            terms["G_GAN"] = losses.fooled(logits, self.config.gan_mode)
        if self.config.distance == "L1":
            terms["G_L1"] = losses.l1(fake, batch.target)  # (3)
        elif self.config.distance == "L2":
            terms["G_L2"] = losses.l2(fake, batch.target)
        return terms

    def _G_objective(self, terms: dict[str, Tensor]) -> Tensor:
        """(4): the adversarial term plus λ times L1; each alone where the other is not asked for."""
        weight = {"G_L1": self.config.lambda_l1 if self.D is not None else 1.0}
        return torch.stack([weight.get(name, 1.0) * term for name, term in terms.items()]).sum()

    def _shown(self, batch: Batch, picture: Tensor) -> Tensor:
        """What D sees: the pair for cGAN, the picture alone for GAN."""
        return torch.cat([batch.source, picture], dim=1) if self.config.adversary == "cGAN" else picture

    @property
    def shipped(self) -> dict[str, Generator]:
        """G alone."""
        return {"": self.G}
