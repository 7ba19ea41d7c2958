"""Pictures kept on the device: the loader's batches to the bit, and the loader where they cannot be kept."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pixlate import images, train
from pixlate.data import resident
from pixlate.data.augment import Preparation
from pixlate.data.caching import Cache
from pixlate.data.dividing import Examples
from pixlate.data.finding import PictureFile
from pixlate.data.keeping import Keep
from pixlate.data.loading import Batch, Stream, batches
from pixlate.errors import PictureError
from pixlate.images import Picture
from pixlate.specs.data import DataConfig
from pixlate.specs.networks import NetworksConfig
from pixlate.specs.pictures import Kind, Sides
from pixlate.specs.training import LoopConfig, TrainConfig

CPU = torch.device("cpu")
PREPARATION = Preparation(8, 8, 10, 10, fit="stretch", mirror=True, resample="bilinear")
COLOURS = ((0, 0, 0), (255, 0, 0), (0, 0, 255))
KINDS = {
    "colour": Kind(3),
    "grey": Kind(1),
    "uint16": Kind(1, "uint16", (0.0,), (65535.0,)),
    "a range": Kind(1, "uint16", (100.0,), (4000.0,)),
    "floats": Kind(2, "float32", (-3.0, 0.0), (5.0, 0.7)),
    "classes": Kind(3, space="classes", classes=COLOURS, ignored=((9, 9, 9),)),
    "levels": Kind(1, space="classes", classes=((0,), (1,), (2,))),
}


def picture_of(kind: Kind, seed: int, size: tuple[int, int]) -> Picture:
    drawn = np.random.default_rng(seed)
    if kind.space == "classes":
        colours = np.array((*kind.classes, (kind.ignored or kind.classes)[0]), np.uint8)
        return colours[drawn.integers(0, len(colours), size)]
    if kind.number == "float32":
        return drawn.normal(0, 3, (*size, kind.channels)).astype(np.float32)
    return drawn.integers(0, np.iinfo(kind.number).max + 1, (*size, kind.channels)).astype(kind.number)


def files_of(
    folder: Path, kind: Kind, count: int, size: tuple[int, int] = (13, 11), grow: int = 0
) -> list[PictureFile]:
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for index in range(count):
        path = folder / f"{index}{'.tif' if kind.number == 'float32' else '.png'}"
        picture = picture_of(kind, index, (size[0] + grow * index, size[1] + grow * (index % 3)))
        path.write_bytes(images.encode(picture, path.suffix))
        files.append(PictureFile(f"{folder.name}/{index}", path))
    return files


def stream_of(folder: Path, sides: Sides, *, paired: bool = True, count: int = 5, **how: Any) -> Stream:
    preparation = how.pop("preparation", PREPARATION)
    grow = how.pop("grow", 0)
    sources = files_of(folder / "a", sides.source, count, grow=grow)
    targets = files_of(folder / "b", sides.target, count if paired else count + 2, grow=grow)
    return Stream(Examples(sources, targets, paired), sides, preparation, 3, **how)


def kept(stream: Stream, device: torch.device = CPU) -> resident.Resident:
    made = resident.Resident(stream, device)
    assert made.read(1 << 30, 2) is None
    return made


def same(one: Batch, other: Batch) -> bool:
    return one.names == other.names and all(
        ours.dtype == theirs.dtype == torch.float32 and torch.equal(ours, theirs)
        for ours, theirs in ((one.source, other.source), (one.target, other.target))
    )


def agree(stream: Stream, **how: Any) -> None:
    how = {"start": 0, "steps": 12, "batch": 2, **how}
    wanted = list(batches(stream, workers=0, **how))
    found = list(kept(stream).batches(**how))
    assert len(found) == len(wanted)
    for ours, theirs in zip(found, wanted, strict=True):
        assert all(same(one, other) for one, other in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_picture_is_as_the_loader_gives_it(tmp_path: Path, name: str, paired: bool) -> None:
    agree(stream_of(tmp_path, Sides(KINDS[name], KINDS["colour"]), paired=paired))


@pytest.mark.parametrize(
    "how",
    [
        {"start": 7},
        {"accumulate": 3},
        {"rank": 1, "world": 2, "accumulate": 2},
        {"batch": 1, "steps": 3},
    ],
    ids=str,
)
def test_every_place_of_the_stream_is(tmp_path: Path, how: dict[str, Any]) -> None:
    agree(stream_of(tmp_path, Sides(KINDS["colour"], KINDS["grey"])), **how)


@pytest.mark.parametrize(
    "change", [{"mirror": False}, {"resample": "bicubic"}, {"fit": "width"}, {"fit": "crop"}], ids=str
)
def test_every_preparation_is(tmp_path: Path, change: dict[str, Any]) -> None:
    """Pictures of differing size too, some of which have to be enlarged."""
    wide = Preparation(16, 12, 18, 14, fit="stretch", mirror=True, resample="bilinear")
    agree(stream_of(tmp_path, Sides(KINDS["colour"], KINDS["uint16"]), preparation=replace(wide, **change), grow=2))


def test_halves_of_one_file_are(drawn: Path) -> None:
    files = sorted((drawn / "train").iterdir())
    sources, targets = ([PictureFile(path.name, path, half) for path in files] for half in ("left", "right"))
    agree(Stream(Examples(sources, targets), Sides(Kind(3), Kind(3)), PREPARATION, 3))


def test_pictures_take_what_was_foreseen(tmp_path: Path) -> None:
    for name, kind in KINDS.items():
        stream = stream_of(tmp_path / name, Sides(kind, KINDS["colour"]))
        made = kept(stream)
        needed = made.nbytes
        assert resident.obstacle(stream, 100, needed) is None
        assert "quarter of the memory" in str(resident.obstacle(stream, 100, needed - 1))
        assert "quarter of the memory" in str(resident.Resident(stream, CPU).read(needed - 1, 1))


def test_what_cannot_be_kept_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sides = Sides(KINDS["colour"], KINDS["colour"])
    stream = stream_of(tmp_path, sides)
    lab = Sides(Kind(3, space="lightness"), Kind(3, space="ab"))
    with Cache(Keep.in_memory(10, 1 << 20)) as cache:
        for why, each, to_come in (
            ("fewer are still to come", stream, 4),
            ("others stand in", stream_of(tmp_path, sides, skip_bad=True), 100),
            ("--cache", stream_of(tmp_path, sides, cache=cache), 100),
            ("Lab", stream_of(tmp_path, lab), 100),
        ):
            assert why in str(resident.obstacle(each, to_come, 1 << 30))
    told: list[str] = []
    assert resident.kept(stream, 100, CPU, 1, told.append) is None
    assert told == []
    monkeypatch.setattr(resident, "budget", lambda _device: 1 << 30)
    assert resident.kept(stream, 100, CPU, 1, told.append) is not None
    assert resident.kept(stream, 4, CPU, 1, told.append) is None
    assert told[0].startswith("pictures are kept on the device")
    assert told[1].endswith("not kept on the device: fewer are still to come than there are")


def test_numbers_of_two_kinds_on_one_side_are_left_to_the_loader(tmp_path: Path) -> None:
    stream = stream_of(tmp_path, Sides(KINDS["colour"], KINDS["grey"]))
    deep = stream.examples.targets[1].path
    Path(str(deep)).write_bytes(images.encode(picture_of(KINDS["uint16"], 0, (13, 11)), ".png"))
    assert resident.Resident(stream, CPU).read(1 << 30, 2) == "they are of several kinds of number"


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    stream = stream_of(tmp_path, Sides(KINDS["colour"], KINDS["grey"]))
    Path(str(stream.examples.sources[3].path)).write_bytes(b"no picture")
    with pytest.raises(PictureError, match=r"3\.png"):
        kept(stream)


def test_a_run_with_them_is_the_run(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def model(run: str) -> bytes:
        loop = LoopConfig(run=str(tmp_path / run), steps=9, validate_every=9, workers=0, samples=1, tensorboard=False)
        config = TrainConfig(DataConfig(str(drawn)), loop=loop, networks=NetworksConfig(width=4))
        return (train(config) / "model.safetensors").read_bytes()

    plain = model("plain")
    assert "on the device" not in capsys.readouterr().out
    monkeypatch.setattr(resident, "budget", lambda _device: 1 << 30)
    assert model("kept") == plain
    assert "pictures are kept on the device" in capsys.readouterr().out
