"""What the machine can do at best: the fastest matrix product, convolution and copy that torch makes on it.

    python benchmarks/ceiling.py [--device cuda]

No training step does more arithmetic a second, or moves more bytes, than these; each is the best of its repetitions.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Ceiling:
    """In 32 bits."""

    gemm_gflops: float
    """10⁹ additions and multiplications a second of a 2048×2048 matrix product."""
    conv_gflops: float
    """The same of the best of three convolutions that the networks have."""
    copy_gb_s: float
    """10⁹ bytes a second, read and written ones added up, of a copy too large for any cache."""

    @property
    def gflops(self) -> float:
        """The greater of the two: on some machines convolutions are faster than matrix products."""
        return max(self.gemm_gflops, self.conv_gflops)

    def best(self, other: "Ceiling") -> "Ceiling":
        """The greater of each figure."""
        mine, its = asdict(self), asdict(other)
        return Ceiling(**{name: max(mine[name], its[name]) for name in mine})

    def floor(self, gflop: float, weights: int) -> float:
        """Seconds of a step of so much arithmetic and one update by Adam of so many weights, at the ceiling."""
        return gflop / self.gflops + weights * 28 / 1e9 / self.copy_gb_s  # Adam reads 4 floats a weight and writes 3


def measure(device: torch.device, seconds: float = 3.0, side: int = 2048) -> Ceiling:
    """The ceiling of `device`, in about so many seconds."""
    share = seconds / 5
    matrix = torch.rand(side, side, device=device)
    result = torch.empty_like(matrix)
    gemm = 2 * side**3 / best(lambda: torch.mm(matrix, matrix, out=result), share, device)
    layers = [
        (torch.rand(1, 256, 32, 32, device=device), torch.rand(512, 256, 4, 4, device=device), 1),  # D's last but one
        (torch.rand(1, 64, 128, 128, device=device), torch.rand(128, 64, 4, 4, device=device), 2),  # a U-Net's second
        (torch.rand(1, 256, 66, 66, device=device), torch.rand(256, 256, 3, 3, device=device), 1),  # a residual block's
    ]
    convolution = max(_rate(x, weight, stride, share, device) for x, weight, stride in layers)
    values = torch.rand(side * side * 16, device=device)  # 256 MiB at 2048
    other = torch.empty_like(values)
    copy = 2 * values.nbytes / best(lambda: other.copy_(values), share, device)
    return Ceiling(gemm / 1e9, convolution / 1e9, copy / 1e9)


def _rate(x: Tensor, weight: Tensor, stride: int, seconds: float, device: torch.device) -> float:
    with torch.no_grad():
        outputs = F.conv2d(x, weight, stride=stride).numel()
        needed = best(lambda: F.conv2d(x, weight, stride=stride), seconds, device)
    return 2 * outputs * weight[0].numel() / needed


def best(work: Callable[[], object], seconds: float, device: torch.device) -> float:
    """The least seconds that `work` took, of as many times as there is time for, three at least."""
    least, began, count = float("inf"), time.perf_counter(), 0
    while count < 4 or time.perf_counter() - began < seconds:
        start = time.perf_counter()
        work()
        wait(device)
        least = min(least, time.perf_counter() - start) if count else least  # the first is a warm-up
        count += 1
    return least


def wait(device: torch.device) -> None:
    """Until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    found = measure(torch.device(parser.parse_args().device), 10.0)
    print(f"matrix product {found.gemm_gflops:.0f} GFLOP/s, convolution {found.conv_gflops:.0f} GFLOP/s", end=", ")
    print(f"copy {found.copy_gb_s:.1f} GB/s")


if __name__ == "__main__":
    main()
