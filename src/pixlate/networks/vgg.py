"""VGG-16 up to relu4_2, for distances between features (Simonyan and Zisserman, 2015)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pixlate.networks.convolution import Conv2d

LAYERS = {0: 64, 2: 64, 5: 128, 7: 128, 10: 256, 12: 256, 14: 256, 17: 512, 19: 512}
"""Filters of the convolutions from conv1_1 to conv4_2, by their place among torchvision's layers."""
_POOLED = (5, 10, 17)
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class VGG16(nn.Module):
    """Pictures (N, 1 or 3, H, W) in [-1, 1] → relu4_2 (N, 512, H/8, W/8). Its weights are given, and stay."""

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        with torch.device("meta"):
            channels = [3, *LAYERS.values()]
            self.features = nn.ModuleDict(
                {
                    str(place): Conv2d(channels[index], filters, 3, padding=1)
                    for index, (place, filters) in enumerate(LAYERS.items())
                }
            )
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """The features; pictures smaller than 8 px have none, and are enlarged first."""
        x = x.expand(-1, 3, -1, -1)
        if min(x.shape[-2:]) < 8:
            x = F.interpolate(x, size=[max(8, side) for side in x.shape[-2:]])
        x = ((x + 1) / 2 - self.mean) / self.deviation
        for place, layer in self.features.items():
            if int(place) in _POOLED:
                x = F.max_pool2d(x, 2)
            x = F.relu(layer(x))
        return x
