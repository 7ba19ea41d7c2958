"""What a generator and a discriminator are, before any weight exists (pix2pix, appendix 6.1)."""

import math
from dataclasses import dataclass
from typing import Literal

from pixlate.errors import ConfigError

Architecture = Literal["unet", "encoder-decoder", "resnet"]
Norm = Literal["batch", "instance", "affine-instance", "none"]
Upsampling = Literal["transposed", "resize"]

RECEPTIVE_FIELDS = (1, 7, 16, 34, 70, 142, 286, 574)
"""Side, in pixels, of the patch one discriminator output judges. 1 is the PixelGAN, 286 the paper's ImageGAN."""


_DEEPEST, _MOST_BLOCKS, _WIDEST = 20, 1000, 2**16


@dataclass(frozen=True)
class GeneratorSpec:
    """An encoder of `depth` halvings and a decoder of as many doublings.

    `unet` has skips between the two, `encoder-decoder` none (pix2pix, appendix 6.1.1). `resnet` has two halvings with
    residual blocks between them and the doublings (CycleGAN, appendix 7.2).
    """

    architecture: Architecture = "unet"
    in_channels: int = 3
    out_channels: int = 3
    depth: int = 8
    """Halvings; 8 takes 256 px to 1×1. A ResNet has 2."""
    width: int = 64
    """Filters of the first layer; later ones have 2, 4, then 8 times as many."""
    dropout: tuple[int, ...] = (1, 2, 3)
    """Places of 50 % dropout: decoder outputs counted from the innermost (1), in a ResNet residual blocks."""
    z_channels: int = 0
    """Channels of Gaussian noise beside the source (section 3.1); 0 leaves dropout as the only noise."""
    blocks: int = 0
    """Residual blocks of a ResNet."""
    norm: Norm = "batch"
    """affine-instance scales and shifts what it has normalised, instance does not."""
    upsampling: Upsampling = "transposed"
    """Doublings by transposed convolution, or by enlarging and then convolving, which leaves no checkerboard."""

    def __post_init__(self) -> None:
        _positive(self, "in_channels", "out_channels", "depth", "width")
        if self.depth > _DEEPEST or self.blocks > _MOST_BLOCKS or self.width > _WIDEST:
            raise ConfigError(f"A generator {self} is more than can be built.")
        if self.z_channels < 0:
            raise ConfigError(f"z_channels is {self.z_channels}; 0 or more are wanted.")
        resnet = self.architecture == "resnet"
        if resnet != (self.blocks > 0):
            raise ConfigError(f"{self.architecture} with {self.blocks} residual blocks; a resnet has 1 or more.")
        places = self.blocks if resnet else self.depth - 1
        if any(not 1 <= place <= places for place in self.dropout):
            raise ConfigError(f"dropout {self.dropout} names a place outside 1 … {places}.")

    @property
    def widths(self) -> tuple[int, ...]:
        """Filters of each encoder layer, outermost first: C64-C128-C256-C512-C512-… at width 64."""
        levels = self.depth + 1 if self.architecture == "resnet" else self.depth
        return tuple(self.width * min(2**level, 8) for level in range(levels))

    def __str__(self) -> str:
        size = f"of {self.blocks} blocks" if self.blocks else f"of depth {self.depth}"
        name = {"unet": "U-Net", "resnet": "ResNet"}.get(self.architecture, self.architecture)
        return f"{name} {size}, width {self.width}, norm {self.norm}"


@dataclass(frozen=True)
class DiscriminatorSpec:
    """A PatchGAN judging patches of `receptive_field` pixels (section 3.2.2, appendix 6.1.2)."""

    in_channels: int = 6
    """Target channels, plus source channels when the discriminator is conditional."""
    receptive_field: int = 70
    width: int = 64
    norm: Norm = "batch"

    def __post_init__(self) -> None:
        _positive(self, "in_channels", "width")
        if self.receptive_field not in RECEPTIVE_FIELDS:
            choices = ", ".join(map(str, RECEPTIVE_FIELDS))
            raise ConfigError(
                f"No discriminator has a receptive field of {self.receptive_field}; choose from {choices}."
            )

    def __str__(self) -> str:
        return f"PatchGAN of {self.receptive_field} px, width {self.width}, norm {self.norm}"


NetworkSpec = GeneratorSpec | DiscriminatorSpec


def biased(norm: Norm) -> bool:
    """Whether convolutions have biases beside the outermost: as both papers' PyTorch code, with instance norm only."""
    return norm in ("instance", "affine-instance")


def deepest(height: int, width: int) -> int:
    """The depth chosen for pictures of this size: as many halvings as the shorter side allows, from 2 to 8."""
    return max(2, min(8, min(height, width).bit_length() - 1))


def suits(depth: int, height: int, width: int) -> bool:
    """Whether so many halvings leave the last norm of a U-Net more than a single value of pictures of this size."""
    return depth >= 2 and math.ceil(height / 2 ** (depth - 1)) * math.ceil(width / 2 ** (depth - 1)) >= 2


def scaled_receptive_field(height: int, width: int) -> int:
    """The patch that stands to this size as the paper's 70 px to 256 px; never more than 70."""
    wanted = 70 * min(height, width) / 256
    return min((field for field in RECEPTIVE_FIELDS if 1 < field <= 70), key=lambda field: abs(field - wanted))


def _positive(spec: object, *names: str) -> None:
    for name in names:
        if getattr(spec, name) < 1:
            raise ConfigError(f"{name} is {getattr(spec, name)}; 1 or more is wanted.")


@dataclass(frozen=True)
class NetworksConfig:
    """Generators and discriminators. None means: as the method's preset and the data say."""

    generator: Architecture | None = None
    """U-Net, the same encoder-decoder with its skips cut (pix2pix, section 4.3), or ResNet (CycleGAN). Default: the
    method's."""
    depth: int | None = None
    """Halvings in a U-Net or encoder-decoder. Default: as many as the size allows, 8 at most."""
    blocks: int | None = None
    """Residual blocks of a ResNet. Default: 9, or 6 for pictures below 256 px."""
    width: int = 64
    """Filters of the generators' first layer."""
    norm: Norm | None = None
    """Normalisation; affine-instance scales and shifts, as CycleGAN's Torch code. Default: the preset's."""
    dropout: bool | None = None
    """Dropout, pix2pix's noise. Default: the preset's; on for pix2pix, off for CycleGAN."""
    upsampling: Upsampling = "transposed"
    """How generators double: by transposed convolution, as the papers, or resize: pixels repeated, then convolved,
    which leaves no checkerboard."""
    z_channels: int = 0
    """Channels of Gaussian noise given to the generator beside the source (pix2pix, section 3.1)."""
    receptive_field: int | None = None
    """Side of the patch discriminators judge: 1, 7, 16, 34, 70, 142, 286 or 574. Default: 70, scaled with the size."""
    discriminator_width: int | None = None
    """Filters of the discriminators' first layer. Default: as the generators'."""
