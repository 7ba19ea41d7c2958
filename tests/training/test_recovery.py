"""Numbers that are not finite: named, and never in the weights or in a file."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from pixlate import modelfile, train
from pixlate.data.loading import Batch
from pixlate.errors import RunError
from pixlate.methods.pix2pix import Pix2Pix
from pixlate.specs.data import DataConfig
from pixlate.specs.methods.pix2pix import Pix2PixConfig
from pixlate.specs.networks import NetworksConfig
from pixlate.specs.training import LoopConfig, TrainConfig
from pixlate.tensorfile import read_tensors


def make(drawn: Path, run: Path, **loop: Any) -> TrainConfig:
    settings: dict[str, Any] = {"steps": 12, "validate_every": 100, "checkpoint_every": 4, "log_every": 1, "workers": 0}
    settings |= {"samples": 0, "validate_on": 1, "tensorboard": False, **loop}
    return TrainConfig(
        DataConfig(str(drawn), direction="BtoA", mirror=False),
        Pix2PixConfig(),
        LoopConfig(run=str(run), **settings),
        NetworksConfig(width=4),
    )


def lines(run: Path, kind: str) -> list[dict[str, Any]]:
    entries = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    for entry in entries:
        entry.pop("waiting", None)  # what a clock said
    return [entry for entry in entries if entry["kind"] == kind]


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of pairs whose sources are NaN when the method gets them."""
    names: set[str] = set()
    step = Pix2Pix.step

    def poison(batch: Batch) -> Batch:
        bad = any(name in names for name in batch.names)
        return batch._replace(source=batch.source * torch.nan) if bad else batch

    def poisoning(method: Pix2Pix, batches: Sequence[Batch], *rest: Any) -> dict[str, torch.Tensor]:
        return step(method, [poison(batch) for batch in batches], *rest)

    monkeypatch.setattr(Pix2Pix, "step", poisoning)
    return names


def victim_at(drawn: Path, step: int) -> str:
    """The name of the pair that this step learns from."""
    from pixlate.data.loading import order
    from pixlate.data.survey import survey

    pairs = survey(DataConfig(str(drawn), direction="BtoA"), 0).train
    return pairs.names[order(0, (step - 1) // len(pairs), len(pairs))[(step - 1) % len(pairs)]]


def all_finite(run: Path) -> bool:
    files = [*run.glob("*.safetensors"), *run.glob("checkpoints/*/state.safetensors")]
    return all(bool(torch.isfinite(value).all()) for file in files for value in read_tensors(file).values())


def test_by_default_the_run_stops_and_names_step_loss_and_picture(drawn, tmp_path, monkeypatch, poisoned) -> None:
    victim = victim_at(drawn, 7)
    poisoned.add(victim)
    with pytest.raises(RunError) as caught:
        train(make(drawn, tmp_path / "run"))
    assert str(caught.value).startswith("step 7: D_real is nan, D_fake is nan, ")
    assert f"with {victim}. Nothing of this step was saved." in str(caught.value)
    assert "--on-nan" in str(caught.value)
    run = tmp_path / "run"
    assert [path.name for path in sorted((run / "checkpoints").iterdir())] == ["step_00000004"]
    assert all_finite(run)


def test_skipping_leaves_the_update_out_lists_it_and_goes_on(drawn, tmp_path, monkeypatch, poisoned) -> None:
    poisoned.add(victim_at(drawn, 7))
    run = train(make(drawn, tmp_path / "run", on_nan="skip", steps=8))
    (skipped,) = lines(run, "skipped")
    assert skipped["step"] == 7
    assert skipped["why"].endswith("update skipped")
    assert all_finite(run)
    assert modelfile.read_card(run / "model.safetensors").step == 8
    assert [line["step"] for line in lines(run, "train")] == [1, 2, 3, 4, 5, 6, 8]


def test_a_run_that_skips_and_is_resumed_ends_as_if_it_had_not_been(drawn, tmp_path, monkeypatch, poisoned) -> None:
    poisoned.add(victim_at(drawn, 3))
    whole = train(make(drawn, tmp_path / "whole", on_nan="skip", steps=8))
    cut = train(make(drawn, tmp_path / "cut", on_nan="skip", steps=5))
    train(make(drawn, cut, on_nan="skip", steps=8))
    first, second = (read_tensors(run / "model.safetensors") for run in (whole, cut))
    assert all(torch.equal(value, second[name]) for name, value in first.items())


def test_a_run_that_only_skips_is_given_up(drawn, tmp_path, poisoned) -> None:
    poisoned |= {f"train/{index:04d}" for index in range(8)}
    with pytest.raises(RunError, match="step 21: "):
        train(make(drawn, tmp_path / "run", on_nan="skip", steps=100))


def test_rolling_back_goes_on_from_the_checkpoint_after_the_pictures(drawn, tmp_path, monkeypatch, poisoned) -> None:
    poisoned.add(victim_at(drawn, 7))
    run = train(make(drawn, tmp_path / "run", on_nan="roll-back", steps=8))
    (rolled,) = lines(run, "rolled_back")
    assert rolled["step"] == 7
    assert rolled["why"].endswith("back to step 4, and on after these pictures")
    # Step 5 follows the checkpoint of step 4, and learns from the pair after the one that step 7 met.
    epochs = {line["step"]: line["epoch"] for line in lines(run, "train")}
    assert epochs == {1: 0.125, 2: 0.25, 3: 0.375, 4: 0.5, 5: 1.0, 6: 1.125, 7: 1.25, 8: 1.375}
    assert all_finite(run)


def test_a_run_rolled_back_and_resumed_ends_as_if_it_had_not_been(drawn, tmp_path, monkeypatch, poisoned) -> None:
    poisoned.add(victim_at(drawn, 3))
    settings = {"on_nan": "roll-back", "checkpoint_every": 2}
    whole = train(make(drawn, tmp_path / "whole", steps=9, **settings))
    cut = train(make(drawn, tmp_path / "cut", steps=5, **settings))
    train(make(drawn, cut, steps=9, **settings))
    first, second = (read_tensors(run / "model.safetensors") for run in (whole, cut))
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    assert lines(whole, "rolled_back") == lines(cut, "rolled_back")


def test_epochs_end_when_the_pairs_are_seen_though_some_were_left_out(drawn, tmp_path, monkeypatch, poisoned) -> None:
    poisoned.add(victim_at(drawn, 7))
    run = train(make(drawn, tmp_path / "run", on_nan="roll-back", steps=None, epochs=1))
    assert modelfile.read_card(run / "model.safetensors").step == 8 - 3
    assert lines(run, "train")[-1]["epoch"] == 1.0


def test_a_roll_back_at_the_very_end_still_leaves_a_model(drawn, tmp_path, poisoned) -> None:
    poisoned.add(victim_at(drawn, 8))
    run = train(make(drawn, tmp_path / "run", on_nan="roll-back", steps=None, epochs=1))
    assert modelfile.read_card(run / "model.safetensors").step == 4


def test_what_was_met_before_a_roll_back_stays_listed(drawn, tmp_path, poisoned) -> None:
    poisoned |= {victim_at(drawn, 6), victim_at(drawn, 8)}
    run = train(make(drawn, tmp_path / "run", on_nan="roll-back", steps=8))
    met = [line["why"].split(" with ")[1].split(":")[0] for line in lines(run, "rolled_back")]
    assert met[:2] == [victim_at(drawn, 6), victim_at(drawn, 8)]


def test_a_checkpoint_that_is_damaged_by_the_time_of_a_roll_back_is_named(drawn, tmp_path, poisoned, capsys) -> None:
    run = train(make(drawn, tmp_path / "run", steps=4, checkpoint_every=2))
    state = run / "checkpoints" / "step_00000004" / "state.safetensors"
    poisoned.add(victim_at(drawn, 5))
    step = Pix2Pix.step

    def spoiling(method: Pix2Pix, *rest: Any) -> dict[str, torch.Tensor]:
        state.write_bytes(b"") if state.exists() else None
        return step(method, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pix2Pix, "step", spoiling)
        train(make(drawn, run, on_nan="roll-back", steps=8, checkpoint_every=100))
    told = capsys.readouterr().out
    assert "step_00000004 is damaged and passed over" in told
    assert "back to step 2" in told


def test_with_loss_scaling_endless_gradients_are_caught_when_no_scale_helps(monkeypatch) -> None:
    """GradScaler runs on the CPU as well; precision 16 does not."""
    from pixlate.devices import Device, NotFinite

    device = Device("cpu")
    device._scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.Adam([weight])
    for _ in range(3):  # 4, 2, 1: still searching
        device.backward((weight * torch.inf).sum(), optimizer)
        device.update(optimizer, {"G_L1": torch.tensor(1.0)})
        device.end_step()
    device.backward((weight * torch.inf).sum(), optimizer)
    with pytest.raises(NotFinite, match="the norm of the gradients is inf"):
        device.update(optimizer, {"G_L1": torch.tensor(1.0)})
    assert torch.equal(weight, torch.ones(2))


def test_before_the_first_checkpoint_there_is_nothing_to_roll_back_to(drawn, tmp_path, monkeypatch, poisoned) -> None:
    poisoned.add(victim_at(drawn, 2))
    with pytest.raises(RunError, match=r"step 2: .*; and there is no checkpoint to roll back to"):
        train(make(drawn, tmp_path / "run", on_nan="roll-back"))


def test_a_run_that_is_rolled_back_again_and_again_is_given_up(drawn, tmp_path, monkeypatch, poisoned) -> None:
    poisoned |= {victim_at(drawn, step) for step in range(5, 9)}
    with pytest.raises(RunError, match="after 3 times back to step 4"):
        train(make(drawn, tmp_path / "run", on_nan="roll-back"))


def test_a_state_that_is_not_finite_is_neither_shipped_nor_kept(drawn, tmp_path, monkeypatch) -> None:
    """As weights that overflow though every gradient was finite."""
    step = Pix2Pix.step

    def overflowing(method: Pix2Pix, *rest: Any) -> dict[str, torch.Tensor]:
        losses = step(method, *rest)
        if method.G.encoder[1].norm.num_batches_tracked == 6:
            method.G.encoder[1].norm.running_var.fill_(torch.inf)
        return losses

    monkeypatch.setattr(Pix2Pix, "step", overflowing)
    with pytest.raises(RunError, match=r"step 8: buffers\.G\.encoder\.1\.norm\.running_var is not finite"):
        train(make(drawn, tmp_path / "run"))
    assert all_finite(tmp_path / "run")
    assert not (tmp_path / "run" / "model.safetensors").exists()


@pytest.mark.parametrize("policy", ["stop", "skip"])
def test_an_endless_gradient_is_caught_though_the_loss_is_finite(drawn, tmp_path, monkeypatch, policy) -> None:
    backward = torch.Tensor.backward
    count = 0

    def exploding(loss: torch.Tensor, *rest: Any, **more: Any) -> None:
        nonlocal count
        backward(loss, *rest, **more)
        count += 1
        if count == 4:  # that of G in the second step
            more["inputs"][0].grad.fill_(torch.inf)

    monkeypatch.setattr(torch.Tensor, "backward", exploding)
    config = make(drawn, tmp_path / "run", on_nan=policy, steps=3)
    if policy == "skip":
        run = train(config)
        assert "the norm of the gradients is inf" in lines(run, "skipped")[0]["why"]
        assert all_finite(run)
    else:
        with pytest.raises(RunError, match="step 2: the norm of the gradients is inf"):
            train(config)
