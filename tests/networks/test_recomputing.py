"""Recomputation: every bit as without it, far less kept, and nothing drawn or averaged twice."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from pixlate import draws
from pixlate.data.loading import Batch
from pixlate.devices import Device
from pixlate.methods import table
from pixlate.networks.building import Network, build
from pixlate.networks.noise import Noise
from pixlate.networks.recomputing import recompute
from pixlate.specs.data import Channels
from pixlate.specs.learning import LearningConfig
from pixlate.specs.methods.cut import CUTConfig
from pixlate.specs.methods.cyclegan import CycleGANConfig
from pixlate.specs.methods.pix2pix import Pix2PixConfig
from pixlate.specs.methods.settings import MethodConfig, MethodSpec
from pixlate.specs.networks import DiscriminatorSpec, GeneratorSpec, NetworkSpec
from pixlate.specs.training import Precision

SIZE = (33, 46)  # odd, so that sides are rounded up and cut


def unet(**settings: Any) -> GeneratorSpec:
    return GeneratorSpec("unet", depth=4, width=4, dropout=(1, 2), **settings)


def resnet(**settings: Any) -> GeneratorSpec:
    return GeneratorSpec("resnet", depth=2, width=4, dropout=(1, 2, 4), blocks=4, **settings)


def trained(
    config: MethodConfig, generator: GeneratorSpec, *, again: bool, precision: Precision = "32", batches: int = 1
) -> tuple[dict[str, Tensor], list[dict[str, Tensor]]]:
    """All that three steps make: weights and buffers, and the losses."""
    wanted = config.networks(Channels(3, 3))
    networks: dict[str, NetworkSpec] = dict.fromkeys(wanted.generators, generator)
    networks |= {name: DiscriminatorSpec(seen, 16, 4, generator.norm) for name, seen in wanted.discriminators.items()}
    method = table.build(MethodSpec(config, networks, LearningConfig(), SIZE), 0)
    if again:
        for name in networks:
            recompute(method.get_submodule(name))
    told = []
    for step in range(3):
        group = [batch(step, index) for index in range(batches)]
        told.append(method.step(group, noise(step), Device("cpu", precision)))
    assert isinstance(method, torch.nn.Module)
    return method.state_dict(), told


def batch(step: int, index: int) -> Batch:
    generator = torch.Generator().manual_seed(100 * step + index)
    x, y = (torch.rand(2, 3, *SIZE, generator=generator) * 2 - 1 for _ in range(2))
    return Batch(x, y, ("", ""))


def noise(step: int) -> Callable[[int], Noise]:
    return lambda index: Noise(draws.seed(step, "z", index))


@pytest.mark.parametrize("batches", [1, 2])
@pytest.mark.parametrize("precision", ["32", "bf16"])
@pytest.mark.parametrize(
    ("config", "generator"),
    [
        (Pix2PixConfig(), unet()),
        (Pix2PixConfig(), unet(norm="instance", z_channels=2)),
        (Pix2PixConfig(gan_mode="wgangp"), resnet()),
        (CycleGANConfig(lambda_identity=0.5, history=2), resnet(norm="batch")),
        (CycleGANConfig(preset="paper", history=2), resnet(norm="instance", upsampling="resize")),
        (CycleGANConfig(history=2), unet(norm="affine-instance")),
        (CUTConfig(patches=20), resnet(norm="instance")),
        (CUTConfig(objective="FastCUT", patches=20), unet()),
    ],
    ids=lambda value: str(getattr(value, "objective", None) or getattr(value, "architecture", value)),
)
def test_every_bit_of_every_method_is_the_same(
    config: MethodConfig, generator: GeneratorSpec, precision: Precision, batches: int
) -> None:
    plain, losses = trained(config, generator, again=False, precision=precision, batches=batches)
    found, told = trained(config, generator, again=True, precision=precision, batches=batches)
    assert [name for name, value in plain.items() if not torch.equal(value, found[name])] == []
    assert told == losses


def test_so_is_it_where_kernels_are_transformed_and_shared() -> None:
    """At 256 px the widest layer of a 70 px PatchGAN is computed after Winograd, of real and generated pictures."""
    networks: dict[str, NetworkSpec] = {"G": unet(), "D": DiscriminatorSpec(6, 70, 32)}
    found = []
    for again in (False, True):
        method = table.build(MethodSpec(Pix2PixConfig(), networks, LearningConfig(), (256, 256)), 0)
        if again:
            recompute(method.get_submodule("D"))
        for step in range(2):
            x, y = torch.rand(2, 1, 3, 256, 256, generator=torch.Generator().manual_seed(step)) * 2 - 1
            method.step([Batch(x, y, ("",))], noise(step), Device("cpu"))
        assert isinstance(method, torch.nn.Module)
        found.append(method.state_dict())
    assert [name for name, value in found[0].items() if not torch.equal(value, found[1][name])] == []


def kept(network: Network, x: Tensor, noise: Noise | None) -> int:
    """Bytes that one pass keeps for its gradients, weights and the picture aside."""
    own = {weight.data_ptr() for weight in network.parameters()} | {x.data_ptr()}
    found: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        if tensor.data_ptr() not in own:
            found[tensor.data_ptr()] = tensor.nbytes
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        y = network(x) if noise is None else network(x, noise)
    del y
    return sum(found.values())


@pytest.mark.parametrize(
    ("spec", "share"),
    [
        (GeneratorSpec("resnet", depth=2, width=4, dropout=(), blocks=9, norm="instance"), 0.07),
        (GeneratorSpec(depth=5, width=16), 0.45),
        (DiscriminatorSpec(6, 70, 4), 0.02),
    ],
)
def test_far_less_is_kept(spec: NetworkSpec, share: float) -> None:
    x = torch.rand(1, spec.in_channels, 96, 96)
    noise = Noise(1) if isinstance(spec, GeneratorSpec) else None
    network = build(spec)
    network.to_empty(device="cpu")
    whole = kept(network, x, noise)
    recompute(network)
    assert kept(network, x, noise) < share * whole


def test_what_is_drawn_after_a_part_is_not_moved_by_running_it_again() -> None:
    z = Noise(1)
    place = z.place()
    first = [z.uniform(), z.uniform()]
    with z.from_place(place):
        assert [z.uniform(), z.uniform()] == first
        z.uniform()
    after = z.uniform()
    same = Noise(1)
    assert [same.uniform() for _ in range(3)] == [*first, after]
