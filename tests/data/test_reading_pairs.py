"""Pairs in one file are decoded once, and are what each half read by itself is."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixlate import images
from pixlate.data.finding import PictureFile
from pixlate.data.reading import read, read_pair
from pixlate.errors import PictureError
from pixlate.specs.pictures import Kind, Sides

RGB, GREY = Kind(3, "uint8", (0.0,) * 3, (255.0,) * 3), Kind(1, "uint8", (0.0,), (255.0,))


def save(path: Path, mode: str, width: int = 32) -> Path:
    channels = {"L": (), "RGB": (3,), "RGBA": (4,)}[mode]
    pixels = np.random.default_rng(0).integers(0, 256, (16, width, *channels), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.mark.parametrize(
    ("file", "mode", "sides"),
    [
        ("pair.png", "RGB", Sides(RGB, RGB)),
        ("pair.jpg", "RGB", Sides(RGB, RGB)),
        ("pair.png", "RGB", Sides(GREY, RGB)),
        ("pair.png", "L", Sides(RGB, GREY)),
        (
            "pair.png",
            "RGBA",
            Sides(
                Kind(3, "uint8", (0.0,) * 3, (255.0,) * 3, alpha="flatten"),
                Kind(4, "uint8", (0.0,) * 4, (255.0,) * 4, alpha="keep"),
            ),
        ),
    ],
)
@pytest.mark.parametrize("halves", [("left", "right"), ("right", "left")])
def test_halves_are_what_each_is_alone(
    tmp_path: Path, file: str, mode: str, sides: Sides, halves: tuple[images.Half, images.Half]
) -> None:
    path = save(tmp_path / file, mode)
    source, target = (PictureFile("pair", path, half) for half in halves)
    together = read_pair(source, target, sides)
    for picture, alone in zip(together, (read(source, sides.source), read(target, sides.target)), strict=True):
        np.testing.assert_array_equal(picture, alone)
        assert picture.dtype == alone.dtype


def test_one_file_is_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, opened = save(tmp_path / "pair.png", "RGB"), []
    plain = Path.open
    monkeypatch.setattr(Path, "open", lambda self, mode: opened.append(self) or plain(self, mode))
    read_pair(PictureFile("pair", path, "left"), PictureFile("pair", path, "right"), Sides(RGB, RGB))
    assert opened == [path]


def test_what_is_wrong_with_a_half_is_told_alike(tmp_path: Path) -> None:
    path = save(tmp_path / "odd.png", "RGB", width=31)
    source, target = (PictureFile("odd", path, half) for half in ("left", "right"))
    with pytest.raises(PictureError) as alone:
        read(source, RGB)
    with pytest.raises(PictureError) as together:
        read_pair(source, target, Sides(RGB, RGB))
    assert str(together.value) == str(alone.value)
