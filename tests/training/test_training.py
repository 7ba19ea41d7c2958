"""A run as a user meets it: what it leaves behind, resuming, validation, many processes."""

import json
import math
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pixlate import images, modelfile, train
from pixlate.errors import ConfigError, RunError
from pixlate.specs.data import DataConfig
from pixlate.specs.methods.pix2pix import Pix2PixConfig
from pixlate.specs.networks import NetworksConfig
from pixlate.specs.training import LoopConfig, TrainConfig
from pixlate.tensorfile import read_tensors
from pixlate.training import runfolder
from pixlate.training.journal import Journal
from pixlate.training.validation.paired import PairedValidation


def make(drawn: Path, run: Path, **loop: Any) -> TrainConfig:
    settings: dict[str, Any] = {"steps": 6, "validate_every": 3, "log_every": 2, "workers": 0, "samples": 2}
    return TrainConfig(
        DataConfig(str(drawn), direction="BtoA"),
        Pix2PixConfig(),
        LoopConfig(run=str(run), **{**settings, **loop}),
        NetworksConfig(width=4),
    )


def lines(run: Path, kind: str) -> list[dict[str, Any]]:
    entries = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    for entry in entries:
        entry.pop("waiting", None)  # what a clock said
    return [entry for entry in entries if entry["kind"] == kind]


def state_of(run: Path, step: int) -> Path:
    return run / "checkpoints" / f"step_{step:08d}" / "state.safetensors"


def same_tensors(one: Path, other: Path) -> bool:
    first, second = read_tensors(one), read_tensors(other)
    return first.keys() == second.keys() and all(torch.equal(value, second[name]) for name, value in first.items())


@pytest.fixture(scope="module")
def run(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(make(drawn, tmp_path_factory.mktemp("trained") / "run"))


def test_a_run_leaves_what_was_promised(run: Path) -> None:
    names = {path.name for path in run.iterdir()}
    promised = {"model.safetensors", "best.safetensors", "config.yaml", "metrics.jsonl", "index.html", "samples"}
    assert promised <= names
    assert not [name for name in names if name.endswith(".part")]
    assert [entry["step"] for entry in lines(run, "train")] == [2, 3, 4, 6]
    assert [entry["step"] for entry in lines(run, "val")] == [3, 6]
    assert [entry["name"] for entry in lines(run, "guess")] == ["mean target", "nearest source's target"]
    assert sorted(path.name for path in (run / "samples").iterdir()) == [
        "step_00000000.png",
        "step_00000003.png",
        "step_00000006.png",
    ]


def test_the_grid_shows_sources_outputs_and_targets(run: Path, drawn: Path) -> None:
    grid = images.read(run / "samples" / "step_00000006.png")
    assert grid.shape == (3 * 36 + 4, 2 * 36 + 4, 3)
    first = drawn / "val" / "0000.png"
    assert np.array_equal(grid[4:36, 4:36], images.read(first, "right"))
    assert np.array_equal(grid[76:108, 4:36], images.read(first, "left"))


def test_the_card_tells_where_the_model_comes_from(run: Path) -> None:
    card = modelfile.read_card(run / "model.safetensors")
    assert (card.method, card.direction, card.preset, card.objective) == ("pix2pix", "BtoA", "paper", "L1+cGAN")
    assert (card.trained_on, card.pairs, card.size, card.step) == ("facades", 8, (32, 32), 6)
    assert card.chosen_by == "last step"
    assert card.metrics == {name: lines(run, "val")[-1][name] for name in ("l1", "psnr", "ssim")}


def test_the_best_model_is_that_of_the_best_score(run: Path) -> None:
    card = modelfile.read_card(run / "best.safetensors")
    best = max(lines(run, "val"), key=lambda entry: entry["ssim"])
    assert (card.step, card.chosen_by) == (best["step"], "best validation ssim")


@pytest.mark.parametrize(("metric", "best"), [("ssim", 2), ("psnr", 3), ("l1", 1)])
def test_a_better_earlier_model_is_kept(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metric: str, best: int
) -> None:
    scores = {name: iter(each) for name, each in SCORES.items()}
    monkeypatch.setattr(PairedValidation, "score", lambda *_: {name: next(each) for name, each in scores.items()})
    run = train(make(drawn, tmp_path / "run", steps=4, validate_every=1, best_by=metric))
    assert modelfile.read_card(run / "best.safetensors").step == best
    assert modelfile.read_card(run / "model.safetensors").step == 4


SCORES = {"ssim": [0.1, 0.3, 0.2, 0.25], "psnr": [10, 11, 14, 12], "l1": [10, 30, 20, 25]}
"""At steps 1 to 4; at step 0 nothing is scored."""


def test_a_run_that_never_came_to_a_checkpoint_begins_anew(drawn: Path, tmp_path: Path) -> None:
    run = train(make(drawn, tmp_path / "run"))
    for path in run.glob("*.safetensors"):
        path.unlink()
    shutil.rmtree(run / "checkpoints")
    again = train(make(drawn, run, seed=1))
    assert [entry["step"] for entry in lines(again, "val")] == [3, 6]
    assert modelfile.read_card(again / "model.safetensors").step == 6


def test_a_model_without_its_checkpoint_is_not_trained_over(drawn: Path, tmp_path: Path) -> None:
    run = train(make(drawn, tmp_path / "run"))
    before = (run / "model.safetensors").read_bytes()
    shutil.rmtree(run / "checkpoints")
    with pytest.raises(RunError, match="no checkpoint to go on from"):
        train(make(drawn, run))
    assert (run / "model.safetensors").read_bytes() == before


def test_l1_is_best_when_least(drawn: Path, tmp_path: Path) -> None:
    run = train(make(drawn, tmp_path / "run", best_by="l1"))
    assert modelfile.read_card(run / "best.safetensors").metrics["l1"] == min(
        entry["l1"] for entry in lines(run, "val")
    )


def test_the_guesses_are_those_worked_out_by_hand(run: Path, drawn: Path) -> None:
    photos = [images.read(path, "left").astype(float) for path in sorted((drawn / "train").iterdir())]
    mean = np.rint(np.mean(photos, axis=0))
    errors = [np.abs(mean - images.read(path, "left")).mean() for path in sorted((drawn / "val").iterdir())]
    assert lines(run, "guess")[0]["l1"] == pytest.approx(np.mean(errors), abs=1e-6)


def test_a_run_cut_short_and_resumed_ends_as_if_it_had_not_been(run: Path, drawn: Path, tmp_path: Path) -> None:
    halved = tmp_path / "halved"
    train(make(drawn, halved, steps=3))
    train(make(drawn, halved))
    assert same_tensors(halved / "model.safetensors", run / "model.safetensors")
    assert same_tensors(state_of(halved, 6), state_of(run, 6))
    assert lines(halved, "train") == lines(run, "train")
    assert lines(halved, "val") == lines(run, "val")


def test_samples_workers_and_logging_do_not_move_the_training(run: Path, drawn: Path, tmp_path: Path) -> None:
    watched = train(
        make(drawn, tmp_path / "run", workers=2, samples=0, validate_on=1, validate_every=2, tensorboard=False)
    )
    assert same_tensors(watched / "model.safetensors", run / "model.safetensors")


def test_a_run_may_go_on_with_recomputation_and_stays_the_same(run: Path, drawn: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    train(make(drawn, folder, steps=3))
    train(make(drawn, folder, recompute=True))
    assert same_tensors(state_of(folder, 6), state_of(run, 6))


def test_a_finished_run_started_again_changes_nothing(
    run: Path, drawn: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (run / "model.safetensors").read_bytes()
    train(make(drawn, run))
    assert "resumed at step 6, which is the last" in capsys.readouterr().out
    assert (run / "model.safetensors").read_bytes() == before


def test_metrics_from_beyond_the_checkpoint_are_dropped(drawn: Path, tmp_path: Path) -> None:
    run = train(make(drawn, tmp_path / "run", steps=3))
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "train", "step": 4, "G_L1": 9}\n{"kind": "tra')  # as a crash after step 4 leaves it
    train(make(drawn, run))
    assert [entry["step"] for entry in lines(run, "train")] == [2, 3, 4, 6]
    assert 9 not in [entry["G_L1"] for entry in lines(run, "train")]


def test_without_validation_pairs_samples_are_shown_and_nothing_is_scored(drawn: Path, tmp_path: Path) -> None:
    config = make(drawn / "train", tmp_path / "run")
    run = train(replace(config, data=replace(config.data, val_fraction=0.0)))
    assert lines(run, "val") == []
    assert (run / "samples" / "step_00000006.png").exists()
    assert not (run / "best.safetensors").exists()
    assert (run / "model.safetensors").exists()


def test_the_config_of_a_run_repeats_it(run: Path, tmp_path: Path) -> None:
    stored = runfolder.read(run / "config.yaml")
    again = train(replace(stored, loop=replace(stored.loop, run=str(tmp_path / "again"))))
    assert same_tensors(again / "model.safetensors", run / "model.safetensors")


def test_events_can_be_read_by_tensorboard(run: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    assert {"train/G_L1", "val/ssim"} <= set(events.Tags()["scalars"])
    assert [event.step for event in events.Scalars("val/ssim")] == [3, 6]


def test_a_device_that_is_not_there_leaves_nothing_behind(drawn: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="precision 16 needs CUDA"):
        train(make(drawn, tmp_path / "run", precision="16", device="cpu"))
    assert not (tmp_path / "run").exists()


def test_numbers_that_are_not_finite_are_null(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "metrics.jsonl", tensorboard=False, lines=0, step=0)
    journal.add("train", 1, G_L1=math.nan, G_GAN=math.inf, D_real=0.5)
    line = (tmp_path / "metrics.jsonl").read_text()
    assert json.loads(line) == {"kind": "train", "step": 1, "G_L1": None, "G_GAN": None, "D_real": 0.5}
    again = Journal(tmp_path / "metrics.jsonl", tensorboard=False, lines=1, step=1)
    assert math.isnan(again.entries[0]["G_L1"])
    assert (tmp_path / "metrics.jsonl").read_text() == line


def test_scores_do_not_depend_on_how_many_samples_are_shown(drawn: Path, tmp_path: Path) -> None:
    scored = [
        lines(train(make(drawn, tmp_path / str(samples), samples=samples, validate_on=2)), "val")
        for samples in (0, 1, 3)
    ]
    assert scored[0] == scored[1] == scored[2]


def test_two_processes_train_one_run(drawn: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    flags = ["--direction", "BtoA", "--width", "4", "--steps", "3", "--workers", "0", "--no-tensorboard"]
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        # Without "--" torchrun takes --run for an abbreviation of a flag of its own.
        [*launch, "-m", "--", "pixlate", "train", str(drawn), *flags, "--run", str(run)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert modelfile.read_card(run / "model.safetensors").step == 3
    assert lines(run, "train")[-1]["epoch"] == 0.75  # 3 steps of 2 processes over 8 pairs
    assert done.stdout.count("held-out pictures") == 1
    assert not [name for name in read_tensors(state_of(run, 3)) if "module." in name]


def test_two_processes_end_with_the_same_weights(drawn: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        """
import os
import torch
from pixlate.data.loading import Batch
from pixlate.devices import Device
from pixlate.methods.pix2pix import Pix2Pix
from pixlate.networks.noise import Noise
from pixlate.specs.learning import LearningConfig
from pixlate.specs.methods.pix2pix import Pix2PixConfig
from pixlate.specs.methods.settings import MethodSpec
from pixlate.specs.networks import DiscriminatorSpec, GeneratorSpec

with Device("cpu") as device:
    networks = {"G": GeneratorSpec(depth=3, width=4, dropout=(1,)), "D": DiscriminatorSpec(6, 7, 4)}
    method = Pix2Pix(MethodSpec(Pix2PixConfig(), networks, LearningConfig(), (16, 16)), 0)
    for step in range(3):
        generator = torch.Generator().manual_seed(10 * step + device.processes.rank)
        x, y = (torch.rand(1, 3, 16, 16, generator=generator) for _ in range(2))
        method.step([Batch(x, y, ("",))], lambda index: Noise(step), device)
    for name, weight in method.named_parameters():
        both = [torch.empty_like(weight) for _ in range(2)]
        torch.distributed.all_gather(both, weight.detach())
        assert torch.equal(*both), name
    mean = method.G.encoder[1].norm.running_mean
    both = [torch.empty_like(mean) for _ in range(2)]
    torch.distributed.all_gather(both, mean)
    assert not torch.equal(*both)  # each process keeps its own statistics
os._exit(0)  # torn down in order, torch's threads now and then abort
"""
    )
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(program)]
    done = subprocess.run(launch, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("damage", [lambda model: model.unlink(), lambda model: model.write_bytes(b"cut")])
def test_a_finished_run_started_again_makes_up_for_its_model(drawn: Path, tmp_path: Path, damage: Any) -> None:
    run = train(make(drawn, tmp_path / "run"))
    before = {name: value.clone() for name, value in read_tensors(run / "model.safetensors").items()}
    damage(run / "model.safetensors")
    train(make(drawn, run))
    assert all(torch.equal(value, before[name]) for name, value in read_tensors(run / "model.safetensors").items())


def test_a_run_resumed_with_fewer_steps_than_it_has_ships_the_model_it_has(drawn: Path, tmp_path: Path) -> None:
    run = train(make(drawn, tmp_path / "run", steps=5))
    train(make(drawn, run, steps=4))
    assert modelfile.read_card(run / "model.safetensors").step == 5
    (run / "model.safetensors").unlink()
    train(make(drawn, run, steps=4))
    assert modelfile.read_card(run / "model.safetensors").step == 5


@pytest.mark.skipif(os.name != "posix", reason="devices of Unix")
@pytest.mark.parametrize("listener", ["| head -1 >&2", "> /dev/full"])
def test_who_does_not_listen_does_not_end_the_run(drawn: Path, tmp_path: Path, listener: str) -> None:
    run = tmp_path / "run"
    command = f"{sys.executable} -m pixlate train {drawn} --direction BtoA --width 4 --steps 3 --workers 0 --run {run}"
    subprocess.run(["sh", "-c", f"{command} --no-tensorboard {listener}"], check=False, capture_output=True)
    assert modelfile.read_card(run / "model.safetensors").step == 3


@pytest.mark.skipif(os.name != "posix", reason="bytes in names")
def test_a_data_folder_whose_name_is_no_unicode(drawn: Path, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"r\xfcckseite")
    shutil.copytree(drawn, odd)
    run = train(make(odd, tmp_path / "run"))
    assert modelfile.read_card(run / "model.safetensors").step == 6
    train(make(odd, tmp_path / "run"))


def test_a_run_folder_that_cannot_exist_is_told(drawn: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be used"):
        train(make(drawn, tmp_path / ("r" * 300)))
