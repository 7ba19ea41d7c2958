"""What is to be arranged: pairs under names that are safe to write to, and their defects told first."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pixlate.data.finding import Found, Pair, find, loose, part_of
from pixlate.data.survey import list_defects
from pixlate.errors import ConfigError, DataError
from pixlate.specs.data import DataConfig

LISTED = 10
"""Lines of one kind at most in what is told."""


@dataclass(frozen=True)
class Named:
    """A pair, and the path below an output folder, without ending, that is its own."""

    name: str
    pair: Pair


def find_pairs(data: Path, data_b: Path | None, *, skip_bad: bool) -> tuple[Found, list[Named]]:
    """All pairs of a folder, two folders or a list, part by part; A is the source.

    Raises:
        DataError: there are none, or any defect unless `skip_bad`.
    """
    found = find(DataConfig(str(data), None if data_b is None else str(data_b)))
    refuse_defects(found, data, skip_bad=skip_bad)
    pairs = [(part, pair) for part, several in found.parts.items() for pair in several]
    if not pairs:
        raise DataError(" ".join([f"{data}: no pairs found ({found.layout}).", *found.notes]))
    names = [pair.name for _, pair in pairs]
    if data.is_file():
        names = relative_to_all([loose(pair.source.path) for _, pair in pairs])
    named = [
        Named(under(part, Path(name).with_suffix("").as_posix() if data.is_file() else name), pair)
        for name, (part, pair) in zip(names, pairs, strict=True)
    ]
    refuse_clashes([(each.name, loose(each.pair.source.path)) for each in named])
    return found, named


def under(part: str | None, name: str) -> str:
    """The name below the folder of its part, unless it says the part itself."""
    return name if part is None or part_of(Path(name)) == part else f"{part}/{name}"


def relative_to_all(paths: Sequence[Path]) -> list[str]:
    """The paths, with forward slashes, below the innermost folder that all of them lie in."""
    real = [path.parent.resolve() / path.name for path in paths]
    try:
        top = os.path.commonpath([path.parent for path in real]) if real else ""
    except ValueError as error:
        raise DataError(f"The pictures lie on several drives ({error}).") from error
    return [path.relative_to(top).as_posix() for path in real]


def refuse_defects(found: Found, data: Path, *, skip_bad: bool, hint: str = "") -> None:
    """Make sure that nothing is wrong with what was found, or may be left out; `hint` is for those without pairs.

    Raises:
        DataError: something is.
    """
    if found.defects and not skip_bad:
        counts = Counter(defect.kind for defect in found.defects)
        summary = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        listed = "\n".join(list_defects(found.defects, LISTED))
        told = f"{data}: {summary}. Mend them, or leave them out with --skip-bad:\n{listed}"
        if "unmatched" in counts:
            told += f"\nNames that nearly match are paired by: pixlate data align A B\n{hint}".rstrip()
        raise DataError(told)


def one_group(flag: str, text: str, example: str) -> Callable[[str], str | None]:
    """What the one group of the regular expression `text` finds in a name; None where it finds nothing.

    Raises:
        ConfigError: it is no regular expression, or has not one group; `flag` opens the complaint.
    """
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise ConfigError(f"{flag} {text!r} is no regular expression ({error}).") from error
    if pattern.groups != 1:
        raise ConfigError(f"{flag} {text!r} has {pattern.groups} groups; one is wanted, as in {example!r}.")

    def group(name: str) -> str | None:
        match = pattern.search(name)
        return match[1] if match else None

    return group


def refuse_clashes(named: Iterable[tuple[str, Path]]) -> None:
    """Make sure that no two pictures would be written to one file; compared without case, as some systems do.

    Raises:
        DataError: two would.
    """
    taken: dict[str, Path] = {}
    for name, path in named:
        other = taken.setdefault(name.casefold(), path)
        if other is not path:
            raise DataError(f"{other} and {path} would both become {name}. Rename one.")
