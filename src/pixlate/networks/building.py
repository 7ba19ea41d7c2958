"""From a spec to a network with its first weights."""

import torch
from torch import nn

from pixlate.networks.normalization import BatchNorm
from pixlate.networks.patchgan import PatchGAN
from pixlate.networks.unet import UNet
from pixlate.specs.networks import DiscriminatorSpec, GeneratorSpec


def build_generator(spec: GeneratorSpec, seed: int | None = None) -> UNet:
    """The generator, initialised from `seed`; without one its weights await loading."""
    with torch.device("meta"):
        network = UNet(spec)
    if seed is not None:
        initialize(network, seed)
    return network


def build_discriminator(spec: DiscriminatorSpec, seed: int) -> PatchGAN:
    """The discriminator, initialised from `seed`."""
    with torch.device("meta"):
        network = PatchGAN(spec)
    initialize(network, seed)
    return network


def initialize(network: nn.Module, seed: int) -> None:
    """Give every weight its first value: N(0, 0.02), norm scales N(1, 0.02), biases 0 (appendix 6.2)."""
    network.to_empty(device="cpu")
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, BatchNorm)):
                mean = 1.0 if isinstance(module, BatchNorm) else 0.0
                module.weight.normal_(mean, 0.02, generator=generator)
                if module.bias is not None:
                    module.bias.zero_()
            if isinstance(module, BatchNorm):
                module.reset_running_stats()


def count_parameters(network: nn.Module) -> int:
    """Number of trainable weights."""
    return sum(parameter.numel() for parameter in network.parameters())
