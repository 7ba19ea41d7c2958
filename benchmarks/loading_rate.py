"""How many pairs a second the input pipeline makes ready: from files to batches in [-1, 1].

    python benchmarks/loading_rate.py [--data facades] [--direction BtoA] [--size 256] [--seconds 5]

Without --data from embedded facades of that size, drawn first. It also tells what one pair's parts take.
"""

import argparse
import itertools
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import torch

from pixlate import images
from pixlate.data import augment, caching
from pixlate.data.facades.writing import write
from pixlate.data.loading import Stream, batches, to_tensor
from pixlate.data.reading import read_pair
from pixlate.specs.data import DataConfig
from pixlate.specs.methods.pix2pix import Pix2PixConfig
from pixlate.specs.training import LoopConfig, TrainConfig
from pixlate.training.planning import Plan, plan

PACE = 500
"""Steps a second at which one H200 is expected to train pix2pix at 256 px, batch 1: CUDA graphs at 2 ms a step."""


def planned(data: Path, direction: str, size: int, cache: str | None = None) -> Plan:
    """A run on `data` with the paper's jitter; nothing is written."""
    config = DataConfig(str(data), direction=direction, size=str(size), cache=cache)  # type: ignore[arg-type]
    return plan(TrainConfig(config, Pix2PixConfig(), LoopConfig(run=str(data / "no-run"))))


def stream(of: Plan, cache: caching.Cache | None = None) -> Stream:
    """Its training pairs, without end."""
    return Stream(of.survey.train, of.survey.sides, of.preparation, 0, cache=cache)


def rate(pairs: Stream, seconds: float, *, batch: int = 1, workers: int = 0, first: int = 4) -> float:
    """Pairs a second, once the `first` batches have come."""
    with closing(batches(pairs, start=0, steps=1 << 30, batch=batch, workers=workers)) as endless:  # type: ignore[type-var]
        for _ in itertools.islice(endless, first):
            pass
        began, count = time.perf_counter(), 0
        for _ in endless:
            count += batch
            needed = time.perf_counter() - began
            if needed >= seconds:
                break
    return count / needed


def parts(of: Plan, seconds: float) -> dict[str, float]:
    """Seconds that the parts of one pair take, in one thread."""
    files, sides = of.survey.train, of.survey.sides
    source, target = files.sources[0], files.targets[0]
    pair = read_pair(source, target, sides)
    whole = of.preparation
    jittered = [augment.jitter(picture, whole, augment.draw(0, 0, 0)) for picture in pair]
    work: dict[str, Callable[[], object]] = {
        "decode": lambda: read_pair(source, target, sides),
        "resize": lambda: [images.resize(one, whole.load_height, whole.load_width, whole.resample) for one in pair],
        "jitter_with_resize": lambda: [augment.jitter(one, whole, augment.draw(0, 0, 0)) for one in pair],
        "to_tensor": lambda: [
            to_tensor(one, kind) for one, kind in zip(jittered, (sides.source, sides.target), strict=True)
        ],
    }
    return {name: _each(one, seconds / len(work)) for name, one in work.items()}


def _each(work: Callable[[], object], seconds: float) -> float:
    work()
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        work()
        count += 1
    return (time.perf_counter() - began) / count


def measure(data: Path | None, direction: str, size: int, seconds: float, workers: tuple[int, ...]) -> dict[str, Any]:
    """Pairs a second with so many workers, and from a cache of decoded pictures; what the parts of one pair take."""
    with tempfile.TemporaryDirectory() as folder:
        if data is None:
            data, direction = Path(folder) / "facades", "BtoA"
            write(data, (24, 1, 0), size=size)
        of = planned(data, direction, size)
        found: dict[str, Any] = {"pairs": len(of.survey.train), "picture": list(of.survey.size), "size": size}
        for count in workers:
            found[f"workers_{count}_pairs_s"] = rate(stream(of), seconds, workers=count)
        cached = planned(data, direction, size, "1GB")
        with caching.opened(cached.config.data, cached.survey.train, lambda text: [text]) as cache:  # type: ignore[union-attr]
            once = len(of.survey.train)
            found["cached_pairs_s"] = rate(stream(cached, cache), seconds, first=once)
        found["parts_s"] = parts(of, seconds)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--direction", default="BtoA")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=5.0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    for name, value in measure(given.data, given.direction, given.size, given.seconds, (0, 1, 2)).items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
