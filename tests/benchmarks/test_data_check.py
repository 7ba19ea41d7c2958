"""The benchmark of `data check` in a quick form: every kind planted is found, and nothing else."""

import re
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "data_check.py"


def test_every_kind_of_defect_is_found_and_none_invented(tmp_path: Path) -> None:
    words = [sys.executable, str(BENCHMARK), "--pictures", "400", "--each", "2", "--seed", "5", "--out", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "26 kinds, 56 planted, 0 missed, 0 invented" in done.stdout
    assert len(re.findall(r"[\d,]+ a second; the command", done.stdout)) == 3
