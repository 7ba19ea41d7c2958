"""kill -9 of one of two processes that torchrun started: does the launcher end in seconds, and is the relaunch exact?

python benchmarks/rankkill.py --times 50 --out runs/rankkill
"""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tiny_run
from pixlate.checkpoint.shelf import Shelf
from pixlate.training import runfolder

LAUNCH = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


@dataclass
class Tally:
    """What became of the kills."""

    kills: int = 0
    slowest: float = 0.0
    """Seconds from the kill to the end of the launcher."""
    failures: list[str] = field(default_factory=list)


def command(pictures: Path, run: Path, restarts: int = 0) -> list[str]:
    """Two processes, with checkpoints every second step, which torchrun may start again so many times."""
    given = tiny_run.words(pictures, run)
    return [*LAUNCH, "--max-restarts", str(restarts), "-m", "--", "pixlate", *given]


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


def kill_once(
    pictures: Path, out: Path, wanted: dict[str, Any], duration: float, seed: str, tally: Tally, restarts: int = 0
) -> None:
    """Kill one process of one run at a drawn instant, relaunch it unless torchrun does, and judge."""
    draw = random.Random(seed)
    run = out / "run"
    shutil.rmtree(run, ignore_errors=True)
    launcher = start(command(pictures, run, restarts))
    shelf = Shelf(run / runfolder.CHECKPOINTS)
    while not shelf.steps() and launcher.poll() is None:
        time.sleep(0.005)
    victims = ranks(launcher.pid)
    time.sleep(draw.uniform(0, 0.8 * duration))
    rank = draw.randrange(2)
    acknowledged = max(shelf.steps(), default=0)
    sent = time.monotonic()
    if launcher.poll() is None and len(victims) == 2:
        with suppress(ProcessLookupError):
            os.kill(victims[rank], signal.SIGKILL)
    try:
        said = launcher.communicate(timeout=120)[0]
    except subprocess.TimeoutExpired:
        launcher.kill()
        said = "hung"
        launcher.communicate()
    took = time.monotonic() - sent
    told = f"kill {seed} of rank {rank}: "
    if "exitcode: -9" not in said:  # it was done by then
        kill_once(pictures, out, wanted, duration, f"{seed} again", tally, restarts)
        return
    tally.kills += 1
    tally.slowest = max(tally.slowest, took)
    code = launcher.returncode
    if not restarts:
        if took > 30 or code == 0:
            tally.failures.append(told + f"exit {code} after {took:.0f} s: {said[-2000:]}")
        again = start(command(pictures, run))
        said, code = again.communicate()[0], again.returncode
    resumed = [int(step) for step in re.findall(r"resumed at step (\d+)", said)]
    if code != 0 or not resumed or resumed[-1] < acknowledged:
        tally.failures.append(told + f"exit {code}: {said[-2000:]}")
    elif differing := tiny_run.differences(tiny_run.outcome(run), wanted):
        tally.failures.append(told + f"{len(differing)} differ, such as {differing[0]}")
    elif tiny_run.orphans(run):
        tally.failures.append(told + "orphans are left")


def campaign(out: Path, times: int, restarts: int, seed: int = 1) -> tuple[Tally, Tally]:
    """All kills: those after which the command is given again, and those after which torchrun itself starts again."""
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
    ended, restarted = Tally(), Tally()
    for number in range(times):
        kill_once(pictures, out, wanted, duration, f"{seed}-{number}", ended)
    for number in range(restarts):
        kill_once(pictures, out, wanted, duration, f"{seed}-restart-{number}", restarted, restarts=3)
    return ended, restarted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--restarts", type=int, default=10, help="kills more, with torchrun's --max-restarts")
    parser.add_argument("--seed", type=int, default=1)
    tiny_run.add_method(parser)
    parser.add_argument("--out", type=Path, default=Path("runs/rankkill"))
    given = parser.parse_args()
    ended, restarted = campaign(given.out, given.times, given.restarts, given.seed)
    print(f"seed {given.seed}: {ended.kills} kills, slowest end {ended.slowest:.1f} s, {len(ended.failures)} failures")
    print(f"{restarted.kills} kills with restarts, slowest to the end of the run {restarted.slowest:.1f} s,", end=" ")
    print(f"{len(restarted.failures)} failures")
    print("\n".join(ended.failures + restarted.failures))
    sys.exit(bool(ended.failures or restarted.failures))


if __name__ == "__main__":
    main()
