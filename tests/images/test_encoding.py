"""Pictures as files that lose nothing of them and tell nothing else."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from samples import colours, greys, pictures_of

from pixlate import images
from pixlate.errors import PictureError


def test_an_encoded_png_is_lossless_and_says_nothing_else():
    for picture in (colours(), greys()):
        content = images.encode_png(picture)
        names, at = [], 8
        while at < len(content):
            (length,) = struct.unpack(">I", content[at : at + 4])
            names.append(content[at + 4 : at + 8])
            at += length + 12
        assert set(names) == {b"IHDR", b"IDAT", b"IEND"}
        assert np.array_equal(images.as_picture(Image.open(io.BytesIO(content))), picture)


def test_metadata_of_the_source_does_not_reach_the_png(tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "a patient's name"
    Image.fromarray(colours()).save(tmp_path / "a.png", exif=exif)
    assert b"patient" in (tmp_path / "a.png").read_bytes()
    assert b"patient" not in images.encode_png(images.read(tmp_path / "a.png"))


@pytest.mark.parametrize("ending", [".png", ".tif", ".npy"])
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_every_kind_survives_in_every_file_that_can_hold_it(tmp_path_factory, ending, data):
    dtype = data.draw(st.sampled_from([np.uint8, np.uint16] + [np.float32] * (ending != ".png")))
    channels = st.sampled_from([1, 3]) if ending == ".png" else st.integers(1, 6)
    picture = data.draw(pictures_of(dtype, channels))
    path = tmp_path_factory.mktemp("any") / f"a{ending}"
    path.write_bytes(images.encode(picture, ending))
    again, header = images.read(path), images.read_header(path)
    assert again.dtype == dtype
    assert np.array_equal(again, picture)
    assert (header.height, header.width, header.channels, header.number) == (*picture.shape, picture.dtype.name)


@pytest.mark.parametrize(("channels", "dtype"), [(2, np.uint8), (5, np.uint16), (3, np.float32)])
def test_what_a_png_cannot_hold_is_refused(channels, dtype):
    with pytest.raises(PictureError, match=f"{channels} channels of {np.dtype(dtype).name}"):
        images.encode(np.zeros((4, 4, channels), dtype), ".png")
    with pytest.raises(PictureError, match="Pillow has no images"):
        images.to_pillow(np.zeros((4, 4, channels), np.uint16))
