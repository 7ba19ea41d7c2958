"""The house: imports go down, rooms on one floor are strangers, every outside library has one owner."""

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "pixlate"

FLOORS: list[tuple[str, ...]] = [
    ("errors", "version"),
    ("draws", "durable", "lock", "specs"),
    ("images", "archives", "tensorfile", "networks", "losses", "metrics", "processes", "recipes"),
    ("data", "devices", "checkpoint", "modelfile", "foreign", "graphs"),
    ("methods",),
    ("training", "translation", "evaluation", "exchange"),
    ("reproduction",),
    ("cli",),
    ("__init__", "__main__"),
]
OWNERS = {
    "PIL": {"images"},
    "imagecodecs": {"images"},
    "tifffile": {"images"},
    "safetensors": {"tensorfile"},
    "yaml": {"specs"},
    "cyclopts": {"cli"},
    "rich": {"training", "cli"},
    "tensorboard": {"training"},
    "urllib": {"data"},
    "zipfile": {"archives", "foreign", "images"},
    "tarfile": {"data"},
    "importlib": {"recipes"},
    "pickle": {"foreign"},
    "scipy": {"recipes"},
    "skimage": {"recipes"},
    "onnx": {"graphs"},
    "onnxruntime": {"translation"},
    "openvino": {"translation"},
    "torchvision": set(),
}
TORCH_FREE = {
    "errors",
    "version",
    "draws",
    "durable",
    "lock",
    "specs",
    "images",
    "archives",
    "recipes",
    "cli",
    "__init__",
    "__main__",
}
NO_ROOM = {"util", "utils", "common", "helper", "helpers", "misc", "base", "manager"}
LONGEST = 300
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def room_of(path: Path, source: Path) -> str:
    return path.relative_to(source).with_suffix("").parts[0]


def imports(tree: ast.Module) -> Iterator[str]:
    """Every module imported anywhere in the file, inside functions and for types too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield from (f"{module}.{alias.name}" for alias in node.names)


def imported_on_load(tree: ast.Module) -> set[str]:
    """Outside libraries that importing the file imports."""
    top = ast.Module([node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], [])
    return {name.split(".")[0] for name in imports(top)}


def complaints(source: Path) -> list[str]:
    found = []
    for path in sorted(source.rglob("*.py")):
        room, where = room_of(path, source), path.relative_to(source).as_posix()
        text = path.read_text()
        tree = ast.parse(text)
        if room not in FLOOR_OF:
            found.append(f"{where} stands on no floor")
            continue
        if NO_ROOM & set(path.relative_to(source).with_suffix("").parts):
            found.append(f"{where} has a name without a theme")
        if len(text.splitlines()) > LONGEST:
            found.append(f"{where} is longer than {LONGEST} lines")
        if room in TORCH_FREE and "torch" in imported_on_load(tree):
            found.append(f"{where} imports torch when it is loaded")
        found += [f"{where}: {why}" for name in imports(tree) if (why := judge(room, name))]
    return found


def judge(room: str, name: str) -> str | None:
    library, *inside = name.split(".")
    if library != "pixlate":
        allowed = OWNERS.get(library)
        return None if allowed is None or room in allowed else f"has no business with {library}"
    other = inside[0] if inside and inside[0] in FLOOR_OF else None
    if other is None:
        return None if inside and inside[0] == "__version__" else f"imports {name}, which is on no floor"
    if other == room or FLOOR_OF[other] < FLOOR_OF[room]:
        return None
    return f"climbs to {other}" if FLOOR_OF[other] > FLOOR_OF[room] else f"knows its neighbour {other}"


def test_the_house_stands() -> None:
    assert complaints(SOURCE) == []


@pytest.mark.parametrize(
    ("file", "line", "complaint"),
    [
        ("networks/unet.py", "from pixlate.training.loop import run", "networks/unet.py: climbs to training"),
        ("images.py", "def f():\n    from pixlate import cli", "images.py: climbs to cli"),
        (
            "training/loop.py",
            "from pixlate.translation import jobs",
            "training/loop.py: knows its neighbour translation",
        ),
        ("training/loop.py", "import PIL.Image", "training/loop.py: has no business with PIL"),
        ("methods/pix2pix.py", "import importlib", "methods/pix2pix.py: has no business with importlib"),
        ("specs/data.py", "import torch", "specs/data.py imports torch when it is loaded"),
        ("data/utils.py", "", "data/utils.py has a name without a theme"),
        ("attic.py", "", "attic.py stands on no floor"),
        ("losses.py", "\n" * 300, "losses.py is longer than 300 lines"),
    ],
)
def test_a_planted_fault_is_found(tmp_path: Path, file: str, line: str, complaint: str) -> None:
    copy = tmp_path / "pixlate"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    planted = copy / file
    planted.write_text((planted.read_text() if planted.exists() else "") + "\n" + line + "\n")
    assert complaints(copy) == [complaint]


def test_four_hops_lead_from_the_command_to_the_step() -> None:
    """cli.train → training.train → training.loop.run → capture.stepper → Pix2Pix.step, each a call one can follow."""
    hops = [
        ("cli/training.py", "train", "training.train(TrainConfig("),
        ("training/__init__.py", "train", "return run(planned, stop)"),
        ("training/loop.py", "run", "capture.stepper(method"),
        ("training/capture.py", "stepper", "method.step("),
        ("methods/pix2pix.py", "step", "self._step_at_once("),
        ("methods/pix2pix.py", "_step_at_once", "self._both_gradients("),
    ]
    for file, function, call in hops:
        tree = ast.parse((SOURCE / file).read_text())
        (body,) = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == function]
        assert call in ast.unparse(body), f"{file}: {function} no longer calls {call}"
