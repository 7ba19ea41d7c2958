"""Which picture of A goes with which of B: by name, by name loosely, by a key of the user's, by capture time."""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_COMMON = 0.9
_WORD = re.compile(r"[^\W_]+")
_RUN = re.compile(r"\d+|[^\W\d_]+")


@dataclass
class Matched:
    """Names of A and of B that go together, each in one pair at most, and those between which nothing decides."""

    pairs: list[tuple[str, str]] = field(default_factory=list)
    ambiguous: list[tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=list)


def stem(name: str) -> str:
    """The name without its ending."""
    return Path(name).with_suffix("").as_posix()


def by_key(a: Mapping[str, Hashable | None], b: Mapping[str, Hashable | None]) -> Matched:
    """Match what has one key, where one of A and one of B have it; None is no key."""
    sides: tuple[dict[Hashable, list[str]], dict[Hashable, list[str]]] = ({}, {})
    for keyed, side in zip((a, b), sides, strict=True):
        for name, key in keyed.items():
            if key is not None:
                side.setdefault(key, []).append(name)
    matched = Matched()
    for key in (key for key in sides[0] if key in sides[1]):
        of_a, of_b = sides[0][key], sides[1][key]
        if len(of_a) == len(of_b) == 1:
            matched.pairs.append((of_a[0], of_b[0]))
        else:
            matched.ambiguous.append((tuple(of_a), tuple(of_b)))
    return matched


def loose_keys(a: Sequence[str], b: Sequence[str]) -> tuple[dict[str, Hashable], dict[str, Hashable]]:
    """Keys of names, alike for names that are alike but for ending, case, separators, leading zeros and affixes.

    An affix is a word, or a run of letters in one, that nine in ten names of one side have and none of the other has,
    such as rgb and ir. A number by itself is never one.
    """
    words = [{name: _WORD.findall(stem(name).casefold()) for name in side} for side in (a, b)]
    words = _without_affixes(words)
    runs = [{name: _RUN.findall(" ".join(several)) for name, several in side.items()} for side in words]
    runs = _without_affixes(runs)
    keys: list[dict[str, Hashable]] = [
        {name: tuple(int(run) if run.isdecimal() else run for run in several) for name, several in side.items()}
        for side in runs
    ]
    return keys[0], keys[1]


def _without_affixes(sides: list[dict[str, list[str]]]) -> list[dict[str, list[str]]]:
    kept = []
    for one, other in (sides, sides[::-1]):
        counts = Counter(word for words in one.values() for word in set(words))
        elsewhere = {word for words in other.values() for word in words}
        common = {word for word, count in counts.items() if count >= _COMMON * len(one) and len(one) > 1}
        affixes = {word for word in common - elsewhere if not word.isdecimal()}
        kept.append({name: [word for word in words if word not in affixes] for name, words in one.items()})
    return kept


def keyed(names: Sequence[str], key: Callable[[str], Hashable | None]) -> dict[str, Hashable | None]:
    """The key of each name."""
    return {name: key(name) for name in names}


def by_time(a: Mapping[str, float], b: Mapping[str, float], seconds: float) -> Matched:
    """Match what was taken at most so many seconds apart, where each is the other's nearest and no third is as near."""
    nearest_of_a = {name: _nearest(time, b, seconds) for name, time in a.items()}
    nearest_of_b = {name: _nearest(time, a, seconds) for name, time in b.items()}
    matched = Matched()
    for name, nearest in nearest_of_a.items():
        if len(nearest) == 1 and nearest_of_b[nearest[0]] == (name,):
            matched.pairs.append((name, nearest[0]))
        elif len(nearest) > 1:
            matched.ambiguous.append(((name,), nearest))
    for name, nearest in nearest_of_b.items():
        if len(nearest) > 1:
            matched.ambiguous.append((nearest, (name,)))
    return matched


def _nearest(time: float, others: Mapping[str, float], seconds: float) -> tuple[str, ...]:
    """Those of `others` that are nearest, several if none is nearer than the rest."""
    apart = min((abs(other - time) for other in others.values()), default=None)
    if apart is None or apart > seconds:
        return ()
    return tuple(name for name, other in others.items() if abs(other - time) == apart)
