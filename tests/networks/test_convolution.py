"""Every formulation of a convolution gives what torch's own gives, and so do its gradients."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from pixlate.networks import convolution, winograd
from pixlate.networks.convolution import Conv2d, ConvTranspose2d, formulation, transforms_shared


def wave(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def layer(
    kind: type[nn.Module], channels: int, filters: int, side: int, stride: int, padding: int, bias: bool
) -> nn.Module:
    made = kind(channels, filters, side, stride=stride, padding=padding, bias=bias).double()
    for place, weight in enumerate(made.parameters()):
        weight.data = wave(*weight.shape, seed=place + 1)
    return made


def answers(conv: nn.Module, x: Tensor) -> list[Tensor]:
    """The output, its gradients, and the gradients of the gradient's norm."""
    x = x.clone().requires_grad_()
    y = conv(x)
    wanted = [x, *conv.parameters()]
    first = torch.autograd.grad((y * wave(*y.shape, seed=9).to(y)).sum(), wanted, create_graph=True)
    second = torch.autograd.grad(first[0].square().sum(), list(conv.parameters())[:1])
    return [y, *first, *second]


def plain(conv: nn.Module) -> nn.Module:
    """torch's own layer of the same weights."""
    kind = nn.ConvTranspose2d if isinstance(conv, nn.ConvTranspose2d) else nn.Conv2d
    other = kind(
        conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding, bias=conv.bias is not None
    ).to(conv.weight.dtype)
    other.load_state_dict(conv.state_dict())
    return other


@settings(deadline=None)
@given(
    count=st.integers(1, 3),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    channels=st.integers(1, 3),
    filters=st.integers(1, 3),
    bias=st.booleans(),
    transposed=st.booleans(),
)
def test_matrices_give_what_torch_gives(
    count: int, height: int, width: int, channels: int, filters: int, bias: bool, transposed: bool
) -> None:
    kind = ConvTranspose2d if transposed else Conv2d
    conv = layer(kind, channels, filters, 4, 2, 1, bias)
    x = wave(count, channels, *((height, width) if transposed else (height + 1, width + 1)))
    for ours, theirs in zip(answers(conv, x), answers(plain(conv), x), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


@settings(deadline=None)
@given(
    count=st.integers(1, 3),
    height=st.integers(4, 13),
    width=st.integers(4, 13),
    side=st.sampled_from([3, 4]),
    padding=st.integers(0, 2),
)
def test_winograd_gives_what_torch_gives(count: int, height: int, width: int, side: int, padding: int) -> None:
    x, weight = wave(count, 2, height, width), wave(3, 2, side, side, seed=1)
    ours = winograd.convolved(x, winograd.transformed(weight), padding)
    torch.testing.assert_close(ours, F.conv2d(x, weight, padding=padding), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(("outputs", "side", "padding"), [(1, 4, 0), (1, 4, 1), (1, 4, 3), (3, 7, 0)])
def test_taps_give_what_torch_gives(count: int, outputs: int, side: int, padding: int) -> None:
    conv = layer(Conv2d, 64, outputs, side, 1, padding, bias=True)
    x = wave(count, 64, 9, 11)
    assert formulation(x, conv) == "taps"
    for ours, theirs in zip(answers(conv, x), answers(plain(conv), x), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("side", "count", "bias"), [(3, 1, True), (4, 1, False), (4, 2, True)])
def test_gradients_of_gradients_pass_through_winograd(side: int, count: int, bias: bool) -> None:
    conv = layer(Conv2d, 128, 128, side, 1, 1, bias)
    x = wave(count, 128, 30, 33)
    assert formulation(x, conv) == "winograd"
    for ours, theirs in zip(answers(conv, x), answers(plain(conv), x), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9 * float(theirs.detach().abs().max()))


@pytest.mark.parametrize("side", [3, 4])
def test_in_32_bits_winograd_rounds_to_some_parts_in_a_million(side: int) -> None:
    x, weight = wave(1, 128, 32, 32), wave(64, 128, side, side, seed=1)
    true = F.conv2d(x, weight, padding=1)
    ours = winograd.convolved(x.float(), winograd.transformed(weight.float()), 1)
    error = float((ours - true).square().mean().sqrt() / true.square().mean().sqrt())
    assert error < 4e-6


def test_the_rule_knows_shapes_device_and_kind_of_number_alone() -> None:
    deep, wide = Conv2d(8, 8, 4, stride=2, padding=1), Conv2d(128, 128, 3)
    up = ConvTranspose2d(8, 8, 4, stride=2, padding=1)
    small, large = torch.zeros(1, 8, 16, 16), torch.zeros(1, 128, 34, 34)
    assert formulation(small, deep) == "matmul"
    assert formulation(torch.zeros(2, 8, 16, 16), deep) == "direct"
    assert formulation(torch.zeros(1, 8, 8, 8), up) == "matmul"
    assert formulation(small, up) == "direct"
    assert formulation(large, wide) == "winograd"
    assert formulation(large, Conv2d(128, 8, 3)) == "direct"
    assert formulation(torch.zeros(1, 128, 10, 10), wide) == "direct"
    assert formulation(torch.zeros(1, 128, 400, 400), wide) == "direct"  # it would take much memory
    assert formulation(torch.zeros(1, 512, 31, 31), Conv2d(512, 1, 4, padding=1)) == "taps"
    assert formulation(torch.zeros(1, 64, 262, 262), Conv2d(64, 3, 7)) == "taps"
    assert formulation(torch.zeros(1, 64, 518, 518), Conv2d(64, 3, 7)) == "direct"  # it would take much memory
    assert formulation(large.bfloat16(), wide) == "direct"
    assert formulation(large.to("meta"), wide) == "direct"
    with torch.autocast("cpu", torch.bfloat16):
        assert formulation(large, wide) == "direct"


@pytest.mark.parametrize(
    "settings",
    [
        {"padding": 1, "padding_mode": "reflect"},
        {"padding": 1, "dilation": 2},
        {"padding": 4},
        {"padding": (1, 0)},
        {"padding": 1, "groups": 2},
    ],
    ids=str,
)
@pytest.mark.parametrize(("filters", "stride"), [(128, 2), (128, 1), (2, 1)])
def test_what_no_formulation_is_made_for_is_torchs(settings: dict[str, Any], filters: int, stride: int) -> None:
    conv = Conv2d(128, filters, 4, stride=stride, **settings).double()
    x = wave(1, 128, 16 if stride == 2 else 33, 16 if stride == 2 else 33)
    assert formulation(x, conv) == "direct"
    assert conv(x[:0]).shape[0] == 0


def test_weights_may_lie_channels_last() -> None:
    conv = layer(Conv2d, 128, 128, 4, 1, 1, bias=True)
    x = wave(1, 128, 33, 33)
    expected = conv(x)
    torch.testing.assert_close(conv.to(memory_format=torch.channels_last)(x), expected, rtol=1e-10, atol=1e-10)


def test_kernels_are_transformed_once_where_that_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    real = winograd.transformed_values
    monkeypatch.setattr(convolution.winograd, "transformed_values", lambda weight: calls.append(1) or real(weight))
    conv = layer(Conv2d, 128, 128, 3, 1, 1, bias=False)
    x, y = wave(1, 128, 32, 32), wave(1, 128, 32, 32, seed=5)
    with transforms_shared():
        (conv(x).sum() + conv(y).sum()).backward()
        with torch.no_grad():
            conv(x)
    assert len(calls) == 1
    shared = conv.weight.grad.clone()
    conv.weight.grad = None
    (conv(x).sum() + conv(y).sum()).backward()
    assert len(calls) == 3
    assert torch.equal(conv.weight.grad, shared)  # to the bit, so that who recomputes need not share
