"""The small networks in which CUT compares patches (Park et al., 2020, section 3.2)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pixlate.networks.building import initialize
from pixlate.specs.learning import Init


class Projections(nn.Module):
    """For each feature map two layers of 256 units, from the features at one place to a vector of length 1."""

    def __init__(self, channels: Sequence[int], seed: int, init: Init, gain: float) -> None:
        super().__init__()
        with torch.device("meta"):
            self.layers = nn.ModuleList(
                nn.Sequential(nn.Linear(count, 256), nn.ReLU(), nn.Linear(256, 256)) for count in channels
            )
        initialize(self, seed, init, gain)

    def forward(self, features: Sequence[Tensor], places: Sequence[Tensor]) -> list[Tensor]:
        """Maps (N, C, H, W) and places (P) among their H·W → vectors (N, P, 256), one tensor a map."""
        return [
            F.normalize(layer(own.flatten(2)[:, :, where.to(own.device)].transpose(1, 2)), dim=-1, eps=1e-7)
            for layer, own, where in zip(self.layers, features, places, strict=True)
        ]
