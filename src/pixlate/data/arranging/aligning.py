"""Two folders whose names nearly match, as a list of pairs: never a guess between two, and all told."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pixlate import images
from pixlate.data.arranging.matching import Matched, by_key, by_time, keyed, loose_keys, stem
from pixlate.data.arranging.registration import Shift, shift
from pixlate.data.arranging.sources import LISTED, one_group
from pixlate.data.arranging.writing import Track, each, refuse_list, silent, write_list
from pixlate.data.finding import part_of, two_folders
from pixlate.data.lists import in_list
from pixlate.errors import ConfigError, DataError, PictureError

How = Literal["key", "name", "name but for ending, case, zeros or affixes", "capture time"]
NOTABLE = 3.0
"""Pixels of shift from which on a pair is warned of; the field takes 2 or 3 for harmless."""
SURE = 1.5
"""Confidence from which on a shift is believed."""


@dataclass(frozen=True)
class Match:
    """A pair of files, and by what they were matched."""

    a: Path
    b: Path
    how: How


@dataclass
class Alignment:
    """Which pictures go together, and all that a person should know of it."""

    matches: list[Match] = field(default_factory=list)
    left_a: list[Path] = field(default_factory=list)
    left_b: list[Path] = field(default_factory=list)
    ambiguous: list[tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    sizes: list[str] = field(default_factory=list)
    """Pairs that differ in size."""
    turned: list[str] = field(default_factory=list)
    """Pairs that EXIF turns differently."""
    shifts: list[tuple[Match, Shift]] = field(default_factory=list)
    """What registration found, for every pair of one size; nothing unless asked for."""
    notes: list[str] = field(default_factory=list)

    def report(self) -> str:
        """All of it, as lines for a person."""
        counts = Counter(match.how for match in self.matches)
        lines = [f"{len(self.matches)} pairs", *(f"  {count} by {how}" for how, count in counts.items()), *self.notes]
        lines += _listed("of A left over", [str(path) for path in self.left_a])
        lines += _listed("of B left over", [str(path) for path in self.left_b])
        between = [f"{' or '.join(of_a)} with {' or '.join(of_b)}" for of_a, of_b in self.ambiguous]
        lines += _listed("ambiguous, and not paired", between)
        lines += _listed("unreadable, and left out", self.unreadable)
        lines += _listed("pairs that differ in size", self.sizes)
        lines += _listed("pairs that EXIF turns differently (they are read upright)", self.turned)
        if self.shifts:
            moved = [
                f"{match.a} dx {s.dx:+.1f} dy {s.dy:+.1f} px, peak {s.confidence:.1f}" for match, s in self.moved()
            ]
            unsure = sum(found.confidence < SURE for _, found in self.shifts)
            lines += _listed(f"of {len(self.shifts)} pairs: B must move {NOTABLE:g} px or more to lie on A", moved)
            lines += (
                [f"{len(self.shifts)} pairs registered, none shifted by {NOTABLE:g} px or more"] if not moved else []
            )
            lines += [f"{unsure} pairs have too little in common to tell a shift"] if unsure else []
        return "\n".join(lines)

    def moved(self) -> list[tuple[Match, Shift]]:
        """Pairs that are shifted notably, as far as one can be sure of it."""
        return [
            (match, found)
            for match, found in self.shifts
            if found.confidence >= SURE and max(abs(found.dx), abs(found.dy)) >= NOTABLE
        ]


def _listed(what: str, every: Sequence[str]) -> list[str]:
    more = [f"  … and {len(every) - LISTED} more"] if len(every) > LISTED else []
    return [f"{len(every)} {what}", *(f"  {one}" for one in every[:LISTED]), *more] if every else []


def align(
    a: Path,
    b: Path,
    out: Path | None = None,
    *,
    key: str | None = None,
    seconds: float | None = None,
    register: bool = False,
    skip_bad: bool = False,
    track: Track = silent,
) -> Alignment:
    """Pair the pictures of two folders, and write a list of the pairs to `out`, if it is given. Changes no picture.

    They are matched by the one group of the regular expression `key`, if given; what is left, by relative name; then by
    name but for ending, case, leading zeros and affixes; then by capture time, where `seconds` says how far apart it
    may be. `register` looks for shifts between the pictures of every pair.

    Raises:
        ConfigError: a `key` that is no expression with one group, or `seconds` below 0.
        DataError: no such folders, no pictures, no pairs, or `out` is there already.
        PictureError: a picture that cannot be read, unless `skip_bad`.
    """
    keys = None if key is None else one_group("--key", key, "frame([0-9]+)")
    if seconds is not None and not seconds >= 0:
        raise ConfigError(f"--seconds is {seconds:g}; 0 or more is wanted.")
    if out is not None:
        refuse_list(out)
    two_folders(a, b)
    result = Alignment()
    names = tuple(_names(folder, result) for folder in (a, b))
    _match((a, b), (names[0], names[1]), result, keys, seconds, track, skip_bad=skip_bad)
    if not result.matches:
        advice = "Say what their names share with --key 'REGEX with a group', or give --seconds."
        raise DataError(f"No picture of {a} goes with one of {b}. {advice}\n{result.report()}")
    _compare(result, track, register=register, skip_bad=skip_bad)
    if out is not None:
        _write(out, a, result.matches)
    return result


def _write(out: Path, folder_a: Path, matches: Sequence[Match]) -> None:
    """The list of the pairs, with the part that a folder train, val or test of A puts them into."""
    rows = [
        {
            "a": in_list(match.a, out.parent),
            "b": in_list(match.b, out.parent),
            "split": part_of(match.a.relative_to(folder_a)) or "",
            "how": match.how,
        }
        for match in matches
    ]
    write_list(out, rows, ["a", "b", "split", "how"])


def _names(folder: Path, result: Alignment) -> list[str]:
    pictures, others = images.pictures_in(folder)
    result.notes += images.passed_over(folder, others)
    if not pictures:
        raise DataError(" ".join([f"There are no pictures in {folder}.", *result.notes]))
    return [path.relative_to(folder).as_posix() for path in pictures]


def _match(
    folders: tuple[Path, Path],
    names: tuple[list[str], list[str]],
    result: Alignment,
    key: Callable[[str], Hashable | None] | None,
    seconds: float | None,
    track: Track,
    *,
    skip_bad: bool,
) -> None:
    """Try one way after the other on what is left by those before."""
    a, b = folders
    left_a, left_b = dict.fromkeys(names[0]), dict.fromkeys(names[1])
    undecided: list[tuple[tuple[str, ...], tuple[str, ...]]] = []

    def take(matched: Matched, how: How) -> None:
        for name_a, name_b in matched.pairs:
            del left_a[name_a], left_b[name_b]
            result.matches.append(Match(a / name_a, b / name_b, how))
        undecided.extend(matched.ambiguous)

    if key is not None:
        take(by_key(keyed(list(left_a), key), keyed(list(left_b), key)), "key")
    take(by_key(keyed(list(left_a), stem), keyed(list(left_b), stem)), "name")
    # What is an affix, all names of a folder decide, also those that are matched by now.
    loose_a, loose_b = loose_keys(*names)
    loose = by_key(keyed(list(left_a), loose_a.get), keyed(list(left_b), loose_b.get))
    take(loose, "name but for ending, case, zeros or affixes")
    if seconds is not None:
        times_a = _times(a, list(left_a), result, track, skip_bad=skip_bad)
        times_b = _times(b, list(left_b), result, track, skip_bad=skip_bad)
        take(by_time(times_a, times_b, seconds), "capture time")
    result.left_a, result.left_b = [a / name for name in left_a], [b / name for name in left_b]
    still = [(tuple(n for n in x if n in left_a), tuple(n for n in y if n in left_b)) for x, y in undecided]
    result.ambiguous = list(dict.fromkeys((x, y) for x, y in still if x and y))
    result.matches.sort(key=lambda match: match.a)


def _times(folder: Path, names: list[str], result: Alignment, track: Track, *, skip_bad: bool) -> dict[str, float]:
    def look(name: str) -> float | str | None:
        try:
            return images.read_capture(folder / name)[0]
        except PictureError as error:
            if not skip_bad:
                raise
            return str(error)

    looked = dict(zip(names, each(names, look, track, "reading capture times"), strict=True))
    result.unreadable += [why for why in looked.values() if isinstance(why, str)]
    silent_ones = sum(time is None for time in looked.values())
    result.notes += [f"{silent_ones} pictures in {folder} do not say when they were taken."] if silent_ones else []
    return {name: time for name, time in looked.items() if isinstance(time, float)}


@dataclass(frozen=True)
class _Look:
    size: str | None
    turned: str | None
    shift: Shift | None


def _compare(result: Alignment, track: Track, *, register: bool, skip_bad: bool) -> None:
    """Sizes and orientations of every pair, and shifts; a pair that cannot be read is taken out."""

    def look(match: Match) -> _Look | str:
        try:
            return _look(match, register=register)
        except PictureError as error:
            if not skip_bad:
                raise
            return str(error)

    looks = each(result.matches, look, track, "registering" if register else "looking at sizes")
    pairs = [(match, seen) for match, seen in zip(result.matches, looks, strict=True) if isinstance(seen, _Look)]
    result.unreadable += [why for why in looks if isinstance(why, str)]
    result.matches = [match for match, _ in pairs]
    if not pairs:
        raise DataError(f"No pair can be read. {result.unreadable[0]}")
    result.sizes = [seen.size for _, seen in pairs if seen.size]
    result.turned = [seen.turned for _, seen in pairs if seen.turned]
    result.shifts = [(match, seen.shift) for match, seen in pairs if seen.shift]


def _look(match: Match, *, register: bool) -> _Look:
    a, b = images.read_header(match.a), images.read_header(match.b)
    turned_a, turned_b = images.read_capture(match.a)[1], images.read_capture(match.b)[1]
    size = f"{match.a} {a.height}×{a.width} px, {match.b} {b.height}×{b.width} px"
    turned = f"{match.a} (orientation {turned_a}), {match.b} ({turned_b})"
    same_size = (a.height, a.width) == (b.height, b.width)
    moved = shift(images.read(match.a), images.read(match.b)) if register and same_size else None
    return _Look(None if same_size else size, turned if turned_a != turned_b else None, moved)
