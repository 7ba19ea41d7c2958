"""The generators, against the papers' layer tables and a textbook forward pass."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from pixlate.networks.building import build_generator, count_parameters
from pixlate.networks.noise import Noise
from pixlate.networks.normalization import BatchNorm, use_statistics
from pixlate.networks.unet import UNet
from pixlate.specs.networks import GeneratorSpec


def small(architecture: str = "unet", depth: int = 4, **changes: int) -> UNet:
    spec = GeneratorSpec(architecture, depth=depth, width=4, dropout=(1, 2)[: depth - 1], **changes)  # type: ignore[arg-type]
    return build_generator(spec, seed=1).eval()


@pytest.mark.parametrize(
    ("spec", "parameters"),
    [
        (GeneratorSpec(), 54_413_955),
        (GeneratorSpec(depth=7), 41_828_995),
        (GeneratorSpec("encoder-decoder"), 39_075_459),
        (GeneratorSpec(norm="instance"), 54_409_603),
    ],
)
def test_parameter_counts_are_the_published_ones(spec: GeneratorSpec, parameters: int) -> None:
    assert count_parameters(build_generator(spec)) == parameters


def test_the_layer_table_is_that_of_the_reference_u_net() -> None:
    network = build_generator(GeneratorSpec())
    encoder = [(3, 64), (64, 128), (128, 256), (256, 512), (512, 512), (512, 512), (512, 512), (512, 512)]
    decoder = [(512, 512), (1024, 512), (1024, 512), (1024, 512), (1024, 256), (512, 128), (256, 64), (128, 3)]
    assert [(layer.conv.in_channels, layer.conv.out_channels) for layer in network.encoder] == encoder
    assert [(layer.conv.in_channels, layer.conv.out_channels) for layer in network.decoder] == decoder
    assert [layer.norm is not None for layer in network.encoder] == [False, *[True] * 6, False]
    assert [layer.norm is not None for layer in network.decoder] == [*[True] * 7, False]
    assert [layer.dropout for layer in network.decoder] == [*[True] * 3, *[False] * 5]
    convolutions = [layer.conv for layer in itertools.chain(network.encoder, network.decoder)]
    assert {(c.kernel_size, c.stride, c.padding) for c in convolutions} == {((4, 4), (2, 2), (1, 1))}
    assert [c.bias is not None for c in convolutions] == [*[False] * 15, True]


def textbook(network: UNet, x: Tensor) -> Tensor:
    """The appendix, written out: no odd sizes, no noise, the batch's own statistics."""

    def normalized(norm: BatchNorm | None, h: Tensor) -> Tensor:
        if norm is None:
            return h
        return F.batch_norm(h, None, None, norm.weight, norm.bias, training=True)

    skips: list[Tensor] = []
    h = x
    for level, layer in enumerate(network.encoder):
        h = F.conv2d(h if level == 0 else F.leaky_relu(h, 0.2), layer.conv.weight, stride=2, padding=1)
        h = normalized(layer.norm, h)
        skips.append(h)
    skips.pop()
    for layer in network.decoder:
        h = F.conv_transpose2d(F.relu(h), layer.conv.weight, layer.conv.bias, stride=2, padding=1)
        h = normalized(layer.norm, h)
        if network.spec.architecture == "unet" and skips:
            h = torch.cat([h, skips.pop()], dim=1)
    return torch.tanh(h)


@pytest.mark.parametrize("architecture", ["unet", "encoder-decoder"])
def test_the_output_is_that_of_a_textbook_forward_pass(architecture: str) -> None:
    network = small(architecture, depth=5).double()
    x = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1
    torch.testing.assert_close(network(x), textbook(network, x), rtol=1e-10, atol=1e-10)
    network.train()
    two = torch.cat([x, x.flip(-1)])
    torch.testing.assert_close(network(two), textbook(network, two), rtol=1e-10, atol=1e-10)


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    depth=st.integers(2, 6),
    architecture=st.sampled_from(["unet", "encoder-decoder"]),
)
def test_any_height_and_width_come_back_as_they_went_in(height: int, width: int, depth: int, architecture: str) -> None:
    output = small(architecture, depth)(torch.zeros(1, 3, height, width), Noise(0))
    assert output.shape == (1, 3, height, width)
    assert torch.isfinite(output).all()
    assert output.abs().max() <= 1


def test_rows_added_to_an_odd_picture_enter_no_statistics() -> None:
    network = small(depth=3)
    seen: list[tuple[int, ...]] = []
    for module in network.modules():
        if isinstance(module, BatchNorm):
            module.register_forward_pre_hook(lambda _module, inputs: seen.append(tuple(inputs[0].shape[-2:])))
    network(torch.zeros(1, 3, 37, 53))
    assert seen == [(10, 14), (10, 14), (19, 27)]  # every map is the picture's size, halved and rounded up


def test_a_picture_is_translated_alike_alone_and_among_others() -> None:
    network = small()
    pictures = torch.rand(3, 3, 40, 56) * 2 - 1
    together = network(pictures)
    for index in range(3):
        torch.testing.assert_close(together[index], network(pictures[index : index + 1])[0], rtol=1e-5, atol=1e-6)


def test_running_statistics_are_used_when_asked_for() -> None:
    network = small()
    x = torch.rand(1, 3, 32, 32)
    own = network(x)
    use_statistics(network, own=False)
    assert not torch.allclose(own, network(x))


def test_noise_is_dropout_its_seed_decides_and_without_it_there_is_none() -> None:
    network = small()
    x = torch.rand(1, 3, 64, 64)
    assert torch.equal(network(x, Noise(7)), network(x, Noise(7)))
    assert not torch.equal(network(x, Noise(7)), network(x, Noise(8)))
    assert torch.equal(network(x), network(x))
    assert not torch.equal(network(x), network(x, Noise(7)))


def test_dropout_zeroes_half_and_doubles_the_rest() -> None:
    dropped = Noise(3).dropout(torch.ones(1, 64, 32, 32))
    assert set(dropped.unique().tolist()) == {0.0, 2.0}
    assert abs(float(dropped.mean()) - 1) < 0.02


def test_gaussian_z_is_a_further_input() -> None:
    spec = GeneratorSpec(depth=3, width=4, dropout=(), z_channels=2)
    network = build_generator(spec, seed=1).eval()
    x = torch.rand(1, 3, 16, 16)
    assert network.encoder[0].conv.in_channels == 5
    assert not torch.equal(network(x, Noise(1)), network(x, Noise(2)))
    assert torch.equal(network(x, Noise(1)), network(x, Noise(1)))


@pytest.mark.parametrize(("inputs", "outputs"), [(1, 3), (3, 1), (5, 2)])
def test_channels_may_differ_on_the_two_sides(inputs: int, outputs: int) -> None:
    network = small(in_channels=inputs, out_channels=outputs)
    assert network(torch.zeros(2, inputs, 16, 24)).shape == (2, outputs, 16, 24)


def test_first_weights_are_the_papers_and_belong_to_their_seed() -> None:
    before = torch.random.get_rng_state()
    network = build_generator(GeneratorSpec(depth=5, width=32, dropout=()), seed=4)
    assert torch.equal(before, torch.random.get_rng_state())
    weights = torch.cat([m.weight.detach().flatten() for m in network.modules() if isinstance(m, nn.Conv2d)])
    assert abs(float(weights.mean())) < 1e-3
    assert abs(float(weights.std()) - 0.02) < 1e-3
    scales = torch.cat([m.weight.detach() for m in network.modules() if isinstance(m, BatchNorm)])
    assert abs(float(scales.mean()) - 1) < 5e-3
    assert abs(float(scales.std()) - 0.02) < 5e-3
    same = build_generator(network.spec, seed=4).state_dict()
    assert all(torch.equal(value, same[name]) for name, value in network.state_dict().items())
    other = build_generator(network.spec, seed=5)
    assert not torch.equal(other.encoder[0].conv.weight, network.encoder[0].conv.weight)
