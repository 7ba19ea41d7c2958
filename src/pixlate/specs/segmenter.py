"""What a segmenter is: the network that reads labels off photographs, and how it was made."""

from dataclasses import dataclass, field
from typing import Literal

from pixlate.errors import ConfigError


@dataclass(frozen=True)
class FCNSpec:
    """An FCN-8s (Long et al., 2015): VGG-16's layers, all convolutions, with skips from pool3 and pool4."""

    classes: int
    width: int = 64
    """Filters of the first layer; VGG-16 has 64, and fc6 and fc7 64 times as many."""
    norm: Literal["batch", "none"] = "batch"
    """batch to learn from first weights drawn at random, none for VGG-16's own."""

    def __post_init__(self) -> None:
        if not 1 <= self.classes <= 255 or not 1 <= self.width <= 1024:
            raise ConfigError(f"An FCN-8s of {self.classes} classes and width {self.width} is not built.")

    def __str__(self) -> str:
        return f"FCN-8s of {self.classes} classes, width {self.width}, norm {self.norm}"


@dataclass(frozen=True)
class LabelRule:
    """How classes are read off label pictures."""

    palette: str
    """A known palette's name, a file of colours, or a number of classes for grey pictures of class numbers."""
    within: float = 40.0
    """Pixels farther than so many levels of RGB from every colour of the palette are not scored: seams that resizing
    and JPEG have blurred."""
    smooth: bool = True
    """Give each pixel the commonest class of the 3×3 around it first."""


@dataclass(frozen=True)
class SegmenterConfig:
    """Everything that training a segmenter can be told."""

    width: int = 64
    """Filters of the first layer; VGG-16's 64, fewer are faster."""
    size: str | None = None
    """Shrink photographs to N or HEIGHTxWIDTH pixels before they are enlarged to the labels' size, so that they are as
    coarse as the pictures to be scored (the paper's 256). Default: as they are."""
    epochs: int = 40
    """Passes over the training photographs."""
    batch_size: int = 8
    """Photographs a step."""
    crop: int = 512
    """Side of the square that is cut out of larger photographs for a step."""
    learning_rate: float | None = None
    """Adam's at the start; it falls to 0 with (1 - done)^0.9. Default: 0.001, with VGG-16's weights 0.0001."""
    vgg: str | None = None
    """File of torchvision's VGG-16, for first weights. Default: drawn at random, and then with batch norm."""
    seed: int = 0
    """Root of every random draw."""

    def check(self) -> None:
        """Make sure of what can be seen from these settings alone.

        Raises:
            ConfigError: a number out of its range.
        """
        for name in ("width", "epochs", "batch_size", "crop"):
            if getattr(self, name) < 1:
                raise ConfigError(f"--{name.replace('_', '-')} is {getattr(self, name)}; 1 or more is wanted.")
        if self.learning_rate is not None and not 0 < self.learning_rate < 1:
            raise ConfigError(f"--learning-rate is {self.learning_rate}; a number between 0 and 1 is wanted.")
        if self.vgg is not None and self.width != 64:
            raise ConfigError(f"--vgg has filters for --width 64, not {self.width}.")


@dataclass(frozen=True)
class SegmenterCard:
    """What a segmenter's file says of itself."""

    network: FCNSpec
    labels: LabelRule
    colours: tuple[tuple[int, ...], ...]
    """Of the classes; empty where labels were class numbers."""
    names: tuple[str, ...]
    size: tuple[int, ...]
    """(height, width) that photographs were shrunk to; empty if they were not."""
    trained_on: str
    pictures: int
    epochs: int
    weights: str
    """Where the first weights came from: drawn at random, or a file and its SHA-256."""
    validation: dict[str, float] = field(default_factory=dict)
    """Accuracy on the validation part after the epoch that was kept."""
    at: tuple[int, ...] = ()
    """(height, width) of the first training labels, to which photographs were enlarged."""
    versions: dict[str, str] = field(default_factory=dict)
