"""pix2pix: image-to-image translation with conditional adversarial networks (Isola et al., 2017).

x is the source, y the target, z the noise; G the generator, D the discriminator. Equation numbers are the paper's.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from pixlate import draws, losses
from pixlate.data.loading import Batch
from pixlate.devices import Device
from pixlate.networks.building import build_discriminator, build_generator
from pixlate.networks.noise import Noise
from pixlate.networks.normalization import frozen_statistics
from pixlate.networks.unet import UNet
from pixlate.specs.methods import Pix2PixConfig
from pixlate.specs.networks import DiscriminatorSpec, GeneratorSpec


class Pix2Pix(nn.Module):
    """Generator, discriminator where the objective has one, and their optimizers."""

    name = "pix2pix"

    def __init__(
        self, config: Pix2PixConfig, generator: GeneratorSpec, discriminator: DiscriminatorSpec | None, seed: int
    ) -> None:
        super().__init__()
        self.config = config
        self.G = build_generator(generator, draws.seed(seed, "weights of G"))
        self.D = build_discriminator(discriminator, draws.seed(seed, "weights of D")) if discriminator else None
        self.optimizers: dict[str, Optimizer] = {"G": _adam(self.G, config)}
        if self.D is not None:
            self.optimizers["D"] = _adam(self.D, config)

    def step(self, batches: Sequence[Batch], noise: Callable[[int], Noise], device: Device) -> dict[str, Tensor]:
        """One step of D, then one of G (section 3.3)."""
        count = len(batches)
        once = count == 1  # Then D's fake serves G too. Of several only one is held at a time, and made again for G.
        D_terms, G_terms = [], []

        if self.D is not None:
            for index, batch in enumerate(batches):
                with torch.set_grad_enabled(once):
                    fake = self._translated(batch, noise(index), device)
                terms = self._D_terms(batch, fake.detach(), device)
                # Halved, which lets D learn more slowly than G.
                device.backward((terms["D_real"] + terms["D_fake"]) / 2 / count, self.optimizers["D"])
                D_terms.append(terms)
            device.update(self.optimizers["D"], losses.mean(D_terms))

        for index, batch in enumerate(batches):
            if self.D is None or not once:
                with frozen_statistics(self.G) if self.D is not None else nullcontext():
                    fake = self._translated(batch, noise(index), device)
            terms = self._G_terms(batch, fake, device)
            device.backward(self._G_objective(terms) / count, self.optimizers["G"])
            G_terms.append(terms)
        device.update(self.optimizers["G"], losses.mean(G_terms))
        return losses.mean(D_terms) | losses.mean(G_terms)

    def _translated(self, batch: Batch, noise: Noise, device: Device) -> Tensor:
        with device.autocast():
            output: Tensor = self.G(batch.source, noise)  # G(x, z)
        return output

    def _D_terms(self, batch: Batch, fake: Tensor, device: Device) -> dict[str, Tensor]:
        """(1) for cGAN, (2) for GAN: D maximises log D(·, y) + log(1 - D(·, G(x, z)))."""
        with device.autocast():
            real_logits, fake_logits = self._judged(batch.source, batch.target), self._judged(batch.source, fake)
        return {"D_real": losses.real(real_logits), "D_fake": losses.fake(fake_logits)}

    def _G_terms(self, batch: Batch, fake: Tensor, device: Device) -> dict[str, Tensor]:
        terms = {}
        if self.D is not None:
            with device.autocast():
                logits = self._judged(batch.source, fake)
            terms["G_GAN"] = losses.real(logits)  # maximise log D(·, G(x, z)) rather than minimise log(1 - D)
        if self.config.distance == "L1":
            terms["G_L1"] = losses.l1(fake, batch.target)  # (3)
        elif self.config.distance == "L2":
            terms["G_L2"] = losses.l2(fake, batch.target)
        return terms

    def _G_objective(self, terms: dict[str, Tensor]) -> Tensor:
        """(4): the adversarial term plus λ times L1; each alone where the other is not asked for."""
        weight = {"G_L1": self.config.lambda_l1 if self.D is not None else 1.0}
        return torch.stack([weight.get(name, 1.0) * term for name, term in terms.items()]).sum()

    def sample(self, source: Tensor, noise: Noise | None) -> Tensor:
        """G(x, z), normalised with each picture's own statistics."""
        training = self.G.training
        self.G.eval()
        with torch.no_grad():
            output: Tensor = self.G(source, noise)
        self.G.train(training)
        return output

    @property
    def shipped(self) -> dict[str, UNet]:
        """G alone."""
        return {"": self.G}

    def _judged(self, x: Tensor, picture: Tensor) -> Tensor:
        """What D says of the pair for cGAN, of the picture alone for GAN."""
        assert self.D is not None  # noqa: S101 - only adversarial objectives ask
        logits: Tensor = self.D(torch.cat([x, picture], dim=1) if self.config.adversary == "cGAN" else picture)
        return logits


def _adam(network: nn.Module, config: Pix2PixConfig) -> Adam:
    return Adam(network.parameters(), lr=config.lr, betas=(config.beta1, config.beta2), fused=True)
