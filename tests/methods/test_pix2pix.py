"""The training step: every objective, generator and patch; against a textbook step; what D sees and what G costs."""

import copy
import itertools
import weakref
from collections.abc import Callable, Mapping
from typing import ClassVar, get_args

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Optimizer

from pixlate import draws
from pixlate.data.loading import Batch
from pixlate.devices import Device
from pixlate.methods.pix2pix import Pix2Pix
from pixlate.networks.noise import Noise
from pixlate.specs.learning import LearningConfig
from pixlate.specs.methods.pix2pix import Objective, Pix2PixConfig
from pixlate.specs.methods.settings import GanMode, MethodSpec
from pixlate.specs.networks import Architecture, DiscriminatorSpec, GeneratorSpec, NetworkSpec

OBJECTIVES = get_args(Objective)
PATCHES = (1, 7, 34, 142)  # at 128 px these stand for the paper's 1, 16, 70 and 286 at 256


def make(
    config: Pix2PixConfig,
    patch: int = 16,
    *,
    generator: Architecture = "unet",
    depth: int = 4,
    dropout: tuple[int, ...] = (1, 2),
) -> Pix2Pix:
    networks: dict[str, NetworkSpec] = {"G": GeneratorSpec(generator, 3, 3, depth, 4, dropout)}
    if config.adversary:
        networks["D"] = DiscriminatorSpec(6 if config.adversary == "cGAN" else 3, patch, 4)
    return Pix2Pix(MethodSpec(config, networks, LearningConfig(), (32, 32)), seed=0)


def batch(size: int, count: int = 1, seed: int = 0) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    x, y = (torch.rand(count, 3, size, size, generator=generator) * 2 - 1 for _ in range(2))
    return Batch(x, y, ("pair",) * count)


def noise(seed: int) -> Callable[[int], Noise]:
    return lambda index: Noise(draws.seed(seed, "z", index))


@pytest.mark.parametrize(
    ("objective", "generator", "patch"), list(itertools.product(OBJECTIVES, ["unet", "encoder-decoder"], PATCHES))
)
def test_every_combination_trains(objective: Objective, generator: Architecture, patch: int) -> None:
    method = make(Pix2PixConfig(objective=objective), patch, generator=generator, depth=7, dropout=(1, 2, 3))
    before = {name: value.clone() for name, value in method.state_dict().items()}
    for step in range(2):
        losses = method.step([batch(128)], noise(step), Device("cpu"))
        assert all(torch.isfinite(loss) for loss in losses.values())
    moved = {name.split(".")[0] for name, value in method.state_dict().items() if not torch.equal(value, before[name])}
    assert moved == ({"G", "D"} if "GAN" in objective else {"G"})
    terms = {"D_real", "D_fake", "G_GAN"} if "GAN" in objective else set()
    assert set(losses) == terms | ({"G_L1"} if "L1" in objective else set()) | (
        {"G_L2"} if "L2" in objective else set()
    )


@pytest.mark.parametrize("judge_once", [False, True])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_step_is_the_textbooks(objective: Objective, judge_once: bool) -> None:
    """Two steps of the paper's section 3 written with torch's losses and plain Adam give the same weights."""
    config = Pix2PixConfig(objective=objective, judge_once=judge_once)
    ours, theirs = make(config).double(), make(config).double()
    theirs_G = torch.optim.Adam(theirs.G.parameters(), lr=2e-4, betas=(0.5, 0.999))
    theirs_D = torch.optim.Adam(theirs.D.parameters(), lr=2e-4, betas=(0.5, 0.999)) if theirs.D else None
    for step in range(2):
        data = batch(32, count=2, seed=step)
        x, y = data.source.double(), data.target.double()
        ours.step([Batch(x, y, data.names)], noise(step), Device("cpu"))

        def seen(picture: Tensor, x: Tensor = x) -> Tensor:
            return torch.cat([x, picture], 1) if objective.endswith("cGAN") else picture

        fake = theirs.G(x, noise(step)(0))
        loss = torch.zeros((), dtype=torch.float64)
        if theirs.D is not None and theirs_D is not None:
            before = copy.deepcopy(theirs.D)
            theirs_D.zero_grad()
            on_real, on_fake = theirs.D(seen(y)), theirs.D(seen(fake.detach()))
            real = F.binary_cross_entropy_with_logits(on_real, torch.ones_like(on_real))
            false = F.binary_cross_entropy_with_logits(on_fake, torch.zeros_like(on_fake))
            (0.5 * (real + false)).backward()
            theirs_D.step()
            judged = (before if judge_once else theirs.D)(seen(fake))
            loss = loss + F.binary_cross_entropy_with_logits(judged, torch.ones_like(judged))
        if objective.startswith("L1"):
            loss = loss + (100 if "GAN" in objective else 1) * F.l1_loss(fake, y)
        if objective == "L2":
            loss = loss + F.mse_loss(fake, y)
        theirs_G.zero_grad()
        loss.backward()
        theirs_G.step()
    for name, value in theirs.state_dict().items():
        if not (name.startswith("D") and "running" in name):  # nothing uses them, and who judges once sees less
            torch.testing.assert_close(ours.state_dict()[name], value, rtol=1e-5, atol=1e-7, msg=name)


@pytest.mark.parametrize(("objective", "sees_source"), [("GAN", False), ("L1+GAN", False), ("cGAN", True)])
def test_only_the_conditional_discriminator_sees_the_source(objective: Objective, sees_source: bool) -> None:
    method = make(Pix2PixConfig(objective=objective, judge_once=False))
    inputs: list[Tensor] = []
    assert method.D is not None
    method.D.register_forward_pre_hook(lambda _D, given: inputs.append(given[0].detach().clone()))
    data = batch(32)
    method.step([data], noise(0), Device("cpu"))
    real, fake, again = inputs
    if sees_source:
        assert all(torch.equal(given[:, :3], data.source) for given in inputs)
        assert torch.equal(real[:, 3:], data.target)
    else:
        assert all(given.shape[1] == 3 for given in inputs)
        assert torch.equal(real, data.target)
    assert torch.equal(fake, again)


def test_the_fake_is_made_once_and_the_generators_step_gives_d_no_gradient() -> None:
    method = make(Pix2PixConfig())
    made: list[int] = []
    method.G.register_forward_hook(lambda *_: made.append(1))
    arrivals: list[int] = []
    assert method.D is not None
    for weight in method.D.parameters():
        weight.register_post_accumulate_grad_hook(lambda _weight: arrivals.append(1))
    method.step([batch(32)], noise(0), Device("cpu"))
    assert len(made) == 1
    assert len(arrivals) == len(list(method.D.parameters()))  # once each, in D's own step


@pytest.mark.parametrize("mode", ["vanilla", "wgangp"])
def test_of_accumulated_batches_one_is_held_at_a_time(mode: GanMode) -> None:
    """When the weights are updated nothing is left of what was kept for the gradients."""

    class Watched(Device):
        left: ClassVar[list[int]] = []

        def update(self, optimizer: Optimizer, losses: Mapping[str, Tensor]) -> None:
            self.left.append(sum(reference() is not None for reference in alive))
            super().update(optimizer, losses)

    alive: list[weakref.ref[Tensor]] = []
    method = make(Pix2PixConfig(gan_mode=mode))
    weights = {weight.data_ptr() for weight in method.parameters()}

    def keep(tensor: Tensor) -> Tensor:
        kept = tensor.view_as(tensor) if tensor.data_ptr() in weights else tensor.clone()
        if tensor.data_ptr() not in weights:
            alive.append(weakref.ref(kept))
        return kept

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda kept: kept):
        method.step([batch(32, seed=seed) for seed in range(3)], noise(0), Watched("cpu"))
    assert len(alive) > 50
    assert Watched.left == [0, 0]


def test_a_step_draws_from_its_noise_alone() -> None:
    one, other = make(Pix2PixConfig()), make(Pix2PixConfig())
    before = torch.random.get_rng_state()
    one.step([batch(32)], noise(5), Device("cpu"))
    assert torch.equal(before, torch.random.get_rng_state())
    torch.manual_seed(99)
    other.step([batch(32)], noise(5), Device("cpu"))
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in one.state_dict().items())


def test_bf16_trains_and_keeps_its_weights_in_32_bits() -> None:
    method = make(Pix2PixConfig())
    losses = method.step([batch(32)], noise(0), Device("cpu", "bf16"))
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert {weight.dtype for weight in method.parameters()} == {torch.float32}


@pytest.mark.parametrize("mode", get_args(GanMode))
def test_every_adversarial_loss_trains_both_networks(mode: GanMode) -> None:
    method = make(Pix2PixConfig(gan_mode=mode))
    before = {name: value.clone() for name, value in method.named_parameters()}
    losses = method.step([batch(32, count=2)], noise(0), Device("cpu"))
    assert ("D_penalty" in losses) == (mode == "wgangp")
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert all(not torch.equal(value, before[name]) for name, value in method.named_parameters() if "weight" in name)
