"""Recipes as a user trains with them: sources made as needed, the same on every machine and after every stop."""

import html
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pixlate import Translator, cli, durable, images, modelfile, train
from pixlate.data.loading import Batch, Stream, batches
from pixlate.errors import ConfigError, DataError, PictureError, PixlateError, RunError
from pixlate.images import Picture
from pixlate.specs.data import DataConfig
from pixlate.specs.methods.cut import CUTConfig
from pixlate.specs.methods.cyclegan import CycleGANConfig
from pixlate.specs.methods.pix2pix import Pix2PixConfig
from pixlate.specs.methods.settings import MethodConfig
from pixlate.specs.networks import NetworksConfig
from pixlate.specs.training import LoopConfig, TrainConfig
from pixlate.tensorfile import read_tensors
from pixlate.training.planning import Plan, plan
from pixlate.training.stopping import Stop
from pixlate.training.validation.pictures import Pictures

OWN = """
def night(picture, rng):
    return (picture * rng.uniform(0.1, 0.4)).astype(picture.dtype)

def first(picture):
    return picture[..., 0]
"""


def smooth(seed: int, channels: int = 3, dtype: Any = np.uint8, side: int = 24) -> Picture:
    coarse = np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, (5, 5, channels), dtype, endpoint=True)
    return images.resize(coarse, side, side, "bicubic")


def lay(folder: Path, count: int = 6, **kind: Any) -> Path:
    for seed in range(count):
        durable.write(folder / f"{seed}.png", images.encode_png(smooth(seed, **kind)))
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay(tmp_path_factory.mktemp("photos") / "photos")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "own.py"
    path.write_text(OWN)
    return path


def make(
    data: Path, run: Path, recipe: str, *, method: MethodConfig | None = None, loop: Any = None, **more: Any
) -> TrainConfig:
    settings = {"steps": 3, "validate_every": 3, "log_every": 1, "workers": 0, "samples": 2, "tensorboard": False}
    return TrainConfig(
        DataConfig(str(data), recipe=recipe, **more),
        method or Pix2PixConfig(),
        LoopConfig(run=str(run), **{**settings, **(loop or {})}),
        NetworksConfig(width=4),
    )


def tensors_alike(one: Path, other: Path) -> bool:
    first, second = read_tensors(one), read_tensors(other)
    return first.keys() == second.keys() and all(torch.equal(value, second[name]) for name, value in first.items())


def taken(planned: Plan, start: int, steps: int, workers: int = 0) -> list[Batch]:
    surveyed = planned.survey
    stream = Stream(surveyed.train, surveyed.sides, planned.preparation, 0, making=surveyed.making)
    return [one for group in batches(stream, start=start, steps=steps, batch=1, workers=workers) for one in group]


RECIPES = {
    "edges": (1, 3),
    "gray": (1, 3),
    "downscale:factor=3,brightness=0.2": (3, 3),
    "mask": (3, 3),
    "mask:channel=true,fill=mean": (4, 3),
    "mask-boxes": (3, 3),
    "mask-strokes": (3, 3),
    "lab": (1, 2),
    "OWN:night": (3, 3),
    "OWN:first": (1, 3),
}


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_trains_shows_and_translates(photos: Path, own: Path, tmp_path: Path, recipe: str) -> None:
    written = recipe.replace("OWN", str(own))
    run = train(make(photos, tmp_path / "run", written))
    card = modelfile.read_card(run / "model.safetensors")
    assert (card.generator.in_channels, card.generator.out_channels) == RECIPES[recipe]
    assert card.recipe is not None
    assert card.recipe.startswith(written.partition(":channel")[0].partition(":factor")[0])
    grid = images.read(run / "samples" / "step_00000003.png")
    assert grid.shape == (3 * 28 + 4, 28 + 4, 3)  # a source, an output, a target
    assert str(card.recipe) in html.unescape((run / "index.html").read_text())
    if recipe != "lab":
        turned = train(make(photos, tmp_path / "turned", written, direction="BtoA"))
        card = modelfile.read_card(turned / "model.safetensors")
        assert (card.generator.out_channels, card.generator.in_channels) == RECIPES[recipe]
        assert Translator(turned / "model.safetensors")(smooth(9)).shape == (24, 24, RECIPES[recipe][0])


def test_the_grid_shows_what_the_recipe_made(photos: Path, tmp_path: Path) -> None:
    run = train(make(photos, tmp_path / "run", "mask", direction="BtoA", size="24"))
    grid = images.read(run / "samples" / "step_00000003.png")
    source, target = grid[4:28, 4:28], grid[4 + 56 : 28 + 56, 4:28]
    assert (target[6:18, 6:18] == 255).all()
    hole = np.zeros((24, 24), bool)
    hole[6:18, 6:18] = True
    assert np.array_equal(source[~hole], target[~hole])
    assert any(np.array_equal(source, smooth(seed)) for seed in range(6))


@pytest.mark.parametrize("recipe", ["mask-strokes", "OWN:night"])
def test_workers_and_stops_change_no_byte(photos: Path, own: Path, tmp_path: Path, recipe: str) -> None:
    written = recipe.replace("OWN", str(own))
    steps = {"steps": 6}
    whole = train(make(photos, tmp_path / "whole", written, loop=steps))
    halved = tmp_path / "halved"
    train(make(photos, halved, written, loop={"steps": 3, "workers": 2}))
    train(make(photos, halved, written, loop={**steps, "workers": 2}))
    assert tensors_alike(whole / "model.safetensors", halved / "model.safetensors")
    state = Path("checkpoints") / "step_00000006" / "state.safetensors"
    assert tensors_alike(whole / state, halved / state)


def test_every_epoch_draws_anew_and_validation_never(photos: Path, tmp_path: Path) -> None:
    planned = plan(make(photos, tmp_path / "run", "mask-boxes", mirror=False, size="24", load_size="24"))
    count = len(planned.survey.train)
    first, again = taken(planned, 0, count), taken(planned, count, count)
    sources = [{batch.names: batch.source for batch in epoch} for epoch in (first, again)]
    targets = [{batch.names: batch.target for batch in epoch} for epoch in (first, again)]
    assert targets[0].keys() == targets[1].keys()
    for name in targets[0]:
        assert torch.equal(targets[0][name], targets[1][name])
        assert not torch.equal(sources[0][name], sources[1][name])
    (files,) = zip(planned.survey.val.sources, planned.survey.val.targets, strict=True)
    one, other = (Pictures(planned, Stop()).pair(files) for _ in range(2))
    assert np.array_equal(one[0], other[0])
    assert np.array_equal(one[1], other[1])
    assert not np.array_equal(*one)


def test_the_recipe_comes_after_the_jitter(photos: Path, tmp_path: Path) -> None:
    planned = plan(make(photos, tmp_path / "run", "mask", size="16", load_size="20"))
    for batch in taken(planned, 0, 5):
        seen = batch.source[0].numpy()
        assert (seen[:, 4:12, 4:12] == 1).all()
        assert np.array_equal(seen[:, :4], batch.target[0].numpy()[:, :4])


def test_averaged_weights_get_their_statistics_from_made_sources(photos: Path, tmp_path: Path) -> None:
    run = train(make(photos, tmp_path / "run", "mask:channel=true", loop={"ema": 0.5}))
    assert modelfile.read_card(run / "model.safetensors").generator.in_channels == 4
    (tmp_path / "dark.py").write_text("def f(picture):\n    return picture * 0\n")
    run = train(make(photos, tmp_path / "other", f"{tmp_path / 'dark.py'}:f", loop={"ema": 0.5}))
    generator, _ = modelfile.read(run / "model.safetensors")
    (conv,) = [module for name, module in generator.named_modules() if name == "encoder.1.conv"]
    given = []
    conv.register_forward_hook(lambda _module, _inputs, output: given.append(output))
    generator(torch.full((1, 3, 24, 24), -1.0), None)
    learned = read_tensors(run / "model.safetensors")["encoder.1.norm.running_mean"]
    assert torch.allclose(learned, given[0].mean((0, 2, 3)), atol=1e-5)


def test_a_recipe_changed_since_is_refused(photos: Path, tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    path.write_text(OWN)
    config = make(photos, tmp_path / "run", f"{path}:first")
    run = train(config)
    before = (run / "model.safetensors").read_bytes()
    pictures = lay(tmp_path / "in", 1)
    words = ["translate", str(run / "model.safetensors"), str(pictures), "-o"]
    assert command(*words, str(tmp_path / "out"), "--apply-recipe") == 0
    path.write_text(OWN + "\n# another\n")
    with pytest.raises(RunError, match="recipe_sha256"):
        train(config)
    assert (run / "model.safetensors").read_bytes() == before
    assert command(*words, str(tmp_path / "out2"), "--apply-recipe") == 2
    assert not (tmp_path / "out2").exists()


def test_the_sha256_asked_for_is_compared_before_the_file_is_run(photos: Path, tmp_path: Path) -> None:
    path, trace = tmp_path / "own.py", tmp_path / "it was run"
    path.write_text(f"open({str(trace)!r}, 'w').close()\n{OWN}")
    with pytest.raises(ConfigError, match="SHA-256"):
        plan(make(photos, tmp_path / "run", f"{path}:first", recipe_sha256="0" * 64))
    assert not trace.exists()
    found = plan(make(photos, tmp_path / "run", f"{path}:first")).config.data.recipe_sha256
    again = plan(make(photos, tmp_path / "run", f"{path}:first", recipe_sha256=str(found).upper()))
    assert again.config.data.recipe_sha256 == found
    for recipe in ("gray", "lab"):
        with pytest.raises(ConfigError, match="recipe-sha256"):
            plan(make(photos, tmp_path / "run", recipe, recipe_sha256=found))


def test_sixteen_bits_stay(tmp_path: Path) -> None:
    deep = lay(tmp_path / "deep", dtype=np.uint16)
    for recipe in ("mask", "lab", "downscale"):
        run = train(make(deep, tmp_path / recipe, recipe))
        source, target = modelfile.read_card(run / "model.safetensors").kinds
        assert (source.number, target.number) == ("uint16", "uint16")
        assert Translator(run / "model.safetensors")(smooth(9, dtype=np.uint16)).dtype == np.uint16


def test_floats_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "floats"
    for seed in range(3):
        durable.write(folder / f"{seed}.tif", images.encode(smooth(seed).astype(np.float32), ".tif"))
    for recipe in ("gray", "lab"):
        with pytest.raises(ConfigError, match="of 8 or 16 bits, not 3 × float32"):
            train(make(folder, tmp_path / "run", recipe))


FAILING = """
def f(picture):
    if picture.max() == 0:
        raise ValueError("nothing there")
    return picture
"""
CHANGING = """
def f(picture):
    return picture[..., :1] if picture.max() == 0 else picture
"""


@pytest.mark.parametrize(("text", "wanted"), [(FAILING, "nothing there"), (CHANGING, "gave 1 channels, not 3")])
def test_a_picture_that_a_recipe_cannot_do_is_named_or_left_out(tmp_path: Path, text: str, wanted: str) -> None:
    photos = lay(tmp_path / "photos")
    durable.write(photos / "black.png", images.encode_png(np.zeros((24, 24, 3), np.uint8)))
    (tmp_path / "own.py").write_text(text)
    recipe = f"{tmp_path / 'own.py'}:f"
    with pytest.raises(PictureError, match=wanted) as caught:
        train(make(photos, tmp_path / "run", recipe, loop={"steps": 8}))
    assert "black.png" in str(caught.value)
    run = train(make(photos, tmp_path / "other", recipe, skip_bad=True, loop={"steps": 8}))
    entries = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    in_validation = "black.png" in plan(make(photos, tmp_path / "third", recipe)).survey.val.names
    assert in_validation or any("black.png" in json.dumps(entry) for entry in entries)


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"method": CycleGANConfig()}, "--recipe makes pairs"),
        ({"method": CUTConfig()}, "--recipe makes pairs"),
        ({"recipe": "lab", "direction": "BtoA"}, "leave --direction out"),
        ({"data_b": "elsewhere"}, "leave --data-b out"),
        ({"stack": ("elsewhere",)}, "leave --stack out"),
        ({"recipe": "edge"}, "edges"),
        ({"recipe": "Lab"}, "lab, for colorization"),
        ({"recipe": "edges:sigm=2"}, "sigma"),
        ({"source_channels": 1}, "--source-channels has no meaning"),
        ({"source_range": "0,9", "recipe": "lab"}, "--source-range has no meaning"),
        ({"target_classes": "12", "direction": "BtoA"}, "--target-classes has no meaning"),
        ({"target_classes": "facades", "recipe": "lab"}, "not 12 classes"),
        ({"target_channels": 1, "recipe": "lab"}, "takes RGB"),
        ({"recipe": "lab", "target_range": "0,100"}, "takes RGB"),
    ],
)
def test_what_cannot_be_meant_is_refused(photos: Path, tmp_path: Path, more: dict[str, Any], wanted: str) -> None:
    with pytest.raises(PixlateError, match=wanted):
        train(make(photos, tmp_path / "run", **{"recipe": "edges", **more}))
    assert not (tmp_path / "run").exists()


def test_label_maps_are_not_mixed_on_their_way_to_a_recipe(tmp_path: Path) -> None:
    for seed in range(3):
        coarse = np.random.default_rng(seed).integers(0, 4, (6, 6, 1), np.uint8)
        durable.write(tmp_path / "maps" / f"{seed}.png", images.encode_png(images.resize(coarse, 24, 24, "nearest")))
    (tmp_path / "own.py").write_text("def f(picture):\n    return picture * 60\n")
    planned = plan(make(tmp_path / "maps", tmp_path / "run", f"{tmp_path / 'own.py'}:f", target_classes="4"))
    for batch in taken(planned, 0, 4):
        levels = np.rint((batch.source[0].numpy() + 1) * 127.5)
        assert set(np.unique(levels)) <= {0, 60, 120, 180}
        assert (batch.target[0].sum(0) == -2).all()  # one of four planes is 1
        assert np.array_equal(batch.target[0].argmax(0).numpy() * 60, levels[0])


def test_lists_and_parts(photos: Path, tmp_path: Path) -> None:
    rows = "\n".join(f"{photos / f'{seed}.png'},{'val' if seed == 5 else 'train'}" for seed in range(6))
    (tmp_path / "some.csv").write_text(f"picture,split\n{rows}\n")
    lines = [json.dumps({"Picture": f"{seed}.png"}) for seed in range(6)]
    (photos.parent / "some.jsonl").write_text("\n".join(lines).replace("0.png", "photos/0.png"))
    listed = plan(make(tmp_path / "some.csv", tmp_path / "run", "gray")).survey
    assert (len(listed.train), len(listed.val)) == (5, 1)
    assert listed.val.targets[0].path == photos / "5.png"
    with pytest.raises(DataError, match=r"5 missing"):
        plan(make(photos.parent / "some.jsonl", tmp_path / "run", "gray"))
    (tmp_path / "pairs.csv").write_text("A,B\na.png,b.png\n")
    with pytest.raises(DataError, match=r"row 1: needs picture \(and may have split\); it has A, B"):
        plan(make(tmp_path / "pairs.csv", tmp_path / "run", "gray"))
    for part, count in (("train", 3), ("val", 2), ("test", 1)):
        lay(tmp_path / "parted" / part, count)
    parted = plan(make(tmp_path / "parted", tmp_path / "run", "gray")).survey
    assert [len(part) for part in (parted.train, parted.val, parted.test)] == [3, 2, 1]


def test_one_name_with_two_endings_is_two_pictures(tmp_path: Path) -> None:
    lay(tmp_path / "photos", 2)
    (tmp_path / "photos" / "0.jpg").write_bytes(images.encode_jpeg(smooth(7), 90))
    found = plan(make(tmp_path / "photos", tmp_path / "run", "gray", val_fraction=0)).survey
    assert sorted(found.train.names) == ["0.jpg", "0.png", "1.png"]


def test_the_settings_of_a_run_repeat_it(photos: Path, own: Path, tmp_path: Path) -> None:
    run = train(make(photos, tmp_path / "run", f"{own}:night"))
    words = ["train", "--config", str(run / "config.yaml"), "--run"]
    assert command(*words, str(tmp_path / "again")) == 0
    assert tensors_alike(run / "model.safetensors", tmp_path / "again" / "model.safetensors")
    # Another recipe takes with it the SHA-256 of this one.
    assert command(*words, str(tmp_path / "other"), "--recipe", "gray", "--steps", "1") == 0


def command(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        cli.main(list(words))
    return int(left.value.code or 0)
