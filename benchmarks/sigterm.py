"""SIGTERM at random instants of real runs: saved and gone with exit code 143, and exact when resumed?

    python benchmarks/sigterm.py --times 200 --commands 20 --out runs/sigterm

The instants are anywhere from the start of the command to its end: while it looks at the data, in a step, in a save, in
a look at the validation pictures. Once the first step is done nothing may be lost: the checkpoint is that of a step at
least as late as the last one begun when the signal came.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tiny_run
from pixlate import cli
from pixlate.checkpoint.shelf import Shelf
from pixlate.training import runfolder
from pixlate.training.interludes import Interludes

RARELY = {"checkpoint_every": 1000}


@dataclass
class Tally:
    """What became of the signals."""

    signals: int = 0
    early: int = 0
    """Signals that came before the command had begun, and ended it as they end any program (143 to a shell)."""
    saved: int = 0
    """Signals after which there was something to save."""
    slowest: float = 0.0
    """Seconds from the signal to the end."""
    failures: list[str] = field(default_factory=list)


def stepping(given: list[str]) -> Callable[[Callable[[str], object]], None]:
    """Work for a child: the command, with "done STEP" reported after every step."""

    def work(report: Callable[[str], object]) -> None:
        after_step = Interludes.after_step

        def reported(interludes: Interludes) -> None:
            report(f"done {interludes._state.progress.step}")
            after_step(interludes)

        Interludes.after_step = reported  # type: ignore[method-assign,assignment]
        try:
            cli.main(given)
        except SystemExit as ended:
            if ended.code == 0:
                report("end")
            raise

    return work


def reference(pictures: Path, out: Path) -> tuple[dict[str, Any], float]:
    run = out / "reference"
    shutil.rmtree(run, ignore_errors=True)
    began = time.monotonic()
    child = tiny_run.Child(stepping(tiny_run.words(pictures, run, **RARELY)), out / "reference.log")
    assert child.end() == 0, child.log.read_text()
    return tiny_run.outcome(run), time.monotonic() - began


def compared(run: Path, wanted: dict[str, Any]) -> list[str]:
    """What differs, but for which checkpoints are there, and whether the last of them knows of the look after it."""
    return [name for name in tiny_run.differences(tiny_run.outcome(run), wanted) if name not in ("kept", "progress")]


def stop_once(pictures: Path, out: Path, wanted: dict[str, Any], duration: float, seed: str, tally: Tally) -> None:
    """Stop one run at a drawn instant, resume it, and judge."""
    draw = random.Random(seed)
    run = out / "run"
    while True:
        shutil.rmtree(run, ignore_errors=True)
        given = tiny_run.words(pictures, run, workers=2 * (draw.random() < 0.2), **RARELY)
        child = tiny_run.Child(stepping(given), out / "stopped.log")
        # Just forked it is not yet the command that is to be stopped: its first act is to hear signals.
        time.sleep(0.05 + draw.uniform(0, duration))
        heard = child.listen(time.monotonic())
        sent = time.monotonic()
        child.kill(signal.SIGTERM)
        code = child.end()
        if "end" not in child.reports:
            break
    took = time.monotonic() - sent
    said = child.log.read_text()
    _judge(run, tally, f"signal {seed}", code, took, said, len(heard))
    again = tiny_run.Child(stepping(given), out / "resumed.log")
    if again.end() != 0:
        tally.failures.append(f"signal {seed}: the resume failed: {again.log.read_text()}")
    elif differing := compared(run, wanted):
        tally.failures.append(f"signal {seed}: {len(differing)} differ, such as {differing[0]}")


def _judge(run: Path, tally: Tally, told: str, code: int, took: float, said: str, done: int) -> None:
    tally.signals += 1
    tally.slowest = max(tally.slowest, took)
    newest = Shelf(run / runfolder.CHECKPOINTS).newest()[0] or 0
    tally.saved += newest > 0
    if code == -signal.SIGTERM and not said:
        tally.early += 1
    elif code != 143:
        tally.failures.append(f"{told}: exit {code}: {said}")
    elif newest < done:
        tally.failures.append(f"{told}: {done} steps were done, {newest} saved: {said}")
    elif took > 10:
        tally.failures.append(f"{told}: took {took:.1f} s")
    elif tiny_run.orphans(run):
        tally.failures.append(f"{told}: orphans are left")
    elif "Traceback" in said:
        tally.failures.append(f"{told}: {said}")


def stop_command(pictures: Path, out: Path, wanted: dict[str, Any], duration: float, seed: str, tally: Tally) -> None:
    """The same with the command as a queue stops it: the signal goes to every process of its group."""
    draw = random.Random(seed)
    run = out / "command"
    shutil.rmtree(run, ignore_errors=True)
    command = [
        sys.executable,
        "-m",
        "pixlate",
        *tiny_run.words(pictures, run, workers=2 * (draw.random() < 0.5), **RARELY),
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    while not (run / runfolder.METRICS).exists() and process.poll() is None:
        time.sleep(0.01)
    time.sleep(draw.uniform(0, 0.9 * duration))
    sent = time.monotonic()
    steps = [json.loads(line)["step"] for line in (run / runfolder.METRICS).read_bytes().splitlines(keepends=True)[:-1]]
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    said = process.communicate()[0]
    if process.returncode == 0:
        stop_command(pictures, out, wanted, duration, f"{seed} again", tally)
        return
    _judge(run, tally, f"command {seed}", process.returncode, time.monotonic() - sent, said, max(steps, default=0))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tally.failures.append(f"command {seed}: the resume failed: {done.stderr}")
    elif differing := compared(run, wanted):
        tally.failures.append(f"command {seed}: {len(differing)} differ, such as {differing[0]}")


def campaign(out: Path, times: int, commands: int, seed: int) -> tuple[Tally, Tally]:
    """All signals; returns what became of those to forked runs and of those to commands."""
    out.mkdir(parents=True, exist_ok=True)
    pictures = tiny_run.data(out / "pictures")
    wanted, duration = reference(pictures, out)
    forked, commanded = Tally(), Tally()
    for number in range(times):
        stop_once(pictures, out, wanted, duration, f"{seed}-{number}", forked)
    for number in range(commands):
        stop_command(pictures, out, wanted, duration, f"{seed}-command-{number}", commanded)
    return forked, commanded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--commands", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    tiny_run.add_method(parser)
    parser.add_argument("--out", type=Path, default=Path("runs/sigterm"))
    given = parser.parse_args()
    tallies = campaign(given.out, given.times, given.commands, given.seed)
    for name, tally in zip(("forked runs", "commands"), tallies, strict=True):
        print(
            f"{name}: {tally.signals} signals, {tally.early} before it began, {tally.saved} with something to save,",
            end=" ",
        )
        print(f"slowest {tally.slowest:.2f} s, {len(tally.failures)} failures")
        print("\n".join(tally.failures))
    sys.exit(any(tally.failures for tally in tallies))


if __name__ == "__main__":
    main()
