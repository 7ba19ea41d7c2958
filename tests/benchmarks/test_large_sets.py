"""The benchmark of large sets, with a small one."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import large_sets


def test_a_run_over_shards_resumes_in_the_middle_of_an_epoch_to_the_bit(tmp_path: Path) -> None:
    large_sets.make_shards(tmp_path / "shards", 60, 16)
    assert large_sets.resumed(tmp_path / "shards", tmp_path, steps=8, at=5, batch=4) == []


def test_an_epoch_meets_every_pair(tmp_path: Path) -> None:
    large_sets.make_shards(tmp_path / "shards", 60, 16)
    assert large_sets.apart("epoch", str(tmp_path / "shards"), 1, "1MB", 3, 2)["pairs seen"] == 60
