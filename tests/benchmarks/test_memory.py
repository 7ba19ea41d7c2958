"""The benchmark of memory, with small networks: a run takes no more and more of it."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import memory

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")


@pytest.mark.parametrize("again", [False, True])
def test_a_run_with_looks_and_checkpoints_does_not_grow(again: bool) -> None:
    way = memory.Way("pix2pix", 64, 8, "32", again, steps=160, every=10)
    found = memory.apart("flat", way)
    assert [step for step, _ in found["seen"]] == list(range(10, 161, 10))
    # One step's activations are a megabyte, and a hundred steps come between.
    assert found["growth"] < 40e6


def test_recomputing_lowers_the_peak() -> None:
    found = [memory.apart("step", memory.Way("cyclegan", 160, 16, "32", again, steps=1)) for again in (False, True)]
    plain, recomputed = (each["peak"] - each["kept"] for each in found)
    assert recomputed < 0.7 * plain
