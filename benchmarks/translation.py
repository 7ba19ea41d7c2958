"""A folder of pictures, translated by each backend and by the incumbent's own test.py: seconds of the whole process.

    python benchmarks/translation.py --pictures facades/test --incumbent pytorch-CycleGAN-and-pix2pix --packages tv

Label maps, the right halves of side-by-side pictures, are translated by a U-Net of depth 8 with dropout (pix2pix)
and by a ResNet of 9 blocks (CycleGAN), both of width 64, with drawn weights: the time does not depend on them. The
incumbent is given the same weights, by `pixlate export`, and the same pictures. Each round runs every way once, one
behind the other, so that ratios hold on a machine that has other work. Seconds are the median of the rounds; `ratio` is
the incumbent's time, or else torch's, over this way's in the same round: the median, the least and the greatest. `CPU`
is the processor time of all threads.

`--packages` is a folder with torchvision and dominate, which the incumbent imports:
`pip install --no-deps --target tv torchvision dominate`. Beside a torch for the CPU, torchvision's compiled part does
not load, and nothing here needs it: the names of its operations are declared so that the rest does. wandb is an empty
module.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixlate import durable, exchange, images, modelfile
from pixlate.networks.building import build_generator
from pixlate.specs.card import Card, Translation
from pixlate.specs.networks import GeneratorSpec

SPECS = {
    "unet": GeneratorSpec(),
    "resnet": GeneratorSpec("resnet", depth=2, dropout=(), blocks=9, norm="instance"),
}
THEIRS = {
    "unet": ["--netG", "unet_256", "--norm", "batch"],
    "resnet": ["--netG", "resnet_9blocks", "--norm", "instance", "--no_dropout"],
}
BACKENDS = ("torch", "onnx", "openvino")
INCUMBENT = "incumbent"
DECLARED = """
import torch
library = torch.library.Library("torchvision", "DEF")
library.define("nms(Tensor x) -> Tensor")
library.define("qnms(Tensor x) -> Tensor")
for name in ("roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool", "deform_conv2d"):
    library.define(name + "(Tensor x) -> Tensor")
    library.define("_" + name + "_backward(Tensor x) -> Tensor")
"""


@dataclass(frozen=True)
class Spent:
    """Of one process."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Bench:
    """Where everything lies."""

    folder: Path
    incumbent: Path | None
    packages: Path | None

    def command(self, way: str, network: str) -> tuple[list[str], dict[str, str], Path]:
        """What to run, with what environment, in which folder."""
        here = dict(os.environ)
        if way != INCUMBENT:
            words = [sys.executable, "-m", "pixlate", "translate", str(self.folder / network / "model.safetensors")]
            words += [str(self.folder / "pictures"), "-o", str(self.folder / "out"), "--backend", way]
            return words, here, Path.cwd()
        assert self.incumbent is not None
        here["PYTHONPATH"] = os.pathsep.join(str(path) for path in (self.folder / "declared", self.packages) if path)
        words = [
            sys.executable,
            "-W",
            "ignore",
            "test.py",
            "--model",
            "test",
            "--dataroot",
            str(self.folder / "pictures"),
        ]
        words += ["--checkpoints_dir", str(self.folder), "--name", network, "--results_dir", str(self.folder / "out")]
        return [*words, "--num_test", "1000000", *THEIRS[network]], here, self.incumbent


def drawn(path: Path, spec: GeneratorSpec) -> None:
    card = Card(
        generator=spec,
        method="pix2pix",
        direction="AtoB",
        preset="paper",
        objective="L1+cGAN",
        trained_on="nothing",
        pairs=0,
        size=(256, 256),
        step=0,
        translation=Translation(dropout=bool(spec.dropout)),
    )
    modelfile.write(path, build_generator(spec, seed=1), card)


def spend(bench: Bench, way: str, network: str) -> Spent:
    shutil.rmtree(bench.folder / "out", ignore_errors=True)
    words, environment, where = bench.command(way, network)
    began = time.perf_counter()
    process = subprocess.Popen(words, env=environment, cwd=where, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    told = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(words)}\n{told.decode(errors='replace')}")
    return Spent(wall, used.ru_utime + used.ru_stime)


def measured(bench: Bench, network: str, ways: list[str], rounds: int) -> list[dict[str, Any]]:
    spent: dict[str, list[Spent]] = {way: [] for way in ways}
    for place in range(rounds):
        for way in ways if place % 2 == 0 else ways[::-1]:
            spent[way].append(spend(bench, way, network))
    against = spent[INCUMBENT if INCUMBENT in ways else ways[0]]
    found = []
    for way, runs in spent.items():
        ratios = [one.wall / own.wall for one, own in zip(against, runs, strict=True)]
        found.append(
            {
                "network": network,
                "way": way,
                "seconds": round(statistics.median(run.wall for run in runs), 2),
                "cpu": round(statistics.median(run.cpu for run in runs), 2),
                "ratio": round(statistics.median(ratios), 2),
                "least": round(min(ratios), 2),
                "greatest": round(max(ratios), 2),
            }
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, required=True, help="folder of side-by-side pictures")
    parser.add_argument("--most", type=int, help="so many of them")
    parser.add_argument("--networks", nargs="+", default=list(SPECS), choices=SPECS)
    parser.add_argument("--backends", nargs="+", default=list(BACKENDS), choices=BACKENDS)
    parser.add_argument("--incumbent", type=Path, help="its checkout")
    parser.add_argument("--packages", type=Path, help="folder with torchvision and dominate")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="file to write as well")
    given = parser.parse_args()
    ways = [*given.backends, *([INCUMBENT] if given.incumbent else [])]
    with tempfile.TemporaryDirectory() as name:
        packages = given.packages and given.packages.absolute()
        bench = Bench(Path(name), given.incumbent and given.incumbent.absolute(), packages)
        paths, _ = images.pictures_in(given.pictures)
        for path in paths[: given.most]:
            half = images.read(path, "right")
            durable.write(bench.folder / "pictures" / f"{path.stem}.png", images.encode_png(half))
        durable.write(bench.folder / "declared" / "sitecustomize.py", DECLARED.encode())
        durable.write(bench.folder / "declared" / "wandb.py", b"")
        print(f"{len(paths[: given.most])} pictures, {given.rounds} rounds\n")
        print("| network | way | seconds | CPU | ratio |\n|---|---|---|---|---|", flush=True)
        found = []
        for network in given.networks:
            model = bench.folder / network / "model.safetensors"
            drawn(model, SPECS[network])
            exchange.export_weights(model, model.with_name("latest_net_G.pth"))
            for row in measured(bench, network, ways, given.rounds):
                found.append(row)
                ratio = f"{row['ratio']} ({row['least']}–{row['greatest']})"
                print(f"| {network} | {row['way']} | {row['seconds']} | {row['cpu']} | {ratio} |", flush=True)
    if given.json:
        durable.write(given.json, json.dumps(found, indent=1).encode())


if __name__ == "__main__":
    main()
