"""Being told to stop: what the exit code is, what is saved, and what a second signal does."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from pixlate import train
from pixlate.specs.data import DataConfig
from pixlate.specs.methods.pix2pix import Pix2PixConfig
from pixlate.specs.networks import NetworksConfig
from pixlate.specs.training import LoopConfig, TrainConfig
from pixlate.training.interludes import Interludes
from pixlate.training.stopping import Stop

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")


def make(drawn: Path, run: Path, **loop: Any) -> TrainConfig:
    settings: dict[str, Any] = {"steps": 6, "validate_every": 100, "workers": 0, "samples": 0, "tensorboard": False}
    return TrainConfig(
        DataConfig(str(drawn), direction="BtoA"),
        Pix2PixConfig(),
        LoopConfig(run=str(run), **{**settings, **loop}),
        NetworksConfig(width=4),
    )


@pytest.fixture(autouse=True)
def handlers():
    """A shell lets its background jobs ignore the interrupt; the handlers found are put back."""
    before = {which: signal.getsignal(which) for which in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for which, handler in before.items():
        signal.signal(which, handler)


def send_after(step: int, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    after_step = Interludes.after_step

    def sending(interludes: Interludes) -> None:
        if interludes._state.progress.step == step:
            os.kill(os.getpid(), number)
        after_step(interludes)

    monkeypatch.setattr(Interludes, "after_step", sending)


@pytest.mark.parametrize(
    ("number", "outcome", "code"),
    [(signal.SIGTERM, SystemExit, 143), (signal.SIGUSR1, SystemExit, 143), (signal.SIGINT, KeyboardInterrupt, None)],
)
def test_a_signal_saves_the_step_and_leaves_and_the_handlers_are_put_back(
    drawn, tmp_path, monkeypatch, capsys, number, outcome, code
) -> None:
    before = signal.getsignal(number)
    send_after(3, number, monkeypatch)
    with pytest.raises(outcome) as caught:
        train(make(drawn, tmp_path / "run"))
    assert code is None or caught.value.code == code
    assert signal.getsignal(number) == before
    assert [path.name for path in (tmp_path / "run" / "checkpoints").iterdir()] == ["step_00000003"]
    assert "stopped, saved at step 3" in capsys.readouterr().out
    monkeypatch.undo()
    train(make(drawn, tmp_path / "run"))
    assert "resumed at step 3" in capsys.readouterr().out


def test_a_look_is_left_off_and_made_up_for(drawn, tmp_path, monkeypatch) -> None:
    from pixlate.training.validation.paired import PairedValidation

    whole = train(make(drawn, tmp_path / "whole", validate_every=3, samples=1))
    show = PairedValidation.show
    looks = 0

    def sending(validation: PairedValidation, *rest: Any) -> Any:
        nonlocal looks
        looks += 1
        if looks == 2:  # the first is at step 0
            os.kill(os.getpid(), signal.SIGTERM)
        return show(validation, *rest)

    monkeypatch.setattr(PairedValidation, "show", sending)
    cut = tmp_path / "cut"
    with pytest.raises(SystemExit):
        train(make(drawn, cut, validate_every=3, samples=1))
    assert not (cut / "samples" / "step_00000003.png").exists()
    assert (cut / "checkpoints" / "step_00000003").exists()
    monkeypatch.undo()
    train(make(drawn, cut, validate_every=3, samples=1))
    journals = [(run / "metrics.jsonl").read_text() for run in (cut, whole)]
    untimed = [re.sub(r'"waiting": [0-9.]+, ', "", journal) for journal in journals]
    assert untimed[0] == untimed[1]
    assert untimed[0] != journals[0]
    samples = sorted(path.name for path in (whole / "samples").iterdir())
    assert sorted(path.name for path in (cut / "samples").iterdir()) == samples


def test_a_signal_before_the_first_step_leaves_nothing_to_save(drawn, tmp_path, monkeypatch, capsys) -> None:
    from pixlate.training.validation.paired import PairedValidation

    monkeypatch.setattr(PairedValidation, "show", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(SystemExit):
        train(make(drawn, tmp_path / "run"))
    assert "stopped, with nothing to save" in capsys.readouterr().out
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_training_in_a_thread_hears_no_signals_and_does_not_mind(drawn, tmp_path) -> None:
    done = []
    thread = threading.Thread(target=lambda: done.append(train(make(drawn, tmp_path / "run", steps=1))))
    thread.start()
    thread.join()
    assert done


def test_what_was_to_be_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    with Stop() as stop:
        stop.defer()
        os.kill(os.getpid(), signal.SIGUSR1)
        assert not stop.requested
    assert signal.getsignal(signal.SIGUSR1) == signal.SIG_IGN


def test_until_the_loop_begins_a_signal_ends_the_program_where_it_stands() -> None:
    with pytest.raises(SystemExit) as caught, Stop():  # noqa: PT012
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)
    assert caught.value.code == 143


@pytest.mark.parametrize(("torchrun", "code"), [(False, 143), (True, 0)])
def test_a_second_signal_quits_at_once_but_an_echo_by_torchrun_does_not(torchrun: bool, code: int) -> None:
    program = """
import os, signal, time
from pixlate.training.stopping import Stop
stop = Stop().__enter__()
stop.defer()
os.kill(os.getpid(), signal.SIGTERM)
os.kill(os.getpid(), signal.SIGTERM)
assert stop.requested
time.sleep(1)
"""
    variables = {name: value for name, value in os.environ.items() if name != "TORCHELASTIC_RUN_ID"}
    variables |= {"TORCHELASTIC_RUN_ID": "run"} if torchrun else {}
    assert subprocess.run([sys.executable, "-c", program], env=variables, check=False).returncode == code


def test_a_signal_to_the_whole_group_does_not_take_the_workers_away(drawn, tmp_path) -> None:
    """As a terminal's Ctrl-C and a queue's cancel do; the step under way still needs its pictures."""
    run = tmp_path / "run"
    command = [sys.executable, "-m", "pixlate", "train", str(drawn), "--direction", "BtoA", "--width", "4"]
    command += ["--run", str(run), "--workers", "2", "--no-tensorboard", "--validate-every", "100000"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while not (run / "metrics.jsonl").exists() or '"train"' not in (run / "metrics.jsonl").read_text():
        time.sleep(0.05)
        assert process.poll() is None, process.communicate()
    os.killpg(process.pid, signal.SIGTERM)
    told, errors = process.communicate()
    assert process.returncode == 143
    assert "stopped, saved at step" in told
    assert errors == ""
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)  # no worker is left


def test_a_run_that_waits_for_a_picture_saves_the_steps_it_has_done(drawn, tmp_path, monkeypatch, capsys) -> None:
    """As of a server that does not answer: the picture of step 4 never comes."""
    from pixlate.data.loading import Stream

    get = Stream.__getitem__

    def hanging(stream: Stream, place: int) -> Any:
        if place == 3:
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
            time.sleep(60)
        return get(stream, place)

    monkeypatch.setattr(Stream, "__getitem__", hanging)
    began = time.monotonic()
    with pytest.raises(SystemExit) as caught:
        train(make(drawn, tmp_path / "run"))
    assert caught.value.code == 143
    assert time.monotonic() - began < 30
    assert "stopped, saved at step 3" in capsys.readouterr().out
    assert [path.name for path in (tmp_path / "run" / "checkpoints").iterdir()] == ["step_00000003"]


@pytest.mark.parametrize("deferred", [False, True])
def test_who_waits_for_another_process_can_be_told_to_quit(deferred: bool) -> None:
    """The main thread is in a wait of torch's, where Python runs no handlers, as of a process that never comes."""
    program = f"""
import os, signal, threading, time
from datetime import timedelta
import torch.distributed as dist
from pixlate.training.stopping import Stop
stop = Stop().__enter__()
if {deferred}:
    stop.defer()
def send():
    for _ in range(1 + {deferred}):
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=send, daemon=True).start()
store = dist.TCPStore("127.0.0.1", 0, 1, True)
store.wait(["what never comes"], timedelta(seconds=60))
"""
    began = time.monotonic()
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 143
    assert time.monotonic() - began < 30


def test_a_signal_as_the_workers_are_born_takes_none_of_them_away(drawn, tmp_path) -> None:
    """To the whole group, in the moment between a worker's birth and its first own line; and nobody is left behind."""
    program = tmp_path / "program.py"
    program.write_text(
        """
import os, signal, sys
import torch.utils.data._utils.worker as worker
loop = worker._worker_loop
def late(*given):
    if not os.path.exists("sent"):
        open("sent", "w").close()
        os.kill(0, signal.SIGTERM)
    loop(*given)
worker._worker_loop = late
from pixlate import cli
cli.main(sys.argv[1:])
"""
    )
    command = [
        sys.executable,
        str(program),
        "train",
        str(drawn),
        "--direction",
        "BtoA",
        "--width",
        "4",
        "--samples",
        "0",
    ]
    command += ["--run", str(tmp_path / "run"), "--workers", "2", "--no-tensorboard", "--validate-every", "100000"]
    heard: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, start_new_session=True, cwd=tmp_path, **heard)
    _told, errors = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "Traceback" not in errors
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
