"""What shows only beside the other pictures of a set: the same twice, in two parts, of other kinds than the rest."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pixlate import images
from pixlate.data import kinds
from pixlate.data.checking.findings import Finding
from pixlate.data.checking.looking import Looked
from pixlate.data.checking.walking import folded
from pixlate.data.finding import Defect, Found, Pair, loose
from pixlate.data.kinds import Asked
from pixlate.data.lists import Part


@dataclass(frozen=True)
class Use:
    """What a file is for."""

    parts: frozenset[Part | None]
    sides: frozenset[str]
    """source, target, or both, where one file is both."""


def uses_of(found: Found) -> dict[Path, Use]:
    """Every file that training opens."""
    parts: defaultdict[Path, set[Part | None]] = defaultdict(set)
    sides: defaultdict[Path, set[str]] = defaultdict(set)
    files = [(part, "source", pair.source) for part, pairs in found.parts.items() for pair in pairs]
    files += [(part, "target", pair.target) for part, pairs in found.parts.items() for pair in pairs]
    for part, both in found.sides.items():
        files += [(part, side, file) for side, some in zip(("source", "target"), both, strict=True) for file in some]
    for part, side, file in files:
        parts[loose(file.path)].add(part)
        sides[loose(file.path)].add(side)
        for path in file.beside:
            parts[path].add(part)
            sides[path].add(f"stacked from {path.parent}")
    return {path: Use(frozenset(parts[path]), frozenset(sides[path])) for path in parts}


def alone(looked: Mapping[Path, Looked]) -> Iterator[Finding]:
    """What each readable picture is by itself."""
    for path, look in looked.items():
        if look.header is None:
            continue
        right = images.ENDINGS.get(look.format or "", ())
        if right and path.suffix.lower() not in right:
            yield Finding("wrong-extension", (path,), f"it holds a {look.format}")
        if look.flat:
            yield Finding("flat", (path,), f"{' and '.join(look.flat)} of one colour".replace("whole ", ""))
        elif look.twins:
            yield Finding("same-on-both-sides", (path,), "both halves are the same picture")


def duplicates(looked: Mapping[Path, Looked], uses: Mapping[Path, Use]) -> Iterator[Finding]:
    """Files with the same bytes, those of one colour left out: an empty mask may well come again."""
    groups: defaultdict[str, list[Path]] = defaultdict(list)
    for path, look in looked.items():
        if look.digest is not None and not look.flat:
            groups[look.digest].append(path)
    for paths in groups.values():
        if len(paths) > 1:
            yield _same(paths, [uses[path] for path in paths])


def _same(paths: list[Path], uses: list[Use]) -> Finding:
    parts = {part or "train" for use in uses for part in use.parts}
    if len(parts) > 1:
        return Finding("leak", tuple(paths), f"the same file in {' and '.join(sorted(parts))}")
    if len({use.sides for use in uses}) > 1:
        return Finding("same-on-both-sides", tuple(paths), "the same file on both sides")
    return Finding("duplicate", tuple(paths), "the same file")


def of_pairs(pairs: list[Pair], looked: Mapping[Path, Looked]) -> Iterator[Finding]:
    """Pairs whose two pictures are turned differently by their EXIF."""
    for pair in pairs:
        paths = (loose(pair.source.path), loose(pair.target.path))
        one, other = (looked[path].header for path in paths)
        if one and other and one.orientation != other.orientation:
            why = f"EXIF orientation {one.orientation} and {other.orientation}"
            yield Finding("orientation", paths, why)


def mixtures(looked: Mapping[Path, Looked], uses: Mapping[Path, Use], wanted: tuple[Asked, Asked]) -> Iterator[Finding]:
    """Pictures of a side that have other channels or bits than most, or use little of 16 bits."""
    groups: defaultdict[tuple[str, ...], list[Path]] = defaultdict(list)
    for path, use in uses.items():
        if looked[path].header is not None:
            groups[tuple(sorted(use.sides))].append(path)
    for sides, paths in sorted(groups.items()):
        asked = [one for one, side in zip(wanted, ("source", "target"), strict=True) if side in sides] or [wanted[0]]
        if all(one.channels is None for one in asked):
            yield from _others("mixed-channels", paths, {path: _channels(looked[path], asked[0]) for path in paths})
        yield from _others("mixed-depths", paths, {path: _number(looked[path]) for path in paths})
        if all(one.range is None for one in asked):
            yield from _unused_scale(paths, looked)


def _channels(look: Looked, asked: Asked) -> str:
    channels = 0 if look.header is None else look.header.channels_with(asked.alpha)
    return f"{channels} channel{'s' if channels > 1 else ''}"


def _number(look: Looked) -> str:
    return "" if look.header is None else look.header.number


def _others(kind: str, paths: list[Path], what: Mapping[Path, str]) -> Iterator[Finding]:
    counts = Counter(what.values())
    (most, _), *others = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    for other, _ in others:
        why = f"{other}; {counts[most]:,} of {len(paths):,} have {most}"
        yield Finding(kind, tuple(path for path in paths if what[path] == other), why)


def _unused_scale(paths: list[Path], looked: Mapping[Path, Looked]) -> Iterator[Finding]:
    deep = [path for path in paths if _number(looked[path]) == "uint16"]
    greatest = max((looked[path].greatest for path in deep), default=0.0)
    if greatest and kinds.is_dark(greatest):
        yield Finding("unused-scale", tuple(deep), f"16 bits, but none goes beyond {greatest:,.0f} of 65,535")


def named_alike(defects: list[Defect]) -> dict[Path, str]:
    """Of pictures without a counterpart: what would be one, but for case, accents or spaces in its name."""
    alike: defaultdict[str, list[Path]] = defaultdict(list)
    for defect in defects:
        if defect.kind == "unmatched":
            path = loose(defect.path)
            alike[folded(path.stem).replace(" ", "")].append(path)
    hints = {}
    for paths in alike.values():
        for path in paths:
            other = next((one for one in paths if one.parent != path.parent), None)
            if other is not None:
                hints[path] = f"; {other} has almost that name"
    return hints
