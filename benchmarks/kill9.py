"""kill -9 at random instants of real training runs, most of them inside a save; every run resumed and compared.

    python benchmarks/kill9.py --kills 1000 --commands 30 --out runs/kill9

A kill counts if it lands after the first checkpoint and before the end. After it: the newest whole checkpoint is at
least the last one acknowledged; the resumed run goes on from there, ends like the uninterrupted one in every bit, and
leaves no orphan file. Kill number I of seed S is drawn from (S, I) alone: `--seed S --only I` does it again.
"""

import argparse
import random
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tiny_run
from pixlate.checkpoint.shelf import Shelf
from pixlate.training import runfolder


@dataclass
class Tally:
    """What became of the kills."""

    kills: int = 0
    inside: int = 0
    """Kills that landed between the beginning and the end of a save."""
    orphans: int = 0
    """Temporary files found after kills, all gone after the resume."""
    failures: list[str] = field(default_factory=list)


@dataclass
class Reference:
    """The uninterrupted run, and how long its parts take."""

    outcome: dict[str, Any]
    saves: list[int]
    duration: float
    save: float


def measure(pictures: Path, out: Path) -> Reference:
    run = out / "reference"
    shutil.rmtree(run, ignore_errors=True)
    child = tiny_run.Child(tiny_run.reporting(tiny_run.config(pictures, run)), out / "reference.log")
    child.wait_for("saved 2")
    first = time.monotonic()
    begun, inside = 0.0, []
    while "end" not in child.reports:
        heard = len(child.reports)
        for report in child.listen(time.monotonic() + 60)[heard:]:
            if report.startswith("begin"):
                begun = time.monotonic()
            elif report.startswith("saved"):
                inside.append(time.monotonic() - begun)
    duration = time.monotonic() - first
    assert child.end() == 0, child.log.read_text()
    saves = [int(report.split()[1]) for report in child.reports if report.startswith("saved")]
    return Reference(tiny_run.outcome(run), saves, duration, sorted(inside)[len(inside) // 2])


def kill_once(pictures: Path, out: Path, reference: Reference, seed: str, tally: Tally) -> None:
    """Kill one run at a drawn instant, resume it, and judge."""
    draw = random.Random(seed)
    run = out / "run"
    while True:
        shutil.rmtree(run, ignore_errors=True)
        workers = 2 if draw.random() < 0.1 else 0
        config = tiny_run.config(pictures, run, workers=workers)
        aimed = draw.random() < 0.75
        child = tiny_run.Child(tiny_run.reporting(config), out / "killed.log")
        alive = child.wait_for("saved 2")
        if aimed:
            target = draw.choice(reference.saves[1:])
            alive = alive and child.wait_for(f"begin {target}")
            wait = draw.uniform(0, 1.1 * reference.save)
        else:
            wait = draw.uniform(0, reference.duration)
        time.sleep(wait)
        child.kill()
        killed = time.monotonic()
        child.end()
        if alive and "end" not in child.reports:
            break
    acknowledged = max(int(report.split()[1]) for report in child.reports if report.startswith("saved"))
    tally.kills += 1
    tally.inside += child.reports[-1].startswith("begin")
    tally.orphans += len(tiny_run.orphans(run))
    newest, _ = Shelf(run / runfolder.CHECKPOINTS).newest()
    again = tiny_run.Child(tiny_run.reporting(config), out / "resumed.log")
    code = again.end()
    said = again.log.read_text()
    told = f"kill {seed} (workers {workers}, acknowledged {acknowledged}, newest {newest}): "
    if newest is None or newest < acknowledged:
        tally.failures.append(told + "an acknowledged step is lost")
    elif code != 0:
        tally.failures.append(told + f"the resume failed: {said}")
    elif f"resumed at step {newest}" not in said:
        tally.failures.append(told + f"not resumed there: {said}")
    elif differing := tiny_run.differences(tiny_run.outcome(run), reference.outcome):
        tally.failures.append(told + f"{len(differing)} differ, such as {differing[0]}")
    elif tiny_run.orphans(run):
        tally.failures.append(told + "orphans are left")
    elif time.monotonic() - killed > 30:
        tally.failures.append(told + "the resume took over half a minute")


def kill_command(pictures: Path, out: Path, reference: Reference, seed: str, tally: Tally) -> None:
    """The same with the command as a user starts it, in a process of its own."""
    draw = random.Random(seed)
    run = out / "command"
    shutil.rmtree(run, ignore_errors=True)
    given = tiny_run.words(pictures, run, workers=2 * (draw.random() < 0.3))
    command = [sys.executable, "-m", "pixlate", *given]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shelf = Shelf(run / runfolder.CHECKPOINTS)
    while not shelf.steps() and process.poll() is None:
        time.sleep(0.001)
    time.sleep(draw.uniform(0, 0.9 * reference.duration))
    process.kill()
    if process.wait() == 0:
        kill_command(pictures, out, reference, f"{seed} again", tally)
        return
    tally.kills += 1
    newest, _ = shelf.newest()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if f"resumed at step {newest}" not in done.stdout or done.returncode != 0 or not newest:
        tally.failures.append(f"command {seed}: exit {done.returncode}: {done.stdout}{done.stderr}")
    elif differing := tiny_run.differences(tiny_run.outcome(run), reference.outcome):
        tally.failures.append(f"command {seed}: {len(differing)} differ, such as {differing[0]}")
    elif tiny_run.orphans(run):
        tally.failures.append(f"command {seed}: orphans are left")


def campaign(out: Path, kills: int, commands: int, seed: int, only: int | None = None) -> tuple[Tally, Tally]:
    """All kills; returns what became of those of forked runs and of those of commands."""
    out.mkdir(parents=True, exist_ok=True)
    pictures = tiny_run.data(out / "pictures")
    reference = measure(pictures, out)
    forked, commanded = Tally(), Tally()
    for number in range(kills) if only is None else [only]:
        kill_once(pictures, out, reference, f"{seed}-{number}", forked)
        if (number + 1) % 100 == 0:
            print(f"{number + 1}: {forked.inside} inside a save, {len(forked.failures)} failures", flush=True)
    for number in range(commands):
        kill_command(pictures, out, reference, f"{seed}-command-{number}", commanded)
    return forked, commanded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--commands", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    tiny_run.add_method(parser)
    parser.add_argument("--out", type=Path, default=Path("runs/kill9"))
    given = parser.parse_args()
    began = time.monotonic()
    forked, commanded = campaign(given.out, given.kills, given.commands, given.seed, given.only)
    for name, tally in (("forked runs", forked), ("commands", commanded)):
        print(
            f"{name}: {tally.kills} kills, {tally.inside} inside a save, {tally.orphans} orphans cleaned up,", end=" "
        )
        print(f"{len(tally.failures)} failures")
        print("\n".join(tally.failures))
    print(f"seed {given.seed}, {time.monotonic() - began:.0f} s")
    sys.exit(bool(forked.failures or commanded.failures))


if __name__ == "__main__":
    main()
