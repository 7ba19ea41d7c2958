"""`pixlate reproduce`: the tables of the paper at a scale that a test can wait for."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pixlate import images
from pixlate.data.facades.writing import write
from pixlate.specs.reproduction import EXPERIMENTS, SCALES, TABLES, ReproductionConfig, training

TABLES_TRIED = "table1,figure7,noise"


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reproduction") / "facades"
    write(folder, (6, 2, 3), size=32)
    return folder


@pytest.fixture(scope="session")
def done(scenes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("reproduced") / "out"
    words = [
        "reproduce",
        scenes,
        "--direction",
        "BtoA",
        "--scale",
        "tiny",
        "--seeds",
        1,
        "--tables",
        TABLES_TRIED,
        "-o",
        out,
    ]
    subprocess.run([sys.executable, "-m", "pixlate", *map(str, words)], check=True, capture_output=True)
    return out


def test_every_row_is_beside_what_was_published(done: Path) -> None:
    text = (done / "results.md").read_text()
    for name in TABLES_TRIED.split(","):
        assert TABLES[name].title in text
        for title, (_, published) in TABLES[name].rows.items():
            (line,) = re.findall(
                rf"^\| {re.escape(title)} \|.*$", text.split(TABLES[name].title)[1].split("\n## ")[0], re.MULTILINE
            )
            if published is not None:
                assert " / ".join(f"{score:.2f}" for score in published) in line
    assert "| real photographs |" in text
    assert "0.80 / 0.26 / 0.21" in text
    assert "1 of 3 seeds, so nothing is decided" in text
    assert "<img" not in text


def test_the_page_has_pictures_and_the_figure(done: Path) -> None:
    page = (done / "index.html").read_text()
    assert page.count("data:image/png;base64,") == 3 * (2 + 7)  # scenes; labels, photograph, experiments
    assert page.count("<svg") == 1
    assert 'src="http' not in page


def test_all_figures_are_kept_as_json(done: Path) -> None:
    results = json.loads((done / "results.json").read_text())["results"]
    assert set(results) == {"L1", "GAN", "cGAN", "L1+GAN", "L1+cGAN", "1x1", "z"}
    one = results["L1+cGAN"]["0"]
    assert {"fcn", "paired", "colour", "curves", "sharpness", "variety", "noise"} <= set(one)
    assert one["noise"] > 0


def test_the_same_command_does_what_is_missing_and_no_more(done: Path, scenes: Path, call: Any) -> None:
    kept = {path: path.stat().st_mtime_ns for path in done.rglob("seed-0.json")}
    gone = done / "scores" / "cGAN" / "seed-0.json"
    before = gone.read_text()
    gone.unlink()
    words = [scenes, "--direction", "BtoA", "--scale", "tiny", "--seeds", 1, "--tables", TABLES_TRIED, "-o", done]
    code, out, _ = call("reproduce", *words)
    assert code == 0
    assert gone.read_text() == before
    assert [path for path, time in kept.items() if path.stat().st_mtime_ns != time] == [gone]
    assert "cGAN, seed 0" in out
    assert "L1, seed 0" not in out


def test_outputs_of_others_stand_in_the_same_tables(done: Path, scenes: Path, call: Any) -> None:
    theirs = done / "outputs" / "L1" / "seed-0"
    words = [scenes, "--direction", "BtoA", "--scale", "tiny", "--seeds", 1, "--tables", TABLES_TRIED, "-o", done]
    assert call("reproduce", *words, "--other", f"theirs={theirs}")[0] == 0
    table = (done / "results.md").read_text().split("## ")[1]
    (own,) = re.findall(r"^\| L1 \| (.*?) \| 0.42", table, re.MULTILINE)
    (other,) = re.findall(r"^\| theirs \| (.*?) \|  \|", table, re.MULTILINE)
    assert own == other
    code, _, err = call("reproduce", *words, "--other", "theirs=/nowhere")
    assert code == 2
    assert "NAME=FOLDER" in err


def test_another_reproduction_is_not_mixed_in(done: Path, scenes: Path, call: Any) -> None:
    code, _, err = call("reproduce", scenes, "--direction", "BtoA", "--scale", "small", "-o", done)
    assert code == 2
    assert "begun with scale tiny, not small" in err
    code, _, err = call("reproduce", scenes, "--direction", "BtoA", "--scale", "tiny", "-o", scenes)
    assert code == 2
    assert "holds no reproduction" in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--tables", "table9"], "table9"),
        (["--seeds", "0"], "one seed"),
        (["--palette", "cityscapes"], "palette cityscapes"),
    ],
)
def test_what_cannot_be_reproduced_is_told(
    scenes: Path, tmp_path: Path, call: Any, words: list[str], told: str
) -> None:
    code, _, err = call("reproduce", scenes, "--direction", "BtoA", "--scale", "tiny", "-o", tmp_path / "out", *words)
    assert code == 2
    assert told in err


def test_a_segmenter_that_is_there_is_not_trained_again(done: Path, scenes: Path, tmp_path: Path, call: Any) -> None:
    words = ["reproduce", scenes, "--direction", "BtoA", "--scale", "tiny", "--seeds", 1, "--tables", "noise"]
    out = tmp_path / "out"
    assert call(*words, "--segmenter", done / "segmenter.safetensors", "-o", out)[0] == 0
    assert not (out / "segmenter.safetensors").exists()
    one, other = (json.loads((folder / "results.json").read_text()) for folder in (done, out))
    assert one["real"] == other["real"]
    assert one["results"]["L1+cGAN"]["0"]["fcn"] == other["results"]["L1+cGAN"]["0"]["fcn"]
    names = tmp_path / "other.json"
    names.write_text(json.dumps({f"class {number}": [number, 0, 223 - number] for number in range(12)}))
    code, _, err = call(
        *words, "--palette", names, "--segmenter", done / "segmenter.safetensors", "-o", tmp_path / "third"
    )
    assert code == 2
    assert "other classes" in err or "every colour" in err


def test_a_segmenter_of_other_photographs_measures_nothing(done: Path, scenes: Path, tmp_path: Path, call: Any) -> None:
    words = ["reproduce", scenes, "--direction", "BtoA", "--seeds", 1, "--tables", "noise"]
    code, _, err = call(
        *words, "--scale", "small", "--segmenter", done / "segmenter.safetensors", "-o", tmp_path / "out"
    )
    assert code == 2
    assert "32×32" in err


def test_nothing_is_measured_on_what_may_have_been_trained_on(tmp_path: Path, call: Any) -> None:
    write(tmp_path / "set", (6, 0, 0), size=32)
    code, _, err = call("reproduce", tmp_path / "set", "--direction", "BtoA", "--scale", "tiny", "-o", tmp_path / "out")
    assert code == 2
    assert "no test or val part of its own" in err


def test_grey_photographs_are_measured_but_for_their_colours(tmp_path: Path, call: Any) -> None:
    write(tmp_path / "drawn", (4, 1, 2), size=32)
    for part in ("train", "val", "test"):
        for path in (tmp_path / "drawn" / part).iterdir():
            for half, side in (("left", "A"), ("right", "B")):
                picture = images.read(path, half)  # type: ignore[arg-type]
                out = tmp_path / "set" / f"{part}{side}" / path.name
                out.parent.mkdir(parents=True, exist_ok=True)
                grey = images.with_channels(picture, 1) if side == "A" else picture
                out.write_bytes(images.encode(grey, ".png"))
    words = ["--direction", "BtoA", "--scale", "tiny", "--seeds", 1, "--tables", "figure7", "-o", tmp_path / "out"]
    assert call("reproduce", tmp_path / "set", *words)[0] == 0
    assert "| L1 | – | – | – |" in (tmp_path / "out" / "results.md").read_text()


def test_others_are_looked_at_before_anything_is_trained(scenes: Path, tmp_path: Path, call: Any) -> None:
    (tmp_path / "theirs").mkdir()
    words = ["--direction", "BtoA", "--scale", "tiny", "-o", tmp_path / "out", "--other", f"x={tmp_path / 'theirs'}"]
    code, _, err = call("reproduce", scenes, *words)
    assert code == 2
    assert "lacks 3 of 3" in err
    assert not (tmp_path / "out" / "runs").exists()


def test_scores_by_another_segmenter_are_measured_anew(scenes: Path, tmp_path: Path, call: Any) -> None:
    words = ["--direction", "BtoA", "--scale", "tiny", "--seeds", 1, "--tables", "noise", "-o", tmp_path / "out"]
    assert call("reproduce", scenes, *words)[0] == 0
    path = tmp_path / "out" / "scores" / "z" / "seed-0.json"
    before = json.loads(path.read_text())
    path.write_text(json.dumps(before | {"noise": 99, "stamp": before["stamp"] | {"segmenter_sha256": "another"}}))
    code, out, _ = call("reproduce", scenes, *words)
    assert code == 0
    assert "z, seed 0" in out
    assert json.loads(path.read_text()) == before


def test_processes_share_the_experiments(scenes: Path, tmp_path: Path) -> None:
    """As torchrun would start them, each on its own."""
    words = [
        "reproduce",
        scenes,
        "--direction",
        "BtoA",
        "--scale",
        "tiny",
        "--seeds",
        "1",
        "--tables",
        "figure7",
        "-o",
        tmp_path / "out",
    ]
    for rank in (0, 1):
        environment = {**os.environ, "RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_RANK": str(rank)}
        told = subprocess.run(
            [sys.executable, "-m", "pixlate", *map(str, words)],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        assert ("\nL1, seed 0" in f"\n{told}", "\ncGAN, seed 0" in f"\n{told}") == (rank == 0, rank == 1)
    assert len(json.loads((tmp_path / "out" / "results.json").read_text())["results"]) == 4


def test_the_papers_scale_is_the_papers() -> None:
    config = ReproductionConfig("x", scale="paper")
    for name, what in EXPERIMENTS.items():
        run = training(config, name, 0, "run")
        assert (run.data.size, run.networks.width, run.loop.epochs) == ("256", 64, 200)
        assert run.networks.receptive_field == (None if what.method.objective in ("L1", "cycle") else what.patch)
        assert run.loop.batch_size == (10 if name in dict(TABLES["table2"].rows.values()) else 1)


def test_patches_are_scaled_with_the_pictures() -> None:
    config = ReproductionConfig("x", scale="small")
    found = {
        name: training(config, name, 0, "run").networks.receptive_field
        for name in ("1x1", "16x16", "L1+cGAN", "286x286")
    }
    assert SCALES["small"].size == 64
    assert found == {"1x1": 1, "16x16": 7, "L1+cGAN": 16, "286x286": 70}
