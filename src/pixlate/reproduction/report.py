"""The tables beside the published ones, and the claims, as Markdown without pictures and as a page with them."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from pixlate import images
from pixlate.evaluation import figures
from pixlate.evaluation.accuracy import CEILING, MAJORITY, SHUFFLED, TITLES
from pixlate.images import Picture
from pixlate.reproduction import claims
from pixlate.reproduction.bench import Bench
from pixlate.specs.reproduction import (
    EXPERIMENTS,
    PUBLISHED_CEILING,
    TABLES,
    ReproductionConfig,
    Table,
    training,
)

Results = dict[str, dict[int, dict[str, Any]]]

_SHOWN = 4
"""Scenes on the page."""
_COLUMNS = {
    "fcn": ("fcn", dict(TITLES)),
    "labels": ("labels", dict(TITLES)),
    "colour": ("colour", {"L": "L", "a": "a", "b": "b"}),
}


@dataclass(frozen=True)
class Grid:
    """A table as text: head, then rows of cells."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def grids(
    config: ReproductionConfig, results: Results, real: Mapping[str, Any], others: Mapping[str, Any]
) -> Iterator[Grid]:
    """The tables that were asked for, as far as their rows are done."""
    for name in config.tables:
        table = TABLES[name]
        rows = [
            (title, results.get(experiment, {}), published) for title, (experiment, published) in table.rows.items()
        ]
        if any(found for _, found, _ in rows):
            yield _noise(table, rows) if table.measure == "noise" else _scored(config, table, rows, real, others)


def _scored(
    config: ReproductionConfig,
    table: Table,
    rows: Sequence[Any],
    real: Mapping[str, Any],
    others: Mapping[str, Any],
) -> Grid:
    kind, columns = _COLUMNS[table.measure]
    lines = []
    for title, found, published in rows:
        cells = [_over([scores.get(kind, {}).get(column) for scores in found.values()]) for column in columns]
        lines.append((title, *cells, _published(published), str(len(found))))
    if table.measure != "labels":
        for title, scores in others.items():
            lines.append((title, *(_over([scores.get(kind, {}).get(column)]) for column in columns), "", "–"))
    if table.measure == "fcn":
        for title in (CEILING, SHUFFLED, MAJORITY):
            if title in real["rows"]:
                cells = [_over([real["rows"][title][column]]) for column in columns]
                lines.append((title, *cells, _published(PUBLISHED_CEILING) if title == CEILING else "", "–"))
    head = ("", *columns.values(), "published (Cityscapes)", "seeds")
    patches = [training(config, name, 0, "").networks.receptive_field for name, _ in table.rows.values()]
    note = f"Patches of the discriminators here, in px: {', '.join(map(str, patches))}." if all(patches) else ""
    return Grid(table.title, head, tuple(lines), note)


def _noise(table: Table, rows: Sequence[Any]) -> Grid:
    lines = [
        (title, _over([{"mean": scores["noise"]} for scores in found.values()]), str(len(found)))
        for title, found, _ in rows
        if found
    ]
    note = (
        "Standard deviation of a pixel over five draws of the noise, meaned over pixels and pictures, in levels of 255."
    )
    return Grid(table.title, ("noise", "levels", "seeds"), tuple(lines), note)


def _over(scores: Sequence[Mapping[str, Any] | None]) -> str:
    """The mean over seeds with the least and the greatest; of one seed with its interval over pictures."""
    told = [score for score in scores if score is not None and score["mean"] is not None]
    if not told:
        return "–"
    means = [score["mean"] for score in told]
    low, high = told[0].get("interval", (None, None)) if len(told) == 1 else (min(means), max(means))
    return f"{np.mean(means):.3f}" if low is None else f"{np.mean(means):.3f} ({low:.3f} to {high:.3f})"


def _published(scores: Sequence[float] | None) -> str:
    return "" if scores is None else " / ".join(f"{score:.2f}" for score in scores)


def opening(bench: Bench) -> list[str]:
    """What was done, for a person."""
    config, card = bench.config, bench.segmenter.card
    size = "×".join(map(str, card.size))
    return [
        f"Scale {config.scale}: {config.size.told(config.epochs)}.",
        f"Measured on the {len(bench.scenes)} pictures of the {bench.part} part.",
        f"Segmenter: {card.network}, first weights {card.weights}.",
        f"It was trained on {card.pictures} photographs shrunk to {size} px.",
        f"It reads the validation part with {_told(card.validation)}.",
        "Of several seeds the mean is told, with the least and the greatest; of one its 95 % interval over pictures.",
    ]


def _told(validation: Mapping[str, float]) -> str:
    return ", ".join(f"{TITLES[name]} {value:.3f}" for name, value in validation.items()) or "nothing, for it has none"


def markdown(bench: Bench, results: Results, real: Mapping[str, Any], others: Mapping[str, Any]) -> str:
    """The report without pictures."""
    parts = ["# What was reproduced\n", *(f"{line}\n" for line in opening(bench))]
    if real["warning"]:
        parts.append(f"**{real['warning']}**\n")
    for grid in grids(bench.config, results, real, others):
        rule = "|".join(["---"] * len(grid.head))
        lines = [f"| {' | '.join(cells)} |" for cells in grid.rows]
        parts.append("\n".join([f"## {grid.title}\n", f"| {' | '.join(grid.head)} |", f"|{rule}|", *lines, ""]))
        parts += [f"{grid.note}\n"] if grid.note else []
    found = claims.judge(results, real)
    if found:
        lines = [f"| {one.claim.where} | {one.claim.says} | {one.verdict} | {one.why} |" for one in found]
        parts.append(
            "\n".join(["## What the paper says\n", "| | claim | here | figures |", "|---|---|---|---|", *lines, ""])
        )
    return "\n".join(parts)


def page(bench: Bench, results: Results, real: Mapping[str, Any], others: Mapping[str, Any]) -> str:
    """The same as one HTML page, with pictures like the paper's Figures 4 to 6, and its Figure 7."""
    body = [f"<p>{escape(line)}</p>" for line in opening(bench)]
    if real["warning"]:
        body.append(f"<p><strong>{escape(real['warning'])}</strong></p>")
    for grid in grids(bench.config, results, real, others):
        head = "".join(f"<th>{escape(cell)}</th>" for cell in grid.head)
        rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>" for cells in grid.rows)
        body.append(f"<h2>{escape(grid.title)}</h2><table><tr>{head}</tr>{rows}</table><p>{escape(grid.note)}</p>")
    body.append(_figure7(bench.config, results, real))
    body.append("<h2>What the paper says</h2><dl>")
    body += [
        f"<dt>{escape(one.claim.where)}: {escape(one.claim.says)}</dt><dd><b>{one.verdict}</b>. {escape(one.why)}</dd>"
        for one in claims.judge(results, real)
    ]
    body += ["</dl>", _pictures(bench, results)]
    return _PAGE.replace("$BODY", "\n".join(body))


def _figure7(config: ReproductionConfig, results: Results, real: Mapping[str, Any]) -> str:
    if "figure7" not in config.tables:
        return ""
    sets = {
        title: next(iter(results[name].values()))["curves"]
        for title, (name, _) in TABLES["figure7"].rows.items()
        if results.get(name)
    }
    sets = {title: curves for title, curves in sets.items() if curves}
    return f"<h2>Figure 7</h2>{figures.distributions(sets, real['curves'])}" if sets and real["curves"] else ""


def _pictures(bench: Bench, results: Results) -> str:
    """A row a scene: the labels, the photograph, and each experiment's output."""
    names = [name for name in results if results[name] and not EXPERIMENTS[name].backwards]
    size = bench.config.size.size
    count = min(_SHOWN, len(bench.scenes))
    places = [index * len(bench.scenes) // count for index in range(count)]
    heads = "".join(f"<th>{escape(title)}</th>" for title in ("labels", "photograph", *names))
    rows = []
    for scene in (bench.scenes[place] for place in places):
        given = [
            images.read(path, half, alpha="flatten")
            for path, half in ((scene.labels, scene.labels_half), (scene.photo, scene.photo_half))
        ]
        shown = [images.resize(picture, size, size, "bilinear") for picture in given]
        shown += [images.read(bench.outputs(name, min(results[name])) / f"{scene.name}.png") for name in names]
        rows.append(f"<tr>{''.join(f'<td>{_image(picture)}</td>' for picture in shown)}</tr>")
    return f"<h2>Pictures</h2><table class=pictures><tr>{heads}</tr>{''.join(rows)}</table>"


def _image(picture: Picture) -> str:
    encoded = base64.b64encode(images.encode_png(images.with_channels(picture, 3))).decode()
    return f'<img alt="" src="data:image/png;base64,{encoded}">'


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">
<title>What was reproduced – pixlate</title>
<style>
body { margin: 0 auto; padding: 1.75rem 1.25rem 4rem; max-width: 76rem; font: 15px/1.5 system-ui, sans-serif; }
table { border-collapse: collapse; display: block; overflow-x: auto; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; text-align: left; border-top: 1px solid #8884; font-weight: 400; }
th { color: #777; font-size: .85rem; vertical-align: bottom; }
.pictures td, .pictures th { padding: 2px; border: 0; min-width: 5rem; max-width: 8rem; }
img { display: block; width: 100%; image-rendering: pixelated; }
svg { width: 100%; height: auto; }
dd { margin: 0 0 .6rem 1.2rem; }
</style></head><body>
<h1>What was reproduced</h1>
$BODY
</body></html>
"""
