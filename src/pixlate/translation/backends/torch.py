"""A generator run by torch, on any device and at any size."""

import sys

import torch

from pixlate.images.values import Floats
from pixlate.networks.building import Generator
from pixlate.networks.noise import Noise
from pixlate.specs.backends import BackendName


class TorchBackend:
    """The generator itself."""

    name: BackendName = "torch"
    least = 1
    most = sys.maxsize
    memory = 1.0

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._device = next(generator.parameters()).device

    def __call__(self, source: Floats, noise: Noise | None) -> Floats:
        """(C, H, W) in [-1, 1] → (C', H, W) in [-1, 1]."""
        with torch.inference_mode():
            output = self._generator(torch.from_numpy(source)[None].to(self._device), noise)
        made: Floats = output[0].float().cpu().numpy()
        return made
