"""Being told to stop: by a keyboard, a queue, or a machine that is about to be taken away."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")

_EXIT = {signal.SIGINT: 130, signal.SIGTERM: 143}
if os.name == "posix":
    _EXIT[signal.SIGHUP] = 129  # the terminal is gone
    _EXIT[signal.SIGUSR1] = 143  # Slurm's --signal=USR1@60: a warning ahead of SIGTERM, and meant as one
_ECHO = 2.0
"""Seconds in which the same signal counts once under torchrun, which hands on what the terminal or the queue has sent
to every process already."""


class Interrupted(Exception):  # noqa: N818 - not an error
    """Something that can be made up for was cut short, for the run has been told to stop."""


class Stop:
    """Signals, from the start of the `with` block to its end.

    At first they end the program where it stands. From `defer` on the first is noted, for the loop to finish its step
    and save, and has its effect at the end of the block; a second ends the program at once. Outside the main thread,
    where Python hears no signals, nothing is changed.
    """

    def __init__(self) -> None:
        self._signal: signal.Signals | None = None
        self._heard = 0.0
        self._deferred = self._break = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for which in _EXIT:
                # What was to be ignored (by nohup, by a shell's background job) stays ignored.
                if signal.getsignal(which) is not signal.SIG_IGN:
                    self._before[which] = signal.signal(which, self._hear)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for which, handler in self._before.items():
            signal.signal(which, handler)
        if (error is None or isinstance(error, Interrupted)) and self._signal is not None:
            _leave(self._signal)

    def defer(self) -> None:
        """Let a signal from now on wait for the end of the block."""
        self._deferred = True

    @property
    def requested(self) -> int:
        """The number of the signal that told the run to stop; 0 if none did."""
        return int(self._signal or 0)

    def request(self, number: int) -> None:
        """Stop for a signal that another process was sent."""
        self._signal = self._signal or (signal.Signals(number) if number else None)

    def breaking(self, things: Iterator[T]) -> Iterator[T]:
        """The things, as long as the run is not told to stop: also while it waits for one."""
        while True:
            try:
                self._break = True
                if self._signal is not None:
                    break
                thing = next(things)
                self._break = False
            except (StopIteration, Interrupted):
                break
            yield thing
        self._break = False

    def _hear(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as Python calls it
        which = signal.Signals(number)
        if not self._deferred:
            _leave(which)
        if self._signal is None:
            self._signal, self._heard = which, time.monotonic()
            if self._break:
                raise Interrupted
        elif not self._is_echo(which):
            for helper in multiprocessing.active_children():
                helper.kill()  # they do not hear what this process hears
            os._exit(_EXIT[which])

    def _is_echo(self, which: signal.Signals) -> bool:
        soon = time.monotonic() - self._heard < _ECHO
        return soon and which == self._signal and "TORCHELASTIC_RUN_ID" in os.environ


def _leave(which: signal.Signals) -> None:
    if which == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(_EXIT[which])
