"""The campaigns of docs/reliability.md in a quick form: each is the benchmark itself, with fewer rounds."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def campaign(name: str, *flags: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / f"{name}.py"), *flags], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_kill_9_loses_nothing(tmp_path: Path) -> None:
    told = campaign("kill9", "--kills", "12", "--commands", "1", "--seed", "7", "--out", str(tmp_path))
    forked, commands = re.findall(r"(\d+) kills, (\d+) inside a save, \d+ orphans cleaned up, 0 failures", told)
    assert int(forked[0]) == 12
    assert int(forked[1]) >= 3
    assert int(commands[0]) == 1


def test_a_run_resumes_exactly_at_every_step_in_every_way_and_every_part_of_its_state_is_needed(tmp_path: Path) -> None:
    told = campaign("resume", "--steps", "24", "--every", "3", "--count", "1", "--seed", "7", "--out", str(tmp_path))
    assert "resumed at 8 of 24 steps: 0 failures" in told
    assert "resumed 16 times in 16 ways of running: 0 failures" in told
    assert "parts of the state left out: 23, noticed: 23; none left out: 0 differences" in told


def test_the_same_holds_for_cyclegan_its_history_included(tmp_path: Path) -> None:
    told = campaign(
        *("resume", "--method", "cyclegan", "--steps", "16", "--every", "4", "--count", "1", "--seed", "7"),
        *("--out", str(tmp_path / "resume")),
    )
    assert "resumed at 4 of 16 steps: 0 failures" in told
    assert "resumed 16 times in 16 ways of running: 0 failures" in told
    assert "parts of the state left out: 27, noticed: 27; none left out: 0 differences" in told
    assert '"history of X"' in told
    told = campaign(
        *("kill9", "--method", "cyclegan", "--kills", "6", "--commands", "1", "--seed", "7"),
        *("--out", str(tmp_path / "kill9")),
    )
    assert len(re.findall(r"\d+ kills, \d+ inside a save, \d+ orphans cleaned up, 0 failures", told)) == 2


def test_no_loss_of_power_and_no_failing_write_costs_a_checkpoint(tmp_path: Path) -> None:
    told = campaign("crashpoints", "--every", "13", "--out", str(tmp_path))
    replayed, failed = re.findall(r"(\d+) (?:states|failing writes), 0 failures", told)
    assert int(replayed) >= 500
    assert int(failed) >= 10


def test_the_replay_of_crashes_notices_a_sync_left_out(tmp_path: Path) -> None:
    program = f"""
import sys
sys.path.insert(0, {str(BENCHMARKS)!r})
import crashpoints, tiny_run
from pathlib import Path
out = Path({str(tmp_path)!r})
log = crashpoints.record(tiny_run.data(out / "pictures"), out / "run")
first = [operation.kind for operation in log].index("acknowledged")
for left_out in ("state", "folder"):
    kept = [
        operation for operation in log[:first + 1]
        if not (operation.kind == "sync" and (
            operation.path.endswith(("state.safetensors", ".part")) and operation.path.count("/") == 2
            if left_out == "state" else operation.path == "checkpoints"))
    ]
    assert len(kept) < first + 1
    assert crashpoints.replay(kept, out / "scratch").failures, left_out
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_damage_to_a_checkpoint_is_found(tmp_path: Path) -> None:
    told = campaign("corruption", "--times", "600", "--seed", "7", "--out", str(tmp_path))
    assert "600 times damaged, 0 times not found" in told


def test_sigterm_saves_and_leaves(tmp_path: Path) -> None:
    told = campaign("sigterm", "--times", "10", "--commands", "1", "--seed", "7", "--out", str(tmp_path))
    forked, commands = re.findall(
        r"(\d+) signals, \d+ before it began, \d+ with something to save, slowest [\d.]+ s, 0 failures", told
    )
    assert (forked, commands) == ("10", "1")


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds its victims in /proc")
def test_the_death_of_one_process_ends_all_and_the_relaunch_is_exact(tmp_path: Path) -> None:
    told = campaign("rankkill", "--times", "3", "--restarts", "1", "--seed", "7", "--out", str(tmp_path))
    assert re.search(r"1 kills with restarts, slowest to the end of the run [\d.]+ s, 0 failures", told)
    assert re.search(r"3 kills, slowest end [\d.]+ s, 0 failures", told)


def test_a_full_disk_loses_nothing_and_is_told(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / "diskfull.py"), "--out", str(tmp_path)]
    if not can_mount(tmp_path):
        if shutil.which("unshare") is None or not can_mount(tmp_path, "unshare", "-rm"):
            pytest.skip("mounting a tmpfs takes root or user namespaces")
        command = ["unshare", "-rm", *command]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"state\.safetensors cannot be written: the disk is full .* MB are missing", done.stdout)
    assert "exit 2" in done.stdout
    assert "0 orphans, 0 differences once resumed with more room" in done.stdout


def can_mount(folder: Path, *prefix: str) -> bool:
    disk = folder / "try"
    disk.mkdir(exist_ok=True)
    script = f"mount -t tmpfs -o size=1m tmpfs {disk} && umount {disk}"
    return subprocess.run([*prefix, "sh", "-c", script], capture_output=True, check=False).returncode == 0
