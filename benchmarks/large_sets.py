"""A set of 137,000 pairs as shards: time to the first batch, memory over an epoch, resuming in its middle, pictures/s.

    python benchmarks/large_sets.py --out runs/large

1. Draws the set, pairs of 64×64 JPEGs, straight into shards, by the code that `pixlate data shard` uses.
2. Starts `pixlate train` on it anew and reads off when the first step is done.
3. Reads one epoch of jittered batches with 2 workers, and trains on none: pictures a second, and the proportional set
   size of the process and of its workers at each tenth of the epoch. Two epochs with --cache.
4. Trains across the middle of the epoch, and resumes there: every tensor must be that of the uninterrupted run.
5. The same epoch from loose files (`--loose`), and from the shards by the library webdataset (`--webdataset PYTHON`, an
   interpreter that has it), which reads in order and shuffles in a buffer of 1,000.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
from PIL import Image

PAIRS = 137_000
_BASES = 64
_READ = """
import io, sys, time
import numpy as np, webdataset
from PIL import Image
folder = sys.argv[1]
shards = sorted(__import__("glob").glob(folder + "/*.tar"))
begun = time.perf_counter()
data = webdataset.WebDataset(shards, shardshuffle=len(shards), seed=0).shuffle(1000)
first, done = None, 0
for sample in data:
    for key in ("a.jpg", "b.jpg"):
        np.asarray(Image.open(io.BytesIO(sample[key])).convert("RGB"))
    done += 1
    if done == int(sys.argv[2]):
        break
    first = first or time.perf_counter() - begun
print({"first": first, "pictures/s": round(2 * done / (time.perf_counter() - begun))})
"""


class Drawn:
    """A JPEG that differs from all others: one of a few, with a comment that says which it stands for."""

    def __init__(self, base: bytes, name: str) -> None:
        self.base, self.name, self.suffix = base, name, ".jpg"

    def open(self, mode: Literal["rb"], /) -> BinaryIO:  # noqa: ARG002
        comment = self.name.encode()
        return io.BytesIO(self.base[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + self.base[2:])


def bases(size: int) -> list[bytes]:
    """Some pictures, encoded."""
    rng, found = np.random.default_rng(0), []
    for _ in range(_BASES):
        small = rng.integers(0, 256, (8, 8, 3), np.uint8)
        picture = np.asarray(Image.fromarray(small).resize((size, size), Image.Resampling.BICUBIC)).astype(np.int16)
        picture = np.clip(picture + rng.integers(-8, 9, picture.shape), 0, 255).astype(np.uint8)
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=85)
        found.append(file.getvalue())
    return found


def samples(count: int, size: int) -> Iterator[tuple[str, Drawn, Drawn]]:
    """Names and pictures of the pairs."""
    encoded = bases(size)
    for number in range(count):
        name = f"{number // 1000:03d}/{number:06d}"
        yield name, Drawn(encoded[number % _BASES], f"{name}.a"), Drawn(encoded[number * 7 % _BASES], f"{name}.b")


def make_shards(folder: Path, count: int, size: int) -> None:
    """The set as shards."""
    from pixlate.data.shards.writing import Sample, Sharding, write  # noqa: PLC0415

    made = [Sample(name, (a, b)) for name, a, b in samples(count, size)]
    for _ in write(Sharding({None: made}, ()), folder, 64_000_000):
        pass


def make_loose(folder: Path, count: int, size: int) -> None:
    """The set as files in A and B."""
    for name, a, b in samples(count, size):
        for side, picture in (("A", a), ("B", b)):
            path = folder / side / f"{name}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture.open("rb").read())


def first_step(data: Path, run: Path) -> dict[str, float]:
    """Seconds from the command to the report, to the look at step 0, and to the first line of losses."""
    words = [sys.executable, "-m", "pixlate", "train", str(data), "--run", str(run), "--width", "4", "--steps", "10"]
    words += ["--workers", "1", "--log-every", "1", "--validate-on", "4", "--samples", "1", "--no-tensorboard"]
    words += ["--receptive-field", "16", "--batch-size", "8"]
    begun, told = time.perf_counter(), {}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            if "training," in line:
                told["report"] = time.perf_counter() - begun
            if "step 0:" in line:
                told["step 0 shown"] = time.perf_counter() - begun
        journal = run / "metrics.jsonl"
    told["all 10 steps, guesses, model"] = time.perf_counter() - begun
    steps = [json.loads(line)["step"] for line in journal.read_text().splitlines()]
    assert process.returncode == 0
    assert steps
    return told


def memory(workers: bool = True) -> dict[str, float]:
    """Proportional set size in MB, shared pages divided by their owners, of this process and of its children."""
    own = _pss(os.getpid())
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return {"main": own, "workers": sum(_pss(int(child)) for child in children) if workers else 0.0}


def _pss(process: int) -> float:
    text = Path(f"/proc/{process}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1000


def epoch(data: str, workers: int, cache: str | None = None, batch: int = 50, epochs: int = 1) -> dict[str, Any]:
    """One epoch of batches and nothing else, in a process of its own."""
    from pixlate.data import caching  # noqa: PLC0415
    from pixlate.data.augment import Preparation  # noqa: PLC0415
    from pixlate.data.loading import Stream, batches  # noqa: PLC0415
    from pixlate.data.survey import survey  # noqa: PLC0415
    from pixlate.specs.data import DataConfig  # noqa: PLC0415

    begun = time.perf_counter()
    config = DataConfig(data, val_fraction=0.0, cache=cache)
    surveyed = survey(config, 0)
    looked = time.perf_counter() - begun
    height, width = surveyed.size
    preparation = Preparation(
        height, width, round(height * 286 / 256), round(width * 286 / 256), "stretch", mirror=True, resample="bilinear"
    )
    stream = Stream(
        surveyed.train,
        surveyed.sides,
        preparation,
        0,
        cache=caching.opened(config, surveyed.train, lambda text: [text]),
    )
    steps = len(surveyed.train) // batch
    told: dict[str, Any] = {"survey": looked}
    levels, seconds = [], []
    seen: set[int] = set()
    for turn in range(epochs):
        began = time.perf_counter()
        for place, group in enumerate(
            batches(stream, start=turn * steps * batch, steps=steps, batch=batch, workers=workers)
        ):
            if turn == 0:
                told.setdefault("first batch", time.perf_counter() - begun)
                seen.update(hash(name) for name in group[0].names)
            if place % (steps // 10) == steps // 20:
                levels.append(memory())
        seconds.append(time.perf_counter() - began)
    told["pictures/s"] = [round(2 * steps * batch / each) for each in seconds]
    told["MB"] = {name: [round(level[name]) for level in levels] for name in ("main", "workers")}
    told["pairs seen"] = len(seen)
    return told


def apart(function: str, *words: Any) -> dict[str, Any]:
    """What a function of this file finds in a fresh process."""
    program = f"import json, sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import large_sets; "
    program += f"print(json.dumps(large_sets.{function}(*{words!r})))"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(said.stdout.splitlines()[-1])
    return found


def decoded(data: str, pairs: int) -> dict[str, float]:
    """Pairs in the epoch's order, read and decoded by one process, and nothing else."""
    from pixlate.data.loading import order  # noqa: PLC0415
    from pixlate.data.reading import read_pair  # noqa: PLC0415
    from pixlate.data.survey import survey  # noqa: PLC0415
    from pixlate.specs.data import DataConfig  # noqa: PLC0415

    surveyed = survey(DataConfig(data, val_fraction=0.0), 0)
    begun = time.perf_counter()
    for index in order(0, 0, len(surveyed.train))[:pairs]:
        read_pair(surveyed.train.sources[index], surveyed.train.targets[index], surveyed.sides)
    return {"pictures/s": round(2 * pairs / (time.perf_counter() - begun))}


def resumed(data: Path, out: Path, steps: int, at: int, batch: int, workers: int = 1) -> list[str]:
    """What differs between a run of `steps` and one that goes on from its checkpoint at step `at`."""
    import resume  # noqa: PLC0415
    import tiny_run  # noqa: PLC0415
    from pixlate.specs.data import DataConfig  # noqa: PLC0415
    from pixlate.specs.methods.pix2pix import Pix2PixConfig  # noqa: PLC0415
    from pixlate.specs.networks import NetworksConfig  # noqa: PLC0415
    from pixlate.specs.training import LoopConfig, TrainConfig  # noqa: PLC0415
    from pixlate.training import train  # noqa: PLC0415

    def run(folder: Path) -> dict[str, Any]:
        loop = LoopConfig(
            run=str(folder),
            steps=steps,
            batch_size=batch,
            workers=workers,
            validate_every=10**6,
            samples=0,
            validate_on=0,
            tensorboard=False,
            checkpoint_every=at,
            keep_every=at,
            log_every=20,
            device="cpu",
        )
        networks = NetworksConfig(width=4, receptive_field=16, depth=2)
        return tiny_run.outcome(train(TrainConfig(DataConfig(str(data), size="16"), Pix2PixConfig(), loop, networks)))

    whole = run(out / "whole")
    resume.at_step(out / "whole", at, out / "cut")
    return [name for name in tiny_run.differences(whole, run(out / "cut")) if name != "kept"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--loose", action="store_true")
    parser.add_argument("--webdataset", metavar="PYTHON")
    asked = parser.parse_args()
    shards = asked.out / "shards"
    asked.out.mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()
    if not shards.exists():
        make_shards(shards, asked.pairs, asked.size)
        print(f"made in {time.perf_counter() - begun:.0f} s", flush=True)
    total = sum(path.stat().st_size for path in shards.iterdir())
    print(
        f"{asked.pairs:,} pairs of {asked.size} px in {len(list(shards.glob('*.tar')))} shards, {total / 1e6:,.0f} MB"
    )
    print("train:", first_step(shards, asked.out / f"first{os.getpid()}"), flush=True)
    print("an epoch, 2 workers:", apart("epoch", str(shards), 2), flush=True)
    middle = asked.pairs // 200 * 9 // 10
    differing = resumed(shards, asked.out / f"runs{os.getpid()}", middle + 100, middle, 100)
    print(f"resumed at step {middle} of {middle + 100}, 100 pairs each:", differing or "no bit differs", flush=True)
    print("decoding alone, one process:", apart("decoded", str(shards), min(20_000, asked.pairs)), flush=True)
    if asked.webdataset:
        words = [asked.webdataset, "-c", _READ, str(shards), str(min(20_000, asked.pairs))]
        said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        print("webdataset, likewise:", said, flush=True)
    if asked.loose:
        loose = asked.out / "loose"
        if not loose.exists():
            make_loose(loose, asked.pairs, asked.size)
        print("loose files, train:", first_step(loose, asked.out / f"loose{os.getpid()}"), flush=True)
        print("loose files, an epoch, 2 workers:", apart("epoch", str(loose), 2), flush=True)
    print("two epochs, 2 workers, --cache 8GB:", apart("epoch", str(shards), 2, "8GB", 50, 2), flush=True)


if __name__ == "__main__":
    main()
