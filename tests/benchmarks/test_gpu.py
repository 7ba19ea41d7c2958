"""The benchmark of the GPU, as far as a machine without one goes."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import gpu


def test_the_command_works_without_a_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--device", "cpu", "--quick", "--json", str(tmp_path / "gpu.json")])
    assert gpu.main() == 0
    told = json.loads((tmp_path / "gpu.json").read_text())
    assert {row["part"] for row in told["rows"]} == set(gpu.PARTS)
    assert told["faults"] == []
    assert any("it runs on cpu" in note for note in told["notes"])
    *_, last_row, end = capsys.readouterr().out.strip().splitlines()
    assert last_row.startswith("| facades")
    assert end.endswith("no fault found")


def test_a_wrong_answer_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--device", "cpu", "--quick", "--parts", "correctness"])
    monkeypatch.setattr(gpu, "MOST", {"32": 1e-12, "bf16": 1.0})
    assert gpu.main() == 1
