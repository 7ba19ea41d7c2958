"""index.html in the run folder: how the run stands, as a page that needs no server and fetches nothing from elsewhere.

The run writes it anew at every validation, so what it costs is bounded however long the run: curves are thinned, and
of very many lines or samples evenly spread ones are taken.
"""

import json
import math
import re
import time
from html import escape
from pathlib import Path
from string import Template

from pixlate.durable import write as write_file
from pixlate.specs.networks import GeneratorSpec
from pixlate.training import runfolder, schedule
from pixlate.training.gallery import scoreboard
from pixlate.training.gallery.charts import chart, thinned
from pixlate.training.journal import Entry, Journal
from pixlate.training.planning import Plan

_SAMPLES = 200
"""Samples the slider and the strip offer, at most."""
_REFRESH = 25
"""Seconds between two reloads while training goes on."""

_MODES = {
    "vanilla": "log loss; a discriminator that cannot tell has ln 2 in all",
    "lsgan": "squared distance from 1 for real, 0 for generated; ¼ where nothing can be told",
    "hinge": "hinge loss; 1 in both of a discriminator that cannot tell",
    "wgangp": "mean outputs of the discriminator, and its gradient penalty",
}
_UNIT = {"G_L2": "mean squared difference, pictures as −1 … 1", "NCE": "cross-entropy between patches"}


def write(planned: Plan, journal: Journal, step: int, total: int) -> None:
    """Write the page of the run as it stands after `step` of `total` steps."""
    template = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
    running = step < total
    samples = _samples(planned.folder / runfolder.SAMPLES, step)
    train = journal.of("train")
    width, height = _png_size(planned.folder / runfolder.SAMPLES / _file(samples[-1])) if samples else (3, 1)
    rows = len(_rows(planned))
    page = template.substitute(
        _head(planned, step, total),
        reload=f'<noscript><meta http-equiv="refresh" content="{_REFRESH}"></noscript>' if running else "",
        refresh=f' data-refresh="{_REFRESH}"' if running else "",
        progress=_progress(planned, train, step, total),
        notice=_notice(train),
        facts=_facts(planned),
        samples=_viewer(planned, samples, width, height),
        steps=json.dumps(samples),
        strip=_strip(samples, planned.folder / runfolder.SAMPLES),
        ratio=f"{width} / {height / rows:.2f}",
        rows=str(rows),
        place=f"{100 / (rows - 1):.2f}%",
        thumb=f"{min(max(64 * rows * width / height, 84), 250):.0f}px",
        scores=scoreboard.scores(planned, journal, step),
        losses=_losses(planned, train, step),
    )
    write_file(planned.folder / runfolder.PAGE, page.encode("utf-8", "replace"))


def _head(planned: Plan, step: int, total: int) -> dict[str, str]:
    config = planned.config
    arrow = config.data.direction.replace("to", " ↔ " if config.method.both_ways else " → ")
    generator = next(iter(planned.networks.values()))
    what = (arrow, config.method.objective, str(generator), f"{config.data.size} px")
    name = escape(planned.survey.name)
    return {
        "tab": f"{math.floor(_share(step, total))} % · {name} {escape(arrow)} – pixlate",
        "name": name,
        "what": escape("  ·  ".join(what)),
        "state": "running" if step < total else "finished",
        "epoch": str(int(time.time())),
    }


def _share(step: int, total: int) -> float:
    """Per cent done: 100 also when a run is resumed with fewer steps than it has."""
    return 100 * step / total if step < total else 100.0


def _progress(planned: Plan, train: list[Entry], step: int, total: int) -> str:
    now = time.strftime("%Y-%m-%d %H:%M:%S %Z")
    epoch = f", epoch {train[-1]['epoch']:,.1f}" if train and "epoch" in train[-1] else ""
    waiting = f", waiting for pictures {train[-1]['waiting']:.0%}" if train and "waiting" in train[-1] else ""
    if step < total:
        every = schedule.validation_interval(planned.config.loop, total)
        state = "Training goes on"
        hint = (
            f"The run writes this page every {every:,} steps, and it reloads itself. "
            "If no newer one comes, the run was stopped; the same command resumes it."
        )
    else:
        state, hint = "Training is finished", ""
    return (
        f'<div class="state"><strong>{state}</strong>'
        f'<span class="number">step {step:,} of {total:,}{epoch}{waiting}</span></div>\n'
        f'<div class="bar" role="progressbar" aria-label="Steps done" aria-valuemin="0" aria-valuemax="{total}" '
        f'aria-valuenow="{step}"><div style="width:{_share(step, total):.2f}%"></div></div>\n'
        f'<p class="soft">Written {escape(now)} <span id="age"></span>. {hint}</p>'
    )


def _notice(train: list[Entry]) -> str:
    broken = [name for name in _names(train) if not math.isfinite(train[-1].get(name, 0.0))]
    if not broken:
        return ""
    return f'<p class="notice">Not finite at the last count: {escape(", ".join(broken))}. The run has diverged.</p>'


# ---------------------------------------------------------------------------------------------------------- facts


def _facts(planned: Plan) -> str:
    groups = {"Data": _data_facts(planned), "Method": _method_facts(planned), "Run": _run_facts(planned)}
    lists = "".join(
        f"<div><h3>{title}</h3><dl>"
        + "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in facts)
        + "</dl></div>"
        for title, facts in groups.items()
    )
    told = [*planned.decisions, *planned.survey.notes]
    if planned.survey.defects:
        told.append(f"{len(planned.survey.defects)} pictures left out as defective")
    why = "".join(f"<li>{escape(line)}</li>" for line in told)
    decided = f'<div><h3>Decided and noted</h3><ul class="why">{why}</ul></div>' if told else ""
    files = (
        '<p class="soft">All settings are in <a href="config.yaml">config.yaml</a>, all measurements in '
        '<a href="metrics.jsonl">metrics.jsonl</a>.</p>'
    )
    return f'<div class="card facts">{lists}{decided}{files}</div>'


def _data_facts(planned: Plan) -> list[tuple[str, object]]:
    data, looked = planned.config.data, planned.survey
    more = [("B pictures", data.data_b), *(("stacked", folder) for folder in data.stack), ("recipe", data.recipe)]
    return [
        ("folder", data.data),
        *((name, value) for name, value in more if value),
        ("layout", looked.layout),
        ("pairs" if looked.train.paired else "pictures", looked.counts()),
        ("size", f"{data.size} px, cropped from {data.load_size} ({data.fit}, {data.resample})"),
        ("mirrored", "half of them" if data.mirror else "never"),
        ("sources", looked.sides.source),
        ("targets", looked.sides.target),
    ]


def _method_facts(planned: Plan) -> list[tuple[str, object]]:
    config = planned.config
    falls = f"over the last {config.learning.decay:.0%} of the run" if config.learning.decay else "none"
    if config.learning.lr_policy != "linear":
        falls = config.learning.lr_policy
    return [
        ("method", config.method.method),
        *config.method.told(),
        *((name, str(network)) for name, network in planned.networks.items()),
        *((f"dropout of {name}", places) for name, places in _dropout(planned)),
        ("Adam", f"rate {config.learning.lr:g}, β {config.learning.beta1:g} and {config.learning.beta2:g}"),
        ("decay", falls),
        ("preset", config.method.preset),
    ]


def _dropout(planned: Plan) -> list[tuple[str, str]]:
    places = {
        name: ", ".join(map(str, network.dropout))
        for name, network in planned.networks.items()
        if isinstance(network, GeneratorSpec)
    }
    return [(name, f"at {where}" if where else "none") for name, where in places.items()]


def _run_facts(planned: Plan) -> list[tuple[str, object]]:
    loop = planned.config.loop
    length = f"{loop.steps:,} steps" if loop.steps is not None else f"{loop.epochs:,} epochs"
    return [
        ("length", length),
        ("batch", loop.batch_size),
        ("seed", loop.seed),
        ("device", f"{loop.device}, precision {loop.precision}"),
        *([("best by", loop.best_by.upper())] if planned.config.method.paired else []),
        ("folder", planned.folder),
    ]


# -------------------------------------------------------------------------------------------------------- samples


def _file(step: int) -> str:
    return f"step_{step:08d}.png"


def _samples(folder: Path, step: int) -> list[int]:
    """The steps with a sample; none from beyond `step`, which a stopped run may have left."""
    found = (re.fullmatch(r"step_(\d{8,})\.png", path.name) for path in folder.glob("step_*.png"))
    steps = sorted(number for match in found if match and (number := int(match[1])) <= step)
    if len(steps) <= _SAMPLES:
        return steps
    return [steps[round(index * (len(steps) - 1) / (_SAMPLES - 1))] for index in range(_SAMPLES)]


def _png_size(path: Path) -> tuple[int, int]:
    """Width and height from the header, so that the page has its shape before the pictures are there."""
    with path.open("rb") as file:
        header = file.read(24)
    width, height = int.from_bytes(header[16:20]), int.from_bytes(header[20:24])
    return (width, height) if width and height else (3, 1)


def _viewer(planned: Plan, samples: list[int], width: int, height: int) -> str:
    if not samples:
        asked = planned.config.loop.samples
        return f'<p class="empty">{"None yet." if asked else "None are kept, as asked (--samples 0)."}</p>'
    last, scale = samples[-1], min(1000 / width, 720 / height)
    whose = "held-out pictures" if len(planned.survey.val) else "training pictures, as none is set aside for validation"
    labels = "".join(f"<span><b>{row}</b><i>{escape(side)}</i></span>" for row, side in _rows(planned))
    return (
        f'<div class="card"><div class="viewer" style="max-width:{width * max(scale, 1) + 70:.0f}px">'
        f'<div class="rows">{labels}</div>'
        f'<img id="picture" class="{_crisp(scale, width)}" src="{runfolder.SAMPLES}/{_file(last)}" width="{width}" '
        f'height="{height}" alt="Sources, outputs and targets at step {last}"></div>\n'
        f'<div class="controls"><output id="step">step {last:,}, the latest</output>'
        f'<input id="slider" class="needs-js" type="range" min="0" max="{len(samples) - 1}" '
        f'value="{len(samples) - 1}" aria-label="Step of the sample"></div>\n'
        f'<p class="soft">Columns are {whose}. '
        '<span class="needs-js">The slider or the keys ← → go through the steps.</span></p></div>'
    )


def _rows(planned: Plan) -> list[tuple[str, str]]:
    """What the rows of a sample are, from top to bottom."""
    source, target = planned.config.data.direction.split("to")
    if planned.config.method.paired:
        return [("source", source), ("output", ""), ("target", target)]
    if not planned.config.method.both_ways:
        return [("source", source), ("output", ""), (target, "others")]
    ways = ((source, target), (target, source))
    return [row for one, other in ways for row in ((one, ""), (f"→ {other}", ""), (f"→ {one}", "again"))]


def _crisp(scale: float, width: int) -> str:
    """Enlarged pictures keep their pixels; `crisp` on wide windows only, as narrow ones may show them smaller."""
    return "tiny" if width < 250 else "crisp" if scale >= 1.9 else ""


def _strip(samples: list[int], folder: Path) -> str:
    if len(samples) < 2:
        return ""
    crisp = _crisp(1, _png_size(folder / _file(samples[-1]))[0])
    links = "".join(
        f'<a href="{runfolder.SAMPLES}/{_file(step)}" data-step="{step}">'
        f'<img class="{crisp}" loading="lazy" src="{runfolder.SAMPLES}/{_file(step)}" alt="Outputs at step {step}">'
        f"step {step:,}</a>\n"
        for step in samples
    )
    return (
        '<section id="through"><h2>Outputs through time</h2>\n'
        '<p class="soft lead">The row of outputs at each step; choose one to see it beside sources and targets.</p>'
        f'<div class="strip">{links}</div></section>'
    )


# --------------------------------------------------------------------------------------------------------- losses


def _losses(planned: Plan, train: list[Entry], step: int) -> str:
    names = _names(train)
    if not names:
        return '<p class="empty">None are written down yet.</p>'
    mode = planned.config.method.gan_mode
    together = [name for name in names if name.startswith("D_") or name.endswith("_GAN")]
    groups = [group for group in (together, *([name] for name in names if name not in together)) if group]
    charts = []
    for group in groups:
        adversarial = group is together
        unit = _MODES[mode] if adversarial else _UNIT.get(group[0], "mean absolute difference, pictures as −1 … 1")
        levels = [("ln 2", math.log(2))] if adversarial and mode == "vanilla" else []
        charts.append(chart(", ".join(group), unit, thinned(train, group), step, levels=levels, noisy=True))
    if len({entry.get("lr") for entry in (train[0], train[len(train) // 2], train[-1])}) > 1:
        charts.append(chart("learning rate", "of all networks", thinned(train, ["lr"]), step))
    return f'<div class="charts">{"".join(charts)}</div>'


def _names(train: list[Entry]) -> list[str]:
    """The losses, in the order they are written."""
    known = {name: None for entry in (*train[:1], *train[-1:]) for name in entry}
    return [name for name in known if name not in ("kind", "step", "epoch", "lr", "waiting")]
