"""What the pictures of shards are is what those of the files are that they were made of."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from shards import save, shard

from pixlate import images
from pixlate.data import kinds
from pixlate.data.shards.section import Section
from pixlate.data.survey import survey
from pixlate.errors import DataError, PictureError
from pixlate.images.pixels import MOST_BYTES
from pixlate.specs.data import DataConfig


def lay(folder, count, channels, dtype, top, ending, width=8):
    folder.mkdir(parents=True)
    for number in range(count):
        values = np.random.default_rng(number + 1000 * channels).random((8, width, channels))
        picture = (values * top * (number + 1) / count).astype(dtype)
        (folder / f"{number}{ending}").write_bytes(images.encode(picture, ending))


def found(config):
    surveyed = survey(config, 0)
    return surveyed.sides, [note for note in surveyed.notes if "folder" not in note]


@pytest.mark.parametrize("measured", [300, 3])
@pytest.mark.parametrize(
    ("channels", "dtype", "top", "ending"),
    [
        (2, np.float32, 50, ".tif"),
        (1, np.float32, 50, ".npy"),
        (1, np.uint16, 4000, ".png"),
        (5, np.uint8, 255, ".tif"),
    ],
)
def test_ranges_and_channels_are_those_of_the_files(tmp_path, monkeypatch, measured, channels, dtype, top, ending):
    monkeypatch.setattr(kinds, "_MEASURED", measured)
    lay(tmp_path / "a", 9, 3, np.uint8, 255, ".png")
    lay(tmp_path / "b", 9, channels, dtype, top, ending)
    loose = DataConfig(str(tmp_path / "a"), str(tmp_path / "b"))
    assert found(DataConfig(str(shard(loose, tmp_path / "shards")))) == found(loose)


def test_of_side_by_side_files_each_half_is_measured_by_itself(tmp_path):
    (tmp_path / "ab").mkdir()
    for number in range(6):
        picture = np.random.default_rng(number).random((8, 16, 1)).astype(np.float32)
        picture[:, 8:] += 100
        (tmp_path / "ab" / f"{number}.tif").write_bytes(images.encode(picture, ".tif"))
    loose = DataConfig(str(tmp_path / "ab"))
    sides, told = found(DataConfig(str(shard(loose, tmp_path / "shards"))))
    assert (sides, told) == found(loose)
    assert sides.source.high[0] < 1
    assert sides.target.low[0] >= 100


def test_label_maps_in_shards_are_classes(tmp_path):
    lay(tmp_path / "a", 6, 1, np.uint8, 4, ".png")
    lay(tmp_path / "b", 6, 3, np.uint8, 255, ".png")
    loose = DataConfig(str(tmp_path / "a"), str(tmp_path / "b"), source_classes="5")
    sharded = replace(loose, data=str(shard(loose, tmp_path / "shards")), data_b=None)
    assert found(sharded) == found(loose)
    assert found(sharded)[0].source.space == "classes"
    with pytest.raises(DataError, match=r"\.b\.png has 3 channels of uint8; label maps have"):
        survey(replace(sharded, source_classes=None, target_classes="5"), 0)


def test_pairs_that_are_not_all_of_one_form_are_not_put_into_shards(tmp_path):
    for name, width in (("one", 8), ("other", 8), ("both", 16)):
        save(tmp_path / f"{name}.png", width, width=width)
    rows = [["A", "B", "AB"], ["one.png", "other.png", ""], ["", "", "both.png"]]
    with (tmp_path / "pairs.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    with pytest.raises(DataError, match="some are side by side"):
        shard(DataConfig(str(tmp_path / "pairs.csv")), tmp_path / "shards")
    with (tmp_path / "pairs.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["A", "B"], ["one.png", "other.png"], ["other.png", "other.png"]])
    with pytest.raises(DataError, match="given as A and as B"):
        shard(DataConfig(str(tmp_path / "pairs.csv")), tmp_path / "shards")
    assert not (tmp_path / "shards").exists()


def test_a_section_too_large_to_be_read_is_refused_unread(tmp_path):
    save(tmp_path / "tar", 1)
    with pytest.raises(PictureError, match="larger than 4 GiB"):
        images.read(Section(str(tmp_path / "tar"), 0, MOST_BYTES + 1, "k.png", 0))
