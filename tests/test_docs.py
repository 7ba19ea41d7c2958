"""The documents say what is true: commands, flags, files, links."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from test_architecture import FLOORS

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")])
COMMANDS = (ROOT / "docs" / "commands.md").read_text()


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    program = "import sys; sys.path.insert(0, 'docs'); import generate; print(generate.page(), end='')"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert said == COMMANDS, "run: python docs/generate.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        assert target.startswith("https://") or (page.parent / target).exists(), f"{page.name} links to {target}"


def sections() -> dict[str, str]:
    parts = re.split(r"^## pixlate ?", COMMANDS, flags=re.MULTILINE)[1:]
    return {part.split("\n", 1)[0].strip(): part for part in parts}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_flag_that_is_named_exists(page: Path) -> None:
    known = sections()
    for line in page.read_text().splitlines():
        for words in re.findall(r"\bpixlate ((?:[a-z]+\b)[^`|]*)", line) if "pixlate" in line else []:
            name = next(
                (name for name in sorted(known, key=len, reverse=True) if name and words.startswith(name)), None
            )
            flags = re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", words)
            if not flags:
                continue
            assert name is not None, f"{page.name}: no command in {line!r}"
            # `train` has the flags of whichever method is named; the page of commands has a section for each.
            told = "".join(text for other, text in known.items() if other.split(" ")[0] == name.split(" ")[0])
            for flag in flags:
                assert flag in told or flag in ("--help", "--version"), f"{page.name}: {flag} in {line!r}"


def test_a_flag_that_does_not_exist_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("pixlate train DATA --sise 3")
    with pytest.raises(AssertionError, match="--sise"):
        test_every_command_and_flag_that_is_named_exists(page)


def test_the_house_is_drawn_as_it_stands() -> None:
    drawing = (ROOT / "docs" / "architecture.md").read_text().split("```")[1]
    floors = [line.split() for line in drawing.strip().splitlines()]
    assert [tuple(words[2 : 2 + len(rooms)]) for words, rooms in zip(floors, FLOORS[::-1], strict=True)] == FLOORS[::-1]


def test_the_readmes_tree_is_the_one_on_disk() -> None:
    tree = re.search(r"```\nsrc/pixlate/\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert tree is not None
    drawn = {line.split()[0].rstrip("/") for line in tree.group(1).splitlines() if line.strip()}
    rooms = {path.stem for path in (ROOT / "src" / "pixlate").iterdir() if not path.name.startswith(("__", "py.typed"))}
    assert drawn == rooms


def test_the_changelog_opens_with_this_version() -> None:
    from pixlate import __version__

    assert re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE).group(1) == __version__  # type: ignore[union-attr]
