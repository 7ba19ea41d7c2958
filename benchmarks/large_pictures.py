"""Pictures larger than memory: peak memory, time, temporary disk, distance from the whole, and seams.

    python benchmarks/large_pictures.py --pictures maps/val --sizes 2000 --memory 1.5GB

Each translation is a process of its own, so that its peak is its own. `whole` is the plain forward pass, `bands` that
of `pixlate translate --memory`, `tiles` the naive one: tiles of 512 px, each by itself, with its own statistics.
`apart` is the greatest distance from `whole` in [-1, 1], `levels` that in 8 bits, `share` how many values differ there.
`seam` is the mean vertical step where bands or tiles meet, over that of `whole` in the same rows, or without a whole
over that a few rows away: 1 is no seam. The networks are drawn, not trained, but for those that `--networks` names as
model files.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pixlate import images, modelfile
from pixlate.networks.banded import walking
from pixlate.networks.building import build_generator
from pixlate.networks.noise import Noise
from pixlate.specs.memory import parse_memory
from pixlate.specs.networks import GeneratorSpec
from pixlate.specs.pictures import Kind
from pixlate.translation import memory

SPECS = {
    "unet": GeneratorSpec(),
    "encoder-decoder": GeneratorSpec("encoder-decoder"),
    "resnet": GeneratorSpec("resnet", depth=2, dropout=(), blocks=9, norm="instance"),
}
WAYS = ("whole", "bands", "tiles")
TILE = 512


def mosaic(folder: Path, height: int, width: int) -> images.Picture:
    """The folder's pictures beside and below one another, none twice in a row."""
    cells = [images.with_channels(images.read(path), 3) for path in images.pictures_in(folder)[0]]
    side = min(min(cell.shape[:2]) for cell in cells)
    made = np.empty((height, width, 3), np.uint8)
    number = 0
    for top in range(0, height, side):
        for left in range(0, width, side):
            place = made[top : top + side, left : left + side]
            place[:] = cells[number % len(cells)][: place.shape[0], : place.shape[1]]
            number += 1
    return made


def child(way: str, network: str, source: Path, target: Path, most: int) -> dict[str, Any]:
    """Translate the array in `source` to float32 (H, W, 3) in the file `target`."""
    picture = np.load(source)
    size = picture.shape[:2]
    if network in SPECS:
        generator = build_generator(SPECS[network], seed=1, gain=0.05).eval()
    else:
        generator, _ = modelfile.read(Path(network))
    tops: list[int] = []
    report: dict[str, Any] = {"disk": 0}

    def rows(top: int, bottom: int) -> Tensor:
        return torch.from_numpy(images.to_float(picture[top:bottom], Kind()))

    with target.open("wb") as file, torch.inference_mode():

        def write(top: int, made: Tensor) -> None:
            tops.append(top)
            file.write(made.permute(1, 2, 0).contiguous().numpy().data)

        began = time.perf_counter()
        if way == "whole":
            write(0, generator(rows(0, size[0])[None], Noise(1))[0])
        elif way == "bands":
            shares = memory.shares(generator, size, 0, memory.budget(generator, most), dropout=True)
            if shares is None:
                raise SystemExit(f"{most} bytes suffice for the whole picture; give less.")
            report["disk"] = walking.plan(generator, size, noise=True, band=shares.band, kept=shares.kept).disk
            walking.translate(generator, rows, size, write, Noise(1), band=shares.band, kept=shares.kept)
        else:
            for top in range(0, size[0], TILE):
                strip = rows(top, top + TILE)
                parts = [generator(strip[None, ..., left : left + TILE], Noise(1)) for left in range(0, size[1], TILE)]
                write(top, torch.cat(parts, dim=-1)[0])
        report["seconds"] = time.perf_counter() - began
    unit = 1 if sys.platform == "darwin" else 1024
    return report | {"tops": tops, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}


def seam(output: np.ndarray[Any, Any], whole: np.ndarray[Any, Any] | None, tops: list[int]) -> float:
    """Mean step from row to row at the tops, over that of `whole` there, or of the rows 2 and 4 away."""

    def step(made: np.ndarray[Any, Any], away: int) -> float:
        return float(np.mean([np.abs(made[top + away] - made[top + away - 1]).mean() for top in tops if top > 4]))

    beside = step(whole, 0) if whole is not None else sum(step(output, away) for away in (-4, -2, 2, 4)) / 4
    return step(output, 0) / beside


def row_of_table(way: str, network: str, size: tuple[int, int], report: dict[str, Any], folder: Path) -> str:
    output = np.memmap(folder / way, np.float32, "r", shape=(*size, 3))
    cells = [f"{size[1]}×{size[0]}", Path(network).name, way, f"{report['peak'] / 1e9:.2f} GB"]
    cells += [f"{report['disk'] / 1e9:.2f} GB", f"{report['seconds']:.0f} s"]
    if way == "whole":
        return "| " + " | ".join([*cells, "", "", "", ""]) + " |"
    there = (folder / "whole").exists()
    whole = np.memmap(folder / "whole", np.float32, "r", shape=(*size, 3)) if there else None
    cells.append(f"{seam(output, whole, report['tops']):.4f}")
    if whole is None:
        return "| " + " | ".join([*cells, "", "", ""]) + " |"
    apart = max(float(np.abs(one - other).max()) for one, other in zip(output, whole, strict=True))
    levels = [np.abs(level(one) - level(other)) for one, other in zip(output, whole, strict=True)]
    share = float(np.mean([(row > 0).mean() for row in levels]))
    return "| " + " | ".join([*cells, f"{apart:.1e}", f"{max(row.max() for row in levels):.0f}", f"{share:.1e}"]) + " |"


def level(row: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.rint((row + 1) * 127.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--sizes", nargs="+", default=["2000"], help="N or HEIGHTxWIDTH")
    parser.add_argument("--networks", nargs="+", default=list(SPECS))
    parser.add_argument("--ways", nargs="+", default=list(WAYS))
    parser.add_argument("--memory", default="1.5GB")
    parser.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        way, network, source, target, most = given.child
        print(json.dumps(child(way, network, Path(source), Path(target), int(most))))
        return
    print(
        "| picture | network | way | peak | disk | time | seam | apart | levels | share |\n|" + "---|" * 10, flush=True
    )
    for text in given.sizes:
        height, width = (int(side) for side in (text.split("x") * 2)[:2])
        for network in given.networks:
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                np.save(folder / "source.npy", mosaic(given.pictures, height, width))
                for way in given.ways:
                    words = [way, network, str(folder / "source.npy"), str(folder / way)]
                    command = [sys.executable, __file__, "--child", *words, str(parse_memory(given.memory))]
                    said = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
                    print(row_of_table(way, network, (height, width), json.loads(said), folder), flush=True)


if __name__ == "__main__":
    main()
