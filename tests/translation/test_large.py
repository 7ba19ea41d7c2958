"""Pictures that need more memory than there may be: the same bytes, clear refusals, nothing left behind."""

import os
import subprocess
import sys
import tempfile
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cards import card_of

from pixlate import Translator, durable, images, modelfile
from pixlate.errors import ConfigError, WriteError
from pixlate.images import Picture
from pixlate.networks.banded import walking
from pixlate.networks.building import build_generator
from pixlate.specs.memory import format_memory, parse_memory
from pixlate.specs.networks import GeneratorSpec
from pixlate.specs.pictures import Kind
from pixlate.translation import memory
from pixlate.translation.jobs import find_jobs
from pixlate.translation.memory import Shares
from pixlate.translation.translating import translate

UNET = GeneratorSpec(depth=5, width=8, dropout=(1, 2, 3), z_channels=1)
RESNET = GeneratorSpec("resnet", depth=2, width=8, dropout=(), blocks=2, norm="instance", in_channels=1)


def save_model(path: Path, spec: GeneratorSpec, *sides: Kind) -> Path:
    card = card_of(spec, source=sides[0] if sides else None, target=sides[1] if sides else None)
    modelfile.write(path, build_generator(spec, seed=3, gain=0.1), card)
    return path


def picture(height: int = 181, width: int = 203, channels: int = 3) -> Picture:
    return np.random.Generator(np.random.PCG64(1)).integers(0, 256, (height, width, channels), dtype=np.uint8)


def apart(one: Picture, other: Picture) -> tuple[int, float]:
    """The greatest difference in levels, and the share of values that differ."""
    difference = np.abs(one.astype(int) - other.astype(int))
    return int(difference.max()), float((difference > 0).mean())


@pytest.fixture
def bands(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if each picture were too large, with most of its maps on disk."""
    monkeypatch.setattr(memory, "shares", lambda *_, **__: Shares(band=500_000, kept=100_000))


@pytest.mark.parametrize("spec", [UNET, RESNET], ids=str)
@pytest.mark.usefixtures("bands")
def test_a_picture_in_bands_is_the_picture_translated_whole(
    spec: GeneratorSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = save_model(tmp_path / "model.safetensors", spec)
    source = picture(channels=spec.in_channels)
    in_bands = Translator(model, backend="torch")(source, name="a.png")
    monkeypatch.setattr(memory, "shares", lambda *_, **__: None)
    whole = Translator(model, backend="torch")(source, name="a.png")
    assert whole.std() > 10  # not flat, so a difference would tell
    most, share = apart(in_bands, whole)
    assert most <= 1
    assert share < 1e-4


@pytest.mark.usefixtures("bands")
def test_grey_becomes_rgb_band_by_band(tmp_path: Path) -> None:
    translator = Translator(save_model(tmp_path / "model.safetensors", UNET))
    grey = picture(channels=1)
    assert np.array_equal(translator(grey), translator(np.repeat(grey, 3, axis=-1)))


def test_memory_decides_between_whole_and_bands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []

    def watched(*given: object, kept: int, **more: object) -> None:
        taken.append(kept)

    monkeypatch.setattr(walking, "translate", watched)
    model, spec = save_model(tmp_path / "model.safetensors", UNET), UNET
    needed = memory.whole(spec, (181, 203))
    # What the process holds, and what torch and the output take besides, is not the picture's.
    monkeypatch.setattr(memory, "resident", lambda: 10**9)
    besides = 10**9 + memory._LIBRARIES + 2 * picture().nbytes
    Translator(model, backend="torch", memory=besides + needed + 10**6)(picture())
    assert not taken
    Translator(model, backend="torch", memory=besides + needed // 2)(picture())
    assert len(taken) == 1
    monkeypatch.setattr(memory, "free", lambda: 2 * (besides - 10**9 + needed // 2))
    Translator(model, backend="torch")(picture())
    assert len(taken) == 2


def test_the_systems_figures_are_read() -> None:
    before = memory.resident()
    held = np.ones(10**8, np.uint8)
    assert memory.resident() - before > 0.9 * held.nbytes or not Path("/proc/self/statm").exists()
    assert 0 < memory.free() < 10**14


def run(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pixlate", "translate", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, check=False)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc")
def test_the_command_keeps_to_its_memory(tmp_path: Path) -> None:
    """A picture that whole takes 650 MB, within 700 for all."""
    program = (
        "import sys; from pixlate.cli import main\n"
        "try: main()\n"
        "finally: print(next(line for line in open('/proc/self/status') if 'VmHWM' in line), file=sys.stderr)"
    )
    spec = GeneratorSpec(depth=5, width=32, dropout=(1,))
    model = save_model(tmp_path / "model.safetensors", spec)
    assert memory.whole(spec, (1600, 1600)) > 650e6
    durable.write(tmp_path / "in" / "a.png", images.encode_png(picture(1600, 1600)))
    peaks = {}
    for name, more in {"whole": ["--memory", "8GB"], "bands": ["--memory", "700MB"]}.items():
        words = [sys.executable, "-c", program, "translate", model, tmp_path / "in", "-o", tmp_path / name, *more]
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=True)
        peaks[name] = int(done.stderr.split()[-2]) * 1024  # getrusage would count the parent's from before its exec
    assert peaks["bands"] < 700e6 < peaks["whole"]
    most, share = apart(images.read(tmp_path / "bands" / "a.png"), images.read(tmp_path / "whole" / "a.png"))
    assert most <= 1
    assert share < 1e-4


def test_too_little_memory_is_refused_before_any_work(tmp_path: Path) -> None:
    model = save_model(tmp_path / "model.safetensors", UNET)
    durable.write(tmp_path / "a.png", images.encode_png(picture()))
    done = run(model, tmp_path / "a.png", "-o", tmp_path / "out", "--memory", "100MB")
    assert done.returncode == 2
    assert "203×181 needs" in done.stderr.replace("\n", " ")
    assert "more memory than the 100 MB given" in done.stderr.replace("\n", " ")
    assert not (tmp_path / "out").exists()


def test_too_little_disk_is_refused_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(memory.shutil, "disk_usage", lambda _: usage(1, 1, 10**6))
    monkeypatch.setattr(memory, "resident", lambda: 0)
    translator = Translator(save_model(tmp_path / "model.safetensors", UNET), memory=memory._LIBRARIES + 21 * 10**6)
    with pytest.raises(WriteError, match=r"1000×1000 needs \d+ MB of temporary files .* has 1 MB free.*TMPDIR"):
        translator(picture(1000, 1000))


@pytest.mark.usefixtures("bands")
def test_no_temporary_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    translator = Translator(save_model(tmp_path / "model.safetensors", UNET))
    seen = []
    from_float = images.from_float

    def interrupted(*values: object) -> Picture:
        seen.append(list((tmp_path / "tmp").iterdir()))
        if len(seen) == 3:
            raise KeyboardInterrupt
        return from_float(*values)  # type: ignore[arg-type]

    monkeypatch.setattr(images, "from_float", interrupted)
    with pytest.raises(KeyboardInterrupt):
        translator(picture())
    assert len(seen) == 3
    assert not any(seen)  # they never have a name: not even SIGKILL leaves one
    assert not list((tmp_path / "tmp").iterdir())


def test_large_pictures_are_not_read_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pixlate.translation import translating

    held, most = 0, 0
    read, write = translating._read, translating._write

    def reading(*given: object) -> object:
        nonlocal held, most
        held += 1
        most = max(most, held)
        return read(*given)  # type: ignore[arg-type]

    def writing(*given: object) -> None:
        nonlocal held
        write(*given)  # type: ignore[arg-type]
        held -= 1

    monkeypatch.setattr(translating, "_read", reading)
    monkeypatch.setattr(translating, "_write", writing)
    translator = Translator(save_model(tmp_path / "model.safetensors", UNET))
    for name in "abcd":
        durable.write(tmp_path / "in" / f"{name}.png", images.encode_png(picture(20, 20)))
    for large, expected in [(2**24, 4), (100, 1)]:
        monkeypatch.setattr(translating, "_LARGE", large)
        held, most = 0, 0
        list(translate(translator, find_jobs(translator.card, [tmp_path / "in"], tmp_path / "out")))
        assert most == expected


@pytest.mark.parametrize(
    ("text", "amount"),
    [("4GB", 4 * 10**9), ("4 gb", 4 * 10**9), ("1GiB", 2**30), ("0.5MB", 500_000), ("800kb", 800_000)],
)
def test_amounts_of_memory(text: str, amount: int) -> None:
    assert parse_memory(text) == amount


@pytest.mark.parametrize("text", ["", "4", "4 G", "GB", "-1GB", "0GB", "1e9GB", "4GBB", "٤GB", "nanGB"])
def test_other_words_are_no_amounts_of_memory(text: str) -> None:
    with pytest.raises(ConfigError, match="such as 4GB"):
        parse_memory(text, "--memory")


def test_amounts_are_told_in_words() -> None:
    assert [format_memory(amount) for amount in (3_240_000_000, 540_400_000, 3)] == ["3.2 GB", "540 MB", "1 MB"]


@pytest.mark.usefixtures("bands")
@pytest.mark.parametrize("recipe", ["lab", "classes", "floats"])
def test_bands_are_of_the_kind_of_the_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: str) -> None:
    kinds = {
        "lab": (Kind(space="lightness"), Kind(space="ab")),
        "classes": (Kind(), Kind(space="classes", classes=((0, 0, 0), (255, 0, 0), (0, 0, 255)))),
        "floats": (Kind(1, "uint16", (0.0,), (65535.0,)), Kind(5, "float32", (-1.0,), (7.0,))),
    }
    source, target = kinds[recipe]
    spec = replace(UNET, in_channels=source.planes, out_channels=target.planes)
    model = save_model(tmp_path / "model.safetensors", spec, source, target)
    given = picture() if source.channels == 3 else picture()[..., :1].astype(np.uint16) * np.uint16(257)
    translator = Translator(model)
    in_bands = translator(given)
    assert (in_bands.dtype, in_bands.shape) == (np.dtype(target.number), (*given.shape[:2], target.channels))
    monkeypatch.setattr(memory, "shares", lambda *_, **__: None)
    whole = translator(given)
    differ = np.abs(in_bands.astype(np.float64) - whole) > (1 if target.number == "uint8" else 1e-4)
    assert differ.mean() < 1e-3
