"""The page for users of pytorch-CycleGAN-and-pix2pix: every option of theirs has its row, every flag of ours exists."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "coming-from-the-incumbent.md").read_text()
OPTIONS = json.loads((ROOT / "tests" / "foreign" / "options.json").read_text())
COMMANDS = (ROOT / "docs" / "commands.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE[PAGE.index("## Options") :].splitlines()
    if line.startswith("| `--")
]


def theirs(row: list[str]) -> set[str]:
    return set(re.findall(r"--(\w+)", row[0]))


def test_every_option_of_theirs_has_one_row() -> None:
    listed = [name for row in ROWS for name in theirs(row)]
    wanted = {name for group in ("base", "train", "test", "models", "2021") for name in OPTIONS[group]}
    assert len(listed) == len(set(listed))
    assert set(listed) == wanted


@pytest.mark.parametrize("option", OPTIONS["choices"])
def test_every_choice_of_theirs_is_told_in_its_row(option: str) -> None:
    (row,) = [row for row in ROWS if option in theirs(row)]
    told = set(re.findall(r"`(\w+)`", row[1] + row[2]))
    assert set(OPTIONS["choices"][option]) <= told


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_every_row_names_a_flag_of_ours_or_a_reason(row: list[str]) -> None:
    _, ours, told = row
    flags = re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", ours)
    assert all(re.search(rf"{flag}(?![a-z0-9-])", COMMANDS) for flag in flags)
    assert flags or len(ours) > 4 or told, "neither a flag nor a reason"
    if ours == "none":
        assert told
