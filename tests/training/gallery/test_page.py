"""The run's page: what it tells, that it fetches nothing, and that its size does not grow with the run."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixlate import durable, images
from pixlate.data.facades.writing import write as write_facades
from pixlate.errors import WriteError
from pixlate.specs.data import DataConfig
from pixlate.specs.training import LoopConfig, TrainConfig
from pixlate.training import runfolder
from pixlate.training.gallery import page as gallery
from pixlate.training.journal import Journal
from pixlate.training.planning import Plan, plan

LOSSES = {"D_real": 0.6, "D_fake": 0.5, "G_GAN": 1.25, "G_L1": 0.25}


def planned_run(tmp_path: Path, *, name: str = "set", val: int = 2, **loop: Any) -> Plan:
    write_facades(tmp_path / name, (4, val, 0), size=32)
    data = DataConfig(str(tmp_path / name), direction="BtoA", val_fraction=0.0)
    planned = plan(TrainConfig(data, loop=LoopConfig(run=str(tmp_path / "run"), **loop)))
    runfolder.begin(planned.folder, planned.config, planned.names, planned.networks)
    return planned


@pytest.fixture
def planned(tmp_path: Path) -> Plan:
    return planned_run(tmp_path)


def journal_of(planned: Plan, *entries: dict[str, Any]) -> Journal:
    journal = Journal(planned.folder / "metrics.jsonl", tensorboard=False, lines=0, step=0)
    journal.entries.extend(entries)
    return journal


def train(step: int, **losses: float) -> dict[str, Any]:
    return {"kind": "train", "step": step, "epoch": step / 4, "lr": 0.0002, **(losses or LOSSES)}


def val(step: int, l1: float = 30.0, psnr: float = 15.0, ssim: float = 0.5) -> dict[str, Any]:
    return {"kind": "val", "step": step, "l1": l1, "psnr": psnr, "ssim": ssim}


def guess(name: str, l1: float = 40.0, psnr: float = 14.0, ssim: float = 0.2) -> dict[str, Any]:
    return {"kind": "guess", "step": 100, "name": name, "l1": l1, "psnr": psnr, "ssim": ssim}


def put_samples(planned: Plan, *steps: int, columns: int = 2) -> None:
    picture = np.full((32, 32, 3), 90, np.uint8)
    encoded = images.encode_png(images.grid([[picture] * columns] * 3))
    for step in steps:
        (planned.folder / "samples").mkdir(parents=True, exist_ok=True)
        (planned.folder / "samples" / f"step_{step:08d}.png").write_bytes(encoded)


def page_of(planned: Plan, journal: Journal, step: int = 200, total: int = 400) -> str:
    gallery.write(planned, journal, step, total)
    return (planned.folder / "index.html").read_text(encoding="utf-8")


def figures(page: str) -> dict[str, str]:
    return {re.findall("<h3>(.*?)</h3>", text)[0]: text for text in re.findall(r"<figure.*?</figure>", page, re.DOTALL)}


def told_by(figure: str) -> dict[str, Any]:
    """What the hover readout is given; NaN and Infinity are not JSON, and a browser refuses them."""
    (text,) = re.findall(r"<script[^>]*>(.*?)</script>", figure)

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    told: dict[str, Any] = json.loads(text, parse_constant=refuse)
    return told


def drawn(figure: str, kind: str) -> list[str]:
    return re.findall(rf'<path class="{kind} [^"]*" d="([^"]*)"/>', figure.split('class="plot"')[1])


def test_nothing_is_fetched_from_anywhere_but_the_run_folder(planned: Plan) -> None:
    put_samples(planned, 0, 100, 200)
    page = page_of(planned, journal_of(planned, train(100), val(100), guess("mean target")))
    assert not re.search(r"https?:|@import|url\(|fetch\(|XMLHttpRequest|<link(?! rel=\"icon\" href=\"data:)", page)
    named = set(re.findall(r'(?:src|href)="([^"]*)"', page))
    pictures = {f"samples/step_{step:08d}.png" for step in (0, 100, 200)}
    assert named == {"data:,", "config.yaml", "metrics.jsonl"} | pictures
    assert all((planned.folder / name).is_file() for name in named - {"data:,"})


def test_the_run_its_progress_and_its_settings_are_told(planned: Plan) -> None:
    page = page_of(planned, journal_of(planned, train(200)), 200, 400)
    told = re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", page))
    assert "set B → A · L1+cGAN · U-Net of depth 5, width 64, norm batch · 32 px" in told
    assert "step 200 of 400, epoch 50" in told
    assert 'style="width:50.00%"' in page
    assert "4 training, 2 validation and 0 test pairs" in told
    assert all(decision in page for decision in map(gallery.escape, planned.decisions))


def test_a_running_page_reloads_itself_and_a_finished_one_does_not(planned: Plan) -> None:
    journal = journal_of(planned, train(200))
    running, finished = page_of(planned, journal, 200, 400), page_of(planned, journal, 400, 400)
    assert "Training goes on" in running
    assert 'data-refresh="25"' in running
    assert 'http-equiv="refresh"' in running
    assert "Training is finished" in finished
    assert "data-refresh=" not in finished
    assert 'http-equiv="refresh"' not in finished


def test_a_run_resumed_with_fewer_steps_than_it_has_is_finished(planned: Plan) -> None:
    page = page_of(planned, journal_of(planned), 400, 200)
    assert "Training is finished" in page
    assert 'style="width:100.00%"' in page


def test_names_are_escaped(tmp_path: Path) -> None:
    planned = planned_run(tmp_path, name='<b>&"$tab')
    entries = (train(20, **{"</script><u>": 0.5}), val(100), guess("<i>mine"))
    page = page_of(planned, journal_of(planned, *entries))
    assert "&lt;b&gt;&amp;&quot;$tab" in page
    assert "&lt;i&gt;mine" in page
    assert "&lt;/script&gt;&lt;u&gt;" in page
    assert not re.search("<b>&|<i>mine|<u>", page)


def test_scores_stand_beside_the_guesses_with_the_best_of_each_column_bold(planned: Plan) -> None:
    entries = (val(0, ssim=0.9), val(100, 31, 16, 0.6), val(200, 30, 15, 0.5), guess("mean target", 29), guess("other"))
    table = re.findall("<tbody>(.*)</tbody>", page_of(planned, journal_of(planned, *entries)))[0]
    rows = re.findall(r"<tr[^>]*><th>(.*?)</th>(.*?)</tr>", table)
    cells = {name: re.findall('<td class="(.*?)">(.*?)</td>', row) for name, row in rows}
    assert cells == {
        "the translator, step 200": [("", "30.00"), ("", "15.00"), ("", "0.500")],
        "its best by SSIM, step 100": [("", "31.00"), ("best", "16.00"), ("best", "0.600")],
        "guess: mean target": [("best", "29.00"), ("", "14.00"), ("", "0.200")],
        "guess: other": [("", "40.00"), ("", "14.00"), ("", "0.200")],
    }


def test_scores_are_drawn_with_the_guesses_as_levels(planned: Plan) -> None:
    entries = (val(0, 50), val(200, 30), guess("mean target", 40), guess("other", 45))
    chart = figures(page_of(planned, journal_of(planned, *entries)))["L1"]
    assert "0–255, lower is better" in chart
    heights = [int(path.split()[1].split("H")[0]) for path in drawn(chart, "level")]
    points = [tuple(map(int, point)) for point in re.findall(r"[ML](\d+) (\d+)", drawn(chart, "curve")[0])]
    assert [x for x, _ in points] == [0, 1000]
    (_, worst), (_, best) = points
    assert worst < best  # the smaller distance lies lower
    assert heights == [pytest.approx((worst + best) / 2, abs=1), pytest.approx(worst + (best - worst) / 4, abs=1)]
    assert told_by(chart) == {"end": 200, "steps": [0, 200], "values": [[50.0, 30.0]]}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"val": 0}, "There are no validation pictures"),
        ({"validate_on": 0}, "--validate-on 0"),
        ({}, "Nothing has been scored yet"),
    ],
)
def test_why_there_are_no_scores(tmp_path: Path, settings: dict[str, Any], said: str) -> None:
    planned = planned_run(tmp_path, **settings)
    put_samples(planned, 0)
    page = page_of(planned, journal_of(planned, train(20)))
    assert said in page
    assert "<table" not in page
    assert ("Columns are training pictures" in page) == (settings == {"val": 0})


def test_an_empty_run_has_a_page(planned: Plan) -> None:
    page = page_of(planned, journal_of(planned), 0, 400)
    assert "None yet." in page
    assert "<figure" not in page
    kept_none = replace(planned, config=replace(planned.config, loop=replace(planned.config.loop, samples=0)))
    assert "--samples 0" in page_of(kept_none, journal_of(planned), 0, 400)


def test_the_latest_sample_is_shown_and_the_earlier_ones_are_loaded_when_seen(planned: Plan) -> None:
    put_samples(planned, 0, 100, 200, 300)
    (planned.folder / "samples" / "step_x.png").write_bytes(b"someone else's")
    page = page_of(planned, journal_of(planned), 200, 400)
    (shown,) = re.findall('<img id="picture"[^>]*>', page)
    assert 'src="samples/step_00000200.png"' in shown
    assert 'width="76" height="112"' in shown
    assert "tiny" in shown
    strip = page.split('class="strip"')[1]
    assert re.findall(r'loading="lazy" src="samples/step_0*(\d+).png"', strip) == ["0", "100", "200"]
    assert json.loads(re.findall('id="steps">(.*?)</script>', page)[0]) == [0, 100, 200]
    assert re.findall("<b>(source|output|target)</b><i>(.*?)</i>", page) == [
        ("source", "B"),
        ("output", ""),
        ("target", "A"),
    ]


def test_of_very_many_samples_evenly_spread_ones_are_offered(planned: Plan) -> None:
    put_samples(planned, *range(0, 5010, 10))
    page = page_of(planned, journal_of(planned), 5000, 10000)
    steps = json.loads(re.findall('id="steps">(.*?)</script>', page)[0])
    assert len(steps) == 200 == page.count('loading="lazy"')
    assert (steps[0], steps[-1]) == (0, 5000)
    assert set(np.diff(steps)) <= {20, 30}


def test_a_page_does_not_grow_with_the_run(planned: Plan) -> None:
    noise = np.random.default_rng(0).normal(size=(50_000, 4)).round(3).tolist()
    entries = [train(20 * (i + 1), **dict(zip(LOSSES, noise[i], strict=True))) for i in range(50_000)]
    scored = [val(1000 * (i + 1), 30 + noise[i][0]) for i in range(1000)]
    page = page_of(planned, journal_of(planned, *entries, *scored), 1_000_000, 2_000_000)
    assert len(page) < 150_000
    charts = figures(page)
    assert set(charts) == {"D_real, D_fake, G_GAN", "G_L1", "L1", "PSNR", "SSIM"}
    for chart in charts.values():
        curves = drawn(chart, "curve") + drawn(chart, "faint")
        assert curves
        assert all(50 < len(re.findall("[ML]", path)) <= 400 for path in curves)
        told = told_by(chart)
        assert len(told["steps"]) <= 400
        assert told["steps"][-1] == 1_000_000


def test_a_thinned_curve_is_the_mean_of_what_it_stands_for(planned: Plan) -> None:
    entries = [train(i + 1, G_L1=float(i)) for i in range(799)]
    told = told_by(figures(page_of(planned, journal_of(planned, *entries), 799, 800))["G_L1"])
    assert told["steps"] == [*range(2, 799, 2), 799]
    assert told["values"] == [[*np.arange(0.5, 798).astype(float).tolist()[::2], 798.0]]


def test_what_is_not_finite_is_told_and_leaves_the_rest_standing(planned: Plan) -> None:
    losses = [0.5, math.nan, 0.7, 0.6, math.inf, 1e300, math.nan]
    entries = [train(20 * (i + 1), G_L1=loss) for i, loss in enumerate(losses)]
    scored = (val(0, psnr=math.inf), val(100, psnr=math.nan), val(200, psnr=math.inf), guess("mean", psnr=math.inf))
    page = page_of(planned, journal_of(planned, *entries, *scored))
    charts = figures(page)
    assert not re.search("nan|inf", " ".join(re.findall(r' (?:d|style)="([^"]*)"', page)), re.IGNORECASE)
    assert told_by(charts["G_L1"])["values"] == [[0.5, None, 0.7, 0.6, None, None, None]]
    assert len(re.findall("M", drawn(charts["G_L1"], "curve")[0])) == 2  # not joined across the gap
    assert "not finite are left out" in charts["G_L1"]
    assert "Not finite at the last count: G_L1" in page
    assert told_by(charts["PSNR"])["values"] == [[None, None, None]]
    assert drawn(charts["PSNR"], "level") == []
    assert '<td class="best">∞</td>' in page
    assert "left out" not in charts["L1"]


def test_a_learning_rate_that_falls_is_drawn(planned: Plan) -> None:
    entries = [train(20), train(40), train(60)]
    assert "learning rate" not in figures(page_of(planned, journal_of(planned, *entries)))
    falling = [{**entry, "lr": 0.0002 / (i + 1)} for i, entry in enumerate(entries)]
    told = told_by(figures(page_of(planned, journal_of(planned, *falling)))["learning rate"])
    assert told["values"] == [[0.0002, 0.0001, pytest.approx(0.0002 / 3, rel=1e-3)]]


def test_the_page_is_replaced_whole(planned: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = journal_of(planned, train(20))
    before = page_of(planned, journal, 20, 400)

    def fail(path: Path) -> None:
        raise OSError(path)

    monkeypatch.setattr(durable, "_sync", fail)
    with pytest.raises(WriteError, match="index"):
        gallery.write(planned, journal, 40, 400)
    assert (planned.folder / "index.html").read_text(encoding="utf-8") == before
