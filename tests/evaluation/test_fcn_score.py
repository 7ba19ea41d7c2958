"""The FCN-score: a segmenter trained on drawn facades reads the real ones, and tells good outputs from bad."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pixlate import images
from pixlate.data.facades.writing import write
from pixlate.errors import DataError, ModelFileError
from pixlate.evaluation.fcn import training
from pixlate.evaluation.fcn.scenes import find_scenes
from pixlate.evaluation.fcn.segmenter import Segmenter, read_card
from pixlate.specs.data import DataConfig
from pixlate.specs.segmenter import LabelRule, SegmenterConfig

SMALL = SegmenterConfig(width=6, size="32", epochs=40, batch_size=4, learning_rate=1e-2)


@pytest.fixture(scope="session")
def segmenter(facades: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fcn") / "fcn.safetensors"
    training.train(
        DataConfig(str(facades), direction="BtoA"), LabelRule("facades"), SMALL, path, "cpu", lambda _line: None
    )
    return path


def outputs(folder: Path, facades: Path, change: Any) -> Path:
    """What becomes of the real photographs by `change`, as outputs of 32 px."""
    folder.mkdir()
    photos = [
        images.resize(images.read(path, "left"), 32, 32, "bilinear") for path in sorted((facades / "test").iterdir())
    ]
    for path, photo in zip(sorted((facades / "test").iterdir()), change(photos), strict=True):
        (folder / path.name).write_bytes(images.encode(photo, ".png"))
    return folder


def scored(call: Any, segmenter: Path, made: Path, facades: Path) -> dict[str, Any]:
    words = [segmenter, made, facades / "test", "--direction", "BtoA", "--json", made.parent / "s.json"]
    code, _, err = call("evaluate", "fcn", "score", *words)
    assert (code, err) == (0, "")
    report: dict[str, Any] = json.loads((made.parent / "s.json").read_text())
    return report


def test_outputs_as_good_as_photographs_score_as_they_do(
    segmenter: Path, facades: Path, tmp_path: Path, call: Any
) -> None:
    report = scored(call, segmenter, outputs(tmp_path / "out", facades, lambda photos: photos), facades)
    real, made = report["rows"]["real photographs"], report["rows"][str(tmp_path / "out")]
    assert made == real
    assert report["meaningful"]
    assert real["iou"]["mean"] > 2 * report["rows"]["the commonest class"]["iou"]["mean"]
    assert real["pixel"]["mean"] > report["rows"]["photographs of other scenes"]["pixel"]["interval"][1]
    assert report["segmenter"]["photographs_shrunk_to"] == [32, 32]
    assert len(report["segmenter"]["sha256"]) == 64


def test_worse_outputs_score_lower(segmenter: Path, facades: Path, tmp_path: Path, call: Any) -> None:
    def blurred(photos: Any) -> Any:
        return [images.resize(images.resize(photo, 6, 6, "bilinear"), 32, 32, "bilinear") for photo in photos]

    def all_alike(photos: Any) -> Any:
        return [np.mean(photos, axis=0).astype(np.uint8)] * len(photos)

    found = {}
    for name, change in {"same": lambda photos: photos, "blurred": blurred, "alike": all_alike}.items():
        made = outputs(tmp_path / name, facades, change)
        found[name] = scored(call, segmenter, made, facades)["rows"][str(made)]["iou"]["mean"]
    assert found["same"] > 1.3 * found["blurred"]
    assert found["same"] > 1.3 * found["alike"]


def test_labels_are_never_resized(segmenter: Path, facades: Path, tmp_path: Path, call: Any) -> None:
    """Outputs of any size are stretched to the labels' size, so as many pixels are scored."""
    small = outputs(tmp_path / "small", facades, lambda photos: [images.resize(p, 16, 16, "bilinear") for p in photos])
    report = scored(call, segmenter, small, facades)
    rows = report["rows"]
    assert rows[str(small)]["iou"]["mean"] < rows["real photographs"]["iou"]["mean"]


def test_photographs_in_a_folder_of_their_own(segmenter: Path, facades: Path, tmp_path: Path, call: Any) -> None:
    for half, folder in (("left", "photos"), ("right", "labels")):
        (tmp_path / folder).mkdir()
        for path in (facades / "test").iterdir():
            (tmp_path / folder / path.name).write_bytes(images.encode(images.read(path, half), ".png"))  # type: ignore[arg-type]
    made = outputs(tmp_path / "out", facades, lambda photos: photos)
    words = ["evaluate", "fcn", "score", segmenter, made, tmp_path / "labels"]
    code, out, _ = call(*words, "--photos", tmp_path / "photos", "--json", tmp_path / "apart.json")
    assert code == 0
    apart = json.loads((tmp_path / "apart.json").read_text())["rows"]
    assert apart == scored(call, segmenter, made, facades)["rows"]
    code, out, _ = call(*words)
    assert code == 0
    assert "no ceiling" in out
    (tmp_path / "photos" / min(path.name for path in made.iterdir())).unlink()
    assert call(*words, "--photos", tmp_path / "photos")[0] == 2


def test_outputs_are_never_taken_for_photographs(segmenter: Path, facades: Path, tmp_path: Path, call: Any) -> None:
    """As in the incumbent's folder of results, which holds both."""
    results = tmp_path / "images"
    results.mkdir()
    for path in (facades / "test").iterdir():
        for half, ending in (("left", "real_B"), ("right", "real_A")):
            (results / f"{path.stem}_{ending}.png").write_bytes(images.encode(images.read(path, half), ".png"))  # type: ignore[arg-type]
        grey = np.full((32, 32, 3), 128, np.uint8)
        (results / f"{path.stem}_fake_B.png").write_bytes(images.encode(grey, ".png"))
    words = ["evaluate", "fcn", "score", segmenter, results, results]
    code, _out, _ = call(*words, "--photos", results, "--json", tmp_path / "s.json")
    assert code == 0
    rows = json.loads((tmp_path / "s.json").read_text())["rows"]
    assert rows["real photographs"]["iou"]["mean"] > 2 * rows[str(results)]["iou"]["mean"]
    made = outputs(tmp_path / "out", facades, lambda photos: photos)
    code, _, err = call("evaluate", "fcn", "score", segmenter, made, facades / "test", "--photos", made)
    assert code == 2
    assert "is an output" in err


def test_outputs_that_are_not_as_coarse_as_the_photographs_are_told(
    segmenter: Path, facades: Path, tmp_path: Path, call: Any
) -> None:
    made = outputs(tmp_path / "out", facades, lambda photos: [images.resize(p, 16, 16, "bilinear") for p in photos])
    _, out, _ = call("evaluate", "fcn", "score", segmenter, made, facades / "test", "--direction", "BtoA")
    assert "Outputs are 16×16 px" in out
    assert "has batch norm" in out


def test_without_photographs_nothing_says_that_scores_mean_something(
    segmenter: Path, facades: Path, tmp_path: Path, call: Any
) -> None:
    made = outputs(tmp_path / "out", facades, lambda photos: photos)
    (tmp_path / "labels").mkdir()
    for path in (facades / "test").iterdir():
        (tmp_path / "labels" / path.name).write_bytes(images.encode(images.read(path, "right"), ".png"))
    call("evaluate", "fcn", "score", segmenter, made, tmp_path / "labels", "--json", tmp_path / "s.json")
    assert json.loads((tmp_path / "s.json").read_text())["meaningful"] is None


def test_cityscapes_as_it_is_published_is_scored(segmenter: Path, facades: Path, tmp_path: Path, call: Any) -> None:
    """Labels and photographs in folders of towns, outputs in one folder."""
    for number, path in enumerate(sorted((facades / "test").iterdir())):
        town = ("bonn", "ulm")[number % 2]
        for half, root, ending in (("left", "leftImg8bit", "leftImg8bit"), ("right", "gtFine", "gtFine_color")):
            folder = tmp_path / root / "val" / town
            folder.mkdir(parents=True, exist_ok=True)
            picture = images.read(path, half)  # type: ignore[arg-type]
            (folder / f"{town}_{number}_{ending}.png").write_bytes(images.encode(picture, ".png"))
        made = images.resize(images.read(path, "left"), 32, 32, "bilinear")
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / "out" / f"{town}_{number}.png").write_bytes(images.encode(made, ".png"))
    words = [segmenter, tmp_path / "out", tmp_path / "gtFine" / "val", "--photos", tmp_path / "leftImg8bit" / "val"]
    code, _, err = call("evaluate", "fcn", "score", *words, "--json", tmp_path / "s.json")
    assert (code, err) == (0, "")
    rows = json.loads((tmp_path / "s.json").read_text())["rows"]
    assert rows["real photographs"] == rows[str(tmp_path / "out")]


def test_test_photographs_are_never_trained_on(tmp_path: Path) -> None:
    picture = images.encode(np.zeros((4, 4, 3), np.uint8), ".png")
    for name in ("l/train/a.png", "l/test/b.png", "p/a.png", "p/b.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(picture)
    with pytest.raises(DataError, match="do not match"):
        find_scenes(DataConfig(str(tmp_path / "l"), str(tmp_path / "p")), 0)


def test_a_segmenter_that_reads_nothing_is_told(facades: Path, tmp_path: Path, call: Any) -> None:
    path = tmp_path / "untrained.safetensors"
    hopeless = SegmenterConfig(width=2, size="8", epochs=1, batch_size=8, learning_rate=1e-9)
    training.train(
        DataConfig(str(facades), direction="BtoA"), LabelRule("facades"), hopeless, path, "cpu", lambda _line: None
    )
    made = outputs(tmp_path / "out", facades, lambda photos: photos)
    code, out, _ = call(
        "evaluate", "fcn", "score", path, made, facades / "test", "--direction", "BtoA", "--json", tmp_path / "s.json"
    )
    assert code == 0
    assert "mean nothing" in out
    assert not json.loads((tmp_path / "s.json").read_text())["meaningful"]


def test_training_is_repeated_by_its_seed(facades: Path, tmp_path: Path) -> None:
    quick = SegmenterConfig(width=2, size="16", epochs=2, batch_size=8)
    found = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        path = tmp_path / f"{name}.safetensors"
        config = SegmenterConfig(**{**vars(quick), "seed": seed})
        training.train(
            DataConfig(str(facades), direction="BtoA"), LabelRule("facades"), config, path, "cpu", lambda _line: None
        )
        found.append(Segmenter(path, "cpu").network.state_dict())
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])
    assert not all(torch.equal(found[0][name], found[2][name]) for name in found[0])


def test_the_card_says_how_it_was_made(segmenter: Path) -> None:
    card = read_card(segmenter)
    assert (card.pictures, card.size, card.weights) == (24, (32, 32), "drawn at random")
    assert card.names[1] == "facade"
    assert 0 < card.validation["iou"] < 1


def test_cityscapes_folders_are_known_by_their_names(tmp_path: Path) -> None:
    for part, town in (("train", "aachen"), ("val", "munster")):
        for root, ending, channels in (("gtFine", "gtFine_labelIds", 1), ("leftImg8bit", "leftImg8bit", 3)):
            folder = tmp_path / root / part / town
            folder.mkdir(parents=True)
            side = 16 if channels == 1 else 8  # photographs may be smaller than their labels
            picture = np.full((side, 2 * side, channels), 7, np.uint8)
            (folder / f"{town}_000001_000019_{ending}.png").write_bytes(images.encode(picture, ".png"))
    found = find_scenes(DataConfig(str(tmp_path / "gtFine"), str(tmp_path / "leftImg8bit")), 0)
    assert [scene.name for scene in found["train"]] == ["train/aachen/aachen_000001_000019"]
    assert found["val"][0].photo.name == "munster_000001_000019_leftImg8bit.png"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--palette", "cityscapes"], "palette cityscapes"),
        (["--palette", "facades", "--width", "0"], "--width is 0"),
        (["--palette", "facades", "--vgg", "none.pth", "--width", "8"], "--width 64"),
        (["--palette", "facades", "--vgg", "none.pth"], "no file none.pth"),
        (["--palette", "nowhere.json"], "nowhere.json"),
        (["--palette", "facades", "-o", "."], "is a folder"),
    ],
)
def test_what_cannot_be_trained_is_told_and_nothing_written(
    facades: Path, tmp_path: Path, call: Any, words: list[str], told: str
) -> None:
    out = tmp_path / "fcn.safetensors"
    where = [] if "-o" in words else ["-o", out]
    code, _, err = call("evaluate", "fcn", "train", facades, "--direction", "BtoA", *where, *words)
    assert code == 2
    assert told in err
    assert not out.exists()


def test_another_file_is_no_segmenter(segmenter: Path, facades: Path, tmp_path: Path, call: Any) -> None:
    made = outputs(tmp_path / "out", facades, lambda photos: photos)
    code, _, err = call("evaluate", "fcn", "score", facades, made, facades / "test")
    assert code == 2
    assert "is a folder" in err
    content = bytearray(segmenter.read_bytes())
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelFileError):
        Segmenter(damaged)


def test_a_data_set_with_defects_is_refused(facades: Path, tmp_path: Path) -> None:
    (tmp_path / "A").mkdir()
    (tmp_path / "B").mkdir()
    (tmp_path / "A" / "x.png").write_bytes(images.encode(np.zeros((4, 4, 3), np.uint8), ".png"))
    (tmp_path / "B" / "y.png").write_bytes(images.encode(np.zeros((4, 4, 3), np.uint8), ".png"))
    with pytest.raises(DataError, match="defects"):
        find_scenes(DataConfig(str(tmp_path)), 0)


def test_help_needs_no_torch() -> None:
    program = (
        "import sys; from pixlate.cli.app import app; "
        "app(['evaluate', 'fcn', 'train', '--help'], result_action='return_value'); print('torch' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.rstrip().endswith("False")


def test_one_small_photograph_cannot_be_learned_from(tmp_path: Path, call: Any) -> None:
    write(tmp_path / "one", (1, 1, 1), size=32)
    words = ["--direction", "BtoA", "--palette", "facades", "--width", "2", "-o", tmp_path / "fcn.safetensors"]
    code, _, err = call("evaluate", "fcn", "train", tmp_path / "one", *words)
    assert code == 2
    assert "batch norm" in err
