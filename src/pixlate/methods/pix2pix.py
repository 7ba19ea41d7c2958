"""pix2pix: image-to-image translation with conditional adversarial networks (Isola et al., 2017).

x is the source, y the target, z the noise; G the generator, D the discriminator. Equation numbers are the paper's.
"""

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from pixlate import draws, losses
from pixlate.data.loading import Batch
from pixlate.devices import Device
from pixlate.networks.building import build_discriminator, build_generator
from pixlate.networks.noise import Noise
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

    def step(self, batch: Batch, noise: Noise, device: Device) -> dict[str, Tensor]:
        """One step of D, then one of G (section 3.3)."""
        x, y = batch.source, batch.target
        G = device.parallel(self.G)
        told: dict[str, Tensor] = {}

        with device.autocast():
            fake = G(x, noise)  # G(x, z), made once for both

        if self.D is not None:
            D = device.parallel(self.D)
            with device.autocast():
                real_logits = D(self._seen(x, y))
                fake_logits = D(self._seen(x, fake.detach()))
            # (1) for cGAN, (2) for GAN: D maximises log D(·, y) + log(1 - D(·, G(x, z))), at half the rate of G.
            told["D_real"], told["D_fake"] = losses.real(real_logits), losses.fake(fake_logits)
            device.update((told["D_real"] + told["D_fake"]) / 2, self.optimizers["D"])

        objective = torch.zeros((), device=x.device)
        if self.D is not None:
            with device.autocast():
                # The bare D: its weights get no gradient here, and a wrapper would wait for one.
                fake_logits = self.D(self._seen(x, fake))
            told["G_GAN"] = losses.real(fake_logits)  # maximise log D(·, G(x, z)) rather than minimise log(1 - D)
            objective = objective + told["G_GAN"]
        if self.config.distance == "L1":
            told["G_L1"] = losses.l1(fake, y)  # (3)
            objective = objective + (self.config.lambda_l1 if self.D is not None else 1.0) * told["G_L1"]  # (4)
        elif self.config.distance == "L2":
            told["G_L2"] = losses.l2(fake, y)
            objective = objective + told["G_L2"]
        device.update(objective, self.optimizers["G"])
        return {name: loss.detach() for name, loss in told.items()}

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

    def _seen(self, x: Tensor, picture: Tensor) -> Tensor:
        """What D judges: the pair for cGAN, the picture alone for GAN."""
        return torch.cat([x, picture], dim=1) if self.config.adversary == "cGAN" else picture


def _adam(network: nn.Module, config: Pix2PixConfig) -> Adam:
    return Adam(network.parameters(), lr=config.lr, betas=(config.beta1, config.beta2), fused=True)
