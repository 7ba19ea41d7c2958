"""Recipes as they are written, and what all of them promise."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixlate.errors import ConfigError, PictureError
from pixlate.recipes.downscale import Downscale
from pixlate.recipes.edges import HED, Edges
from pixlate.recipes.gray import Gray
from pixlate.recipes.masks import BoxMask, CentreMask, StrokeMask
from pixlate.recipes.table import RECIPES, fingerprints, parse, text

parts = st.floats(0, 1)
fills = st.one_of(st.just("mean"), st.integers(0, 255).map(str))
recipes = st.one_of(
    st.builds(Edges, st.floats(0, 4), st.floats(0, 0.2), st.floats(0.2, 2), st.integers(0, 20)),
    st.builds(CentreMask, fills, st.booleans(), parts),
    st.builds(BoxMask, fills, st.booleans(), st.integers(0, 5), st.floats(0, 0.2), st.floats(0.2, 1)),
    st.builds(StrokeMask, fills, st.booleans(), st.integers(0, 5), st.integers(0, 12), parts),
    st.builds(Downscale, st.floats(1, 50), st.booleans(), parts, parts),
    st.just(Gray()),
)


@given(recipes | st.builds(HED, st.text("a.,/ ", min_size=1), parts, st.integers(0, 9)))
def test_a_recipe_is_what_its_text_says(recipe):
    assert parse(text(recipe)) == recipe
    assert text(parse(text(recipe))) == text(recipe)


@given(
    recipes,
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from([1, 3]),
    st.sampled_from([np.uint8, np.uint16]),
    st.integers(0, 9),
)
@settings(max_examples=150, deadline=None)
def test_every_recipe_keeps_its_promises(recipe, height, width, channels, kind, seed):
    picture = np.random.default_rng(seed).integers(0, np.iinfo(kind).max + 1, (height, width, channels), kind)
    before = picture.copy()
    source = recipe.make(picture, np.random.default_rng(seed))
    assert source.shape == (height, width, recipe.channels(channels))
    assert source.dtype == kind
    assert np.array_equal(picture, before)
    again = recipe.make(picture, np.random.default_rng(seed + (not recipe.random)))
    assert np.array_equal(source, again)
    source[:] = 0
    assert np.array_equal(picture, before), "the source is a view of the target"


@pytest.mark.parametrize(
    "written", ["mask-boxes", "mask-strokes", "downscale:contrast=0.2", "downscale:brightness=0.2"]
)
def test_random_recipes_draw(written):
    recipe, picture = parse(written), np.full((64, 64, 3), 100, np.uint8)
    assert recipe.random
    first, second = (recipe.make(picture, np.random.default_rng(seed)) for seed in (0, 1))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("edgs", "no recipe 'edgs'. Choose from edges, hed, mask, .* Did you mean 'edges'"),
        ("", "no recipe ''"),
        ("edges:sigm=1", "recipe edges: no option 'sigm'. Did you mean 'sigma'"),
        ("edges:sigma=wide", "recipe edges: sigma is 'wide'; a number is wanted"),
        ("edges:sigma=nan", "sigma is nan; 0 to 100 is wanted"),
        ("edges:sigma", "'sigma' is no option; write edges:key=value"),
        ("edges:sigma=1,sigma=2", "sigma is given twice"),
        ("edges:low=0.5,high=0.2", "low is 0.5; 0 to 0.2"),
        ("gray:x=1", "no option 'x'. It has none"),
        ("mask:fill=300", "fill is '300'; give a level from 0 to 255, or mean"),
        ("mask:channel=1", "channel is 1; true or false"),
        ("mask:side=2", "side is 2; 0 to 1"),
        ("mask-boxes:count=1.5", "count is '1.5'; a whole number"),
        ("mask-boxes:smallest=0.5", "smallest is 0.5; 0 to 0.4"),
        ("downscale:factor=0", "factor is 0; 1 to"),
        ("hed", "hed: the setting 'weights' is missing"),
        ("hed:weights=", "wants the file of its weights"),
        ("hed:weights=w.pth,detector=x", "no option 'detector'"),
        ("nowhere.py:f", "nowhere.py cannot be read"),
        ("no_such_module:f", "no module 'no_such_module'"),
        ("\x1b[31m", r"no recipe '\[31m'"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(written, told):
    with pytest.raises(ConfigError, match=told):
        parse(written)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_can_be_sent_to_a_process(name):
    recipe = parse("hed:weights=w.pth" if name == "hed" else name)
    assert pickle.loads(pickle.dumps(recipe)) == recipe  # noqa: S301 - our own


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "hed"])
@pytest.mark.parametrize("picture", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
def test_what_is_no_picture_is_refused(name, picture):
    with pytest.raises(PictureError, match=r"an array \(H, W, C\) of unsigned integers"):
        parse(name).make(picture, np.random.default_rng(0))


@pytest.mark.parametrize("name", ["gray", "edges", "downscale:gray=true"])
def test_four_channels_have_no_grey(name):
    with pytest.raises(PictureError, match="the picture has 4"):
        parse(name).make(np.zeros((4, 4, 4), np.uint8), np.random.default_rng(0))


def test_files_are_known_by_their_content(tmp_path: Path):
    weights = tmp_path / "w.pth"
    weights.write_bytes(b"abc")
    recipe = parse(f"hed:weights={weights}")
    assert fingerprints(recipe) == {str(weights): "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}
    weights.unlink()
    with pytest.raises(ConfigError, match=r"w\.pth, of the recipe hed:weights=.* cannot be read"):
        fingerprints(recipe)
    assert fingerprints(Gray()) == {}


def test_reading_a_recipe_loads_nothing_slow():
    program = (
        "import sys; from pixlate.recipes import linework; from pixlate.recipes.table import parse;"
        "parse('edges'); print({'torch', 'scipy', 'skimage'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"
