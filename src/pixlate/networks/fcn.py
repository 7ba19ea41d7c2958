"""FCN-8s (Long, Shelhamer and Darrell, 2015), which reads the classes off a photograph; by it pix2pix is scored.

VGG-16's five stages, fc6 and fc7 as convolutions of 7×7 and 1×1, scores of fc7, pool4 and pool3 added up at their own
scales, each brought to the next by bilinear interpolation: ×2, ×2, ×8. Convolutions keep sizes ("same" padding) where
the original pads 100 zeros and crops.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pixlate.networks.building import initialize
from pixlate.networks.convolution import Conv2d
from pixlate.networks.noise import Noise
from pixlate.networks.normalization import BatchNorm
from pixlate.networks.vgg import DEVIATION, MEAN
from pixlate.specs.segmenter import FCNSpec

STAGES = (2, 2, 3, 3, 3)
"""Convolutions of each stage of VGG-16; a pooling follows each."""


class FCN8s(nn.Module):
    """Photographs (N, 3, H, W) in [-1, 1], of any size → scores (N, classes, H, W)."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, spec: FCNSpec) -> None:
        super().__init__()
        self.spec = spec
        widths = [spec.width * factor for factor in (1, 2, 4, 8, 8)]
        inner = 64 * spec.width
        stages, channels = [], 3
        for width, count in zip(widths, STAGES, strict=True):
            layers: list[nn.Module] = []
            for _ in range(count):
                layers += self._layer(channels, width, 3)
                channels = width
            stages.append(nn.Sequential(*layers))
        self.stages = nn.ModuleList(stages)
        self.fc6 = nn.Sequential(*self._layer(channels, inner, 7))
        self.fc7 = nn.Sequential(*self._layer(inner, inner, 1))
        self.score_fc7 = Conv2d(inner, spec.classes, 1)
        self.score_pool4 = Conv2d(widths[3], spec.classes, 1)
        self.score_pool3 = Conv2d(widths[2], spec.classes, 1)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(1, 3, 1, 1), persistent=False)

    def _layer(self, channels: int, width: int, side: int) -> list[nn.Module]:
        normed = self.spec.norm == "batch"
        norm = BatchNorm(width) if normed else None
        if norm is not None:
            norm.own_statistics = False  # a photograph is read by what was learned of all
        convolution = Conv2d(channels, width, side, padding=side // 2, bias=not normed)
        return [convolution, *([] if norm is None else [norm]), nn.ReLU()]

    def forward(self, photo: Tensor, noise: Noise | None = None) -> Tensor:
        """Scores before the softmax; with noise, dropout after fc6 and fc7."""
        pooled = self._pooled(photo)
        scores: Tensor = self.score_fc7(self._inner(pooled[4], noise))
        for skip, layer in ((pooled[3], self.score_pool4), (pooled[2], self.score_pool3)):
            scores = _doubled(scores, 2, skip) + layer(skip)
        return _doubled(scores, 8, photo)

    def features(self, photo: Tensor) -> Tensor:
        """fc7's mean over the photograph, (N, 64·width): what it is of, in few numbers."""
        inner: Tensor = self._inner(self._pooled(photo)[4], None)
        return inner.mean((2, 3))

    def _pooled(self, photo: Tensor) -> list[Tensor]:
        x = ((photo + 1) / 2 - self.mean) / self.deviation
        pooled = []
        for stage in self.stages:
            x = F.max_pool2d(stage(x), 2, ceil_mode=True)
            pooled.append(x)
        return pooled

    def _inner(self, x: Tensor, noise: Noise | None) -> Tensor:
        for layer in (self.fc6, self.fc7):
            x = layer(x) if noise is None else noise.dropout(layer(x))
        return x


def _doubled(scores: Tensor, factor: int, like: Tensor) -> Tensor:
    """`factor` times as large; what pooling has rounded up is cut off again, as large as `like`."""
    height, width = like.shape[-2:]
    return F.interpolate(scores, scale_factor=factor, mode="bilinear")[..., :height, :width]


def build_fcn(spec: FCNSpec, seed: int | None = None) -> FCN8s:
    """The network, initialised from `seed` after He, its scores 0 at first; without one its weights await loading."""
    with torch.device("meta"):
        network = FCN8s(spec)
    network.mean, network.deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))
    if seed is not None:
        initialize(network, seed, "kaiming")
        for score in (network.score_fc7, network.score_pool4, network.score_pool3):
            nn.init.zeros_(score.weight)
    return network


def from_vgg(weights: dict[str, Tensor], spec: FCNSpec) -> FCN8s:
    """The network with torchvision's VGG-16 in its stages, fc6 and fc7.

    Raises:
        KeyError: a tensor of VGG-16 is not there.
        RuntimeError: one has another shape.
    """
    network = build_fcn(spec, seed=0)
    own = network.state_dict()
    place = 0
    for stage, count in enumerate(STAGES):
        for layer in range(count):
            for kind in ("weight", "bias"):
                own[f"stages.{stage}.{2 * layer}.{kind}"] = weights[f"features.{place}.{kind}"].float()
            place += 2  # a ReLU follows
        place += 1  # and a pooling
    for name, theirs in (("fc6", "classifier.0"), ("fc7", "classifier.3")):
        own[f"{name}.0.weight"] = weights[f"{theirs}.weight"].float().view_as(own[f"{name}.0.weight"])
        own[f"{name}.0.bias"] = weights[f"{theirs}.bias"].float()
    network.load_state_dict(own, assign=True)
    return network
