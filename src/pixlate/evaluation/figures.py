"""Figure 7 of pix2pix: how the colours of outputs are spread beside those of the targets, as SVG. Imports no torch."""

import math
from collections.abc import Mapping, Sequence
from html import escape

from pixlate.metrics.colour import AXES

Curves = Mapping[str, Sequence[float]]
"""Probabilities by axis."""

_LEAST = -12.0
"""The natural logarithm of the least probability that is drawn."""
_TAIL = 1e-5
"""Probability beyond which the axis ends on either side, so that a few odd pixels do not squeeze the rest."""
_WIDTH, _HEIGHT, _LEFT, _TOP = 300.0, 220.0, 38.0, 26.0
_COLOURS = ("#2f62c9", "#c96a12", "#15826a", "#8a4fa3", "#b03a5b", "#6d727b", "#7a8b12", "#3d3d8f")


def distributions(outputs: Mapping[str, Curves], targets: Curves) -> str:
    """A panel each for L, a and b: ln p of each set of outputs, by its name, and of the targets, dashed.

    The paper does not say which logarithm it took, nor how wide its bins are: here natural ones of bins of 1.
    """
    panels = [_panel(axis, place, outputs, targets) for place, axis in enumerate(AXES)]
    whole = 3 * (_WIDTH + _LEFT) + 16
    names = [*outputs, "targets"]
    keys, x, y = [], _LEFT, _TOP + _HEIGHT + 44
    for index, name in enumerate(names):
        if x + 34 + 7 * len(name) > whole:
            x, y = _LEFT, y + 20
        keys.append(f'<path d="M{x:.0f} {y:.0f}h22" {_stroke(index, last=name == "targets")}/>')
        keys.append(f'<text x="{x + 28:.0f}" y="{y + 4:.0f}">{escape(name)}</text>')
        x += 44 + 7 * len(name)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole:.0f} {y + 14:.0f}" role="img" '
        'aria-label="Distributions of L, a and b" font-family="system-ui, sans-serif" font-size="12" '
        'fill="currentColor">'
        f"{''.join(panels)}{''.join(keys)}</svg>\n"
    )


def _panel(axis: str, place: int, outputs: Mapping[str, Curves], targets: Curves) -> str:
    low, high = AXES[axis]
    sets = [*(curves[axis] for curves in outputs.values()), targets[axis]]
    seen = [index for index in range(high - low + 1) if any(curve[index] > _TAIL for curve in sets)] or [0]
    first, last = (low, high) if axis == "L" else (low + seen[0], low + seen[-1])
    left = place * (_WIDTH + _LEFT) + _LEFT

    def x(value: float) -> float:
        return left + (value - first) / max(last - first, 1) * _WIDTH

    def y(logarithm: float) -> float:
        return _TOP + logarithm / _LEAST * _HEIGHT

    parts = [f'<text x="{left:.0f}" y="16" font-weight="600">{axis}: ln p</text>']
    for tick in range(0, int(_LEAST) - 1, -2):
        parts.append(f'<path d="M{left:.0f} {y(tick):.1f}h{_WIDTH:.0f}" stroke="#8884" fill="none"/>')
        parts.append(f'<text x="{left - 6:.0f}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick}</text>')
    below = _TOP + _HEIGHT + 18
    parts += [
        f'<text x="{x(value):.1f}" y="{below:.0f}" text-anchor="middle">{value}</text>' for value in _ticks(first, last)
    ]
    for index, curve in enumerate(sets):
        points = [
            (x(low + bin_), y(max(math.log(probability), _LEAST)) if probability > 0 else y(_LEAST))
            for bin_, probability in enumerate(curve)
            if first <= low + bin_ <= last
        ]
        path = "M" + "L".join(f"{across:.1f} {down:.1f}" for across, down in points)
        parts.append(f'<path d="{path}" {_stroke(index, last=index == len(sets) - 1)}/>')
    return "".join(parts)


def _stroke(index: int, *, last: bool) -> str:
    if last:
        return 'fill="none" stroke="currentColor" stroke-width="1.6" stroke-dasharray="2 3"'
    return f'fill="none" stroke="{_COLOURS[index % len(_COLOURS)]}" stroke-width="1.6"'


def _ticks(first: int, last: int) -> list[int]:
    apart = next(step for step in (1, 2, 5, 10, 20, 50, 100) if (last - first) / step <= 6)
    return [value for value in range(first, last + 1) if value % apart == 0]
