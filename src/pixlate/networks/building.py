"""From a spec to a network with its first weights."""

import torch
from torch import Tensor, nn

from pixlate.networks.normalization import BatchNorm, InstanceNorm
from pixlate.networks.patchgan import PatchGAN
from pixlate.networks.resnet import ResNet
from pixlate.networks.unet import UNet
from pixlate.specs.learning import Init
from pixlate.specs.networks import DiscriminatorSpec, GeneratorSpec, NetworkSpec

Generator = UNet | ResNet
Network = Generator | PatchGAN


def build(spec: NetworkSpec) -> Network:
    """The generator or discriminator; its weights await loading."""
    return build_generator(spec) if isinstance(spec, GeneratorSpec) else build_discriminator(spec)


def build_generator(
    spec: GeneratorSpec, seed: int | None = None, init: Init = "normal", gain: float = 0.02
) -> Generator:
    """The generator, initialised from `seed`; without one its weights await loading."""
    with torch.device("meta"):
        network: Generator = ResNet(spec) if spec.architecture == "resnet" else UNet(spec)
    if seed is not None:
        initialize(network, seed, init, gain)
    return network


def build_discriminator(
    spec: DiscriminatorSpec, seed: int | None = None, init: Init = "normal", gain: float = 0.02
) -> PatchGAN:
    """The discriminator, initialised from `seed`; without one its weights await loading."""
    with torch.device("meta"):
        network = PatchGAN(spec)
    if seed is not None:
        initialize(network, seed, init, gain)
    return network


def initialize(network: nn.Module, seed: int, init: Init = "normal", gain: float = 0.02) -> None:
    """Give every weight its first value.

    By default N(0, 0.02), norm scales N(1, 0.02), biases 0 (pix2pix, appendix 6.2). `gain` is the standard deviation
    of normal and the factor of xavier and orthogonal.
    """
    # to_empty would have torch import sympy, for shapes that are no numbers.
    empty = {name: torch.empty(own.shape, dtype=own.dtype, device="cpu") for name, own in network.state_dict().items()}
    network.load_state_dict(empty, assign=True)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
                _draw(module.weight, generator, init, gain)
            elif isinstance(module, (BatchNorm, InstanceNorm)) and module.weight is not None:
                module.weight.normal_(1.0, 0.02, generator=generator)
            else:
                continue
            if module.bias is not None:
                module.bias.zero_()
            if isinstance(module, BatchNorm):
                module.reset_running_stats()


def _draw(weight: Tensor, generator: torch.Generator, init: Init, gain: float) -> None:
    if init == "normal":
        weight.normal_(0.0, gain, generator=generator)
    elif init == "xavier":
        nn.init.xavier_normal_(weight, gain, generator=generator)
    elif init == "kaiming":
        nn.init.kaiming_normal_(weight, generator=generator)
    else:
        nn.init.orthogonal_(weight, gain, generator=generator)


def count_parameters(network: nn.Module) -> int:
    """Number of trainable weights."""
    return sum(parameter.numel() for parameter in network.parameters())
