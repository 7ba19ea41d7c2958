"""What each recipe costs for one picture, and how near Canny's drawings come to those of edges2shoes.

    python benchmarks/recipes.py --picture photo.png
    python benchmarks/recipes.py --shoes edges2shoes/val

The first prints milliseconds of one core's time, the median of many turns of one picture resized to 256×256; without
a picture, smoothed noise stands in. The second prints precision, recall and F-score of the lines within 2 px.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import torch
from scipy import ndimage

from pixlate import images
from pixlate.images import lab
from pixlate.images.palette import smoothed
from pixlate.images.palettes import FACADES
from pixlate.images.pixels import Picture
from pixlate.networks.hed import HED
from pixlate.recipes.linework import Lines, drawing, thinned
from pixlate.recipes.table import parse

RECIPES = (
    "edges",
    "mask",
    "mask-boxes",
    "mask-strokes",
    "mask-strokes:fill=mean,channel=true",
    "downscale",
    "downscale:factor=24,gray=true,brightness=0.2,contrast=0.15",
    "gray",
)
WITHIN = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--shoes", type=Path, help="folder of side-by-side files, drawing left, photo right")
    parser.add_argument("--recipe", default="edges", help="what draws the shoes")
    parser.add_argument("--times", type=int, default=40)
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.shoes is not None:
        agreements(given.shoes, given.recipe)
    else:
        speeds(noise() if given.picture is None else images.with_channels(images.read(given.picture), 3), given.times)


def noise() -> Picture:
    blurred = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(256, 256, 3)), (6, 6, 0))
    stretched: Picture = np.clip(blurred / blurred.std() * 60 + 128, 0, 255).astype(np.uint8)
    return stretched


def speeds(picture: Picture, times: int) -> None:
    picture = images.resize(picture, 256, 256, "bicubic")
    rng = np.random.default_rng(0)
    edges = ndimage.gaussian_gradient_magnitude(picture.mean(-1, dtype=np.float32) / 255, 2)
    edges /= edges.max()
    classes, (lightness, ab) = FACADES.classes(picture), lab.split(picture)
    work: dict[str, Callable[[], object]] = {
        **{text: partial(parse(text).make, picture, rng) for text in RECIPES},
        "linework.drawing (HED's steps after the network)": lambda: drawing(edges),
        "lab.split": lambda: lab.split(picture),
        "lab.join": lambda: lab.join(lightness, ab),
        "palette.classes(within=40)": lambda: FACADES.classes(picture, 40),
        "palette.classes(within=40, apart=20)": lambda: FACADES.classes(picture, 40, 20),
        "palette.smoothed": lambda: smoothed(classes),
    }
    for name, function in work.items():
        print(f"{timed(function, times):8.2f} ms  {name}")
    network = HED().to_empty(device="cpu")
    network.mean.zero_()
    for weights in network.parameters():
        weights.zero_()
    print(f"{timed(lambda: network.detect(picture), 3):8.0f} ms  HED.detect")


def timed(function: Callable[[], object], times: int) -> float:
    function()
    took = []
    for _ in range(times):
        began = time.process_time()
        function()
        took.append(time.process_time() - began)
    return 1000 * median(took)


def agreements(folder: Path, recipe_text: str) -> None:
    recipe, rng = parse(recipe_text), np.random.default_rng(0)
    right = wanted_in_all = drawn_in_all = found = 0
    paths, _ = images.pictures_in(folder)
    for path in paths:
        wanted = thinned(images.with_channels(images.read(path, "left"), 1)[..., 0] < 128)
        drawn = recipe.make(images.read(path, "right"), rng)[..., 0] == 0
        right, drawn_in_all = right + near(drawn, wanted), drawn_in_all + int(drawn.sum())
        found, wanted_in_all = found + near(wanted, drawn), wanted_in_all + int(wanted.sum())
    precision, recall = right / max(drawn_in_all, 1), found / max(wanted_in_all, 1)
    print(f"{len(paths)} pictures: precision {precision:.3f}, recall {recall:.3f}, ", end="")
    print(
        f"F {2 * precision * recall / max(precision + recall, 1e-9):.3f}, {drawn_in_all / wanted_in_all:.2f} of the ink"
    )


def near(lines: Lines, others: Lines) -> int:
    """How many pixels of lines lie within 2 px of the others."""
    return int((ndimage.distance_transform_edt(~others)[lines] <= WITHIN).sum()) if others.any() else 0


if __name__ == "__main__":
    main()
