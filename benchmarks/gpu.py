"""All that is wanted of a GPU, in one command that ends within nine minutes.

    python benchmarks/gpu.py --data FACADES --json gpu.json
    python benchmarks/gpu.py --device cpu --quick

Without `--data` drawn facades take the place of the published ones. On one H200 the parts are meant to take:

1. correctness, 60 s: one recorded step in each precision beside an eager one in 64 bits: losses, and gradients as each
   optimizer's first moment has them, as ‖difference‖ / ‖64 bits‖;
2. exactness, 60 s: the same bits twice, after a resume, and recorded as eager;
3. ceilings, 10 s: what this machine multiplies and copies at best;
4. steps, 150 s: milliseconds, eager and recorded, in each precision, and with channels last;
5. input, 30 s: pairs per second from the loader and from pictures kept on the device;
6. facades, 200 s: `pixlate train` for 200 epochs with ten validations, or as many steps as time is left for, projected.

The table comes last, also when the time is up before the end. The exit code is 1 if 1 or 2 found a fault. On the CPU
nothing is recorded, which is told, and its figures only show that the command works.
"""

import argparse
import itertools
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gpu_bench import Bench, noises, per_second
from pixlate import train
from pixlate.checkpoint.packing import pack, unpack
from pixlate.data import resident
from pixlate.data.facades.writing import write as write_facades
from pixlate.data.loading import Batch, Stream, batches
from pixlate.devices import Device
from pixlate.methods.protocol import Method
from pixlate.specs.data import DataConfig
from pixlate.specs.methods.pix2pix import Pix2PixConfig
from pixlate.specs.networks import NetworksConfig
from pixlate.specs.training import LoopConfig, Precision, TrainConfig
from pixlate.training import capture
from pixlate.training.planning import cores, plan

LONGEST = 530.0
MOST: dict[Precision, float] = {"32": 5e-3, "tf32": 1e-1, "bf16": 1.0}
"""The greatest difference from 64 bits that is no fault. BatchNorm over 2×2 positions magnifies what rounding does, and
the gradient of L1, a sign, turns where an output is next to its target."""
PARTS = ("correctness", "exactness", "ceilings", "steps", "input", "facades")


def gradients(method: Method) -> dict[str, list[Tensor]]:
    """After a first step the optimizers' first moments are their gradients, but for a factor."""
    return {
        name: [state["exp_avg"] for state in optimizer.state_dict()["state"].values()]
        for name, optimizer in method.optimizers.items()
    }


def apart(ones: Sequence[Tensor], others: Sequence[Tensor]) -> float:
    """‖one - other‖ / ‖other‖."""
    one, other = (torch.cat([each.double().flatten().cpu() for each in them]) for them in (ones, others))
    return float((one - other).norm() / other.norm())


def correctness(bench: Bench) -> None:
    for name in ("pix2pix", "cyclegan"):
        data = bench.batch(1, 1)
        with Device(bench.device) as device:
            exact = bench.make(name)
            exact.to(device.torch)
            exact.double()  # type: ignore[attr-defined]
            wide = data._replace(source=data.source.double(), target=data.target.double())
            wanted = exact.step([wide], noises(0), device)
            right = gradients(exact)
        for precision in bench.precisions:
            with bench.attempting(f"correctness of {name} in {precision}"), Device(bench.device, precision) as device:
                method = bench.make(name)
                method.to(device.torch)
                found = bench.stepper(method, device, recorded=True)([data], 0)
                distances = {"losses": apart(list(found.values()), list(wanted.values()))}
                ours = gradients(method)
                distances |= {f"gradients of {each}": apart(ours[each], right[each]) for each in right}
                for what, value in distances.items():
                    bench.add("correctness", f"{name}, {precision}, {what}", value, "apart")
                    bench.judge(value <= MOST[precision], f"{name} in {precision}: {what} {value:.2g} from 64 bits")


def whole(method: Method) -> dict[str, Tensor]:
    return {name: each.clone() for name, each in (pack(method) | dict(method.named_buffers())).items()}


def differing(one: dict[str, Tensor], other: dict[str, Tensor]) -> int:
    """How many tensors are not the same to the bit."""
    return sum(name not in other or not torch.equal(value, other[name]) for name, value in one.items())


def exactness(bench: Bench) -> None:
    for name, precision in itertools.product(("pix2pix", "cyclegan"), bench.precisions):
        with bench.attempting(f"exactness of {name} in {precision}"), Device(bench.device, precision) as device:

            def after(
                steps: range, state: dict[str, Tensor] | None = None, *, recorded: bool = True
            ) -> dict[str, Tensor]:
                method = bench.make(name)  # noqa: B023 - called within the loop
                method.to(device.torch)
                if state is not None:
                    buffers = dict(method.named_buffers())
                    unpack({key: value for key, value in state.items() if key not in buffers}, method)
                    for key, buffer in buffers.items():
                        buffer.copy_(state[key])
                step = bench.stepper(method, device, recorded=recorded)
                for number in steps:
                    for optimizer in method.optimizers.values():
                        device.set_rate(optimizer, 2e-4 * (1 - number / 20))
                    step([bench.batch(number)], number)
                return whole(method)

            half, last_ = (2, 4) if bench.quick else (4, 8)
            straight = after(range(last_))
            outcomes = {
                "the same again": after(range(last_)),
                f"stopped after {half} of {last_} steps and resumed": after(range(half, last_), after(range(half))),
                "eager": after(range(last_), recorded=False),
            }
            for what, outcome in outcomes.items():
                count = differing(straight, outcome)
                bench.add("exactness", f"{name}, {precision}, {what}", count, f"of {len(straight)} tensors differ")
                bench.judge(count == 0, f"{name} in {precision}, {what}: {count} tensors differ")


def ceilings(bench: Bench) -> None:
    side = 256 if bench.quick else 8192
    kinds = {"32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16}
    for precision in bench.precisions:
        with Device(bench.device, precision) as device:
            factor = torch.randn(side, side, device=device.torch).to(kinds[precision])
            rate = per_second(bench, partial(torch.mm, factor, factor))
            bench.add("ceilings", f"products of {side}×{side}, {precision}", rate * 2 * side**3 / 1e12, "TFLOP/s")
    source = torch.empty((1 << 20 if bench.quick else 1 << 30) // 4, device=bench.device)
    target = torch.empty_like(source)
    rate = per_second(bench, lambda: target.copy_(source))
    bench.add("ceilings", "copies within its memory, read and written", rate * 2 * source.nbytes / 1e12, "TB/s")


def steps(bench: Bench) -> None:
    ways = ("eager", "recorded", "recorded, channels last") if bench.device == "cuda" else ("eager",)
    counts = {"pix2pix": (1, 2) if bench.quick else (1, 4, 16), "cyclegan": (1,)}
    for name, precision in itertools.product(counts, bench.precisions):
        for count in counts[name]:
            for how in ways[: 2 if precision == "32" else 3]:
                told = f"{name}, batch {count}, {precision}, {how}"
                with bench.attempting(told), Device(bench.device, precision) as device:
                    step, work = stepping(bench, name, device, count, how)
                    bench.add("steps", told, 1000 / per_second(bench, work), "ms")
                    if isinstance(step, capture.Recorded):
                        assert step._replay is not None
                        bench.add("steps", f"{told}, the replay alone", 1000 / per_second(bench, step._replay), "ms")


def stepping(
    bench: Bench, name: str, device: Device, count: int, how: str
) -> tuple[Callable[[Sequence[Batch], int], Any], Callable[[], object]]:
    """What takes a step, and what takes one more each time it is called."""
    method = bench.make(name)
    method.to(device.torch)
    data = [bench.batch(seed, count) for seed in range(4)]
    if how.endswith("channels last"):
        method.to(memory_format=torch.channels_last)  # type: ignore[call-arg]
        data = [each._replace(source=last(each.source), target=last(each.target)) for each in data]
    step = bench.stepper(method, device, recorded=how != "eager")
    numbers = itertools.count()

    def work() -> None:
        number = next(numbers)
        for optimizer in method.optimizers.values():
            device.set_rate(optimizer, 2e-4)
        step([data[number % len(data)]], number)

    return step, work


def last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


def config_of(bench: Bench, data: Path, folder: Path, **loop: Any) -> TrainConfig:
    size = str(bench.size)
    return TrainConfig(
        DataConfig(str(data), direction="BtoA", size=size),
        Pix2PixConfig(),
        LoopConfig(run=str(folder / "run"), device=bench.device, **{"tensorboard": False, **loop}),
        NetworksConfig(width=bench.width),
    )


def feeding(bench: Bench, data: Path, folder: Path) -> None:
    planned = plan(config_of(bench, data, folder))
    stream = Stream(planned.survey.train, planned.survey.sides, planned.preparation, 0)
    most, place = 1 << 30, torch.device(bench.device)
    workers = 0 if bench.quick else max(1, cores() - 1)

    def rate(feed: Iterator[tuple[Batch, ...]], count: int) -> float:
        return count * per_second(bench, lambda: [each.to(place) for each in next(feed)])

    for count in (1, 16):
        loader = batches(stream, start=0, steps=most, batch=count, workers=workers)
        bench.add("input", f"loader, {workers} workers, batch {count}", rate(loader, count), "pairs/s")
        loader.close()  # type: ignore[attr-defined]
    began = time.perf_counter()
    kept = resident.Resident(stream, place)
    if (why := kept.read(resident.budget(place) or 1 << 30, cores())) is not None:
        bench.notes.add(f"pictures are not kept on the device: {why}")
        return
    bench.add("input", f"reading {len(stream.examples)} pairs to the device", time.perf_counter() - began, "s")
    for count in (1, 16):
        bench.add(
            "input",
            f"kept there, batch {count}",
            rate(kept.batches(start=0, steps=most, batch=count), count),
            "pairs/s",
        )


def facades(bench: Bench, data: Path, folder: Path) -> None:
    """A run as a user starts it. What it waits for at its start is taken from a short run, and counted."""
    precision = "bf16"
    survey = plan(config_of(bench, data, folder)).survey
    epochs = 2 if bench.quick else 200
    wanted = epochs * len(survey.train)

    def timed(name: str, count: int, every: int) -> float:
        run = config_of(bench, data, folder / name, precision=precision, steps=count, validate_every=every)
        began = time.perf_counter()
        train(run)
        return time.perf_counter() - began

    start = timed("start", 2, 2)
    probe = 4 if bench.quick else 1000
    every = max(1, wanted // 10)
    # The short run looked twice, and a look is no dearer than half of it.
    rate = (timed("probe", probe, probe) - start) / probe + start / 2 / every
    left = LONGEST - bench.spent - start - 10
    count = min(wanted, int(left / rate))
    if count < probe:
        bench.notes.add("no time was left for facades")
        return
    took = timed("facades", count, every)
    bench.add("facades", f"{precision}, {count} steps with validation and samples", took, "s")
    if count < wanted:
        bench.add(
            "facades", f"projected to {epochs} epochs, {wanted} steps", start + (took - start) * wanted / count, "s"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a copy of the published facades set")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--quick", action="store_true", help="tiny networks and pictures: does the command work?")
    parser.add_argument("--parts", default=",".join(PARTS), help="only these, of " + ", ".join(PARTS))
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    bench = Bench(given)

    def give_up() -> None:
        bench.notes.add("the time was up before the end")
        bench.table()
        os._exit(1)

    guard = threading.Timer(LONGEST, give_up)
    guard.daemon = True
    guard.start()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        data = given.data
        if data is None:
            data = folder / "drawn"
            write_facades(data, (8, 3, 0) if bench.quick else (400, 100, 0), size=bench.size)
        parts: dict[str, Callable[[], None]] = {
            "correctness": lambda: correctness(bench),
            "exactness": lambda: exactness(bench),
            "ceilings": lambda: ceilings(bench),
            "steps": lambda: steps(bench),
            "input": lambda: feeding(bench, data, folder),
            "facades": lambda: facades(bench, data, folder),
        }
        try:
            for part in given.parts.split(","):
                with bench.attempting(part):
                    parts[part]()
        finally:
            guard.cancel()
            bench.table()
    return 1 if bench.faults else 0


if __name__ == "__main__":
    sys.exit(main())
