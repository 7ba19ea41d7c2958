"""What the U-Net's size rule costs at sizes that are no multiple of 2^depth, beside padding the whole picture.

    python benchmarks/sizes.py --model MODEL --data DATA [--direction BtoA] [--sizes 37x53 64 63x65 ...]

The held-out pairs of DATA/test (side by side) are resized to each size and translated three ways: by the rule (maps
rounded up level by level, the surplus cut off before each norm), and by padding the picture up to the next multiple
with its reflection or with zeros and cutting the result, so that the padding enters the statistics.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from pixlate import Translator, images
from pixlate.images import Picture
from pixlate.metrics import paired
from pixlate.specs.data import parse_size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--direction", default="BtoA", choices=["AtoB", "BtoA"])
    parser.add_argument("--sizes", nargs="+", default=["37x53", "64", "63x65", "127x129", "128", "257x255", "256"])
    parser.add_argument("--pictures", type=int, default=50)
    given = parser.parse_args()
    translator = Translator(given.model)
    halves: tuple[images.Half, images.Half] = ("left", "right") if given.direction == "AtoB" else ("right", "left")
    paths = sorted((given.data / "test").iterdir())[: given.pictures]
    print(f"{'size':10}{'way':12}{'L1':>8}{'PSNR':>8}{'SSIM':>8}")
    for size in given.sizes:
        height, width = parse_size(size)
        for way in ("rule", "reflection", "zeros"):
            each = []
            for path in paths:
                source, target = (images.resize(images.read(path, half), height, width, "bilinear") for half in halves)
                output = translate(translator, source, path.name, way)
                each.append(paired.scores(torch.tensor(output), torch.tensor(target)))
            row = paired.mean_scores(each)
            print(f"{size:10}{way:12}{row['l1']:8.2f}{row['psnr']:8.2f}{row['ssim']:8.3f}", flush=True)


def translate(translator: Translator, source: Picture, name: str, way: str) -> Picture:
    if way == "rule":
        return translator.translate(source, name)
    height, width = source.shape[:2]
    multiple = 2**translator.card.generator.depth
    missing = ((0, -height % multiple), (0, -width % multiple), (0, 0))
    if way == "reflection":
        padded = np.pad(source, missing, "symmetric")
    else:
        padded = np.pad(source, missing, "constant", constant_values=127)  # the level nearest to the networks' 0
    return translator.translate(padded, name)[:height, :width]


if __name__ == "__main__":
    main()
