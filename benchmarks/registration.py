"""How well shifts between the pictures of a pair are found: `pixlate data align --register`, with shifts planted.

    python benchmarks/registration.py --a VISIBLE --b INFRARED [--seed 0]

Pairs are matched by name. Each is registered as it is, then with B cut out 1 to 20 px off in a random direction, then
with the B of another pair, where nothing is to be found.
"""

import argparse
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from pixlate import draws, images
from pixlate.data.arranging.aligning import NOTABLE, SURE, align
from pixlate.data.arranging.registration import Shift, shift

MARGIN = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--a", type=Path, required=True)
    parser.add_argument("--b", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    matches = align(given.a, given.b).matches
    generator = np.random.default_rng(draws.seed(given.seed, "planted shifts"))
    as_it_is, planted, wrong = [], [], []
    for match, other in pairwise([*matches, matches[0]]):
        a, b = images.read(match.a), images.read(match.b)
        height, width = a.shape[:2]
        as_it_is.append(shift(a, b))
        length, angle = generator.integers(1, MARGIN + 1), generator.uniform(0, 2 * np.pi)
        dx, dy = round(length * np.cos(angle)), round(length * np.sin(angle))
        inner = slice(MARGIN, height - MARGIN), slice(MARGIN, width - MARGIN)
        moved = b[MARGIN + dy : height - MARGIN + dy, MARGIN + dx : width - MARGIN + dx]
        planted.append((dx, dy, shift(a[inner], moved)))
        third = images.read(other.b)
        common = slice(min(height, third.shape[0])), slice(min(width, third.shape[1]))
        wrong.append(shift(a[common], third[common]))
    told(as_it_is, planted, wrong)


def told(as_it_is: Sequence[Shift], planted: Sequence[tuple[int, int, Shift]], wrong: Sequence[Shift]) -> None:
    alarms = [found for found in as_it_is if sure(found) and notable(found)]
    largest = max((max(abs(found.dx), abs(found.dy)) for found in alarms), default=0)
    own = np.median([np.hypot(found.dx, found.dy) for found in as_it_is if sure(found)])
    print(f"as they are: {sum(map(sure, as_it_is))} of {len(as_it_is)} sure, median shift {own:.2f} px;")
    print(f"  told of as shifted by {NOTABLE:g} px or more: {len(alarms)}, the largest by {largest:.1f} px")
    errors, relative = [], []
    for (dx, dy, found), before in zip(planted, as_it_is, strict=True):
        if sure(found):
            errors.append(np.hypot(found.dx - dx, found.dy - dy))
            if sure(before):
                relative.append(np.hypot(found.dx - dx - before.dx, found.dy - dy - before.dy))
    large = [found for dx, dy, found in planted if max(abs(dx), abs(dy)) >= NOTABLE + 2]
    print(
        f"planted 1 to {MARGIN} px: {len(errors)} of {len(planted)} sure; off by a median {np.median(errors):.2f} px;"
    )
    print(f"  within 1, 2, 3 px: {', '.join(str(sum(error <= most for error in errors)) for most in (1, 2, 3))}")
    count = sum(error <= 1 for error in relative)
    print(
        f"  less what the pair itself was off: median {np.median(relative):.2f} px, {count} of {len(relative)} within 1"
    )
    print(
        f"  of {len(large)} planted {NOTABLE + 2:g} px or more, told of: {sum(sure(f) and notable(f) for f in large)}"
    )
    print(f"another pair's B: {sum(map(sure, wrong))} of {len(wrong)} sure")


def sure(found: Shift) -> bool:
    return found.confidence >= SURE


def notable(found: Shift) -> bool:
    return max(abs(found.dx), abs(found.dy)) >= NOTABLE


if __name__ == "__main__":
    main()
