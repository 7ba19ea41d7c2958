"""A training run of a second, real in every part, for the benchmarks of reliability: run it, stop it, compare it.

The server (this process) imports torch and forks before any threaded operation, so that a run costs no import. A run is
compared with another by every tensor of its model, its best model and its last checkpoint, and by every logged line.
"""

import argparse
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import PIL.PngImagePlugin  # noqa: F401 - these are loaded when first used, and so here for all children
import rich._emoji_codes  # noqa: F401
import safetensors.torch  # noqa: F401
import torch
import torch._dynamo

import pixlate.training.loop  # noqa: F401
from pixlate import tensorfile
from pixlate.checkpoint.shelf import Shelf
from pixlate.data.facades.writing import write as write_facades
from pixlate.specs.data import DataConfig
from pixlate.specs.learning import LearningConfig
from pixlate.specs.methods.cut import CUTConfig
from pixlate.specs.methods.cyclegan import CycleGANConfig
from pixlate.specs.methods.pix2pix import Pix2PixConfig
from pixlate.specs.methods.settings import MethodConfig
from pixlate.specs.networks import NetworksConfig
from pixlate.specs.training import LoopConfig, TrainConfig
from pixlate.training import runfolder, train
from pixlate.training.keeping import Keeper

STEPS = 30
os.environ["OMP_NUM_THREADS"] = "1"  # so small a run is slower with more, and two at once much slower
torch.set_num_threads(1)


def data(folder: Path) -> Path:
    """Eleven pairs of 32 px, eight of them to train on."""
    if not folder.exists():
        write_facades(folder, (8, 3, 0), size=32)
    return folder


METHODS: dict[str, tuple[MethodConfig, NetworksConfig, list[str]]] = {
    "pix2pix": (Pix2PixConfig(), NetworksConfig(width=4, receptive_field=16), ["--direction", "BtoA"]),
    # The history is small enough to be filled, and then exchanged, in a run this short.
    "cyclegan": (
        CycleGANConfig(history=5),
        NetworksConfig(width=4, receptive_field=16, blocks=1),
        ["--method", "cyclegan", "--history", "5", "--blocks", "1"],
    ),
    "cut": (
        CUTConfig(objective="FastCUT", patches=32),
        NetworksConfig(width=4, receptive_field=16, blocks=1),
        ["--method", "cut", "--objective", "FastCUT", "--patches", "32", "--blocks", "1"],
    ),
}
_chosen = ["pix2pix"]


def add_method(parser: argparse.ArgumentParser) -> None:
    """Let the benchmark be told which method the runs are of."""
    parser.add_argument("--method", choices=METHODS, default="pix2pix", type=choose)


def choose(method: str) -> str:
    """Let the runs be of that method from now on."""
    _chosen[0] = method
    return method


def config(pictures: Path, run: Path, width: int = 4, **loop: Any) -> TrainConfig:
    """The method whole, and an average; a checkpoint every second step; looks, lines and epochs out of step with it."""
    settings = {"steps": STEPS, "validate_every": 15, "log_every": 7, "checkpoint_every": 2, "ema": 0.9}
    settings |= {"workers": 0, "samples": 1, "tensorboard": False}
    method, networks, flags = METHODS[_chosen[0]]
    return TrainConfig(
        DataConfig(str(pictures), direction="BtoA" if "BtoA" in flags else "AtoB"),
        method,
        LoopConfig(run=str(run), **{**settings, **loop}),
        replace(networks, width=width),
        LearningConfig(decay=0.5),
    )


def words(pictures: Path, run: Path, **loop: Any) -> list[str]:
    """The same run as a command."""
    flags = ["train", str(pictures), *METHODS[_chosen[0]][2]]
    flags += ["--width", "4", "--decay", "0.5", "--receptive-field", "16"]
    flags += ["--run", str(run), "--no-tensorboard"]
    settings = config(pictures, run, **loop).loop
    for name in ("steps", "validate_every", "log_every", "checkpoint_every", "ema", "workers", "samples"):
        flags += [f"--{name.replace('_', '-')}", str(getattr(settings, name))]
    return flags


class Child:
    """A forked process that reports to this one."""

    def __init__(self, work: Callable[[Callable[[str], object]], object], log: Path) -> None:
        """Run `work(report)`, with standard output and errors going to the file `log`."""
        self._reader, writer = os.pipe()
        self.log = log
        self._told = b""
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._reader)
            _be_child(work, writer, log)
        os.close(writer)

    def listen(self, until: float) -> list[str]:
        """All reports so far, waiting for another up to the time `until`."""
        if select.select([self._reader], [], [], max(0.0, until - time.monotonic()))[0]:
            self._told += os.read(self._reader, 1 << 20)
        return self.reports

    @property
    def reports(self) -> list[str]:
        """What has been heard so far."""
        return self._told.decode().splitlines()

    def wait_for(self, report: str) -> bool:
        """Whether that report comes before the end."""
        while report not in self.reports:
            before = len(self._told)
            self.listen(time.monotonic() + 60)
            if len(self._told) == before:
                return False
        return True

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def end(self) -> int:
        """Wait for the end; returns the exit code, negative after a signal."""
        while chunk := os.read(self._reader, 1 << 20):
            self._told += chunk
        os.close(self._reader)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def _be_child(work: Callable[[Callable[[str], object]], object], writer: int, log: Path) -> NoReturn:
    handle = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    code = 1
    try:
        work(lambda report: os.write(writer, f"{report}\n".encode()))
        code = 0
    except SystemExit as exit_:
        code = exit_.code if isinstance(exit_.code, int) else 1
    except KeyboardInterrupt:
        code = 130
    except BaseException as error:  # noqa: BLE001 - told, and judged by the parent
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        code = 2
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def reporting(run: TrainConfig) -> Callable[[Callable[[str], object]], object]:
    """Work for a child: the run, with "begin STEP" and "saved STEP" reported around every save."""

    def work(report: Callable[[str], object]) -> None:
        write = Keeper.write

        def reported(keeper: Keeper) -> None:
            step = keeper._state.progress.step
            report(f"begin {step}")
            write(keeper)
            report(f"saved {step}")

        Keeper.write = reported  # type: ignore[method-assign,assignment]
        train(run)
        report("end")

    return work


def outcome(run: Path) -> dict[str, Any]:
    """All that a run has come to: tensors, progress, and the lines of its journal."""
    shelf = Shelf(run / runfolder.CHECKPOINTS)
    tensors, document = shelf.read(shelf.steps()[-1])
    found = {f"checkpoint {name}": tensor for name, tensor in tensors.items()}
    for path in sorted(run.glob("*.safetensors")):
        found |= {f"{path.stem} {key}": value for key, value in tensorfile.read_tensors(path).items()}
    lines = (run / runfolder.METRICS).read_text().splitlines()
    told = {f"line {index}": untimed(line) for index, line in enumerate(lines)}
    return {**found, **told, "progress": document["progress"], "kept": shelf.steps()}


def untimed(line: str) -> dict[str, Any]:
    """A line of the journal without what a clock said."""
    return {name: value for name, value in json.loads(line).items() if name != "waiting"}


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """The names of what is not the same to the bit."""
    both = one.keys() & other.keys()
    return sorted((one.keys() ^ other.keys()) | {name for name in both if not _same(one[name], other[name])})


def _same(one: Any, other: Any) -> bool:
    if hasattr(one, "numpy") and hasattr(other, "numpy"):
        one, other = one.numpy(), other.numpy()
        return bool((one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes()))
    return bool(one == other)


def orphans(run: Path) -> list[Path]:
    """What crashes left lying about."""
    return list(run.rglob("*.part"))
