"""What a person sees of a run in the terminal: two live lines, or now and then a plain one where nobody watches."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

_EVERY = 15.0
"""Seconds between plain lines."""
_BAR = 12
"""Width of the bar, in characters."""


class Terminal:
    """The voice of one run."""

    def __init__(self, pairs_per_step: int, *, live: bool) -> None:
        """`live` lines are for a run with steps to do, where somebody watches."""
        self._console = Console(highlight=False, soft_wrap=True)
        self._pairs, self._done = pairs_per_step, 0
        self._opened = self._began = self._spoke = time.monotonic()
        self._losses = self._waiting = ""
        self._live: Live | None = None
        if self._console.is_terminal and live:
            self._live = Live(console=self._console, refresh_per_second=4, transient=True)
            self._live.start()

    def say(self, line: str) -> None:
        """A line that stays."""
        self._print(line)

    def losses(self, means: dict[str, float], waiting: float) -> None:
        """What to show from now on as the losses, and as the share of time that steps wait for pictures."""
        self._losses = "  ".join(f"{name} {value:.3f}" for name, value in means.items())
        self._waiting = f"  waiting {waiting:.0%}"

    def advance(self, step: int, total: int) -> None:
        """One more step is done; now `step` of `total` are."""
        now = time.monotonic()
        self._done += 1
        speed = self._done * self._pairs / (now - self._began)
        # What is left includes the validations still to come; the images a second do not.
        left = _span((total - step) * (now - self._opened) / self._done)
        if self._live is not None:
            bar = "█" * (_BAR * step // total)
            first = f"{bar:░<{_BAR}} step {step}/{total}  {left} left  {speed:.1f} images/s{self._waiting}"
            self._live.update(Text(f"{first}\n{self._losses}", no_wrap=True, overflow="ellipsis"))
        elif now - self._spoke > _EVERY and self._losses:
            self.say(f"step {step}/{total}  {left} left  {speed:.1f} images/s{self._waiting}  {self._losses}")
            self._spoke = now

    @contextmanager
    def aside(self) -> Iterator[None]:
        """The time this takes does not count in the images a second."""
        began = time.monotonic()
        yield
        self._began += time.monotonic() - began

    def scores(self, step: int, scores: dict[str, float]) -> None:
        """A validation."""
        self.say(f"step {step}: held-out {_score_line(scores)}")

    def table(self, rows: list[tuple[str, dict[str, Any]]]) -> None:
        """L1, PSNR and SSIM of several ways to guess the held-out targets, beside one another."""
        table = Table("held-out pictures", "L1 (0–255)", "PSNR (dB)", "SSIM")
        for name, scores in rows:
            table.add_row(name, f"{scores['l1']:.2f}", f"{scores['psnr']:.2f}", f"{scores['ssim']:.3f}")
        self._print(table)

    def _print(self, what: str | Table) -> None:
        """Say it to whoever still listens: a reader that is gone, or a log on a full disk, must not end the run."""
        try:
            self._console.print(what, markup=False) if isinstance(what, str) else self._console.print(what)
        except (OSError, SystemExit):  # rich leaves the program when a pipe is closed
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._live is not None:
            self._live.stop()


def _score_line(scores: dict[str, float]) -> str:
    known = {"l1": "L1 {:.2f}", "psnr": "PSNR {:.2f} dB", "ssim": "SSIM {:.3f}"}
    known |= {"cycle_A": "A → B → A {:.2f}", "cycle_B": "B → A → B {:.2f} (L1, 0–255)"}
    return "  ".join(form.format(scores[name]) for name, form in known.items() if name in scores)


def _span(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"
