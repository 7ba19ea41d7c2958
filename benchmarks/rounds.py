"""Several ways of doing the same, measured in turns, so that other work on the machine meets all of them alike."""

import multiprocessing
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from multiprocessing.connection import Connection
from statistics import median, quantiles
from types import TracebackType
from typing import Any, Self

Work = Callable[[int], object]
"""Does round number n, and waits for the device."""


class Apart:
    """A contender in a process of its own, idle but in its turns; it ends with the `with` block.

    What one does to its process, such as how it keeps memory, the others have nothing of.
    """

    def __init__(self, make: Callable[..., Work], *given: object) -> None:
        """`make(*given)` is called there."""
        context = multiprocessing.get_context("spawn")
        self._pipe, far_end = context.Pipe()
        self._process = context.Process(target=_serve, args=(far_end, make, given), daemon=True)
        self._process.start()
        far_end.close()
        self._pipe.recv()

    def __call__(self, number: int) -> None:
        """Round `number` there."""
        self._pipe.send(number)
        self._pipe.recv()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pipe.close()
        self._process.join()


def _serve(pipe: Connection, make: Callable[..., Work], given: tuple[object, ...]) -> None:
    work = make(*given)
    pipe.send(None)
    while True:
        try:
            number = pipe.recv()
        except EOFError:
            return
        work(number)
        pipe.send(None)


def took(work: Work, number: int) -> float:
    """Seconds of one round."""
    began = time.perf_counter()
    work(number)
    return time.perf_counter() - began


def interleaved(
    contenders: Mapping[str, Work], times: int, seconds: float, *, warm: int = 1, fewest: int = 3
) -> dict[str, list[float]]:
    """Seconds of each contender in each round: `times` rounds, or fewer once that many `seconds` are over.

    `warm` rounds come first and count only where time is over with them and `fewest` is 0. Who begins changes from
    round to round.
    """
    names = list(contenders)
    rounds: list[dict[str, float]] = []
    began = time.perf_counter()
    while len(rounds) < warm + times:
        if len(rounds) >= warm + fewest and time.perf_counter() - began > seconds:
            break
        first = len(rounds) % len(names)
        rounds.append({name: took(contenders[name], len(rounds)) for name in (*names[first:], *names[:first])})
    return {name: [each[name] for each in rounds[warm:] or rounds] for name in names}


def race(
    names: list[str], make: Callable[..., Work], *given: object, apart: bool, **limits: Any
) -> dict[str, list[float]]:
    """`interleaved` rounds of `make(name, *given)` for each name, all in this process or each `apart` in its own."""
    with ExitStack() as stack:
        contenders: dict[str, Work] = {
            name: stack.enter_context(Apart(make, name, *given)) if apart else make(name, *given) for name in names
        }
        return interleaved(contenders, **limits)


def compared(found: Mapping[str, list[float]], ours: str = "ours") -> dict[str, Any]:
    """Medians as `NAME_s`; for each other contender its median divided by ours, and how that was round by round."""
    told: dict[str, Any] = {f"{name}_s": median(seconds) for name, seconds in found.items()}
    told["rounds"] = len(found[ours])
    for name, seconds in found.items():
        if name != ours:
            suffix = "" if name == "textbook" else f"_{name}"
            told[f"ratio{suffix}"] = told[f"{name}_s"] / told[f"{ours}_s"]
            told[f"ratio{suffix}_by_round"] = spread([a / b for a, b in zip(seconds, found[ours], strict=True)])
    return told


def spread(values: list[float]) -> dict[str, float]:
    """Least, quartiles and greatest."""
    low, middle, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return {"min": min(values), "low": low, "median": middle, "high": high, "max": max(values)}
