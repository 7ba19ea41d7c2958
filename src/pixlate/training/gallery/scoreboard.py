"""The held-out scores on the page of a run, beside the guesses any translator must be seen beside."""

import math
from html import escape

from pixlate.training.gallery.charts import chart, shown, thinned
from pixlate.training.journal import Entry, Journal
from pixlate.training.planning import Plan

_SCORES = {
    "l1": ("L1", "0–255", "↓"),
    "psnr": ("PSNR", "dB", "↑"),
    "ssim": ("SSIM", "up to 1", "↑"),
    "cycle_A": ("A → B → A", "L1, 0–255", "↓"),
    "cycle_B": ("B → A → B", "L1, 0–255", "↓"),
}
_BETTER = {"↓": "lower is better", "↑": "higher is better"}


def scores(planned: Plan, journal: Journal, step: int) -> str:
    """The table of held-out scores beside the guesses, and a chart of each over the steps, as HTML."""
    scored, guesses = journal.of("val"), journal.of("guess")
    if not scored:
        return f'<p class="empty">{_why_unscored(planned)}</p>'
    names = [name for name in _SCORES if name in scored[-1]]
    charts = "".join(
        chart(
            _SCORES[name][0],
            f"{_SCORES[name][1]}, {_BETTER[_SCORES[name][2]]}",
            thinned(scored, ["translator"], {"translator": name}),
            step,
            levels=[(str(guess["name"]), float(guess[name])) for guess in guesses if name in guess],
        )
        for name in names
    )
    return f'{_table(planned, scored, guesses, names)}\n<div class="charts">{charts}</div>'


def _why_unscored(planned: Plan) -> str:
    if not len(planned.survey.val):
        return "There are no validation pictures, so nothing is scored; samples are of training pictures."
    if not planned.config.method.paired and not planned.config.method.both_ways:
        return "Without pairs and without a way back there is nothing to score; look at the samples."
    if not planned.config.loop.validate_on:
        return "Nothing is scored, as asked (--validate-on 0)."
    return "Nothing has been scored yet."


def _table(planned: Plan, scored: list[Entry], guesses: list[Entry], names: list[str]) -> str:
    last, metric = scored[-1], planned.config.loop.best_by
    rows = [("own", f"the translator, step {last['step']:,}", last)]
    kept = [entry for entry in scored if entry["step"] and not math.isnan(entry.get(metric, math.nan))]
    if kept:
        best = (min if metric == "l1" else max)(kept, key=lambda entry: entry[metric])
        if best is last:
            rows = [("own", f"{rows[0][1]}, its best by {_SCORES[metric][0]}", last)]
        else:
            rows.append(("own", f"its best by {_SCORES[metric][0]}, step {best['step']:,}", best))
    rows += [("", f"guess: {guess['name']}", guess) for guess in guesses]
    best_of = {name: _best(name, [row for _, _, row in rows]) for name in names}
    head = "".join(
        f"<th>{score} {arrow}<small>{unit}</small></th>" for score, unit, arrow in (_SCORES[name] for name in names)
    )
    lines = "".join(
        f'<tr class="{kind}"><th>{escape(title)}</th>'
        + "".join(_cell(entry.get(name, math.nan), name, best_of[name]) for name in names)
        + "</tr>"
        for kind, title, entry in rows
    )
    count = min(len(planned.survey.val), planned.config.loop.validate_on)
    if not planned.config.method.paired:
        told = (
            f"Means over {count:,} held-out pictures a side at most: how far a picture is from what comes back of it. "
            "It says how much is kept, not how well it is translated: who changes nothing has none."
        )
        return _card(head, lines, told)
    told = (
        f"Means over {count:,} held-out pictures; bold is the best of a column. Any translator must be seen beside the "
        "guesses: the mean of the training targets, and the target of the training pair whose source is nearest. "
        "L1 and PSNR favour blur, such as the mean's."
        if guesses
        else f"Means over {count:,} held-out pictures. The guesses to compare with come with the first validation."
    )
    return _card(head, lines, told)


def _card(head: str, lines: str, told: str) -> str:
    return (
        f'<div class="card"><div class="wide"><table><thead><tr><th></th>{head}</tr></thead><tbody>{lines}</tbody>'
        f'</table></div><p class="soft">{told}</p></div>'
    )


def _best(name: str, rows: list[Entry]) -> float:
    values = [row[name] for row in rows if not math.isnan(row.get(name, math.nan))]
    return float((min if _SCORES[name][2] == "↓" else max)(values, default=math.nan))


def _cell(value: float, name: str, best: float) -> str:
    text = shown(value, ".3f" if name == "ssim" else ".2f")
    return f'<td class="{"best" if value == best else ""}">{text}</td>'
