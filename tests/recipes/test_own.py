"""A user's own function: found, run in other processes, and told from a broken one by a sentence."""

import multiprocessing
import pickle
import sys

import numpy as np
import pytest

from pixlate.errors import ConfigError, PictureError
from pixlate.recipes.table import fingerprints, parse, text

PICTURE = np.random.default_rng(0).integers(0, 256, (6, 5, 3), np.uint8)


def rng():
    return np.random.default_rng(7)


@pytest.fixture
def written(tmp_path):
    def write(code, name="mine.py", function="f"):
        (tmp_path / name).write_text(code)
        return f"{tmp_path / name}:{function}"

    return write


def test_a_function_of_the_picture(written):
    recipe = parse(written("def f(picture, strength=1):\n    return 255 - picture\n"))
    assert not recipe.random
    assert recipe.channels(3) == 3
    assert np.array_equal(recipe.make(PICTURE, rng()), 255 - PICTURE)


def test_a_function_that_draws_has_a_generator_of_its_own(written):
    recipe = parse(written("def f(picture, rng):\n    return rng.permuted(picture[..., 0])\n"))
    assert recipe.random
    assert recipe.channels(3) == 1
    assert np.array_equal(recipe.make(PICTURE, rng())[..., 0], rng().permuted(PICTURE[..., 0]))


def test_it_may_write_on_what_it_is_given(written):
    before = PICTURE.copy()
    source = parse(written("def f(picture):\n    picture[:] = 0\n    return picture\n")).make(PICTURE, rng())
    assert (source == 0).all()
    assert np.array_equal(PICTURE, before)


def test_dataclasses_in_its_file_work(written):
    code = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Settings:\n    by: int = 2\n"
        "def f(picture):\n    return picture // Settings().by\n"
    )
    assert np.array_equal(parse(written(code)).make(PICTURE, rng()), PICTURE // 2)


def test_a_function_of_an_installed_module(written, tmp_path, monkeypatch):
    written("def f(picture):\n    return picture[::-1]\n", "my_recipes.py")
    monkeypatch.syspath_prepend(tmp_path)
    recipe = parse("my_recipes:f")
    assert np.array_equal(recipe.make(PICTURE, rng()), PICTURE[::-1])
    assert list(fingerprints(recipe)) == [str(tmp_path / "my_recipes.py")]
    assert text(recipe) == "my_recipes:f"


def made(recipe):
    return recipe.make(PICTURE, rng())


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_it_runs_in_other_processes(written, method):
    recipe = parse(written("def f(picture, rng):\n    return picture ^ rng.integers(256, dtype='uint8')\n"))
    with multiprocessing.get_context(method).Pool(1) as pool:
        (there,) = pool.map(made, [recipe])
    assert np.array_equal(there, made(recipe))


def test_a_file_that_has_changed_is_not_run(written):
    place = written("def f(picture):\n    return picture\n")
    sent = pickle.dumps(parse(place))
    assert list(fingerprints(parse(place)).values()) == [parse(place).sha256]
    written("def f(picture):\n    return 255 - picture\n")
    assert np.array_equal(made(parse(place)), 255 - PICTURE), "a new start takes the file as it is"
    from pixlate.recipes import own

    own._loaded.cache_clear()  # as in a new process
    with pytest.raises(ConfigError, match=r"mine\.py has changed since this began"):
        made(pickle.loads(sent))  # noqa: S301 - our own


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("def g(picture): ...\ndef _h(p): ...", r"mine\.py has no function 'f'. There are: g\."),
        ("f = 3", r"has no function 'f'\."),
        ("def f(): ...", r"takes \(\); \(picture\) or \(picture, rng\) is wanted"),
        ("def f(a, b, c): ...", r"takes \(a, b, c\)"),
        ("def f(a, *, b): ...", r"takes \(a, \*, b\)"),
        ("def f(picture:\n", r"cannot be run: SyntaxError: "),
        ("x = 1\nimport nothing_such", r"cannot be run: ModuleNotFoundError: .* \(line 2\)"),
        ("import sys\nsys.exit(3)", r"cannot be run: SystemExit: 3"),
    ],
)
def test_a_file_without_such_a_function_is_refused(written, code, told):
    before = set(sys.modules)
    with pytest.raises(ConfigError, match=told):
        parse(written(code))
    assert not {
        name for name in set(sys.modules) - before if "SyntaxError" in told and name.startswith("pixlate_recipe")
    }


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("return None", r"mine\.py:f gave NoneType for a picture \(6, 5, 3\); uint8 \(6, 5\) with or without channels"),
        ("return picture / 255", r"gave float64 \(6, 5, 3\)"),
        ("return picture[1:]", r"gave uint8 \(5, 5, 3\)"),
        ("return picture[..., :0]", r"gave uint8 \(6, 5, 0\)"),
        ("return picture[None]", r"gave uint8 \(1, 6, 5, 3\)"),
        ("x = 0\n    return 1 // x", r"mine\.py:f failed: ZeroDivisionError: .* \(line 3\)"),
    ],
)
def test_what_it_does_wrong_is_told(written, body, told):
    recipe = parse(written(f"def f(picture):\n    {body}\n"))
    with pytest.raises(PictureError, match=told):
        recipe.make(PICTURE, rng())
    with pytest.raises(ConfigError, match="Tried on 64×64 pixels of noise: "):
        recipe.channels(3)


@pytest.mark.parametrize("name", ["json.nothing", "no_package.module", "sys", "os.path.nothing.deeper"])
def test_a_module_that_is_not_there_is_told(name):
    with pytest.raises(ConfigError, match=f"no module '{name}'"):
        parse(f"{name}:f")
