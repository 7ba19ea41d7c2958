"""Resuming at every step, in every way of running, and with any part of the state left out.

    python benchmarks/resume.py --out runs/resume

1. A run of 200 steps with a checkpoint at each; from every one of them a run goes on to the end. Weights, optimizers,
   averages and every logged loss must be those of the uninterrupted run, to the bit.
2. The same from 10 random steps for each of {0, 2 workers} × {1, 2 processes} × {32, bf16} × {accumulate 1, 2}.
3. Each part of the state in turn is put back to what a fresh run has before the run goes on: every time the end must
   differ. So each part is needed, and the comparison can see it.
"""

import argparse
import itertools
import json
import os
import random
import shutil
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import tiny_run
from pixlate.checkpoint.shelf import Shelf
from pixlate.devices import Device
from pixlate.methods.protocol import Method
from pixlate.training import runfolder
from pixlate.training.validation.paired import PairedValidation

ALL_KEPT: dict[str, Any] = {"checkpoint_every": 1, "keep_every": 1}


def run_to_end(pictures: Path, run: Path, processes: int = 1, *, falling: bool = False, **loop: Any) -> str:
    """Train in as many processes; returns what the leading one said. With `falling` scores the first look is the best.

    Raises:
        RuntimeError: one of them ended with an error.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    work = tiny_run.reporting(tiny_run.config(pictures, run, **loop))

    def ranked(rank: int) -> Callable[[Callable[[str], object]], None]:
        def start(report: Callable[[str], object]) -> None:
            if processes > 1:
                os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(processes)}
                os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
            if falling:
                PairedValidation.score = _falling(PairedValidation.score)  # type: ignore[method-assign]
            work(report)

        return start

    children = [tiny_run.Child(ranked(rank), run.parent / f"rank{rank}.log") for rank in range(processes)]
    codes = [child.end() for child in children]
    if any(codes):
        raise RuntimeError("\n".join(child.log.read_text() for child in children))
    return children[0].log.read_text()


def _falling(score: Callable[..., Any]) -> Callable[..., Any]:
    def scored(validation: PairedValidation, method: Method, device: Device) -> dict[str, float]:
        scores = score(validation, method, device)
        adam = next(iter(method.optimizers["G"].state.values()), {"step": 0})
        return {**scores, "ssim": 1 / (1 + float(adam["step"]))}

    return scored


def at_step(reference: Path, step: int, run: Path, *, earlier: bool = False) -> None:
    """A run folder as a crash right after the checkpoint of `step` leaves it, with or without the earlier ones."""
    shutil.rmtree(run, ignore_errors=True)
    (run / runfolder.CHECKPOINTS).mkdir(parents=True)
    source, target = Shelf(reference / runfolder.CHECKPOINTS), Shelf(run / runfolder.CHECKPOINTS)
    for kept in [kept for kept in source.steps() if kept == step or (earlier and kept < step)]:
        shutil.copytree(source.path(kept), target.path(kept), copy_function=os.link)
    _, document = source.read(step)
    progress = document["progress"]
    names = [runfolder.CONFIG, runfolder.METRICS, runfolder.PAIRS]

    def files(pattern: str) -> list[str]:
        return [path.name for path in reference.glob(f"{pattern}.safetensors")]

    # Only files that were shipped by then: a resumed run that ships none must be noticed.
    _, last = source.read(source.steps()[-1])
    names += files("best*") if progress["best_step"] == last["progress"]["best_step"] else []
    names += files("model*") if step == source.steps()[-1] else []
    for name in names:
        shutil.copy(reference / name, run / name)
    text = (run / runfolder.CONFIG).read_text().replace(str(reference.resolve()), str(run.resolve()))
    (run / runfolder.CONFIG).write_text(text)


def compare_from(
    pictures: Path,
    reference: Path,
    chosen: list[int],
    out: Path,
    *,
    processes: int = 1,
    **loop: Any,
) -> list[str]:
    """What differs when the run goes on from each of the `chosen` steps."""
    wanted = tiny_run.outcome(reference)
    loop |= {"checkpoint_every": 1000, "keep_every": None}  # the resumed run need not keep as many
    failures = []
    for step in chosen:
        run = out / "resumed"
        at_step(reference, step, run)
        said = run_to_end(pictures, run, processes, **loop)
        differing = [name for name in tiny_run.differences(tiny_run.outcome(run), wanted) if name != "kept"]
        if differing or f"resumed at step {step}" not in said or "not as it was" in said:
            failures.append(f"from step {step} ({loop}, {processes} processes): {differing[:3]} {said[-300:]}")
    return failures


def every_step(pictures: Path, out: Path, steps: int = 200, every: int = 1) -> tuple[int, list[str]]:
    """How many steps were resumed at, and what differed."""
    loop: dict[str, Any] = {**ALL_KEPT, "steps": steps, "validate_every": 45}
    reference = out / "every"
    shutil.rmtree(reference, ignore_errors=True)
    run_to_end(pictures, reference, **loop)
    chosen = list(range(every, steps, every))
    return len(chosen) + 1, compare_from(pictures, reference, [*chosen, steps], out, **loop)


def matrix(pictures: Path, out: Path, count: int = 10, seed: int = 1) -> tuple[int, list[str]]:
    """How many resumes were made, and what differed."""
    draw = random.Random(seed)
    made, failures = 0, []
    for workers, processes, precision, accumulate in itertools.product((0, 2), (1, 2), ("32", "bf16"), (1, 2)):
        loop: dict[str, Any] = {**ALL_KEPT, "workers": workers, "precision": precision, "accumulate": accumulate}
        reference = out / "reference"
        shutil.rmtree(reference, ignore_errors=True)
        run_to_end(pictures, reference, processes, **loop)
        steps = sorted(draw.sample(range(1, tiny_run.STEPS), count))
        failures += compare_from(pictures, reference, steps, out, processes=processes, **loop)
        made += count
    return made, failures


def _zeroed(fits: Callable[[str], bool]) -> Callable[[dict[str, Tensor], dict[str, Any], dict[str, Tensor]], None]:
    """Let the tensors whose names fit be as in the fresh state, the third argument."""

    def change(tensors: dict[str, Tensor], _document: dict[str, Any], fresh: dict[str, Tensor]) -> None:
        chosen = [name for name in tensors if fits(name)]
        assert chosen
        tensors.update({name: fresh[name].clone() for name in chosen})

    return change


def _reset(name: str, value: Any) -> Callable[[dict[str, Tensor], dict[str, Any], dict[str, Tensor]], None]:
    def change(_tensors: dict[str, Tensor], document: dict[str, Any], _fresh: dict[str, Tensor]) -> None:
        assert document["progress"][name] != value
        document["progress"][name] = value

    return change


def _forgotten_losses(tensors: dict[str, Tensor], _document: dict[str, Any], _fresh: dict[str, Tensor]) -> None:
    for name in [name for name in tensors if ".losses." in name]:
        del tensors[name]


def _nothing(_tensors: dict[str, Tensor], _document: dict[str, Any], _fresh: dict[str, Tensor]) -> None:
    """For comparison: with every part there, nothing may differ."""


Change = Callable[[dict[str, Tensor], dict[str, Any], dict[str, Tensor]], None]

_MOMENTS = {"first moments": ".exp_avg", "second moments": ".exp_avg_sq", "steps counted by Adam": ".step"}
_STATISTICS = {
    "running means": "running_mean",
    "running variances": "running_var",
    "batches counted": "num_batches_tracked",
}


def _network(name: str, optimizer: str | None = None, *, statistics: bool = False) -> dict[str, Change]:
    """The parts that belong to one network."""
    changes = {f"weights of {name}": _zeroed(lambda key: key.startswith(f"weights.{name}."))}
    for what, end in _STATISTICS.items() if statistics else ():
        changes[f"{what} of {name}"] = _zeroed(
            lambda key, end=end: f".buffers.{name}." in key and key.endswith(end)  # type: ignore[misc]
        )
    for what, end in _MOMENTS.items():
        changes[f"{what} of {name}"] = _zeroed(
            lambda key, end=end: key.startswith(f"optimizer.{optimizer or name}.") and key.endswith(end)  # type: ignore[misc]
        )
    return changes


def _within(start: str) -> Callable[[str], bool]:
    return lambda key: key.startswith(start)


def _history(side: str) -> dict[str, Change]:
    return {
        f"history of {side}": _zeroed(lambda key: key.endswith(f".buffers.history_{side}.pictures")),
        f"length of the history of {side}": _zeroed(lambda key: key.endswith(f".buffers.history_{side}.count")),
    }


_ALWAYS: dict[str, Change] = {
    "averaged weights": _zeroed(lambda name: name.startswith("average.")),
    "sums of losses": _forgotten_losses,
    "steps": _reset("step", 1),
    "place in the stream": _reset("seen", 0),
    "last look": _reset("looked", 0),
    "steps in the sums": _reset("tallied", 0),
    "lines of the journal": _reset("lines", 0),
}
PARTS: Mapping[str, Mapping[str, Change]] = {
    "pix2pix": {
        **_network("G", statistics=True),
        **_network("D", statistics=True),
        **_ALWAYS,
        "best score": _reset("best", None),
        "step of the best score": _reset("best_step", None),
    },
    # In turn, each network has its own optimizer; instance norm has no statistics; nothing chooses a best model.
    "cyclegan": {
        **_network("G"),
        **_network("F"),
        **_network("D_X"),
        **_network("D_Y"),
        **_history("X"),
        **_history("Y"),
        **_ALWAYS,
    },
    # A look that is made twice changes nothing: it has no scores to write down.
    "cut": {
        **_network("G"),
        **_network("D"),
        "weights of H": _zeroed(_within("weights.H.")),
        **{part: change for part, change in _ALWAYS.items() if part != "last look"},
    },
}


def mutations(pictures: Path, out: Path, method: str) -> dict[str, int]:
    """For each part of the state, how much differs at the end if it is left out."""
    loop: dict[str, Any] = {"checkpoint_every": 1, "keep_every": 2, "steps": 12, "validate_every": 4, "log_every": 5}
    reference = out / "mutated reference"
    shutil.rmtree(reference, ignore_errors=True)
    run_to_end(pictures, reference, falling=True, **loop)
    wanted = tiny_run.outcome(reference)
    shelf = Shelf(reference / runfolder.CHECKPOINTS)
    fresh = {name: torch.zeros_like(tensor) for name, tensor in shelf.read(6)[0].items()}
    fresh |= {name: torch.ones_like(tensor) for name, tensor in fresh.items() if name.endswith("running_var")}
    found = {}
    for part, change in {**PARTS[method], "nothing": _nothing}.items():
        run = out / "mutated"
        step = 4 if part == "last look" else 6  # a look was due at step 4, and is made again if it is forgotten
        at_step(reference, step, run, earlier=True)
        mutated = Shelf(run / runfolder.CHECKPOINTS)
        tensors, document = mutated.read(step)
        change(tensors, document, fresh)
        shutil.rmtree(mutated.path(step))
        kept = {key: value for key, value in document.items() if key not in ("kind", "format")}
        mutated.write(step, tensors, kept)
        run_to_end(pictures, run, falling=True, **loop)
        found[part] = len(tiny_run.differences(tiny_run.outcome(run), wanted))
    return found


def unlisted_parts(out: Path, method: str) -> list[str]:
    """What a checkpoint holds that no part of the list above would change."""
    shelf = Shelf(out / "mutated reference" / runfolder.CHECKPOINTS)
    tensors, document = shelf.read(6)
    touched: set[str] = set()
    for change in PARTS[method].values():
        left = {name: torch.full_like(tensor, 7) for name, tensor in tensors.items()}
        told = {"progress": dict.fromkeys(document["progress"], "untouched")}
        change(left, told, {name: torch.zeros_like(tensor) for name, tensor in tensors.items()})
        touched |= {name for name in tensors if name not in left or not bool((left[name] == 7).all())}
        touched |= {name for name, value in told["progress"].items() if value != "untouched"}
    known = set() if "best score" in PARTS[method] else {"best", "best_step"}  # there is nothing to choose by
    known |= set() if "last look" in PARTS[method] else {"looked"}
    return sorted((tensors.keys() | document["progress"].keys()) - touched - known)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=200, help="of the run resumed at every step")
    parser.add_argument("--every", type=int, default=1, help="or at every so many-th")
    parser.add_argument("--count", type=int, default=10, help="random steps for each way of running")
    parser.add_argument("--seed", type=int, default=1)
    tiny_run.add_method(parser)
    parser.add_argument("--out", type=Path, default=Path("runs/resume"))
    given = parser.parse_args()
    out = given.out
    out.mkdir(parents=True, exist_ok=True)
    pictures = tiny_run.data(out / "pictures")
    began = time.monotonic()
    count, failures = every_step(pictures, out, given.steps, given.every)
    print(f"resumed at {count} of {given.steps} steps: {len(failures)} failures", flush=True)
    made, more = matrix(pictures, out, given.count, given.seed)
    print(f"resumed {made} times in 16 ways of running: {len(more)} failures", flush=True)
    found = mutations(pictures, out, given.method)
    untouched = found.pop("nothing")
    noticed = sum(count > 0 for count in found.values())
    unlisted = unlisted_parts(out, given.method)
    print(
        f"parts of the state left out: {len(found)}, noticed: {noticed}; none left out: {untouched} differences",
        end="; ",
    )
    print(f"differences: {json.dumps(found)}")
    print("\n".join(failures + more + unlisted))
    print(f"{time.monotonic() - began:.0f} s")
    sys.exit(bool(failures or more or unlisted or untouched or noticed < len(found)))


if __name__ == "__main__":
    main()
