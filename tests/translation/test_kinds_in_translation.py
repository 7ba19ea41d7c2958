"""Pictures of every kind through `pixlate translate`: what is written, and what is refused before anything is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from pixlate import Translator, cli, durable, images, modelfile
from pixlate.errors import PictureError
from pixlate.images import Picture
from pixlate.networks.building import build_generator
from pixlate.specs.card import Card
from pixlate.specs.networks import GeneratorSpec
from pixlate.specs.pictures import Kind

RGB, GREY = Kind(3), Kind(1)
DEEP = Kind(1, "uint16", high=(65535.0,))


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(["translate", *map(str, words)])
        told = capsys.readouterr()
        return int(left.value.code or 0), told.out, told.err

    return run


def model(path: Path, source: Kind, target: Kind, **more: Any) -> Path:
    spec = GeneratorSpec(in_channels=source.planes, out_channels=target.planes, depth=3, width=4, dropout=())
    told = {"method": "pix2pix", "direction": "AtoB", "preset": "paper", "objective": "L1", "trained_on": "x"}
    card = Card(spec, **{**told, **more}, pairs=1, size=(16, 16), step=1, source=source, target=target)
    modelfile.write(path, build_generator(spec, seed=1), card)
    return path


def noise(seed: int, channels: int = 3, dtype: Any = np.uint8) -> Picture:
    return np.random.default_rng(seed).integers(0, 200, (16, 20, channels)).astype(dtype)


def save(path: Path, picture: Picture) -> Path:
    durable.write(path, images.encode(picture, path.suffix, alpha=picture.shape[-1] in (2, 4)))
    return path


@pytest.mark.parametrize(
    ("target", "ending", "dtype"),
    [
        (RGB, ".png", np.uint8),
        (DEEP, ".png", np.uint16),
        (Kind(2, ending=".tif"), ".tif", np.uint8),
        (Kind(1, "float32", high=(3.0,), ending=".tif"), ".tif", np.float32),
        (Kind(5, "float32", high=(3.0,), ending=".npy"), ".npy", np.float32),
        (Kind(3, "uint16", low=(100.0,), high=(300.0,)), ".png", np.uint16),
        (Kind(4, alpha="keep"), ".png", np.uint8),
        (Kind(3, space="classes", classes=((0, 0, 0), (255, 0, 0))), ".png", np.uint8),
    ],
)
def test_what_is_written_is_of_the_targets_kind(call, tmp_path, target, ending, dtype) -> None:
    for name in ("a.png", "deep/b.tif", "c.npy"):
        save(tmp_path / "in" / name, noise(1))
    path = model(tmp_path / "m.safetensors", RGB, target)
    assert call(path, tmp_path / "in", "-o", tmp_path / "out")[0] == 0
    names = {file.relative_to(tmp_path / "out").as_posix() for file in (tmp_path / "out").rglob("*.*")}
    of_tiff = ".tif" if ending == ".png" else ending
    assert names == {f"a{ending}", f"deep/b{of_tiff}", f"c{ending}"}
    for name in names:
        made = images.read(tmp_path / "out" / name, alpha=target.alpha)
        assert made.dtype == dtype
        assert made.shape == (16, 20, target.channels)
        assert min(target.low) <= made.min() <= made.max() <= max(target.high)


REFUSED = [
    (RGB, noise(0, 1, np.float32), ".tif", "holds floats, the model takes whole numbers of the scale of uint8"),
    (RGB, noise(0, 5), ".tif", "has 5 channels, the model takes 3"),
    (GREY, noise(0, 3), ".png", "Let it become grey with --to-grey"),
    (Kind(3, space="lightness"), noise(0, 3, np.float32), ".tif", "holds floats"),
    (Kind(5), noise(0, 3), ".png", "has 3 channels, the model takes 5"),
    (Kind(3, space="classes", classes=((0, 0, 0), (9, 9, 9))), noise(0, 3, np.uint16), ".png", "label maps of 8 bits"),
]


@pytest.mark.parametrize(("source", "picture", "ending", "wanted"), REFUSED)
def test_wrong_kinds_are_refused_before_anything_is_written(call, tmp_path, source, picture, ending, wanted) -> None:
    good = noise(1, source.channels)
    save(tmp_path / "in" / f"a{'.png' if source.channels in (1, 3) else '.tif'}", good)
    save(tmp_path / "in" / f"z{ending}", picture)
    target = Kind(3, space="ab") if source.space == "lightness" else RGB
    path = model(tmp_path / "m.safetensors", source, target)
    code, _, told = call(path, tmp_path / "in", "-o", tmp_path / "out")
    assert code == 2
    assert f"z{ending} {wanted}" in told or (f"z{ending}" in told and wanted in told)
    assert not (tmp_path / "out").exists()
    code, told, _ = call(path, tmp_path / "in", "-o", tmp_path / "out", "--skip-bad")
    assert code == 0
    assert f"z{ending}" in told
    assert "1 pictures translated" in told


def test_transparency_is_dealt_with_as_asked(call, tmp_path) -> None:
    clear = np.full((16, 20, 4), 100, np.uint8)
    save(tmp_path / "in" / "a.png", clear)
    path = model(tmp_path / "m.safetensors", RGB, RGB)
    code, _, told = call(path, tmp_path / "in", "-o", tmp_path / "out")
    assert (code, "transparency" in told) == (2, True)
    assert not (tmp_path / "out").exists()
    assert call(path, tmp_path / "in", "-o", tmp_path / "out", "--alpha", "flatten")[0] == 0
    level = round(100 * 100 / 255 + 255 * 155 / 255)
    wanted = Translator(path)(np.full((16, 20, 3), level, np.uint8), name="a.png")
    assert np.array_equal(images.read(tmp_path / "out" / "a.png"), wanted)
    code, _, told = call(path, tmp_path / "in", "-o", tmp_path / "no", "--alpha", "keep")
    assert (code, "has 4 channels, the model takes 3" in told) == (2, True)


@pytest.mark.parametrize(
    ("spoil", "wanted"),
    [
        (lambda depth: (depth / "z.png").unlink(), "has 0 pictures named z; one is to be stacked"),
        (lambda depth: save(depth / "z.tif", noise(2, 1)), "has 2 pictures named z; one is to be stacked"),
        (lambda depth: save(depth / "z.png", noise(2, 1, np.uint16)), "z.png holds uint16, the model takes uint8"),
        (lambda depth: save(depth / "z.png", noise(2, 1)[:9]), "differs from it in size"),
        (lambda depth: save(depth / "z.png", noise(2, 3)), "z.png and its stack have 6 channels, the model takes 4"),
    ],
)
def test_what_cannot_be_stacked_is_told_before_anything_is_written(call, tmp_path, spoil, wanted) -> None:
    for name in ("a", "z"):
        save(tmp_path / "in" / f"{name}.png", noise(1))
        save(tmp_path / "depth" / f"{name}.png", noise(2, 1))
    spoil(tmp_path / "depth")
    path = model(tmp_path / "m.safetensors", Kind(4, ending=".tif"), RGB)
    words = [path, tmp_path / "in", "--stack", tmp_path / "depth", "-o", tmp_path / "out"]
    code, _, told = call(*words)
    assert (code, wanted in told) == (2, True)
    assert not (tmp_path / "out").exists()
    code, told, _ = call(*words, "--skip-bad")
    assert (code, wanted in told, "1 pictures translated" in told) == (0, True, True)


def test_the_recipe_of_training_makes_sources_of_targets(call, tmp_path) -> None:
    photo = noise(3)
    save(tmp_path / "in" / "a.png", photo)
    path = model(tmp_path / "m.safetensors", GREY, RGB, recipe="gray")
    code, _, told = call(path, tmp_path / "in", "-o", tmp_path / "no")
    assert (code, "3 channels" in told) == (2, True)
    assert call(path, tmp_path / "in", "-o", tmp_path / "out", "--apply-recipe")[0] == 0
    wanted = Translator(path)(images.with_channels(photo, 1), name="a.png")
    assert np.array_equal(images.read(tmp_path / "out" / "a.png"), wanted)
    save(tmp_path / "deep" / "a.tif", noise(3, 5))
    code, _, told = call(path, tmp_path / "deep", "-o", tmp_path / "no", "--apply-recipe")
    assert (code, "5 channels" in told) == (2, True)
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize("more", [{}, {"recipe": "lab"}, {"recipe": "gray", "direction": "BtoA"}])
def test_models_of_other_pictures_have_no_recipe_to_apply(call, tmp_path, more) -> None:
    save(tmp_path / "in" / "a.png", noise(3))
    path = model(tmp_path / "m.safetensors", RGB, RGB, **more)
    code, _, told = call(path, tmp_path / "in", "-o", tmp_path / "out", "--apply-recipe")
    assert (code, "leave --apply-recipe out" in told) == (2, True)
    assert not (tmp_path / "out").exists()


def test_a_recipe_whose_file_has_gone_or_changed_is_not_run(call, tmp_path) -> None:
    save(tmp_path / "in" / "a.png", noise(3))
    trace = tmp_path / "it was run"
    own = tmp_path / "own.py"
    path = model(tmp_path / "m.safetensors", RGB, RGB, recipe=f"{own}:f", recipe_sha256="0" * 64)
    words = [path, tmp_path / "in", "-o", tmp_path / "out", "--apply-recipe"]
    code, _, told = call(*words)
    assert (code, "own.py" in told) == (2, True)
    own.write_text(f"open({str(trace)!r}, 'w').close()\ndef f(picture):\n    return picture\n")
    code, _, told = call(*words)
    assert (code, "SHA-256" in told) == (2, True)
    assert not trace.exists()
    assert not (tmp_path / "out").exists()


def test_a_picture_that_the_recipe_fails_on_is_named_or_left_out(call, tmp_path) -> None:
    for name, picture in (("a", noise(3)), ("z", noise(3) * 0)):
        save(tmp_path / "in" / f"{name}.png", picture)
    own = tmp_path / "own.py"
    own.write_text("def f(picture):\n    return picture if picture.max() else 1 / 0\n")
    from pixlate.recipes.table import fingerprint, parse

    recipe = f"{own}:f"
    path = model(tmp_path / "m.safetensors", RGB, RGB, recipe=recipe, recipe_sha256=fingerprint(parse(recipe)))
    words = [path, tmp_path / "in", "-o", tmp_path / "out", "--apply-recipe"]
    code, _, told = call(*words)
    assert (code, "z.png" in told, "ZeroDivisionError" in told) == (2, True, True)
    code, told, _ = call(*words, "--skip-bad")
    assert (code, "left out: " in told, "1 pictures translated" in told) == (0, True, True)


def test_colour_becomes_grey_only_when_asked_and_grey_becomes_colour(call, tmp_path) -> None:
    colour, grey = noise(1), noise(2, 1)
    save(tmp_path / "colour" / "a.png", colour)
    save(tmp_path / "grey" / "a.png", grey)
    path = model(tmp_path / "grey.safetensors", GREY, GREY)
    assert call(path, tmp_path / "colour", "-o", tmp_path / "one", "--to-grey")[0] == 0
    wanted = Translator(path)(images.with_channels(colour, 1), name="a.png")
    assert np.array_equal(images.read(tmp_path / "one" / "a.png"), wanted)
    path = model(tmp_path / "rgb.safetensors", RGB, RGB)
    code, told, _ = call(path, tmp_path / "grey", "-o", tmp_path / "two")
    assert (code, "1 of 1 pictures are grey and are replicated to 3 channels" in told) == (0, True)


def test_label_maps_are_resized_without_mixing_classes(tmp_path, call) -> None:
    classes = ((0, 0, 0), (255, 255, 255), (128, 128, 128))
    picture = np.zeros((16, 20, 3), np.uint8)
    picture[:, 10:] = 255
    Image.fromarray(picture).save(tmp_path / "a.png")
    kind = Kind(3, space="classes", classes=classes)
    path = model(tmp_path / "m.safetensors", kind, kind)
    assert call(path, tmp_path / "a.png", "-o", tmp_path / "out", "--size", "23x31")[0] == 0
    nearest = images.resize(picture, 23, 31, "nearest")
    assert np.array_equal(images.read(tmp_path / "out" / "a.png"), Translator(path)(nearest, name="a.png"))


def test_whole_numbers_are_refused_where_floats_were_learned(call, tmp_path) -> None:
    floats = Kind(3, "float32", high=(1.0,), ending=".tif")
    made = model(tmp_path / "m.safetensors", floats, RGB)
    save(tmp_path / "in" / "a.png", noise(1))
    code, _, err = call(made, tmp_path / "in", "-o", tmp_path / "out")
    assert (code, "holds uint8, the model takes floats" in err.replace("\n", " ")) == (2, True)
    with pytest.raises(PictureError, match="holds uint8"):
        Translator(made)(noise(1))
    assert not (tmp_path / "out").exists()


def test_a_stack_is_an_input_too_and_not_written_over(call, tmp_path) -> None:
    made = model(tmp_path / "m.safetensors", Kind(4, ending=".tif"), RGB)
    save(tmp_path / "in" / "a.png", noise(1))
    save(tmp_path / "depth" / "a.png", noise(2, 1))
    before = (tmp_path / "depth" / "a.png").read_bytes()
    code, _, err = call(made, tmp_path / "in", "--stack", tmp_path / "depth", "-o", tmp_path / "depth")
    assert (code, "would overwrite an input" in err.replace("\n", " ")) == (2, True)
    assert (tmp_path / "depth" / "a.png").read_bytes() == before


def test_what_a_tiff_says_of_its_place_goes_along_in_any_letters_but_not_with_halves(call, tmp_path) -> None:
    told = "<GDALMetadata>Höhe</GDALMetadata>".encode()
    tags = [(33550, "d", 3, (10.0, 10.0, 0.0), True), (42112, "s", len(told) + 1, told, True)]
    made = model(tmp_path / "m.safetensors", RGB, RGB)
    (tmp_path / "in").mkdir()
    tifffile.imwrite(tmp_path / "in" / "a.tif", noise(1), photometric="rgb", extratags=tags)
    code, _, err = call(made, tmp_path / "in", "-o", tmp_path / "out", "--size", "8x10")
    assert code == 0, err
    with tifffile.TiffFile(tmp_path / "out" / "a.tif") as tiff:
        assert tiff.pages.first.tags[33550].value == (20.0, 20.0, 0.0)
        assert "Höhe" in tiff.pages.first.tags[42112].value
    assert call(made, tmp_path / "in", "-o", tmp_path / "half", "--direction", "AtoB")[0] == 0
    assert not images.read_header(tmp_path / "half" / "a.tif").georeferenced


def test_a_scale_of_too_few_values_is_left_out(call, tmp_path) -> None:
    made = model(tmp_path / "m.safetensors", RGB, RGB)
    (tmp_path / "in").mkdir()
    tags = [(33550, "d", 2, (10.0, 10.0), True)]
    tifffile.imwrite(tmp_path / "in" / "a.tif", noise(1), photometric="rgb", extratags=tags)
    assert call(made, tmp_path / "in", "-o", tmp_path / "out")[0] == 0
