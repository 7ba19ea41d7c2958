"""What a data set is, and how its pictures become batches."""

import re
from dataclasses import dataclass
from typing import Literal

from pixlate.errors import ConfigError
from pixlate.specs.pictures import Alpha, Sides

Direction = Literal["AtoB", "BtoA"]
Resample = Literal["nearest", "bilinear", "bicubic"]
Fit = Literal["stretch", "width", "crop"]


@dataclass(frozen=True)
class Channels:
    """How many planes a network sees of each side."""

    source: int
    target: int


def planes(sides: Sides) -> Channels:
    """How many planes a network sees of such sides."""
    return Channels(sides.source.planes, sides.target.planes)


@dataclass(frozen=True)
class DataConfig:
    """Where the pictures are and how they are prepared. None means: as the preset and the data say."""

    data: str = ""
    """Folder of side-by-side pictures, folder with A and B inside, a CSV/JSONL list, or shards, by folder or URL."""
    data_b: str | None = None
    """Folder of the B pictures, where DATA holds the A pictures. Pairs are matched by name, endings may differ."""
    direction: Direction = "AtoB"
    """AtoB translates A (the left half, the first folder) to B; BtoA the reverse."""
    size: str | None = None
    """Training size in pixels, N or HEIGHTxWIDTH. Default: 256, or the pictures' own size where they are smaller."""
    load_size: str | None = None
    """Size to resize to before the random crop. Default: 286 for 256, in proportion (the paper's jitter)."""
    fit: Fit = "stretch"
    """stretch resizes to the load size whatever the shape (the paper); width resizes to the load size's width in
    proportion; crop does not resize. Then the size is cut out."""
    mirror: bool = True
    """Flip pictures left to right, with an even chance; both of a pair alike."""
    resample: Resample | None = None
    """Filter for resizing. Default: the preset's (paper bilinear, incumbent bicubic)."""
    recipe: str | None = None
    """DATA holds single pictures, the B; this makes the A of them as they are needed: edges, gray, downscale, mask,
    mask-boxes, mask-strokes, hed:weights=FILE, lab (colorization), or a Python function, file.py:name."""
    recipe_sha256: str | None = None
    """Of the files that decide what the recipe does; a run keeps it, and goes on with no others."""
    source_channels: int | None = None
    """Channels of the sources: as many as they have. Default: that many; of grey and colour mixed, 3. Colour becomes
    grey only when 1 is asked here."""
    target_channels: int | None = None
    """Likewise for the targets."""
    source_range: str | None = None
    """Source values that become -1 and 1: LOW,HIGH, percentiles such as p1,p99 of the training pictures, uint8 or
    uint16. Default: the whole scale of 8 or 16 bits, least and greatest of floats. The model file keeps it."""
    target_range: str | None = None
    """Likewise for the targets; translations are written back in it."""
    source_classes: str | None = None
    """Sources are label maps; a network sees one plane for each class: facades or cityscapes (their colours), a file of
    colours, or as many classes as grey levels from 0 on, such as 12."""
    target_classes: str | None = None
    """Likewise for the targets; translations are label maps again."""
    source_alpha: Alpha | None = None
    """What becomes of sources' transparency: flatten onto the background, keep as a channel, or take only it."""
    target_alpha: Alpha | None = None
    """Likewise for the targets."""
    background: str = "white"
    """What flattened pictures are laid upon: white, grey, black or #rrggbb."""
    stack: tuple[str, ...] = ()
    """Folders of further pictures to stack onto the sources as channels, such as depth; matched by name."""
    val_fraction: float | None = None
    """Share set aside for validation where there is no val folder; chosen by name, not by order. Default: 0.1; where
    nothing is paired, where validation chooses nothing, 10 pictures a side at most."""
    max_pictures: int | None = None
    """Train on so many pairs at most, or so many pictures a side; chosen by name, not by order. Default: on all."""
    skip_bad: bool = False
    """Leave defective pictures out, and list them, instead of stopping."""
    cache: str | None = None
    """Room, such as 4GB, to keep decoded training pictures in, for all processes of a machine together; of shards at a
    URL, to keep the pictures as they came. Default: none. Changes speed only."""
    cache_dir: str | None = None
    """Folder for what --cache keeps, in place of memory. What was fetched stays there for later runs."""


def parse_size(text: str, name: str = "size") -> tuple[int, int]:
    """(height, width) from `"256"` or `"192x256"`.

    Raises:
        ConfigError: anything else, or a side below 4.
    """
    sides = text.lower().split("x")
    if len(sides) not in (1, 2) or not all(side.isascii() and side.isdigit() for side in sides):
        raise ConfigError(f"{name} is {text!r}; give N or HEIGHTxWIDTH in pixels, such as 256 or 192x256.")
    height, width = int(sides[0]), int(sides[-1])
    if min(height, width) < 4:
        raise ConfigError(f"{name} is {text!r}; sides of 4 pixels or more are wanted.")
    return height, width


def parse_bytes(text: str, name: str) -> int:
    """A number of bytes from `"4GB"`, `"500 MB"`, `"2GiB"` or a plain number.

    Raises:
        ConfigError: anything else, or none.
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?(?:([KMGT])(I?)B?|B?)", text.strip().upper())
    size = 0.0
    if match:
        step = 1024 if match[3] else 1000
        size = float(match[1]) * step ** (" KMGT".index(match[2]) if match[2] else 0)
    if not 1 <= size < 2**62:
        raise ConfigError(f"{name} is {text!r}; an amount such as 500MB or 4GB is wanted.")
    return int(size)


def format_size(height: int, width: int) -> str:
    """`"256"` for squares, `"192x256"` otherwise."""
    return str(height) if height == width else f"{height}x{width}"
