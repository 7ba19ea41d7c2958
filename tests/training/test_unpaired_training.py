"""Training from two sets of pictures, as a user meets it: the command, the folder, going on, translating."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixlate import Translator, cli, durable, images, modelfile, train
from pixlate.errors import ConfigError, RunError
from pixlate.specs.data import DataConfig
from pixlate.specs.learning import LearningConfig
from pixlate.specs.methods.cut import CUTConfig
from pixlate.specs.methods.cyclegan import CycleGANConfig
from pixlate.specs.methods.settings import MethodConfig
from pixlate.specs.networks import NetworksConfig
from pixlate.specs.training import LoopConfig, TrainConfig
from pixlate.tensorfile import read_tensors
from pixlate.training.planning import plan


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Seven pictures of 32×40 px and four of 36×36 px."""
    root = tmp_path_factory.mktemp("sides")
    generator = np.random.default_rng(1)
    for side, count, shape in (("horses", 7, (32, 40, 3)), ("zebras", 4, (36, 36, 3))):
        for index in range(count):
            colours = generator.integers(0, 128, (2, 3))
            picture = (colours[0] + np.linspace(0, 1, shape[1])[None, :, None] * colours[1] + np.zeros(shape)).astype(
                np.uint8
            )
            durable.write(root / side / f"{index}.png", images.encode_png(picture))
    return root / "horses", root / "zebras"


def make(sides: tuple[Path, Path], run: Path, method: MethodConfig | None = None, **loop: Any) -> TrainConfig:
    settings: dict[str, Any] = {"steps": 4, "validate_every": 2, "log_every": 1, "workers": 0, "samples": 2}
    settings |= {"tensorboard": False, "run": str(run), **loop}
    return TrainConfig(
        DataConfig(str(sides[0]), str(sides[1])),
        method or CycleGANConfig(history=2),
        LoopConfig(**settings),
        NetworksConfig(width=4, blocks=1),
    )


def lines(run: Path, kind: str) -> list[dict[str, Any]]:
    entries = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    for entry in entries:
        entry.pop("waiting", None)  # what a clock said
    return [entry for entry in entries if entry["kind"] == kind]


def command(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        cli.main([str(word) for word in words])
    told = capsys.readouterr()
    return int(left.value.code or 0), told.out, told.err


def test_two_folders_become_two_translators(sides, tmp_path, capsys) -> None:
    run = tmp_path / "run"
    flags = ["--method", "cyclegan", "--width", 4, "--blocks", 1, "--steps", 3, "--workers", 0, "--no-tensorboard"]
    code, told, _ = command(capsys, "train", *sides, *flags, "--run", run)
    assert code == 0
    assert "6 + 3 training, 1 + 1 validation and 0 + 0 test pictures (sources + targets)" in told
    assert "cyclegan: cycle+GAN, ResNet of 1 blocks, width 4, norm affine-instance, preset paper" in told
    assert re.search(r"step 3: held-out A → B → A [\d.]+  B → A → B [\d.]+", told)
    for direction, counts in (("AtoB", (6, 3)), ("BtoA", (3, 6))):
        model = run / f"model_{direction}.safetensors"
        assert str(model) in told
        card = modelfile.read_card(model)
        assert (card.direction, card.method, card.pairs, card.unpaired) == (direction, "cyclegan", 0, counts)
    assert not (run / "best_AtoB.safetensors").exists()
    out = tmp_path / "out"
    assert command(capsys, "translate", run / "model_BtoA.safetensors", sides[1], "-o", out)[0] == 0
    assert images.read(out / "0.png").shape == (36, 36, 3)


def test_the_same_command_goes_on_to_the_same_end(sides, tmp_path, capsys) -> None:
    constant = LearningConfig(decay=0.0)
    whole = train(replace(make(sides, tmp_path / "whole", steps=8, ema=0.9), learning=constant))
    train(replace(make(sides, tmp_path / "cut", steps=5, ema=0.9), learning=constant))
    capsys.readouterr()
    cut = train(replace(make(sides, tmp_path / "cut", steps=8, ema=0.9), learning=constant))
    assert "resumed at step 5" in capsys.readouterr().out
    for name in ("model_AtoB", "model_BtoA"):
        wanted = read_tensors(whole / f"{name}.safetensors")
        for key, value in read_tensors(cut / f"{name}.safetensors").items():
            assert value.numpy().tobytes() == wanted[key].numpy().tobytes(), key


def test_samples_show_there_and_back_again_from_both_sides(sides, tmp_path) -> None:
    run = train(make(sides, tmp_path / "run"))
    grid = images.read(run / "samples" / "step_00000004.png")
    size = (32, 40)
    assert grid.shape[0] == 6 * (size[0] + 4) + 4
    page = (run / "index.html").read_text()
    for row in ("<b>A</b>", "<b>→ B</b>", "<b>→ A</b>", "<b>B</b>"):
        assert row in page
    assert "G_GAN" in page
    assert "A → B → A" in page
    assert {"cycle_A", "cycle_B"} <= lines(run, "val")[-1].keys()


def test_cut_learns_one_direction_and_shows_what_it_is_to_look_like(sides, tmp_path) -> None:
    config = make(sides, tmp_path / "run", CUTConfig(patches=8))
    run = train(replace(config, data=replace(config.data, direction="BtoA")))
    card = modelfile.read_card(run / "model.safetensors")
    assert (card.direction, card.method, card.objective, card.unpaired) == ("BtoA", "cut", "CUT", (3, 6))
    assert lines(run, "val") == []
    page = (run / "index.html").read_text()
    assert "<b>A</b><i>others</i>" in page
    assert "nothing to score" in page


def test_pictures_of_any_size_are_translated(sides, tmp_path) -> None:
    translator = Translator(train(make(sides, tmp_path / "run")) / "model_AtoB.safetensors")
    for height, width in ((1, 1), (3, 50), (37, 53), (64, 64), (129, 31)):
        picture = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
        output = translator(picture)
        assert output.shape == (height, width, 3)
        assert np.array_equal(output, translator(picture))


def test_cycles_come_back_closer_as_they_are_learned(sides, tmp_path) -> None:
    config = make(
        sides, tmp_path / "run", CycleGANConfig(objective="cycle"), steps=240, validate_every=240, log_every=20
    )
    first, *_, last = lines(train(replace(config, learning=LearningConfig(lr=2e-3))), "train")
    assert last["cycle_X"] < 0.9 * first["cycle_X"]
    assert last["cycle_Y"] < 0.9 * first["cycle_Y"]


def test_a_runs_settings_repeat_it_whatever_its_method(sides, tmp_path, capsys) -> None:
    first = train(make(sides, tmp_path / "one"))
    code, told, err = command(capsys, "train", "--config", first / "config.yaml", "--run", tmp_path / "two")
    assert (code, err) == (0, "")
    assert "cyclegan: cycle+GAN" in told
    one, two = (read_tensors(tmp_path / name / "model_AtoB.safetensors") for name in ("one", "two"))
    assert all(value.numpy().tobytes() == two[key].numpy().tobytes() for key, value in one.items())
    code, _, err = command(capsys, "train", "--config", first / "config.yaml", "--method", "pix2pix")
    assert code == 2
    assert "has settings of cyclegan, and --method says pix2pix" in err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--lambda-l1", 3], "--lambda-l1 is a flag of --method pix2pix, and the method is cyclegan"),
        (["--direction", "BtoA"], "cyclegan learns both directions"),
        (["--depth", 4], "a resnet has --blocks"),
        (["--blocks", 0], "--blocks is 0"),
        (["--generator", "unet", "--blocks", 2], "--blocks is for resnets"),
        (["--lambda-cycle", -1], "--lambda-cycle is -1.0"),
        (["--history", -1], "--history is -1"),
        (["--objective", "feature+GAN"], "go together"),
        (["--objective", "cicle"], "cicle"),
        (["--max-pictures", 0], "--max-pictures is 0"),
        (["--lr-step", 0, "--lr-policy", "step"], "--lr-step is 0"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_made(sides, tmp_path, capsys, words, complaint) -> None:
    code, _, err = command(capsys, "train", *sides, "--method", "cyclegan", "--run", tmp_path / "run", *words)
    assert code == 2
    assert complaint in err
    assert not (tmp_path / "run").exists()


def test_an_unknown_method_is_named(sides, tmp_path, capsys) -> None:
    code, _, err = command(capsys, "train", *sides, "--method", "cyclegann")
    assert code == 2
    assert "There is no method 'cyclegann'; choose from pix2pix, cyclegan, cut. Did you mean 'cyclegan'?" in err


def test_pictures_that_are_no_pairs_are_pointed_to_the_other_method(tmp_path, capsys) -> None:
    for side, names in (("trainA", "ab"), ("trainB", "cd")):
        for name in names:
            durable.write(tmp_path / side / f"{name}.png", images.encode_png(np.zeros((32, 32, 3), np.uint8)))
    code, _, err = command(capsys, "train", tmp_path)
    assert code == 2
    assert "no pairs found" in err
    assert "--method cyclegan" in err


def test_another_method_is_another_run(sides, tmp_path) -> None:
    train(make(sides, tmp_path / "run"))
    with pytest.raises(RunError, match="method is cyclegan there, cut now"):
        train(make(sides, tmp_path / "run", CUTConfig()))


@pytest.mark.parametrize(("size", "blocks"), [(96, 6), (256, 9)])
def test_the_paper_s_number_of_blocks_follows_from_the_size(tmp_path, size, blocks) -> None:
    for side in "AB":
        for index in range(2):
            picture = np.zeros((size, size, 3), np.uint8)
            durable.write(tmp_path / "data" / side / f"{index}.png", images.encode_png(picture))
    config = TrainConfig(DataConfig(str(tmp_path / "data")), CycleGANConfig(), LoopConfig(run=str(tmp_path / "run")))
    planned = plan(config)
    assert planned.config.networks.blocks == blocks
    assert (planned.config.loop.epochs, planned.config.learning.decay) == (200, 0.5)
    assert list(planned.networks) == ["G", "F", "D_X", "D_Y"]


def test_identity_with_unlike_channels_is_refused_before_torch(sides, tmp_path) -> None:
    config = make(sides, tmp_path / "run", CycleGANConfig(preset="incumbent"))
    grey = replace(config, data=replace(config.data, source_channels=1))
    with pytest.raises(ConfigError, match="--lambda-identity 0 turns it off"):
        plan(grey)
    method = CycleGANConfig(preset="incumbent", lambda_identity=0.0, history=1)
    run = train(replace(grey, method=method))
    card = modelfile.read_card(run / "model_BtoA.safetensors")
    assert (card.generator.in_channels, card.generator.out_channels) == (3, 1)
