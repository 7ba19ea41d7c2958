"""The ResNet generator: its layer table, any size, dropout and noise, upsampling, and the norms it can have."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from pixlate.errors import ConfigError
from pixlate.networks.building import build_generator, count_parameters, initialize
from pixlate.networks.noise import Noise
from pixlate.networks.normalization import InstanceNorm
from pixlate.networks.resnet import ResNet
from pixlate.specs.learning import Init
from pixlate.specs.networks import GeneratorSpec, Norm, Upsampling


def spec(
    blocks: int = 2, norm: Norm = "instance", upsampling: Upsampling = "transposed", **changes: int
) -> GeneratorSpec:
    given_ = {"depth": 2, "width": 4, **changes}
    return GeneratorSpec("resnet", **given_, dropout=(), blocks=blocks, norm=norm, upsampling=upsampling)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("blocks", "norm", "parameters"),
    [(9, "instance", 11_378_179), (6, "instance", 7_837_699), (9, "batch", 11_383_427)],
)
def test_parameters_are_the_papers(blocks: int, norm: Norm, parameters: int) -> None:
    assert count_parameters(build_generator(spec(blocks, norm, width=64))) == parameters


def test_layers_are_the_papers() -> None:
    """c7s1-64, d128, d256, R256 six times, u128, u64, c7s1-3 (appendix 7.2)."""
    convolutions = [
        (layer.in_channels, layer.out_channels, layer.kernel_size[0], layer.stride[0])
        for layer in build_generator(spec(6, width=64)).modules()
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
    ]
    assert convolutions == [
        (3, 64, 7, 1),
        (64, 128, 3, 2),
        (128, 256, 3, 2),
        *[(256, 256, 3, 1)] * 12,
        (256, 128, 3, 2),
        (128, 64, 3, 2),
        (64, 3, 7, 1),
    ]


def textbook(network: ResNet, x: Tensor) -> Tensor:
    """The same by torch's own layers, for sides that are multiples of 4."""

    def normalized(y: Tensor) -> Tensor:
        return F.instance_norm(y)

    y = F.relu(normalized(network.first.conv(F.pad(x, (3,) * 4, mode="reflect"))))
    for down in network.encoder:
        y = F.relu(normalized(down.conv(y)))
    for block in network.blocks:
        z = F.relu(normalized(block.conv1(F.pad(y, (1,) * 4, mode="reflect"))))
        y = y + normalized(block.conv2(F.pad(z, (1,) * 4, mode="reflect")))
    for up in network.decoder:
        y = F.relu(normalized(up.conv(y)))
    return torch.tanh(network.last.conv(F.pad(y, (3,) * 4, mode="reflect")))


def test_the_output_is_the_textbooks() -> None:
    network = build_generator(spec(), seed=3, gain=0.3)
    assert isinstance(network, ResNet)
    x = torch.rand(2, 3, 32, 24) * 2 - 1
    torch.testing.assert_close(network(x), textbook(network, x), rtol=1e-5, atol=1e-6)


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(["transposed", "resize"]))
@settings(max_examples=40, deadline=None)
def test_any_size_goes_in_and_comes_out(height: int, width: int, upsampling: Upsampling) -> None:
    network = build_generator(spec(1, upsampling=upsampling), seed=1).eval()
    output = network(torch.rand(1, 3, height, width) * 2 - 1)
    assert output.shape == (1, 3, height, width)
    assert bool(torch.isfinite(output).all())


@pytest.mark.parametrize("norm", ["batch", "instance", "affine-instance", "none"])
def test_out_of_training_a_picture_knows_no_neighbour(norm: Norm) -> None:
    network = build_generator(spec(norm=norm), seed=1, gain=0.1).eval()
    x = torch.rand(3, 3, 16, 20, generator=torch.Generator().manual_seed(1)) * 2 - 1
    together = network(x)
    for index in range(3):
        torch.testing.assert_close(together[index : index + 1], network(x[index : index + 1]), rtol=1e-4, atol=1e-5)


def test_dropout_is_drawn_from_the_noise_alone_and_off_without() -> None:
    network = build_generator(
        GeneratorSpec("resnet", depth=2, width=4, dropout=(1, 2), blocks=2, norm="instance"), seed=1
    )
    x = torch.rand(1, 3, 16, 16)
    assert torch.equal(network(x), network(x))
    assert torch.equal(network(x, Noise(1)), network(x, Noise(1)))
    assert not torch.equal(network(x, Noise(1)), network(x, Noise(2)))
    assert not torch.equal(network(x, Noise(1)), network(x))


def test_gaussian_planes_stand_beside_the_source() -> None:
    network = build_generator(spec(z_channels=2), seed=1, gain=0.2)
    x = torch.rand(1, 3, 16, 16)
    assert not torch.equal(network(x, Noise(1)), network(x, Noise(2)))
    assert network(x).shape == x.shape


@pytest.mark.parametrize("architecture", ["unet", "resnet"])
def test_enlarging_and_convolving_leaves_no_checkerboard(architecture: str) -> None:
    """On a flat picture a fresh generator by transposed convolution draws a grid; by resizing it draws none inside."""

    def pattern(upsampling: Upsampling) -> float:
        made = {"depth": 4, "dropout": ()} if architecture == "unet" else {"depth": 2, "dropout": (), "blocks": 1}
        given_ = GeneratorSpec(architecture, width=8, norm="none", upsampling=upsampling, **made)  # type: ignore[arg-type]
        network = build_generator(given_, seed=4, init="kaiming").eval()
        with torch.no_grad():
            inside = network(torch.full((1, 3, 128, 128), 0.5))[..., 60:68, 60:68]
        return float((inside[..., 1:] - inside[..., :-1]).abs().mean())

    assert pattern("resize") < 1e-5
    assert pattern("transposed") > 1e-3


def test_affine_instance_norm_scales_and_shifts_and_instance_norm_does_not() -> None:
    names = {name for name, _ in build_generator(spec(norm="affine-instance"), seed=0).named_parameters()}
    assert {"first.norm.weight", "blocks.0.norm2.bias"} <= names
    assert not any("norm" in name for name, _ in build_generator(spec(), seed=0).named_parameters())
    norm = InstanceNorm(2, affine=True)
    x = torch.rand(2, 2, 5, 6)
    with torch.no_grad():
        assert norm.weight is not None
        assert norm.bias is not None
        norm.weight.copy_(torch.tensor([2.0, 3.0]))
        norm.bias.copy_(torch.tensor([1.0, -1.0]))
    reference = F.instance_norm(x, weight=torch.tensor([2.0, 3.0]), bias=torch.tensor([1.0, -1.0]))
    torch.testing.assert_close(norm(x), reference)
    assert float(InstanceNorm(1, affine=False)(torch.full((1, 1, 1, 1), 7.0))) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("init", ["normal", "xavier", "kaiming", "orthogonal"])
def test_first_weights_are_of_the_kind_asked_for(init: Init) -> None:
    network = nn.Sequential(nn.Conv2d(32, 64, 3), nn.Conv2d(64, 64, 1))
    initialize(network, 5, init, 0.05)
    again = nn.Sequential(nn.Conv2d(32, 64, 3), nn.Conv2d(64, 64, 1))
    initialize(again, 5, init, 0.05)
    weight = network[0].weight.detach()
    assert torch.equal(weight, again[0].weight)
    assert not network[0].bias.any()
    expected = {"normal": 0.05, "xavier": 0.05 * (2 / (9 * 96)) ** 0.5, "kaiming": (2 / (9 * 32)) ** 0.5}
    if init in expected:
        assert float(weight.std()) == pytest.approx(expected[init], rel=0.03)
    else:
        rows = weight.flatten(1)
        torch.testing.assert_close(rows @ rows.T, 0.05**2 * torch.eye(64), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("made", "complaint"),
    [
        ({"architecture": "resnet", "blocks": 0, "dropout": ()}, "a resnet has 1 or more"),
        ({"architecture": "unet", "blocks": 3}, "a resnet has 1 or more"),
        ({"architecture": "resnet", "depth": 2, "blocks": 2, "dropout": (3,)}, "outside 1 … 2"),
    ],
)
def test_a_spec_that_is_none_is_refused(made: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        GeneratorSpec(**made)  # type: ignore[arg-type]
