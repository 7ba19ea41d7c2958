"""LPIPS (Zhang et al., 2018): how far two pictures are apart by AlexNet's features, weighed by what people said."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WIDTHS = (64, 192, 384, 256, 256)
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)


class LPIPS(nn.Module):
    """Two pictures (N, 3, H, W) in [-1, 1], of 32 px a side and more → distances (N,), 0 of equal ones.

    AlexNet's five layers as torchvision has them, and one weight for each of their channels; all of them given.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        one, two, three, four, five = WIDTHS
        self.features = nn.ModuleDict(
            {
                "0": nn.Conv2d(3, one, 11, stride=4, padding=2),
                "3": nn.Conv2d(one, two, 5, padding=2),
                "6": nn.Conv2d(two, three, 3, padding=1),
                "8": nn.Conv2d(three, four, 3, padding=1),
                "10": nn.Conv2d(four, five, 3, padding=1),
            }
        )
        self.weights = nn.ParameterList([nn.Parameter(torch.zeros(width)) for width in WIDTHS])
        self.register_buffer("shift", torch.tensor(_SHIFT).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("scale", torch.tensor(_SCALE).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(requires_grad=False)

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        """Squared differences of features of length 1, weighed, summed over layers, meaned over places."""
        total = one.new_zeros(len(one))
        for a, b, weight in zip(self._layers(one), self._layers(other), self.weights, strict=True):
            apart = (_of_length_1(a) - _of_length_1(b)).square()
            total = total + (apart * weight.view(1, -1, 1, 1)).sum(1).mean((1, 2))
        return total

    def _layers(self, x: Tensor) -> list[Tensor]:
        x = (x - self.shift) / self.scale
        found = []
        for name, layer in self.features.items():
            if name in ("3", "6"):
                x = F.max_pool2d(x, 3, stride=2)
            x = F.relu(layer(x))
            found.append(x)
        return found


def _of_length_1(features: Tensor) -> Tensor:
    return features / (features.square().sum(1, keepdim=True).sqrt() + 1e-10)
