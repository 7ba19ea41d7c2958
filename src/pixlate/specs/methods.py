"""What a method is: its objective, its networks, the paper's constants, and the presets in which sources differ."""

from dataclasses import dataclass
from typing import Literal

from pixlate.specs.data import Resample
from pixlate.specs.networks import Architecture

Objective = Literal["L1", "L2", "GAN", "cGAN", "L1+GAN", "L1+cGAN"]
PresetName = Literal["paper", "incumbent"]


@dataclass(frozen=True)
class Preset:
    """The facts in which two published implementations of pix2pix differ."""

    epochs: int
    decay: float
    """Last fraction of the run over which the learning rate falls linearly towards 0."""
    innermost_dropout: int
    """First decoder output with dropout, counted from the innermost."""
    outer_levels: int
    """How many of the outermost decoder outputs never get dropout, whatever the depth."""
    resample: Resample

    def dropout(self, depth: int) -> tuple[int, ...]:
        """The decoder outputs with dropout in a generator of this depth: three, or as many as it has room for."""
        first = self.innermost_dropout
        return tuple(level for level in range(first, first + 3) if level < depth - self.outer_levels)


PRESETS: dict[PresetName, Preset] = {
    "paper": Preset(epochs=200, decay=0.0, innermost_dropout=1, outer_levels=0, resample="bilinear"),
    "incumbent": Preset(epochs=200, decay=0.5, innermost_dropout=2, outer_levels=3, resample="bicubic"),
}


@dataclass(frozen=True)
class Pix2PixConfig:
    """pix2pix: what is learned, and with which networks. None means: as the preset and the data say."""

    preset: PresetName = "paper"
    """Whose facts to follow: the paper's (and its Torch code), or those of pytorch-CycleGAN-and-pix2pix."""
    objective: Objective = "L1+cGAN"
    """What the generator is trained for, by the paper's names (Table 1). GAN's discriminator never sees the source."""
    lambda_l1: float = 100.0
    """λ: weight of the L1 term beside an adversarial one (eq. 4)."""
    generator: Architecture = "unet"
    """U-Net, or the same encoder-decoder with its skips cut (section 4.3)."""
    depth: int | None = None
    """Halvings in the generator. Default: as many as the size allows, 8 at most."""
    width: int = 64
    """Filters of the first layer of both networks."""
    dropout: bool = True
    """Dropout in the decoder, the paper's noise."""
    z_channels: int = 0
    """Channels of Gaussian noise given to the generator beside the source (section 3.1)."""
    receptive_field: int | None = None
    """Side of the patch the discriminator judges: 1, 7, 16, 34, 70, 142 or 286. Default: 70, scaled with the size."""
    lr: float = 2e-4
    """Adam's learning rate (section 3.3)."""
    beta1: float = 0.5
    """Adam's first momentum."""
    beta2: float = 0.999
    """Adam's second momentum."""
    decay: float | None = None
    """Last fraction of the run over which the learning rate falls to 0. Default: by preset, 0 or 0.5."""

    @property
    def distance(self) -> Literal["L1", "L2"] | None:
        """The term that compares output and target pixel by pixel, if any."""
        if self.objective.startswith("L1"):
            return "L1"
        return "L2" if self.objective == "L2" else None

    @property
    def adversary(self) -> Literal["GAN", "cGAN"] | None:
        """The adversarial term, if any: `cGAN` judges (source, target) pairs (eq. 1), `GAN` targets alone (eq. 2)."""
        if self.objective.endswith("cGAN"):
            return "cGAN"
        return "GAN" if self.objective.endswith("GAN") else None
