"""LPIPS against its formula, written out layer by layer."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from pixlate.networks.lpips import LPIPS


@pytest.fixture
def network() -> LPIPS:
    torch.manual_seed(0)
    made = LPIPS()
    for weight in made.weights:
        weight.uniform_(0, 1)
    return made


def by_formula(network: LPIPS, one: Tensor, other: Tensor) -> float:
    shift, scale = (torch.tensor(values).view(3, 1, 1) for values in ([-0.030, -0.088, -0.188], [0.458, 0.448, 0.450]))
    x = torch.stack([(one - shift) / scale, (other - shift) / scale])
    total = 0.0
    for (name, layer), weight in zip(network.features.items(), network.weights, strict=True):
        if name in ("3", "6"):
            x = F.max_pool2d(x, 3, 2)
        x = F.relu(layer(x))
        a, b = (each / each.norm(dim=0) for each in x)
        places = [
            float((weight * (torch.nan_to_num(a[:, y, z]) - torch.nan_to_num(b[:, y, z])) ** 2).sum())
            for y in range(a.shape[1])
            for z in range(a.shape[2])
        ]
        total += sum(places) / len(places)
    return total


def test_distances_are_those_of_the_formula(network: LPIPS) -> None:
    one, other = torch.rand(2, 2, 3, 64, 80) * 2 - 1
    found = network(one, other)
    assert found.tolist() == pytest.approx(
        [by_formula(network, *pair) for pair in zip(one, other, strict=True)], rel=1e-4
    )
    assert torch.equal(found, network(other, one))


def test_of_equal_pictures_it_is_0_and_grows_with_noise(network: LPIPS) -> None:
    one = torch.rand(1, 3, 64, 64) * 2 - 1
    noise = torch.randn_like(one)
    found = [float(network(one, (one + share * noise).clamp(-1, 1))) for share in (0, 0.05, 0.2, 0.8)]
    assert found[0] == 0
    assert found == sorted(found)
