"""Mirrored borders: the same values and gradients by either way of making them, at any size."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from pixlate.networks.padding import doubled, even, mirrored, reflected


@settings(deadline=None)
@given(st.integers(4, 12), st.integers(4, 12), st.integers(1, 3), st.integers(0, 1000))
def test_mirroring_by_concatenation_is_reflection(height: int, width: int, margin: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(2, 3, height, width, generator=generator, dtype=torch.float64, requires_grad=True)
    ours, theirs = mirrored(x, margin), F.pad(x, (margin,) * 4, mode="reflect")
    assert torch.equal(ours, theirs)
    assert torch.equal(reflected(x, margin), theirs)
    weights = torch.rand(ours.shape, generator=generator, dtype=torch.float64)
    (gradient,) = torch.autograd.grad((ours * weights).sum(), x)
    (reference,) = torch.autograd.grad((theirs * weights).sum(), x)
    torch.testing.assert_close(gradient, reference)


@settings(deadline=None)
@given(st.integers(1, 9), st.integers(1, 5))
def test_pictures_smaller_than_the_border_are_mirrored_again_and_again(side: int, margin: int) -> None:
    """As a picture between two mirrors: 0 1 2 goes on 1 0 1 2 1 0."""
    x = torch.arange(side, dtype=torch.float64).expand(1, 1, side, side)
    period = [*range(side), *range(side - 2, 0, -1)]
    wanted = [period[place % len(period)] for place in range(-margin, side + margin)]
    assert reflected(x, margin)[0, 0, 0].tolist() == wanted


def test_odd_sides_are_made_even_and_pixels_doubled() -> None:
    x = torch.arange(6.0).view(1, 1, 2, 3)
    assert even(x)[0, 0].tolist() == [[0, 1, 2, 2], [3, 4, 5, 5]]
    assert doubled(x)[0, 0].tolist() == [[0, 0, 1, 1, 2, 2]] * 2 + [[3, 3, 4, 4, 5, 5]] * 2


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_gradients_on_cuda_are_the_same_each_time() -> None:
    x = torch.rand(1, 64, 64, 64, device="cuda", requires_grad=True)
    weights = torch.rand(1, 64, 70, 70, device="cuda")
    gradients = [torch.autograd.grad((reflected(x, 3) * weights).sum(), x)[0] for _ in range(20)]
    assert all(torch.equal(gradient, gradients[0]) for gradient in gradients)
