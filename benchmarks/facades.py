"""Real facades, labels → photo: train one row per objective, translate the 106 test pictures, score them.

    python benchmarks/facades.py --data DATA --out runs/facades64 [--size 64 --width 32 --epochs 30] [--objectives ...]

DATA is the published facades set (side by side, photo left, labels right). Every row is the command it prints; a row
that is finished is not trained again.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import torch

from pixlate import images
from pixlate.metrics import paired


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--objectives", nargs="+", default=["L1+cGAN", "L1"])
    given = parser.parse_args()
    rows = {}
    for objective in given.objectives:
        run = given.out / objective
        began = time.monotonic()
        settings = {"size": given.size, "width": given.width, "epochs": given.epochs, "seed": given.seed}
        flags = [part for name, value in settings.items() for part in (f"--{name}", str(value))]
        pixlate("train", given.data, "--direction", "BtoA", *flags, "--objective", objective, "--run", run)
        trained = time.monotonic() - began
        source = given.data / "test"
        made = given.out / f"{objective}-test"
        where = ["--direction", "BtoA", "--size", given.size]
        pixlate("translate", run / "model.safetensors", source, "-o", made, *where)
        rows[objective] = score(made, source, given.size) | {"minutes": trained / 60}
    rows["mean target"] = score_mean(given.data, given.size)
    print(f"{'test pictures':16}{'L1':>8}{'PSNR':>8}{'SSIM':>8}{'train min':>12}")
    for name, row in rows.items():
        print(f"{name:16}{row['l1']:8.2f}{row['psnr']:8.2f}{row['ssim']:8.3f}{row.get('minutes', 0):12.1f}")


def pixlate(*words: object) -> None:
    command = [sys.executable, "-m", "pixlate", *map(str, words)]
    print("$ pixlate", *command[3:], flush=True)
    subprocess.run(command, check=True)


def photo(path: Path, size: int) -> torch.Tensor:
    return torch.tensor(images.resize(images.read(path, "left"), size, size, "bilinear"))


def score(made: Path, source: Path, size: int) -> dict[str, float]:
    each = [
        paired.scores(torch.tensor(images.read(made / f"{path.stem}.png")), photo(path, size))
        for path in sorted(source.iterdir())
    ]
    assert len(each) == len(list(made.iterdir()))
    return paired.mean_scores(each)


def score_mean(data: Path, size: int) -> dict[str, float]:
    total = torch.zeros(size, size, 3, dtype=torch.float64)
    training = sorted((data / "train").iterdir())
    for path in training:
        total += photo(path, size)
    mean = (total / len(training)).round().to(torch.uint8)
    return paired.mean_scores([paired.scores(mean, photo(path, size)) for path in sorted((data / "test").iterdir())])


if __name__ == "__main__":
    main()
