"""What `gpu.py` works with: the paper's networks, batches, a clock, and the table of what was found."""

import argparse
import gc
import json
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from pixlate import draws
from pixlate.data.loading import Batch
from pixlate.devices import Device
from pixlate.methods import table
from pixlate.methods.protocol import Method
from pixlate.networks.noise import Noise
from pixlate.specs.learning import LearningConfig
from pixlate.specs.methods.cyclegan import CycleGANConfig
from pixlate.specs.methods.pix2pix import Pix2PixConfig
from pixlate.specs.methods.settings import MethodConfig, MethodSpec
from pixlate.specs.networks import DiscriminatorSpec, GeneratorSpec, NetworkSpec
from pixlate.specs.training import LoopConfig, Precision
from pixlate.training import capture

PRECISIONS: tuple[Precision, ...] = ("32", "tf32", "bf16")


class Bench:
    """Sizes, the time that is left, and what was found so far."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.device, self.quick, self.json = given.device, given.quick, given.json
        self.size, self.width = (32, 4) if self.quick else (256, 64)
        self.precisions = PRECISIONS if self.device == "cuda" else ("32", "bf16")
        self.seconds = 0.05 if self.quick else 2.0
        self.began = time.perf_counter()
        self.rows: list[dict[str, Any]] = []
        self.faults: list[str] = []
        self.notes: set[str] = set()

    def add(self, part: str, what: str, value: float, unit: str) -> None:
        self.rows.append({"part": part, "what": what, "value": value, "unit": unit})
        print(f"{self.spent:5.0f} s  {part}: {what}: {value:.4g} {unit}", flush=True)
        self.write()

    def judge(self, holds: bool, fault: str) -> None:
        if not holds:
            self.faults.append(fault)
            print(f"FAULT: {fault}", flush=True)

    @contextmanager
    def attempting(self, what: str) -> Iterator[None]:
        """Tell of an error as of a fault, and go on with what comes next."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - the machine is lent for minutes: whatever can be learned is
            traceback.print_exc()
            self.judge(holds=False, fault=f"{what}: {type(error).__name__}: {str(error).strip().splitlines()[:1]}")

    @property
    def spent(self) -> float:
        return time.perf_counter() - self.began

    def write(self) -> None:
        if self.json is None:
            return
        machine = torch.cuda.get_device_name() if self.device == "cuda" else "cpu"
        told = {"machine": machine, "torch": torch.__version__, "seconds": self.spent, "faults": self.faults}
        self.json.write_text(json.dumps(told | {"notes": sorted(self.notes), "rows": self.rows}, indent=1) + "\n")

    def table(self) -> None:
        """Everything, at the end."""
        print(f"\n{torch.cuda.get_device_name() if self.device == 'cuda' else 'cpu'}, torch {torch.__version__}")
        for note in sorted(self.notes):
            print(f"note: {note}")
        width = max((len(row["what"]) for row in self.rows), default=0)
        for row in self.rows:
            print(f"| {row['part']:11} | {row['what']:{width}} | {row['value']:10.4g} {row['unit']} |")
        print(f"{self.spent:.0f} s; " + ("; ".join(self.faults) or "no fault found"), flush=True)
        self.write()

    def make(self, name: str) -> Method:
        """The paper's networks with their first weights."""
        gc.collect()  # the memory of those before
        generator, judged = {
            "pix2pix": (GeneratorSpec("unet", 3, 3, 3 if self.quick else 8, self.width, (1, 2)), 6),
            "cyclegan": (
                GeneratorSpec("resnet", 3, 3, 2, self.width, (), 0, 1 if self.quick else 9, "instance"),
                3,
            ),
        }[name]
        judge = DiscriminatorSpec(judged, 16 if self.quick else 70, self.width, generator.norm)
        networks: dict[str, NetworkSpec] = {"G": generator, "D": judge}
        config: MethodConfig = Pix2PixConfig()
        if name == "cyclegan":
            config, networks = CycleGANConfig(), {"G": generator, "F": generator, "D_X": judge, "D_Y": judge}
        return table.build(MethodSpec(config, networks, LearningConfig(), (self.size, self.size)), 0)

    def batch(self, seed: int, count: int = 1) -> Batch:
        draw = torch.Generator().manual_seed(seed)
        x, y = (torch.rand(count, 3, self.size, self.size, generator=draw) * 2 - 1 for _ in range(2))
        return Batch(x, y, ("",) * count).to(torch.device(self.device))

    def stepper(self, method: Method, device: Device, *, recorded: bool) -> Callable[[Sequence[Batch], int], Any]:
        notes: list[str] = []
        step = capture.stepper(method, device, LoopConfig(capture=recorded), noises, notes)
        self.notes |= set(notes)
        return step

    def wait(self) -> None:
        if self.device == "cuda":
            torch.cuda.synchronize()


def noises(step: int) -> capture.Noises:
    return lambda index: Noise(draws.seed(0, "z", step, index))


def per_second(bench: Bench, work: Callable[[], object]) -> float:
    """How often a second the work is done, once it is warm."""
    for _ in range(2 if bench.quick else 5):
        work()
    bench.wait()
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < bench.seconds:
        for _ in range(1 if bench.quick else 5):
            work()
            count += 1
        bench.wait()
    return count / (time.perf_counter() - began)
