"""What a file holds is known by its bytes; what is cut off is known from what is otherwise damaged."""

import io
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pixlate import images
from pixlate.errors import DamagedError, PictureError

SAVED = {}
for kind in ("PNG", "JPEG", "WebP", "BMP", "TIFF", "GIF"):
    file = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 256, (24, 24, 3)).astype(np.uint8)
    Image.fromarray(noise).save(file, kind)
    SAVED[kind] = file.getvalue()


@pytest.mark.parametrize("kind", SAVED)
def test_a_format_is_known_by_its_first_bytes(kind):
    assert images.format_of(SAVED[kind][:512]) == kind


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"", None),
        (b"just a text", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", None),
        (b"\n <!-- saved --> <HTML lang=en>", "HTML"),
        (b"\xef\xbb\xbf<!doctype html>", "HTML"),
        (b"\0\0\0\x1cftypavif", "AVIF"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"\0\0\0\x18ftypisom", "video"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_what_is_found_in_place_of_pictures_is_known(start, name):
    assert images.format_of(start) == name


@given(st.binary(max_size=600))
def test_any_bytes_have_a_format_or_none(content):
    assert images.format_of(content) is None or isinstance(images.format_of(content), str)
    assert images.is_cut_off(content) in (True, False)


def refusal(path):
    try:
        images.read(path)
    except PictureError as error:
        return error
    return None


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WebP", "BMP"])
def test_whatever_cannot_be_decoded_once_it_is_cut_is_known_as_cut_off(kind, tmp_path):
    whole, path = SAVED[kind], tmp_path / "picture"
    assert not images.is_cut_off(whole)
    refused = 0
    for length in range(16, len(whole) - 1, 7):
        path.write_bytes(whole[:length])
        if error := refusal(path):
            refused += 1
            assert isinstance(error, DamagedError)
            assert images.is_cut_off(whole[:length])
    assert refused > 10


def test_every_ending_that_is_read_belongs_to_a_format():
    assert {ending for endings in images.ENDINGS.values() for ending in endings} == images.SUFFIXES


@pytest.mark.timeout(20)
def test_a_pipe_is_refused_rather_than_waited_for(tmp_path):
    os.mkfifo(tmp_path / "1.png")
    for opened in (images.read, images.read_header):
        with pytest.raises(PictureError, match=r"1\.png is a pipe"):
            opened(tmp_path / "1.png")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_a_header_says_how_the_picture_is_turned(kind, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "picture"
    Image.fromarray(noise[:, :20]).save(path, kind, exif=exif)
    header = images.read_header(path)
    assert (header.orientation, header.height, header.width) == (6, 20, 24)
    path.write_bytes(SAVED[kind])
    assert images.read_header(path).orientation == 1
