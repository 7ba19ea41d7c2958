"""The campaigns on picture files: the odd ones whole, the hostile ones with fewer mutants."""

import re
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def campaign(name: str, *flags: str) -> str:
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / f"{name}.py"), *flags], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def test_every_odd_picture_is_read_as_what_it_shows_or_refused_by_name() -> None:
    told = re.search(r"(\d+) pictures, 0 surprises", campaign("odd_pictures"))
    assert told is not None
    assert int(told[1]) >= 300


def test_no_hostile_file_does_harm() -> None:
    told = campaign("hostile_pictures", "--count", "1500", "--seed", "7")
    assert "0 failures, 0 wrote to stderr" in told
    bombs = re.search(r"(\d+) bombs: 0 failures", told)
    assert bombs is not None
    assert int(bombs[1]) >= 50
