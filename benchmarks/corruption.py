"""Damage to the newest checkpoint: found every time, and the one before it taken instead?

    python benchmarks/corruption.py --times 10000 --out runs/corruption

Bit flips, truncations, missing, emptied and lengthened files, at random places of random files.
"""

import argparse
import random
import shutil
import sys
from collections import Counter
from pathlib import Path

import tiny_run
from pixlate.checkpoint.shelf import Shelf
from pixlate.training import runfolder

KINDS = ("bit flip", "bit flip", "bit flip", "truncated", "missing", "emptied", "lengthened")


def damage(path: Path, kind: str, draw: random.Random) -> None:
    """Do that to the file."""
    content = bytearray(path.read_bytes())
    if kind == "bit flip":
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    elif kind == "truncated":
        content = content[: draw.randrange(len(content))]
    elif kind == "emptied":
        content = bytearray()
    elif kind == "lengthened":
        content += draw.randbytes(draw.randint(1, 100))
    path.unlink()
    if kind != "missing":
        path.write_bytes(content)


def campaign(out: Path, times: int, seed: int = 1) -> tuple[Counter[str], list[str]]:
    """How often each kind was done, and what was not found."""
    out.mkdir(parents=True, exist_ok=True)
    pictures = tiny_run.data(out / "pictures")
    run = out / "run"
    shutil.rmtree(run, ignore_errors=True)
    child = tiny_run.Child(tiny_run.reporting(tiny_run.config(pictures, run, width=2, steps=4)), out / "run.log")
    assert child.end() == 0, child.log.read_text()
    shelf = Shelf(run / runfolder.CHECKPOINTS)
    before, newest = shelf.steps()
    draw = random.Random(seed)
    done: Counter[str] = Counter()
    failures = []
    for number in range(times):
        kind = draw.choice(KINDS)
        victim = draw.choice(sorted(shelf.path(newest).iterdir()))
        whole = victim.read_bytes()
        damage(victim, kind, draw)
        done[f"{kind} in {victim.name}"] += 1
        taken, faults = shelf.newest()
        if taken != before or len(faults) != 1 or str(shelf.path(newest)) not in faults[0]:
            failures.append(f"{number}: {kind} in {victim.name}: took {taken}, said {faults}")
        victim.write_bytes(whole)
    assert shelf.newest() == (newest, [])
    return done, failures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    tiny_run.add_method(parser)
    parser.add_argument("--out", type=Path, default=Path("runs/corruption"))
    given = parser.parse_args()
    done, failures = campaign(given.out, given.times, given.seed)
    print("\n".join(f"{kind}: {count}" for kind, count in sorted(done.items())))
    print(f"seed {given.seed}: {done.total()} times damaged, {len(failures)} times not found")
    print("\n".join(failures[:20]))
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
