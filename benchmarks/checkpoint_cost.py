"""What a checkpoint of the paper's networks at 256×256 costs, and what share of a run that is.

    python benchmarks/checkpoint_cost.py --data facades --out runs/cost

The time of a step is that of the run itself (its median); a checkpoint's is split into its parts.
"""

import argparse
import itertools
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pixlate import durable
from pixlate.checkpoint.shelf import Shelf
from pixlate.specs.data import DataConfig
from pixlate.specs.methods.pix2pix import Pix2PixConfig
from pixlate.specs.training import LoopConfig, TrainConfig
from pixlate.training import runfolder, train
from pixlate.training.keeping import Keeper
from pixlate.training.state import State

spent: dict[str, list[float]] = {}


def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(*given: Any) -> Any:
        began = time.perf_counter()
        try:
            return function(*given)
        finally:
            spent.setdefault(name, []).append(time.perf_counter() - began)

    return wrapped


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--direction", default="BtoA")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--every", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("runs/cost"))
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    given = parser.parse_args()
    Keeper.write = timed("checkpoint", Keeper.write)  # type: ignore[method-assign]
    State.unsound = timed("looking for NaN", State.unsound)  # type: ignore[method-assign]
    durable._sync = timed("fsync", durable._sync)
    durable.sha256 = timed("SHA-256", durable.sha256)
    advance = State.advance
    steps: list[float] = []

    def advanced(state: State, losses: Any) -> None:
        advance(state, losses)
        steps.append(time.perf_counter())

    State.advance = advanced  # type: ignore[method-assign,assignment]
    loop = LoopConfig(run=str(given.out), steps=given.steps, validate_every=given.steps, validate_on=1, samples=0)
    loop = LoopConfig(**{**vars(loop), "checkpoint_every": given.every, "tensorboard": False})
    train(TrainConfig(DataConfig(given.data, direction=given.direction, size="256"), Pix2PixConfig(), loop))
    between = [
        after - before
        for number, (before, after) in enumerate(itertools.pairwise(steps), 2)
        if (number - 1) % given.every
    ]
    step = statistics.median(between)
    save = statistics.median(spent["checkpoint"]) + statistics.median(spent["looking for NaN"])
    shelf = Shelf(given.out / runfolder.CHECKPOINTS)
    size = sum(file.stat().st_size for file in shelf.path(shelf.steps()[-1]).iterdir())
    print(
        f"step {step:.3f} s (median of {len(between)}); checkpoint of {size / 1e6:.0f} MB with its check: {save:.2f} s",
        end=" ",
    )
    print(f"(median of {len(spent['checkpoint'])}, {min(spent['checkpoint']):.2f} to {max(spent['checkpoint']):.2f})")
    saves = len(spent["checkpoint"])
    if given.json is not None:
        given.json.write_text(json.dumps({"step_s": step, "save_s": save, "megabytes": size / 1e6, "saves": saves}))
    for name in ("fsync", "SHA-256", "looking for NaN"):
        print(f"  {name}: {sum(spent[name]) / saves:.2f} s a checkpoint")
    whole = 200 * 400  # the paper's epochs and pairs
    every = whole // 40
    extra = max(0, round(every * step / 600) - 1) + 1
    print(f"of a run of {whole} steps with the default intervals (every {every} steps and every ten minutes):", end=" ")
    print(f"{100 * extra * save / (every * step + extra * save):.2f} % of the time")


if __name__ == "__main__":
    main()
