"""Our training steps are the textbook's: the same losses and the same weights, step after step.

In 64 bits rounding is far below any other cause of a difference, and Adam, which divides each gradient by its own size,
hides none. What the textbook's side is stands in benchmarks/textbook.py: torch's own layers and optimizer.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import textbook
from pixlate import draws
from pixlate.data.loading import Batch
from pixlate.devices import Device
from pixlate.methods import table
from pixlate.networks.noise import Noise
from pixlate.specs.learning import LearningConfig
from pixlate.specs.methods.cut import CUTConfig
from pixlate.specs.methods.cyclegan import CycleGANConfig, Updates
from pixlate.specs.methods.pix2pix import Pix2PixConfig
from pixlate.specs.methods.settings import GanMode, MethodSpec, PresetName
from pixlate.specs.networks import DiscriminatorSpec, GeneratorSpec, NetworkSpec, Norm

STEPS = 3
RESIDUE = {torch.float64: 1e-13, torch.float32: 1e-6}
"""Gradients below these are what rounding leaves of none."""
NORMS: tuple[Norm, ...] = ("batch", "instance", "affine-instance", "none")


def pix2pix(config: Pix2PixConfig, size: int, norm: Norm = "batch", width: int = 8, gain: float = 0.1) -> MethodSpec:
    depth = size.bit_length() - 1
    networks: dict[str, NetworkSpec] = {
        "G": GeneratorSpec("unet", 3, 3, depth, width, (1, 2, 3), norm=norm),
        "D": DiscriminatorSpec(6, 70, width, norm),
    }
    return MethodSpec(config, networks, LearningConfig(init_gain=gain), (size, size))


def unpaired(config: CycleGANConfig | CUTConfig, norm: Norm, width: int = 8, *, dropout: bool = False) -> MethodSpec:
    generator = GeneratorSpec("resnet", 3, 3, 2, width, (1, 3) if dropout else (), 0, 3, norm)
    judge = DiscriminatorSpec(3, 70, width, norm)
    names = {"cyclegan": ("G", "F", "D_X", "D_Y"), "cut": ("G", "D")}[config.method]
    networks: dict[str, NetworkSpec] = {name: judge if name.startswith("D") else generator for name in names}
    return MethodSpec(config, networks, LearningConfig(init="normal", init_gain=0.1), (32, 32))


def differences(
    spec: MethodSpec, batch: int, steps: int = STEPS, dtype: torch.dtype = torch.float64
) -> dict[str, float]:
    """How far losses, and weights and statistics, are from the textbook's, beside the largest of their tensor."""
    ours, theirs = table.build(spec, 0), textbook.build(spec)
    assert isinstance(ours, nn.Module)
    known = {name: value.clone() for name, value in ours.state_dict().items() if not name.startswith("history")}
    theirs.load_state_dict(known)
    ours.to(dtype)
    theirs.to(dtype)
    height, width = spec.size
    found = {"loss": 0.0, "weight": 0.0}
    for step in range(steps):
        x, y = (
            torch.rand(2, batch, 3, height, width, generator=torch.Generator().manual_seed(step), dtype=dtype) * 2 - 1
        )
        told = ours.step([Batch(x, y, ("",) * batch)], noise(step), Device("cpu"))
        terms = theirs.step(x, y, [noise(step)(0), noise(step)(1)])
        assert told.keys() == terms.keys()
        found["loss"] = max(found["loss"], *(apart(told[name], terms[name]) for name in told))
    own, weights = ours.state_dict(), dict(theirs.named_parameters())
    for name, value in theirs.state_dict().items():
        # A norm that takes the mean off leaves the bias before it no gradient but rounding, of which Adam makes a step.
        if name in weights and float(weights[name].grad.abs().max()) < RESIDUE[dtype]:
            continue
        # Of discriminators nothing uses them; they depend on how often, and of what first, one is asked.
        statistics = name.startswith("D") and "running" in name
        if value.is_floating_point() and not statistics:
            assert not torch.equal(value, known[name].to(dtype)), f"{name} never moved"
            found["weight"] = max(found["weight"], apart(own[name], value))
    return found


def apart(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).detach().abs().max() / other.detach().abs().max().clamp_min(1e-12))


def noise(step: int) -> Callable[[int], Noise]:
    return lambda index: Noise(draws.seed(7, "z", step, index))


def agree(spec: MethodSpec, batch: int) -> None:
    found = differences(spec, batch)
    assert found["loss"] <= 1e-10
    assert found["weight"] <= 1e-8


@pytest.mark.parametrize("preset", ["paper", "incumbent"])
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("batch", [1, 2, 4])
def test_pix2pix(preset: PresetName, norm: Norm, batch: int) -> None:
    """With dropout, from the same noise."""
    agree(pix2pix(Pix2PixConfig(preset=preset), 64, norm), batch)


@pytest.mark.parametrize("preset", ["paper", "incumbent"])
@pytest.mark.parametrize("mode", ["vanilla", "lsgan"])
def test_pix2pix_at_another_size_with_either_loss(preset: PresetName, mode: GanMode) -> None:
    agree(pix2pix(Pix2PixConfig(preset=preset, gan_mode=mode), 128), 1)


@pytest.mark.parametrize("preset", ["paper", "incumbent"])
def test_pix2pix_as_wide_as_the_papers(preset: PresetName) -> None:
    agree(pix2pix(Pix2PixConfig(preset=preset), 64, width=64, gain=0.02), 1)


@pytest.mark.parametrize("preset", ["paper", "incumbent"])
def test_pix2pix_with_a_layer_after_winograd(preset: PresetName) -> None:
    """The widest of the discriminator, whose kernels are transformed once for real and generated pictures."""
    spec = pix2pix(Pix2PixConfig(preset=preset), 256, width=4)
    networks = {**spec.networks, "D": DiscriminatorSpec(6, 70, 32)}
    found = differences(replace(spec, networks=networks), 1, steps=2)
    assert found["loss"] <= 1e-10
    assert found["weight"] <= 1e-8


@pytest.mark.parametrize("updates", ["together", "in-turn"])
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("batch", [1, 2, 4])
def test_cyclegan(updates: Updates, norm: Norm, batch: int) -> None:
    """With a history so small that old pictures come back."""
    agree(unpaired(CycleGANConfig(updates=updates, history=2, lambda_identity=0.5), norm), batch)


@pytest.mark.parametrize("updates", ["together", "in-turn"])
@pytest.mark.parametrize("mode", ["vanilla", "lsgan"])
def test_cyclegan_with_dropout_and_without_the_identity_term(updates: Updates, mode: GanMode) -> None:
    agree(unpaired(CycleGANConfig(updates=updates, gan_mode=mode, history=2), "instance", dropout=True), 1)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("batch", [1, 2, 4])
def test_cut(norm: Norm, batch: int) -> None:
    agree(unpaired(CUTConfig(patches=64), norm), batch)


@pytest.mark.parametrize("preset", ["paper", "incumbent"])
def test_in_32_bits_only_rounding_differs(preset: PresetName) -> None:
    """At the papers' width. Adam's first steps are ±lr however small the gradient: a few weights go the other way."""
    found = differences(pix2pix(Pix2PixConfig(preset=preset), 128, width=64, gain=0.02), 1, dtype=torch.float32)
    assert found["loss"] <= 1e-3
