"""CycleGAN: unpaired image-to-image translation with cycle-consistent adversarial networks (Zhu et al., 2017).

x is a picture of X, y one of Y; G: X → Y and F: Y → X are the generators, D_X and D_Y judge pictures of X and of Y.
Equation numbers are the paper's.
"""

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from pixlate import losses
from pixlate.data.loading import Batch
from pixlate.devices import Device
from pixlate.methods import adversary
from pixlate.methods.features import Features
from pixlate.methods.first import discriminator, generator
from pixlate.methods.history import History
from pixlate.networks.building import Generator
from pixlate.networks.noise import Noise
from pixlate.specs.methods.cyclegan import CycleGANConfig
from pixlate.specs.methods.settings import MethodSpec

if TYPE_CHECKING:
    from torch.optim import Optimizer


class Round(NamedTuple):
    """Generators that are updated at once, and then the discriminators that judge them."""

    name: str
    generators: tuple[str, ...]
    judges: str
    discriminators: tuple[str, ...]


TOGETHER = (Round("G", ("G", "F"), "D", ("D_Y", "D_X")),)
IN_TURN = (Round("G", ("G",), "D_Y", ("D_Y",)), Round("F", ("F",), "D_X", ("D_X",)))


class CycleGAN(nn.Module):
    """Both generators, both discriminators with the history each learns from, and their optimizers."""

    recordable = True

    def __init__(self, spec: MethodSpec, seed: int) -> None:
        super().__init__()
        assert isinstance(spec.config, CycleGANConfig)  # noqa: S101 - the table of methods sees to it
        self.config = spec.config
        self.G, self.F = generator(spec, "G", seed), generator(spec, "F", seed)
        self.D_X = discriminator(spec, "D_X", seed)
        self.D_Y = discriminator(spec, "D_Y", seed)
        kept = self.config.history if self.config.adversarial else 0
        self.history_X = History(kept, self.F.spec.out_channels, *spec.size)
        self.history_Y = History(kept, self.G.spec.out_channels, *spec.size)
        self.features = Features(self.config) if self.config.likeness == "features" else None
        self.rounds = TOGETHER if self.config.update_order == "together" else IN_TURN
        self.optimizers: dict[str, Optimizer] = {}
        for turn in self.rounds:
            self.optimizers[turn.name] = adversary.adam(spec.learning, *map(self.get_submodule, turn.generators))
            if self.config.adversarial:
                judges = map(self.get_submodule, turn.discriminators)
                self.optimizers[turn.judges] = adversary.adam(spec.learning, *judges)

    def step(self, batches: Sequence[Batch], noise: Callable[[int], Noise], device: Device) -> dict[str, Tensor]:
        """Generators, then discriminators: all together, or in turn (section 4)."""
        means: dict[str, Tensor] = {}
        for number, turn in enumerate(self.rounds):
            terms, judged = [], []
            for index, batch in enumerate(batches):
                z = noise(number * len(batches) + index)
                found, fakes = self._generator_terms(batch, turn.generators, z, device)
                device.backward(self._objective(found) / len(batches), self.optimizers[turn.name])
                terms.append({name: term.detach() for name, term in found.items()})
                judged.append((batch, fakes, z))
            means |= losses.mean(terms)
            device.update(self.optimizers[turn.name], means)
            if self.config.adversarial:
                means |= self._judge(turn, judged, device)
        return means

    def _generator_terms(
        self, batch: Batch, updated: Collection[str], z: Noise, device: Device
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The terms that the generators to be `updated` have a part in, and what G and F made of the batch."""
        x, y = batch.source, batch.target
        forward, backward = self.config.cycles
        identity_x, identity_y = self.config.identities
        terms: dict[str, Tensor] = {}
        fakes: dict[str, Tensor] = {}
        with device.autocast():
            for side, name, source, cycle in (("Y", "G", x, forward), ("X", "F", y, backward)):
                if name in updated or cycle:
                    # One that is not updated now is only a source for the other.
                    with torch.set_grad_enabled(name in updated):
                        fakes[side] = self.get_submodule(name)(source, z)
            cycle_x = self.F(fakes["Y"], z) if forward else None
            cycle_y = self.G(fakes["X"], z) if backward else None
            logits_y = self.D_Y(fakes["Y"]) if self.D_Y is not None and "G" in updated else None
            logits_x = self.D_X(fakes["X"]) if self.D_X is not None and "F" in updated else None
            same_y = self.G(y, z) if identity_y and "G" in updated else None
            same_x = self.F(x, z) if identity_x and "F" in updated else None
        if logits_y is not None:
            terms["G_GAN"] = losses.fooled(logits_y, self.config.gan_mode)  # (1), of G and D_Y
        if logits_x is not None:
            terms["F_GAN"] = losses.fooled(logits_x, self.config.gan_mode)  # (1), of F and D_X
        if cycle_x is not None:
            terms["cycle_X"] = losses.l1(cycle_x, x)  # (2), forward: F(G(x)) ≈ x
        if cycle_y is not None:
            terms["cycle_Y"] = losses.l1(cycle_y, y)  # (2), backward: G(F(y)) ≈ y
        if same_y is not None:
            terms["identity_Y"] = losses.l1(same_y, y)  # section 5.2: G(y) ≈ y
        if same_x is not None:
            terms["identity_X"] = losses.l1(same_x, x)
        if self.config.likeness is not None:
            pairs = {"like_X": ("G", x, "Y"), "like_Y": ("F", y, "X")}
            compared = {name: (a, fakes[b]) for name, (owner, a, b) in pairs.items() if owner in updated}
            terms |= {name: self._likeness(source, fake) for name, (source, fake) in compared.items()}
        return terms, {side: losses.wide(fake.detach()) for side, fake in fakes.items()}

    def _likeness(self, source: Tensor, fake: Tensor) -> Tensor:
        """SimGAN's ‖G(x) - x‖₁, or the same of VGG-16's relu4_2 (section 5.1.2)."""
        if self.features is None:
            return losses.l1(fake, source)
        return losses.l1(self.features(losses.wide(fake)), self.features(losses.wide(source)))

    def _objective(self, terms: dict[str, Tensor]) -> Tensor:
        """(3): both adversarial terms, and λ times both cycles."""
        weights = dict(zip(("cycle_X", "cycle_Y"), self.config.cycles, strict=True))
        weights |= dict(zip(("identity_X", "identity_Y"), self.config.identities, strict=True))
        weights |= dict.fromkeys(("like_X", "like_Y"), self.config.lambda_likeness)
        return torch.stack([weights.get(name, 1.0) * term for name, term in terms.items()]).sum()

    def _judge(
        self, turn: Round, judged: Sequence[tuple[Batch, dict[str, Tensor], Noise]], device: Device
    ) -> dict[str, Tensor]:
        """One update of this round's discriminators, on pictures from the history."""
        terms = []
        for batch, fakes, z in judged:
            found: dict[str, Tensor] = {}
            for name in turn.discriminators:
                reals, fake, history = (
                    (batch.target, fakes["Y"], self.history_Y)
                    if name == "D_Y"
                    else (batch.source, fakes["X"], self.history_X)
                )
                old = history.exchange(fake, z)
                judge = self.get_submodule(name)
                found |= adversary.judged(judge, name, reals, old, self.config.gan_mode, z, device).terms
            device.backward(adversary.objective(found) / len(judged), self.optimizers[turn.judges])
            terms.append(found)
        means = losses.mean(terms)
        device.update(self.optimizers[turn.judges], means)
        return means

    @property
    def shipped(self) -> dict[str, Generator]:
        """Both generators."""
        return {"_AtoB": self.G, "_BtoA": self.F}
