"""Charts of a run's measurements, as SVG made here: no script has to run, no library is fetched."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from pixlate.training.journal import Entry

_POINTS = 400
"""Points of a curve, at most."""
_LOOKED_AT = 10_000
"""Lines of the journal a curve is made from, at most."""
_SMOOTH_FROM = 60
"""Points from which a running mean is drawn over a curve of losses."""
_BEYOND = 1e30
"""Nothing is drawn that is larger: it stands for divergence as NaN does, and overflows the axes' arithmetic."""

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    """Curves over the same steps, thinned; NaN where nothing finite was measured."""

    steps: _Floats
    values: dict[str, _Floats]
    last: dict[str, float]
    """The last value as it was written down."""
    whole: bool
    """Whether every value was finite."""


def thinned(entries: list[Entry], names: Sequence[str], keys: dict[str, str] | None = None) -> Curves:
    """Means of the finite values over equal runs of lines, at most `_POINTS` of them; `keys` maps names to entries'."""
    keys = keys or {name: name for name in names}
    lines = entries[:: -math.ceil(len(entries) / _LOOKED_AT)][::-1]  # from the end, so that the last is among them
    starts = np.arange(0, len(lines), math.ceil(len(lines) / _POINTS))
    ends = np.append(starts[1:], len(lines))
    steps = np.array([line["step"] for line in lines], np.float64)[ends - 1]
    values, whole = {}, True
    for name in names:
        raw = np.array([line.get(keys[name], math.nan) for line in lines], np.float64)
        finite = np.abs(raw) < _BEYOND
        count = np.add.reduceat(finite.astype(np.float64), starts)
        sums = np.add.reduceat(np.where(finite, raw, 0.0), starts)
        values[name] = np.divide(sums, count, out=np.full(len(starts), math.nan), where=count > 0)
        whole = whole and bool(finite.all())
    return Curves(steps, values, {name: float(lines[-1].get(keys[name], math.nan)) for name in names}, whole)


def chart(
    title: str,
    unit: str,
    curves: Curves,
    end: int,
    *,
    levels: Sequence[tuple[str, float]] = (),
    noisy: bool = False,
) -> str:
    """One chart. Curves are SVG stretched to the width there is; the numbers beside them are not, and stay legible."""
    right = max(float(end), curves.steps[-1], 1.0)
    low, high = _range([*curves.values.values(), np.array([value for _, value in levels])])
    x = np.round(curves.steps / right * 1000)

    def y(values: Any) -> Any:  # noqa: ANN401 - a number or an array, and the same comes back
        return np.round((high - values) / (high - low) * 1000)

    ticks = _ticks(low, high, 4)
    drawn = [f'<path class="grid" d="{" ".join(f"M0 {y(tick):.0f}H1000" for tick in ticks)}"/>']
    drawn.append('<path class="axis" d="M0 0V1000H1000"/>')
    drawn += [
        f'<path class="level g{index % 2}" d="M0 {y(value):.0f}H1000"/>'
        for index, (_, value) in enumerate(levels)
        if abs(value) < _BEYOND
    ]
    for index, values in enumerate(curves.values.values()):
        drawn += _drawn(x, y(values), f"c{index % 3}", noisy=noisy)
    labels = [f'<span class="y" style="top:{y(tick) / 10:.1f}%">{shown(tick, "g")}</span>' for tick in ticks]
    labels += [_step_label(tick, right) for tick in _ticks(0, right, 4)]
    told = [unit] if curves.whole else [unit, "values that are not finite are left out"]
    return (
        f'<figure class="card chart"><div class="title"><h3>{escape(title)}</h3>'
        f'<span class="at">step {curves.steps[-1]:,.0f}</span></div>'
        f"<figcaption>{escape('; '.join(told))}</figcaption>{_legend(curves, levels)}"
        f'<div class="plot"><svg viewBox="0 0 1000 1000" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(title)} over the steps">{"".join(drawn)}</svg>{"".join(labels)}</div>'
        f"{_readout(curves, right)}</figure>\n"
    )


def _range(arrays: Iterable[_Floats]) -> tuple[float, float]:
    values = np.concatenate([array[np.abs(array) < _BEYOND] for array in arrays])
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    margin = max((high - low) * 0.06, max(abs(low), abs(high)) * 1e-3, 1e-9)
    return low - margin, high + margin


def _ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers between `low` and `high`."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    apart = power * next(factor for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(low / apart)
    return [index * apart for index in range(first, math.floor(high / apart) + 1)]


def _step_label(tick: float, right: float) -> str:
    unit, letter = (1_000_000, "M") if right >= 1_000_000 else (1000, "k") if right >= 10_000 else (1, "")
    shown = f"{tick / unit:,.6g}{letter}" if tick else "0"
    last = " last" if tick > right * 0.97 else ""
    return f'<span class="x{last}" style="left:{100 * tick / right:.1f}%">{shown}</span>'


def _drawn(x: _Floats, y: _Floats, colour: str, *, noisy: bool) -> list[str]:
    """The curve; with dots where these are few, under its running mean where it is long and wild."""
    if not noisy:
        dots = [f'<path class="dots {colour}" d="{_path(x, y, apart=True)}"/>'] if len(x) <= 60 else []
        return [f'<path class="curve {colour}" d="{_path(x, y)}"/>', *dots]
    if len(x) < _SMOOTH_FROM:
        return [f'<path class="curve {colour}" d="{_path(x, y)}"/>']
    finite = np.isfinite(y)
    window = np.ones(len(x) // 30 * 2 + 1)
    count = np.convolve(finite, window, "same")
    sums = np.convolve(np.where(finite, y, 0.0), window, "same")
    mean = np.where(finite, sums / np.maximum(count, 1), math.nan)
    return [f'<path class="faint {colour}" d="{_path(x, y)}"/>', f'<path class="curve {colour}" d="{_path(x, mean)}"/>']


def _path(x: _Floats, y: _Floats, *, apart: bool = False) -> str:
    """The points joined, but not across NaN; `apart` gives points alone, which round line ends make dots."""
    parts: list[str] = []
    joined = False
    for across, down in zip(x.tolist(), y.tolist(), strict=True):
        if math.isnan(down):
            joined = False
            continue
        parts.append(f"{'L' if joined else 'M'}{across:.0f} {down:.0f}{'' if joined else 'h0'}")
        joined = not apart
    return "".join(parts)


def _legend(curves: Curves, levels: Sequence[tuple[str, float]]) -> str:
    items = [
        f"<li>{_key(f'curve c{index % 3}')}{escape(name)} <b data-series>{shown(value)}</b></li>"
        for index, (name, value) in enumerate(curves.last.items())
    ]
    items += [
        f"<li>{_key(f'level g{index % 2}')}{escape(name)} <b>{shown(value)}</b></li>"
        for index, (name, value) in enumerate(levels)
    ]
    return f'<ul class="legend">{"".join(items)}</ul>'


def _key(kind: str) -> str:
    return f'<svg viewBox="0 0 22 6" aria-hidden="true"><path class="{kind}" d="M0 3H22"/></svg>'


def _readout(curves: Curves, right: float) -> str:
    told = {
        "end": int(right),
        "steps": curves.steps.astype(int).tolist(),
        "values": [[_rounded(value) for value in line.tolist()] for line in curves.values.values()],
    }
    return f'<script type="application/json">{json.dumps(told, separators=(",", ":"))}</script>'


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else float(f"{value:.4g}")


def shown(value: float, form: str = "#.4g") -> str:
    """The number with a true minus sign, and NaN and infinity by name."""
    if math.isfinite(value):
        return f"{value:{form}}".replace("-", "−")
    return "NaN" if math.isnan(value) else "−∞" if value < 0 else "∞"
