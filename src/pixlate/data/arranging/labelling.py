"""Label maps in colours ↔ class numbers as grey levels."""

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from pixlate import durable, images
from pixlate.data.arranging.sources import refuse_clashes
from pixlate.data.arranging.writing import Outcome, Track, each_sound, refuse_used, save, silent
from pixlate.errors import ConfigError, DataError, PictureError
from pixlate.images import Picture, palettes
from pixlate.images.palette import IGNORE, Classes, Palette, smoothed


@dataclass(frozen=True)
class Band:
    """Which pixels are of no class; by default none is."""

    within: float | None = None
    """Those farther than so many levels of RGB from every colour."""
    apart: float = 0
    """Those less than so many levels nearer to one colour than to the next."""
    smooth: bool = False
    """Then each pixel has the commonest class of the 3×3 around it."""

    def __post_init__(self) -> None:
        if (self.within is not None and not self.within >= 0) or not self.apart >= 0:
            raise ConfigError(f"within is {self.within} and apart {self.apart}; they are 0 or more levels of RGB.")

    def classes(self, palette: Palette, picture: Picture) -> Classes:
        """The class numbers (H, W) of a label map (H, W, 1 or 3)."""
        within = math.inf if self.within is None else self.within
        numbers = palette.classes(images.with_channels(picture, 3), within, self.apart)
        return smoothed(numbers) if self.smooth else numbers


def label(
    maps: Path,
    out: Path,
    palette: str,
    band: Band,
    *,
    back: bool = False,
    skip_bad: bool = False,
    track: Track = silent,
) -> Outcome:
    """Write the class numbers of all label maps of a folder, 8-bit grey, 255 for none; or, `back`, the colours of such.

    A pixel's class is that of the nearest colour, or none by the `band`.

    Raises:
        ConfigError: no such palette.
        DataError: no pictures, two of one name, or a folder that is not empty.
        PictureError: one that cannot be read, or is no label map, unless `skip_bad`.
    """
    known = palettes.find(palette)
    if not maps.is_dir():
        raise DataError(f"There is no folder {maps}.")
    paths, others = images.pictures_in(maps)
    notes = images.passed_over(maps, others)
    if not paths:
        raise DataError(" ".join([f"There are no pictures in {maps}.", *notes]))
    names = {path: path.relative_to(maps).with_suffix("").as_posix() for path in paths}
    refuse_clashes([(name, path) for path, name in names.items()])
    refuse_used(out, [maps])
    ignored: Counter[str] = Counter()

    with durable.tree(out) as folder:

        def one(path: Path) -> None:
            picture = images.read(path)
            try:
                if back:
                    made = _colours(known, picture)
                else:
                    numbers = band.classes(known, picture)
                    ignored.update(none=int((numbers == IGNORE).sum()), every=numbers.size)
                    made = numbers[..., None]
            except PictureError as error:
                raise PictureError(f"{path}: {error}") from error
            save(folder / names[path], made)

        left_out = each_sound(paths, one, track, "labelling", skip_bad=skip_bad)
    if not back:
        notes.append(f"{ignored['none'] / ignored['every']:.1%} of the pixels are of no class ({IGNORE}).")
    return Outcome(len(paths) - len(left_out), tuple(left_out), tuple(notes))


def _colours(palette: Palette, picture: Picture) -> Picture:
    if picture.shape[-1] != 1:
        raise PictureError(f"it has {picture.shape[-1]} channels; class numbers have one.")
    return palette.picture(picture[..., 0])
