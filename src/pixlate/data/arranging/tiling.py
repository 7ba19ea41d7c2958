"""Large pictures as tiles for training, named for their places, and tiles as large pictures again."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pixlate import durable, images
from pixlate.data.arranging.sources import find_pairs, refuse_clashes
from pixlate.data.arranging.writing import Outcome, Track, each_sound, refuse_quality, refuse_used, save, silent
from pixlate.data.finding import PictureFile, loose
from pixlate.errors import ConfigError, DataError, PictureError
from pixlate.images import Picture

_PLACE = re.compile(r"(.+)\.y([0-9]+)\.x([0-9]+)")
_LISTS = (".csv", ".jsonl", ".ndjson")


@dataclass(frozen=True)
class _Work:
    """One picture, or the two of a pair with the folders their tiles go to; `name` is what their tiles begin with."""

    name: str
    files: tuple[tuple[str, PictureFile], ...]


def starts(length: int, size: int, overlap: int) -> list[int]:
    """Where tiles begin along a side: the last is moved inward to end where the picture does; one, if it is smaller."""
    if length <= size:
        return [0]
    return [*range(0, length - size, size - overlap), length - size]


def tile(  # noqa: PLR0913 - one argument a flag
    inputs: Sequence[Path],
    out: Path,
    size: int,
    *,
    data_b: Path | None = None,
    overlap: int = 0,
    empty: float | None = None,
    jpeg: int | None = None,
    skip_bad: bool = False,
    track: Track = silent,
) -> Outcome:
    """Cut pictures into tiles of `size` pixels a side, NAME.y00512.x01024.png in the folder `out`.

    Neighbours share `overlap` pixels, the last of a row or column more. A picture smaller than a tile is one tile as it
    is. Of pairs (`data_b` beside one picture or folder, a folder with A and B inside, or a list) both are cut at the
    same places, into `out`/A and `out`/B. With `empty` a tile is left out of which this share or more is of one colour
    (its median, give or take 1/32 of the range); with it the other of a pair.

    Raises:
        ConfigError: a size, overlap or share that cannot be.
        DataError: `out` is in use, no pictures, names that clash, or a defect unless `skip_bad`.
        PictureError: a picture that cannot be read, or whose pair differs in size, unless `skip_bad`.
    """
    refuse_quality(jpeg)
    if size < 4 or not 0 <= overlap < size:
        raise ConfigError(f"--size {size} --overlap {overlap}: a size of 4 or more and an overlap below it are wanted.")
    if empty is not None and not 0.5 < empty <= 1:
        raise ConfigError(f"--empty is {empty:g}; a share above 0.5, and at most 1, is wanted.")
    refuse_used(out, [*inputs, *([] if data_b is None else [data_b])])
    works, left_out, notes = _works(inputs, data_b, skip_bad=skip_bad)
    counts: list[tuple[int, int]] = []
    small: list[str] = []
    halves: list[bool] = []

    def cut(work: _Work) -> None:
        pictures = [images.read(file.path, file.half) for _, file in work.files]
        if len({picture.shape[:2] for picture in pictures}) > 1:
            raise PictureError(f"{' and '.join(str(file.path) for _, file in work.files)} differ in size.")
        places = _places(pictures[0], size, overlap)
        kept = [place for place in places if not _of_one_colour(pictures, place, size, empty)]
        for y, x in kept:
            for (side, _), picture in zip(work.files, pictures, strict=True):
                piece = picture[y : y + size, x : x + size]
                save(folder / side / f"{work.name}.y{y:05d}.x{x:05d}", piece, jpeg)
        counts.append((len(kept), len(places)))
        small.extend([str(work.files[0][1].path)] if min(pictures[0].shape[:2]) < size else [])
        halves.append(len(work.files) == 1 and pictures[0].shape[1] == 2 * pictures[0].shape[0])

    with durable.tree(out) as folder:
        left_out += each_sound(works, cut, track, "cutting", skip_bad=skip_bad)
        kept, places = (sum(numbers) for numbers in zip(*counts, strict=True))
        if not kept:
            raise DataError(f"All {places} tiles are of one colour. Give a higher share with --empty, or none.")
    notes += [f"{places - kept} of {places} tiles were of one colour, and were left out."] if kept < places else []
    if all(halves):
        notes.append("All pictures are twice as wide as high. Side-by-side pairs are first taken apart: data separate.")
    if small:
        notes.append(f"{len(small)} pictures are smaller than a tile and kept as they are, such as {min(small)}.")
    return Outcome(kept, tuple(left_out), tuple(notes))


def _places(picture: Picture, size: int, overlap: int) -> list[tuple[int, int]]:
    height, width = picture.shape[:2]
    return [(y, x) for y in starts(height, size, overlap) for x in starts(width, size, overlap)]


def _works(inputs: Sequence[Path], data_b: Path | None, *, skip_bad: bool) -> tuple[list[_Work], list[str], list[str]]:
    """The pictures to cut, why others are left out, and what else to tell."""
    if data_b is not None and len(inputs) > 1:
        raise ConfigError("Pictures of B go with one folder of A; name no more.")
    if data_b is not None and inputs[0].is_file() and data_b.is_file():
        stem = inputs[0].stem
        return [_Work(stem, (("A", PictureFile(stem, inputs[0])), ("B", PictureFile(stem, data_b))))], [], []
    if data_b is not None or (len(inputs) == 1 and _holds_pairs(inputs[0])):
        found, pairs = find_pairs(inputs[0], data_b, skip_bad=skip_bad)
        defects = [f"{defect.path}: {defect.why}" for defect in found.defects]
        works = [_Work(named.name, (("A", named.pair.source), ("B", named.pair.target))) for named in pairs]
        return works, defects, found.notes
    works, notes = [], []
    for given in inputs:
        if given.is_file():
            works.append(_Work(given.stem, (("", PictureFile(given.stem, given)),)))
            continue
        if not given.is_dir():
            raise DataError(f"There is no file or folder {given}.")
        pictures, others = images.pictures_in(given)
        notes += images.passed_over(given, others)
        for path in pictures:
            name = path.relative_to(given).with_suffix("").as_posix()
            works.append(_Work(name, (("", PictureFile(name, path)),)))
    if not works:
        raise DataError(" ".join([f"There are no pictures in {', '.join(map(str, inputs))}.", *notes]))
    refuse_clashes([(work.name, loose(work.files[0][1].path)) for work in works])
    return works, [], notes


def _holds_pairs(given: Path) -> bool:
    if not given.is_dir():
        return given.suffix.lower() in _LISTS
    inside = {child.name.lower() for child in given.iterdir() if child.is_dir()}
    return {"a", "b"} <= inside or {"traina", "trainb"} <= inside


def _of_one_colour(pictures: Sequence[Picture], place: tuple[int, int], size: int, empty: float | None) -> bool:
    """Whether in one of the tiles at a place a share of `empty` or more is near the tile's median colour."""
    if empty is None:
        return False
    for picture in pictures:
        span = np.iinfo(picture.dtype).max if np.issubdtype(picture.dtype, np.integer) else np.ptp(picture)
        y, x = place
        piece = picture[y : y + size, x : x + size].astype(np.float64)
        near = np.abs(piece - np.median(piece, axis=(0, 1))) <= float(span) / 32
        if near.all(axis=-1).mean() >= empty:
            return True
    return False


def untile(folder: Path, out: Path, *, track: Track = silent) -> Outcome:
    """Put the tiles of a folder together again, whatever has become of their pixels; overlaps are blended linearly.

    Raises:
        DataError: `out` is in use, no tiles, or some are missing.
        PictureError: a tile that cannot be read, or of another size or kind than the others of its picture.
    """
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}.")
    refuse_used(out, [folder])
    pictures, others = images.pictures_in(folder)
    tiles: dict[str, dict[tuple[int, int], Path]] = {}
    for path in pictures:
        if match := _PLACE.fullmatch(path.stem):
            name = (path.parent.relative_to(folder) / match[1]).as_posix()
            place = int(match[2]), int(match[3])
            other = tiles.setdefault(name, {}).setdefault(place, path)
            if other is not path:
                raise DataError(f"{other} and {path} are both the tile of one place. Take one away.")
    if not tiles:
        raise DataError(f"There are no tiles (NAME.y00512.x01024.png) in {folder}.")
    without = len(pictures) - sum(map(len, tiles.values()))
    notes = [*images.passed_over(folder, others)]
    notes += [f"{without} pictures whose names tell no place are left alone."] if without else []
    refuse_clashes([(name, next(iter(places.values()))) for name, places in tiles.items()])
    for name, places in tiles.items():
        _refuse_holes(name, places)

    def put_together(name: str) -> None:
        save(staged / name, _together(tiles[name]))

    with durable.tree(out) as staged:
        each_sound(list(tiles), put_together, track, "putting together", skip_bad=False)
    return Outcome(len(tiles), notes=tuple(notes))


def _refuse_holes(name: str, places: dict[tuple[int, int], Path]) -> None:
    ys, xs = _axes(places)
    missing = [(y, x) for y in ys for x in xs if (y, x) not in places]
    header = images.read_header(next(iter(places.values())))
    for along, extent, letter in ((ys, header.height, "y"), (xs, header.width, "x")):
        if along[0] or any(after - before > extent for before, after in pairwise(along)):
            raise DataError(f"{name}: its tiles begin at {letter} {', '.join(map(str, along))}, which leaves a gap.")
    if missing:
        y, x = missing[0]
        why = "Pictures that are to be put together again are cut without --empty."
        raise DataError(f"{name}: {len(missing)} tiles are missing, the first at y {y}, x {x}. {why}")


def _axes(places: Iterable[tuple[int, int]]) -> tuple[list[int], list[int]]:
    ys, xs = zip(*places, strict=True)
    return sorted(set(ys)), sorted(set(xs))


def _together(places: dict[tuple[int, int], Path]) -> Picture:
    ys, xs = _axes(places)
    first = images.read(places[0, 0])

    def row(y: int) -> list[Picture]:
        pieces = [images.read(places[y, x]) for x in xs]
        for x, piece in zip(xs, pieces, strict=True):
            if (piece.shape, piece.dtype) != (first.shape, first.dtype):
                told = (
                    f"{places[y, x]} is {piece.shape} of {piece.dtype}, {places[0, 0]} {first.shape} of {first.dtype}"
                )
                raise PictureError(f"{told}: tiles of one picture are alike.")
        return pieces

    return assemble((row(y) for y in ys), ys, xs)


def assemble(rows: Iterable[list[Picture]], ys: Sequence[int], xs: Sequence[int]) -> Picture:
    """The picture whose tiles (H, W, C), all of one shape, begin at `ys` and `xs`; `rows` hold them from top to bottom.

    Where tiles overlap they are blended linearly, from one's edge to the other's; elsewhere they are as they were.
    """
    picture: Picture | None = None
    open_rows: NDArray[np.float64] | None = None  # those that the next row of tiles lies on, and adds to
    for index, pieces in enumerate(rows):
        height, width, channels = pieces[0].shape
        if picture is None:
            picture = np.empty((ys[-1] + height, xs[-1] + width, channels), pieces[0].dtype)
        strip = np.zeros((height, picture.shape[1], channels))
        for x, piece, weight in zip(xs, pieces, _weights(xs, width), strict=True):
            strip[:, x : x + width] += piece * weight[:, None]
        strip *= _weights(ys, height)[index][:, None, None]
        if open_rows is not None:
            strip[: len(open_rows)] += open_rows
        done = ys[index + 1] - ys[index] if index + 1 < len(ys) else height
        finished = strip[:done] if picture.dtype.kind == "f" else np.rint(strip[:done])
        picture[ys[index] : ys[index] + done] = finished
        open_rows = strip[done:]
    assert picture is not None, "there is a row"  # noqa: S101
    return picture


def _weights(begins: Sequence[int], size: int) -> list[NDArray[np.float64]]:
    """How much each tile along a side counts at each of its pixels; at every pixel of the picture they add up to 1."""
    inside = np.arange(size)
    ramps = []
    for index, begin in enumerate(begins):
        before = begins[index - 1] + size - begin if index else 0
        after = begin + size - begins[index + 1] if index + 1 < len(begins) else 0
        ramps.append(np.minimum(np.minimum(1, (inside + 1) / (before + 1)), (size - inside) / (after + 1)))
    total = np.zeros(begins[-1] + size)
    for begin, ramp in zip(begins, ramps, strict=True):
        total[begin : begin + size] += ramp
    return [ramp / total[begin : begin + size] for begin, ramp in zip(begins, ramps, strict=True)]
