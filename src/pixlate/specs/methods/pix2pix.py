"""pix2pix's settings (Isola et al., 2017)."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

from pixlate.errors import ConfigError
from pixlate.specs.data import Channels
from pixlate.specs.methods.settings import GanMode, NetworkPlan, Preset, PresetName

Objective = Literal["L1", "L2", "GAN", "cGAN", "L1+GAN", "L1+cGAN"]

PRESETS: dict[PresetName, Preset] = {
    "paper": Preset(
        epochs=200, decay=0.0, generator="unet", norm="batch", dropout=True, resample="bilinear", innermost_dropout=1
    ),
    "incumbent": Preset(
        epochs=200,
        decay=0.5,
        generator="unet",
        norm="batch",
        dropout=True,
        resample="bicubic",
        innermost_dropout=2,
        outer_levels=3,
    ),
}


@dataclass(frozen=True)
class Pix2PixConfig:
    """pix2pix: what is learned from pairs."""

    method: ClassVar[str] = "pix2pix"
    paired: ClassVar[bool] = True
    both_ways: ClassVar[bool] = False

    preset: PresetName = "paper"
    """Whose facts to follow: the paper's (and its Torch code), or those of pytorch-CycleGAN-and-pix2pix."""
    objective: Objective = "L1+cGAN"
    """What the generator is trained for, by the paper's names (Table 1). GAN's discriminator never sees the source."""
    lambda_l1: float = 100.0
    """λ: weight of the L1 term beside an adversarial one (eq. 4)."""
    gan_mode: GanMode = "vanilla"
    """Adversarial loss: vanilla is the paper's cross-entropy."""
    judge_once: bool | None = None
    """Let the generator learn from the answer that its discriminator learns from, as the paper's Torch code does, and
    not ask the discriminator again after its update. Default: the preset's; on for paper."""

    def check(self) -> None:
        """Make sure of what can be seen from these settings alone.

        Raises:
            ConfigError: a number out of its range, or settings that contradict one another.
        """
        if not 0 <= self.lambda_l1 < math.inf:
            raise ConfigError(f"--lambda-l1 is {self.lambda_l1}; 0 or a positive number is wanted.")

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

    @property
    def judged_once(self) -> bool:
        """Whether each generated picture is judged once a step: then both gradients come before either update."""
        return self.preset == "paper" if self.judge_once is None else self.judge_once

    @property
    def facts(self) -> Preset:
        """Those of the preset."""
        return PRESETS[self.preset]

    def settled(self) -> Self:
        """The same, with what the preset says written down."""
        return replace(self, judge_once=self.judged_once)

    def networks(self, channels: Channels) -> NetworkPlan:
        """G, and D where the objective has one."""
        judged = channels.target + (channels.source if self.adversary == "cGAN" else 0)
        return NetworkPlan({"G": (channels.source, channels.target)}, {"D": judged} if self.adversary else {})

    def told(self) -> list[tuple[str, str]]:
        """λ where it counts, and an adversarial loss that is not the paper's."""
        weight = f", λ {self.lambda_l1:g}" if self.distance == "L1" and self.adversary else ""
        mode = f", {self.gan_mode}" if self.adversary and self.gan_mode != "vanilla" else ""
        return [("objective", self.objective + weight + mode)]
