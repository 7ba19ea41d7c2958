"""FCN-8s: its layers, its sizes, its interpolation, VGG-16's weights."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from pixlate.networks.building import count_parameters
from pixlate.networks.fcn import build_fcn, from_vgg
from pixlate.networks.noise import Noise
from pixlate.specs.segmenter import FCNSpec


def vgg16(width: int = 64) -> nn.Module:
    """Its layers as torchvision has them, by whose names weights come."""
    layers: list[nn.Module] = []
    channels = 3
    for factor, count in ((1, 2), (2, 2), (4, 3), (8, 3), (8, 3)):
        for _ in range(count):
            layers += [nn.Conv2d(channels, factor * width, 3, padding=1), nn.ReLU()]
            channels = factor * width
        layers.append(nn.MaxPool2d(2))
    inner = 64 * width
    classifier = nn.Sequential(nn.Linear(channels * 49, inner), nn.ReLU(), nn.Dropout(), nn.Linear(inner, inner))
    return nn.ModuleDict({"features": nn.Sequential(*layers), "classifier": classifier})


def test_it_has_the_weights_of_the_papers_network() -> None:
    with torch.device("meta"):
        theirs = count_parameters(vgg16())
    scores = 21 * (4096 + 512 + 256 + 3)
    network = build_fcn(FCNSpec(21, norm="none"))
    assert count_parameters(network) == theirs + scores == 134_260_544 + 102_207


@pytest.mark.parametrize("size", [(64, 64), (33, 70), (32, 32), (1, 5), (100, 37)])
@pytest.mark.parametrize("norm", ["batch", "none"])
def test_any_size_is_read_at_its_own_size(size: tuple[int, int], norm: str) -> None:
    network = build_fcn(FCNSpec(5, width=4, norm=norm), seed=1).eval()  # type: ignore[arg-type]
    assert network(torch.rand(2, 3, *size) * 2 - 1).shape == (2, 5, *size)


def test_it_begins_by_holding_all_classes_equally_likely() -> None:
    network = build_fcn(FCNSpec(5, width=4), seed=1)
    assert network(torch.rand(1, 3, 40, 40)).abs().max() == 0


def test_scores_are_enlarged_as_by_bilinear_transposed_convolution() -> None:
    """The original's deconvolution with fixed weights, but at the border, where it fades to 0."""
    x = torch.rand(1, 1, 6, 7)
    for factor in (2, 8):
        side = 2 * factor
        ramp = 1 - (torch.arange(side) - (side - 1) / 2).abs() / factor
        theirs = F.conv_transpose2d(x, (ramp[:, None] * ramp)[None, None], stride=factor, padding=factor // 2)
        ours = F.interpolate(x, scale_factor=factor, mode="bilinear")
        inner = (..., slice(factor, -factor), slice(factor, -factor))
        torch.testing.assert_close(ours[inner], theirs[inner])


def test_vggs_weights_give_vggs_features() -> None:
    torch.manual_seed(0)
    vgg = vgg16(4)
    network = from_vgg(dict(vgg.state_dict()), FCNSpec(3, width=4, norm="none")).eval()
    photo = torch.rand(1, 3, 224, 224) * 2 - 1
    inside = ((photo + 1) / 2 - network.mean) / network.deviation
    with torch.no_grad():
        theirs = F.relu(vgg["classifier"][0](vgg["features"](inside).flatten(1)))  # type: ignore[index, operator]
        pooled = network._pooled(photo)[4]
        ours = network.fc6(pooled)[:, :, 3, 3]  # whose window is the whole of 7×7
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_weights_that_are_not_vggs_are_refused() -> None:
    weights = dict(vgg16(4).state_dict())
    with pytest.raises(RuntimeError):
        from_vgg(weights, FCNSpec(3, width=8, norm="none"))
    del weights["features.0.weight"]
    with pytest.raises(KeyError):
        from_vgg(weights, FCNSpec(3, width=4, norm="none"))


def test_dropout_is_drawn_from_the_noise() -> None:
    network = build_fcn(FCNSpec(3, width=4, norm="none"), seed=2).eval()
    nn.init.normal_(network.score_fc7.weight)
    photo = torch.rand(1, 3, 64, 64)
    same = [network(photo, Noise(seed)) for seed in (1, 1, 2)]
    assert torch.equal(same[0], same[1])
    assert not torch.equal(same[0], same[2])


def test_a_photograph_is_read_alike_alone_and_among_others() -> None:
    network = build_fcn(FCNSpec(3, width=4), seed=3)
    nn.init.normal_(network.score_fc7.weight)
    photos = torch.rand(4, 3, 48, 48)
    network.train()(photos)  # moves the running averages
    network.eval()
    torch.testing.assert_close(network(photos)[1:2], network(photos[1:2]))
