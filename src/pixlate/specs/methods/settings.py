"""What the rest of the package may ask of a method's settings, and what a preset says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, Self

from pixlate.specs.data import Channels, Resample
from pixlate.specs.learning import Init, LearningConfig
from pixlate.specs.networks import Architecture, NetworkSpec, Norm

PresetName = Literal["paper", "incumbent"]
GanMode = Literal["vanilla", "lsgan", "hinge", "wgangp"]
"""Cross-entropy (Goodfellow et al., 2014), least squares (Mao et al., 2017), hinge (Lim and Ye, 2017), Wasserstein with
gradient penalty (Gulrajani et al., 2017)."""


@dataclass(frozen=True)
class Preset:
    """The facts in which methods, and published implementations of one method, differ."""

    epochs: int
    decay: float
    """Last fraction of the run over which the learning rate falls linearly towards 0."""
    generator: Architecture
    norm: Norm
    dropout: bool
    resample: Resample
    innermost_dropout: int = 1
    """First decoder output of a U-Net with dropout, counted from the innermost."""
    outer_levels: int = 0
    """How many of a U-Net's outermost decoder outputs never get dropout, whatever the depth."""
    init: Init = "normal"

    def places_of_dropout(self, generator: Architecture, depth: int, blocks: int) -> tuple[int, ...]:
        """Where dropout stands: after three decoder outputs, or as many as have room; in a ResNet everywhere."""
        if generator == "resnet":
            return tuple(range(1, blocks + 1))
        first = self.innermost_dropout
        return tuple(level for level in range(first, first + 3) if level < depth - self.outer_levels)


@dataclass(frozen=True)
class NetworkPlan:
    """Which networks a method has, by the paper's names."""

    generators: Mapping[str, tuple[int, int]]
    """Channels in and out; the first is the one from source to target."""
    discriminators: Mapping[str, int]
    """Channels in."""


class MethodConfig(Protocol):
    """A frozen dataclass whose fields are the flags of one method, beside those that all methods share."""

    method: ClassVar[str]
    """What it is called."""
    paired: ClassVar[bool]
    """Whether it learns from pairs, or from two sets of pictures that have nothing to do with one another."""
    both_ways: ClassVar[bool]
    """Whether it learns a generator for each direction."""

    @property
    def preset(self) -> str:
        """Whose facts to follow."""

    @property
    def objective(self) -> str:
        """What the generators are trained for."""

    @property
    def gan_mode(self) -> GanMode:
        """The adversarial loss."""

    @property
    def facts(self) -> Preset:
        """Those of the preset."""

    def check(self) -> None:
        """Make sure of what can be seen from these settings alone.

        Raises:
            ConfigError: a number out of its range, or settings that contradict one another.
        """

    def settled(self) -> Self:
        """The same, with files it names made sure of and known by their content.

        Raises:
            ConfigError: one cannot be read, or is another than it should be.
        """

    def networks(self, channels: Channels) -> NetworkPlan:
        """Which networks there are.

        Raises:
            ConfigError: what is asked for cannot be had with pictures of these channels.
        """

    def told(self) -> list[tuple[str, str]]:
        """The objective's weights and what else is the method's own, as names and values for a person."""


@dataclass(frozen=True)
class MethodSpec:
    """What a method is built from: nothing is left open."""

    config: MethodConfig
    networks: Mapping[str, NetworkSpec]
    learning: LearningConfig
    size: tuple[int, int]
    """(height, width) of the pictures it learns from."""

    @property
    def init(self) -> Init:
        """How weights begin: as asked, or as the preset says."""
        return self.learning.init or self.config.facts.init
