"""CUT's and FastCUT's settings (Park et al., 2020)."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from pixlate.errors import ConfigError
from pixlate.specs.data import Channels
from pixlate.specs.methods.settings import GanMode, NetworkPlan, Preset

Objective = Literal["CUT", "FastCUT"]


def _preset(epochs: int, decay: float) -> Preset:
    return Preset(
        epochs=epochs,
        decay=decay,
        generator="resnet",
        norm="instance",
        dropout=False,
        resample="bicubic",
        init="xavier",
    )


FACTS: dict[Objective, Preset] = {"CUT": _preset(400, 0.5), "FastCUT": _preset(200, 0.25)}


@dataclass(frozen=True)
class CUTConfig:
    """CUT: what is learned from two sets of pictures, in one direction. None means: as the objective says."""

    method: ClassVar[str] = "cut"
    paired: ClassVar[bool] = False
    both_ways: ClassVar[bool] = False
    preset: ClassVar[str] = "paper"

    objective: Objective = "CUT"
    """CUT, or FastCUT: no identity term, ten times the weight on the patches, and flipped sources."""
    gan_mode: GanMode = "lsgan"
    """Adversarial loss."""
    lambda_nce: float | None = None
    """Weight of the contrast between patches (PatchNCE). Default: 1 for CUT, 10 for FastCUT."""
    identity_nce: bool | None = None
    """Contrast the patches of G(y) and y too. Default: for CUT."""
    flip_equivariance: bool | None = None
    """Translate half of the sources flipped, and contrast them unflipped. Default: for FastCUT."""
    patches: int = 256
    """Places of each feature map whose patches are contrasted."""
    temperature: float = 0.07
    """τ: the lower, the more the most alike of the other patches count."""

    def check(self) -> None:
        """Make sure of what can be seen from these settings alone.

        Raises:
            ConfigError: a number out of its range.
        """
        if not 0 <= self.weight < math.inf:
            raise ConfigError(f"--lambda-nce is {self.weight}; 0 or a positive number is wanted.")
        if self.patches < 2:
            raise ConfigError(f"--patches is {self.patches}; 2 or more are wanted.")
        if not 0 < self.temperature < math.inf:
            raise ConfigError(f"--temperature is {self.temperature}; a positive number is wanted.")

    @property
    def weight(self) -> float:
        """λ of the contrast."""
        return (1.0 if self.objective == "CUT" else 10.0) if self.lambda_nce is None else self.lambda_nce

    @property
    def with_identity(self) -> bool:
        """Whether y is contrasted with G(y)."""
        return self.objective == "CUT" if self.identity_nce is None else self.identity_nce

    @property
    def flips(self) -> bool:
        """Whether sources are flipped."""
        return self.objective == "FastCUT" if self.flip_equivariance is None else self.flip_equivariance

    @property
    def facts(self) -> Preset:
        """Those of the paper's code for this objective."""
        return FACTS[self.objective]

    def settled(self) -> Self:
        """The same: nothing of it is left open."""
        return self

    def networks(self, channels: Channels) -> NetworkPlan:
        """G, whose first half also looks at what G made, and D."""
        if channels.source != channels.target:
            raise ConfigError(
                f"A has {channels.source} channels and B {channels.target}: CUT compares both by one network. "
                "Give both as many with --source-channels and --target-channels."
            )
        return NetworkPlan({"G": (channels.source, channels.target)}, {"D": channels.target})

    def told(self) -> list[tuple[str, str]]:
        """The objective and its weight."""
        identity = ", with identity" if self.with_identity else ""
        flips = ", flipped" if self.flips else ""
        return [
            ("objective", f"{self.objective}, λ {self.weight:g}{identity}{flips}"),
            ("contrast", f"{self.patches} patches a map, τ {self.temperature:g}"),
            ("adversarial loss", self.gan_mode),
        ]
