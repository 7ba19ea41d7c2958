"""Which formulation of each convolution is fastest here, and does the rule in networks/convolution.py choose it?

    python benchmarks/formulations.py [--batch 4] [--networks pix2pix,cyclegan] [--size 256]

Every convolution of the networks is run forwards and backwards by every formulation it can have, one after the other in
each round, with other memory touched in between, so that weights come from memory as they do in a step. What is told is
the median, beside the floor (the plain sum's multiplications at the machine's best), and what the rule costs beside
torch's own alone and beside the best of each layer.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import cast, get_args
from unittest import mock

import torch
from torch import Tensor, nn

from pixlate.devices import memory_kept
from pixlate.networks import convolution
from pixlate.networks.building import build_discriminator, build_generator
from pixlate.networks.convolution import Conv2d, ConvTranspose2d, Formulation
from pixlate.specs.networks import DiscriminatorSpec, GeneratorSpec

Layer = Conv2d | ConvTranspose2d


def networks(method: str, size: int) -> list[tuple[nn.Module, int]]:
    """A generator and a discriminator at the paper's width, and the channels each is given."""
    if method == "pix2pix":
        depth = min(8, size.bit_length() - 1)
        return [
            (build_generator(GeneratorSpec(depth=depth), 0), 3),
            (build_discriminator(DiscriminatorSpec(6), 0), 6),
        ]
    generator = GeneratorSpec("resnet", 3, 3, 2, 64, (), 0, 9, "instance")
    return [(build_generator(generator, 0), 3), (build_discriminator(DiscriminatorSpec(3, 70, 64, "instance"), 0), 3)]


def layers_of(network: nn.Module, x: Tensor) -> dict[str, tuple[Layer, Tensor, int]]:
    """Each kind of convolution with an input of its, and how many of the kind there are."""
    found: dict[str, tuple[Layer, Tensor, int]] = {}

    def note(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        conv, given = cast("Layer", layer), inputs[0].detach()
        up = "up" if isinstance(conv, ConvTranspose2d) else f"/{conv.stride[0]}"
        name = f"{conv.in_channels}→{conv.out_channels} {conv.kernel_size[0]}×{conv.kernel_size[0]} {up}"
        name += f" of {given.shape[-2]}×{given.shape[-1]}"
        found[name] = (conv, given, found[name][2] + 1 if name in found else 1)

    hooks = [module.register_forward_pre_hook(note) for module in network.modules() if isinstance(module, Layer)]
    with torch.no_grad():
        network(x)
    for hook in hooks:
        hook.remove()
    return found


def ways(layer: Layer, x: Tensor) -> dict[Formulation, Callable[[], object]]:
    """The passes of one layer by each formulation that can compute it."""
    stride_two, side = layer.stride[0] == 2, layer.kernel_size[0]
    possible = {
        "direct": True,
        "matmul": stride_two or isinstance(layer, ConvTranspose2d),
        "taps": not stride_two and layer.out_channels * side**2 <= layer.in_channels * 3,
        "winograd": not stride_two and side in (3, 4) and layer.out_channels > 1,
    }
    given = x.clone().requires_grad_()
    wanted = [given, *layer.parameters()]
    gradient = torch.randn_like(layer(x))

    def passes(way: Formulation) -> Callable[[], object]:
        def run() -> object:
            with mock.patch.object(convolution, "formulation", return_value=way):
                return torch.autograd.grad(layer(given), wanted, gradient)

        return run

    return {way: passes(way) for way in get_args(Formulation) if possible[way]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--networks", default="pix2pix,cyclegan")
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--gflops", type=float, default=213.0, help="the machine's best, as speed.py measures it")
    parser.add_argument("--copy", type=float, default=37.0, help="GB a second, likewise")
    with memory_kept():
        measure(parser.parse_args())


def measure(given: argparse.Namespace) -> None:
    elsewhere = torch.zeros(12 * 2**20)
    totals = {"direct": 0.0, "the rule": 0.0, "the best": 0.0, "the floor": 0.0}
    for network, channels in (pair for name in given.networks.split(",") for pair in networks(name, given.size)):
        x = torch.randn(given.batch, channels, given.size, given.size)
        for name, (layer, inputs, count) in layers_of(network, x).items():
            contenders = ways(layer, inputs)
            took: dict[str, list[float]] = {way: [] for way in contenders}
            for turn in range(given.times + 1):
                for way, run in contenders.items():
                    elsewhere.add_(1)
                    began = time.perf_counter()
                    run()
                    if turn:  # the first is a warm-up
                        took[way].append((time.perf_counter() - began) * 1000)
            medians = {way: median(times) for way, times in took.items()}
            chosen = convolution.formulation(inputs, layer)
            told = "  ".join(f"{'*' if way == chosen else ''}{way} {ms:.1f}" for way, ms in medians.items())
            least = floor(layer, inputs, given.gflops, given.copy)
            print(f"{name:32} ×{count:<3} floor {least:<5.1f} {told}", flush=True)
            totals["the floor"] += count * least
            for key, ms in (
                ("direct", medians["direct"]),
                ("the rule", medians[chosen]),
                ("the best", min(medians.values())),
            ):
                totals[key] += count * ms
    print(
        "all layers once, ms: " + ", ".join(f"{key} {ms:.0f}" for key, ms in totals.items()) + "  (* the rule's choice)"
    )


def floor(layer: Layer, x: Tensor, gflops: float, copy: float) -> float:
    """Milliseconds of its three sums at the machine's best, and of its weights read twice and its gradients written."""
    places = x if isinstance(layer, ConvTranspose2d) else layer(x)
    sums = 2 * layer.weight.numel() * places.shape[0] * places.shape[-2] * places.shape[-1]
    return 3 * sums / gflops / 1e6 + 3 * 4 * layer.weight.numel() / copy / 1e6


if __name__ == "__main__":
    main()
