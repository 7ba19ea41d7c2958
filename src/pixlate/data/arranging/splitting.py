"""A set split into train, val and test: chosen by name, groups kept together. Opens no picture."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pixlate import draws, durable
from pixlate.data.arranging.sources import one_group, refuse_clashes, refuse_defects, relative_to_all
from pixlate.data.arranging.writing import Outcome, Track, refuse_list, refuse_used, silent, write_list
from pixlate.data.finding import Found, find, loose
from pixlate.data.lists import Part, cells, in_list, rows_of
from pixlate.data.unpaired import find_unpaired
from pixlate.errors import ConfigError, DataError
from pixlate.specs.data import DataConfig

SplitAs = Literal["list", "copy", "link"]
_SHOWN = 5


@dataclass(frozen=True)
class Example:
    """What must not be torn apart: a pair, or a lone picture."""

    name: str
    side: str
    """A or B where nothing is paired, else empty."""
    files: tuple[tuple[str, Path], ...]
    """Each with its column of the list: `ab`, a side-by-side file, or `a`, or `b`, or both."""


def split(  # noqa: PLR0913 - one argument a flag
    data: Path,
    data_b: Path | None,
    out: Path,
    *,
    val: float = 0.1,
    test: float = 0.1,
    by: str | None = None,
    by_column: str | None = None,
    seed: int = 0,
    unpaired: bool = False,
    write_as: SplitAs = "list",
    skip_bad: bool = False,
    track: Track = silent,
) -> Outcome:
    """Put every pair, or every picture of two unpaired sides, into train, val or test, as (seed, name) have it.

    `out` becomes a list, or a folder of copies or of symbolic links. `by` keeps examples together whose names have the
    same text in the one group of this regular expression, or lie in the same folder (`by="folder"`); `by_column`, those
    of which a list says the same there.

    Raises:
        ConfigError: impossible shares, or a `by` that is no expression with one group.
        DataError: `out` is in use; no pairs; parts already; a name without a group; too few groups; defects unless
            `skip_bad`.
    """
    if min(val, test) < 0 or val + test >= 1:
        raise ConfigError(
            f"--val {val:g} and --test {test:g}: shares of 0 or more are wanted that leave some to train on."
        )
    sources = [data] if data_b is None else [data, data_b]
    refuse_list(out) if write_as == "list" else refuse_used(out, sources)
    config = DataConfig(str(data), None if data_b is None else str(data_b))
    found = find_unpaired(config) if unpaired else find(config)
    refuse_defects(found, data, skip_bad=skip_bad, hint="Two sides that are no pairs are split with --unpaired.")
    if parts := sorted(part for part in found.parts | found.sides if part is not None):
        told = f"{data} is split already: it has {', '.join(parts)}"
        raise DataError(f"{told}. Name one of its parts, or leave the column split out of a list.")
    examples = _examples(found)
    if not examples:
        raise DataError(" ".join([f"{data}: nothing to split ({found.layout}).", *found.notes]))
    groups = _groups(examples, by, by_column, data)
    shares: dict[Part, float] = {"val": val, "test": test}
    chosen: dict[str, Part] = {}
    for side in sorted({example.side for example in examples}):
        sizes = Counter(groups[example] for example in examples if example.side == side)
        chosen |= divide(sizes, shares, seed, *filter(None, [side]), settled=chosen if by or by_column else {})
    parts_of = {example: chosen[groups[example]] for example in examples}
    if write_as == "list":
        _write_list(out, parts_of, groups if by or by_column else None)
    else:
        _write_folders(out, parts_of, write_as, track)
    left_out = tuple(f"{defect.path}: {defect.why}" for defect in found.defects)
    return Outcome(len(examples), left_out, (*found.notes, *_told(parts_of, groups, grouped=bool(by or by_column))))


def divide(
    sizes: Mapping[str, int], shares: Mapping[Part, float], seed: int, *place: str, settled: Mapping[str, Part]
) -> dict[str, Part]:
    """Part by group, of groups of these `sizes`: each of `shares` met as nearly as one pass over the groups allows.

    The pass goes in an order drawn for the groups' names and takes what brings a part nearer its share; so one group
    more moves hardly any other. Groups that are `settled` stay where they are.

    Raises:
        DataError: too few groups to put one into each part.
    """
    order = sorted(sizes, key=lambda group: draws.seed(seed, "split", *place, group))
    total = sum(sizes.values())
    parts: dict[str, Part] = {group: settled[group] for group in order if group in settled}
    wanted_parts: list[Part] = [part for part, share in shares.items() if share]
    for done, part in enumerate(wanted_parts, start=1):
        wanted = shares[part] * total
        have = sum(sizes[group] for group in parts if parts[group] == part)
        free = [group for group in order if group not in parts]
        spare = len(wanted_parts) - done + 1  # a group for each part to come, and for train
        for group in free:
            if abs(have + sizes[group] - wanted) < abs(have - wanted) and len(sizes) - len(parts) > spare:
                parts[group] = part
                have += sizes[group]
        if not have and len(free) > spare:
            parts[min(free, key=lambda group: sizes[group])] = part
    divided: dict[str, Part] = {group: parts.get(group, "train") for group in sizes}
    if missing := [part for part in ("train", *wanted_parts) if part not in divided.values()]:
        what = f"{len(sizes)} group{'s' * (len(sizes) != 1)} of {total} pictures or pairs"
        raise DataError(
            f"{what}: too few to make {', '.join(('train', *wanted_parts))} of; nothing is left for {missing[0]}."
        )
    return divided


def _examples(found: Found) -> list[Example]:
    examples = []
    for pair in (pair for pairs in found.parts.values() for pair in pairs):
        a, b = loose(pair.source.path), loose(pair.target.path)
        files = (("a", a), ("b", b)) if pair.source.half == "whole" else (("ab", a),)
        examples.append(Example(pair.name, "", files))
    for sides in found.sides.values():
        for side, files_of_side in zip("AB", sides, strict=True):
            for file in files_of_side:
                if file.half == "whole":
                    examples.append(Example(file.name, side, ((side.lower(), loose(file.path)),)))
                elif side == "A":  # the halves of one file stay together
                    examples.append(Example(file.name, "", (("ab", loose(file.path)),)))
    return examples


def _groups(examples: list[Example], by: str | None, by_column: str | None, data: Path) -> dict[Example, str]:
    if by is not None and by_column is not None:
        raise ConfigError("--by and --by-column: give one of them.")
    if by_column is not None:
        values = _column(data, by_column)
        return {example: values[example.files[0][1]] for example in examples}
    if by is None:
        return {example: f"{example.side}/{example.name}" if example.side else example.name for example in examples}
    if by == "folder":
        return {example: Path(example.name).parent.as_posix() for example in examples}
    group = one_group("--by", by, "^(cam[0-9]+)_")
    matched = {example: group(example.name) for example in examples}
    without = [example.name for example, text in matched.items() if text is None]
    if without:
        shown = ", ".join(without[:_SHOWN]) + (", …" if len(without) > _SHOWN else "")
        raise DataError(f"--by {by!r} is not found in {len(without)} of {len(examples)} names: {shown}")
    return {example: text for example, text in matched.items() if text is not None}


def _column(data: Path, column: str) -> dict[Path, str]:
    """What a list says in a column, by A's and B's path."""
    if not data.is_file():
        raise ConfigError(f"--by-column is for a list; {data} is a folder. Its names are grouped with --by.")
    values: dict[Path, str] = {}
    for number, row in enumerate(rows_of(data), start=1):
        lowered = cells(row)
        if not (value := lowered.get(column.strip().lower(), "")):
            has = ", ".join(str(key) for key in row)
            raise DataError(f"{data}, row {number}: nothing in the column {column} (its columns: {has}).")
        values |= {data.parent / lowered[side]: value for side in "ab" if lowered.get(side)}
    return values


def _write_list(out: Path, parts: Mapping[Example, Part], groups: Mapping[Example, str] | None) -> None:
    rows = []
    for example, part in parts.items():
        row = {column: in_list(path, out.parent) for column, path in example.files} | {"split": part}
        rows.append(row if groups is None else row | {"group": groups[example]})
    present = {column for row in rows for column in row}
    write_list(out, rows, [column for column in ("ab", "a", "b", "split", "group") if column in present])


def _write_folders(out: Path, parts: Mapping[Example, Part], write_as: SplitAs, track: Track) -> None:
    """Side-by-side files into train/, val/ and test/; others into trainA/, trainB/, …, B under the name of its A."""
    placed: list[tuple[str, Path]] = []
    for side in sorted({example.side for example in parts}):
        examples = [example for example in parts if example.side == side]
        firsts = [example.files[0][1] for example in examples]
        for example, name in zip(examples, relative_to_all(firsts), strict=True):
            for column, path in example.files:
                folder = parts[example] + ("" if column == "ab" else column.upper())
                placed.append((f"{folder}/{Path(name).with_suffix(path.suffix).as_posix()}", path))
    refuse_clashes(placed)
    with durable.tree(out) as folder_out:
        for name, path in track(placed, "copying" if write_as == "copy" else "linking", len(placed)):
            target = folder_out / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if write_as == "link":
                target.symlink_to(path.resolve())
            else:
                target.write_bytes(_content(path))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}).") from error


def _told(parts: Mapping[Example, Part], groups: Mapping[Example, str], *, grouped: bool) -> list[str]:
    """One line a part and side: how many, what share that is, and of how many groups."""
    lines = []
    for side in sorted({example.side for example in parts}):
        all_of_side = [example for example in parts if example.side == side]
        for part in ("train", "val", "test"):
            inside = [example for example in all_of_side if parts[example] == part]
            what = f"pictures of {side}" if side else "pairs"
            line = f"{part}: {len(inside):,} {what} ({100 * len(inside) / len(all_of_side):.1f} %)"
            lines.append(line + (f" of {len({groups[example] for example in inside}):,} groups" if grouped else ""))
    return lines
