"""Pictures of every kind, learned from and translated: what comes out is of the kind that the targets were."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from pixlate import cli, durable, images, modelfile, train
from pixlate.errors import DataError
from pixlate.images import Picture
from pixlate.specs.data import DataConfig
from pixlate.specs.methods.pix2pix import Pix2PixConfig
from pixlate.specs.networks import NetworksConfig
from pixlate.specs.pictures import Kind
from pixlate.specs.training import LoopConfig, TrainConfig

PLACE = [(33550, 12, 3, (10.0, 20.0, 0.0), True), (33922, 12, 6, (0.0, 0.0, 0.0, 5e5, 46e5, 0.0), True)]


def drawn(seed: int, channels: int, dtype: Any, most: float) -> Picture:
    """24×32 pixels in smooth waves, so that little is learned of noise."""
    y, x = np.mgrid[:24, :32]
    waves = [np.sin((x * (c + 1) + y + seed * 3) / 6) for c in range(channels)]
    return ((np.stack(waves, -1) + 1) / 2 * most).astype(dtype)


def lay(folder: Path, channels: int, dtype: Any, most: float, ending: str = ".tif", **how: Any) -> Path:
    for seed in range(4):
        content = images.encode(drawn(seed, channels, dtype, most), ending, **how)
        durable.write(folder / f"{seed}{ending}", content)
    return folder


def trained(sources: Path, targets: Path, run: Path, **data: Any) -> Path:
    loop = LoopConfig(run=str(run), steps=2, validate_every=2, log_every=1, workers=0, samples=1)
    config = DataConfig(str(sources), data_b=str(targets), size="24x32", load_size="24x32", **data)
    return train(TrainConfig(config, Pix2PixConfig(), loop, NetworksConfig(width=4))) / "model.safetensors"


def translated(*words: object) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["translate", *map(str, words)])
    assert ended.value.code in (0, None)


@pytest.mark.parametrize(
    ("channels", "dtype", "most", "ending"),
    [
        (3, np.uint16, 65535, ".png"),
        (1, np.float32, 7.5, ".tif"),
        (5, np.uint16, 65535, ".tif"),
        (2, np.float32, 3.0, ".npy"),
    ],
)
def test_translations_are_of_the_kind_of_the_targets(tmp_path, channels, dtype, most, ending) -> None:
    pictures = lay(tmp_path / "B", channels, dtype, most, ending)
    sources = lay(tmp_path / "A", 1, np.uint8, 255, ".png")
    model = trained(sources, pictures, tmp_path / "run")
    translated(model, sources, "-o", tmp_path / "out")
    kind = modelfile.read_card(model).kinds[1]
    assert (kind.channels, kind.number) == (channels, np.dtype(dtype).name)
    made = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in made] == [f"{seed}{ending}" for seed in range(4)]
    for path in made:
        picture = images.read(path)
        assert picture.shape == (24, 32, channels)
        assert picture.dtype == dtype
        assert (picture >= np.array(kind.low) - 1e-4).all()
        assert (picture <= np.array(kind.high) + 1e-4).all()
        assert len(np.unique(picture)) > 100  # finer than 8 bits, or the range would have been cut


def test_a_tiff_keeps_its_place_on_earth(tmp_path) -> None:
    sources = tmp_path / "A"
    sources.mkdir()
    for seed in range(4):
        one = drawn(seed, 3, np.uint16, 4000)
        tifffile.imwrite(sources / f"{seed}.tif", one, photometric="rgb", metadata=None, extratags=PLACE)
    targets = lay(tmp_path / "B", 1, np.uint8, 255, ".png")
    model = trained(sources, targets, tmp_path / "run", source_range="0,4095")
    assert modelfile.read_card(model).kinds[0] == Kind(3, "uint16", (0.0,), (4095.0,))
    translated(model, sources, "-o", tmp_path / "out")
    with tifffile.TiffFile(tmp_path / "out" / "0.tif") as made:
        assert made.pages[0].shape == (24, 32)
        assert made.pages[0].dtype == np.uint8
        assert made.pages[0].tags.valueof(33922) == PLACE[1][3]
    translated(model, sources, "-o", tmp_path / "half", "--size", "12x16")
    with tifffile.TiffFile(tmp_path / "half" / "0.tif") as made:
        assert made.pages[0].tags.valueof(33550) == (20.0, 40.0, 0.0)


def test_a_depth_map_is_stacked_onto_a_photograph(tmp_path) -> None:
    photographs = lay(tmp_path / "A", 3, np.uint16, 65535, ".png")
    depths = lay(tmp_path / "depth", 1, np.uint16, 65535, ".tif")
    targets = lay(tmp_path / "B", 1, np.uint8, 255, ".png")
    model = trained(photographs, targets, tmp_path / "run", stack=(str(depths),))
    assert modelfile.read_card(model).kinds[0].channels == 4
    translated(model, photographs, "-o", tmp_path / "out", "--stack", depths)
    assert images.read(tmp_path / "out" / "2.png").shape == (24, 32, 1)
    with pytest.raises(SystemExit) as ended:
        cli.main(["translate", str(model), str(photographs), "-o", str(tmp_path / "none")])
    assert ended.value.code == 2


@pytest.mark.parametrize(("alpha", "channels"), [("keep", 4), ("only", 1), ("flatten", 3)])
def test_transparency_is_kept_taken_or_laid_on_white(tmp_path, alpha, channels) -> None:
    cut_out = lay(tmp_path / "B", 4, np.uint8, 255, ".png", alpha=True)
    sources = lay(tmp_path / "A", 3, np.uint8, 255, ".png")
    model = trained(sources, cut_out, tmp_path / "run", target_alpha=alpha)
    translated(model, sources, "-o", tmp_path / "out")
    made = images.read(tmp_path / "out" / "0.png", alpha="keep" if alpha == "keep" else None)
    assert made.shape == (24, 32, channels)


def test_transparency_that_nothing_was_said_of_is_refused(tmp_path) -> None:
    cut_out = lay(tmp_path / "B", 4, np.uint8, 200, ".png", alpha=True)
    with pytest.raises(DataError, match="4 unreadable") as caught:
        trained(lay(tmp_path / "A", 3, np.uint8, 255, ".png"), cut_out, tmp_path / "run")
    assert "--target-alpha" in str(caught.value)


def test_percentiles_are_measured_once_and_kept_in_the_card(tmp_path) -> None:
    targets = lay(tmp_path / "B", 2, np.float32, 10)
    model = trained(lay(tmp_path / "A", 1, np.uint8, 255, ".png"), targets, tmp_path / "run", target_range="p10,p90")
    kind = modelfile.read_card(model).kinds[1]
    every = np.concatenate([drawn(seed, 2, np.float32, 10).reshape(-1, 2) for seed in range(4)])
    assert len(kind.low) == len(kind.high) == 2
    # Of the four, one was set aside for validation, so the percentiles are those of three.
    assert np.abs(np.array(kind.low) - np.percentile(every, 10, axis=0)).max() < 0.5
    assert np.abs(np.array(kind.high) - np.percentile(every, 90, axis=0)).max() < 0.5


def test_pictures_that_differ_in_channels_are_named_in_a_sentence(tmp_path) -> None:
    targets = lay(tmp_path / "B", 5, np.uint8, 255)
    durable.write(targets / "2.tif", images.encode(drawn(2, 4, np.uint8, 255), ".tif"))
    with pytest.raises(DataError, match="The targets differ in channels") as caught:
        trained(lay(tmp_path / "A", 1, np.uint8, 255, ".png"), targets, tmp_path / "run")
    assert "1 have 4 (such as " in str(caught.value)
    assert str(targets / "2.tif") in str(caught.value)


def test_another_kind_at_translation_is_refused_in_a_sentence(tmp_path, capsys) -> None:
    sources = lay(tmp_path / "A", 3, np.uint8, 255, ".png")
    model = trained(sources, lay(tmp_path / "B", 1, np.uint8, 255, ".png"), tmp_path / "run")
    for name, content, told in (
        ("five.tif", images.encode(drawn(0, 5, np.uint8, 255), ".tif"), "5 channels, the model takes 3"),
        ("floats.tif", images.encode(drawn(0, 3, np.float32, 1), ".tif"), "floats"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(SystemExit) as ended:
            cli.main(["translate", str(model), str(path), "-o", str(tmp_path / "out")])
        said = capsys.readouterr()
        assert ended.value.code == 2
        assert told in " ".join(said.err.split())
        assert "Traceback" not in said.err
        assert not (tmp_path / "out").exists()


def test_sixteen_bits_for_a_model_of_eight_are_translated_alike(tmp_path) -> None:
    sources = lay(tmp_path / "A", 3, np.uint8, 255, ".png")
    model = trained(sources, lay(tmp_path / "B", 1, np.uint8, 255, ".png"), tmp_path / "run")
    eight = images.read(sources / "0.png")
    for name, picture in (("8", eight), ("16", eight.astype(np.uint16) * 257)):
        durable.write(tmp_path / name / "a.png", images.encode_png(picture))
        translated(model, tmp_path / name, "-o", tmp_path / f"out{name}")
    made = [images.read(tmp_path / f"out{name}" / "a.png").astype(int) for name in ("8", "16")]
    assert np.abs(made[0] - made[1]).max() <= 1
