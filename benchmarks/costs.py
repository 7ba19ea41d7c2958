"""Costs beside speed, each measured in processes of their own: memory, start-up and checkpoints."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NoReturn

HERE = Path(__file__).parent


def memory(names: Sequence[str], setting: dict[str, Any], checkout: Path | None, steps: int = 3) -> dict[str, float]:
    """The most MB that a process held that did nothing but `steps` steps of one contender; and one that did none."""
    found = {}
    for name in ("nothing", *names):
        flags = ["--steps", str(steps), *(["--incumbent", str(checkout)] if checkout else [])]
        found[f"{name}_mb"] = float(_alone("memory", name, json.dumps(setting), *flags))
    return found


def startup(data: Path, direction: str, times: int) -> dict[str, float]:
    """Median seconds of whole processes: torch alone, our help, and a run's start until its first step is done."""
    python = [sys.executable]
    commands = {
        "import_torch_s": [*python, "-c", "import torch"],
        "help_s": [*python, "-m", "pixlate", "--help"],
        "train_help_s": [*python, "-m", "pixlate", "train", "--help"],
    }
    found: dict[str, list[float]] = {name: [] for name in (*commands, "first_step_s")}
    for _ in range(times):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            found[name].append(time.perf_counter() - began)
        started = time.time()
        found["first_step_s"].append(float(_alone("first-step", str(data), direction)) - started)
    return {name: median(seconds) for name, seconds in found.items()}


def checkpoint(data: Path, direction: str) -> dict[str, float]:
    """What `checkpoint_cost.py` finds in a short run."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "found.json"
        flags = ["--data", str(data), "--direction", direction, "--steps", "9", "--every", "3"]
        command = [
            sys.executable,
            str(HERE / "checkpoint_cost.py"),
            *flags,
            "--out",
            folder + "/run",
            "--json",
            str(out),
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        found: dict[str, float] = json.loads(out.read_text())
    return found


def _alone(*words: str) -> str:
    """The last line that this file prints in a process of its own."""
    done = subprocess.run([sys.executable, __file__, *words], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines()[-1]


def _peak() -> float:
    """The most memory this process has held, in MB. Unlike `ru_maxrss` it begins with this program."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM"))


def _steps(name: str, setting: dict[str, Any], checkout: Path | None, steps: int) -> None:
    import contenders  # noqa: PLC0415

    if name != "nothing":
        work = contenders.step(name, contenders.Setting(**setting), checkout)
        for number in range(steps):
            work(number)


def _first_step(data: Path, direction: str) -> NoReturn:
    """Train until the first step is done, tell when that was, and leave."""
    from pixlate.specs.data import DataConfig  # noqa: PLC0415
    from pixlate.specs.methods.pix2pix import Pix2PixConfig  # noqa: PLC0415
    from pixlate.specs.training import LoopConfig, TrainConfig  # noqa: PLC0415
    from pixlate.training import train  # noqa: PLC0415
    from pixlate.training.state import State  # noqa: PLC0415

    def told(*_: object) -> NoReturn:
        print(f"\n{time.time()}", flush=True)
        raise SystemExit

    State.advance = told  # type: ignore[method-assign,assignment]
    with tempfile.TemporaryDirectory() as folder:
        config = DataConfig(str(data), direction=direction, size="256")  # type: ignore[arg-type]
        train(TrainConfig(config, Pix2PixConfig(), LoopConfig(run=folder + "/run", steps=2, samples=0)))
    raise AssertionError("no step was done")


def free_gb() -> float:
    """10⁹ bytes of memory that nothing uses."""
    lines = Path("/proc/meminfo").read_text().splitlines() if Path("/proc/meminfo").exists() else []
    return next((int(line.split()[1]) / 1e6 for line in lines if line.startswith("MemAvailable")), float("inf"))


def machine() -> str:
    """Cores, processor and memory, without any name of its own."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "a processor")
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {model}, {memory_gb:.0f} GiB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("memory", "first-step"))
    parser.add_argument("words", nargs=2)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--incumbent", type=Path)
    given = parser.parse_args()
    if given.what == "memory":
        _steps(given.words[0], json.loads(given.words[1]), given.incumbent, given.steps)
        print(_peak())
    else:
        _first_step(Path(given.words[0]), given.words[1])


if __name__ == "__main__":
    main()
