"""The report as one page that needs no server, no script and no other file."""

import base64
import math
from html import escape
from pathlib import Path
from string import Template

import numpy as np

from pixlate import images
from pixlate.evaluation import figures, reading
from pixlate.evaluation.matching import Matched
from pixlate.evaluation.reading import Levels
from pixlate.evaluation.report import MEASURES, Report, Score
from pixlate.metrics.bootstrap import LEVEL
from pixlate.specs.evaluation import Rule

SHOWN = 6
"""Pictures shown of the worst, of the middle and of the best."""
_SIDE = 256
"""Pixels of the longer side of a picture on the page, at most."""


def page(report: Report, matched: Matched, rule: Rule) -> str:
    """The page as text, the worst, median and best pictures by SSIM in it: output, target and their difference."""
    order = report.ranked("ssim")
    count = min(SHOWN, max(1, len(order) // 3))
    middle = (len(order) - count) // 2
    groups = {"worst": order[:count], "median": order[middle : middle + count], "best": order[::-1][:count]}
    template = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
    shown = [
        f'<h2>The {name} by SSIM</h2><p class="soft">Output, target, difference.</p><div class="rows">'
        + "".join(_figure(report, matched, rule, place) for place in places)
        + "</div>"
        for name, places in groups.items()
    ]
    first = reading.read(matched.matches[order[0]], matched.half, rule)[0]
    return template.substitute(
        title=escape(f"{len(report.pictures)} pictures of {Path(report.outputs).name}"),
        what="<br>".join(map(escape, [f"{report.outputs} beside {report.targets}", report.rule, *report.notes])),
        table=_table(report),
        colours=_colours(report),
        pictures="\n".join(shown),
        rendering="pixelated" if max(first.shape[:2]) <= 160 else "auto",
    )


def _table(report: Report) -> str:
    rows = [
        _row(f"{MEASURES[name].title} <span class=soft>{MEASURES[name].unit}</span>", score, MEASURES[name].digits)
        for name, score in report.scores.items()
        if not math.isnan(score.mean)
    ]
    head = f"<thead><tr><th></th><th>mean</th><th>{LEVEL:.0%} interval</th></tr></thead>"
    return f"<table>{head}<tbody>{''.join(rows)}</tbody></table>"


def _row(title: str, score: Score, digits: int) -> str:
    low, high = score.interval
    shown = f"{low:.{digits}f} to {high:.{digits}f}" if math.isfinite(low) else "–"
    mean = f"{score.mean:.{digits}f}" if math.isfinite(score.mean) else "∞"
    return f"<tr><th>{title}</th><td>{mean}</td><td>{shown}</td></tr>"


def _colours(report: Report) -> str:
    if not report.colours:
        return ""
    outputs = {"outputs": {axis: made for axis, (made, _) in report.curves.items()}}
    targets = {axis: wanted for axis, (_, wanted) in report.curves.items()}
    rows = "".join(_row(axis, score, 3) for axis, score in report.colours.items())
    title = "In common with the targets, Σ min(p, q)"
    head = f"<thead><tr><th>{title}</th><th></th><th>{LEVEL:.0%} interval</th></tr></thead>"
    drawn = figures.distributions(outputs, targets)
    return f'<h2>Colours</h2><div class="card">{drawn}<table>{head}<tbody>{rows}</tbody></table></div>'


def _figure(report: Report, matched: Matched, rule: Rule, place: int) -> str:
    picture = report.pictures[place]
    output, target = reading.read(matched.matches[place], matched.half, rule)
    difference = np.abs(output.astype(np.float32) - target.astype(np.float32))
    shown = "".join(
        f'<img alt="{what} of {escape(picture.name)}" src="{_source(levels)}">'
        for what, levels in (("output", output), ("target", target), ("difference", difference))
    )
    told = ", ".join(
        f"{MEASURES[name].title} {value:.{MEASURES[name].digits}f}"
        for name, value in zip(report.names, picture.values, strict=True)
        if math.isfinite(value)
    )
    caption = f"<figcaption>{escape(picture.name)}: {told}</figcaption>"
    return f'<figure class="card"><div class="three">{shown}</div>{caption}</figure>'


def _source(levels: Levels) -> str:
    """The picture within the page itself; of many bands the first three, or the first."""
    picture = np.rint(levels).astype(np.uint8)[..., : 3 if levels.shape[-1] >= 3 else 1]
    height, width = picture.shape[:2]
    shrink = _SIDE / max(height, width)
    if shrink < 1:
        picture = images.resize(picture, max(1, round(height * shrink)), max(1, round(width * shrink)), "bilinear")
    return "data:image/png;base64," + base64.b64encode(images.encode_png(picture)).decode()
