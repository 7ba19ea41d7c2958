"""What the pictures of one side are: channels, kind of number, and which values stand for -1 and 1."""

import math
import re
from dataclasses import dataclass
from typing import Literal

from pixlate.errors import ConfigError

Number = Literal["uint8", "uint16", "float32"]
Alpha = Literal["flatten", "keep", "only"]
Space = Literal["values", "lightness", "ab", "classes"]
Colour = tuple[int, ...]

FULL_SCALE: dict[Number, float] = {"uint8": 255.0, "uint16": 65535.0}
"""The greatest value of each whole number."""
_NAMED: dict[str, Colour] = {"black": (0, 0, 0), "grey": (128, 128, 128), "white": (255, 255, 255)}


@dataclass(frozen=True)
class Kind:
    """What a side's pictures are as files, and what a network is given of them: `planes` of numbers in [-1, 1]."""

    channels: int = 3
    """Of a picture as it is read and written, alpha included where it is kept."""
    number: Number = "uint8"
    low: tuple[float, ...] = (0.0,)
    """The values that stand for -1: one for all channels, or one for each."""
    high: tuple[float, ...] = (255.0,)
    """Likewise for 1."""
    space: Space = "values"
    """What a network is given: the values; L or ab of an RGB picture's CIE Lab; or one plane for each of `classes`."""
    classes: tuple[Colour, ...] = ()
    """The colour, or the grey level, that stands for each class."""
    ignored: tuple[Colour, ...] = ()
    """Colours of no class."""
    alpha: Alpha | None = None
    """What becomes of transparency; None refuses pictures with any."""
    background: Colour = (255, 255, 255)
    """What flattened pictures are laid upon."""
    ending: str = ".png"
    """Of the files such pictures are written to."""

    def __post_init__(self) -> None:
        counts = {1, self.channels}
        if self.channels < 1 or len(self.low) not in counts or len(self.high) not in counts:
            raise ConfigError(f"{self} gives no range for each of {self.channels} channels.")
        for low, high in zip(*self.ends, strict=True):
            if not (math.isfinite(low) and math.isfinite(high) and low < high):
                raise ConfigError(f"The range {low:g} … {high:g} holds nothing; the lower value comes first.")
        if (self.space == "classes") != bool(self.classes) or any(len(c) != self.channels for c in self.classes):
            raise ConfigError(f"{self} has classes that do not fit its channels.")

    @property
    def ends(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """What stands for -1, and for 1, in each channel."""
        low, high = (ends * self.channels if len(ends) == 1 else ends for ends in (self.low, self.high))
        return low, high

    @property
    def planes(self) -> int:
        """Channels a network sees."""
        return {"values": self.channels, "lightness": 1, "ab": 2, "classes": len(self.classes)}[self.space]

    @property
    def full_scale(self) -> bool:
        """Whether the whole numbers of a file, 8 or 16 bits alike, stand for what their own scale says."""
        return self.number in FULL_SCALE and self.low == (0.0,) and self.high == (FULL_SCALE[self.number],)

    def __str__(self) -> str:
        told = {"lightness": "L of Lab", "ab": "ab of Lab", "classes": f"{len(self.classes)} classes"}.get(self.space)
        if told is None:
            told = f"{self.channels} × {self.number}"
            if not self.full_scale:
                told += f", {' '.join(f'{v:g}' for v in self.low)} … {' '.join(f'{v:g}' for v in self.high)}"
        return told + (f", alpha {self.alpha}" if self.alpha else "")


@dataclass(frozen=True)
class Range:
    """Which values are to stand for -1 and 1: given, or percentiles of the training pictures."""

    low: float
    high: float
    percentiles: bool = False


def parse_range(text: str, name: str) -> Range:
    """A range from `"uint8"`, `"uint16"`, `"0,4095"` or `"p1,p99"`.

    Raises:
        ConfigError: anything else, or one that holds nothing. `name` says whose it is.
    """
    if text in FULL_SCALE:
        return Range(0.0, FULL_SCALE[text])
    words = [word.strip() for word in text.split(",")]
    percentiles = all(word.lower().startswith("p") for word in words)
    try:
        low, high = (float(word[1:] if percentiles else word) for word in words)
    except ValueError:
        raise ConfigError(
            f"{name} is {text!r}; give LOW,HIGH such as 0,4095, percentiles such as p1,p99, uint8 or uint16."
        ) from None
    if not low < high or not (math.isfinite(low) and math.isfinite(high)):
        raise ConfigError(f"{name} is {text!r}, which holds nothing; the lower value comes first.")
    if percentiles and not (low >= 0 and high <= 100):
        raise ConfigError(f"{name} is {text!r}; percentiles go from p0 to p100.")
    return Range(low, high, percentiles)


def parse_colour(text: str, name: str = "background") -> Colour:
    """An RGB colour of 0 … 255 from `"white"`, `"grey"`, `"black"` or `"#rrggbb"`.

    Raises:
        ConfigError: anything else.
    """
    if text.lower() in _NAMED:
        return _NAMED[text.lower()]
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise ConfigError(f"{name} is {text!r}; give white, grey, black or a colour such as #00ff7f.")
    return tuple(bytes.fromhex(text[1:]))


@dataclass(frozen=True)
class Sides:
    """What the sources and the targets are."""

    source: Kind
    target: Kind
