"""The experiments of both papers, as runs, as tables of them, and as what the papers say of these.

Table and figure numbers of pix2pix are those of its third version (arXiv 1611.07004v3).
"""

from dataclasses import dataclass, field
from typing import Literal

from pixlate.specs.data import DataConfig, Direction
from pixlate.specs.learning import LearningConfig
from pixlate.specs.methods.cyclegan import CycleGANConfig
from pixlate.specs.methods.pix2pix import Pix2PixConfig
from pixlate.specs.networks import RECEPTIVE_FIELDS, Architecture, NetworksConfig
from pixlate.specs.training import DeviceName, LoopConfig, TrainConfig

ScaleName = Literal["tiny", "small", "medium", "paper"]


@dataclass(frozen=True)
class Scale:
    """How large everything is."""

    size: int
    """Side of the pictures in pixels; the paper's 256."""
    width: int
    """Filters of the generators' first layer; the paper's 64."""
    epochs: int
    """The paper's 200."""
    segmenter_width: int
    """Filters of the FCN-8s' first layer; VGG-16's 64."""
    segmenter_epochs: int
    segmenter_crop: int = 512
    """Side of the squares that the segmenter learns from; it reads whole pictures."""

    def told(self, epochs: int | None) -> str:
        """The scale in words; `epochs` stands in place of its own, if given."""
        return (
            f"{self.size}×{self.size} px, generators of width {self.width}, {epochs or self.epochs} epochs; "
            f"FCN-8s of width {self.segmenter_width}, {self.segmenter_epochs} epochs of squares of "
            f"{self.segmenter_crop} px at most"
        )


SCALES: dict[ScaleName, Scale] = {
    "tiny": Scale(32, 8, 1, 4, 1),
    "small": Scale(64, 32, 30, 16, 40, 160),
    "medium": Scale(128, 32, 60, 16, 40, 160),
    "paper": Scale(256, 64, 200, 64, 100),
}


@dataclass(frozen=True)
class Experiment:
    """One translator of the papers."""

    method: Pix2PixConfig | CycleGANConfig
    generator: Architecture | None = None
    """Default: the method's."""
    patch: int = 70
    """Receptive field of the discriminator in the paper's pictures of 256 px."""
    batch_size: int = 1
    backwards: bool = False
    """Photographs to labels."""
    z_channels: int = 0
    """Gaussian noise beside the source, in place of dropout (section 3.1)."""


_L1, _CGAN, _BOTH = Pix2PixConfig(objective="L1"), Pix2PixConfig(objective="cGAN"), Pix2PixConfig(objective="L1+cGAN")

EXPERIMENTS: dict[str, Experiment] = {
    "L1": Experiment(_L1),
    "GAN": Experiment(Pix2PixConfig(objective="GAN")),
    "cGAN": Experiment(_CGAN),
    "L1+GAN": Experiment(Pix2PixConfig(objective="L1+GAN")),
    "L1+cGAN": Experiment(_BOTH),
    "1x1": Experiment(_BOTH, patch=1),
    "16x16": Experiment(_BOTH, patch=16),
    "286x286": Experiment(_BOTH, patch=286),
    "encoder-decoder, L1": Experiment(_L1, "encoder-decoder", batch_size=10),
    "encoder-decoder, L1+cGAN": Experiment(_BOTH, "encoder-decoder", batch_size=10),
    "U-Net, L1": Experiment(_L1, batch_size=10),
    "U-Net, L1+cGAN": Experiment(_BOTH, batch_size=10),
    "z": Experiment(_BOTH, z_channels=8),
    "labels, L1": Experiment(_L1, backwards=True),
    "labels, cGAN": Experiment(_CGAN, backwards=True),
    "labels, L1+cGAN": Experiment(_BOTH, backwards=True),
    "CycleGAN": Experiment(CycleGANConfig(objective="cycle+GAN")),
    "cycle alone": Experiment(CycleGANConfig(objective="cycle")),
    "GAN alone": Experiment(CycleGANConfig(objective="GAN")),
    "GAN + forward cycle": Experiment(CycleGANConfig(objective="GAN+forward-cycle")),
    "GAN + backward cycle": Experiment(CycleGANConfig(objective="GAN+backward-cycle")),
}
"""By the name of the run's folder, punctuation aside."""

Scores = tuple[float, float, float]
"""Published per-pixel accuracy, per-class accuracy and class IOU; or, of colours, intersections of L, a and b."""


@dataclass(frozen=True)
class Table:
    """One table of a paper: its rows' experiments, with what was published (of Cityscapes)."""

    title: str
    rows: dict[str, tuple[str, Scores | None]]
    """Row's name → experiment, published scores."""
    measure: Literal["fcn", "labels", "colour", "noise"] = "fcn"


TABLES: dict[str, Table] = {
    "table1": Table(
        "Table 1: losses, labels → photo",
        {
            "L1": ("L1", (0.42, 0.15, 0.11)),
            "GAN": ("GAN", (0.22, 0.05, 0.01)),
            "cGAN": ("cGAN", (0.57, 0.22, 0.16)),
            "L1+GAN": ("L1+GAN", (0.64, 0.20, 0.15)),
            "L1+cGAN": ("L1+cGAN", (0.66, 0.23, 0.17)),
        },
    ),
    "table2": Table(
        "Table 2: generators, batches of 10",
        {
            "encoder-decoder (L1)": ("encoder-decoder, L1", (0.35, 0.12, 0.08)),
            "encoder-decoder (L1+cGAN)": ("encoder-decoder, L1+cGAN", (0.29, 0.09, 0.05)),
            "U-Net (L1)": ("U-Net, L1", (0.48, 0.18, 0.13)),
            "U-Net (L1+cGAN)": ("U-Net, L1+cGAN", (0.55, 0.20, 0.14)),
        },
    ),
    "table3": Table(
        "Table 3: patches of the discriminator, L1+cGAN",
        {
            "1×1": ("1x1", (0.39, 0.15, 0.10)),
            "16×16": ("16x16", (0.65, 0.21, 0.17)),
            "70×70": ("L1+cGAN", (0.66, 0.23, 0.17)),
            "286×286": ("286x286", (0.42, 0.16, 0.11)),
        },
    ),
    "table6": Table(
        "Table 6: photo → labels",
        {
            "L1": ("labels, L1", (0.86, 0.42, 0.35)),
            "cGAN": ("labels, cGAN", (0.74, 0.28, 0.22)),
            "L1+cGAN": ("labels, L1+cGAN", (0.83, 0.36, 0.29)),
        },
        measure="labels",
    ),
    "figure7": Table(
        "Figure 7(d): colours in common with the real photographs",
        {
            "L1": ("L1", (0.81, 0.69, 0.70)),
            "cGAN": ("cGAN", (0.87, 0.74, 0.84)),
            "L1+cGAN": ("L1+cGAN", (0.86, 0.84, 0.82)),
            "PixelGAN": ("1x1", (0.83, 0.68, 0.78)),
        },
        measure="colour",
    ),
    "noise": Table(
        "Section 3.1: how much the outputs depend on the noise",
        {"dropout": ("L1+cGAN", None), "z": ("z", None)},
        measure="noise",
    ),
    "cyclegan": Table(
        "CycleGAN, Table 4: ablations, labels → photo",
        {
            "cycle alone": ("cycle alone", (0.22, 0.07, 0.02)),
            "GAN alone": ("GAN alone", (0.51, 0.11, 0.08)),
            "GAN + forward cycle": ("GAN + forward cycle", (0.55, 0.18, 0.12)),
            "GAN + backward cycle": ("GAN + backward cycle", (0.39, 0.14, 0.06)),
            "CycleGAN": ("CycleGAN", (0.52, 0.17, 0.11)),
        },
    ),
}
PUBLISHED_CEILING: Scores = (0.80, 0.26, 0.21)
"""Of real photographs of Cityscapes, shrunk to 256×256 (pix2pix, Table 1)."""


@dataclass(frozen=True)
class ReproductionConfig:
    """What to reproduce, on what, how large."""

    data: str
    data_b: str | None = None
    direction: Direction = "AtoB"
    """From labels to photographs."""
    palette: str = "facades"
    scale: ScaleName = "small"
    tables: tuple[str, ...] = ("table1", "table3", "figure7", "noise")
    seeds: int = 3
    epochs: int | None = None
    """In place of the scale's."""
    vgg: str | None = None
    """VGG-16's weights for the segmenter."""
    segmenter: str | None = None
    """File of a segmenter that is there already."""
    device: DeviceName = "auto"
    others: dict[str, str] = field(default_factory=dict)
    """Folders of others' outputs on the test part, by the name they are to have in the tables."""

    @property
    def size(self) -> Scale:
        """The scale itself."""
        return SCALES[self.scale]

    @property
    def experiments(self) -> list[str]:
        """Each that a table wants, once."""
        return list(dict.fromkeys(name for table in self.tables for name, _ in TABLES[table].rows.values()))


def training(config: ReproductionConfig, name: str, seed: int, folder: str) -> TrainConfig:
    """The run of one experiment."""
    what, scale = EXPERIMENTS[name], config.size
    direction: Direction = config.direction
    if what.backwards:
        direction = "BtoA" if direction == "AtoB" else "AtoB"
    patch = what.patch
    if scale.size != 256 and patch > 1:
        wanted = patch * scale.size / 256
        patch = min((field for field in RECEPTIVE_FIELDS if field > 1), key=lambda field: abs(field - wanted))
    judged = what.method.objective not in ("L1", "cycle")
    return TrainConfig(
        DataConfig(config.data, config.data_b, direction, size=str(scale.size)),
        what.method,
        LoopConfig(
            run=folder,
            epochs=config.epochs or scale.epochs,
            batch_size=what.batch_size,
            seed=seed,
            device=config.device,
            tensorboard=False,
        ),
        NetworksConfig(
            generator=what.generator,
            width=scale.width,
            receptive_field=patch if judged else None,
            z_channels=what.z_channels,
            dropout=False if what.z_channels else None,
        ),
        LearningConfig(),
    )
