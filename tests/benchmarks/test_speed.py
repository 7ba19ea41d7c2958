"""`benchmarks/speed.py --quick` on networks and pictures so small that it takes seconds: what it writes and prints."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import rounds
import speed_tables as tables

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "speed.py"
TINY = ("--width", "4", "--side", "64", "--seconds", "1", "--within", "500", "--sizes", "64,32", "--one-process")


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """What it wrote, and what it printed."""
    file = tmp_path_factory.mktemp("speed") / "new" / "found.json"
    command = [sys.executable, str(SCRIPT), "--quick", *TINY, "--json", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(file.read_text()), done.stdout


def test_the_step_is_told_beside_the_textbooks(quick: tuple[dict[str, Any], str]) -> None:
    step = quick[0]["pix2pix_step"]
    assert (step["method"], step["size"], step["batch"]) == ("pix2pix", 64, 1)
    assert step["textbook_s"] > 0 < step["ours_s"]
    assert step["ratio"] == pytest.approx(step["textbook_s"] / step["ours_s"])
    by_round = step["ratio_by_round"]
    assert by_round["min"] <= by_round["low"] <= by_round["median"] <= by_round["high"] <= by_round["max"]
    for name, share in step["share_of_ceiling"].items():
        gflops = step["gflop"] / step[f"{name}_s"]
        assert share == pytest.approx(gflops / quick[0]["ceiling"]["gflops"])


def test_so_are_the_small_step_the_loading_and_the_ceiling(quick: tuple[dict[str, Any], str]) -> None:
    found = quick[0]
    assert [row["size"] for row in found["steps"]] == [64, 32]
    assert all(math.isfinite(value) and value > 0 for value in found["ceiling"].values())
    loading = found["loading"]
    assert loading["times_the_need"] == pytest.approx(loading["workers_1_pairs_s"] * found["pix2pix_step"]["ours_s"])
    assert loading["workers_at_pace"] == pytest.approx(500 / loading["workers_1_pairs_s"])
    assert found["left_out"] == []


def test_it_says_of_what_and_where_the_figures_are(quick: tuple[dict[str, Any], str]) -> None:
    assert {"commit", "date", "machine", "torch", "threads"} <= quick[0].keys()


def test_the_table_is_made_of_the_figures(quick: tuple[dict[str, Any], str]) -> None:
    found, printed = quick
    assert tables.told(found) in printed
    assert f"{found['pix2pix_step']['ratio']:.2f} (" in printed


def test_contenders_take_turns_at_being_first() -> None:
    order: list[str] = []
    contenders = {name: lambda number, name=name: order.append(f"{name}{number}") for name in "abc"}
    found = rounds.interleaved(contenders, times=2, seconds=60)
    assert order == ["a0", "b0", "c0", "b1", "c1", "a1", "c2", "a2", "b2"]
    assert {name: len(seconds) for name, seconds in found.items()} == {"a": 2, "b": 2, "c": 2}


def told_apart(name: str, file: Path) -> rounds.Work:
    def work(number: int) -> None:
        with file.open("a") as log:
            log.write(f"{name}{number} {os.getpid()}\n")

    return work


def test_contenders_apart_take_turns_too_in_processes_of_their_own(tmp_path: Path) -> None:
    log = tmp_path / "log"
    found = rounds.race(["a", "b"], told_apart, log, apart=True, times=2, seconds=60)
    assert {name: len(seconds) for name, seconds in found.items()} == {"a": 2, "b": 2}
    lines = [line.split() for line in log.read_text().splitlines()]
    assert [what for what, _ in lines] == ["a0", "b0", "b1", "a1", "a2", "b2"]
    processes = {name: {process for what, process in lines if what.startswith(name)} for name in "ab"}
    assert len(processes["a"]) == len(processes["b"]) == 1
    assert len(processes["a"] | processes["b"] | {str(os.getpid())}) == 3


def test_where_time_is_over_rounds_are_fewer() -> None:
    work = {"textbook": lambda _: None, "ours": lambda _: None}
    assert len(rounds.interleaved(work, times=50, seconds=0, fewest=3)["ours"]) == 3
    assert len(rounds.interleaved(work, times=50, seconds=0, fewest=0)["ours"]) == 1  # the warm-up has to do


def test_ratios_are_how_often_ours_fits_into_the_other() -> None:
    told = rounds.compared({"textbook": [2.0, 4.0, 6.0], "ours": [1.0, 2.0, 2.0], "incumbent": [3.0, 3.0, 3.0]})
    assert (told["textbook_s"], told["ours_s"], told["ratio"], told["ratio_incumbent"]) == (4.0, 2.0, 2.0, 1.5)
    assert told["ratio_by_round"]["median"] == 2.0
    assert told["ratio_by_round"]["max"] == 3.0
