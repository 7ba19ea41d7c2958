"""What a model file says of itself."""

from dataclasses import dataclass, field
from typing import Literal

from pixlate.specs.data import Resample
from pixlate.specs.networks import GeneratorSpec
from pixlate.specs.pictures import Kind

Statistics = Literal["batch", "running"]


@dataclass(frozen=True)
class Translation:
    """The three switches of translation; the defaults are the paper's behaviour (section 3.3)."""

    statistics: Statistics = "batch"
    """Normalise with the picture's own statistics (batch: the paper's batch of one), or with the running averages."""
    dropout: bool = True
    """Keep dropout on, as the paper does: it is the noise z."""
    seed: int = 0
    """Root of the noise; each picture's own follows from it and the picture's relative path."""


@dataclass(frozen=True)
class Card:
    """Where a model comes from and how it is meant to be used."""

    generator: GeneratorSpec
    method: str
    direction: str
    """AtoB or BtoA, as the data named them."""
    preset: str
    objective: str
    trained_on: str
    """Name of the data set."""
    pairs: int
    """Pairs in its training part; 0 if it has none."""
    size: tuple[int, ...]
    """(height, width) in pixels it was trained at."""
    step: int
    resample: Resample = "bilinear"
    """Filter the pictures were resized with."""
    translation: Translation = field(default_factory=Translation)
    chosen_by: str = "last step"
    """Why this state was kept: the last step, or the best by a metric."""
    metrics: dict[str, float] = field(default_factory=dict)
    """Validation scores at that step: l1 (0–255 units), psnr (dB), ssim."""
    unpaired: tuple[int, ...] = ()
    """Where nothing is paired: source and target pictures in its training part."""
    source: Kind | None = None
    """What sources are; None in files that know only 8 bits: as many channels of them as the generator takes."""
    target: Kind | None = None
    """What outputs are; likewise."""
    recipe: str | None = None
    """What made the sources of the targets in training; None where they were pictures of their own."""
    recipe_sha256: str | None = None
    """Of the files that decide what it does."""
    versions: dict[str, str] = field(default_factory=dict)
    """Of pixlate and torch."""

    @property
    def kinds(self) -> tuple[Kind, Kind]:
        """Of sources and outputs."""
        spec = self.generator
        return self.source or Kind(spec.in_channels), self.target or Kind(spec.out_channels)
