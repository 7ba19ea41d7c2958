"""What a check has found, as text for a person and as JSON for a program."""

import json
import os
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from itertools import groupby
from typing import Any

from pixlate.data.checking.findings import KINDS, Finding, Severity
from pixlate.data.dividing import Examples
from pixlate.data.survey import Survey
from pixlate.errors import escaped
from pixlate.specs.data import DataConfig, format_size
from pixlate.specs.methods.table import DEFAULT, METHODS

VERSION = 1
"""Of the JSON document; another means that something was renamed or taken away."""
_EXAMPLES = 3
_MENDED_ONLY = ("layout", "refused")
"""What --skip-bad does not help with."""


@dataclass(frozen=True)
class Report:
    """Everything found, and the set that training would see once the defective pictures are left out."""

    config: DataConfig
    findings: tuple[Finding, ...]
    method: str = DEFAULT.method
    fast: bool = False
    layout: str | None = None
    """None where the set is laid out in no way that is known; then no picture was looked at."""
    survey: Survey | None = None
    """None where nothing is left to train on, or training would refuse the set as a whole."""
    files: int = 0
    seconds: float = 0.0

    def count(self, severity: Severity) -> int:
        """How many findings are errors, or warnings."""
        return sum(finding.severity == severity for finding in self.findings)

    @property
    def sound(self) -> bool:
        """Whether training would take the set as it is."""
        return not self.count("error")

    def to_json(self) -> str:
        """The document; the same for the same set. Bytes of names that are no UTF-8 are \\udcXX, as Python has them."""
        return json.dumps(self.to_document(), indent=2) + "\n"

    def to_document(self) -> dict[str, Any]:
        """The document as Python has it."""
        counts = Counter(finding.kind for finding in self.findings)
        return {
            "version": VERSION,
            "data": [name for name in (self.config.data, self.config.data_b) if name],
            "sound": self.sound,
            "errors": self.count("error"),
            "warnings": self.count("warning"),
            "files": self.files,
            "decoded": not self.fast,
            "totals": {kind: counts[kind] for kind in KINDS if counts[kind]},
            "set": self._set(),
            "findings": [
                {
                    "kind": finding.kind,
                    "severity": finding.severity,
                    "paths": [str(path) for path in finding.paths],
                    "why": finding.why,
                    "do": finding.do,
                }
                for finding in self.findings
            ],
        }

    def _set(self) -> dict[str, Any] | None:
        if self.layout is None:
            return None
        told: dict[str, Any] = {"layout": self.layout, "paired": METHODS[self.method].paired}
        if self.survey is None:
            return told
        parts: dict[str, Examples] = {name: getattr(self.survey, name) for name in ("train", "val", "test")}
        counts = {name: len(part) if part.paired else _both(part) for name, part in parts.items()}
        sides = {name: str(getattr(self.survey.sides, name)) for name in ("source", "target")}
        size = format_size(*self.survey.size)
        return {**told, **counts, "size": size, "one_size": self.survey.same_size, **sides}

    def lines(self, *, every: bool = False) -> Iterator[str]:
        """The report for a person; of each kind some examples, or `every` finding."""
        if self.survey is not None:
            yield from _of_set(self.survey)
        elif self.layout is not None:
            yield self.layout
        for kind, some in groupby(self.findings, key=lambda finding: finding.kind):
            yield from _of_kind(kind, list(some), every=every)
        if self.files:
            done = f"headers of {self.files:,} pictures read" if self.fast else f"{self.files:,} pictures decoded"
            yield f"{done} in {self.seconds:.1f} s, {self.files / self.seconds:,.0f} a second"
        yield f"{_counted(self.count('error'), 'error')}, {_counted(self.count('warning'), 'warning')}"
        yield f"next: {self._next()}"

    def _next(self) -> str:
        if self.sound:
            return self._command()
        if self.survey is None or any(finding.kind in _MENDED_ONLY for finding in self.findings):
            return "mend the errors and check again"
        return f"mend the errors, or leave those pictures out: {self._command('--skip-bad')}"

    def _command(self, *more: str) -> str:
        """What to type to train on this set."""
        words = ["pixlate", "train", self.config.data, *filter(None, [self.config.data_b])]
        for field in fields(self.config):
            value = getattr(self.config, field.name)
            if field.name not in ("data", "data_b") and value != field.default:
                flag = f"--{field.name.replace('_', '-')}"
                words += [word for one in (value if isinstance(value, tuple) else [value]) for word in (flag, str(one))]
        words += [] if self.method == DEFAULT.method else ["--method", self.method]
        return escaped(shlex.join([*words, *more]))


def _both(part: Examples) -> dict[str, int]:
    return {"source": len(part.sources), "target": len(part.targets)}


def _of_set(surveyed: Survey) -> Iterable[str]:
    sizes = f"{format_size(*surveyed.size)} px" + ("" if surveyed.same_size else " mostly, sizes differ")
    yield escaped(surveyed.layout)
    yield f"{surveyed.counts()}; {sizes}; {surveyed.sides.source} → {surveyed.sides.target}"


def _of_kind(kind: str, some: list[Finding], *, every: bool) -> Iterator[str]:
    yield f"{KINDS[kind].severity} {kind}: {len(some):,}"
    for finding in some if every else some[:_EXAMPLES]:
        shown = finding.paths if every else finding.paths[:_EXAMPLES]
        names = ", ".join(escaped(os.fspath(path)) for path in shown)
        more = f" and {len(finding.paths) - len(shown):,} more" if len(finding.paths) > len(shown) else ""
        yield f"  {names}{more}: {escaped(finding.why)}"
    if not every and len(some) > _EXAMPLES:
        yield f"  … and {len(some) - _EXAMPLES:,} more (--all)"
    yield f"  → {KINDS[kind].do}"


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
