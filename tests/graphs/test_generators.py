"""A generator's graph computes what the generator does: any architecture, norm, statistics, noise and size."""

import os
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pixlate.networks.building import Generator, build_generator
from pixlate.networks.noise import Noise
from pixlate.networks.normalization import use_statistics
from pixlate.specs.networks import GeneratorSpec, Norm, Upsampling

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
if not os.environ.get("CI"):  # there it is to be installed
    pytest.importorskip("onnxruntime")

TOLERANCE = 2e-4
"""In [-1, 1], where a level of 8 bits is 8e-3."""


def network(spec: GeneratorSpec, *, own: bool = True) -> Generator:
    made = build_generator(spec, seed=2, gain=0.1).eval().requires_grad_(requires_grad=False)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, buffer in made.named_buffers():
            if name.endswith(("running_mean", "running_var")):
                buffer.copy_(torch.rand(buffer.shape, generator=generator) + 0.5)
        for name, weight in made.named_parameters():
            if name.endswith("bias"):
                weight.copy_(torch.randn(weight.shape, generator=generator))
    use_statistics(made, own=own)
    return made


def picture(channels: int, height: int, width: int) -> NDArray[Any]:
    drawn = np.random.default_rng(4).uniform(-1, 1, (1, channels, height, width))
    return drawn.astype(np.float32)


def apart(made: Generator, size: tuple[int, int], *, dropout: bool, fast: bool) -> float:
    """The greatest distance of ONNX Runtime's result from the network's own in float64, on the same noise."""
    import onnxruntime

    from pixlate.graphs.generators import graph_of

    graph = graph_of(made, dropout=dropout, fast=fast)
    session = onnxruntime.InferenceSession(graph.model().SerializeToString(), providers=["CPUExecutionProvider"])
    source = picture(made.spec.in_channels, *size)
    noisy = dropout or made.spec.z_channels > 0
    (output,) = session.run(None, graph.inputs(source, Noise(5) if noisy else None))
    exact = made.double()(torch.from_numpy(source).double(), InFloat64(5, masks=dropout) if noisy else None).numpy()
    made.float()
    assert output.shape == exact.shape
    assert exact.std() > 0.05  # not flat, so a difference would tell
    return float(np.abs(output - exact).max())


class InFloat64(Noise):
    """The noise of float32 for a network in float64, with or without masks."""

    def __init__(self, seed: int, *, masks: bool) -> None:
        super().__init__(seed)
        self._masks = masks

    def gaussian(self, like: torch.Tensor, channels: int) -> torch.Tensor:
        return super().gaussian(like.float(), channels).double()

    def dropout(self, x: torch.Tensor) -> torch.Tensor:
        return super().dropout(x) if self._masks else x


@pytest.mark.parametrize("norm", ["batch", "instance", "affine-instance", "none"])
@pytest.mark.parametrize("architecture", ["unet", "encoder-decoder", "resnet"])
@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
def test_every_network(architecture: str, norm: Norm, upsampling: Upsampling) -> None:
    blocks = 2 if architecture == "resnet" else 0
    spec = GeneratorSpec(
        architecture,  # type: ignore[arg-type]
        in_channels=2,
        depth=2 if blocks else 4,
        width=4,
        dropout=(1, 2),
        blocks=blocks,
        norm=norm,
        upsampling=upsampling,
    )
    made = network(spec)
    for size in [(32, 32), (37, 53)]:
        assert apart(made, size, dropout=True, fast=False) < TOLERANCE
    assert apart(made, (32, 40), dropout=False, fast=True) < TOLERANCE


@pytest.mark.parametrize("architecture", ["unet", "resnet"])
def test_running_statistics_and_z(architecture: str) -> None:
    blocks = 1 if architecture == "resnet" else 0
    spec = GeneratorSpec(architecture, depth=2, width=4, dropout=(), blocks=blocks, z_channels=2)  # type: ignore[arg-type]
    assert apart(network(spec, own=False), (31, 40), dropout=False, fast=True) < TOLERANCE


@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (3, 2), (9, 16), (17, 33)])
def test_the_smallest_pictures_of_a_unet(size: tuple[int, int], upsampling: Upsampling) -> None:
    made = network(GeneratorSpec(depth=4, width=4, dropout=(1,), norm="none", upsampling=upsampling))
    assert apart(made, size, dropout=True, fast=True) < TOLERANCE


def test_a_map_of_a_single_value_becomes_the_shift() -> None:
    made = network(GeneratorSpec(depth=3, width=4, dropout=()))
    assert apart(made, (4, 4), dropout=False, fast=False) < TOLERANCE


@pytest.mark.parametrize("size", [(20, 20), (21, 23), (46, 64), (83, 96)])
@pytest.mark.parametrize("norm", ["instance", "none"])
def test_fewer_multiplications_give_the_same(size: tuple[int, int], norm: Norm) -> None:
    from pixlate.graphs.generators import graph_of

    made = network(GeneratorSpec("resnet", depth=2, width=16, dropout=(1,), blocks=2, norm=norm))
    assert "blocks.0.conv1.winograd" in graph_of(made, dropout=True, fast=True).weights
    assert min(size) >= graph_of(made, dropout=True, fast=True).least
    assert apart(made, size, dropout=True, fast=True) < TOLERANCE


def test_the_graph_holds_the_networks_own_memory() -> None:
    from pixlate.graphs.generators import graph_of

    made = network(GeneratorSpec(depth=3, width=4, dropout=()))
    held = graph_of(made, dropout=False).weights["encoder.0.conv.weight"]
    assert np.shares_memory(held, made.state_dict()["encoder.0.conv.weight"].numpy())


def test_dropout_wants_noise() -> None:
    from pixlate.graphs.generators import graph_of

    made = network(GeneratorSpec(depth=3, width=4, dropout=(1,)))
    with pytest.raises(ValueError, match="no noise"):
        graph_of(made, dropout=True).inputs(picture(3, 8, 8), None)
