"""Being told to stop: by a keyboard, a queue, or a machine that is about to be taken away."""

import os
import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Self

_EXIT = {signal.SIGINT: 130, signal.SIGTERM: 143}
if os.name == "posix":
    _EXIT[signal.SIGHUP] = 129  # the terminal is gone
    _EXIT[signal.SIGUSR1] = 143  # Slurm's --signal=USR1@60: a warning ahead of SIGTERM, and meant as one
_ECHO = 2.0
"""Seconds in which the same signal counts once under torchrun, which hands on what the terminal or the queue has sent
to every process already."""


class Interrupted(Exception):  # noqa: N818 - not an error
    """A look at the validation pictures was cut short, for the run has been told to stop."""


class Stop:
    """Signals, from the start of the `with` block to its end.

    At first they end the program where it stands. From `defer` on the first is noted, for the loop to finish its step
    and save, and has its effect at the end of the block; a second ends the program at once. Outside the main thread,
    where Python hears no signals, nothing is changed.
    """

    def __init__(self) -> None:
        self._signal: signal.Signals | None = None
        self._heard = 0.0
        self._deferred = False
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
        if error is None and self._signal is not None:
            _leave(self._signal)

    def defer(self) -> None:
        """Let a signal from now on wait for the end of the block."""
        self._deferred = True

    @property
    def requested(self) -> bool:
        """Whether the run is to stop after this step."""
        return self._signal is not None

    def _hear(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as Python calls it
        which = signal.Signals(number)
        if not self._deferred:
            _leave(which)
        if self._signal is None:
            self._signal, self._heard = which, time.monotonic()
        elif not ("TORCHELASTIC_RUN_ID" in os.environ and time.monotonic() - self._heard < _ECHO):
            os._exit(_EXIT[which])


def _leave(which: signal.Signals) -> None:
    if which == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(_EXIT[which])
