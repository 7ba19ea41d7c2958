"""HED: its map at any size, its arithmetic beside a formulation of its own, and mirrored pictures."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from pixlate.networks.hed import HED


@pytest.fixture(scope="module")
def network():
    """Weights drawn so that maps are neither flat nor saturated."""
    generator = torch.Generator().manual_seed(0)
    network = HED()
    weights = {}
    for name, tensor in network.state_dict().items():
        fan_in = tensor[0].numel() if tensor.ndim == 4 else 1
        scale = 0.2 if name.startswith("sides") else (2 / fan_in) ** 0.5
        scale /= 70 if name == "stages.0.0.weight" else 1  # levels, not features, come in
        weights[name] = torch.randn(tensor.shape, generator=generator) * (scale if tensor.ndim == 4 else 0.1)
    network.load_state_dict(weights, assign=True)
    seen = []
    handle = network.fusion.register_forward_hook(lambda _module, _given, total: seen.append(total.mean()))
    network.detect(np.random.default_rng(0).integers(0, 256, (13, 22, 3), np.uint8))
    handle.remove()
    network.fusion.bias -= seen[0]
    return network


def pictures(height, width, channels=3, seed=0):
    return torch.rand((1, channels, height, width), generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_it_has_vggs_weights_and_five_sides(network):
    assert sum(weights.numel() for weights in network.parameters()) == 14_714_688 + 1472 + 5 + 6
    assert not any(weights.requires_grad for weights in network.parameters())


@pytest.mark.parametrize(("height", "width", "channels"), [(1, 1, 3), (33, 50, 3), (20, 7, 1)])
def test_any_size_gives_a_map_of_its_size(network, height, width, channels):
    with torch.no_grad():
        found = network(pictures(height, width, channels))
    assert found.shape == (1, 1, height, width)
    assert 0 <= found.min() <= found.max() <= 1


def enlarged(few: int, many: int) -> np.ndarray:
    """Bilinear weights (many, few), half-pixel centres, the border repeated."""
    weights = np.zeros((many, few))
    for place in range(many):
        at = max((place + 0.5) * few / many - 0.5, 0)
        low = min(int(at), few - 1)
        weights[place, low] += 1 - (at - low)
        weights[place, min(low + 1, few - 1)] += at - low
    return weights


def formulated(weights: dict[str, torch.Tensor], picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) in 0 … 255 → (H, W), in NumPy but for the convolutions."""
    mirrored = np.pad(picture.astype(np.float64), ((128, 128), (128, 128), (0, 0)), mode="reflect")
    features = (mirrored[..., ::-1] - (104.00698793, 116.66876762, 122.67891434)).transpose(2, 0, 1)
    total = np.full(features.shape[1:], float(weights["fusion.bias"]))
    for stage, depth in enumerate((2, 2, 3, 3, 3)):
        if stage:
            high, wide = (side // 2 for side in features.shape[1:])
            features = features[:, : 2 * high, : 2 * wide].reshape(-1, high, 2, wide, 2).max((2, 4))
        for layer in range(depth):
            kernel, bias = (weights[f"stages.{stage}.{2 * layer}.{kind}"] for kind in ("weight", "bias"))
            seen = torch.tensor(features, dtype=torch.float32)
            features = F.conv2d(seen[None], kernel, bias, padding=1)[0].double().numpy().clip(0)
        side = np.tensordot(weights[f"sides.{stage}.weight"][0, :, 0, 0].double().numpy(), features, 1)
        side += float(weights[f"sides.{stage}.bias"])
        up, across = enlarged(side.shape[0], total.shape[0]), enlarged(side.shape[1], total.shape[1])
        total += float(weights["fusion.weight"][0, stage, 0, 0]) * (up @ side @ across.T)
    return (1 / (1 + np.exp(-total)))[128:-128, 128:-128]


def test_its_arithmetic_is_that_of_the_paper(network):
    picture = np.random.default_rng(0).integers(0, 256, (13, 22, 3), np.uint8)
    found, wanted = network.detect(picture), formulated(network.state_dict(), picture)
    assert wanted.std() > 0.01
    assert found.dtype == np.float32
    assert np.abs(found - wanted).max() < 1e-3


def test_a_mirrored_picture_has_a_mirrored_map(network):
    symmetric = HED()
    weights = {
        name: (tensor + tensor.flip(-1)) / 2 if tensor.ndim == 4 else tensor
        for name, tensor in network.state_dict().items()
    }
    symmetric.load_state_dict(weights, assign=True)
    x = pictures(16, 32)
    with torch.no_grad():
        found, mirrored = (symmetric(given).logit() for given in (x, x.flip(-1)))
    assert torch.allclose(found.flip(-1), mirrored, atol=0.01)
    assert not torch.allclose(found, mirrored, atol=0.1)


def test_grey_is_seen_as_grey_in_colour(network):
    grey = np.random.default_rng(1).integers(0, 256, (9, 9, 1), np.uint8)
    assert np.allclose(network.detect(grey), network.detect(np.repeat(grey, 3, -1)), atol=1e-4)
