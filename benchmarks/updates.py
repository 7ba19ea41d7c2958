"""What CycleGAN's updates in turn cost, beside updates of both generators and then both discriminators together.

    python benchmarks/updates.py --size 128 --width 32

Both are stepped alternately, so that other work on the machine meets both; the ratio of each pair of steps is told.
"""

import argparse
import time
from statistics import median
from typing import get_args

import torch

from pixlate.data.loading import Batch
from pixlate.devices import Device
from pixlate.methods.cyclegan import CycleGAN
from pixlate.networks.noise import Noise
from pixlate.specs.learning import LearningConfig
from pixlate.specs.methods.cyclegan import CycleGANConfig, Updates
from pixlate.specs.methods.settings import MethodSpec
from pixlate.specs.networks import DiscriminatorSpec, GeneratorSpec, NetworkSpec


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    given = parser.parse_args()
    device = Device(given.device)
    generator = GeneratorSpec("resnet", 3, 3, 2, given.width, (), 0, 9 if given.size >= 256 else 6, "instance")
    judge = DiscriminatorSpec(3, 70, given.width, "instance")
    networks: dict[str, NetworkSpec] = {"G": generator, "F": generator, "D_X": judge, "D_Y": judge}
    methods = {}
    for order in get_args(Updates):
        config = CycleGANConfig(updates=order)
        methods[order] = CycleGAN(MethodSpec(config, networks, LearningConfig(), (given.size, given.size)), 0)
        methods[order].to(device.torch)
    x, y = torch.rand(2, 1, 3, given.size, given.size)
    batch = Batch(x, y, ("",)).to(device.torch)
    ratios = []
    for turn in range(given.times + 1):
        took = {}
        for order, method in methods.items():
            began = time.perf_counter()
            losses = method.step([batch], Noise, device)
            float(losses["G_GAN"])  # waits for the device
            took[order] = time.perf_counter() - began
        if turn:  # the first is a warm-up
            ratios.append(took["in-turn"] / took["together"])
    print(f"in turn / together: {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}, {len(ratios)} pairs)")


if __name__ == "__main__":
    main()
