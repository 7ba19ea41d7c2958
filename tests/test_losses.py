"""The terms, against torch's own and against values worked by hand."""

import math

import torch
from torch.nn import functional as F

from pixlate import losses


def test_distances_are_means() -> None:
    a, b = torch.tensor([0.0, 1.0, -1.0]), torch.tensor([0.5, 1.0, 1.0])
    assert math.isclose(float(losses.l1(a, b)), 2.5 / 3, rel_tol=1e-6)
    assert math.isclose(float(losses.l2(a, b)), 4.25 / 3, rel_tol=1e-6)


def test_adversarial_terms_are_cross_entropies() -> None:
    logits = torch.linspace(-30, 30, 61).view(1, 1, 1, -1)
    ones, zeros = torch.ones_like(logits), torch.zeros_like(logits)
    torch.testing.assert_close(losses.real(logits), F.binary_cross_entropy_with_logits(logits, ones))
    torch.testing.assert_close(losses.fake(logits), F.binary_cross_entropy_with_logits(logits, zeros))


def test_an_undecided_discriminator_costs_log_2_either_way() -> None:
    undecided = torch.zeros(2, 1, 30, 30)
    assert math.isclose(float(losses.real(undecided)), math.log(2), rel_tol=1e-6)
    assert math.isclose(float(losses.fake(undecided)), math.log(2), rel_tol=1e-6)


def test_half_precision_logits_lose_nothing_to_overflow() -> None:
    assert float(losses.fake(torch.tensor([300.0], dtype=torch.bfloat16))) == 300.0


def test_least_squares_hinge_and_wasserstein_are_their_papers() -> None:
    logits = torch.tensor([[-2.0, -0.5, 0.0, 0.5, 3.0]], dtype=torch.float64)
    assert math.isclose(float(losses.real(logits, "lsgan")), (9 + 2.25 + 1 + 0.25 + 4) / 5)
    assert math.isclose(float(losses.fake(logits, "lsgan")), (4 + 0.25 + 0 + 0.25 + 9) / 5)
    assert math.isclose(float(losses.real(logits, "hinge")), (3 + 1.5 + 1 + 0.5 + 0) / 5)
    assert math.isclose(float(losses.fake(logits, "hinge")), (0 + 0.5 + 1 + 1.5 + 4) / 5)
    assert math.isclose(float(losses.fooled(logits, "hinge")), -0.2, rel_tol=1e-6)
    for mode, sign in (("real", -1), ("fooled", -1), ("fake", 1)):
        assert math.isclose(float(getattr(losses, mode)(logits, "wgangp")), 0.2 * sign, rel_tol=1e-6)
    assert torch.equal(losses.fooled(logits, "lsgan"), losses.real(logits, "lsgan"))
    assert torch.equal(losses.fooled(logits), losses.real(logits))


def test_the_gradient_penalty_is_that_of_a_linear_judge() -> None:
    """Of D(x) = w·x the gradient is w anywhere, so the penalty is (‖w‖ - 1)² and its gradient 2(‖w‖ - 1) w / ‖w‖."""
    weight = torch.tensor([3.0, 4.0], dtype=torch.float64).view(1, 2, 1, 1).requires_grad_()
    pictures = torch.rand(2, 3, 2, 1, 1, dtype=torch.float64)
    penalty = losses.gradient_penalty(lambda x: (x * weight).sum((1, 2, 3)), *pictures, torch.rand(3))
    assert math.isclose(float(penalty.detach()), 16, rel_tol=1e-9)
    (gradient,) = torch.autograd.grad(penalty, weight)
    torch.testing.assert_close(gradient.flatten(), 8 * torch.tensor([3.0, 4.0], dtype=torch.float64) / 5)


def test_the_gradient_penalty_looks_between_real_and_generated() -> None:
    seen: list[torch.Tensor] = []

    def judge(x: torch.Tensor) -> torch.Tensor:
        seen.append(x.detach())
        return x.square()

    reals, fakes = torch.full((2, 1, 1, 1), 10.0), torch.zeros(2, 1, 1, 1)
    losses.gradient_penalty(judge, reals, fakes, torch.tensor([0.25, 1.0]))
    assert seen[0].flatten().tolist() == [2.5, 10.0]
