"""Two pictures as one side-by-side file, A left and B right, and such files as two again."""

from pathlib import Path
from typing import Literal

import numpy as np

from pixlate import durable, images
from pixlate.data.arranging.sources import LISTED, Named, find_pairs
from pixlate.data.arranging.writing import Outcome, Track, each, each_sound, refuse_quality, refuse_used, save, silent
from pixlate.data.finding import Found
from pixlate.errors import DataError, PictureError
from pixlate.images import Picture

CombineFit = Literal["resize", "nearest", "crop"]


def combine(
    data: Path,
    data_b: Path | None,
    out: Path,
    *,
    fit: CombineFit | None = None,
    jpeg: int | None = None,
    skip_bad: bool = False,
    track: Track = silent,
) -> Outcome:
    """Make a folder `out` of side-by-side files from two folders, one with A and B inside, or a list; parts are kept.

    Where the sizes of a pair differ, `fit` resizes B to A (bicubic, or to the nearest pixel, as label maps want), or
    crops both to what they share about their middle.

    Raises:
        DataError: `out` is in use, no pairs, or a defect (of size too, without `fit`) unless `skip_bad`.
        PictureError: a picture that cannot be read, unless `skip_bad`.
    """
    refuse_quality(jpeg)
    refuse_used(out, [data] if data_b is None else [data, data_b])
    found, pairs = find_pairs(data, data_b, skip_bad=skip_bad)
    if any(named.pair.source.half != "whole" for named in pairs):
        raise DataError(
            f"{data} is taken for side-by-side files already. Give two folders, or one with A and B inside."
        )
    left_out = [f"{defect.path}: {defect.why}" for defect in found.defects]
    pairs, mismatched, bad = _by_size(pairs, track, skip_bad=skip_bad)
    left_out += bad
    notes = list(found.notes)
    if mismatched and fit is None:
        if not skip_bad:
            listed = "\n".join(f"  {why}" for _, why in mismatched[:LISTED])
            told = f"{data}: {len(mismatched)} pairs differ in size. Say how to join them with --fit resize (B becomes"
            more = " as large as A), --fit nearest (the same, for label maps) or --fit crop; or leave them out with"
            raise DataError(f"{told}{more} --skip-bad:\n{listed}")
        left_out += [why for _, why in mismatched]
    elif mismatched:
        notes.append(f"{len(mismatched)} pairs differed in size: {_TOLD[fit or 'crop']}.")
        pairs += [named for named, _ in mismatched]
    if not pairs:
        raise DataError(f"{data}: no pair is left. The first: {left_out[0]}")

    def join(named: Named) -> None:
        a, b = (images.read(file.path, file.half) for file in (named.pair.source, named.pair.target))
        save(folder / named.name, joined(a, b, named, fit), jpeg)

    with durable.tree(out) as folder:
        bad = each_sound(pairs, join, track, "combining", skip_bad=skip_bad)
    return Outcome(len(pairs) - len(bad), (*left_out, *bad), tuple(notes))


_TOLD = {
    "resize": "B was resized to A",
    "nearest": "B was resized to A, to the nearest pixel",
    "crop": "both were cropped about their middle",
}


def _by_size(
    pairs: list[Named], track: Track, *, skip_bad: bool
) -> tuple[list[Named], list[tuple[Named, str]], list[str]]:
    """Pairs whose sizes agree; those whose sizes do not, and how; and why others cannot be read at all."""

    def look(named: Named) -> tuple[Named, str] | str | None:
        files = named.pair.source, named.pair.target
        try:
            a, b = (images.read_header(file.path) for file in files)
        except PictureError as error:
            if not skip_bad:
                raise
            return str(error)
        if (a.height, a.width) == (b.height, b.width):
            return None
        sizes = [f"{file.path} has {size.height}×{size.width} px" for file, size in zip(files, (a, b), strict=True)]
        return named, ", ".join(sizes)

    looked = each(pairs, look, track, "looking at sizes")
    agreeing = [named for named, outcome in zip(pairs, looked, strict=True) if outcome is None]
    mismatched = [outcome for outcome in looked if isinstance(outcome, tuple)]
    return agreeing, mismatched, [outcome for outcome in looked if isinstance(outcome, str)]


def joined(a: Picture, b: Picture, named: Named, fit: CombineFit | None) -> Picture:
    """A and B (H, W, C) side by side (H, 2 W, C); grey beside colour is replicated.

    Raises:
        PictureError: their kinds differ so that one file could not hold both unharmed.
    """
    if a.dtype != b.dtype:
        kinds = f"{named.pair.source.path} has pixels of {a.dtype}, {named.pair.target.path} of {b.dtype}"
        raise PictureError(f"{kinds}: one file cannot hold both unharmed. Learn from the two folders as they are.")
    if a.shape[:2] != b.shape[:2]:
        a, b = _fitted(a, b, fit)
    channels = max(a.shape[-1], b.shape[-1])
    return np.concatenate([images.with_channels(a, channels), images.with_channels(b, channels)], axis=1)


def _fitted(a: Picture, b: Picture, fit: CombineFit | None) -> tuple[Picture, Picture]:
    if fit in ("resize", "nearest"):
        return a, images.resize(b, a.shape[0], a.shape[1], "bicubic" if fit == "resize" else "nearest")
    height, width = (min(sides) for sides in zip(a.shape[:2], b.shape[:2], strict=True))
    return _middle(a, height, width), _middle(b, height, width)


def _middle(picture: Picture, height: int, width: int) -> Picture:
    top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
    return picture[top : top + height, left : left + width]


def separate(
    data: Path, out: Path, *, jpeg: int | None = None, skip_bad: bool = False, track: Track = silent
) -> Outcome:
    """Make folders `out`/A and `out`/B of the left and the right halves of side-by-side files; parts are kept.

    Raises:
        DataError: `out` is in use, no side-by-side files, or a defect unless `skip_bad`.
        PictureError: a picture that cannot be read or halved, unless `skip_bad`.
    """
    refuse_quality(jpeg)
    refuse_used(out, [data])
    found, pairs = find_pairs(data, None, skip_bad=skip_bad)
    if any(named.pair.source.half == "whole" for named in pairs):
        raise DataError(f"{data} holds no side-by-side files: its A and B are apart already ({found.layout}).")

    def part(named: Named) -> bool:
        picture = images.read(named.pair.source.path)
        height, width = picture.shape[:2]
        images.refuse_odd_width(width, named.pair.source.path)
        save(folder / "A" / named.name, picture[:, : width // 2], jpeg)
        save(folder / "B" / named.name, picture[:, width // 2 :], jpeg)
        if width < 1.5 * height:
            narrow.append(named)
        return True

    narrow: list[Named] = []
    with durable.tree(out) as folder:
        bad = each_sound(pairs, part, track, "separating", skip_bad=skip_bad)
    return Outcome(len(pairs) - len(bad), (*_told(found), *bad), (*found.notes, *_told_narrow(narrow, len(pairs))))


def _told(found: Found) -> list[str]:
    return [f"{defect.path}: {defect.why}" for defect in found.defects]


def _told_narrow(narrow: list[Named], count: int) -> list[str]:
    if not narrow:
        return []
    first = min(str(named.pair.source.path) for named in narrow)
    return [f"{len(narrow)} of {count} are hardly wider than high, such as {first}: are they two pictures each?"]
