"""Which picture becomes which file: settled, and every clash refused, before any work. Imports no torch."""

import glob
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pixlate import images
from pixlate.data.making import LAB, Making
from pixlate.errors import ConfigError, DataError, PictureError
from pixlate.images import Half
from pixlate.recipes import table
from pixlate.specs.card import Card
from pixlate.specs.data import Direction
from pixlate.specs.pictures import Alpha, Kind


@dataclass(frozen=True)
class Job:
    """One picture to translate."""

    path: Path
    half: Half
    name: str
    """Path relative to the folder given, or the file's name: it places the output and chooses the noise."""
    output: Path
    beside: tuple[Path, ...] = ()
    """Files whose channels are stacked onto its own."""
    pixels: int = 0
    """As many as its header says."""


@dataclass(frozen=True)
class Jobs:
    """All the work of one command."""

    jobs: tuple[Job, ...]
    left_out: tuple[str, ...]
    """Why pictures were left out, one sentence each."""
    notes: tuple[str, ...]
    source: Kind
    """What the pictures are to be read as."""
    making: Making | None = None
    """What makes sources of them, if they are such pictures as the targets of training."""


@dataclass(frozen=True)
class Reading:
    """What the inputs are, where that is not as the card says."""

    direction: Direction | None = None
    """Side-by-side pairs, of which the left half (AtoB) or the right (BtoA) is the source."""
    alpha: Alpha | None = None
    """What becomes of transparency."""
    stack: tuple[Path, ...] = ()
    """Folders of pictures, matched by name, whose channels are stacked onto those of the inputs."""
    apply_recipe: bool = False
    """Such pictures as the targets of training: sources are made of them first, as training did."""
    to_grey: bool = False
    """Pictures in colour, which may become grey."""


def find_jobs(
    card: Card,
    inputs: Sequence[Path],
    out: Path,
    how: Reading | None = None,
    *,
    skip_bad: bool = False,
) -> Jobs:
    """The work of translating `inputs` (files and folders) into the folder `out`.

    Raises:
        DataError: a missing input, no pictures, two inputs for one output, an output over an input, or `out` a file.
        PictureError: a picture that cannot be read, has the wrong channels or lacks its stack, unless `skip_bad`.
    """
    if os.path.exists(out) and not os.path.isdir(out):  # noqa: PTH110, PTH112
        raise DataError(f"{out} is a file; -o wants a folder.")
    how = how or Reading()
    for folder in how.stack:
        if not folder.is_dir():
            raise DataError(f"There is no folder {folder} to stack pictures from.")
    half: Half = "whole" if how.direction is None else ("left" if how.direction == "AtoB" else "right")
    notes: list[str] = []
    jobs = [
        Job(path, half, relative.as_posix(), _output(out / relative, card))
        for given in inputs
        for path, relative in _pictures(given, notes)
    ]
    if not jobs:
        raise DataError(" ".join([f"There are no pictures in {', '.join(map(str, inputs))}.", *notes]))
    _refuse_clashes(jobs)
    made = making_of(card) if how.apply_recipe else None
    kind = card.kinds[0] if made is None else card.kinds[1]
    kind = kind if how.alpha is None else replace(kind, alpha=how.alpha)
    found = _inspect(jobs, kind, how, notes, skip_bad=skip_bad)
    found = replace(found, making=made)
    _refuse_overwriting(found.jobs)
    if not found.jobs:
        raise DataError(f"None of {len(jobs)} pictures can be translated: {found.left_out[0]}")
    return found


def _pictures(given: Path, notes: list[str]) -> Iterable[tuple[Path, Path]]:
    if os.path.isfile(given):  # noqa: PTH113 - false for any odd name
        return [(given, Path(given.name))]
    if not os.path.isdir(given):  # noqa: PTH112
        raise DataError(f"There is no file or folder {given}.")
    pictures, others = images.pictures_in(given)
    notes += images.passed_over(given, others)
    return [(path, path.relative_to(given)) for path in pictures]


def _refuse_clashes(jobs: list[Job]) -> None:
    taken: dict[str, Job] = {}
    for job in jobs:
        # Compared without case: on some file systems a.png and A.png are one file.
        other = taken.setdefault(str(job.output).lower(), job)
        if other is not job:
            clash = f"{other.path} and {job.path} would both become {job.output}"
            raise DataError(f"{clash}. Translate them into two folders.")


def _refuse_overwriting(jobs: Sequence[Job]) -> None:
    read = {path.resolve() for job in jobs for path in (job.path, *job.beside)}
    for job in jobs:
        if job.output.resolve() in read:
            raise DataError(f"{job.output} would overwrite an input. Give another folder with -o.")


def _inspect(jobs: list[Job], kind: Kind, how: Reading, notes: list[str], *, skip_bad: bool) -> Jobs:
    good: list[Job] = []
    left_out: list[str] = []
    replicated = 0
    for alone in jobs:
        try:
            job = replace(alone, beside=_beside(Path(alone.name), how.stack))
            channels, pixels = _looked_at(job, kind, to_grey=how.to_grey)
        except PictureError as error:
            if not skip_bad:
                raise
            left_out.append(str(error))
        else:
            replicated += channels < kind.channels
            good.append(replace(job, pixels=pixels))
    if replicated:
        notes.append(f"{replicated} of {len(good)} pictures are grey and are replicated to {kind.channels} channels.")
    return Jobs(tuple(good), tuple(left_out), tuple(notes), kind)


def _looked_at(job: Job, kind: Kind, *, to_grey: bool) -> tuple[int, int]:
    """How many channels and pixels the picture has, once it is known to suit."""
    header = images.read_header(job.path)
    if header.alpha and kind.alpha is None:
        images.read(job.path)  # raises where there is transparency; only the pixels tell
    if job.half != "whole":
        images.refuse_odd_width(header.width, job.path)
    others = [images.read_header(path) for path in job.beside]
    channels = header.channels_with(kind.alpha) + sum(other.channels_with(kind.alpha) for other in others)
    if others:
        if channels != kind.channels:
            raise PictureError(f"{job.path} and its stack have {channels} channels, the model takes {kind.channels}.")
        for path, one in zip((job.path, *job.beside), (header, *others), strict=True):
            if kind.full_scale and one.number != kind.number:
                raise PictureError(f"{path} holds {one.number}, the model takes {kind.number}.")
            if (one.height, one.width) != (header.height, header.width):
                raise PictureError(f"{path}, to be stacked onto {job.path}, differs from it in size.")
    else:
        images.refuse_unsuited(header, kind, str(job.path), to_grey=to_grey)
    return channels, header.height * header.width


def making_of(card: Card) -> Making:
    """How training made the model's sources.

    Raises:
        ConfigError: it did not, or by what is no longer there or has changed.
    """
    if card.recipe is None or card.recipe == LAB or card.direction != "AtoB":
        raise ConfigError("The model was trained on no sources made by a recipe; leave --apply-recipe out.")
    recipe = table.parse(card.recipe, card.recipe_sha256)
    if table.fingerprint(recipe) != card.recipe_sha256:
        raise ConfigError(f"{card.recipe} is not what the model was trained with; its files have changed since.")
    return Making(recipe, kind=card.kinds[0])


def _output(path: Path, card: Card) -> Path:
    """Where an output goes: of a TIFF into a TIFF, so that what it says of its place goes along."""
    ending = card.kinds[1].ending
    return path.with_suffix(".tif" if path.suffix.lower() in (".tif", ".tiff") and ending == ".png" else ending)


def _beside(relative: Path, stack: Sequence[Path]) -> tuple[Path, ...]:
    """The pictures of that name, whatever their ending, in each folder of the stack."""
    found = []
    for folder in stack:
        near = sorted((folder / relative).parent.glob(glob.escape(relative.stem) + ".*"))
        files = [path for path in near if path.stem == relative.stem and path.suffix.lower() in images.SUFFIXES]
        if len(files) != 1:
            name = relative.with_suffix("").as_posix()
            raise PictureError(f"{folder} has {len(files)} pictures named {name}; one is to be stacked.")
        found.append(files[0])
    return tuple(found)
