"""The kinds of defects a data set may have: how bad each is, and what to do about it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]


class Meaning(NamedTuple):
    """What a kind of finding means to training, and to a person."""

    severity: Severity
    do: str


_MEND = "Save or fetch it again, or remove it."
_RENAME = "Rename one of them."

KINDS: dict[str, Meaning] = {
    "layout": Meaning("error", "Lay the set out in one of the ways that docs/data.md shows."),
    "refused": Meaning("error", "Training refuses the set as a whole; do as the sentence says."),
    "empty": Meaning("error", _MEND),
    "truncated": Meaning("error", "The end of the file is missing. Copy or fetch it again, or remove it."),
    "damaged": Meaning("error", _MEND),
    "html": Meaning("error", "A web page was saved in place of the picture. Fetch the picture itself, or remove it."),
    "not-a-picture": Meaning("error", "Convert it to PNG, JPEG, WebP, BMP, TIFF or NumPy, or remove it."),
    "unsupported": Meaning("error", "Do as the sentence says, or remove it."),
    "transparency": Meaning("error", "Say what becomes of it with --source-alpha or --target-alpha."),
    "unreadable": Meaning("error", "Put a file there that you may read, or remove it."),
    "dangling-link": Meaning("error", "Put back what the link leads to, or remove the link."),
    "link-loop": Meaning("error", "Remove the links that lead to one another."),
    "missing": Meaning("error", "Put the file where it is looked for, or take it out of the list."),
    "unmatched": Meaning("error", "Add its counterpart, give both one name, or remove it."),
    "duplicate-stem": Meaning("error", "Keep one, or give each a name of its own."),
    "size-mismatch": Meaning("error", "Cut or scale one of the two to the size of the other."),
    "odd-width": Meaning("error", "Cut the picture to an even width, so that it has two equal halves."),
    "leak": Meaning("warning", "Keep it in one part only: what was trained on measures nothing."),
    "same-on-both-sides": Meaning("warning", "Make sure that source and target are not mixed up."),
    "duplicate": Meaning("warning", "Keep one, unless it is to count more than once."),
    "wrong-extension": Meaning("warning", "It is read all the same. Rename it for other programs' sake."),
    "mixed-channels": Meaning(
        "warning", "Make sure that they belong here, or ask for --source-channels, --target-channels."
    ),
    "mixed-depths": Meaning("warning", "Save all with one number of bits, unless this is meant."),
    "orientation": Meaning("warning", "Look whether the two lie over one another; save both upright."),
    "flat": Meaning("warning", "Nothing is learned from one colour, and norms divide by its spread. Remove it."),
    "unused-scale": Meaning("warning", "Give the range with --source-range or --target-range."),
    "name-collision": Meaning("warning", f"{_RENAME} On Windows and macOS one takes the other's place."),
    "odd-name": Meaning("warning", "Rename it in UTF-8: other systems and archives may not take it."),
    "nested": Meaning("warning", "Move it to where it belongs, or remove it."),
    "left-alone": Meaning(
        "warning", "Training does not see it. Move it into train, val or test, or out of the folder."
    ),
    "hidden": Meaning("warning", "Training does not see it. Rename it if it belongs to the set."),
    "passed-over": Meaning("warning", "Training does not see it. Convert or rename it if it belongs to the set."),
    "folder-loop": Meaning("warning", "The link is not followed. Remove it."),
}
"""All kinds, errors first. An error is what training refuses, or leaves out with --skip-bad; a warning trains."""


@dataclass(frozen=True)
class Finding:
    """One thing found, of one kind, about one picture or several."""

    kind: str
    paths: tuple[Path, ...]
    why: str

    @property
    def severity(self) -> Severity:
        """Whether training would refuse it."""
        return KINDS[self.kind].severity

    @property
    def do(self) -> str:
        """What to do about it."""
        return KINDS[self.kind].do


def in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    """Errors first, kind by kind, by name: the same for the same set."""
    places = {kind: place for place, kind in enumerate(KINDS)}
    return tuple(sorted(findings, key=lambda finding: (places[finding.kind], finding.paths, finding.why)))
