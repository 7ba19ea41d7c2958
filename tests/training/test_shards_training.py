"""Training from shards is training from the files they were made of; a run may change from the one to the other."""

from pathlib import Path

import torch

from pixlate import train
from pixlate.data.shards import writing
from pixlate.specs.data import DataConfig
from pixlate.specs.networks import NetworksConfig
from pixlate.specs.training import LoopConfig, TrainConfig
from pixlate.tensorfile import read_tensors


def run(data: Path, folder: Path, steps: int) -> Path:
    loop = LoopConfig(run=str(folder), steps=steps, validate_every=2, log_every=1, workers=0, tensorboard=False)
    return train(TrainConfig(DataConfig(str(data), direction="BtoA"), loop=loop, networks=NetworksConfig(width=4)))


def test_a_run_begun_on_files_goes_on_with_shards_to_the_bit(drawn: Path, tmp_path: Path, capsys) -> None:
    shards = tmp_path / "facades"
    for _ in writing.write(writing.prepare(DataConfig(str(drawn)), "pairs"), shards, 5000):
        pass
    whole = run(drawn, tmp_path / "whole", 6)
    run(drawn, tmp_path / "changed", 4)
    changed = run(shards, tmp_path / "changed", 6)
    said = capsys.readouterr().out
    assert "resumed at step 4" in said
    assert "pictures:" not in said  # they are the same to the run
    sharded = run(shards, tmp_path / "sharded", 6)
    for name in ("model.safetensors", "checkpoints/step_00000006/state.safetensors"):
        wanted = read_tensors(whole / name)
        for other in (changed, sharded):
            found = read_tensors(other / name)
            assert found.keys() == wanted.keys()
            assert all(torch.equal(found[key], wanted[key]) for key in wanted)
