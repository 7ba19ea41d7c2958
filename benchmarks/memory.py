"""What training takes of memory, with and without --recompute, and whether it grows while a run goes on.

    python benchmarks/memory.py step --methods cyclegan --sizes 256 512 1024
    python benchmarks/memory.py flat --steps 300

`step`: a few steps at the paper's width, each row in a process of its own. `peak` is the most the process ever had
resident, torch and networks included; on CUDA the most torch had allocated there. `kept` is what was resident before
the first step. CycleGAN's histories are full from the start. `flat`: a whole run with looks and checkpoints between its
steps; `growth` is what was resident at its end above what was a third of the way, `slope` that of the line through all
since then.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from statistics import linear_regression, median
from typing import Any

import numpy as np
import torch

from pixlate import durable, images
from pixlate.data.loading import Batch
from pixlate.devices import Device
from pixlate.methods import table
from pixlate.methods.history import History
from pixlate.networks.noise import Noise
from pixlate.networks.recomputing import recompute
from pixlate.specs.data import Channels, DataConfig
from pixlate.specs.learning import LearningConfig
from pixlate.specs.methods.cut import CUTConfig
from pixlate.specs.methods.cyclegan import CycleGANConfig
from pixlate.specs.methods.pix2pix import Pix2PixConfig
from pixlate.specs.methods.settings import MethodConfig, MethodSpec
from pixlate.specs.networks import DiscriminatorSpec, GeneratorSpec, NetworksConfig, NetworkSpec
from pixlate.specs.training import LoopConfig, TrainConfig
from pixlate.training import train
from pixlate.training.state import State

CONFIGS: dict[str, MethodConfig] = {
    "pix2pix": Pix2PixConfig(),
    "cyclegan": CycleGANConfig(preset="incumbent"),
    "cyclegan-in-turn": CycleGANConfig(preset="paper", lambda_identity=0.5),
    "cut": CUTConfig(),
}


@dataclass(frozen=True)
class Way:
    """One row."""

    method: str
    size: int
    width: int
    precision: str
    recompute: bool
    steps: int
    device: str = "cpu"
    every: int = 0

    def cells(self) -> list[str]:
        return [self.method, f"{self.size}", self.precision, "yes" if self.recompute else "no"]


def step(way: Way) -> dict[str, float]:
    """Some steps on pictures drawn at random."""
    config, device = CONFIGS[way.method], Device(way.device, way.precision)  # type: ignore[arg-type]
    wanted, facts = config.networks(Channels(3, 3)), config.facts
    blocks = 9 if facts.generator == "resnet" else 0
    depth = 2 if blocks else 8
    places = facts.places_of_dropout(facts.generator, depth, blocks) if facts.dropout else ()
    spec = GeneratorSpec(facts.generator, 3, 3, depth, way.width, places, 0, blocks, facts.norm)
    networks: dict[str, NetworkSpec] = dict.fromkeys(wanted.generators, spec)
    networks |= {
        name: DiscriminatorSpec(seen, 70, way.width, spec.norm) for name, seen in wanted.discriminators.items()
    }
    method = table.build(MethodSpec(config, networks, LearningConfig(), (way.size, way.size)), 0)
    method.to(device.torch)
    for name, module in method.named_modules():  # type: ignore[attr-defined]
        if isinstance(module, History):
            module.pictures.uniform_(-1, 1)
            module.count.fill_(len(module.pictures))
        if way.recompute and name in networks:
            recompute(module)
    x, y = torch.rand(2, 1, 3, way.size, way.size) * 2 - 1
    batch = Batch(x, y, ("",)).to(device.torch)
    kept, took = resident(), []
    for number in range(way.steps):
        began = time.perf_counter()
        losses = method.step([batch], lambda index, number=number: Noise(10 * number + index), device)  # type: ignore[misc]
        assert all(torch.isfinite(loss) for loss in losses.values())  # waits for the device
        took.append(time.perf_counter() - began)
    peak = resident("VmHWM") if way.device == "cpu" else torch.cuda.max_memory_allocated()
    return {"kept": kept, "peak": peak, "seconds": median(took[1:] or took)}


def flat(way: Way) -> dict[str, Any]:
    """A run of so many steps, and what was resident after every so many of them."""
    seen: list[tuple[int, float]] = []

    advance = State.advance

    def weighed(state: State, losses: dict[str, torch.Tensor] | None) -> None:
        advance(state, losses)
        if state.progress.step % way.every == 0:
            seen.append((state.progress.step, resident()))

    State.advance = weighed  # type: ignore[assignment, method-assign]
    config = CONFIGS[way.method]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        drawn(folder, way.size)
        looks = max(1, way.steps // 6)
        settings = LoopConfig(
            run=str(folder / "run"),
            steps=way.steps,
            workers=0,
            recompute=way.recompute,
            precision=way.precision,  # type: ignore[arg-type]
            validate_every=looks,
            checkpoint_every=max(1, looks // 2),
        )
        data = DataConfig(str(folder), size=str(way.size))
        if not config.paired:
            data = replace(data, data=str(folder / "A"), data_b=str(folder / "B"))
        train(TrainConfig(data, config, settings, NetworksConfig(width=way.width)))
    later = [(at, size) for at, size in seen if at >= way.steps // 3]
    slope = linear_regression(*zip(*later, strict=True)).slope if len(later) > 1 else 0.0
    return {"seen": seen, "growth": later[-1][1] - later[0][1], "slope": slope, "peak": resident("VmHWM")}


def drawn(folder: Path, size: int) -> None:
    """Sixteen pictures of noise in A, and as many of the same names in B."""
    noise = np.random.default_rng(0)
    for side, number in product("AB", range(16)):
        (folder / side).mkdir(parents=True, exist_ok=True)
        picture = noise.integers(0, 256, (size, size, 3), np.uint8)
        durable.write(folder / side / f"{number}.png", images.encode_png(picture))


def resident(what: str = "VmRSS") -> float:
    """Bytes of this process in memory now; or with VmHWM the most there ever were."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(what))


def apart(do: str, way: Way) -> dict[str, Any]:
    """What `do` finds in a process of its own."""
    command = [sys.executable, __file__, do, "--child", json.dumps(asdict(way))]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


def rows_of_step(given: argparse.Namespace) -> Iterator[tuple[Way, dict[str, Any]]]:
    print("| method | size | precision | recompute | before | peak | a step |\n|" + "---|" * 7, flush=True)
    for method, size, precision, again in product(given.methods, given.sizes, given.precisions, given.recompute):
        way = Way(method, size, given.width or 64, precision, again == "yes", given.steps or 2, given.device)
        found = apart("step", way)
        cells = [f"{found['kept'] / 1e9:.2f} GB", f"{found['peak'] / 1e9:.2f} GB", f"{found['seconds']:.1f} s"]
        print("| " + " | ".join([*way.cells(), *cells]) + " |", flush=True)
        yield way, found


def rows_of_flat(given: argparse.Namespace) -> Iterator[tuple[Way, dict[str, Any]]]:
    print("| method | size | precision | recompute | at the end | growth | per 100 steps |\n|" + "---|" * 7, flush=True)
    for method, size, precision, again in product(given.methods, given.sizes, given.precisions, given.recompute):
        steps = given.steps or 300
        way = Way(method, size, given.width or 16, precision, again == "yes", steps, given.device, max(1, steps // 60))
        found = apart("flat", way)
        cells = [f"{found['seen'][-1][1] / 1e6:.0f} MB", f"{found['growth'] / 1e6:+.1f} MB"]
        cells.append(f"{100 * found['slope'] / 1e6:+.2f} MB")
        print("| " + " | ".join([*way.cells(), *cells]) + " |", flush=True)
        yield way, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("question", choices=("step", "flat"))
    parser.add_argument("--methods", nargs="+", choices=CONFIGS, default=["pix2pix", "cyclegan", "cut"])
    parser.add_argument("--sizes", nargs="+", type=int, default=[64])
    parser.add_argument("--precisions", nargs="+", choices=("32", "bf16"), default=["32"])
    parser.add_argument("--recompute", nargs="+", choices=("no", "yes"), default=["no", "yes"])
    parser.add_argument("--width", type=int)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        way = Way(**json.loads(given.child))
        print("\n" + json.dumps(step(way) if given.question == "step" else flat(way)))
        return
    rows = rows_of_step(given) if given.question == "step" else rows_of_flat(given)
    found = [{**asdict(way), **figures} for way, figures in rows]
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
