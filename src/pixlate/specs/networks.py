"""What a generator and a discriminator are, before any weight exists (pix2pix, appendix 6.1)."""

from dataclasses import dataclass
from typing import Literal

from pixlate.errors import ConfigError

Architecture = Literal["unet", "encoder-decoder"]

RECEPTIVE_FIELDS = (1, 7, 16, 34, 70, 142, 286)
"""Side, in pixels, of the patch one discriminator output judges. 1 is the PixelGAN, 286 the paper's ImageGAN."""


@dataclass(frozen=True)
class GeneratorSpec:
    """An encoder of `depth` halvings and a decoder of as many doublings, with (`unet`) or without skips."""

    architecture: Architecture = "unet"
    in_channels: int = 3
    out_channels: int = 3
    depth: int = 8
    """Halvings; 8 takes 256 px to 1×1."""
    width: int = 64
    """Filters of the first layer; later ones have 2, 4, then 8 times as many."""
    dropout: tuple[int, ...] = (1, 2, 3)
    """Decoder outputs followed by 50 % dropout, counted from the innermost (1)."""
    z_channels: int = 0
    """Channels of Gaussian noise beside the source (section 3.1); 0 leaves dropout as the only noise."""

    def __post_init__(self) -> None:
        _positive(self, "in_channels", "out_channels", "depth", "width")
        if self.z_channels < 0:
            raise ConfigError(f"z_channels is {self.z_channels}; 0 or more are wanted.")
        if any(not 1 <= level < self.depth for level in self.dropout):
            raise ConfigError(f"dropout {self.dropout} names a decoder output outside 1 … {self.depth - 1}.")

    @property
    def widths(self) -> tuple[int, ...]:
        """Filters of each encoder layer, outermost first: C64-C128-C256-C512-C512-… at width 64."""
        return tuple(self.width * min(2**level, 8) for level in range(self.depth))


@dataclass(frozen=True)
class DiscriminatorSpec:
    """A PatchGAN judging patches of `receptive_field` pixels (section 3.2.2, appendix 6.1.2)."""

    in_channels: int = 6
    """Target channels, plus source channels when the discriminator is conditional."""
    receptive_field: int = 70
    width: int = 64

    def __post_init__(self) -> None:
        _positive(self, "in_channels", "width")
        if self.receptive_field not in RECEPTIVE_FIELDS:
            choices = ", ".join(map(str, RECEPTIVE_FIELDS))
            raise ConfigError(
                f"No discriminator has a receptive field of {self.receptive_field}; choose from {choices}."
            )


def deepest(height: int, width: int) -> int:
    """The depth chosen for pictures of this size: as many halvings as the shorter side allows, from 2 to 8."""
    return max(2, min(8, min(height, width).bit_length() - 1))


def scaled_receptive_field(height: int, width: int) -> int:
    """The patch that stands to this size as the paper's 70 px to 256 px; never more than 70."""
    wanted = 70 * min(height, width) / 256
    return min((field for field in RECEPTIVE_FIELDS if 1 < field <= 70), key=lambda field: abs(field - wanted))


def _positive(spec: object, *names: str) -> None:
    for name in names:
        if getattr(spec, name) < 1:
            raise ConfigError(f"{name} is {getattr(spec, name)}; 1 or more is wanted.")
