"""TIFFs of every layout are read; what one says of its place goes along; damaged ones are refused."""

import io
import struct

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import colours, deep, pictures_of, refusal

import picture_bombs
from picture_files import GEOTAGS, noise, tiff, tiff_seeds
from pixlate import images
from pixlate.errors import PictureError

BANDS = {"photometric": "minisblack", "extrasamples": ["unspecified"] * 4}


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 9])
def test_what_is_written_is_read(tmp_path, dtype, channels):
    picture = noise(6, 9, channels, dtype)
    path = tmp_path / "a.tif"
    path.write_bytes(images.encode(picture, ".tif"))
    again = images.read(path)
    assert again.dtype == dtype
    assert np.array_equal(again, picture)
    assert images.read_header(path) == images.Header(6, 9, channels, number=np.dtype(dtype).name)


@pytest.mark.parametrize("colours_", [1, 3, 5])
def test_alpha_is_written_as_alpha(tmp_path, colours_):
    picture = noise(6, 9, colours_ + 1)
    (tmp_path / "a.tif").write_bytes(images.encode(picture, ".tif", alpha=True))
    if colours_ in (1, 3):
        assert images.read_header(tmp_path / "a.tif").alpha
        assert np.array_equal(images.read(tmp_path / "a.tif", alpha="keep"), picture)
        assert np.array_equal(images.read(tmp_path / "a.tif", alpha="only"), picture[..., -1:])
        assert "transparency" in refusal(tmp_path / "a.tif")


@given(pictures_of(np.uint16, st.integers(1, 6)))
@settings(max_examples=25, deadline=None)
def test_any_picture_survives(tmp_path_factory, picture):
    path = tmp_path_factory.mktemp("any") / "a.tif"
    path.write_bytes(images.encode(picture, ".tif"))
    assert np.array_equal(images.read(path), picture)


def test_pages_are_bands_and_pages_that_differ_are_refused(tmp_path):
    bands = noise(6, 9, 7, np.uint16)
    path = tmp_path / "a.tif"
    path.write_bytes(tiff(np.ascontiguousarray(bands.transpose(2, 0, 1)), photometric="minisblack"))
    assert np.array_equal(images.read(path), bands)
    for other in (noise(9, 6, 1)[..., 0], noise(6, 9, 1, np.uint16)[..., 0]):
        file = io.BytesIO()
        with tifffile.TiffWriter(file) as writer:
            for page in (noise(6, 9, 1)[..., 0], other):
                writer.write(page, metadata=None)
        path.write_bytes(file.getvalue())
        assert "page 2 differs from the first" in refusal(path)
        refusal(path, images.read_header)


def test_what_it_says_of_its_place_goes_along_and_is_rescaled(tmp_path):
    path, out = tmp_path / "a.tif", tmp_path / "b.tif"
    path.write_bytes(tiff(noise(20, 30, 1)[..., 0], extratags=GEOTAGS))
    assert images.read_header(path).georeferenced
    out.write_bytes(images.encode(noise(20, 30, 3), ".tif", tags=images.kept_tags(path, (20, 30))))
    with tifffile.TiffFile(out) as written:
        tags = written.pages[0].tags
        assert [tags.valueof(code) for code, *_ in GEOTAGS] == [value for *_, value, _ in GEOTAGS]
    scaled = {tag.code: tag.value for tag in images.kept_tags(path, (10, 10))}
    assert scaled[33550] == (30.0, 40.0, 0.0)
    assert scaled[33922] == (1.0, 2.0, 0.0, 500000.0, 4600000.0, 0.0)
    assert scaled[34735] == (1, 1, 0, 0)
    assert images.kept_tags(path, (20, 30))[0].value == (10.0, 20.0, 0.0)


def test_a_turned_picture_and_one_of_another_kind_have_no_place(tmp_path):
    (tmp_path / "a.tif").write_bytes(tiff(colours(), photometric="rgb", extratags=[*GEOTAGS, (274, 3, 1, 6, True)]))
    (tmp_path / "a.png").write_bytes(images.encode_png(colours()))
    assert images.kept_tags(tmp_path / "a.tif", (30, 20)) == ()
    assert images.kept_tags(tmp_path / "a.png", (20, 30)) == ()


@pytest.mark.parametrize("name", ["rgb", "zlib", "jpeg", "tiles", "pages", "bigtiff", "big"])
def test_a_file_cut_short_anywhere_is_refused(tmp_path, name):
    content = tiff_seeds()[f"{name}.tif"]
    path = tmp_path / "a.tif"
    path.write_bytes(content)
    whole = images.read(path)
    for kept in range(0, len(content), 13):
        path.write_bytes(content[:kept])
        try:
            assert np.array_equal(images.read(path), whole)  # what is missing was not the picture's
        except PictureError:
            continue
    path.write_bytes(content[: len(content) // 2])
    refusal(path)
    path.write_bytes(content + b"more")
    assert np.array_equal(images.read(path), whole)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("loop.tif", "in a circle"),
        ("long-loop.tif", "in a circle"),
        ("tags.tif", "65,535 tags"),
        ("tag-count.tif", "4,294,967,295 values"),
        ("many-widths.tif", "tag 256 says it has 9 values"),
        ("tile.tif", "larger than the picture"),
        ("one-strip.tif", "shorter than its size"),
        ("bigtiff.tif", "tags"),
        ("samples.tif", "GiB"),
    ],
)
def test_what_promises_more_than_it_holds_is_refused(tmp_path, name, told):
    (tmp_path / name).write_bytes(picture_bombs.BOMBS[name]())
    for reader in (images.read, images.read_header):
        assert told in refusal(tmp_path / name, reader)


def test_a_page_list_that_leads_out_of_the_file_is_refused(tmp_path):
    content = bytearray(tiff(deep(), photometric="rgb"))
    struct.pack_into("<I", content, 4, 1 << 30)
    (tmp_path / "a.tif").write_bytes(content)
    assert "leads out" in refusal(tmp_path / "a.tif")


def test_a_missing_strip_is_refused_and_not_made_up(tmp_path):
    content = bytearray(tiff(colours(), photometric="rgb", rowsperstrip=4))
    table = struct.unpack_from("<I", content, 4)[0]
    for place in range(struct.unpack_from("<H", content, table)[0]):
        at = table + 2 + 12 * place
        if struct.unpack_from("<H", content, at)[0] == 273:
            struct.pack_into("<I", content, at + 4, 3)
    (tmp_path / "a.tif").write_bytes(content)
    assert "shorter than its size" in refusal(tmp_path / "a.tif")
