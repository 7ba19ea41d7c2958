"""Sources made of targets: by what they are drawn, and what both sides become."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixlate.data.making import LAB, Making, making, settled, sides_of
from pixlate.errors import ConfigError, PictureError
from pixlate.recipes.masks import BoxMask
from pixlate.recipes.table import parse
from pixlate.specs.data import DataConfig
from pixlate.specs.pictures import Kind

PICTURE = np.random.default_rng(0).integers(0, 255, (20, 24, 3), np.uint8)


@given(st.integers(0, 2**31), st.integers(0, 1000), st.integers(0, 1000))
def test_what_is_drawn_follows_seed_epoch_and_place(seed, epoch, index):
    made = Making(BoxMask())
    first, again = (made.pair(PICTURE, "x", seed, epoch, index) for _ in range(2))
    assert np.array_equal(first[0], again[0])
    assert first[1] is PICTURE
    source, target = Making(BoxMask(), reverse=True).pair(PICTURE, "x", seed, epoch, index)
    assert source is PICTURE
    assert np.array_equal(target, first[0])


def test_each_place_and_seed_draws_for_itself():
    made = Making(BoxMask())
    places = [(0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0), (0, "validation", "a"), (0, "validation", "b")]
    assert len({made.pair(PICTURE, "x", *place)[0].tobytes() for place in places}) == len(places)


def test_a_picture_that_nothing_can_be_made_of_is_named():
    with pytest.raises(PictureError, match=r"^some\.tif: "):
        Making(parse("gray")).pair(PICTURE.astype(np.float32), "some.tif", 0)
    with pytest.raises(PictureError, match=r"^some\.png: the recipe gave 1 channels, not 3"):
        Making(parse("gray"), kind=Kind(3)).pair(PICTURE, "some.png", 0)


@pytest.mark.parametrize(
    ("recipe", "kind", "channels"),
    [
        ("gray", Kind(3), 1),
        ("edges", Kind(1), 1),
        ("mask", Kind(5, ending=".tif"), 5),
        ("mask:channel=true", Kind(3), 4),
        ("downscale", Kind(3, "uint16", high=(65535.0,)), 3),
    ],
)
def test_both_sides_have_one_number_and_range(recipe, kind, channels):
    config = DataConfig("x", recipe=recipe)
    sides = sides_of(kind, config, making(config, paired=True))
    assert sides.target == kind
    assert (sides.source.channels, sides.source.number, sides.source.high) == (channels, kind.number, kind.high)
    turned = DataConfig("x", recipe=recipe, direction="BtoA")
    other = sides_of(kind, turned, making(turned, paired=True))
    assert (other.source, other.target) == (sides.target, sides.source)


def test_lab_takes_colour_alone():
    config = DataConfig("x", recipe=LAB)
    sides = sides_of(Kind(3), config, None)
    assert (sides.source.planes, sides.target.planes) == (1, 2)
    for wrong in (Kind(1), Kind(4), Kind(3, "float32", high=(1.0,)), Kind(3, high=(200.0,))):
        with pytest.raises(ConfigError, match="--recipe lab takes RGB"):
            sides_of(wrong, config, None)


def test_settings_are_written_out_in_full(tmp_path, monkeypatch):
    assert settled(DataConfig("x", recipe="mask")).recipe == "mask:fill=255,channel=false,side=0.5"
    assert settled(DataConfig("x", recipe=LAB)).recipe == LAB
    assert settled(DataConfig("x")) == DataConfig("x")
    (tmp_path / "own.py").write_text("def f(picture):\n    return picture\n")
    monkeypatch.chdir(tmp_path)
    found = settled(DataConfig("x", recipe="own.py:f"))
    assert found.recipe == f"{tmp_path / 'own.py'}:f"
    assert found.recipe_sha256 is not None
    assert len(found.recipe_sha256) == 64
    assert settled(found) == found


def test_a_module_is_a_recipe_too(tmp_path, monkeypatch):
    (tmp_path / "my_recipes_for_a_test.py").write_text("def f(picture):\n    return picture[..., :1]\n")
    monkeypatch.syspath_prepend(tmp_path)
    config = settled(DataConfig("x", recipe="my_recipes_for_a_test:f"))
    assert config.recipe == "my_recipes_for_a_test:f"
    made = making(config, paired=True)
    assert made is not None
    assert sides_of(Kind(3), config, made).source.channels == 1


def test_a_recipe_sees_the_range_that_was_given_and_makes_pictures_of_it():
    eight = np.zeros((64, 64, 1), np.uint8)
    eight[16:48, 16:48] = 255
    twelve = eight.astype(np.uint16) // 255 * np.uint16(4095)
    kind = Kind(1, "uint16", (0.0,), (4095.0,))
    for recipe in ("edges", "mask", "downscale"):
        source, _ = Making(parse(recipe)).pair(eight, "a.png", 0)
        deep, target = Making(parse(recipe), kind=kind).pair(twelve, "a.png", 0)
        assert np.array_equal(target, twelve)
        assert (deep.min(), deep.max()) == (0, 4095)
        assert np.abs(deep / 4095 - source / 255).max() < 0.01
