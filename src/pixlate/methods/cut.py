"""CUT and FastCUT: contrastive learning for unpaired image-to-image translation (Park et al., 2020).

x is a source, y a target; G the generator, D the discriminator, H the projections in which patches are compared.
Equation numbers are the paper's.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from pixlate import draws, losses
from pixlate.data.loading import Batch
from pixlate.devices import Device
from pixlate.methods import adversary
from pixlate.methods.first import discriminator, generator
from pixlate.networks.building import Generator
from pixlate.networks.noise import Noise
from pixlate.networks.normalization import frozen_statistics
from pixlate.networks.projection import Projections
from pixlate.specs.methods.cut import CUTConfig
from pixlate.specs.methods.settings import MethodSpec

if TYPE_CHECKING:
    from torch.optim import Optimizer


class CUT(nn.Module):
    """Generator, discriminator, projections, and their optimizers."""

    recordable = False

    def __init__(self, spec: MethodSpec, seed: int) -> None:
        super().__init__()
        assert isinstance(spec.config, CUTConfig)  # noqa: S101 - the table of methods sees to it
        self.config = spec.config
        self.G = generator(spec, "G", seed)
        judge = discriminator(spec, "D", seed)
        assert judge is not None  # noqa: S101 - CUT always has one
        self.D = judge
        learning = spec.learning
        self.H = Projections(self.G.feature_channels, draws.seed(seed, "weights of H"), spec.init, learning.init_gain)
        self.optimizers: dict[str, Optimizer] = {
            "G": adversary.adam(learning, self.G, self.H),
            "D": adversary.adam(learning, self.D),
        }

    def step(self, batches: Sequence[Batch], noise: Callable[[int], Noise], device: Device) -> dict[str, Tensor]:
        """One step of D, then one of G and H."""
        once = len(batches) == 1  # Then D's fake serves G too. Of several only one is held at a time, and made again.
        D_terms, G_terms = [], []
        for index, batch in enumerate(batches):
            z = noise(index)
            with torch.set_grad_enabled(once):
                fake, flipped = self._translated(batch, z, device)
            found = adversary.judged(self.D, "D", batch.target, fake.detach(), self.config.gan_mode, z, device).terms
            device.backward(adversary.objective(found) / len(batches), self.optimizers["D"])
            D_terms.append(found)
        device.update(self.optimizers["D"], losses.mean(D_terms))

        for index, batch in enumerate(batches):
            if not once:
                z = noise(index)
                with frozen_statistics(self.G):
                    fake, flipped = self._translated(batch, z, device)
            found = self._generator_terms(batch, fake, flipped, z, device)
            device.backward(self._objective(found) / len(batches), self.optimizers["G"])
            G_terms.append(found)
        device.update(self.optimizers["G"], losses.mean(G_terms))
        return losses.mean(D_terms) | losses.mean(G_terms)

    def _translated(self, batch: Batch, z: Noise, device: Device) -> tuple[Tensor, bool]:
        """G(x), or of FastCUT's sources every other one flipped; and whether it is."""
        flipped = self.config.flips and z.uniform() < 0.5
        with device.autocast():
            output: Tensor = self.G(batch.source.flip(-1) if flipped else batch.source, z)
        return output, flipped

    def _generator_terms(
        self, batch: Batch, fake: Tensor, flipped: bool, z: Noise, device: Device
    ) -> dict[str, Tensor]:
        with device.autocast():
            logits = self.D(fake)
        terms = {"G_GAN": losses.fooled(logits, self.config.gan_mode)}  # (1)
        terms["NCE"] = self._contrast(fake, batch.source, z, device, flipped=flipped)  # (4), of X
        if self.config.with_identity:
            with device.autocast():
                same = self.G(batch.target, z)
            terms["NCE_identity"] = self._contrast(same, batch.target, z, device)  # (4), of Y
        return terms

    def _objective(self, terms: dict[str, Tensor]) -> Tensor:
        """(5): the adversarial term, and λ times the contrast, of X alone or of X and Y by halves."""
        share = 0.5 if self.config.with_identity else 1.0
        weights = {"G_GAN": 1.0, "NCE": self.config.weight * share, "NCE_identity": self.config.weight * share}
        return torch.stack([weights[name] * term for name, term in terms.items()]).sum()

    def _contrast(self, output: Tensor, source: Tensor, z: Noise, device: Device, *, flipped: bool = False) -> Tensor:
        """PatchNCE (3): each patch of the output is to be told by the patch of the source at its place among others."""
        with device.autocast():
            queries = self.G.features(output, z)
            if flipped:
                queries = [own.flip(-1) for own in queries]
            places = [z.places(self.config.patches, own.shape[-1] * own.shape[-2]) for own in queries]
            with torch.no_grad():
                keys = self.H(self.G.features(source, z), places)
            found = self.H(queries, places)
        each = [losses.contrast(query, key, self.config.temperature) for query, key in zip(found, keys, strict=True)]
        return torch.stack(each).mean()

    @property
    def shipped(self) -> dict[str, Generator]:
        """G alone."""
        return {"": self.G}
