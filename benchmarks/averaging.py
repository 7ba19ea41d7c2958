"""Averaging gradients over processes: ours beside DistributedDataParallel, in bits after a restart and in time.

    for n in 2 3 4; do torchrun --nproc-per-node $n benchmarks/averaging.py; done

Bits: the second step of one wrapper beside the first step of a fresh one, from the same weights and pictures, as a
resumed run has it. Time: forward and backward of a U-Net at 256×256 with either, in turns.
"""

import os
import statistics
import time
import warnings

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from pixlate.networks.building import build_generator
from pixlate.processes import Processes
from pixlate.specs.networks import GeneratorSpec


def convolutions() -> nn.Module:
    torch.manual_seed(0)
    layers = [nn.Conv2d(64 if index else 3, 64, 3, padding=1) for index in range(6)]
    return nn.Sequential(*[module for layer in layers for module in (layer, nn.ReLU())])


def gradients(network: nn.Module, seed: int, processes: Processes, *, average: bool) -> list[Tensor]:
    """Those of a step over pictures of each process's own."""
    generator = torch.Generator().manual_seed(10 * seed + processes.rank)
    network.zero_grad()
    network(torch.randn(2, 3, 32, 32, generator=generator)).square().mean().backward()
    found = [weight.grad for weight in network.parameters() if weight.grad is not None]
    if average:
        processes.average(found)
    return [gradient.clone() for gradient in found]


def differing(one: list[Tensor], other: list[Tensor]) -> int:
    return sum(int((first != second).sum()) for first, second in zip(one, other, strict=True))


def main() -> None:
    warnings.simplefilter("ignore")
    width, rounds = int(os.environ.get("WIDTH", "64")), int(os.environ.get("ROUNDS", "7"))
    with Processes(torch.device("cpu")) as processes:
        wrapped = DistributedDataParallel(convolutions())
        gradients(wrapped, 1, processes, average=False)
        theirs = differing(
            gradients(wrapped, 2, processes, average=False),
            gradients(DistributedDataParallel(convolutions()), 2, processes, average=False),
        )
        plain = convolutions()
        gradients(plain, 1, processes, average=True)
        ours = differing(
            gradients(plain, 2, processes, average=True), gradients(convolutions(), 2, processes, average=True)
        )
        networks = {"wrapped": DistributedDataParallel(build_generator(GeneratorSpec(width=width), 0))}
        networks["ours"] = build_generator(GeneratorSpec(width=width), 0)  # type: ignore[assignment]
        picture = torch.randn(1, 3, 256, 256)
        times: dict[str, list[float]] = {"wrapped": [], "ours": []}
        for turn in range(rounds + 1):
            for name, network in networks.items():
                dist.barrier()
                began = time.perf_counter()
                network.zero_grad()
                network(picture, None).square().mean().backward()
                if name == "ours":
                    processes.average([weight.grad for weight in network.parameters() if weight.grad is not None])
                if turn:
                    times[name].append(time.perf_counter() - began)
        ratios = [one / other for one, other in zip(times["ours"], times["wrapped"], strict=True)]
        if processes.leads:
            values = sum(weight.numel() for weight in plain.parameters())
            print(
                f"{processes.world} processes: after a restart {theirs} of {values} gradients differ with DDP,", end=" "
            )
            print(f"{ours} with ours; U-Net of width {width}: {statistics.median(times['ours']):.3f} s ours,", end=" ")
            print(f"{statistics.median(times['wrapped']):.3f} s DDP, ratio {statistics.median(ratios):.3f}", end=" ")
            print(f"({min(ratios):.3f} to {max(ratios):.3f})")
        del wrapped, networks


if __name__ == "__main__":
    main()
