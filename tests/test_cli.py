"""The command line as a user meets it: its commands, its mistakes, its exit codes."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixlate import __version__, cli, durable, images, modelfile


def pixlate(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "pixlate", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


class Called:
    """The command in this process: quicker, and as good for what is told before the work."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main([str(word) for word in words])
        told = self._capsys.readouterr()
        return int(left.value.code or 0), told.out, told.err


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Called:
    return Called(capsys)


def save(path: Path, height: int, width: int, channels: int = 3) -> Path:
    durable.write(path, images.encode_png(np.full((height, width, channels), 99, np.uint8)))
    return path


TINY = ["--width", 4, "--steps", 2, "--workers", 0, "--no-tensorboard"]


@pytest.fixture(scope="module")
def trained(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("cli") / "run"
    done = pixlate("train", drawn, "--direction", "BtoA", "--run", run, *TINY)
    assert done.returncode == 0, done.stderr
    assert "8 training, 3 validation and 2 test pairs" in done.stdout
    assert "mean target" in done.stdout
    return run


def test_help_and_version_load_no_torch(call: Called) -> None:
    for words in (["--help"], ["train", "--help"], ["translate", "--help"], ["--version"]):
        program = (
            f"import sys; from pixlate import cli\ntry: cli.main({words!r})\nfinally: assert 'torch' not in sys.modules"
        )
        subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)
    assert call("--version")[1].strip() == __version__


def test_commands_load_nothing_heavy_beside_torch(trained: Path, drawn: Path, tmp_path: Path) -> None:
    heavy = [
        "torch._dynamo",
        "sympy",
        "skimage",
        "scipy",
        "tensorboard",
    ]  # the first takes as long as all else of torch
    for words in (
        ["train", str(drawn), "--run", str(tmp_path / "run"), *map(str, TINY)],
        ["translate", str(trained / "model.safetensors"), str(drawn / "test"), "-o", str(tmp_path / "out")],
    ):
        program = f"""
import sys
from pixlate import cli
try:
    cli.main({words!r})
finally:
    print([name for name in {["torch", *heavy]!r} if name in sys.modules])
"""
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "['torch']"


def test_training_then_translating(trained: Path, drawn: Path, tmp_path: Path) -> None:
    model = trained / "model.safetensors"
    done = pixlate("translate", model, drawn / "test", "-o", tmp_path / "out", "--direction", "BtoA")
    assert done.returncode == 0, done.stderr
    assert "2 pictures translated" in done.stdout
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0000.png", "0001.png"]
    assert images.read(tmp_path / "out" / "0000.png").shape == (32, 32, 3)


def test_the_switches_reach_the_translator(trained: Path, tmp_path: Path, call: Called) -> None:
    model, photo = trained / "model.safetensors", save(tmp_path / "photo.png", 40, 40)
    made = []
    switches: list[list[Any]] = [
        [],
        ["--seed", 1],
        ["--no-dropout"],
        ["--statistics", "running"],
        ["--size", 24],
    ]
    for index, extra in enumerate(switches):
        out = tmp_path / str(index)
        assert call("translate", model, photo, "-o", out, *extra)[0] == 0
        made.append((out / "photo.png").read_bytes())
    assert len(set(made)) == len(made)


def test_the_same_command_resumes_and_a_changed_one_is_refused(trained: Path, drawn: Path, call: Called) -> None:
    command = ["train", drawn, "--direction", "BtoA", "--run", trained, *TINY]
    assert "resumed at step 2" in call(*command)[1]
    code, _out, err = call(*command, "--seed", 5)
    assert code == 2
    assert "seed is 0 there, 5 now" in err


def test_a_settings_file_speaks_for_flags_not_given(drawn: Path, tmp_path: Path, call: Called) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(f"data: {drawn}\ndirection: BtoA\nwidth: 4\nsteps: 2\nworkers: 0\nlambda-l1: 10\nlr: 1e-3\n")
    code, out, err = call("train", "--config", settings, "--steps", 1, "--run", tmp_path / "run", "--no-tensorboard")
    assert code == 0, err
    assert "step 1: held-out" in out
    card = modelfile.read_card(tmp_path / "run" / "model.safetensors")
    assert (card.step, card.generator.width, card.direction) == (1, 4, "BtoA")
    stored = (tmp_path / "run" / "config.yaml").read_text()
    assert "lambda_l1: 10.0" in stored
    assert "lr: 0.001" in stored


def test_the_card_is_shown(trained: Path, call: Called) -> None:
    code, out, _err = call("card", trained / "model.safetensors")
    assert code == 0
    assert "architecture: unet" in out
    assert "direction: BtoA" in out


def test_help_says_where_the_output_goes(call: Called) -> None:
    said = " ".join(call("translate", "--help")[1].split())
    assert "A picture in a given folder becomes OUT/PATH-IN-THAT-FOLDER, one given directly OUT/NAME" in said


@pytest.mark.skipif(os.name != "posix", reason="a pseudo-terminal is wanted")
@pytest.mark.parametrize("when", [b"decided:", b"images/s"])
def test_stopping_by_keyboard_says_so_and_leaves_the_terminal_as_it_was(
    drawn: Path, tmp_path: Path, when: bytes
) -> None:
    import pty

    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "pixlate", "train", str(drawn), "--run", str(tmp_path / "run"), "--width", "4"]
    flags = ["--workers", "0", "--no-tensorboard", "--validate-every", "100000"]
    plain = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80"}
    process = subprocess.Popen(
        [*command, *flags],
        stdout=follower,
        stderr=follower,
        stdin=follower,
        env=plain,
        # A shell lets its background jobs ignore the interrupt, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    os.close(follower)
    told = b""
    while when not in told:
        told += os.read(leader, 65536)
    process.send_signal(signal.SIGINT)
    try:
        while chunk := os.read(leader, 65536):
            told += chunk
    except OSError:  # Linux's way to say that the other side is closed
        pass
    os.close(leader)
    assert process.wait() == 130
    assert b"stopped" in told
    assert told.rindex(b"\x1b[?25h") > told.rindex(b"\x1b[?25l")  # the cursor is shown again
    assert b"Traceback" not in told
    live = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"\n", told).decode(errors="replace").splitlines()
    assert when == b"decided:" or any(
        "left" in line and "images/s" in line and len(line.strip()) <= 80 for line in live
    )


def test_facades_are_drawn(tmp_path: Path, call: Called) -> None:
    code, _out, err = call("data", "facades", tmp_path / "set", "--train", 2, "--val", 1, "--test", 0, "--size", 32)
    assert code == 0, err
    assert images.read(tmp_path / "set" / "train" / "0000.png").shape == (32, 64, 3)
    mistake(call("data", "facades", tmp_path / "set", "--train", 3, "--val", 1, "--size", 32), "name another")
    mistake(call("data", "facades", tmp_path / "none", "--train", -3), "-3 facades")
    mistake(call("data", "facades", tmp_path / "none", "--size", 8), "8")
    assert not (tmp_path / "none").exists()


def test_the_demo_leaves_a_gallery_and_translations(tmp_path: Path) -> None:
    done = pixlate("demo", tmp_path / "demo", "--size", 32, "--steps", 2, "--pictures", 4)
    assert done.returncode == 0, done.stderr
    assert "nearest source's target" in done.stdout
    assert (tmp_path / "demo" / "run" / "index.html").exists()
    assert len(list((tmp_path / "demo" / "translated").iterdir())) == 20


def mistake(told: tuple[int, str, str], *fragments: str) -> None:
    code, _out, err = told
    assert code == 2, err
    assert err.startswith("pixlate: ")
    assert "Traceback" not in err
    for fragment in fragments:
        assert fragment in err


def test_mistakes_in_the_data(tmp_path: Path, call: Called, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mistake(call("train", tmp_path / "nowhere"), "There is no folder", "nowhere")
    (tmp_path / "empty").mkdir()
    mistake(call("train", tmp_path / "empty"), "no training pairs")
    save(tmp_path / "a" / "1.png", 32, 32)
    save(tmp_path / "b" / "1.png", 32, 40)
    mistake(call("train", tmp_path / "a", tmp_path / "b"), "1 size mismatch", "32×32", "32×40", "--skip-bad")
    save(tmp_path / "odd" / "1.png", 32, 63)
    mistake(call("train", tmp_path / "odd"), "1 odd width")
    assert not (tmp_path / "runs").exists()


def test_one_unreadable_file_among_good_ones(tmp_path: Path, call: Called) -> None:
    for index in range(4):
        save(tmp_path / "set" / f"{index}.png", 32, 64)
    (tmp_path / "set" / "2.png").write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    command = ["train", tmp_path / "set", "--run", tmp_path / "run", *TINY]
    mistake(call(*command), "1 unreadable", "2.png")
    assert not (tmp_path / "run").exists()
    code, out, err = call(*command, "--skip-bad")
    assert code == 0, err
    assert "1 pictures left out" in out
    assert "2.png" in out


@pytest.mark.parametrize(
    ("words", "fragments"),
    [
        (["train", "--sise", "3"], ["--sise", "Did you mean --size"]),
        (["trian"], ["trian", "train"]),
        (["train", "x", "--objective", "cGAM"], ["cGAM", "cGAN"]),
        (["train", "x", "--steps", "many"], ["--steps", "many"]),
        (["translate", "m.safetensors"], ["INPUTS"]),
        (["translate", "m.safetensors", "x.png"], ["--out"]),
        (["translate", "m.safetensors", "x.png", "-o", "out"], ["There is no file m.safetensors"]),
    ],
)
def test_mistakes_in_the_words(words: list[str], fragments: list[str], call: Called) -> None:
    mistake(call(*words), *fragments)


def test_mistakes_in_a_settings_file(tmp_path: Path, call: Called) -> None:
    settings = tmp_path / "settings.yaml"
    for text, fragments in [
        ("objektive: L1", ["objektive", "Did you mean 'objective'"]),
        ("objective: cGAM", ["objective is 'cGAM'", "Did you mean 'cGAN'"]),
        ("steps: many", ["steps is 'many'"]),
        ("steps: [", ["cannot be read as YAML"]),
        ("just text", ["setting: value"]),
    ]:
        settings.write_text(text)
        mistake(call("train", "x", "--config", settings), "settings.yaml", *fragments)
    mistake(call("train", "x", "--config", tmp_path / "none.yaml"), "no settings file")


def test_paths_and_numbers_that_cannot_be(trained: Path, drawn: Path, tmp_path: Path, call: Called) -> None:
    mistake(call("train", "/dev/null"), "no folder or list")
    mistake(call("train", "x" * 300), "xxx")
    photo, long = save(tmp_path / "photo.png", 32, 32), "y" * 300
    mistake(call("translate", long, photo, "-o", tmp_path / "out"), "There is no file")
    mistake(call("translate", trained / "model.safetensors", long, "-o", tmp_path / "out"), "no file or folder")
    (tmp_path / "out" / "photo.png").mkdir(parents=True)
    mistake(call("translate", trained / "model.safetensors", photo, "-o", tmp_path / "out"), "cannot be written")
    mistake(call("train", drawn, "--size", "²"), "size is")


def test_a_seed_of_any_size_does(drawn: Path, tmp_path: Path, call: Called) -> None:
    code, _out, err = call("train", drawn, "--run", tmp_path / "run", *TINY, "--seed", 10**24)
    assert code == 0, err


def test_another_data_set_than_the_settings_files_brings_no_b_of_the_other(
    drawn: Path, tmp_path: Path, call: Called
) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("data: a\ndata_b: b\nwidth: 4\nsteps: 1\nworkers: 0\ntensorboard: false\n")
    code, _out, err = call("train", drawn, "--config", settings, "--run", tmp_path / "run")
    assert code == 0, err


def test_mistakes_in_translation(trained: Path, tmp_path: Path, call: Called) -> None:
    model, photo = trained / "model.safetensors", save(tmp_path / "photo.png", 32, 32)
    out = ["-o", tmp_path / "out"]
    mistake(call("translate", photo, photo, *out), "photo.png is not a pixlate file")
    (state,) = (trained / "checkpoints").glob("*/state.safetensors")
    mistake(call("translate", state, photo, *out), "checkpoint, not a model file")
    mistake(call("translate", model, tmp_path / "no.png", *out), "There is no file or folder")
    mistake(call("translate", model, photo, photo, *out), "would both become")
    mistake(call("translate", model, photo, "-o", photo), "is a file")
    mistake(call("translate", model, photo, *out, "--size", "huge"), "size is 'huge'")
    mistake(call("translate", model, photo, *out, "--batch-size", 0), "--batch-size is 0")
    mistake(call("translate", trained, photo, *out), "is a folder", "model.safetensors")
    assert not (tmp_path / "out").exists()


def test_the_wrong_number_of_channels_is_told(tmp_path: Path, call: Called) -> None:
    for index in range(3):
        save(tmp_path / "grey" / f"{index}.png", 32, 64, channels=1)
    assert call("train", tmp_path / "grey", "--run", tmp_path / "run", *TINY)[0] == 0
    photo = save(tmp_path / "photo.png", 32, 32)
    told = call("translate", tmp_path / "run" / "model.safetensors", photo, "-o", tmp_path / "out")
    mistake(told, "photo.png has 3 channels, the model takes 1")
    assert not (tmp_path / "out").exists()


def test_mistakes_before_the_work_load_no_torch(tmp_path: Path) -> None:
    for words in (["train", "nowhere"], ["translate", "no.safetensors", "x", "-o", "y"], ["train", "--sise"]):
        program = (
            f"import sys; from pixlate import cli\ntry: cli.main({words!r})\nfinally: assert 'torch' not in sys.modules"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert done.returncode == 2, done.stderr
        assert re.fullmatch(r"pixlate: [^\n]+\n", done.stderr)


def test_a_defect_of_ours_is_not_blamed_on_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(path: Path) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(modelfile, "read_card", broken)
    with pytest.raises(RuntimeError, match="a defect"):
        cli.main(["card", "m.safetensors"])


def test_what_stands_in_names_is_told_and_not_done(call: Called) -> None:
    code, _, err = call("train", "no\x1b[31mpictures\n\x07")
    assert code == 2
    assert err == "pixlate: There is no folder or list no\\x1b[31mpictures\n\\x07.\n"


def test_data_sets_are_listed_and_what_cannot_be_fetched_is_told(call: Called, tmp_path: Path) -> None:
    code, out, _ = call("data", "fetch")
    assert code == 0
    for words in ("facades", "8.0 GB", "horse ↔ zebra (cyclegan)", "non-commercial", "on request"):
        assert words in out
    for words, told in (
        (["colorization"], "Ask for ImageNet"),
        (["facadse"], "Did you mean 'facades'?"),
        (["facades", "--mirror", "file:///etc/passwd"], "no address to fetch from"),
        (["facades", "--from", "nowhere"], "no file or folder nowhere"),
        (["--from", "nowhere"], "Name the data set"),
    ):
        code, _, err = call("data", "fetch", "--out", tmp_path / "out", *words)
        assert (code, told in err) == (2, True), err


def test_the_papers_training_of_ones_own_pictures_is_accepted_by_train(
    call: Called, drawn: Path, tmp_path: Path
) -> None:
    code, out, _ = call("data", "fetch", "thermal", "--from", drawn, "--out", tmp_path)
    settings = tmp_path / "thermal" / "train.yaml"
    assert code == 0
    assert out.splitlines()[-1] == f"next: pixlate train --config {settings}"
    done = pixlate("train", "--config", settings, "--run", tmp_path / "run", "--size", 32, "--load-size", 32, *TINY)
    assert done.returncode == 0, done.stderr
    settings.write_text(settings.read_text().replace(str(drawn), "elsewhere") + "seed: 3\n")
    code, out, _ = call("data", "fetch", "thermal", "--out", tmp_path)
    assert out.splitlines()[-1] == f"next: pixlate train {drawn} --config {settings}"


def pairs(root: Path) -> Path:
    """Four pairs in two folders, no picture twice."""
    for place, side in enumerate("AB"):
        for number in range(4):
            pixels = np.random.default_rng(10 * place + number).integers(0, 256, (8, 8, 3)).astype(np.uint8)
            durable.write(root / side / f"{number}.png", images.encode_png(pixels))
    return root


def test_data_check_ends_with_0_where_training_would_not_refuse(tmp_path: Path, call: Called) -> None:
    root = pairs(tmp_path / "set")
    code, out, _ = call("data", "check", root)
    assert code == 0
    assert "0 errors, 0 warnings" in out
    assert out.endswith(f"next: pixlate train {root}\n")
    (root / "A" / "notes.txt").write_text("a note")
    code, out, _ = call("data", "check", root)
    assert code == 0
    assert "warning passed-over: 1" in out


def test_data_check_ends_with_1_where_it_would_and_with_2_where_it_was_asked_wrongly(
    tmp_path: Path, call: Called
) -> None:
    root = pairs(tmp_path / "set")
    (root / "A" / "3.png").write_bytes(b"")
    code, out, _ = call("data", "check", root, "--json", tmp_path / "found.json")
    assert code == 1
    assert "error empty: 1" in out
    assert json.loads((tmp_path / "found.json").read_text())["totals"] == {"empty": 1}
    code, out, err = call("data", "check", root, "--json", "-", "--fast", "--workers", 2)
    assert (code, err) == (1, "")
    assert json.loads(out)["decoded"] is False
    for words in (
        [tmp_path / "nowhere"],
        [root, "--method", "none"],
        [root, "--workers", 0],
        [root, "--json", "--fast"],
    ):
        code, out, err = call("data", "check", *words)
        assert (code, out) == (2, "")
        assert err.startswith("pixlate: ")


def test_data_check_takes_the_flags_that_decide_what_a_defect_is(tmp_path: Path, call: Called) -> None:
    root = pairs(tmp_path / "set")
    save(root / "A" / "3.png", 8, 8, 4)
    assert call("data", "check", root)[0] == 1
    assert call("data", "check", root, "--source-alpha", "flatten")[0] == 0
    (root / "A" / "2.png").unlink()
    flags = ["--source-alpha", "flatten"]
    assert call("data", "check", root / "A", root / "B", *flags)[0] == 1
    code, out, _ = call("data", "check", root / "A", root / "B", *flags, "--method", "cut")
    assert code == 0
    assert out.rstrip().endswith("--source-alpha flatten --method cut")


def test_data_check_loads_no_torch(tmp_path: Path) -> None:
    words = ["data", "check", str(pairs(tmp_path))]
    program = (
        f"import sys; from pixlate import cli\ntry: cli.main({words!r})\nfinally: assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)


def test_data_check_may_be_cut_short_by_its_reader(tmp_path: Path) -> None:
    root = pairs(tmp_path)
    for number in range(3000):
        (root / "A" / f"a note that is passed over {number}.txt").touch()
    words = [sys.executable, "-m", "pixlate", "data", "check", str(root), "--all"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as done:
        assert done.stdout is not None
        assert done.stderr is not None
        done.stdout.readline()
        done.stdout.close()
        assert done.stderr.read() == b""
    assert done.returncode == 0
