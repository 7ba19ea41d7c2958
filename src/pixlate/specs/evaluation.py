"""How outputs and targets that differ are made alike before they are compared."""

from dataclasses import dataclass
from typing import Literal

from pixlate.errors import ConfigError
from pixlate.specs.data import Resample

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
