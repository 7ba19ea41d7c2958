"""What runs the network changes speed, and no more than the last bits of a picture."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cards import card_of

from pixlate import Translator, cli, durable, images, modelfile
from pixlate.errors import ConfigError
from pixlate.images import Picture
from pixlate.networks.building import build_generator
from pixlate.specs.card import Translation
from pixlate.specs.networks import GeneratorSpec
from pixlate.translation import memory
from pixlate.translation.backends.torch import TorchBackend
from pixlate.translation.jobs import find_jobs
from pixlate.translation.translating import translate

LIBRARIES = {"onnx": "onnxruntime", "openvino": "openvino"}
UNET = GeneratorSpec(depth=5, width=8, dropout=(1, 2, 3))
RESNET = GeneratorSpec("resnet", depth=2, width=16, dropout=(), blocks=2, norm="instance")


@pytest.fixture(params=LIBRARIES)
def backend(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    needs(LIBRARIES[name])
    return name


def needs(*libraries: str) -> None:
    """Skip where one is not installed. They are not imported for that: see the test of what they tell to whom."""
    for library in libraries:
        if importlib.util.find_spec(library) is None and not os.environ.get("CI"):  # there all are to be installed
            pytest.skip(f"{library} is not installed")


def save_model(path: Path, spec: GeneratorSpec) -> Path:
    card = card_of(spec, translation=Translation(dropout=bool(spec.dropout)))
    modelfile.write(path, build_generator(spec, seed=3, gain=0.1), card)
    return path


def picture(height: int = 61, width: int = 83, seed: int = 1) -> Picture:
    return np.random.Generator(np.random.PCG64(seed)).integers(0, 256, (height, width, 3), dtype=np.uint8)


def written(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir()}


@pytest.mark.parametrize("spec", [UNET, RESNET], ids=str)
@pytest.mark.parametrize("statistics", ["batch", "running"])
def test_all_give_the_same_picture(tmp_path: Path, backend: Any, spec: GeneratorSpec, statistics: Any) -> None:
    model = save_model(tmp_path / "model.safetensors", spec)
    ours = Translator(model, backend="torch", statistics=statistics, seed=7)(picture(), name="a.png")
    translator = Translator(model, backend=backend, statistics=statistics, seed=7)
    assert translator.backend == backend
    difference = np.abs(translator(picture(), name="a.png").astype(int) - ours)
    assert ours.std() > 10  # not flat, so a difference would tell
    assert difference.max() <= 1
    assert (difference > 0).mean() < 2e-3
    if spec.dropout:
        assert not np.array_equal(translator(picture(), name="b.png"), ours)


@pytest.mark.parametrize("spec", [UNET, RESNET], ids=str)
def test_bytes_depend_on_no_neighbour_size_order_or_batch(tmp_path: Path, backend: Any, spec: GeneratorSpec) -> None:
    model = save_model(tmp_path / "model.safetensors", spec)
    for seed, size in enumerate([(40, 56), (23, 90), (40, 56), (64, 64), (5, 7)]):
        durable.write(tmp_path / "in" / f"{seed}.png", images.encode_png(picture(*size, seed=seed)))
    translator = Translator(model, backend=backend)
    list(translate(translator, find_jobs(translator.card, [tmp_path / "in"], tmp_path / "all"), batch_size=3))
    together = written(tmp_path / "all")
    for name in sorted(together, reverse=True):
        alone = Translator(model, backend=backend)
        out = tmp_path / f"out-{name}"
        list(translate(alone, find_jobs(alone.card, [tmp_path / "in" / name], out), batch_size=1))
        assert written(out) == {name: together[name]}


@pytest.mark.parametrize(("size", "own"), [((19, 64), False), ((20, 64), True), ((2, 2), False)])
def test_too_small_a_picture_for_a_resnet_is_left_to_torch(
    tmp_path: Path, backend: Any, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], *, own: bool
) -> None:
    taken = watched(monkeypatch)
    translator = Translator(save_model(tmp_path / "model.safetensors", RESNET), backend=backend)
    assert translator(picture(*size)).shape == (*size, 3)
    assert bool(taken) != own


def test_too_large_a_picture_is_left_to_torch(tmp_path: Path, backend: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = watched(monkeypatch)
    translator = Translator(save_model(tmp_path / "model.safetensors", UNET), backend=backend)
    monkeypatch.setattr(translator._backend, "most", 61 * 83)
    translator(picture())
    assert not taken
    translator(picture(62, 83))
    assert len(taken) == 1


def watched(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The pictures that torch translates from now on."""
    taken: list[object] = []
    run = TorchBackend.__call__

    def watching(self: TorchBackend, source: Any, noise: Any) -> Any:
        taken.append(source.shape)
        return run(self, source, noise)

    monkeypatch.setattr(TorchBackend, "__call__", watching)
    return taken


def absent(monkeypatch: pytest.MonkeyPatch, *libraries: str) -> None:
    """As if these were not installed."""
    for library in libraries:
        monkeypatch.setitem(sys.modules, library, None)
    for name in LIBRARIES:
        monkeypatch.delitem(sys.modules, f"pixlate.translation.backends.{name}", raising=False)


def test_the_fastest_that_is_installed_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("onnxruntime", "openvino")
    model = save_model(tmp_path / "model.safetensors", UNET)
    assert Translator(model).backend == "openvino"
    absent(monkeypatch, "openvino")
    assert Translator(model).backend == "onnx"
    absent(monkeypatch, "onnxruntime")
    assert Translator(model).backend == "torch"


def test_little_memory_is_left_to_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("openvino")
    model = save_model(tmp_path / "model.safetensors", UNET)
    monkeypatch.setattr(memory, "resident", lambda: 10**9)
    assert Translator(model, memory=5 * 10**9).backend == "openvino"
    assert Translator(model, memory=10**9 + 500 * 10**6).backend == "torch"
    assert Translator(model, memory=10**9 + 500 * 10**6, backend="openvino").backend == "openvino"


@pytest.mark.parametrize("name", LIBRARIES)
def test_what_is_not_installed_is_told_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    absent(monkeypatch, LIBRARIES[name])
    model = save_model(tmp_path / "model.safetensors", UNET)
    durable.write(tmp_path / "a.png", images.encode_png(picture()))
    words = ["translate", str(model), str(tmp_path / "a.png"), "-o", str(tmp_path / "out"), "--backend", name]
    monkeypatch.setattr(sys, "argv", ["pixlate", *words])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    assert f"pip install onnx {LIBRARIES[name]}" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


def test_nobody_is_told_what_is_used(tmp_path: Path, backend: str) -> None:
    """Both libraries speak to the web when they are imported, and leave a number for this user in his home."""
    model = save_model(tmp_path / "model.safetensors", UNET)
    home = tmp_path / "home"
    home.mkdir()
    told = {"CI", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}
    environment = {name: value for name, value in os.environ.items() if name not in told} | {"HOME": str(home)}
    program = (
        f"import sys, pixlate; print(pixlate.Translator({str(model)!r}, backend={backend!r}).backend, *sys.modules)"
    )
    words = [sys.executable, "-c", program]
    apart: dict[str, Any] = {"start_new_session": True, "stdin": subprocess.DEVNULL}
    found = subprocess.run(words, env=environment, capture_output=True, text=True, check=True, **apart).stdout.split()
    assert found[0] == backend
    assert not [name for name in found if name.startswith("openvino_telemetry.")]
    assert not list(home.rglob("*"))


@pytest.mark.skipif(os.name != "posix", reason="these signals are POSIX's")
def test_a_signal_is_heard_after_translators_have_gone(tmp_path: Path, backend: str) -> None:
    model = save_model(tmp_path / "model.safetensors", UNET)
    program = f"""
import os, signal, numpy, pixlate

def translator():
    made = pixlate.Translator({str(model)!r}, backend={backend!r})
    made(numpy.zeros((40, 40, 3), numpy.uint8))
    return made

first, second = translator(), translator()
del first
del second
signal.signal(signal.SIGUSR1, lambda *_: print("heard"))
os.kill(os.getpid(), signal.SIGUSR1)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "heard\n"


def test_there_is_no_other_backend(tmp_path: Path) -> None:
    model = save_model(tmp_path / "model.safetensors", UNET)
    with pytest.raises(ConfigError, match="Did you mean 'openvino'"):
        Translator(model, backend="openvin")  # type: ignore[arg-type]
