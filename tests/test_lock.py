"""One process at a time holds a folder, and nobody after his death."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pixlate import lock
from pixlate.errors import RunError, WriteError

HOLD = """
import sys, time
from pathlib import Path
from pixlate import lock
from pixlate.errors import RunError
try:
    with lock.hold(Path(sys.argv[1]), "The run"):
        print("held", flush=True)
        {then}
except RunError as error:
    print(error, flush=True)
"""


def start(path: Path, then: str = "time.sleep(60)") -> subprocess.Popen[str]:
    program = HOLD.format(then=then)
    return subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True)


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def says(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_held_folder_is_refused_and_its_holder_named(tmp_path: Path) -> None:
    first = start(tmp_path / "lock")
    assert says(first) == "held"
    with pytest.raises(RunError, match=rf"The run is in use by process {first.pid} on .* since .*Wait"):
        lock.hold(tmp_path / "lock", "The run").__enter__()
    end(first)


def test_what_is_given_back_can_be_taken_again(tmp_path: Path) -> None:
    for _ in range(2):
        with lock.hold(tmp_path / "run" / "lock", "The run"):
            pass
    assert (tmp_path / "run" / "lock").exists()


def test_the_same_process_cannot_hold_it_twice_and_does_not_lose_it_by_trying(tmp_path: Path) -> None:
    with lock.hold(tmp_path / "lock", "The run"):
        with pytest.raises(RunError, match="this very process"):
            lock.hold(tmp_path / "lock", "The run").__enter__()
        other = start(tmp_path / "lock")
        assert "in use" in says(other)
        end(other)


def test_an_error_inside_gives_it_back(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="x"), lock.hold(tmp_path / "lock", "The run"):
        raise ValueError("x")
    with lock.hold(tmp_path / "lock", "The run"):
        pass


def test_of_two_that_start_at_once_exactly_one_wins(tmp_path: Path) -> None:
    wins = []
    for number in range(10):
        readers = []
        for _ in range(2):
            reader, writer = os.pipe()
            if os.fork() == 0:
                try:
                    held = lock.hold(tmp_path / str(number), "The run")
                    held.__enter__()
                    os.write(writer, b"1")
                    time.sleep(0.2)
                finally:
                    os._exit(0)
            os.close(writer)
            readers.append(reader)
        wins.append(sum(os.read(reader, 1) == b"1" for reader in readers))
        for reader in readers:
            os.close(reader)
        for _ in range(2):
            os.wait()
    assert wins == [1] * 10


@pytest.mark.skipif(os.name != "posix", reason="kills")
def test_after_kill_9_it_can_be_taken_at_once_though_children_of_the_dead_live_on(tmp_path: Path) -> None:
    then = "import os; child = os.fork(); print(child or '', flush=True) if child else None; time.sleep(60)"
    first = start(tmp_path / "lock", then)
    assert says(first) == "held"
    child = int(says(first))
    first.kill()
    first.wait()
    os.kill(child, 0)  # it is alive
    began = time.monotonic()
    with lock.hold(tmp_path / "lock", "The run"):
        assert time.monotonic() - began < 2
    os.kill(child, signal.SIGKILL)
    first.communicate()


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WriteError, match="lock cannot be written to"):
        lock.hold(tmp_path / "file" / "lock", "The run").__enter__()
