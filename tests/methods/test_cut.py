"""CUT's step: against a textbook's, what is contrasted with what, and what is left alone."""

import math
from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from pixlate import draws, losses
from pixlate.data.loading import Batch
from pixlate.devices import Device
from pixlate.errors import ConfigError
from pixlate.methods.cut import CUT
from pixlate.networks.noise import Noise
from pixlate.specs.data import Channels
from pixlate.specs.learning import LearningConfig
from pixlate.specs.methods.cut import CUTConfig, Objective
from pixlate.specs.methods.settings import MethodSpec
from pixlate.specs.networks import Architecture, DiscriminatorSpec, GeneratorSpec, NetworkSpec

PATCHES = 20


def make(config: CUTConfig, architecture: Architecture = "resnet") -> CUT:
    generator = (
        GeneratorSpec("resnet", 3, 3, 2, 4, (), 0, 6, "instance")
        if architecture == "resnet"
        else GeneratorSpec("unet", 3, 3, 4, 4, (), norm="instance")
    )
    networks: dict[str, NetworkSpec] = {"G": generator, "D": DiscriminatorSpec(3, 16, 4, "instance")}
    return CUT(MethodSpec(config, networks, LearningConfig(), (24, 24)), seed=0)


def batch(step: int, count: int = 1) -> Batch:
    generator = torch.Generator().manual_seed(step)
    x, y = (torch.rand(count, 3, 24, 24, generator=generator, dtype=torch.float64) * 2 - 1 for _ in range(2))
    return Batch(x, y, ("",) * count)


def noise(seed: int) -> Callable[[int], Noise]:
    return lambda index: Noise(draws.seed(seed, "z", index))


def patch_loss(query: Tensor, key: Tensor, temperature: float = 0.07) -> Tensor:
    """Equation 2 place by place."""
    each = []
    for own_queries, own_keys in zip(query, key.detach(), strict=True):
        for place, vector in enumerate(own_queries):
            likeness = torch.exp(own_keys @ vector / temperature)
            each.append(-torch.log(likeness[place] / likeness.sum()))
    return torch.stack(each).mean()


def textbook(method: CUT, config: CUTConfig, data: Batch, z: Noise) -> None:
    """One step with plain Adam for each network."""
    D, H = method.D, method.H
    assert D is not None
    adams = {name: torch.optim.Adam(getattr(method, name).parameters(), 2e-4, (0.5, 0.999)) for name in "GDH"}
    flipped = config.flips and z.uniform() < 0.5
    fake = method.G(data.source.flip(-1) if flipped else data.source)
    ((D(data.target) - 1).square().mean() / 2 + D(fake.detach()).square().mean() / 2).backward()
    adams["D"].step()

    def nce(output: Tensor, source: Tensor, *, flip: bool = False) -> Tensor:
        found = [own.flip(-1) if flip else own for own in method.G.features(output)]
        places = [z.places(PATCHES, own.shape[-1] * own.shape[-2]) for own in found]
        pairs = zip(H(found, places), H(method.G.features(source), places), strict=True)
        return torch.stack([patch_loss(query, key) for query, key in pairs]).mean()

    loss = (D(fake) - 1).square().mean()
    first = nce(fake, data.source, flip=flipped)
    if config.objective == "CUT":
        loss = loss + (first + nce(method.G(data.target), data.target)) / 2
    else:
        loss = loss + 10 * first
    for name in "GDH":
        adams[name].zero_grad()
    loss.backward()
    adams["G"].step()
    adams["H"].step()


@pytest.mark.parametrize("objective", get_args(Objective))
def test_the_step_is_the_textbooks(objective: Objective) -> None:
    config = CUTConfig(objective=objective, patches=PATCHES)
    for step in range(3):  # of FastCUT's some are flipped
        ours, theirs = make(config).double(), make(config).double()
        ours.step([batch(step, count=2)], noise(step), Device("cpu"))
        textbook(theirs, config, batch(step, count=2), noise(step)(0))
        for name, value in theirs.named_parameters():
            torch.testing.assert_close(dict(ours.named_parameters())[name], value, rtol=1e-6, atol=1e-6, msg=name)


@pytest.mark.parametrize("architecture", ["resnet", "unet"])
@pytest.mark.parametrize("objective", get_args(Objective))
def test_every_network_learns(objective: Objective, architecture: Architecture) -> None:
    method = make(CUTConfig(objective=objective), architecture)
    before = {name: value.clone() for name, value in method.named_parameters()}
    data = batch(0)
    told = method.step([Batch(data.source.float(), data.target.float(), ("",))], noise(0), Device("cpu"))
    wanted = {"D_real", "D_fake", "G_GAN", "NCE"} | ({"NCE_identity"} if objective == "CUT" else set())
    assert told.keys() == wanted
    moved = {name.split(".")[0] for name, value in method.named_parameters() if not torch.equal(value, before[name])}
    assert moved == {"G", "D", "H"}


def test_a_resnet_is_looked_into_at_the_five_places_of_the_paper() -> None:
    """RGB, both downsampling convolutions, the first and the fifth residual block (appendix C.1)."""
    G = make(CUTConfig()).G
    found = G.features(torch.rand(1, 3, 24, 28))
    assert [tuple(own.shape[1:]) for own in found] == [
        (3, 24, 28),
        (8, 12, 14),
        (16, 6, 7),
        (16, 6, 7),
        (16, 6, 7),
    ]
    assert G.feature_channels == [3, 8, 16, 16, 16]


def test_the_contrast_is_the_cross_entropy_between_places() -> None:
    generator = torch.Generator().manual_seed(1)
    query, key = (F.normalize(torch.randn(2, 7, 5, generator=generator, dtype=torch.float64), dim=-1) for _ in "qk")
    torch.testing.assert_close(losses.contrast(query, key, 0.07), patch_loss(query, key))
    same = torch.ones(1, 9, 1, dtype=torch.float64)
    assert math.isclose(float(losses.contrast(same, same, 0.07)), math.log(9))


def test_keys_get_no_gradient() -> None:
    query, key = torch.rand(1, 4, 3, requires_grad=True), torch.rand(1, 4, 3, requires_grad=True)
    losses.contrast(query, key, 0.1).backward()
    assert query.grad is not None
    assert key.grad is None


@pytest.mark.parametrize("objective", get_args(Objective))
def test_accumulated_batches_are_stepped_once_from_their_mean(objective: Objective) -> None:
    """By hand: gradients of both, halved and added up, and one update of each network."""
    config = CUTConfig(objective=objective, patches=PATCHES)
    ours, theirs = make(config).double(), make(config).double()
    pair = [batch(0), batch(1)]
    told = ours.step(pair, noise(0), Device("cpu"))
    one_by_one = [
        make(config).double().step([each], lambda _, i=i: noise(0)(i), Device("cpu")) for i, each in enumerate(pair)
    ]
    for name in ("D_real", "D_fake"):  # before any update
        torch.testing.assert_close(told[name], torch.stack([each[name] for each in one_by_one]).mean())
    twice = theirs.step([pair[0], pair[0]], lambda _: noise(0)(0), Device("cpu"))
    again = make(config).double()
    once = again.step([pair[0]], noise(0), Device("cpu"))
    assert all(torch.equal(twice[name], once[name]) for name in once)
    for name, value in again.named_parameters():
        torch.testing.assert_close(dict(theirs.named_parameters())[name], value, rtol=1e-9, atol=1e-12, msg=name)


def test_a_step_draws_from_its_noise_alone() -> None:
    one, other = make(CUTConfig(objective="FastCUT")).double(), make(CUTConfig(objective="FastCUT")).double()
    before = torch.random.get_rng_state()
    for step in range(4):
        one.step([batch(step)], noise(step), Device("cpu"))
    assert torch.equal(before, torch.random.get_rng_state())
    torch.manual_seed(99)
    for step in range(4):
        other.step([batch(step)], noise(step), Device("cpu"))
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in one.state_dict().items())


def settings() -> Iterator[tuple[dict[str, Any], str]]:
    yield {"lambda_nce": -1.0}, "--lambda-nce is -1.0"
    yield {"patches": 1}, "--patches is 1"
    yield {"temperature": 0.0}, "--temperature is 0.0"


@pytest.mark.parametrize(("said", "complaint"), list(settings()))
def test_settings_out_of_range_are_refused(said: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        CUTConfig(**said).check()


def test_grey_sources_of_coloured_targets_are_refused() -> None:
    with pytest.raises(ConfigError, match="CUT compares both by one network"):
        CUTConfig().networks(Channels(1, 3))
