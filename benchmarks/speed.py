"""How fast are a training step, a translation, the input pipeline and what surrounds them, and how fast could they be?

    python benchmarks/speed.py --quick --json FILE
    python benchmarks/speed.py [--incumbent CHECKOUT] [--data facades] --json benchmarks/results/NAME.json

Ours, a textbook's (textbook.py) and, given a checkout, pytorch-CycleGAN-and-pix2pix's own are stepped in turns, each in
a process of its own, on the same pictures. benchmarks/README.md tells how to read what is printed.
"""

import argparse
import datetime
import gc
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

import ceiling
import contenders
import costs
import loading_rate
import speed_tables as tables
from contenders import CONTENDERS, PRESETS, Setting
from pixlate.data.facades.writing import write as write_facades
from rounds import Work, compared, race

PARTS = ("ceiling", "step", "translation", "loading", "memory", "startup", "checkpoint")
FULL: dict[str, Any] = {
    "parts": ",".join(PARTS),
    "sizes": "64,128,256,512",
    "batches": "1,4,16",
    "methods": "pix2pix,cyclegan",
    "presets": ",".join(PRESETS),
    "times": 20,
    "seconds": 120.0,
    "within": float("inf"),
}
QUICK = FULL | {
    "parts": "ceiling,step,loading",
    "sizes": "256,64",
    "batches": "1",
    "methods": "pix2pix",
    "presets": "paper",
    "seconds": 16.0,
    "within": 34.0,
}
"""`seconds` are those of one comparison at the most; `within` those after which nothing more is begun."""


class Session:
    """One run of this script: what was asked, what there is time for, and what was found."""

    def __init__(self, given: argparse.Namespace, began: float) -> None:
        self.given, self.began = given, began
        self.device = torch.device(given.device)
        self.names = [name for name in CONTENDERS if name != "incumbent" or given.incumbent is not None]
        self.ceiling = ceiling.Ceiling(0.0, 0.0, 0.0)
        self.found: dict[str, Any] = {"left_out": []}

    @property
    def left(self) -> float:
        """Seconds there are for what comes next."""
        return float(self.given.within - (time.perf_counter() - self.began))

    def settings(self, presets: list[Any], batches: list[int]) -> Iterator[Setting]:
        """Each that was asked for, but for those that there is no time or memory for."""
        given = self.given
        for method in given.methods.split(","):
            for preset in presets:
                for size in map(int, given.sizes.split(",")):
                    for batch in batches:
                        setting = Setting(method, preset, size, batch, given.width, given.device)
                        why = self._why_not(setting)
                        if why is None:
                            yield setting
                        else:
                            self.found["left_out"].append(f"{tables.named(asdict(setting))}: {why}")

    def _why_not(self, setting: Setting) -> str | None:
        need = contenders.need(setting)
        if self.left < 4:
            return "no time left"
        round_s = len(self.names) * self.ceiling.floor(need.step_gflop, need.weights) * 2
        if not self.given.quick and round_s > 2 * self.given.seconds:
            return f"a round of about {round_s:.0f} s; --seconds {round_s / 2:.0f} or more allows it"
        held = need.saved_gb + len(self.names) * need.weights * 16 / 1e9
        if held > costs.free_gb():
            return f"up to {held:.0f} GB are wanted, {costs.free_gb():.0f} GB are free"
        return None

    def race(self, setting: Setting, work: Callable[[str, Setting, Path | None], Work]) -> dict[str, Any]:
        """The contenders in turns."""
        given = self.given
        limits = {"times": given.times, "seconds": min(given.seconds, self.left / 2)}
        limits |= {"warm": 3 if self.device.type == "cuda" else 1, "fewest": 0 if given.quick else 2}
        took = race(self.names, work, setting, given.incumbent, apart=not given.one_process, **limits)
        gc.collect()
        return asdict(setting) | compared(took)

    def measure_ceiling(self) -> None:
        """As far as other work on the machine lets it be seen: called again later, the best counts."""
        found = ceiling.measure(self.device, self.given.seconds / 8, self.given.side)
        self.ceiling = self.ceiling.best(found)
        self.found["ceiling"] = asdict(self.ceiling) | {"gflops": self.ceiling.gflops}

    def measure_step(self) -> None:
        """Training steps."""
        batches = [int(batch) for batch in self.given.batches.split(",")]
        self.found["steps"] = []
        for setting in self.settings(self.given.presets.split(","), batches):
            need = contenders.need(setting)
            row = self.race(setting, contenders.step) | {"gflop": need.step_gflop, "weights": need.weights}
            self.found["steps"].append(row)
            print(tables.named(row), f"{row['ours_s']:.3f} s, {row['ratio']:.2f}×", flush=True)

    def measure_translation(self) -> None:
        """G of one picture."""
        self.found["translations"] = []
        for setting in self.settings(["incumbent"], [1]):
            row = self.race(setting, contenders.translation) | {"gflop": contenders.need(setting).translation_gflop}
            self.found["translations"].append(row)

    def measure_loading(self) -> None:
        """Pairs a second, beside what the step at batch 1 wants."""
        given, quick = self.given, self.given.quick
        if self.left < 6:
            self.found["left_out"].append("loading: no time left")
            return
        size = int(given.sizes.split(",")[0]) if quick else 256
        seconds, workers = (given.seconds / 16, (1,)) if quick else (5.0, (0, 1, 2))
        self.found["loading"] = loading_rate.measure(given.data, given.direction, size, seconds, workers)

    def measure_memory(self) -> None:
        """The most a process of one contender holds, at batch 1."""
        self.found["memory"] = [
            asdict(setting) | costs.memory(self.names, asdict(setting), self.given.incumbent)
            for setting in self.settings(["incumbent"], [1])
        ]

    def measure_startup(self) -> None:
        """Whole processes."""
        self.found["startup"] = self._on_pictures(lambda data, way: costs.startup(data, way, 3))

    def measure_checkpoint(self) -> None:
        """A checkpoint of the paper's networks."""
        self.found["checkpoint"] = self._on_pictures(costs.checkpoint)

    def _on_pictures(self, work: Callable[[Path, str], dict[str, float]]) -> dict[str, float]:
        if self.given.data is not None:
            return work(self.given.data, self.given.direction)
        with tempfile.TemporaryDirectory() as folder:
            write_facades(Path(folder) / "facades", (24, 2, 0), size=256)
            return work(Path(folder) / "facades", "BtoA")

    def conclude(self) -> None:
        """What follows from the figures so far: shares, floors, whether loading suffices. All is written."""
        for row in [*self.found.get("steps", []), *self.found.get("translations", [])]:
            names = [name for name in CONTENDERS if f"{name}_s" in row]
            rate = {name: row["gflop"] / row[f"{name}_s"] for name in names}
            row["share_of_ceiling"] = {name: rate[name] / self.ceiling.gflops for name in names}
            row["floor_s"] = self.ceiling.floor(row["gflop"], row.get("weights", 0))
        steps = [row for row in self.found.get("steps", []) if row["method"] == "pix2pix"]
        row = next((row for row in steps if (row["size"], row["batch"]) == (256, 1)), steps[0] if steps else None)
        if row is not None:
            self.found["pix2pix_step"] = row
        if "loading" in self.found:
            loading = self.found["loading"]
            loading["pace_steps_s"] = loading_rate.PACE
            loading["workers_at_pace"] = loading_rate.PACE / loading["workers_1_pairs_s"]
            if row is not None and row["size"] == loading["size"]:
                loading["step_needs_pairs_s"] = row["batch"] / row["ours_s"]
                loading["times_the_need"] = loading["workers_1_pairs_s"] / loading["step_needs_pairs_s"]
        if "checkpoint" in self.found:
            rate_gb = self.found["checkpoint"]["megabytes"] / 1e3 / self.found["checkpoint"]["save_s"]
            self.found["checkpoint"]["share_of_copy"] = rate_gb / self.ceiling.copy_gb_s
        self.found["took_s"] = time.perf_counter() - self.began
        if self.given.json is not None:
            self.given.json.parent.mkdir(parents=True, exist_ok=True)
            self.given.json.write_text(json.dumps(self.found, indent=1) + "\n")


def commit() -> str:
    """The commit that is measured."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def asked() -> argparse.Namespace:
    """The command line, with what --quick or a full run takes where nothing was said."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the step at 256 px, and little else, in 50 s")
    parser.add_argument("--json", type=Path, help="write all figures there")
    parser.add_argument("--one-process", action="store_true", help="all contenders in this process")
    parser.add_argument("--incumbent", type=Path, help="a checkout of pytorch-CycleGAN-and-pix2pix")
    parser.add_argument("--data", type=Path, help="a data set of pairs; without one facades are drawn")
    parser.add_argument("--direction", default="BtoA", help="of the data set")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--machine", default=costs.machine(), help="what to call it in the results")
    for name, value in FULL.items():
        also = f"; with --quick {QUICK[name]}" if QUICK[name] != value else ""
        parser.add_argument(f"--{name}", type=type(value), help=f"default: {value}{also}")
    parser.add_argument("--width", type=int, default=64, help="of the networks; the papers' is 64")
    parser.add_argument("--side", type=int, default=2048, help="of the matrices that the ceiling is measured with")
    given = parser.parse_args()
    for name, value in (QUICK if given.quick else FULL).items():
        if getattr(given, name) is None:
            setattr(given, name, value)
    unknown = set(given.parts.split(",")) - set(PARTS)
    if unknown:
        parser.error(f"no parts {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    return given


def main() -> None:
    began = time.perf_counter()
    given = asked()
    session = Session(given, began)
    session.found |= {
        "commit": commit(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": given.machine if given.device == "cpu" else f"{torch.cuda.get_device_name()}; {given.machine}",
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "one_process": given.one_process,
    }
    session.measure_ceiling()
    for part in [part for part in PARTS[1:] if part in given.parts.split(",")]:
        print(f"{part} …", flush=True)
        getattr(session, f"measure_{part}")()
        session.conclude()
    if session.left > 4:
        session.measure_ceiling()
        session.conclude()
    print(tables.told(session.found))


if __name__ == "__main__":
    main()
