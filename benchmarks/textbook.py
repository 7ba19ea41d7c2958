"""Training steps of pix2pix, CycleGAN and CUT as a textbook would write them: what ours are compared with.

Plain torch: every network is run whenever its output is wanted, an optimizer is `torch.optim.Adam` as it comes, and D's
weights take no gradient in G's part of the step. That is the structure of pytorch-CycleGAN-and-pix2pix, too.
"""

import random
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

import textbook_networks
from pixlate.specs.methods.cut import CUTConfig
from pixlate.specs.methods.cyclegan import CycleGANConfig
from pixlate.specs.methods.pix2pix import Pix2PixConfig
from pixlate.specs.methods.settings import MethodSpec
from textbook_networks import Chance, Projections

Terms = dict[str, Tensor]


class Luck:
    """Chance by torch's own dropout, and Python's random numbers."""

    def dropout(self, x: Tensor) -> Tensor:
        """As `nn.Dropout(0.5)` in training."""
        return F.dropout(x)

    def uniform(self) -> float:
        """In [0, 1)."""
        return random.random()

    def choice(self, count: int) -> int:
        """From 0 … count - 1."""
        return random.randrange(count)

    def places(self, count: int, among: int) -> Tensor:
        """Of a feature map."""
        return torch.randperm(among)[:count]


class Method(nn.Module):
    """The networks by their names, whose weights await loading, and an optimizer for each group of them."""

    def __init__(self, spec: MethodSpec) -> None:
        super().__init__()
        self.mode = spec.config.gan_mode
        self.lr, self.betas = spec.learning.lr, (spec.learning.beta1, spec.learning.beta2)
        with torch.device("meta"):
            for name, own in spec.networks.items():
                self.add_module(name, textbook_networks.network(own))
        self.to_empty(device="cpu")

    def adam(self, *networks: nn.Module) -> Adam:
        """One optimizer for all of them."""
        return Adam([weight for each in networks for weight in each.parameters()], lr=self.lr, betas=self.betas)

    def gan(self, logits: Tensor, *, real: bool) -> Tensor:
        """The cross-entropy, or the squared distance, from what is wanted."""
        wanted = torch.ones_like(logits) if real else torch.zeros_like(logits)
        return (
            F.mse_loss(logits, wanted) if self.mode == "lsgan" else F.binary_cross_entropy_with_logits(logits, wanted)
        )

    def judge(self, name: str, real: Tensor, fake: Tensor) -> Terms:
        """D's loss, halved; its gradients are added to those there are."""
        D = self.get_submodule(name)
        terms = {f"{name}_real": self.gan(D(real), real=True), f"{name}_fake": self.gan(D(fake.detach()), real=False)}
        ((terms[f"{name}_real"] + terms[f"{name}_fake"]) * 0.5).backward()  # type: ignore[no-untyped-call]
        return terms


def require(networks: Iterable[nn.Module], *, gradients: bool) -> None:
    """Let the weights of `networks` take gradients, or not."""
    for network in networks:
        network.requires_grad_(gradients)


class Pix2Pix(Method):
    """L1 + cGAN (pix2pix, section 3).

    The preset incumbent updates D first and asks the new one about G's picture. The preset paper takes both gradients
    of the networks as they were, as its Torch code has D's output from before the update.
    """

    G: nn.Module
    D: nn.Module

    def __init__(self, spec: MethodSpec) -> None:
        super().__init__(spec)
        assert isinstance(spec.config, Pix2PixConfig)
        self.weight = spec.config.lambda_l1
        self.reuse = spec.config.judged_once
        self.optimizer_G, self.optimizer_D = self.adam(self.G), self.adam(self.D)

    def step(self, x: Tensor, y: Tensor, chance: Sequence[Chance]) -> Terms:
        """One update of each from sources x and targets y (N, C, H, W) in [-1, 1]; returns the losses."""
        fake = self.G(x, chance[0])
        require([self.D], gradients=True)
        self.optimizer_D.zero_grad()
        terms = self.judge("D", torch.cat([x, y], 1), torch.cat([x, fake], 1))
        if not self.reuse:
            self.optimizer_D.step()
        require([self.D], gradients=False)
        self.optimizer_G.zero_grad()
        terms["G_GAN"] = self.gan(self.D(torch.cat([x, fake], 1)), real=True)
        terms["G_L1"] = F.l1_loss(fake, y)
        (terms["G_GAN"] + terms["G_L1"] * self.weight).backward()  # type: ignore[no-untyped-call]
        self.optimizer_G.step()
        if self.reuse:
            self.optimizer_D.step()
        return terms


class History:
    """Up to `size` pictures that discriminators are shown again (CycleGAN, section 4)."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.pictures: list[Tensor] = []

    def exchange(self, fakes: Tensor, chance: Chance) -> Tensor:
        """As many pictures as were given, some of them older ones."""
        if self.size == 0:
            return fakes
        shown = []
        for fake in fakes.detach():
            picture = fake
            if len(self.pictures) < self.size:
                self.pictures.append(fake)
            elif chance.uniform() < 0.5:
                place = chance.choice(self.size)
                picture, self.pictures[place] = self.pictures[place], fake
            shown.append(picture)
        return torch.stack(shown)


class CycleGAN(Method):
    """cycle + GAN (CycleGAN, section 3)."""

    G: nn.Module
    F: nn.Module
    D_X: nn.Module
    D_Y: nn.Module

    def __init__(self, spec: MethodSpec) -> None:
        super().__init__(spec)
        assert isinstance(spec.config, CycleGANConfig)
        self.weight, self.identity = spec.config.cycles[0], spec.config.identities[0]
        self.in_turn = spec.config.update_order == "in-turn"
        self.history_X, self.history_Y = History(spec.config.history), History(spec.config.history)
        if self.in_turn:
            self.optimizers = {name: self.adam(self.get_submodule(name)) for name in ("G", "F", "D_X", "D_Y")}
        else:
            self.optimizers = {"G": self.adam(self.G, self.F), "D": self.adam(self.D_Y, self.D_X)}

    def step(self, x: Tensor, y: Tensor, chance: Sequence[Chance]) -> Terms:
        """One update of each from pictures x of X and y of Y (N, C, H, W) in [-1, 1]; returns the losses.

        In turn G, D_Y, F, D_X are updated one after the other, and every picture is made again in between.
        """
        if self.in_turn:
            of_G = self.generators("G", ("D_Y",), x, y, chance[0])
            return of_G | self.generators("F", ("D_X",), x, y, chance[1])
        return self.generators("GF", ("D_Y", "D_X"), x, y, chance[0])

    def generators(self, names: str, judges: tuple[str, ...], x: Tensor, y: Tensor, chance: Chance) -> Terms:
        """Update these generators, then the discriminators of what they make."""
        require([self.D_X, self.D_Y], gradients=False)
        optimizer = self.optimizers[names[0]]
        optimizer.zero_grad()
        require([self.G], gradients="G" in names)
        require([self.F], gradients="F" in names)
        fake_y, fake_x = self.G(x, chance), self.F(y, chance)
        terms = {
            "cycle_X": F.l1_loss(self.F(fake_y, chance), x),
            "cycle_Y": F.l1_loss(self.G(fake_x, chance), y),
        }
        loss = self.weight * (terms["cycle_X"] + terms["cycle_Y"])
        for name, judge, fake, real, side in (("G", self.D_Y, fake_y, y, "Y"), ("F", self.D_X, fake_x, x, "X")):
            if name in names:
                terms[f"{name}_GAN"] = self.gan(judge(fake), real=True)
                loss = loss + terms[f"{name}_GAN"]
                if self.identity:
                    terms[f"identity_{side}"] = F.l1_loss(self.get_submodule(name)(real, chance), real)
                    loss = loss + self.identity * terms[f"identity_{side}"]
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer = self.optimizers["D" if len(judges) == 2 else judges[0]]
        optimizer.zero_grad()
        for name in judges:
            require([self.get_submodule(name)], gradients=True)
            real, fake, history = (y, fake_y, self.history_Y) if name == "D_Y" else (x, fake_x, self.history_X)
            terms |= self.judge(name, real, history.exchange(fake, chance))
        optimizer.step()
        return terms


class CUT(Method):
    """CUT (Park et al., 2020, section 3), with its identity term."""

    G: textbook_networks.ResNet
    D: nn.Module

    def __init__(self, spec: MethodSpec) -> None:
        super().__init__(spec)
        assert isinstance(spec.config, CUTConfig)
        assert spec.config.with_identity
        assert not spec.config.flips
        self.config = spec.config
        widths = spec.networks["G"].widths  # type: ignore[union-attr]
        self.H = Projections([3, *widths[1:], *[widths[-1]] * min(2, len(self.G.blocks))])
        self.optimizer_G, self.optimizer_D = self.adam(self.G, self.H), self.adam(self.D)

    def step(self, x: Tensor, y: Tensor, chance: Sequence[Chance]) -> Terms:
        """One update of D, then one of G and H, from pictures x and y (N, C, H, W) in [-1, 1]; returns the losses."""
        fake = self.G(x, chance[0])
        require([self.D], gradients=True)
        self.optimizer_D.zero_grad()
        terms = self.judge("D", y, fake)
        self.optimizer_D.step()
        require([self.D], gradients=False)
        self.optimizer_G.zero_grad()
        terms["G_GAN"] = self.gan(self.D(fake), real=True)
        terms["NCE"] = self.contrast(fake, x, chance[0])
        same = self.G(y, chance[0])
        terms["NCE_identity"] = self.contrast(same, y, chance[0])
        loss = terms["G_GAN"] + self.config.weight * 0.5 * (terms["NCE"] + terms["NCE_identity"])
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer_G.step()
        return terms

    def contrast(self, output: Tensor, source: Tensor, chance: Chance) -> Tensor:
        """PatchNCE: which of the source's patches a patch of the output belongs to."""
        queries = self.G.features(output, chance)
        places = [chance.places(self.config.patches, own.shape[2] * own.shape[3]) for own in queries]
        keys = self.H(self.G.features(source, chance), places)
        losses = []
        for query, key in zip(self.H(queries, places), keys, strict=True):
            logits = torch.bmm(query, key.detach().transpose(1, 2)) / self.config.temperature
            own = torch.arange(logits.shape[1]).repeat(logits.shape[0])
            losses.append(F.cross_entropy(logits.flatten(0, 1), own))
        return torch.stack(losses).mean()


def build(spec: MethodSpec) -> Pix2Pix | CycleGAN | CUT:
    """The textbook's method; its weights await loading."""
    kinds: dict[str, type[Pix2Pix | CycleGAN | CUT]] = {"pix2pix": Pix2Pix, "cyclegan": CycleGAN, "cut": CUT}
    return kinds[spec.config.method](spec)
