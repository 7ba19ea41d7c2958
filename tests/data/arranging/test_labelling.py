"""Label maps as class numbers and back, from the command line."""

import numpy as np
import pytest
from PIL import Image

from pixlate import images
from pixlate.images.palettes import FACADES


def numbers(seed, height=24, width=24):
    coarse = np.random.default_rng(seed).integers(0, 12, (height // 8, width // 8, 1), np.uint8)
    return images.resize(coarse, height, width, "nearest")[..., 0]


@pytest.fixture
def maps(tmp_path):
    for name in ("0", "deep/1"):
        path = tmp_path / "maps" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(images.encode_png(FACADES.picture(numbers(len(name)))))
    return tmp_path / "maps"


def test_there_and_back_loses_nothing(call, contents, maps, tmp_path):
    code, told, _ = call("labels", maps, "--palette", "facades", "--out", tmp_path / "numbers")
    assert code == 0
    assert "2 label maps" in told
    assert "0.0% of the pixels are of no class" in told
    assert np.array_equal(images.read(tmp_path / "numbers" / "deep" / "1.png")[..., 0], numbers(6))
    assert call("labels", tmp_path / "numbers", "--palette", "facades", "--out", tmp_path / "again", "--back")[0] == 0
    assert contents(tmp_path / "again") == contents(maps)


def test_the_band_decides_what_is_of_no_class(call, maps, tmp_path):
    blurred = tmp_path / "blurred"
    blurred.mkdir()
    Image.fromarray(images.read(maps / "0.png")).save(blurred / "0.jpg", quality=30)
    shares = {}
    for name, flags in (("all", []), ("near", ["--within", 20]), ("smooth", ["--within", 20, "--smooth"])):
        assert call("labels", blurred, "--palette", "facades", "--out", tmp_path / name, *flags)[0] == 0
        shares[name] = (images.read(tmp_path / name / "0.png") == 255).mean()
    assert shares["all"] == 0
    assert 0 < shares["smooth"] < shares["near"]


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        (["--palette", "facade"], "Did you mean 'facades'?"),
        (["--palette", "missing.json"], "missing.json"),
        (["--palette", "facades", "--within", "-1"], "0 or more levels"),
        (["--palette", "facades", "--back"], "class numbers have one"),
    ],
)
def test_mistakes_are_answered_and_leave_nothing(call, maps, tmp_path, flags, wanted):
    code, _, told = call("labels", maps, "--out", tmp_path / "out", *flags)
    assert code == 2
    assert wanted in told
    assert not (tmp_path / "out").exists()


def test_what_is_no_label_map_is_named_or_left_out(call, maps, tmp_path):
    (maps / "deep" / "odd.png").write_bytes(images.encode_png(np.zeros((8, 8, 1), np.uint16)))
    words = ["labels", maps, "--palette", "facades", "--out", tmp_path / "out"]
    code, _, told = call(*words)
    assert code == 2
    assert "odd.png" in told
    assert not (tmp_path / "out").exists()
    code, told, _ = call(*words, "--skip-bad")
    assert code == 0
    assert "odd.png" in told
    assert "2 label maps" in told


def test_numbers_that_are_no_class_are_named_on_the_way_back(call, tmp_path):
    (tmp_path / "numbers").mkdir()
    (tmp_path / "numbers" / "0.png").write_bytes(images.encode_png(np.full((8, 8, 1), 12, np.uint8)))
    code, _, told = call("labels", tmp_path / "numbers", "--palette", "facades", "--out", tmp_path / "out", "--back")
    assert code == 2
    assert "0.png" in told
    assert "0 to 11 or 255, not 12" in told
