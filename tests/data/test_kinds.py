"""What the pictures of a side are: told by headers, measured where it must be, refused where it is unclear."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pixlate import images
from pixlate.data.kinds import stacked
from pixlate.data.survey import survey
from pixlate.errors import ConfigError, DataError
from pixlate.specs.data import DataConfig
from pixlate.specs.pictures import Kind


def noise(seed, channels=1, dtype=np.uint8, top=None, shape=(12, 12)):
    top = top or np.iinfo(dtype).max
    return (np.random.default_rng(seed).random((*shape, channels)) * top).astype(dtype)


def lay(folder, pictures, ending=".png"):
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        (folder / f"{number}{ending}").write_bytes(images.encode(picture, ending))
    return folder


@pytest.fixture
def photos(tmp_path):
    return lay(tmp_path / "photos", [noise(seed, 3) for seed in range(6)])


def targets(photos, folder, **config):
    found = survey(DataConfig(str(photos), str(folder), **config), 0)
    return found.sides.target, " ".join(found.notes)


def test_headers_tell_what_a_side_is(photos, tmp_path):
    for number, (dtype, channels, ending, kind) in enumerate(
        [
            (np.uint8, 1, ".png", Kind(1)),
            (np.uint8, 5, ".tif", Kind(5, ending=".tif")),
            (np.uint16, 3, ".png", Kind(3, "uint16", high=(65535.0,))),
            (np.uint16, 2, ".npy", Kind(2, "uint16", high=(65535.0,), ending=".npy")),
        ]
    ):
        folder = lay(tmp_path / str(number), [noise(seed, channels, dtype) for seed in range(6)], ending)
        assert targets(photos, folder) == (kind, "No val folder: 1 pairs set aside for validation by seed 0.")


def test_floats_are_measured_on_the_training_pictures_alone(photos, tmp_path):
    pictures = [noise(seed, 2, np.float32, 10) for seed in range(6)]
    folder = lay(tmp_path / "b", pictures, ".tif")
    (held_out,) = survey(DataConfig(str(photos), str(folder)), 0).val.names
    pictures[int(held_out)] += 1000
    lay(tmp_path / "b", pictures, ".tif")
    kind, told = targets(photos, folder)
    every = np.stack([picture for number, picture in enumerate(pictures) if number != int(held_out)])
    assert kind.number == "float32"
    assert np.array_equal(kind.low, every.min((0, 1, 2)))
    assert np.array_equal(kind.high, every.max((0, 1, 2)))
    assert "Range of the targets, least to greatest of their channels" in told


def test_each_half_of_a_side_by_side_file_has_its_own_range(tmp_path):
    pairs = [np.concatenate([noise(s, 1, np.float32, 1), noise(s, 1, np.float32, 900)], 1) for s in range(5)]
    folder = lay(tmp_path / "pairs", pairs, ".tif")
    sides = survey(DataConfig(str(folder)), 0).sides
    assert sides.source.high[0] <= 1
    assert sides.target.high[0] > 100
    turned = survey(DataConfig(str(folder), direction="BtoA"), 0).sides
    assert (turned.source, turned.target) == (sides.target, sides.source)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 40), st.integers(60, 100))
def test_percentiles_are_those_of_each_channel(photos, tmp_path, low, high):
    pictures = [
        noise(s, 3, np.uint16, 1) + noise(s, 3, np.uint16, 900) * np.array([1, 10, 70], np.uint16) for s in range(6)
    ]
    folder = lay(tmp_path / "b", pictures)
    kind, _ = targets(photos, folder, target_range=f"p{low},p{high}", val_fraction=0.0)
    every = np.stack(pictures).reshape(-1, 3)
    assert np.allclose(kind.low, np.percentile(every, low, axis=0), rtol=1e-6)
    assert np.allclose(kind.high, np.percentile(every, high, axis=0), rtol=1e-6)
    for picture in pictures:
        values = images.to_float(picture, kind)
        assert np.abs(values).max() <= 1


def test_given_ranges_are_taken_as_they_are(photos, tmp_path):
    folder = lay(tmp_path / "b", [noise(seed, 1, np.uint16, 4000) for seed in range(6)])
    kind, _ = targets(photos, folder, target_range="0,4095")
    assert (kind.number, kind.low, kind.high) == ("uint16", (0,), (4095,))
    kind, _ = targets(photos, folder, target_range="uint8")
    assert (kind.number, kind.high) == ("uint16", (255,))


def test_dark_pictures_of_sixteen_bits_are_told_of(photos, tmp_path):
    dark = lay(tmp_path / "dark", [noise(seed, 1, np.uint16, 4000) for seed in range(6)])
    assert "--target-range 0,4095 would use the whole scale" in targets(photos, dark)[1]
    light = lay(tmp_path / "light", [noise(seed, 1, np.uint16, 40000) for seed in range(6)])
    assert "would use" not in targets(photos, light)[1]
    assert "would use" not in targets(photos, dark, target_range="0,4095")[1]


def test_a_flat_channel_has_no_range(photos, tmp_path):
    flat = [np.concatenate([noise(s, 1, np.float32, 9), np.full((12, 12, 1), 7, np.float32)], -1) for s in range(6)]
    folder = lay(tmp_path / "b", flat, ".tif")
    for asked in (None, "p1,p99"):
        with pytest.raises(DataError, match=r"Channel 2 of the targets is 7 everywhere.*--target-range LOW,HIGH"):
            targets(photos, folder, target_range=asked)
    assert targets(photos, folder, target_range="0,9")[0].high == (9,)


def test_eight_bits_among_sixteen_are_read_as_sixteen(photos, tmp_path):
    folder = lay(tmp_path / "b", [noise(s) for s in range(4)] + [noise(s, 1, np.uint16) for s in range(2)])
    kind, told = targets(photos, folder)
    assert kind == Kind(1, "uint16", high=(65535.0,))
    assert "4 of uint8, 2 of uint16; all are read as uint16" in told


def test_floats_among_whole_numbers_want_a_range(photos, tmp_path):
    folder = lay(tmp_path / "b", [noise(s) for s in range(5)])
    (folder / "5.tif").write_bytes(images.encode(noise(5, 1, np.float32, 1), ".tif"))
    with pytest.raises(DataError, match=r"5 of uint8, 1 of float32. Say with --target-range LOW,HIGH"):
        targets(photos, folder)
    assert targets(photos, folder, target_range="0,255")[0].number == "float32"


def test_grey_among_colour_is_replicated_and_other_mixtures_are_named(photos, tmp_path):
    folder = lay(tmp_path / "b", [noise(s, 1) for s in range(4)] + [noise(s, 3) for s in range(2)])
    kind, told = targets(photos, folder)
    assert (kind.channels, "4 of 6 targets are grey" in told) == (3, True)
    kind, told = targets(photos, folder, target_channels=1)
    assert (kind.channels, "2 of 6 targets are in colour and become grey, as asked" in told) == (1, True)
    (folder / "5.png").unlink()
    (folder / "5.tif").write_bytes(images.encode(noise(5, 5), ".tif"))
    with pytest.raises(DataError, match=r"4 have 1 \(such as .*\), 1 have 3 \(.*4.png\), 1 have 5 \(.*5.tif\)"):
        targets(photos, folder)


def test_label_maps_are_of_eight_bits(photos, tmp_path):
    deep = lay(tmp_path / "deep", [noise(s, 1, np.uint16, 9) for s in range(6)])
    with pytest.raises(DataError, match="label maps have 8 bits"):
        targets(photos, deep, target_classes="9")
    with pytest.raises(DataError, match="3 channels of uint8; label maps have 8 bits, and 1 channels here"):
        targets(deep, photos, target_classes="9")
    kind, _ = targets(deep, photos, target_classes="facades")
    assert (kind.planes, kind.channels) == (12, 3)


def test_a_palette_of_ones_own(photos, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("r,g,b,name\n0,0,0,nothing\n255,0,0,red\n0,0,255,blue\n")
    maps = lay(tmp_path / "maps", [noise(s, 3) for s in range(6)])
    kind, _ = targets(photos, maps, target_classes=str(path))
    assert kind.classes == ((0, 0, 0), (255, 0, 0), (0, 0, 255))
    path.write_text("0,0,0\n0,0,0\n")
    with pytest.raises(ConfigError, match=r"mine\.csv is no palette"):
        targets(photos, maps, target_classes=str(path))


def test_stacked_kinds_keep_each_their_range():
    parts = [Kind(3), Kind(1, "uint16", high=(65535.0,)), Kind(2, "float32", (-1.0, 0.0), (1.0, 5.0))]
    kind = stacked(parts)
    assert (kind.channels, kind.number) == (6, "float32")
    assert kind.low == (0, 0, 0, 0, -1, 0)
    assert kind.high == (255, 255, 255, 65535, 1, 5)
    assert stacked([Kind(1), Kind(3)]) == Kind(4, ending=".tif")
