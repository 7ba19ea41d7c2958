"""Pictures and what a recipe makes of them, as two folders of pairs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pixlate import durable, images
from pixlate.data.arranging.sources import refuse_clashes, relative_to_all, under
from pixlate.data.arranging.writing import Outcome, Track, each_sound, refuse_used, save, silent
from pixlate.data.finding import PictureFile, loose
from pixlate.data.survey import Survey, survey
from pixlate.errors import ConfigError
from pixlate.recipes.protocol import Recipe
from pixlate.specs.data import DataConfig, Resample


def prepare(
    config: DataConfig,
    out: Path,
    bind: Callable[[Recipe], Recipe],
    *,
    size: tuple[int, int] | None = None,
    resample: Resample = "bicubic",
    seed: int = 0,
    track: Track = silent,
) -> Outcome:
    """Write `out`/A/NAME, which the recipe makes of each picture, and `out`/B/NAME, the picture.

    Pictures are resized to `size` (height, width) first, if one is given. train, val and test are kept. `bind` gives a
    recipe the network that it needs.

    Raises:
        ConfigError: no such recipe, or one that makes no pictures.
        DataError: two pictures of one name, a folder that is not empty, or no picture that can be used.
        PictureError: one that cannot be used, unless `config.skip_bad`.
    """
    surveyed = survey(replace(config, val_fraction=0), seed)
    if surveyed.making is None:
        raise ConfigError(f"{config.recipe} needs no prepared files: pixlate train PICTURES --recipe {config.recipe}")
    making = replace(surveyed.making, recipe=bind(surveyed.making.recipe))
    names = _names(surveyed, Path(config.data))
    files = list(names)
    refuse_clashes([(name, loose(file.path)) for file, name in names.items()])
    refuse_used(out, [loose(file.path).parent for file in files])

    with durable.tree(out) as folder:

        def one(file: PictureFile) -> None:
            picture = images.read_as(surveyed.sides.target, file.path)
            if size is not None:
                picture = images.resize(picture, *size, resample)
            pair = making.pair(picture, str(file.path), seed, "prepare", file.name)
            for side, made in zip("AB", pair, strict=True):
                save(folder / side / names[file], made)

        left_out = each_sound(files, one, track, "preparing", skip_bad=config.skip_bad)
    return Outcome(len(files) - len(left_out), tuple(left_out), surveyed.notes)


def _names(surveyed: Survey, data: Path) -> dict[PictureFile, str]:
    """For each picture, its path below A and B without ending; a list may name pictures that lie anywhere."""
    parts = {"train": surveyed.train, "val": surveyed.val, "test": surveyed.test}
    placed = [(file, part) for part, examples in parts.items() for file in examples.targets]
    names = [file.name for file, _ in placed]
    if data.is_file():
        below = relative_to_all([loose(file.path) for file, _ in placed])
        parted = len(surveyed.val) + len(surveyed.test) > 0
        names = [under(part if parted else None, name) for name, (_, part) in zip(below, placed, strict=True)]
    return {file: Path(name).with_suffix("").as_posix() for name, (file, _) in zip(names, placed, strict=True)}
