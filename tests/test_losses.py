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
