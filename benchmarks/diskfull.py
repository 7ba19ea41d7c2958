"""A small real disk that fills up while a run goes on: is anything lost, and what does the user read?

    python benchmarks/diskfull.py --out runs/diskfull

It mounts a tmpfs, for which it must be root (or have user namespaces: `unshare -rm python benchmarks/diskfull.py`).
"""

import argparse
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import tiny_run
from pixlate.checkpoint.shelf import Shelf
from pixlate.training import runfolder


@dataclass
class Found:
    """What a full disk left."""

    code: int
    said: str
    newest: int | None
    orphans: int
    differing: list[str]
    """What is not as in an undisturbed run once there is room and the same command is given again."""


def mount(disk: Path, size: str) -> bool:
    """Whether a disk of that size could be mounted."""
    disk.mkdir(parents=True, exist_ok=True)
    options = ["-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
    return subprocess.run(["mount", *options], capture_output=True, check=False).returncode == 0


def fill_up(out: Path, size: str = "7m") -> Found | None:
    """Let a run that keeps every checkpoint fill the disk; None if none can be mounted."""
    out.mkdir(parents=True, exist_ok=True)
    pictures = tiny_run.data(out / "pictures")
    flags = ["--keep-every", "2"]
    wanted = out / "undisturbed"
    shutil.rmtree(wanted, ignore_errors=True)
    _train(pictures, wanted, flags)
    disk = out / "disk"
    if not mount(disk, size):
        return None
    try:
        done = _train(pictures, disk / "run", flags)
        run = disk / "run"
        newest, _ = Shelf(run / runfolder.CHECKPOINTS).newest()
        orphans = len(tiny_run.orphans(run))
        subprocess.run(["mount", "-o", "remount,size=100m", str(disk)], check=True)
        again = _train(pictures, run, flags)
        differing = ["the resume"]
        if again.returncode == 0 and f"resumed at step {newest}" in again.stdout:
            differing = tiny_run.differences(tiny_run.outcome(run), tiny_run.outcome(wanted))
        return Found(done.returncode, done.stdout + done.stderr, newest, orphans, differing)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def _train(pictures: Path, run: Path, flags: list[str]) -> subprocess.CompletedProcess[str]:
    given = tiny_run.words(pictures, run)
    given.remove("--no-tensorboard")
    command = [sys.executable, "-m", "pixlate", *given, *flags]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tiny_run.add_method(parser)
    parser.add_argument("--out", type=Path, default=Path("runs/diskfull"))
    found = fill_up(parser.parse_args().out)
    if found is None:
        sys.exit("no tmpfs could be mounted; be root, or start it with unshare -rm")
    print(found.said)
    print(f"exit {found.code}, newest whole checkpoint {found.newest}, {found.orphans} orphans,", end=" ")
    print(f"{len(found.differing)} differences once resumed with more room")
    sys.exit(bool(found.differing or found.code != 2 or found.orphans or "MB are missing" not in found.said))


if __name__ == "__main__":
    main()
