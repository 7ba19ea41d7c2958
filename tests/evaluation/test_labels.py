"""Reading classes off label pictures, and `pixlate evaluate labels`."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixlate import images
from pixlate.errors import ConfigError, PictureError
from pixlate.evaluation.labels import LabelReader
from pixlate.images import Picture
from pixlate.images.palettes import CITYSCAPES, FACADES
from pixlate.specs.segmenter import LabelRule

IGNORE = 255


def save(path: Path, picture: Picture) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(images.encode(picture, ".png"))
    return path


def blocks(classes: list[list[int]], side: int = 12) -> Picture:
    return np.kron(np.array(classes, np.uint8), np.ones((side, side), np.uint8))


def test_colours_are_read_and_their_blurred_seams_left_out(tmp_path: Path) -> None:
    numbers = blocks([[1, 2], [11, 0]])
    sharp = FACADES.picture(numbers)
    assert np.array_equal(LabelReader(LabelRule("facades")).read(save(tmp_path / "sharp.png", sharp)), numbers)
    blurred = images.resize(images.resize(sharp, 12, 12, "bilinear"), 24, 24, "bilinear")
    found = LabelReader(LabelRule("facades", smooth=False)).read(save(tmp_path / "blurred.png", blurred))
    told = found != IGNORE
    assert 0.5 < told.mean() < 1
    assert (found[told] == numbers[told]).mean() > 0.95


def test_grey_pictures_hold_class_numbers(tmp_path: Path) -> None:
    numbers = np.array([[0, 3, IGNORE]], np.uint8)
    path = save(tmp_path / "x.png", numbers[..., None])
    for palette in ("4", "facades"):
        assert np.array_equal(LabelReader(LabelRule(palette)).read(path), numbers)
    with pytest.raises(PictureError, match=r"the number 3.*3 classes.*never be resized"):
        LabelReader(LabelRule("3")).read(path)


def test_cityscapes_ids_become_the_classes_that_are_scored(tmp_path: Path) -> None:
    ids = np.array([[7, 8, 33, 26, 0, 4, 10]], np.uint8)  # road, sidewalk, bicycle, car, three that are not scored
    reader = LabelReader(LabelRule("cityscapes"))
    found = reader.read(save(tmp_path / "x_gtFine_labelIds.png", ids[..., None]))
    assert [reader.names[number] for number in found[0, :4]] == ["road", "sidewalk", "bicycle", "car"]
    assert (found[0, 4:] == IGNORE).all()
    trained = save(tmp_path / "x_gtFine_labelTrainIds.png", found[..., None])
    assert np.array_equal(reader.read(trained), found)


def test_cityscapes_ignored_colours_are_no_sign_of_another_palette(tmp_path: Path) -> None:
    numbers = np.full((8, 8), IGNORE, np.uint8)
    numbers[0, 0] = 2
    found = LabelReader(LabelRule("cityscapes", smooth=False)).read(
        save(tmp_path / "x.png", CITYSCAPES.picture(numbers))
    )
    assert np.array_equal(found, numbers)


def test_another_palette_is_told(tmp_path: Path) -> None:
    path = save(tmp_path / "x.png", CITYSCAPES.picture(blocks([[0, 1], [2, 8]])))
    reader = LabelReader(LabelRule("facades"))
    with pytest.raises(PictureError, match=r"x.png: 100% of its pixels.*palette facades"):
        reader.read(path)
    table = np.zeros((12, 3), np.uint8)
    table[:, 2] = [170, 255, 255, 255, 255, 170, 85, 0, 0, 0, 0, 0]  # CMP's own colours, near as they are to these
    table[:, 1] = [0, 0, 85, 170, 255, 255, 255, 255, 170, 85, 0, 0]
    table[:, 0] = [0, 0, 0, 0, 0, 85, 170, 255, 255, 255, 255, 170]
    numbers = blocks([[0, 1, 1], [1, 2, 1], [9, 2, 1]])
    near = save(tmp_path / "y.png", table[numbers])
    reader.read(near)
    with pytest.raises(PictureError, match="of that palette"):
        reader.refuse_other_palette([(near, "whole")] * 3)
    right = save(tmp_path / "z.png", FACADES.picture(numbers))
    too = save(tmp_path / "w.png", FACADES.picture(numbers))
    reader.refuse_other_palette([(right, "whole"), (near, "whole"), (too, "whole")])  # one may be odd


def test_what_is_no_label_picture_is_told(tmp_path: Path) -> None:
    colour = save(tmp_path / "x.png", np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(PictureError, match="class numbers"):
        LabelReader(LabelRule("3")).read(colour)
    deep = save(tmp_path / "y.png", np.zeros((2, 2, 1), np.uint16))
    with pytest.raises(PictureError, match="uint16"):
        LabelReader(LabelRule("3")).read(deep)
    for palette in ("0", "256", "facade"):
        with pytest.raises(ConfigError):
            LabelReader(LabelRule(palette))


def test_outputs_are_of_the_nearest_colours_class(tmp_path: Path, call: Any) -> None:
    truth = blocks([[1, 2], [11, 1]])
    said = truth.copy()
    said[:12, :12] = 0  # a quarter is wrong
    noise = np.random.default_rng(0).integers(-20, 21, (24, 24, 3))
    noisy = np.clip(FACADES.picture(said).astype(int) + noise, 0, 255).astype(np.uint8)
    save(tmp_path / "out" / "x.png", noisy)
    save(tmp_path / "labels" / "x.png", FACADES.picture(truth))
    words = [tmp_path / "out", tmp_path / "labels", "--palette", "facades", "--json", tmp_path / "s.json"]
    code, out, _ = call("evaluate", "labels", *words)
    assert code == 0
    report = json.loads((tmp_path / "s.json").read_text())
    row = report["rows"][str(tmp_path / "out")]
    assert row["pixel"]["mean"] == pytest.approx(0.75, abs=0.01)
    assert row["by_class"]["mean"] == pytest.approx((1 + 1 + 0.5) / 3, abs=0.02)
    assert row["classes"]["facade"]["iou"] == pytest.approx(0.5, abs=0.02)
    assert row["classes"]["shop"]["iou"] == pytest.approx(1, abs=0.02)
    assert row["classes"]["door"]["iou"] is None
    assert report["rows"]["the commonest class"]["pixel"]["mean"] == 0.5
    assert "No label has" in out


def test_outputs_of_another_size_are_resized_and_labels_are_not(tmp_path: Path, call: Any) -> None:
    truth = blocks([[1, 2], [11, 1]])
    save(tmp_path / "out" / "x.png", images.resize(FACADES.picture(truth), 12, 12, "nearest"))
    save(tmp_path / "labels" / "x.png", FACADES.picture(truth))
    call(
        "evaluate",
        "labels",
        tmp_path / "out",
        tmp_path / "labels",
        "--palette",
        "facades",
        "--json",
        tmp_path / "s.json",
    )
    assert json.loads((tmp_path / "s.json").read_text())["rows"][str(tmp_path / "out")]["pixel"]["mean"] == 1


def test_class_numbers_cannot_be_read_off_outputs(tmp_path: Path, call: Any) -> None:
    save(tmp_path / "out" / "x.png", np.zeros((4, 4, 1), np.uint8))
    code, _, err = call("evaluate", "labels", tmp_path / "out", tmp_path / "out", "--palette", "4")
    assert code == 2
    assert "--palette wants colours" in err
