"""`pixlate evaluate OUTPUTS TARGETS`: scores, their files, and what it refuses."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixlate import cli, images, modelfile
from pixlate.images import Picture
from pixlate.metrics import paired
from pixlate.networks.building import build_generator
from pixlate.specs.card import Card
from pixlate.specs.networks import GeneratorSpec


def picture(seed: int, height: int = 24, width: int = 32, channels: int = 3, dtype: Any = np.uint8) -> Picture:
    coarse = np.random.default_rng(seed).random((6, 6, channels)).astype(np.float32)
    return (images.resize(coarse, height, width, "bilinear") * (65535 if dtype == np.uint16 else 255)).astype(dtype)


def lay(folder: Path, pictures: dict[str, Picture], ending: str = ".png") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, each in pictures.items():
        (folder / f"{name}{ending}").write_bytes(images.encode(each, ending))
    return folder


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    made = {str(number): picture(number) for number in range(5)}
    wanted = {
        name: np.clip(each.astype(int) + 9 * (int(name) - 2), 0, 255).astype(np.uint8) for name, each in made.items()
    }
    return lay(tmp_path / "made", made), lay(tmp_path / "wanted", wanted)


def test_every_score_is_the_mean_of_the_pictures_own(folders: tuple[Path, Path], tmp_path: Path, call: Any) -> None:
    files = [tmp_path / name for name in ("scores.json", "scores.csv", "page.html")]
    code, out, err = call("evaluate", *folders, "--json", files[0], "--csv", files[1], "--page", files[2])
    assert (code, err) == (0, "")
    report = json.loads(files[0].read_text())
    rows = list(csv.DictReader(files[1].read_text().splitlines()))
    assert [row["name"] for row in rows] == list("01234")
    for place, row in enumerate(rows):
        import torch

        one, other = (torch.tensor(images.read(folder / f"{place}.png")) for folder in folders)
        assert float(row["l1"]) == pytest.approx(paired.l1(one, other))
        assert float(row["ssim"]) == pytest.approx(paired.ssim(one, other))
        assert row["ms_ssim"] == ""  # too small
    for name in ("l1", "ssim"):
        values = [float(row[name]) for row in rows]
        low, high = report[name]["interval"]
        assert report[name]["mean"] == pytest.approx(np.mean(values))
        assert min(values) <= low <= report[name]["mean"] <= high <= max(values)
    assert report["count"] == 5
    assert report["psnr"] == {"mean": None, "interval": [None, None]}  # one is as wanted, so it is infinite
    assert set(report["colour"]) == {"L", "a", "b"}
    assert "SSIM (up to 1)" in out
    assert "∞" in out


def test_pictures_beside_themselves_are_perfect(folders: tuple[Path, Path], tmp_path: Path, call: Any) -> None:
    assert call("evaluate", folders[0], folders[0], "--json", tmp_path / "s.json")[0] == 0
    report = json.loads((tmp_path / "s.json").read_text())
    assert (report["l1"]["mean"], report["ssim"]["mean"]) == (0, pytest.approx(1))
    assert [score["mean"] for score in report["colour"].values()] == pytest.approx([1, 1, 1])


def test_the_page_shows_the_worst_the_median_and_the_best(
    folders: tuple[Path, Path], tmp_path: Path, call: Any
) -> None:
    call("evaluate", *folders, "--page", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    captions = [part.split(":")[0] for part in page.split("<figcaption>")[1:]]
    assert len(captions) == 3
    assert captions[2] == "2"
    assert 'src="http' not in page
    assert page.count("data:image/png;base64,") == 9
    assert "<svg" in page


def test_halves_of_pairs_are_targets(tmp_path: Path, call: Any) -> None:
    left, right = picture(1), picture(2)
    pairs = lay(tmp_path / "pairs", {"x": np.concatenate([left, right], axis=1)})
    for direction, target in (("AtoB", right), ("BtoA", left)):
        made = lay(tmp_path / direction, {"x": target})
        code, _, _ = call("evaluate", made, pairs, "--direction", direction, "--json", tmp_path / "s.json")
        assert code == 0
        assert json.loads((tmp_path / "s.json").read_text())["l1"]["mean"] == 0
    code, _, err = call("evaluate", made, pairs)
    assert code == 2
    assert "--direction" in err


def test_pictures_of_other_sizes_are_resized_only_when_asked(tmp_path: Path, call: Any) -> None:
    made, wanted = lay(tmp_path / "a", {"x": picture(1, 12, 16)}), lay(tmp_path / "b", {"x": picture(1)})
    code, _, err = call("evaluate", made, wanted)
    assert code == 2
    assert "16×12" in err
    assert "--resize" in err
    for which in ("targets", "outputs"):
        code, _out, _ = call("evaluate", made, wanted, "--resize", which, "--json", tmp_path / "s.json")
        report = json.loads((tmp_path / "s.json").read_text())
        assert code == 0
        assert report["l1"]["mean"] < 6
        assert which in report["sizes"]


def test_sixteen_bits_are_scored_in_levels_of_eight(tmp_path: Path, call: Any) -> None:
    deep = picture(3, dtype=np.uint16)
    made = lay(tmp_path / "a", {"x": deep})
    wanted = lay(tmp_path / "b", {"x": np.clip(deep.astype(int) + 257, 0, 65535).astype(np.uint16)})
    assert call("evaluate", made, wanted, "--json", tmp_path / "s.json")[0] == 0
    assert json.loads((tmp_path / "s.json").read_text())["l1"]["mean"] == pytest.approx(1, abs=0.02)


def test_floats_want_a_range(tmp_path: Path, call: Any) -> None:
    values = np.random.default_rng(0).random((16, 16, 1)).astype(np.float32) * 10
    made, wanted = lay(tmp_path / "a", {"x": values}, ".tif"), lay(tmp_path / "b", {"x": values + 1}, ".tif")
    code, _, err = call("evaluate", made, wanted)
    assert code == 2
    assert "--range" in err
    assert call("evaluate", made, wanted, "--range", "0,20", "--json", tmp_path / "s.json")[0] == 0
    assert json.loads((tmp_path / "s.json").read_text())["l1"]["mean"] == pytest.approx(255 / 20, rel=1e-3)
    assert call("evaluate", made, wanted, "--range", "5,5")[0] == 2


def test_grey_is_compared_with_colour_but_not_with_bands(tmp_path: Path, call: Any) -> None:
    grey = lay(tmp_path / "a", {"x": picture(1, channels=1)})
    assert call("evaluate", grey, lay(tmp_path / "b", {"x": picture(2)}))[0] == 0
    code, _, err = call("evaluate", grey, lay(tmp_path / "c", {"x": picture(2, channels=5)}, ".tif"))
    assert code == 2
    assert "channels" in err


def test_bands_are_scored_without_colours(tmp_path: Path, call: Any) -> None:
    made = lay(tmp_path / "a", {"x": picture(1, channels=5)}, ".tif")
    assert call("evaluate", made, made, "--json", tmp_path / "s.json", "--page", tmp_path / "p.html")[0] == 0
    assert json.loads((tmp_path / "s.json").read_text())["colour"] == {}


def test_a_picture_that_cannot_be_read_leaves_no_file(tmp_path: Path, call: Any) -> None:
    made = lay(tmp_path / "a", {"x": picture(1), "y": picture(2)})
    wanted = lay(tmp_path / "b", {"x": picture(1), "y": picture(2)})
    (wanted / "y.png").write_bytes((wanted / "y.png").read_bytes()[:90])
    code, _, err = call("evaluate", made, wanted, "--json", tmp_path / "s.json")
    assert code == 2
    assert "y.png" in err
    assert not (tmp_path / "s.json").exists()


def test_a_folder_to_write_to_is_told_before_anything_is_scored(folders: tuple[Path, Path], call: Any) -> None:
    code, out, err = call("evaluate", *folders, "--json", folders[0])
    assert (code, out) == (2, "")
    assert "is a folder" in err


def test_one_picture_has_scores_and_no_intervals(tmp_path: Path, call: Any) -> None:
    made, wanted = lay(tmp_path / "a", {"x": picture(1)}), lay(tmp_path / "b", {"x": picture(2)})
    assert call("evaluate", made, wanted, "--json", tmp_path / "s.json")[0] == 0
    report = json.loads((tmp_path / "s.json").read_text())
    assert report["l1"]["mean"] > 0
    assert report["l1"]["interval"] == report["colour"]["a"]["interval"] == [None, None]


def test_a_model_stands_for_its_translations(drawn: Path, tmp_path: Path, call: Any) -> None:
    spec = GeneratorSpec(depth=3, width=4, dropout=())
    card = Card(spec, "pix2pix", "BtoA", "paper", "L1", "x", 1, (16, 16), 1)
    model = tmp_path / "model.safetensors"
    modelfile.write(model, build_generator(spec, seed=1, gain=0.2), card)
    code, _out, _ = call("evaluate", model, drawn / "test", "--direction", "BtoA", "--json", tmp_path / "model.json")
    assert code == 0
    with pytest.raises(SystemExit):
        cli.main(
            [
                "translate",
                str(model),
                str(drawn / "test"),
                "-o",
                str(tmp_path / "out"),
                "--direction",
                "BtoA",
                "--size",
                "16",
            ]
        )
    beside = [tmp_path / "out", drawn / "test", "--direction", "BtoA", "--resize", "targets"]
    assert call("evaluate", *beside, "--json", tmp_path / "folder.json")[0] == 0
    of_model, of_folder = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("model", "folder"))
    assert of_model["outputs"] == str(model)
    assert {**of_model, "outputs": ""} == {**of_folder, "outputs": ""}
    code, _, err = call("evaluate", model, drawn / "test")
    assert code == 2
    assert "--direction" in err
    assert call("evaluate", tmp_path / "out", drawn / "test", "--size", "16")[0] == 2


def test_intervals_narrow_with_the_root_of_the_count(tmp_path: Path, call: Any) -> None:
    widths = []
    for count in (4, 64):
        made = lay(tmp_path / f"a{count}", {f"{number:02}": picture(number % 4) for number in range(count)})
        wanted = lay(tmp_path / f"b{count}", {f"{number:02}": picture(number % 4 + 500) for number in range(count)})
        call("evaluate", made, wanted, "--json", tmp_path / "s.json")
        low, high = json.loads((tmp_path / "s.json").read_text())["l1"]["interval"]
        widths.append(high - low)
    assert 3 < widths[0] / widths[1] < 5  # 4, but for the few values that four pictures can give
