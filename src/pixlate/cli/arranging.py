"""Commands that arrange files: split, combine, separate, align, tiles and untile."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from cyclopts import Parameter

from pixlate.errors import ConfigError

T = TypeVar("T")
Out = Annotated[Path, Parameter(name=["--out", "-o"])]
Switch = Annotated[bool, Parameter(negative=())]


def split(  # noqa: PLR0913 - one argument a flag
    data: Path,
    data_b: Path | None = None,
    /,
    *,
    out: Out,
    val: float = 0.1,
    test: float = 0.1,
    by: str | None = None,
    by_column: str | None = None,
    seed: int = 0,
    unpaired: Switch = False,
    copy: Switch = False,
    link: Switch = False,
    skip_bad: Switch = False,
) -> None:
    """Split a set into train, val and test: a list for `pixlate train`, or folders.

    Which part a picture goes to is drawn for its name, so adding pictures hardly moves the others.

    Parameters
    ----------
    data
        Folder of side-by-side pictures, of the A pictures, or with A and B inside; or a list.
    data_b
        Folder of the B pictures.
    out
        List to write, such as set.csv; with --copy or --link, a new folder.
    val
        Share of the pairs, or of each side's pictures, for validation.
    test
        Share for testing.
    by
        Keep together what has the same text in the one group of this regular expression, such as '^(cam[0-9]+)_', or,
        if the word is folder, what lies in one folder.
    by_column
        Keep together what a list says the same of in this column.
    seed
        Root of the drawing.
    unpaired
        The two sides are no pairs.
    copy
        Write folders of copies instead of a list.
    link
        Write folders of symbolic links.
    skip_bad
        Leave out what has no partner or is missing, and list it, instead of stopping.
    """
    from pixlate.data.arranging import splitting  # noqa: PLC0415

    if copy and link:
        raise ConfigError("--copy and --link: give one of them.")
    write_as: splitting.SplitAs = "copy" if copy else "link" if link else "list"
    outcome = splitting.split(
        data,
        data_b,
        out,
        val=val,
        test=test,
        by=by,
        by_column=by_column,
        seed=seed,
        unpaired=unpaired,
        write_as=write_as,
        skip_bad=skip_bad,
        track=shown,
    )
    tell(outcome.notes, outcome.left_out, f"{out} is written")


def combine(
    data: Path,
    data_b: Path | None = None,
    /,
    *,
    out: Out,
    fit: Literal["resize", "nearest", "crop"] | None = None,
    jpeg: int | None = None,
    skip_bad: Switch = False,
) -> None:
    """Make side-by-side files (A left, B right) of the pairs of two folders or a list; train, val and test are kept.

    Parameters
    ----------
    data
        Folder of the A pictures, or with A and B inside; or a list.
    data_b
        Folder of the B pictures, matched by name; endings may differ.
    out
        New folder to write to.
    fit
        Where sizes differ: resize makes B as large as A (bicubic), nearest likewise without new colours (label maps),
        crop cuts both to what they share about their middle. Default: stop and list them.
    jpeg
        Write JPEG files of this quality, 1 to 95. Default: PNG, or TIFF for what PNG cannot hold.
    skip_bad
        Leave out what has no partner, cannot be read or differs in size, and list it, instead of stopping.
    """
    from pixlate.data.arranging import combining  # noqa: PLC0415

    outcome = combining.combine(data, data_b, out, fit=fit, jpeg=jpeg, skip_bad=skip_bad, track=shown)
    tell(outcome.notes, outcome.left_out, f"{outcome.written} side-by-side pictures in {out}")


def separate(data: Path, /, *, out: Out, jpeg: int | None = None, skip_bad: Switch = False) -> None:
    """Make two folders, A and B, of the halves of side-by-side files; train, val and test are kept.

    Parameters
    ----------
    data
        Folder of side-by-side pictures.
    out
        New folder to write A and B to.
    jpeg
        Write JPEG files of this quality, 1 to 95. Default: PNG, or TIFF for what PNG cannot hold.
    skip_bad
        Leave out what cannot be read or halved, and list it, instead of stopping.
    """
    from pixlate.data.arranging import combining  # noqa: PLC0415

    outcome = combining.separate(data, out, jpeg=jpeg, skip_bad=skip_bad, track=shown)
    tell(outcome.notes, outcome.left_out, f"{outcome.written} pairs in {out / 'A'} and {out / 'B'}")


def align(
    data: Path,
    data_b: Path,
    /,
    *,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    key: str | None = None,
    seconds: float | None = None,
    register: Switch = False,
    skip_bad: Switch = False,
) -> None:
    """Pair the pictures of two folders whose names nearly match, and tell how, what is left over and what is wrong.

    Names are matched as they are; then but for ending, case, leading zeros, separators, and words that nine in ten
    names of one folder have and none of the other; then by capture time. Between two that fit alike nothing is guessed.

    Parameters
    ----------
    data
        Folder of the A pictures.
    data_b
        Folder of the B pictures.
    out
        List of the pairs to write, such as pairs.csv. Default: tell only.
    key
        Match first what has the same text in the one group of this regular expression, such as 'frame([0-9]+)'.
    seconds
        Match by capture time (EXIF) what was taken at most so far apart. Default: not by time.
    register
        Look for shifts between the pictures of each pair, and list those of 3 pixels or more.
    skip_bad
        Leave unreadable pictures out, and list them, instead of stopping.
    """
    from pixlate.data.arranging import aligning  # noqa: PLC0415

    result = aligning.align(
        data, data_b, out, key=key, seconds=seconds, register=register, skip_bad=skip_bad, track=shown
    )
    print(result.report())
    if out is not None:
        print(f"{out} is written")


def tiles(
    inputs: Annotated[tuple[Path, ...], Parameter(negative=())],
    /,
    *,
    out: Out,
    size: int,
    b: Path | None = None,
    overlap: int = 0,
    empty: float | None = None,
    jpeg: int | None = None,
    skip_bad: Switch = False,
) -> None:
    """Cut large pictures into tiles, NAME.y00512.x01024.png; of pairs both alike, into OUT/A and OUT/B.

    The last tile of a row or column is moved inward, so nothing is padded.

    Parameters
    ----------
    inputs
        Pictures and folders; or one folder with A and B inside, or a list.
    out
        New folder to write to.
    size
        Side of a tile in pixels.
    b
        The B picture, or the folder of them; then the one picture or folder given is A's.
    overlap
        Pixels that neighbours share.
    empty
        Leave out tiles of which this share or more, such as 0.95, is of one colour, and their partners.
    jpeg
        Write JPEG files of this quality, 1 to 95. Default: PNG, or TIFF for what PNG cannot hold.
    skip_bad
        Leave out what has no partner or cannot be read, and list it, instead of stopping.
    """
    from pixlate.data.arranging import tiling  # noqa: PLC0415

    outcome = tiling.tile(
        inputs,
        out,
        size,
        data_b=b,
        overlap=overlap,
        empty=empty,
        jpeg=jpeg,
        skip_bad=skip_bad,
        track=shown,
    )
    tell(outcome.notes, outcome.left_out, f"{outcome.written} tiles (or pairs of them) in {out}")


def untile(folder: Path, /, *, out: Out) -> None:
    """Put tiles together again, by the places in their names; overlaps are blended linearly.

    Parameters
    ----------
    folder
        Folder of tiles, as `pixlate data tiles` names them.
    out
        New folder to write the pictures to.
    """
    from pixlate.data.arranging import tiling  # noqa: PLC0415

    outcome = tiling.untile(folder, out, track=shown)
    tell(outcome.notes, outcome.left_out, f"{outcome.written} pictures in {out}")


def tell(notes: Iterable[str], left_out: Iterable[str], done: str) -> None:
    """Say what a command noted, what it left out, and what is done."""
    for line in (*notes, *(f"left out: {why}" for why in left_out), done):
        print(line)


def shown(items: Iterable[T], what: str, total: int, /) -> Iterable[T]:
    """The items, with a bar on a terminal."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as bar:
        yield from bar.track(items, total=total, description=what)
