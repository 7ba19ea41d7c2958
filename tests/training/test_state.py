"""Accumulation, averages, clipping, other numbers of processes, pictures that go bad: what they do to a run."""

import copy
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pixlate import draws, images, modelfile, train
from pixlate.data.loading import Batch
from pixlate.devices import Device
from pixlate.errors import ConfigError, DataError, PictureError, RunError
from pixlate.methods.adam import Adam
from pixlate.methods.pix2pix import Pix2Pix
from pixlate.networks.noise import Noise
from pixlate.networks.normalization import merged_statistics
from pixlate.specs.data import DataConfig
from pixlate.specs.learning import LearningConfig
from pixlate.specs.methods.pix2pix import Pix2PixConfig
from pixlate.specs.methods.settings import MethodSpec
from pixlate.specs.networks import DiscriminatorSpec, GeneratorSpec, NetworksConfig, NetworkSpec
from pixlate.specs.pictures import Kind
from pixlate.specs.training import LoopConfig, TrainConfig
from pixlate.tensorfile import read_tensors
from pixlate.training.averages import Averages


def make(drawn: Path, run: Path, **loop: Any) -> TrainConfig:
    settings: dict[str, Any] = {"steps": 4, "validate_every": 100, "workers": 0, "samples": 1, "tensorboard": False}
    settings |= {"run": str(run), "log_every": 1, **loop}
    data = DataConfig(str(drawn), direction="BtoA")
    return TrainConfig(data, Pix2PixConfig(), LoopConfig(**settings), NetworksConfig(width=4))


def lines(run: Path, kind: str) -> list[dict[str, Any]]:
    entries = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    for entry in entries:
        entry.pop("waiting", None)  # what a clock said
    return [entry for entry in entries if entry["kind"] == kind]


def checkpoint(run: Path, step: int) -> dict[str, torch.Tensor]:
    return read_tensors(run / "checkpoints" / f"step_{step:08d}" / "state.safetensors")


def pix2pix(objective: str = "L1+cGAN", lr: float = 2e-4, *, judge_once: bool = True) -> Pix2Pix:
    config = Pix2PixConfig(objective=objective, judge_once=judge_once)  # type: ignore[arg-type]
    networks: dict[str, NetworkSpec] = {"G": GeneratorSpec(depth=3, width=4, dropout=(1,))}
    if config.adversary:
        networks["D"] = DiscriminatorSpec(6 if config.adversary == "cGAN" else 3, 16, 4)
    return Pix2Pix(MethodSpec(config, networks, LearningConfig(lr=lr), (16, 16)), seed=0)


def batches(count: int) -> list[Batch]:
    generator = torch.Generator().manual_seed(1)
    return [Batch(*(torch.rand(1, 3, 16, 16, generator=generator) for _ in range(2)), (str(i),)) for i in range(count)]


def noise(step: int) -> Callable[[int], Noise]:
    return lambda index: Noise(draws.seed(0, "z", step, index))


# Accumulation


@pytest.mark.parametrize("judge_once", [False, True])
@pytest.mark.parametrize("objective", ["L1", "GAN", "L1+cGAN"])
def test_accumulated_gradients_are_the_mean_of_the_batches_own(objective: str, judge_once: bool) -> None:
    """Two batches, and D and G stepped by hand from the mean of their losses, in 64 bits."""
    ours, theirs = (pix2pix(objective, judge_once=judge_once).double() for _ in range(2))
    pairs = [Batch(batch.source.double(), batch.target.double(), batch.names) for batch in batches(2)]
    told = ours.step(pairs, noise(0), Device("cpu"))

    def seen(batch: Batch, picture: torch.Tensor) -> torch.Tensor:
        return torch.cat([batch.source, picture], 1) if objective.endswith("cGAN") else picture

    softplus = torch.nn.functional.softplus
    fakes = [theirs.G(batch.source, noise(0)(index)) for index, batch in enumerate(pairs)]
    loss = torch.zeros((), dtype=torch.float64)
    if theirs.D is not None:
        terms = [
            (softplus(-theirs.D(seen(b, b.target))).mean() + softplus(theirs.D(seen(b, f.detach()))).mean()) / 2
            for b, f in zip(pairs, fakes, strict=True)
        ]
        before = copy.deepcopy(theirs.D)
        (sum(terms) / 2).backward()  # type: ignore[union-attr]
        theirs.optimizers["D"].step()
        judge = before if judge_once else theirs.D
        judged = [softplus(-judge(seen(b, f))).mean() for b, f in zip(pairs, fakes, strict=True)]
        assert told["G_GAN"] == pytest.approx(float(sum(judged).detach()) / 2)
        loss = loss + sum(judged) / 2
    if objective.startswith("L1"):
        distances = [(f - b.target).abs().mean() for b, f in zip(pairs, fakes, strict=True)]
        loss = loss + (100 if theirs.D is not None else 1) * sum(distances) / 2
    theirs.optimizers["G"].zero_grad()
    loss.backward()
    theirs.optimizers["G"].step()
    for name, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value, rtol=1e-5, atol=2e-6, msg=name)


def test_a_fake_made_again_is_taken_into_the_running_statistics_once() -> None:
    method = pix2pix(judge_once=False)
    method.step(batches(3), noise(0), Device("cpu"))
    assert method.G.encoder[1].norm.num_batches_tracked == 3


def test_a_step_of_accumulated_batches_takes_the_pairs_of_as_many(drawn: Path, tmp_path: Path) -> None:
    run = train(make(drawn, tmp_path / "run", accumulate=2, batch_size=2, steps=None, epochs=3))
    assert modelfile.read_card(run / "model.safetensors").step == 6
    assert [line["epoch"] for line in lines(run, "train")] == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]


# Clipping


def test_gradients_are_clipped_network_by_network(monkeypatch: pytest.MonkeyPatch) -> None:
    norms = []
    step = Adam.step

    def watching(adam: Adam, *rest: Any) -> Any:
        gradients = [weight.grad for group in adam.param_groups for weight in group["params"]]
        norms.append(float(torch.nn.utils.get_total_norm(gradients)))
        return step(adam, *rest)

    monkeypatch.setattr(Adam, "step", watching)
    pix2pix().step(batches(1), noise(0), Device("cpu", clip=0.01))
    assert norms == pytest.approx([0.01, 0.01], rel=1e-3)
    norms.clear()
    pix2pix().step(batches(1), noise(0), Device("cpu"))
    assert min(norms) > 0.01


def test_a_bound_that_is_never_met_changes_no_bit() -> None:
    one, other = pix2pix(), pix2pix()
    one.step(batches(1), noise(0), Device("cpu"))
    other.step(batches(1), noise(0), Device("cpu", clip=1e9))
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in one.state_dict().items())


# Averages


def test_an_average_follows_its_network() -> None:
    method = pix2pix()
    averages = Averages(method.shipped, 0.5)
    expected = {name: weight.clone() for name, weight in method.G.named_parameters()}
    for step in range(1, 4):
        method.step(batches(1), noise(step), Device("cpu"))
        averages.update(step)
        decay = min(0.5, (1 + step) / (10 + step))
        for name, weight in method.G.named_parameters():
            expected[name] = decay * expected[name] + (1 - decay) * weight.detach()
    for name, weight in expected.items():
        torch.testing.assert_close(averages.weights()[f".{name}"], weight, rtol=1e-5, atol=1e-7)


def test_putting_an_average_in_place_leaves_the_network_as_it_was_to_the_bit() -> None:
    method = pix2pix()
    averages = Averages(method.shipped, 0.9)
    method.step(batches(1), noise(0), Device("cpu"))
    averages.update(1)
    before = {name: value.clone() for name, value in method.state_dict().items()}
    with averages.in_place():
        assert not torch.equal(method.G.encoder[1].conv.weight, before["G.encoder.1.conv.weight"])
        method.G.encoder[1].norm.running_mean.fill_(7)
    assert all(torch.equal(value, before[name]) for name, value in method.state_dict().items())


def test_the_average_is_what_is_shipped_and_training_does_not_notice(drawn: Path, tmp_path: Path) -> None:
    plain, averaged = train(make(drawn, tmp_path / "plain")), train(make(drawn, tmp_path / "averaged", ema=0.9))
    weights, unaveraged = checkpoint(averaged, 4), checkpoint(plain, 4)
    shipped = read_tensors(averaged / "model.safetensors")
    assert all(torch.equal(value, weights[f"weights.{name}"]) for name, value in named(unaveraged, "weights."))
    assert all(torch.equal(shipped[name], value) for name, value in named(weights, "average.."))
    assert not torch.equal(shipped["encoder.1.conv.weight"], weights["weights.G.encoder.1.conv.weight"])


def named(tensors: dict[str, torch.Tensor], prefix: str) -> list[tuple[str, torch.Tensor]]:
    found = [(name.removeprefix(prefix), value) for name, value in tensors.items() if name.startswith(prefix)]
    assert found
    return found


def test_the_running_statistics_of_an_average_are_its_own(drawn: Path, tmp_path: Path) -> None:
    """The mean over the training pictures, as they come without jitter, of what its own weights make of them."""
    from pixlate.networks.normalization import use_statistics

    run = train(make(drawn, tmp_path / "run", ema=0.9))
    generator, _ = modelfile.read(run / "model.safetensors")
    sources = [images.read(path, "right") for path in sorted((drawn / "train").iterdir())]
    inputs = torch.cat([torch.from_numpy(images.to_float(source, Kind()))[None] for source in sources])
    use_statistics(generator, own=False)
    seen: list[torch.Tensor] = []
    generator.encoder[1].norm.register_forward_pre_hook(lambda _norm, given: seen.append(given[0]))
    generator(inputs, None)
    torch.testing.assert_close(generator.encoder[1].norm.running_mean, seen[0].mean((0, 2, 3)), rtol=1e-3, atol=1e-5)


# Processes


def test_merged_statistics_are_those_of_all_the_values() -> None:
    first, second = torch.randn(1000, 3), torch.randn(1000, 3) * 2 + 1
    parts = [
        {"n.running_mean": part.mean(0), "n.running_var": part.var(0, correction=0), "n.other": torch.tensor(index)}
        for index, part in enumerate((first, second))
    ]
    merged = merged_statistics(parts)
    both = torch.cat([first, second])
    torch.testing.assert_close(merged["n.running_mean"], both.mean(0))
    torch.testing.assert_close(merged["n.running_var"], both.var(0, correction=0))
    assert merged["n.other"] == 0


TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


def launch(drawn: Path, run: Path, *flags: str, processes: bool = True) -> str:
    command = [*TORCHRUN, "-m", "--", "pixlate"] if processes else [sys.executable, "-m", "pixlate"]
    fixed = ["--direction", "BtoA", "--width", "4", "--workers", "0", "--no-tensorboard", "--validate-every", "4"]
    done = subprocess.run(
        [*command, "train", str(drawn), "--run", str(run), "--log-every", "1", "--samples", "1", *fixed, *flags],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_two_processes_ship_the_statistics_and_log_the_losses_of_both(drawn: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    launch(drawn, run, "--steps", "4", "--checkpoint-every", "1", "--keep-every", "1")
    state, shipped = checkpoint(run, 4), read_tensors(run / "model.safetensors")
    name = "encoder.1.norm.running_mean"
    ours, theirs = (state[f"process.{rank}.buffers.G.{name}"] for rank in (0, 1))
    assert not torch.equal(ours, theirs)
    torch.testing.assert_close(shipped[name], (ours + theirs) / 2)
    # One process that takes both pairs of each step one after the other logs the same means, but for D and G between.
    alone = tmp_path / "alone"
    launch(drawn, alone, "--steps", "1", "--accumulate", "2", processes=False)
    first, second = (lines(each, "train")[0] for each in (run, alone))
    assert first["G_L1"] == pytest.approx(second["G_L1"], abs=2e-3)
    assert first["epoch"] == second["epoch"]


def test_a_run_goes_on_with_another_number_of_processes_and_says_what_that_costs(drawn: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    launch(drawn, run, "--epochs", "1")  # 4 steps of 2 pairs
    told = launch(drawn, run, "--epochs", "2", processes=False)
    assert "resumed at step 4" in told
    assert "processes: 2 then, 1 now" in told
    assert "may not go on bit for bit" in told
    assert modelfile.read_card(run / "model.safetensors").step == 12  # and 8 steps of 1
    assert [line["epoch"] for line in lines(run, "train")][-1] == 2.0


# The ground a run stands on


def test_changed_pictures_are_told_and_the_run_goes_on(
    drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "facades"
    shutil.copytree(drawn, copy)
    train(make(copy, tmp_path / "run"))
    shutil.copy(copy / "train" / "0000.png", copy / "train" / "extra.png")
    capsys.readouterr()
    train(make(copy, tmp_path / "run", steps=6))
    told = capsys.readouterr().out
    assert "training pictures: 8 (" in told
    assert "9 (" in told
    assert "steps: 4 then, 6 now" in told
    assert "resumed at step 4" in told


def test_the_same_ground_is_not_spoken_of(drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train(make(drawn, tmp_path / "run"))
    capsys.readouterr()
    train(make(drawn, tmp_path / "run"))
    assert "not as it was" not in capsys.readouterr().out


def test_a_damaged_checkpoint_is_named_and_the_one_before_it_resumed(
    drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = train(make(drawn, tmp_path / "whole", steps=6, checkpoint_every=2))
    run = train(make(drawn, tmp_path / "run", checkpoint_every=2))
    state = run / "checkpoints" / "step_00000004" / "state.safetensors"
    content = bytearray(state.read_bytes())
    content[len(content) // 2] ^= 16
    state.write_bytes(content)
    capsys.readouterr()
    train(make(drawn, run, steps=6, checkpoint_every=2))
    told = capsys.readouterr().out
    assert "step_00000004 is damaged and passed over: the content of state.safetensors does not match" in told
    assert "resumed at step 2" in told
    first, second = (read_tensors(each / "model.safetensors") for each in (whole, run))
    assert all(torch.equal(value, second[name]) for name, value in first.items())


def test_two_runs_cannot_share_a_folder(drawn: Path, tmp_path: Path) -> None:
    from pixlate import lock

    run = tmp_path / "run"
    with lock.hold(run / "lock", "Another"), pytest.raises(RunError, match=r"The run .*run is in use"):
        train(make(drawn, run))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"keep_last": 1}, "--keep-last is 1; 2 or more"),
        ({"accumulate": 0}, "--accumulate is 0; 1 or more"),
        ({"checkpoint_every": 0}, "--checkpoint-every is 0; 1 or more"),
        ({"keep_every": 0}, "--keep-every is 0; 1 or more"),
        ({"ema": 1.0}, "--ema is 1.0; a number between 0 and 1"),
        ({"clip_gradients": 0.0}, "--clip-gradients is 0.0; a positive number"),
        ({"on_nan": "pray"}, "choose from stop, skip, roll-back"),
    ],
)
def test_settings_that_cannot_be(drawn: Path, tmp_path: Path, settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        train(make(drawn, tmp_path / "run", **settings))


# Pictures that go bad


@pytest.fixture
def spoiled(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the set in which one training picture is cut short once the survey is done."""
    from pixlate.training import planning

    copy = tmp_path / "facades"
    shutil.copytree(drawn, copy)
    survey = planning.survey

    def then_spoil(*given: Any, **how: Any) -> Any:
        surveyed = survey(*given, **how)
        victim = copy / "train" / "0003.png"
        victim.write_bytes(victim.read_bytes()[:200])
        return surveyed

    monkeypatch.setattr(planning, "survey", then_spoil)
    return copy


def test_a_picture_that_goes_bad_ends_the_run_by_default(spoiled: Path, tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"0003\.png"):
        train(make(spoiled, tmp_path / "run", steps=20))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_picture_that_goes_bad_is_left_out_and_listed_where_that_is_asked_for(
    spoiled: Path, tmp_path: Path, workers: int
) -> None:
    config = make(spoiled, tmp_path / "run", steps=20, workers=workers)
    run = train(replace(config, data=replace(config.data, skip_bad=True)))
    (left_out,) = lines(run, "left_out")
    assert "0003.png" in left_out["picture"]
    assert modelfile.read_card(run / "model.safetensors").step == 20


def test_another_pair_of_the_epoch_stands_in_for_a_bad_one(spoiled: Path) -> None:
    from pixlate.data.augment import Preparation
    from pixlate.data.loading import Stream, order
    from pixlate.data.survey import survey
    from pixlate.specs.pictures import Kind, Sides
    from pixlate.training import planning  # noqa: F401 - the fixture

    pairs = survey(DataConfig(str(spoiled), direction="BtoA"), 0).train
    victim = spoiled / "train" / "0003.png"
    victim.write_bytes(b"")
    preparation = Preparation(32, 32, 36, 36, fit="stretch", mirror=True, resample="bilinear")
    stream = Stream(pairs, Sides(Kind(3), Kind(3)), preparation, 0, skip_bad=True)
    indices = order(0, 0, len(pairs))
    place = next(place for place, index in enumerate(indices) if pairs.names[index] == "train/0003")
    item = stream[place]
    assert not isinstance(item, PictureError)
    assert item.name == pairs.names[indices[(place + 1) % len(pairs)]]
    assert len(item.left_out) == 1
    for path in (spoiled / "train").iterdir():
        path.write_bytes(b"")
    nothing = stream[place]
    assert isinstance(nothing, PictureError)
    assert "None of the 8 training pairs can be read any more" in str(nothing)


def test_a_run_that_skips_a_picture_gone_bad_is_resumed_exactly_by_the_advice_it_gives(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The picture goes bad after step 3; one run goes on, another is stopped there and started again."""
    from pixlate.training.interludes import Interludes

    after_step = Interludes.after_step
    victim = tmp_path / "facades" / "train" / "0003.png"

    def then_spoil(interludes: Interludes) -> None:
        after_step(interludes)
        if interludes._state.progress.step == 3:
            victim.write_bytes(victim.read_bytes()[:200])

    monkeypatch.setattr(Interludes, "after_step", then_spoil)
    models = []
    for stops in ((20,), (3, 20)):
        shutil.rmtree(tmp_path / "facades", ignore_errors=True)
        shutil.copytree(drawn, tmp_path / "facades")
        for number, steps in enumerate(stops):
            config = make(tmp_path / "facades", tmp_path / str(len(stops)), steps=steps)
            if number:
                with pytest.raises(DataError, match="leave them out with --skip-bad"):
                    train(config)
            run = train(replace(config, data=replace(config.data, skip_bad=len(stops) == 1 or number > 0)))
        models.append(read_tensors(run / "model.safetensors"))
        assert len(lines(run, "left_out")) == 1
    assert all(torch.equal(value, models[1][name]) for name, value in models[0].items())


def test_data_that_has_moved_is_the_same_data(drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train(make(drawn, tmp_path / "run"))
    shutil.copytree(drawn, tmp_path / "elsewhere" / "facades")
    capsys.readouterr()
    train(make(tmp_path / "elsewhere" / "facades", tmp_path / "run"))
    assert "not as it was" not in capsys.readouterr().out
    other = tmp_path / "other"
    shutil.copytree(drawn, other)
    (other / "train" / "0001.png").unlink()
    with pytest.raises(RunError, match=r"data is .* there, .* now"):
        train(make(other, tmp_path / "run"))


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"\xff\xfe"), None])
def test_a_run_whose_settings_file_is_gone_or_damaged_goes_on(drawn: Path, tmp_path: Path, damage: Any) -> None:
    run = train(make(drawn, tmp_path / "run"))
    before = (run / "config.yaml").read_text()
    (damage or (lambda path: path.write_bytes(b"")))(run / "config.yaml")
    with pytest.raises(RunError, match="seed is 0 there, 1 now"):
        train(make(drawn, run, seed=1))
    train(make(drawn, run))
    assert (run / "config.yaml").read_text() == before


def test_a_journal_that_lost_lines_or_got_rubbish_is_gone_on_with(
    drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train(make(drawn, tmp_path / "run"))
    journal = run / "metrics.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole + b"\xff\xfe\x00")
    train(make(drawn, run))
    assert journal.read_bytes() == whole
    journal.write_bytes(b"".join(whole.splitlines(keepends=True)[:2]))
    capsys.readouterr()
    train(make(drawn, run))
    assert f"has lost {len(whole.splitlines()) - 2} of its lines" in capsys.readouterr().out


def test_trouble_with_tensorboard_is_no_trouble_of_the_run(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    def full(*_: Any) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(EventFileWriter, "add_event", full)
    run = train(make(drawn, tmp_path / "run", tensorboard=True))
    assert modelfile.read_card(run / "model.safetensors").step == 4
    assert capsys.readouterr().out.count("TensorBoard's event files go no further: [Errno 28]") == 1


def test_a_signal_to_one_of_two_processes_stops_both(drawn: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        """
import os, signal, sys
from pixlate import cli
from pixlate.training.interludes import Interludes
after_step = Interludes.after_step
def sending(interludes):
    if interludes._state.progress.step == 3 and os.environ["RANK"] == "1":
        os.kill(os.getpid(), signal.SIGTERM)
    after_step(interludes)
Interludes.after_step = sending
try:
    cli.main(sys.argv[1:])
except SystemExit as ended:
    os.write(1, f"rank {os.environ['RANK']} ended with {ended.code}\\n".encode())
"""
    )
    flags = [
        "--direction",
        "BtoA",
        "--width",
        "4",
        "--workers",
        "0",
        "--no-tensorboard",
        "--run",
        str(tmp_path / "run"),
    ]
    done = subprocess.run(
        [*TORCHRUN, "--", str(program), "train", str(drawn), *flags],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert "rank 0 ended with 143" in done.stdout, done.stdout + done.stderr
    assert "rank 1 ended with 143" in done.stdout
    assert "stopped, saved at step 3" in done.stdout
    assert "model:" not in done.stdout


def test_the_samples_grid_is_still_a_picture(drawn: Path, tmp_path: Path) -> None:
    run = train(make(drawn, tmp_path / "run", ema=0.9))
    assert np.ptp(images.read(run / "samples" / "step_00000004.png")) > 100
