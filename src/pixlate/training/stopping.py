"""Being told to stop: by a keyboard, a queue, or a machine that is about to be taken away."""

import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any, NoReturn, Self, TypeVar

T = TypeVar("T")

_EXIT = {signal.SIGINT: 130, signal.SIGTERM: 143}
if os.name == "posix":
    _EXIT[signal.SIGHUP] = 129  # the terminal is gone
    _EXIT[signal.SIGUSR1] = 143  # Slurm's --signal=USR1@60: a warning ahead of SIGTERM, and meant as one
_ECHO = 2.0
"""Seconds in which the same signal counts once under torchrun, which hands on what the terminal or the queue has sent
to every process already."""
_PATIENCE = 5.0
"""Seconds a picture may still be waited for."""
_GRACE = 3.0
"""Seconds the main thread has, before the loop begins, to leave by itself."""


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
        self._deferred = False
        self._waits = 0
        self._before: dict[signal.Signals, Any] = {}
        self._watcher: _Watcher | None = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._watcher = _Watcher(self)
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
        if self._watcher is not None:
            self._watcher.close()
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
        """The things, as long as the run is not told to stop, and also not if one is then long in coming."""
        while self._signal is None:
            try:
                self._waits += 1
                thing = next(things)
                self._waits += 1
            except (StopIteration, Interrupted):
                break
            yield thing
        self._waits += self._waits % 2

    @property
    def wait(self) -> int:
        """The number of the wait that is going on; even while nothing is waited for."""
        return self._waits

    @property
    def is_deferred(self) -> bool:
        """Whether the first signal is only noted."""
        return self._deferred

    def _hear(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as Python calls it
        which = signal.Signals(number)
        if not self._deferred:
            _leave(which)
        if self._signal is None:
            self._signal = which
        elif self._waits % 2 and self._watcher is not None and self._watcher.has_nudged:
            raise Interrupted


class _Watcher:
    """A thread that hears signals also while the main thread waits for another process, and hears nothing itself."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._ours, self._pythons = socket.socketpair()
        self._pythons.setblocking(False)  # noqa: FBT003
        self._before = signal.set_wakeup_fd(self._pythons.fileno(), warn_on_full_buffer=False)
        self._ended = threading.Event()
        self.has_nudged = self._own = False
        """Whether a signal was sent from here, to end a long wait; and whether its echo is still to come."""
        threading.Thread(target=self._watch, daemon=True).start()

    def close(self) -> None:
        """Watch no more."""
        signal.set_wakeup_fd(self._before)
        self._ended.set()
        self._pythons.close()  # ends the thread, which closes the other end

    def _watch(self) -> None:
        first, heard = 0, 0.0
        with self._ours:
            while told := self._ours.recv(1):
                number = told[0]
                if self._own:
                    self._own = False
                    continue
                if number not in _EXIT or signal.getsignal(number) is signal.SIG_IGN:
                    continue
                if first and not self._is_echo(number, first, heard):
                    self._quit(number)
                if not first and not self._stop.is_deferred and not self._ended.wait(_GRACE):
                    self._quit(number)
                if not first:
                    heard = time.monotonic()
                    nudge = threading.Timer(_PATIENCE, self._nudge, (number, self._stop.wait))
                    nudge.daemon = True
                    nudge.start()
                first = first or number

    def _nudge(self, number: int, wait: int) -> None:
        """End a wait that went on when the signal came and goes on still: then it is safe to break into."""
        if wait % 2 and self._stop.wait == wait and not self._ended.is_set():
            self.has_nudged = self._own = True
            signal.pthread_kill(threading.main_thread().ident or 0, number)

    @staticmethod
    def _is_echo(number: int, first: int, heard: float) -> bool:
        return number == first and time.monotonic() - heard < _ECHO and "TORCHELASTIC_RUN_ID" in os.environ

    @staticmethod
    def _quit(number: int) -> NoReturn:
        for helper in multiprocessing.active_children():
            helper.kill()  # loader workers do not hear what this process hears
        os._exit(_EXIT[signal.Signals(number)])


def _leave(which: signal.Signals) -> None:
    if which == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(_EXIT[which])
