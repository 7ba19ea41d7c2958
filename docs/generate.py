"""Write docs/commands.md from the commands' own --help: python docs/generate.py"""

import os
import subprocess
import sys
from pathlib import Path

COMMANDS = (
    "",
    "train",
    "train --method cyclegan",
    "train --method cut",
    "translate",
    "evaluate",
    "evaluate fcn train",
    "evaluate fcn score",
    "evaluate labels",
    "reproduce",
    "import",
    "export",
    "card",
    "demo",
    "data",
    "data facades",
    "data split",
    "data combine",
    "data separate",
    "data align",
    "data tiles",
    "data untile",
    "data prepare",
    "data labels",
    "data fetch",
    "data check",
    "data shard",
)
PAGE = Path(__file__).with_name("commands.md")


def page() -> str:
    parts = ["# Commands\n\nAs the commands say themselves with `--help`.\n"]
    for command in COMMANDS:
        title = f"pixlate {command}".strip()
        parts.append(f"## {title}\n\n```\n{said(command)}\n```\n")
    return "\n".join(parts)


def said(command: str) -> str:
    plain = {**os.environ, "COLUMNS": "110", "NO_COLOR": "1", "TERM": "dumb"}
    words = [sys.executable, "-m", "pixlate", *command.split(), "--help"]
    text = subprocess.run(words, capture_output=True, text=True, check=True, env=plain).stdout
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


if __name__ == "__main__":
    PAGE.write_text(page())
