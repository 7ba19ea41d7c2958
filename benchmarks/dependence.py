"""How much do GAN's and cGAN's outputs depend on the input? Several seeds on the embedded facades.

    python benchmarks/dependence.py --out runs/dependence [--seeds 3 --steps 2000 --objectives GAN cGAN L1 L1+cGAN]

Each held-out output is scored against its own target and against another picture's (the targets rotated by half the
set). Equal scores mean that the output tells nothing of its input. `apart` is the mean L1 difference between outputs of
different inputs under the same noise, beside that between targets; `noise` the one between two seeds of dropout.
"""

import argparse
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import torch

from pixlate import DataConfig, LoopConfig, NetworksConfig, Pix2PixConfig, TrainConfig, Translator, images, train
from pixlate.data.facades.writing import write
from pixlate.images import Picture
from pixlate.metrics import paired

SIZE, WIDTH, PAIRS, HELD_OUT = 64, 32, 400, 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--objectives", nargs="+", default=["GAN", "cGAN", "L1", "L1+cGAN"])
    given = parser.parse_args()
    data = given.out / "facades"
    write(data, (PAIRS, HELD_OUT, 0), SIZE)
    table = {}
    for objective in given.objectives:
        table[objective] = [measure(data, given.out, objective, seed, given.steps) for seed in range(given.seeds)]
    print(f"{'objective':10}" + "".join(f"{name:>22}" for name in next(iter(table.values()))[0]))
    for objective, rows in table.items():
        cells = [[row[name] for row in rows] for name in rows[0]]
        spread = [f"{mean(cell):.2f} ± {stdev(cell) if len(cell) > 1 else 0:.2f}" for cell in cells]
        print(f"{objective:10}" + "".join(f"{cell:>22}" for cell in spread))


def measure(data: Path, out: Path, objective: str, seed: int, steps: int) -> dict[str, float]:
    run = train(
        TrainConfig(
            DataConfig(str(data), direction="BtoA"),
            Pix2PixConfig(objective=objective),  # type: ignore[arg-type]
            LoopConfig(run=str(out / f"{objective}-{seed}"), steps=steps, seed=seed, tensorboard=False),
            NetworksConfig(width=WIDTH),
        )
    )
    model = run / "model.safetensors"
    first, second = Translator(model, seed=0), Translator(model, seed=1)
    paths = sorted((data / "val").iterdir())
    sources = [images.read(path, "right") for path in paths]
    targets = [images.read(path, "left") for path in paths]
    outputs = [first(source) for source in sources]
    own = [paired.scores(torch.tensor(o), torch.tensor(t)) for o, t in zip(outputs, targets, strict=True)]
    other = [paired.scores(torch.tensor(o), torch.tensor(t)) for o, t in zip(outputs, rotated(targets), strict=True)]
    return {
        "PSNR own": paired.mean_scores(own)["psnr"],
        "PSNR shuffled": paired.mean_scores(other)["psnr"],
        "SSIM own": paired.mean_scores(own)["ssim"],
        "SSIM shuffled": paired.mean_scores(other)["ssim"],
        "apart (of targets)": apart(outputs, rotated(outputs)) / apart(targets, rotated(targets)),
        "noise L1": apart(outputs, [second(source) for source in sources]),
    }


def rotated(pictures: list[Picture]) -> list[Picture]:
    half = len(pictures) // 2
    return pictures[half:] + pictures[:half]


def apart(some: list[Picture], others: list[Picture]) -> float:
    return mean(float(np.abs(a.astype(float) - b).mean()) for a, b in zip(some, others, strict=True))


if __name__ == "__main__":
    main()
