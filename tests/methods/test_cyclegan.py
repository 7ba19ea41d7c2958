"""CycleGAN's step: every objective against a textbook's, both orders of updates, the history, what is left alone."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from pixlate import draws
from pixlate.data.loading import Batch
from pixlate.devices import Device, NotFinite
from pixlate.errors import ConfigError
from pixlate.methods.cyclegan import CycleGAN
from pixlate.methods.history import History
from pixlate.networks.noise import Noise
from pixlate.networks.vgg import LAYERS
from pixlate.specs.data import Channels
from pixlate.specs.learning import LearningConfig
from pixlate.specs.methods.cyclegan import CycleGANConfig, Objective
from pixlate.specs.methods.settings import GanMode, MethodSpec
from pixlate.specs.networks import DiscriminatorSpec, GeneratorSpec, NetworkSpec

OBJECTIVES = [objective for objective in get_args(Objective) if objective != "feature+GAN"]


def make(config: CycleGANConfig, channels: tuple[int, int] = (3, 3), dropout: tuple[int, ...] = ()) -> CycleGAN:
    wanted = config.networks(Channels(*channels))
    networks: dict[str, NetworkSpec] = {
        name: GeneratorSpec("resnet", *sides, 2, 4, dropout, 0, 2, "instance")
        for name, sides in wanted.generators.items()
    }
    networks |= {name: DiscriminatorSpec(seen, 16, 4, "instance") for name, seen in wanted.discriminators.items()}
    return CycleGAN(MethodSpec(config, networks, LearningConfig(), (24, 24)), seed=0)


def batch(step: int, count: int = 1, channels: tuple[int, int] = (3, 3)) -> Batch:
    generator = torch.Generator().manual_seed(step)
    x, y = (torch.rand(count, side, 24, 24, generator=generator, dtype=torch.float64) * 2 - 1 for side in channels)
    return Batch(x, y, ("",) * count)


def single(step: int, **how: Any) -> Batch:
    whole = batch(step, **how)
    return Batch(whole.source.float(), whole.target.float(), whole.names)


def noise(seed: int) -> Callable[[int], Noise]:
    return lambda index: Noise(draws.seed(seed, "z", index))


def adversarial(logits: Tensor, target: float, mode: str) -> Tensor:
    if mode == "lsgan":
        return F.mse_loss(logits, torch.full_like(logits, target))
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def generators_loss(method: CycleGAN, data: Batch, config: CycleGANConfig) -> Tensor:
    """Equation 3 and the paper's variants of it, written out."""
    x, y = data.source, data.target
    fake_y, fake_x = method.G(x), method.F(y)
    loss = torch.zeros((), dtype=torch.float64)
    if method.D_X is not None and method.D_Y is not None:
        loss = loss + adversarial(method.D_Y(fake_y), 1, config.gan_mode)
        loss = loss + adversarial(method.D_X(fake_x), 1, config.gan_mode)
    if config.objective in ("cycle+GAN", "cycle", "GAN+forward-cycle"):
        loss = loss + 10 * F.l1_loss(method.F(fake_y), x)
    if config.objective in ("cycle+GAN", "cycle", "GAN+backward-cycle"):
        loss = loss + 10 * F.l1_loss(method.G(fake_x), y)
    if config.objective == "SimGAN":
        loss = loss + 10 * F.l1_loss(fake_y, x) + 10 * F.l1_loss(fake_x, y)
    if config.objective == "cycle+GAN" and config.preset == "incumbent":
        loss = loss + 5 * F.l1_loss(method.G(y), y) + 5 * F.l1_loss(method.F(x), x)
    return loss


def discriminator_loss(judge: Any, real: Tensor, fake: Tensor, mode: str) -> Tensor:
    return (adversarial(judge(real), 1, mode) + adversarial(judge(fake.detach()), 0, mode)) / 2


def adam(*networks: Any) -> torch.optim.Adam:
    weights = [weight for network in networks if network is not None for weight in network.parameters()]
    return torch.optim.Adam(weights, lr=2e-4, betas=(0.5, 0.999))


def textbook(method: CycleGAN, config: CycleGANConfig, steps: int) -> None:
    """Steps with torch's losses and plain Adam, and no history."""
    together = config.update_order == "together"
    rounds = [("GF", ("D_Y", "D_X"))] if together else [("G", ("D_Y",)), ("F", ("D_X",))]
    generators = {names: adam(*(getattr(method, name) for name in names)) for names, _ in rounds}
    judges = {name: adam(getattr(method, name)) for name in ("D_X", "D_Y") if getattr(method, name) is not None}
    for step in range(steps):
        data = batch(step)
        for names, judged in rounds:
            with torch.no_grad():
                fakes = {"D_Y": method.G(data.source), "D_X": method.F(data.target)}
            reals = {"D_Y": data.target, "D_X": data.source}
            for each in method.parameters():
                each.grad = None
            generators_loss(method, data, config).backward()
            generators[names].step()
            for name in [name for name in judged if name in judges]:
                judges[name].zero_grad()
                discriminator_loss(getattr(method, name), reals[name], fakes[name], config.gan_mode).backward()
                judges[name].step()


@pytest.mark.parametrize("updates", ["together", "in-turn"])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_step_is_the_textbooks(objective: Objective, updates: Any) -> None:
    config = CycleGANConfig(objective=objective, updates=updates, history=0)
    ours, theirs = make(config).double(), make(config).double()
    for step in range(3):
        ours.step([batch(step)], noise(step), Device("cpu"))
    textbook(theirs, config, 3)
    for name, value in theirs.named_parameters():
        torch.testing.assert_close(dict(ours.named_parameters())[name], value, rtol=1e-9, atol=1e-10, msg=name)


@pytest.mark.parametrize("mode", ["lsgan", "vanilla"])
def test_identity_terms_and_both_papers_adversarial_losses_are_the_textbooks(mode: GanMode) -> None:
    config = CycleGANConfig(preset="incumbent", gan_mode=mode, history=0)
    ours, theirs = make(config).double(), make(config).double()
    told = [ours.step([batch(step)], noise(step), Device("cpu")) for step in range(2)]
    assert {"identity_X", "identity_Y"} <= told[0].keys()
    textbook(theirs, config, 2)
    for name, value in theirs.named_parameters():
        torch.testing.assert_close(dict(ours.named_parameters())[name], value, rtol=1e-9, atol=1e-10, msg=name)


@pytest.mark.parametrize("mode", get_args(GanMode))
def test_every_adversarial_loss_moves_every_network(mode: GanMode) -> None:
    method = make(CycleGANConfig(gan_mode=mode))
    before = {name: value.clone() for name, value in method.named_parameters()}
    told = method.step([single(0, count=2)], noise(0), Device("cpu"))
    assert all(torch.isfinite(loss) for loss in told.values())
    assert ("D_X_penalty" in told) == (mode == "wgangp")
    moved = {name.split(".")[0] for name, value in method.named_parameters() if not torch.equal(value, before[name])}
    assert moved == {"G", "F", "D_X", "D_Y"}


@pytest.mark.parametrize("updates", ["together", "in-turn"])
def test_accumulated_batches_are_one_larger_batch(updates: Any) -> None:
    """Instance norm and means over pictures know no batch, so two batches of one are a batch of two."""
    config = CycleGANConfig(updates=updates, history=0)
    ours, theirs = make(config).double(), make(config).double()
    whole = batch(0, count=2)
    halves = [Batch(whole.source[i : i + 1], whole.target[i : i + 1], ("",)) for i in range(2)]
    told = ours.step(halves, noise(0), Device("cpu"))
    wanted = theirs.step([whole], noise(0), Device("cpu"))
    for name, loss in wanted.items():
        torch.testing.assert_close(told[name], loss, rtol=1e-9, atol=1e-10, msg=name)
    for name, value in theirs.named_parameters():
        torch.testing.assert_close(dict(ours.named_parameters())[name], value, rtol=1e-7, atol=1e-9, msg=name)


def test_a_step_draws_from_its_noise_alone() -> None:
    config = CycleGANConfig(history=2)
    one, other = make(config, dropout=(1, 2)), make(config, dropout=(1, 2))
    before = torch.random.get_rng_state()
    for step in range(6):
        one.step([single(step)], noise(step), Device("cpu"))
    assert torch.equal(before, torch.random.get_rng_state())
    torch.manual_seed(99)
    for step in range(6):
        other.step([single(step)], noise(step), Device("cpu"))
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in one.state_dict().items())


def test_the_discriminators_are_shown_what_the_history_gives() -> None:
    method = make(CycleGANConfig(history=3, updates="together"))
    assert method.D_Y is not None
    shown: list[Tensor] = []
    made: list[Tensor] = []
    method.D_Y.register_forward_pre_hook(lambda _network, given: shown.append(given[0].detach().clone()))
    method.G.register_forward_hook(lambda _network, _given, made_: made.append(made_.detach().clone()))
    old = 0
    for step in range(20):
        shown.clear()
        made.clear()
        method.step([single(step)], noise(step), Device("cpu"))
        assert torch.equal(shown[0], made[0])  # the generators' step judges the new one
        assert torch.equal(shown[1], single(step).target)
        old += not torch.equal(shown[2], made[0])
    assert int(method.history_Y.count) == 3
    assert 3 <= old <= 14  # of 17, with an even chance each


def test_grey_and_colour_are_learned_without_the_identity_term() -> None:
    config = CycleGANConfig(history=2)
    method = make(config, (1, 3))
    data = single(0, channels=(1, 3))
    method.step([data], noise(0), Device("cpu"))
    assert method.G(data.source).shape[1] == 3
    assert method.F(data.target).shape[1] == 1
    with pytest.raises(ConfigError, match="A has 1 channels and B 3"):
        CycleGANConfig(preset="incumbent").networks(Channels(1, 3))
    with pytest.raises(ConfigError, match="SimGAN compares the two"):
        CycleGANConfig(objective="SimGAN").networks(Channels(1, 3))


def test_the_shipped_generators_are_those_of_both_directions() -> None:
    method = make(CycleGANConfig())
    assert method.shipped["_AtoB"] is method.G
    assert method.shipped["_BtoA"] is method.F


def test_cycles_alone_have_no_discriminators() -> None:
    method = make(CycleGANConfig(objective="cycle"))
    assert method.D_X is None
    assert method.D_Y is None
    assert set(method.step([single(0)], noise(0), Device("cpu"))) == {"cycle_X", "cycle_Y"}


def test_what_is_not_finite_stops_the_update() -> None:
    method = make(CycleGANConfig())
    bad = single(0)
    bad.source[0, 0, 0, 0] = torch.nan
    before = {name: value.clone() for name, value in method.named_parameters()}
    with pytest.raises(NotFinite, match="cycle_X is nan"):
        method.step([bad], noise(0), Device("cpu"))
    assert all(torch.equal(value, before[name]) for name, value in method.named_parameters())


def test_bf16_trains_and_keeps_its_weights_in_32_bits() -> None:
    method = make(CycleGANConfig())
    told = method.step([single(0)], noise(0), Device("cpu", "bf16"))
    assert all(torch.isfinite(loss) for loss in told.values())
    assert {weight.dtype for weight in method.parameters()} == {torch.float32}


# History


def test_a_history_fills_first_and_then_exchanges() -> None:
    history = History(4, 1, 2, 2)
    z = Noise(1)
    for number in range(4):
        fake = torch.full((1, 1, 2, 2), float(number))
        assert torch.equal(history.exchange(fake, z), fake)
    assert [float(kept[0, 0, 0]) for kept in history.pictures] == [0, 1, 2, 3]
    exchanged = 0
    for number in range(4, 1004):
        before = {float(kept[0, 0, 0]) for kept in history.pictures}
        shown = float(history.exchange(torch.full((1, 1, 2, 2), float(number)), z)[0, 0, 0, 0])
        after = {float(kept[0, 0, 0]) for kept in history.pictures}
        if shown == number:
            assert before == after
        else:
            exchanged += 1
            assert before - after == {shown}
            assert after - before == {number}
    assert 430 <= exchanged <= 570


def test_a_history_of_none_shows_what_is_new() -> None:
    fakes = torch.rand(3, 1, 2, 2)
    assert torch.equal(History(0, 1, 2, 2).exchange(fakes, Noise(0)), fakes)


def test_what_a_history_keeps_is_its_own() -> None:
    history = History(2, 1, 2, 2)
    fakes = torch.zeros(1, 1, 2, 2)
    shown = history.exchange(fakes, Noise(0))
    fakes += 5
    shown += 7
    assert float(history.pictures.abs().sum()) == 0


# Features


@pytest.fixture(scope="module")
def vgg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of VGG-16's first layers, and another that is passed over."""
    path = tmp_path_factory.mktemp("vgg") / "vgg16.safetensors"
    generator = torch.Generator().manual_seed(0)
    channels, tensors = 3, {"classifier.0.weight": torch.zeros(2, 2)}
    for place, filters in LAYERS.items():
        tensors[f"features.{place}.weight"] = torch.randn(filters, channels, 3, 3, generator=generator) / 40
        tensors[f"features.{place}.bias"] = torch.zeros(filters)
        channels = filters
    save_file(tensors, path)
    return path


def test_features_hold_the_output_to_its_source(vgg: Path) -> None:
    digest = hashlib.sha256(vgg.read_bytes()).hexdigest()
    method = make(CycleGANConfig(objective="feature+GAN", vgg=str(vgg), vgg_sha256=digest).settled())
    before = {name: value.clone() for name, value in method.named_parameters()}
    told = method.step([single(0)], noise(0), Device("cpu"))
    assert {"like_X", "like_Y"} <= told.keys()
    moved = {name.split(".")[0] for name, value in method.named_parameters() if not torch.equal(value, before[name])}
    assert moved == {"G", "F", "D_X", "D_Y"}  # and not the features
    assert method.features is not None
    assert method.features(torch.rand(1, 1, 24, 24)).shape == (1, 512, 3, 3)
    assert method.features(torch.rand(2, 3, 5, 9)).shape == (2, 512, 1, 1)


def test_the_features_are_not_the_methods_to_keep(vgg: Path) -> None:
    method = make(CycleGANConfig(objective="feature+GAN", vgg=str(vgg)))
    assert not any("features" in name for name, _ in (*method.named_parameters(), *method.named_buffers()))


def test_another_vgg_than_said_is_refused(vgg: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has the SHA-256"):
        CycleGANConfig(objective="feature+GAN", vgg=str(vgg)).settled()
    with pytest.raises(ConfigError, match="cannot be read"):
        CycleGANConfig(objective="feature+GAN", vgg=str(tmp_path / "none")).settled()
    other = tmp_path / "other.safetensors"
    save_file({"features.0.weight": torch.zeros(64, 3, 3, 3)}, other)
    with pytest.raises(ConfigError, match="holds no VGG-16"):
        make(CycleGANConfig(objective="feature+GAN", vgg=str(other)))


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"objective": "feature+GAN"}, "go together"),
        ({"vgg": "x", "objective": "feature+GAN", "vgg_sha256": "f"}, "64 hexadecimal digits"),
        ({"objective": "cycle", "lambda_cycle": 0.0}, "leaves nothing to learn"),
        ({"objective": "GAN", "lambda_identity": 0.5}, "--lambda-identity has no effect with --objective GAN"),
        ({"objective": "GAN+forward-cycle", "lambda_cycle_b": 3.0}, "--lambda-cycle-b has no effect"),
        ({"lambda_likeness": 3.0}, "--lambda-likeness has no effect"),
        ({"objective": "cycle", "gan_mode": "hinge"}, "--gan-mode has no effect"),
        ({"objective": "SimGAN", "lambda_cycle": 3.0}, "--lambda-cycle has no effect"),
    ],
)
def test_settings_without_effect_or_sense_are_refused(said: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        CycleGANConfig(**said).check()


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_ablations_have_no_identity_term_unless_asked_for(objective: Objective) -> None:
    assert any(CycleGANConfig(preset="incumbent", objective=objective).identities) == (objective == "cycle+GAN")


def test_a_turn_makes_no_picture_that_it_has_no_use_for() -> None:
    method = make(CycleGANConfig(objective="GAN+forward-cycle", history=0, updates="in-turn"))
    made: list[str] = []
    method.G.register_forward_hook(lambda *_: made.append("G"))
    method.F.register_forward_hook(lambda *_: made.append("F"))
    method.step([single(0)], noise(0), Device("cpu"))
    assert made == ["G", "F", "G", "F", "F"]  # G(x), F(G(x)); then G(x), F(y), F(G(x))


def test_what_is_not_updated_in_a_turn_holds_no_graph() -> None:
    method = make(CycleGANConfig(history=0, updates="in-turn"))
    recorded: list[bool] = []
    method.F.register_forward_hook(lambda _network, _given, made: recorded.append(made.requires_grad))
    method.step([single(0)], noise(0), Device("cpu"))
    # G's turn: F(y) as a source, F(G(x)) whose gradient goes through; F's turn: F(y), F(G(x)).
    assert recorded == [False, True, True, True]
