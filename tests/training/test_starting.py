"""Going on from weights that are there: whose they are, what is refused before anything is made, and resuming."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from foreign import incumbent
from pixlate import cli, exchange, modelfile, tensorfile, train
from pixlate.errors import ConfigError, ModelFileError, PixlateError, RunError
from pixlate.networks.building import build_discriminator, build_generator
from pixlate.specs.card import Card
from pixlate.specs.data import DataConfig
from pixlate.specs.learning import LearningConfig
from pixlate.specs.methods.pix2pix import Pix2PixConfig
from pixlate.specs.networks import DiscriminatorSpec, GeneratorSpec, NetworksConfig
from pixlate.specs.training import LoopConfig, TrainConfig
from pixlate.training import planning, runfolder

STILL = 1e-30
"""A learning rate that moves no weight."""


def make(drawn: Path, run: Path, *start_from: str, lr: float = 2e-4, **loop: Any) -> TrainConfig:
    settings: dict[str, Any] = {"steps": 2, "validate_every": 1, "log_every": 1, "workers": 0, "samples": 1}
    return TrainConfig(
        DataConfig(str(drawn), direction="BtoA"),
        Pix2PixConfig(),
        LoopConfig(run=str(run), tensorboard=False, **{**settings, **loop}),
        NetworksConfig(width=8),
        LearningConfig(lr=lr, start_from=start_from),
    )


@pytest.fixture(scope="module")
def G(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("G")
    source = incumbent.save(incumbent.shaken(incumbent.unet(5, width=4, norm="instance")), folder / "latest_net_G.pth")
    exchange.import_weights(source, folder / "G.safetensors", size="32")
    return folder / "G.safetensors"


@pytest.fixture(scope="module")
def D(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("D")
    source = incumbent.save(incumbent.shaken(incumbent.patchgan(2, width=4)), folder / "latest_net_D.pth")
    exchange.import_weights(source, folder / "D.safetensors")
    return folder / "D.safetensors"


def write(path: Path, spec: GeneratorSpec) -> Path:
    said = {"method": "pix2pix", "direction": "AtoB", "preset": "paper", "objective": "L1+cGAN", "trained_on": "x"}
    modelfile.write(path, build_generator(spec, seed=1), Card(spec, **said, pairs=1, size=(32, 32), step=0))
    return path


def newest(run: Path) -> dict[str, torch.Tensor]:
    folder = max(path for path in (run / "checkpoints").iterdir() if path.name.startswith("step_"))
    return tensorfile.read_tensors(folder / "state.safetensors")


def found(checkpoint: dict[str, torch.Tensor], weights: dict[str, torch.Tensor], network: str) -> bool:
    """Whether the network's trainable weights in the checkpoint are these."""
    kept = {name: tensor for name, tensor in weights.items() if "running" not in name and "tracked" not in name}
    inside = {name: tensor for name, tensor in checkpoint.items() if f"{network}." in name}
    return all(
        any(name.endswith(f"{network}.{wanted}") and torch.equal(kept[wanted], inside[name]) for name in inside)
        for wanted in kept
    )


def test_both_networks_begin_as_their_files_are(drawn, tmp_path, G, D):
    run = train(make(drawn, tmp_path / "run", f"G={G}", f"D={D}", steps=1, lr=STILL))
    checkpoint = newest(run)
    assert found(checkpoint, tensorfile.read_tensors(G), "G")
    assert found(checkpoint, tensorfile.read_tensors(D), "D")
    shipped = tensorfile.read_tensors(run / "model.safetensors")
    assert all(torch.equal(shipped[name], tensor) for name, tensor in tensorfile.read_tensors(G).items())
    assert modelfile.read_spec(run / "model.safetensors") == modelfile.read_spec(G)


def test_without_the_files_they_begin_otherwise(drawn, tmp_path, G):
    run = train(make(drawn, tmp_path / "run", f"G={G}", steps=1, lr=STILL))
    assert found(newest(run), tensorfile.read_tensors(G), "G")
    run = train(make(drawn, tmp_path / "other", steps=1, lr=STILL))
    assert not found(newest(run), tensorfile.read_tensors(G), "G")


def test_averages_begin_there_too(drawn, tmp_path, G):
    run = train(make(drawn, tmp_path / "run", f"G={G}", steps=1, lr=STILL, ema=0.9))
    shipped = tensorfile.read_tensors(run / "model.safetensors")
    for name, tensor in tensorfile.read_tensors(G).items():
        torch.testing.assert_close(shipped[name], tensor, rtol=1e-6, atol=1e-7)


def test_training_goes_on_from_there_and_not_in_the_file(drawn, tmp_path, G, D):
    before = G.read_bytes(), D.read_bytes()
    run = train(make(drawn, tmp_path / "run", f"G={G}", f"D={D}"))
    shipped, begun = tensorfile.read_tensors(run / "model.safetensors"), tensorfile.read_tensors(G)
    assert all(not torch.equal(shipped[name], tensor) for name, tensor in begun.items() if name.endswith("conv.weight"))
    assert (G.read_bytes(), D.read_bytes()) == before


def test_the_plan_says_what_starts_from_what(drawn, tmp_path, G, D):
    planned = planning.plan(make(drawn, tmp_path / "run", f"G={G}", f"D={D}"))
    told = "\n".join(planning.explain(planned))
    assert "G starts from a file, U-Net of depth 5, width 4, norm instance" in told
    assert "D starts from a file, PatchGAN of 34 px, width 4, norm batch" in told
    assert planned.networks == {"G": modelfile.read_spec(G), "D": modelfile.read_spec(D)}


def test_the_plan_does_not_say_what_the_files_overrule(drawn, tmp_path, G, D):
    planned = planning.plan(make(drawn, tmp_path / "run", f"G={G}", f"D={D}"))
    told = "; ".join(planned.decisions)
    assert "halvings, of 8 at most" not in told
    assert "receptive field 7 " not in told


def test_a_resnet_is_taken_where_a_unet_was_to_be(drawn, tmp_path):
    source = incumbent.save(incumbent.resnet(6, width=4), tmp_path / "x.pth")
    exchange.import_weights(source, tmp_path / "G.safetensors")
    run = train(make(drawn, tmp_path / "run", f"G={tmp_path / 'G.safetensors'}", steps=1))
    assert modelfile.read_spec(run / "model.safetensors").blocks == 6


# Resuming


def test_networks_may_come_from_the_newest_checkpoint_of_another_run(drawn, tmp_path) -> None:
    other = train(make(drawn, tmp_path / "other", steps=3, checkpoint_every=1))
    wanted = newest(other)
    started = make(drawn, tmp_path / "run", f"G={other}", f"D={other}", lr=STILL, steps=1)
    run = train(replace(started, networks=NetworksConfig(width=4)))  # what they are, the other run says
    found = newest(run)
    assert all(torch.equal(found[name], wanted[name]) for name in wanted if name.startswith("weights."))


def test_a_folder_without_such_a_network_is_refused(drawn, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match="no run with a checkpoint of a network D"):
        train(make(drawn, tmp_path / "run", f"D={tmp_path / 'empty'}"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("policy", ["linear", "step", "cosine"])
def test_a_run_of_any_rate_is_repeated_from_its_own_settings(drawn, tmp_path, policy) -> None:
    made = make(drawn, tmp_path / "one")
    first = train(replace(made, learning=LearningConfig(lr_policy=policy)))
    again = runfolder.read(first / "config.yaml")
    second = train(replace(again, loop=replace(again.loop, run=str(tmp_path / "two"))))
    one, two = (tensorfile.read_tensors(run / "model.safetensors") for run in (first, second))
    assert all(torch.equal(value, two[name]) for name, value in one.items())


@pytest.mark.parametrize("name", ["a" * 300, "loop"])
def test_a_path_that_cannot_be_is_told(drawn, tmp_path, name) -> None:
    path = tmp_path / name
    if name == "loop":
        path.symlink_to(path)
    assert "There is no file" in refused(drawn, tmp_path, f"G={path}", kind=ModelFileError)


def test_such_a_run_cut_short_and_resumed_ends_as_if_it_had_not_been(drawn, tmp_path, G, D):
    starts = (f"G={G}", f"D={D}")
    whole = train(make(drawn, tmp_path / "whole", *starts))
    train(make(drawn, tmp_path / "halved", *starts, steps=1, validate_every=1))
    halved = train(make(drawn, tmp_path / "halved", *starts))
    one, other = newest(whole), newest(halved)
    assert one.keys() == other.keys()
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_a_run_is_not_begun_again_when_it_is_resumed(drawn, tmp_path, G):
    run = train(make(drawn, tmp_path / "run", f"G={G}", steps=1))
    before = tensorfile.read_tensors(run / "model.safetensors")
    train(make(drawn, run, f"G={G}", steps=1))
    after = tensorfile.read_tensors(run / "model.safetensors")
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())


def test_a_run_from_another_file_is_another_run(drawn, tmp_path, G):
    other = tmp_path / "other.safetensors"
    other.write_bytes(G.read_bytes())
    train(make(drawn, tmp_path / "run", f"G={G}", steps=1))
    for starts in ((), (f"G={other}",)):
        with pytest.raises(RunError, match="start_from"):
            train(make(drawn, tmp_path / "run", *starts))
    first, second, third = (
        planning.plan(replace(config, loop=replace(config.loop, run=None))).folder
        for config in (make(drawn, tmp_path, f"G={G}"), make(drawn, tmp_path, f"G={other}"), make(drawn, tmp_path))
    )
    assert len({first, second, third}) == 3


@pytest.mark.parametrize("given", ["relative", "absolute"])
def test_a_run_is_known_from_wherever_its_file_is_named(drawn, tmp_path, G, monkeypatch, given):
    train(make(drawn, tmp_path / "run", f"G={G}", steps=1))
    monkeypatch.chdir(G.parent)
    named = "G.safetensors" if given == "relative" else str(G)
    train(make(drawn, tmp_path / "run", f"G={named}", steps=2))
    assert modelfile.read_card(tmp_path / "run" / "model.safetensors").step == 2


@pytest.mark.parametrize("become", ["nothing", "another network", "noise"])
def test_a_run_goes_on_whatever_has_become_of_the_file_it_began_from(drawn, tmp_path, G, become):
    mine = tmp_path / "mine.safetensors"
    mine.write_bytes(G.read_bytes())
    train(make(drawn, tmp_path / "run", f"G={mine}", steps=1))
    mine.unlink()
    if become == "another network":
        write(mine, GeneratorSpec(depth=3, width=4, dropout=()))
    elif become == "noise":
        mine.write_bytes(b"noise")
    run = train(make(drawn, tmp_path / "run", f"G={mine}", steps=2))
    card = modelfile.read_card(run / "model.safetensors")
    assert (card.generator, card.step) == (modelfile.read_spec(G), 2)


def test_another_network_is_refused_where_the_run_has_lost_what_its_own_is(drawn, tmp_path, G):
    mine = tmp_path / "mine.safetensors"
    mine.write_bytes(G.read_bytes())
    run = train(make(drawn, tmp_path / "run", f"G={mine}", steps=1))
    before = (run / "model.safetensors").read_bytes()
    (run / "networks.json").unlink()
    write(mine, GeneratorSpec(depth=3, width=4, dropout=()))
    with pytest.raises(PixlateError):
        train(make(drawn, tmp_path / "run", f"G={mine}", steps=2))
    assert (run / "model.safetensors").read_bytes() == before


# What is refused before anything is made


def refused(drawn: Path, tmp_path: Path, *start_from: str, kind: type = ConfigError) -> str:
    with pytest.raises(kind) as caught:
        train(make(drawn, tmp_path / "run", *start_from))
    assert not (tmp_path / "run").exists()
    return str(caught.value)


@pytest.mark.parametrize("text", ["G", "=x", "G=", "=", "", "model.safetensors"])
def test_what_is_not_network_and_file(drawn, tmp_path, text):
    told = refused(drawn, tmp_path, text)
    assert "--start-from" in told


def test_a_network_that_is_not_there(drawn, tmp_path, G):
    assert "there is no G_A here; choose from G, D" in refused(drawn, tmp_path, f"G_A={G}")
    assert "there is no g here" in refused(drawn, tmp_path, f"g={G}")


def test_a_network_named_twice(drawn, tmp_path, G):
    assert "names one network twice" in refused(drawn, tmp_path, f"G={G}", f"G={G}")


def test_a_file_of_the_other_kind(drawn, tmp_path, G, D):
    assert "it is a PatchGAN of 34 px" in refused(drawn, tmp_path, f"G={D}")
    assert "it is a U-Net of depth 5" in refused(drawn, tmp_path, f"D={G}")


@pytest.mark.parametrize(("sides", "told"), [((1, 3), "1 in channels"), ((3, 1), "1 out channels")])
def test_a_generator_of_other_channels(drawn, tmp_path, sides, told):
    path = write(tmp_path / "G.safetensors", GeneratorSpec("unet", *sides, 3, 4, ()))
    message = refused(drawn, tmp_path, f"G={path}")
    assert told in message
    assert "these pictures want 3" in message


def test_a_discriminator_of_other_channels(drawn, tmp_path):
    modelfile.write_discriminator(tmp_path / "D", build_discriminator(DiscriminatorSpec(3, 34, 4), seed=1))
    assert "3 in channels, and these pictures want 6" in refused(drawn, tmp_path, f"D={tmp_path / 'D'}")


def test_a_generator_too_deep_for_the_pictures(drawn, tmp_path):
    source = incumbent.save(incumbent.unet(7, width=4), tmp_path / "x.pth")
    exchange.import_weights(source, tmp_path / "G")
    assert "7 halvings do not suit 32×32 px" in refused(drawn, tmp_path, f"G={tmp_path / 'G'}")


def test_files_that_are_none(drawn, tmp_path, G):
    source = incumbent.save(incumbent.unet(5, width=4), tmp_path / "latest_net_G.pth")
    (tmp_path / "cut").write_bytes(G.read_bytes()[:999])
    for path in (tmp_path / "gone", source, tmp_path / "cut"):
        assert str(path) in refused(drawn, tmp_path, f"G={path}", kind=ModelFileError)


@pytest.mark.parametrize("change", ["missing", "more"])
def test_a_file_whose_weights_do_not_fit_it(drawn, tmp_path, G, change):
    tensors, document = tensorfile.read_tensors(G), tensorfile.read_document(G)
    if change == "missing":
        del tensors["encoder.1.conv.weight"]
    else:
        tensors["extra"] = torch.ones(1)
    tensorfile.write(tmp_path / "G", tensors, document)
    assert "its weights do not fit" in refused(drawn, tmp_path, f"G={tmp_path / 'G'}", kind=ModelFileError)


def test_the_command_says_so_in_a_line(drawn, tmp_path, D, capsys):
    words = ["train", drawn, "--direction", "BtoA", "--run", tmp_path / "run", "--start-from", f"G={D}"]
    with pytest.raises(SystemExit) as left:
        cli.main([str(word) for word in words])
    told = capsys.readouterr()
    assert left.value.code == 2
    (line,) = told.err.splitlines()
    assert line.startswith(
        f"pixlate: --start-from G={D}: it is a PatchGAN of 34 px, width 4, norm batch, and G is a U-Net"
    )
    assert not (tmp_path / "run").exists()
