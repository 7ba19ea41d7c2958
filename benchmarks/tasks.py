"""The nine tasks of pix2pix, prepared from real pictures and trained for some steps.

    python benchmarks/tasks.py --data DATA --out runs/tasks [--size 128 --width 32 --steps 500] [--tasks colorization]

DATA holds facades, maps_subset, edges2shoes_100, roadscene_vis_ir/{visible,infrared}, bsds_train and kodak. Three of
the paper's sets are not there; what stands in for them is said in the table. Every row is the command it prints. In
--out are the last samples of each run, and for colorization and inpainting translations of kodak, which was not
trained on.
"""

import argparse
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pixlate import images
from pixlate.images import Picture

NIGHT = '''"""A night of sorts: dark, blue, with noise."""
import numpy as np


def night(picture, rng):
    dark = picture.astype(np.float32) * np.array([0.15, 0.2, 0.35], np.float32)
    return np.clip(dark + rng.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)
'''


@dataclass(frozen=True)
class Task:
    folders: tuple[str, ...]
    flags: tuple[str, ...] = ()
    test: str | None = None
    applied: tuple[str, ...] = ()
    stands_for: str = ""


TASKS = {
    "street labels": Task(
        ("facades",), ("--direction", "BtoA", "--source-classes", "facades"), stands_for="Cityscapes: facades, one-hot"
    ),
    "facades": Task(("facades",), ("--direction", "BtoA")),
    "map to aerial": Task(("maps_subset",), ("--direction", "BtoA")),
    "aerial to map": Task(("maps_subset",)),
    "colorization": Task(("bsds_train",), ("--recipe", "lab"), test="kodak"),
    "edges to shoes": Task(("edges2shoes_100",)),
    "edges to photo": Task(("bsds_train",), ("--recipe", "edges"), stands_for="handbags: Canny on photographs"),
    "day to night": Task(
        ("bsds_train",),
        ("--direction", "BtoA", "--recipe", "NIGHT:night"),
        stands_for="webcams: photographs and a night made of them",
    ),
    "infrared to visible": Task(
        ("roadscene_vis_ir/infrared", "roadscene_vis_ir/visible"), stands_for="KAIST: RoadScene, sizes as they are"
    ),
    "inpainting": Task(("bsds_train",), ("--recipe", "mask"), test="kodak", applied=("--apply-recipe",)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--tasks", nargs="+", choices=list(TASKS), default=list(TASKS))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    night = given.out / "night.py"
    night.write_text(NIGHT)
    rows = {}
    for name in given.tasks:
        task, run = TASKS[name], given.out / "runs" / name.replace(" ", "-")
        flags = [flag.replace("NIGHT", str(night)) for flag in task.flags]
        scale = ("--size", given.size, "--width", given.width, "--steps", given.steps)
        pixlate("train", *(given.data / folder for folder in task.folders), *flags, *scale, "--run", run)
        sample = max((run / "samples").glob("step_*.png"))
        shutil.copy(sample, given.out / f"{name}.png")
        rows[name] = scores(run)
        if task.test:
            made = given.out / f"{name} of {task.test}"
            shutil.rmtree(made, ignore_errors=True)
            tested = given.data / task.test
            pixlate("translate", run / "model.safetensors", tested, "-o", made, "--size", given.size, *task.applied)
            sheet = images.encode_png(beside(tested, made, given.size))
            (given.out / f"{name} of {task.test}.png").write_bytes(sheet)
    print(f"{'held-out pictures':22}{'L1':>8}{'PSNR':>8}{'SSIM':>8}   {'mean target: L1':>16}{'SSIM':>8}")
    for name, (own, mean) in rows.items():
        told = f"{own['l1']:8.2f}{own['psnr']:8.2f}{own['ssim']:8.3f}   {mean['l1']:16.2f}{mean['ssim']:8.3f}"
        print(f"{name:22}{told}   {TASKS[name].stands_for}")


def pixlate(*words: object) -> None:
    command = [sys.executable, "-m", "pixlate", *map(str, words)]
    print("$ pixlate", *command[3:], flush=True)
    subprocess.run(command, check=True)


def scores(run: Path) -> tuple[dict[str, float], dict[str, float]]:
    """The translator's at the last validation, and the mean target's."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    mean = next(line for line in lines if line["kind"] == "guess" and line["name"] == "mean target")
    return [line for line in lines if line["kind"] == "val"][-1], mean


def beside(tested: Path, made: Path, size: int) -> Picture:
    """Six of the pictures, above what became of them."""
    names = sorted(path.name for path in tested.iterdir())[:: max(1, len(list(tested.iterdir())) // 6)][:6]
    originals = [images.resize(images.read(tested / name), size, size, "bilinear") for name in names]
    return np.asarray(images.grid([originals, [images.read(made / name) for name in names]]))


if __name__ == "__main__":
    main()
