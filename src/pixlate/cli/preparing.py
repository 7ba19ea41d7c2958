"""Commands that make pictures of pictures: prepare and labels."""

from pathlib import Path

from pixlate.cli.arranging import Out, Switch, shown, tell
from pixlate.recipes.edges import HED
from pixlate.recipes.protocol import Recipe
from pixlate.specs.data import DataConfig, Resample, parse_size
from pixlate.specs.pictures import Alpha


def prepare(  # noqa: PLR0913 - one argument a flag
    pictures: Path,
    /,
    *,
    recipe: str,
    out: Out,
    size: str | None = None,
    resample: Resample = "bicubic",
    alpha: Alpha | None = None,
    background: str = "white",
    seed: int = 0,
    skip_bad: Switch = False,
) -> None:
    """Write pairs for training, A made of each picture by a recipe and B the picture.

    `pixlate train PICTURES --recipe RECIPE` needs no such files; they are for looking at, and for other programs.

    Parameters
    ----------
    pictures
        Folder of pictures, or a list with a column picture.
    recipe
        edges, gray, downscale, mask, mask-boxes, mask-strokes, hed:weights=FILE, or a Python function, file.py:name.
    out
        New folder to write A and B to; `pixlate train OUT` learns from it.
    size
        Resize to N or HEIGHTxWIDTH pixels first. Default: as they are.
    resample
        Filter for that.
    alpha
        What becomes of transparency: flatten, keep or only.
    background
        What flattened pictures are laid upon: white, grey, black or #rrggbb.
    seed
        Root of what a recipe draws.
    skip_bad
        Leave out what cannot be used, and list it, instead of stopping.
    """
    from pixlate.data.arranging import preparing  # noqa: PLC0415

    config = DataConfig(str(pictures), recipe=recipe, target_alpha=alpha, background=background, skip_bad=skip_bad)
    resized = None if size is None else parse_size(size)
    outcome = preparing.prepare(config, out, _with_network, size=resized, resample=resample, seed=seed, track=shown)
    tell(outcome.notes, outcome.left_out, f"{outcome.written} pairs in {out / 'A'} and {out / 'B'}")


def _with_network(recipe: Recipe) -> Recipe:
    if not isinstance(recipe, HED):
        return recipe
    from pixlate.foreign import hed  # noqa: PLC0415 - torch, which no other recipe needs

    return hed.bound(recipe)


def labels(
    maps: Path,
    /,
    *,
    palette: str,
    out: Out,
    within: float | None = None,
    apart: float = 0,
    smooth: Switch = False,
    back: Switch = False,
    skip_bad: Switch = False,
) -> None:
    """Write label maps in colours as class numbers, 8-bit grey, 255 for none; or with --back the reverse.

    `pixlate train ... --source-classes PALETTE` needs no such files: it takes label maps in colours as they are.

    Parameters
    ----------
    maps
        Folder of label maps.
    palette
        facades, cityscapes, or a file of colours: JSON, or a class a line.
    out
        New folder to write to.
    within
        Pixels farther than so many levels of RGB from every colour are of no class. Default: of the nearest.
    apart
        So are pixels less than so many levels nearer to one colour than to the next.
    smooth
        Give each pixel the commonest class of the 3×3 around it, which narrows the seams that JPEG leaves.
    back
        Class numbers to colours.
    skip_bad
        Leave out what cannot be used, and list it, instead of stopping.
    """
    from pixlate.data.arranging import labelling  # noqa: PLC0415

    band = labelling.Band(within, apart, smooth)
    outcome = labelling.label(maps, out, palette, band, back=back, skip_bad=skip_bad, track=shown)
    tell(outcome.notes, outcome.left_out, f"{outcome.written} label maps in {out}")
