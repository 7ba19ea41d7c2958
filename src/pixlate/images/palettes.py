"""The palettes of well-known data sets."""

from pathlib import Path

from pixlate.errors import ConfigError, suggestion
from pixlate.images import palette
from pixlate.images.palette import Colour, Palette


def _palette(classes: dict[str, Colour], *ignored: Colour) -> Palette:
    return Palette(tuple(classes.values()), tuple(classes), ignored)


FACADES = _palette(
    {
        "background": (0, 0, 223),
        "facade": (0, 48, 255),
        "window": (0, 128, 255),
        "door": (0, 207, 255),
        "cornice": (32, 255, 223),
        "sill": (112, 255, 143),
        "balcony": (191, 255, 64),
        "blind": (255, 239, 0),
        "deco": (255, 159, 0),
        "molding": (255, 80, 0),
        "pillar": (255, 0, 0),
        "shop": (175, 0, 0),
    }
)
"""CMP Facades as pix2pix published them, in MATLAB's jet; not the colours of CMP's own files."""

CITYSCAPES = _palette(
    {
        "road": (128, 64, 128),
        "sidewalk": (244, 35, 232),
        "building": (70, 70, 70),
        "wall": (102, 102, 156),
        "fence": (190, 153, 153),
        "pole": (153, 153, 153),
        "traffic light": (250, 170, 30),
        "traffic sign": (220, 220, 0),
        "vegetation": (107, 142, 35),
        "terrain": (152, 251, 152),
        "sky": (70, 130, 180),
        "person": (220, 20, 60),
        "rider": (255, 0, 0),
        "car": (0, 0, 142),
        "truck": (0, 0, 70),
        "bus": (0, 60, 100),
        "train": (0, 80, 100),
        "motorcycle": (0, 0, 230),
        "bicycle": (119, 11, 32),
    },
    (0, 0, 0),
    (111, 74, 0),
    (81, 0, 81),
    (250, 170, 160),
    (230, 150, 140),
    (180, 165, 180),
    (150, 100, 100),
    (150, 120, 90),
    (0, 0, 90),
    (0, 0, 110),
)
"""The 19 classes that Cityscapes scores, by train id. Its other classes are ignored; two of them share a colour with
one that is scored (a group of poles, a licence plate)."""

PALETTES = {"facades": FACADES, "cityscapes": CITYSCAPES}


def find(name: str) -> Palette:
    """The palette of that name, or in the file of that name.

    Raises:
        ConfigError: neither.
    """
    if name in PALETTES:
        return PALETTES[name]
    if not Path(name).suffix:
        raise ConfigError(
            f"There is no palette {name!r}; {', '.join(PALETTES)}, or a file.{suggestion(name, PALETTES)}"
        )
    return palette.read(Path(name))
