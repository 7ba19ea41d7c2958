"""How long steps wait for pictures: what is counted, and when it is said that the loader limits."""

import json
from dataclasses import replace

import pytest

from pixlate import train
from pixlate.specs.data import DataConfig
from pixlate.specs.networks import NetworksConfig
from pixlate.specs.training import LoopConfig, TrainConfig
from pixlate.training import pace as timing
from pixlate.training.pace import Pace


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])
    return now


def went(clock, waits, works, between=0.0):
    """A pace after steps that waited and worked for so many seconds each."""
    pace = Pace()

    def things():
        for wait in waits:
            clock[0] += wait
            yield wait

    for _, work in zip(pace.waits(things()), works, strict=True):
        clock[0] += work
        pace.stepped()
        clock[0] += between
    return pace


def test_the_share_is_that_of_waiting_in_waiting_and_working(clock):
    pace = went(clock, [50, 1, 1, 1], [2, 2, 3, 2], between=1000)  # workers start in the first wait
    assert pace.take() == pytest.approx(3 / 12)
    assert pace.take() == 0


def test_a_thing_that_no_step_came_of_counts_as_no_work(clock):
    pace = Pace()
    for _ in pace.waits([1, 2]):
        clock[0] += 5
    assert pace.take() == 0


def test_that_the_loader_limits_is_said_once_and_only_when_it_is_sure(clock):
    config = TrainConfig(loop=LoopConfig(workers=1))
    slow = went(clock, [0, 10, 20], [5, 5, 5])
    assert slow.hint(config, 4) is None  # nothing is counted yet
    slow.take()
    told = slow.hint(config, 4)
    assert told is not None
    assert "67%" in told
    assert "--workers 3 in place of 1" in told
    assert "--cache" in told
    assert slow.hint(config, 4) is None
    for quick in (went(clock, [0, 2, 2], [10, 10, 10]), went(clock, [0, 1, 1], [1, 1, 1])):
        quick.take()
        assert quick.hint(config, 4) is None


def test_only_what_is_not_used_yet_is_advised(clock):
    pace = went(clock, [0, 10, 20], [5, 5, 5])
    pace.take()
    told = pace.hint(replace(TrainConfig(DataConfig(cache="1GB")), loop=LoopConfig(workers=3)), 4)
    assert told is not None
    assert "--" not in told


def test_it_stands_in_the_journal_and_on_the_page_and_changes_nothing(drawn, tmp_path):
    def run(folder, **data):
        loop = LoopConfig(run=str(folder), steps=4, validate_every=2, log_every=1, workers=1, tensorboard=False)
        config = DataConfig(str(drawn), direction="BtoA", **data)
        return train(TrainConfig(config, loop=loop, networks=NetworksConfig(width=4)))

    plain, cached = run(tmp_path / "plain"), run(tmp_path / "cached", cache="10MB")
    lines = [json.loads(line) for line in (plain / "metrics.jsonl").read_text().splitlines()]
    shares = [line["waiting"] for line in lines if line["kind"] == "train"]
    assert len(shares) == 4
    assert all(0 <= share <= 1 for share in shares)
    assert "waiting for pictures" in (plain / "index.html").read_text()
    assert ">waiting<" not in (plain / "index.html").read_text()
    assert (plain / "model.safetensors").read_bytes() == (cached / "model.safetensors").read_bytes()
