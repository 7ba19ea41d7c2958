"""What the tests of shards share: small sets in every layout, and the batches of a set."""

import csv
from pathlib import Path

import numpy as np

from pixlate import images
from pixlate.data.augment import Preparation
from pixlate.data.loading import Stream, batches
from pixlate.data.shards import writing
from pixlate.data.survey import survey
from pixlate.specs.data import DataConfig

PREPARATION = Preparation(8, 8, 9, 9, "stretch", mirror=True, resample="bilinear")
LAYOUTS = ("side by side", "parts", "two folders", "A and B", "trainA", "list", "unpaired", "single")


def save(path: Path, seed: int, height: int = 8, width: int = 8) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    path.write_bytes(images.encode_png(pixels))


def lay(root: Path, layout: str, count: int = 7) -> DataConfig:  # noqa: C901 - a branch a layout
    """A set of `count` training pairs; where it has parts, with others."""
    names = [f"sub/{number}.x" if number % 3 == 0 else f"n{number}" for number in range(count)]
    if layout == "side by side":
        for number, name in enumerate(names):
            save(root / f"{name}.png", number, width=16)
    if layout == "parts":
        for number, name in enumerate(names):
            for part in ("train", "val", "test"):
                save(root / part / f"{name}.png", 31 * number + len(part), width=16)
    folders = {"two folders": ("one", "two"), "unpaired": ("one", "two"), "A and B": ("A", "B")}
    folders |= {"trainA": ("trainA", "trainB"), "list": ("a", "b")}
    for side, folder in enumerate(folders.get(layout, ())):
        for number, name in enumerate(names):
            save(root / folder / f"{name}.png", 2 * number + side)
    if layout == "trainA":
        save(root / "valA" / "v.png", 500)
        save(root / "valB" / "v.png", 501)
    if layout == "list":
        with (root / "pairs.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["A", "B"], *([f"a/{name}.png", f"b/{name}.png"] for name in names)])
        return DataConfig(str(root / "pairs.csv"))
    if layout == "single":
        for number, name in enumerate(names):
            save(root / f"{name}.png", number)
        return DataConfig(str(root), recipe="gray")
    if layout in ("two folders", "unpaired"):
        return DataConfig(str(root / "one"), str(root / "two"))
    return DataConfig(str(root))


def shard(config: DataConfig, out: Path, layout: str = "", size: int = 2000) -> Path:
    """The same set as shards."""
    what: writing.What = "unpaired" if layout == "unpaired" else "single" if layout == "single" else "pairs"
    for _ in writing.write(writing.prepare(config, what), out, size):
        pass
    return out


def stream_of(config: DataConfig, layout: str = "", cache=None) -> Stream:
    surveyed = survey(config, 0, paired=layout != "unpaired")
    return Stream(
        surveyed.train,
        surveyed.sides,
        PREPARATION,
        seed=3,
        making=surveyed.making,
        skip_bad=config.skip_bad,
        cache=cache,
    )


def batches_of(stream: Stream, start=0, steps=6, batch=2, workers=0, rank=0, world=1):
    """Names, sources and targets of what each step takes."""
    taken = batches(stream, start=start, steps=steps, batch=batch, workers=workers, rank=rank, world=world)
    return [(one.names, one.source.numpy().tobytes(), one.target.numpy().tobytes()) for (one,) in taken]
