"""kill -9 of one of two processes that torchrun started: does the launcher end in seconds, and is the relaunch exact?

python benchmarks/rankkill.py --times 50 --out runs/rankkill
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tiny_run
from pixlate.checkpoint.shelf import Shelf
from pixlate.training import runfolder

LAUNCH = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "--", "pixlate"]


@dataclass
class Tally:
    """What became of the kills."""

    kills: int = 0
    slowest: float = 0.0
    """Seconds from the kill to the end of the launcher."""
    failures: list[str] = field(default_factory=list)


def command(pictures: Path, run: Path) -> list[str]:
    """Two processes, with checkpoints every second step."""
    given = tiny_run.words(pictures, run)
    return [*LAUNCH, *given]


def start(given: list[str]) -> subprocess.Popen[str]:
    alone = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=alone)


def ranks(launcher: int) -> list[int]:
    """The processes of the launcher, by their rank."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"\nPPid:\t{launcher}\n" in (entry / "status").read_text():
                variables = (entry / "environ").read_text().split("\0")
                (rank,) = [line.removeprefix("RANK=") for line in variables if line.startswith("RANK=")]
                found[int(rank)] = int(entry.name)
        except (OSError, ValueError):
            continue
    return [pid for _, pid in sorted(found.items())]


def kill_once(pictures: Path, out: Path, wanted: dict[str, Any], duration: float, seed: str, tally: Tally) -> None:
    """Kill one process of one run at a drawn instant, relaunch, and judge."""
    draw = random.Random(seed)
    run = out / "run"
    shutil.rmtree(run, ignore_errors=True)
    given = command(pictures, run)
    launcher = start(given)
    shelf = Shelf(run / runfolder.CHECKPOINTS)
    while not shelf.steps() and launcher.poll() is None:
        time.sleep(0.005)
    victims = ranks(launcher.pid)
    time.sleep(draw.uniform(0, 0.8 * duration))
    if launcher.poll() is not None or len(victims) != 2:
        launcher.communicate()
        kill_once(pictures, out, wanted, duration, f"{seed} again", tally)
        return
    rank = draw.randrange(2)
    sent = time.monotonic()
    try:
        os.kill(victims[rank], signal.SIGKILL)
        said = launcher.communicate(timeout=60)[0]
    except ProcessLookupError:
        launcher.communicate()
        kill_once(pictures, out, wanted, duration, f"{seed} again", tally)
        return
    except subprocess.TimeoutExpired:
        launcher.kill()
        said = "hung"
    took = time.monotonic() - sent
    if launcher.returncode == 0:  # killed when its work was done
        kill_once(pictures, out, wanted, duration, f"{seed} again", tally)
        return
    tally.kills += 1
    tally.slowest = max(tally.slowest, took)
    newest = shelf.newest()[0]
    again = start(given)
    then = again.communicate()[0]
    if took > 30:
        tally.failures.append(f"kill {seed} of rank {rank}: took {took:.0f} s: {said[-2000:]}")
    elif again.returncode != 0 or f"resumed at step {newest}" not in then:
        tally.failures.append(f"kill {seed} of rank {rank}: the relaunch: {then[-2000:]}")
    elif differing := tiny_run.differences(tiny_run.outcome(run), wanted):
        tally.failures.append(f"kill {seed} of rank {rank}: {len(differing)} differ, such as {differing[0]}")
    elif tiny_run.orphans(run):
        tally.failures.append(f"kill {seed} of rank {rank}: orphans are left")


def campaign(out: Path, times: int, seed: int = 1) -> Tally:
    """All kills."""
    out.mkdir(parents=True, exist_ok=True)
    pictures = tiny_run.data(out / "pictures")
    run = out / "reference"
    shutil.rmtree(run, ignore_errors=True)
    launcher = start(command(pictures, run))
    shelf = Shelf(run / runfolder.CHECKPOINTS)
    while not shelf.steps() and launcher.poll() is None:
        time.sleep(0.005)
    first = time.monotonic()
    said = launcher.communicate()[0]
    assert launcher.returncode == 0, said
    duration = time.monotonic() - first
    wanted = tiny_run.outcome(run)
    tally = Tally()
    for number in range(times):
        kill_once(pictures, out, wanted, duration, f"{seed}-{number}", tally)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("runs/rankkill"))
    given = parser.parse_args()
    tally = campaign(given.out, given.times, given.seed)
    print(f"seed {given.seed}: {tally.kills} kills, slowest end {tally.slowest:.1f} s, {len(tally.failures)} failures")
    print("\n".join(tally.failures))
    sys.exit(bool(tally.failures))


if __name__ == "__main__":
    main()
