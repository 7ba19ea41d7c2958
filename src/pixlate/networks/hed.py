"""Holistically-nested edge detection, the paper's source of drawings (Xie and Tu, 2015)."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from pixlate.networks.padding import reflected

STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Filters of VGG-16's convolutions; before each stage but the first a picture is halved."""
MARGIN = 128
"""Pixels that are mirrored around a picture, and cut off its map: edges are found at borders that are none."""
_MEAN = (104.00698793, 116.66876762, 122.67891434)
"""Of blue, green and red, in levels."""


class HED(nn.Module):
    """Pictures (N, 1 or 3, H, W) in [-1, 1] → how likely each pixel is on an edge, (N, 1, H, W) in [0, 1].

    After each stage of VGG-16 a map of its own is enlarged to the picture; the fifth output's weighted sum of them, the
    fused map, is what is given. Its weights are given, and stay.
    """

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        with torch.device("meta"):
            channels = (3, *(stage[-1] for stage in STAGES))
            self.stages = nn.ModuleList(_stage(before, stage) for before, stage in zip(channels, STAGES, strict=False))
            self.sides = nn.ModuleList(nn.Conv2d(stage[-1], 1, 1) for stage in STAGES)
            self.fusion = nn.Conv2d(len(STAGES), 1, 1)
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """The fused map; any H and W."""
        height, width = x.shape[-2:]
        features = (reflected(x, MARGIN).expand(-1, 3, -1, -1).flip(1) + 1) * 127.5 - self.mean
        size, maps = features.shape[-2:], []
        for place, (stage, side) in enumerate(zip(self.stages, self.sides, strict=True)):
            features = stage(F.max_pool2d(features, 2) if place else features)
            maps.append(F.interpolate(side(features), size=size, mode="bilinear", align_corners=False))
        fused: Tensor = self.fusion(torch.cat(maps, 1)).sigmoid()
        return fused[..., MARGIN : MARGIN + height, MARGIN : MARGIN + width]

    @torch.inference_mode()
    def detect(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The map (H, W) of one picture (H, W, 1 or 3) in 0 … 255."""
        x = torch.tensor(picture.transpose(2, 0, 1)[None]).to(self.mean) / 127.5 - 1
        answer: NDArray[np.float32] = self(x)[0, 0].cpu().numpy()
        return answer


def _stage(channels: int, filters: tuple[int, ...]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in zip((channels, *filters), filters, strict=False):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers)
