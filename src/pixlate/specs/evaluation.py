"""What outputs are compared by, and how what differs is made alike first."""

from dataclasses import dataclass
from typing import Literal

from pixlate.errors import ConfigError
from pixlate.specs.data import Direction, Resample
from pixlate.specs.training import DeviceName

Resize = Literal["no", "targets", "outputs"]


@dataclass(frozen=True)
class Rule:
    """What is done about sizes, and about values that are no levels of 8 or 16 bits."""

    resize: Resize = "no"
    """Which of two pictures of different sizes is resized."""
    resample: Resample = "bilinear"
    scale: tuple[float, float] | None = None
    """The values of floats that are black and white."""

    def __str__(self) -> str:
        if self.resize == "no":
            return "sizes as they are"
        other = "outputs" if self.resize == "targets" else "targets"
        return f"{self.resize} resized to the {other}' size where they differ, {self.resample}, antialiased"


@dataclass(frozen=True)
class EvaluationConfig:
    """Everything an evaluation can be told."""

    direction: Direction | None = None
    """Targets are halves of side-by-side pairs: of AtoB the right, of BtoA the left."""
    rule: Rule = Rule()
    common: bool = False
    """Leave out what is in one of the folders only."""
    features: tuple[str, ...] = ()
    """Files of networks by whose features the two sets are compared as wholes."""
    lpips: tuple[str, str] | None = None
    """Files of AlexNet's and of LPIPS's own weights."""
    unpaired: bool = False
    """Targets are other pictures; only features compare them."""
    seed: int = 0
    """Root of the intervals' resampling."""
    device: DeviceName = "auto"

    def check(self) -> None:
        """Make sure of what can be seen from these settings alone.

        Raises:
            ConfigError: settings that contradict one another.
        """
        if self.unpaired and not self.features:
            raise ConfigError("--unpaired compares by --features only; name a network's file.")
        if self.unpaired and (self.lpips or self.common):
            raise ConfigError("--lpips and --common are for pairs; leave them out with --unpaired.")


def parse_range(text: str) -> tuple[float, float]:
    """(low, high) from `"0,4095"`.

    Raises:
        ConfigError: anything else.
    """
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        low = high = 0.0
    if not -1e30 < low < high < 1e30:
        raise ConfigError(f"--range is {text!r}; give LOW,HIGH, such as 0,4095.")
    return low, high
