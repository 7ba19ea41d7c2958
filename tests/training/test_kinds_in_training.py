"""Classes, stacks, ranges and Lab from training to translation, as a user meets them on the command line."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from pixlate import Translator, cli, durable, images, modelfile
from pixlate.images import Picture, lab
from pixlate.images.palettes import FACADES
from pixlate.tensorfile import read_tensors

SMALL = ["--width", 4, "--workers", 0, "--no-tensorboard", "--samples", 2, "--steps"]
TINY = [*SMALL, 2]


class Command:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main([str(word) for word in words])
        told = self._capsys.readouterr()
        return int(left.value.code or 0), told.out, told.err


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


def smooth(seed: int, channels: int = 3, top: float = 255, dtype: Any = np.uint8, side: int = 24) -> Picture:
    coarse = np.random.default_rng(seed).random((5, 5, channels), np.float32) * np.float32(top)
    return images.resize(coarse, side, side, "bilinear").astype(dtype)


def lay(folder: Path, pictures: list[Picture], ending: str = ".png") -> Path:
    for number, picture in enumerate(pictures):
        durable.write(folder / f"{number}{ending}", images.encode(picture, ending))
    return folder


def maps(seeds: range, classes: int = 12) -> list[Picture]:
    coarse = [np.random.default_rng(seed).integers(0, classes, (6, 6, 1), np.uint8) for seed in seeds]
    return [images.resize(one, 24, 24, "nearest") for one in coarse]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return lay(tmp_path / "photos", [smooth(seed) for seed in range(5)])


def grid_of(run: Path) -> Picture:
    return images.read(max((run / "samples").iterdir()))


def same(one: Path, other: Path) -> bool:
    first, second = read_tensors(one), read_tensors(other)
    return first.keys() == second.keys() and all(torch.equal(value, second[name]) for name, value in first.items())


def test_label_maps_blurred_by_jpeg_become_classes_and_come_out_in_pure_colours(call, photos, tmp_path) -> None:
    coloured = tmp_path / "labels"
    for number, classes in enumerate(maps(range(5))):
        (coloured / "x").parent.mkdir(exist_ok=True)
        Image.fromarray(FACADES.picture(classes[..., 0])).save(coloured / f"{number}.jpg", quality=85)
    run = tmp_path / "run"
    code, told, _ = call("train", photos, coloured, "--target-classes", "facades", "--run", run, *TINY)
    assert code == 0, told
    card = modelfile.read_card(run / "model.safetensors")
    assert card.generator.out_channels == 12
    assert call("translate", run / "model.safetensors", photos, "-o", tmp_path / "out", "--size", "30x25")[0] == 0
    for path in (tmp_path / "out").iterdir():
        made = images.read(path)
        assert made.shape == (30, 25, 3)
        assert {tuple(colour) for colour in made.reshape(-1, 3).tolist()} <= set(FACADES.colours)
    turned = tmp_path / "turned"
    words = ["--source-classes", "facades", "--direction", "BtoA", "--run", turned, *TINY]
    assert call("train", photos, coloured, *words)[0] == 0
    assert modelfile.read_card(turned / "model.safetensors").generator.in_channels == 12
    assert call("translate", turned / "model.safetensors", coloured, "-o", tmp_path / "back")[0] == 0
    assert images.read(tmp_path / "back" / "0.png").shape == (24, 24, 3)


def test_numbers_as_classes(call, photos, tmp_path) -> None:
    numbers = lay(tmp_path / "numbers", maps(range(5), 6))
    run = tmp_path / "run"
    assert call("train", photos, numbers, "--target-classes", 6, "--run", run, *TINY)[0] == 0
    assert call("translate", run / "model.safetensors", photos, "-o", tmp_path / "out")[0] == 0
    made = images.read(tmp_path / "out" / "0.png")
    assert made.shape == (24, 24, 1)
    assert made.max() < 6
    targets = grid_of(run)[4 + 56 :, :, :]
    assert targets[:24, 4:28].min() < 60  # classes are seen apart, not all as black
    assert targets[:24, 4:28].max() > 200
    turned = tmp_path / "turned"
    assert call("train", numbers, photos, "--source-classes", 6, "--run", turned, *TINY)[0] == 0
    wrong = lay(tmp_path / "wrong", [maps(range(1))[0].astype(np.uint16)])
    code, _, told = call("translate", turned / "model.safetensors", wrong, "-o", tmp_path / "no")
    assert code == 2
    assert "0.png holds uint16, the model takes label maps of 8 bits" in told
    assert not (tmp_path / "no").exists()
    code, _, told = call("translate", turned / "model.safetensors", photos, "-o", tmp_path / "no")
    assert code == 2
    assert "has 3 channels, the model takes 1" in told


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        (["--source-classes", "facade"], "Did you mean 'facades'?"),
        (["--source-classes", 1], "2 to 255 classes"),
        (["--source-classes", 256], "2 to 255 classes"),
        (["--source-classes", 12], "3 channels of uint8; label maps have 8 bits, and 1 channels here"),
        (["--source-classes", "facades", "--source-range", "0,9"], "needs no channels, range or alpha"),
        (["--source-classes", "none.csv"], "none.csv"),
        (["--source-range", "9,0"], "the lower value comes first"),
        (["--source-range", "p1"], "give LOW,HIGH such as 0,4095"),
        (["--source-range", "p1,p101"], "percentiles go from p0 to p100"),
        (["--source-range", "p50,p50"], "the lower value comes first"),
        (["--source-channels", 0], "1 or more"),
        (["--source-channels", 2], "2 are wanted of all"),
        (["--background", "pink"], "#00ff7f"),
        (["--source-alpha", "drop"], "--source-alpha"),
    ],
)
def test_mistakes_are_answered_before_a_run_begins(call, photos, tmp_path, flags, wanted) -> None:
    lay(tmp_path / "others", [smooth(9)] * 5)
    code, _, told = call("train", photos, tmp_path / "others", "--run", tmp_path / "run", *TINY, *flags)
    assert code == 2
    assert wanted in " ".join(told.split())
    assert "Traceback" not in told
    assert not (tmp_path / "run").exists()


def test_depth_is_stacked_onto_colour_each_on_its_own_scale(call, photos, tmp_path) -> None:
    depth = lay(tmp_path / "depth", [smooth(seed, 1, 65535, np.uint16) for seed in range(10, 15)])
    normals = lay(tmp_path / "normals", [smooth(seed) for seed in range(20, 25)])
    run, model = tmp_path / "run", tmp_path / "run" / "model.safetensors"
    assert call("train", photos, normals, "--stack", depth, "--run", run, *TINY)[0] == 0
    assert f"<dt>stacked</dt><dd>{depth}</dd>" in (run / "index.html").read_text()
    kind, _ = modelfile.read_card(model).kinds
    assert (kind.channels, kind.high) == (4, (255, 255, 255, 65535))
    assert call("translate", model, photos, "--stack", depth, "-o", tmp_path / "out")[0] == 0
    stacked = np.concatenate([images.read(photos / "0.png"), images.read(depth / "0.png")], axis=-1, dtype=np.float32)
    assert np.array_equal(images.read(tmp_path / "out" / "0.png"), Translator(model)(stacked, name="0.png"))
    code, _, told = call("translate", model, photos, "-o", tmp_path / "no")
    assert (code, "0.png has 3 channels, the model takes 4" in told) == (2, True)
    code, _, told = call("translate", model, photos, "--stack", depth, "--stack", depth, "-o", tmp_path / "no")
    assert (code, "have 5 channels, the model takes 4" in told) == (2, True)
    code, _, told = call("translate", model, photos, "--stack", tmp_path / "none", "-o", tmp_path / "no")
    assert (code, "There is no folder" in told) == (2, True)
    assert not (tmp_path / "no").exists()
    again = call("train", "--config", run / "config.yaml", "--run", tmp_path / "again")
    assert again[0] == 0, again
    assert same(model, tmp_path / "again" / "model.safetensors")
    # Another set has stacks of its own, or none.
    words = ["--config", run / "config.yaml", "--run", tmp_path / "other"]
    assert call("train", normals, photos, *words)[0] == 0
    assert modelfile.read_card(tmp_path / "other" / "model.safetensors").kinds[0].channels == 3


def test_the_order_of_stacked_folders_is_kept(call, photos, tmp_path) -> None:
    flat = {name: lay(tmp_path / name, [np.full((24, 24, 1), level, np.uint8)] * 5) for name, level in LEVELS.items()}
    model = tmp_path / "run" / "model.safetensors"
    stack = ["--stack", flat["two"], "--stack", flat["three"]]
    code, told, _ = call("train", flat["one"], photos, *stack, "--run", model.parent, *TINY)
    assert code == 0, told
    out = tmp_path / "out"
    assert call("translate", model, flat["one"], *stack, "-o", out)[0] == 0
    stacked = np.tile(np.array([*LEVELS.values()], np.uint8), (24, 24, 1))
    assert np.array_equal(images.read(out / "0.png"), Translator(model)(stacked, name="0.png"))
    assert np.array_equal(grid_of(model.parent)[4:28, 4:28], stacked)


LEVELS = {"one": 20, "two": 120, "three": 220}


@pytest.mark.parametrize(
    ("spoil", "wanted"),
    [
        (lambda depth: (depth / "2.png").unlink(), ["1 missing", "2.png", "no picture of that name"]),
        (lambda depth: Image.new("L", (24, 24)).save(depth / "2.bmp"), ["1 duplicate stem", "2 pictures"]),
        (lambda depth: Image.new("L", (24, 20)).save(depth / "2.png"), ["1 size mismatch", "20×24 px"]),
        (lambda depth: (depth / "2.png").write_bytes(b"\x89PNG"), ["1 unreadable", "2.png"]),
    ],
)
def test_what_a_stack_lacks_is_named_or_left_out(call, photos, tmp_path, spoil, wanted) -> None:
    depth = lay(tmp_path / "depth", [smooth(seed, 1) for seed in range(5)])
    normals = lay(tmp_path / "normals", [smooth(seed) for seed in range(20, 25)])
    spoil(depth)
    words = ["train", photos, normals, "--stack", depth, "--run", tmp_path / "run", *TINY]
    code, _, told = call(*words)
    assert code == 2
    assert all(word in told for word in wanted)
    assert not (tmp_path / "run").exists()
    code, told, _ = call(*words, "--skip-bad")
    assert code == 0
    assert "3 training, 1 validation" in told


def test_what_is_stacked_is_alike_in_each_folder(call, photos, tmp_path) -> None:
    normals = lay(tmp_path / "normals", [smooth(seed) for seed in range(20, 25)])
    mixed = lay(tmp_path / "mixed", [smooth(seed, 1) for seed in range(4)] + [smooth(4, 1, 65535, np.uint16)])
    for words in (["--stack", mixed], ["--stack", mixed, "--source-channels", 3]):
        code, _, told = call("train", photos, normals, *words, "--run", tmp_path / "run", *TINY)
        assert code == 2
        assert "stacked" in told
        assert not (tmp_path / "run").exists()


def test_percentiles_are_kept_and_a_run_with_them_is_repeated_and_resumed(call, photos, tmp_path) -> None:
    floats = [np.concatenate([smooth(s, 1, 3, np.float32), smooth(s + 9, 1, 900, np.float32)], -1) for s in range(5)]
    bands = lay(tmp_path / "bands", floats, ".tif")
    run, halved = tmp_path / "run", tmp_path / "halved"
    words = ["train", photos, bands, "--target-range", "p5,p95"]
    code, told, _ = call(*words, "--run", run, *SMALL, 4)
    assert code == 0
    assert "Range of the targets, p5 to p95" in told
    kind = modelfile.read_card(run / "model.safetensors").kinds[1]
    assert (kind.number, kind.channels, len(kind.low), kind.ending) == ("float32", 2, 2, ".tif")
    assert kind.high[1] > 100 * kind.high[0]
    for steps in (2, 4):
        assert call(*words, "--run", halved, *SMALL, steps)[0] == 0
    assert same(run / "model.safetensors", halved / "model.safetensors")
    assert call("train", "--config", run / "config.yaml", "--run", tmp_path / "again")[0] == 0
    assert same(run / "model.safetensors", tmp_path / "again" / "model.safetensors")
    assert call("translate", run / "model.safetensors", photos, "-o", tmp_path / "out")[0] == 0
    made = images.read(tmp_path / "out" / "0.tif")
    assert (made.dtype, made.shape) == (np.float32, (24, 24, 2))
    assert all(kind.low[c] <= made[..., c].min() <= made[..., c].max() <= kind.high[c] for c in range(2))
    assert grid_of(run).shape == (3 * 28 + 4, 28 + 4, 3)


SETTINGS = [
    ["--source-alpha", "flatten", "--background", "#0a141e", "--source-channels", 1, "--target-classes", 12],
    ["--source-alpha", "keep", "--source-range", "p2,p98", "--target-range", "0,11"],
    ["--source-alpha", "only", "--target-channels", 3, "--direction", "BtoA"],
]


@pytest.mark.parametrize("flags", SETTINGS)
def test_every_setting_of_pictures_is_repeated_from_the_file_of_a_run(call, tmp_path, flags) -> None:
    clear = tmp_path / "clear"
    for seed in range(4):
        picture = np.concatenate([smooth(seed), smooth(seed + 9, 1)], -1)
        durable.write(clear / f"{seed}.png", images.encode_png(picture))
    numbers = lay(tmp_path / "numbers", maps(range(4)))
    data = [numbers, clear] if "BtoA" in flags else [clear, numbers]
    runs = [tmp_path / "run", tmp_path / "again"]
    code, _, told = call("train", *data, *flags, "--run", runs[0], *TINY)
    assert code == 0, told
    code, _, told = call("train", "--config", runs[0] / "config.yaml", "--run", runs[1])
    assert code == 0, told
    assert same(*(run / "model.safetensors" for run in runs))
    settings = [(run / "config.yaml").read_text().splitlines() for run in runs]
    assert [line for line in settings[0] if not line.startswith("run:")] == [
        line for line in settings[1] if not line.startswith("run:")
    ]
    assert len({modelfile.read_card(run / "model.safetensors").kinds for run in runs}) == 1


def test_a_range_that_has_become_another_is_no_range_of_this_run(call, photos, tmp_path) -> None:
    bands = lay(tmp_path / "bands", [smooth(seed, 1, 3, np.float32) for seed in range(5)], ".npy")
    depth = lay(tmp_path / "depth", [smooth(seed, 1) for seed in range(5)], ".npy")
    words = ["train", photos, bands, "--stack", depth, "--run", tmp_path / "run", *SMALL]
    assert call(*words, 2)[0] == 0
    code, told, _ = call(*words, 3)
    assert (code, "kinds: " in told, "training pictures: " in told) == (0, False, False)
    lay(tmp_path / "bands", [smooth(seed, 1, 99, np.float32) for seed in range(5)], ".npy")
    code, _, told = call(*words, 4)
    assert (code, "began with pictures of another kind or range" in told.replace("\n", " ")) == (2, True)
    lay(tmp_path / "bands", [smooth(seed, 1, 3, np.float32) for seed in range(5)], ".npy")
    assert call(*words, 4)[0] == 0


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colours_are_found_and_lightness_is_kept(call, tmp_path, dtype) -> None:
    most = np.iinfo(dtype).max
    photos = lay(tmp_path / "photos", [smooth(seed, 3, most, dtype) for seed in range(4)])
    model = tmp_path / "run" / "model.safetensors"
    assert call("train", photos, "--recipe", "lab", "--run", model.parent, *TINY)[0] == 0
    odd = smooth(77, 3, most, dtype, side=23)[:, :17]
    lay(tmp_path / "in", [odd])
    given, _ = lab.split(odd)
    grey = lab.join(given, np.zeros((23, 17, 2), np.float32), "uint8" if dtype == np.uint8 else "uint16")
    for name, picture in (("in", odd), ("grey", grey[..., :1])):
        lay(tmp_path / name, [picture])
        assert call("translate", model, tmp_path / name, "-o", tmp_path / f"{name}-out")[0] == 0
        made = images.read(tmp_path / f"{name}-out" / "0.png")
        assert (made.dtype, made.shape) == (dtype, (23, 17, 3))
        # A network of two steps answers near grey, well within the gamut; a level of 8 bits is 0.5 of L.
        lightness, _ = lab.split(made)
        assert np.abs(lightness - given).max() * 50 < (0.8 if dtype == np.uint8 else 0.01)
    from_colour, from_grey = (images.read(tmp_path / f"{name}-out" / "0.png").astype(int) for name in ("in", "grey"))
    assert np.abs(from_colour - from_grey).max() <= most / 64


def test_two_unlike_sets_are_learned_both_ways(call, tmp_path) -> None:
    deep = lay(tmp_path / "deep", [smooth(seed, 1, 65535, np.uint16) for seed in range(4)])
    bands = lay(tmp_path / "bands", [smooth(seed, 5) for seed in range(4)], ".tif")
    run = tmp_path / "run"
    code, told, _ = call("train", deep, bands, "--method", "cyclegan", "--blocks", 1, "--run", run, *TINY)
    assert code == 0, told
    for direction, folder, ending, shape in (("AtoB", deep, ".tif", (24, 24, 5)), ("BtoA", bands, ".png", (24, 24, 1))):
        model = run / f"model_{direction}.safetensors"
        kinds = modelfile.read_card(model).kinds
        told = [(kind.channels, kind.number) for kind in kinds]
        assert told == [(1, "uint16"), (5, "uint8")][:: 1 if direction == "AtoB" else -1]
        assert call("translate", model, folder, "-o", tmp_path / direction)[0] == 0
        made = min((tmp_path / direction).iterdir())
        # Of a TIFF a TIFF is made.
        assert made.suffix == (".tif" if folder == bands else ending)
        picture = images.read(made)
        assert (picture.shape, picture.dtype) == (shape, np.uint8 if direction == "AtoB" else np.uint16)
        code, _, wrong = call("translate", model, bands if folder == deep else deep, "-o", tmp_path / "no")
        assert (code, "channels" in wrong) == (2, True)
    assert grid_of(run).shape[-1] == 3
