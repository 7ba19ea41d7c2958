"""Every other file is refused in one sentence that names it, and whatever a user holds becomes a picture."""

import gc
import io
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image
from samples import ORIENTATIONS, blocks, colours, greys, pictures, refusal

from pixlate import images
from pixlate.errors import PictureError


@given(pictures)
@settings(max_examples=30, deadline=None)
def test_header_and_picture_agree(tmp_path_factory, picture):
    path = tmp_path_factory.mktemp("agree") / "a.png"
    path.write_bytes(images.encode_png(picture))
    header = images.read_header(path)
    assert (header.height, header.width, header.channels) == images.read(path).shape


def test_the_halves_of_a_picture_are_its_left_and_its_right(tmp_path):
    (tmp_path / "a.png").write_bytes(images.encode_png(colours()))
    left, right = (images.read(tmp_path / "a.png", half) for half in ("left", "right"))
    assert left.shape == right.shape
    assert np.array_equal(np.concatenate([left, right], axis=1), colours())


def test_an_odd_width_has_no_halves(tmp_path):
    (tmp_path / "a.png").write_bytes(images.encode_png(colours(4, 7)))
    assert images.read(tmp_path / "a.png").shape == (4, 7, 3)
    for half in ("left", "right"):
        assert "7 pixels wide" in refusal(tmp_path / "a.png", lambda path, half=half: images.read(path, half))


@pytest.mark.parametrize("kind", ["png", "jpg", "webp", "bmp"])
@pytest.mark.parametrize("kept", [0.0, 0.02, 0.5, 0.9])
def test_a_file_cut_short_is_refused(tmp_path, kind, kept):
    whole = io.BytesIO()
    Image.fromarray(colours(60, 80)).save(whole, format={"jpg": "JPEG"}.get(kind, kind))
    path = tmp_path / f"cut.{kind}"
    path.write_bytes(whole.getvalue()[: int(len(whole.getvalue()) * kept)])
    refusal(path)


def test_a_web_page_saved_as_a_picture_is_refused(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_text("<!DOCTYPE html><html><body>404 Not Found</body></html>")
    assert "not a picture" in refusal(path)
    assert "not a picture" in refusal(path, images.read_header)


def test_kinds_that_are_not_offered_are_refused_whatever_their_name(tmp_path):
    for kind in ("GIF", "PPM", "ICO", "TGA"):
        Image.fromarray(colours()).save(tmp_path / "a.png", format=kind)
        assert "not a picture of a kind read here" in refusal(tmp_path / "a.png")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF"])
def test_a_file_is_what_it_holds_whatever_its_name_says(tmp_path, kind):
    for name in ("a.png", "a.npy", "a.tif"):
        Image.fromarray(colours()).save(tmp_path / name, format=kind)
        assert images.read(tmp_path / name).shape == (20, 30, 3)
        assert images.read_header(tmp_path / name) == images.Header(20, 30, 3)


def test_a_missing_file_and_a_folder_are_named_for_what_they_are(tmp_path):
    for reader in (images.read, images.read_header):
        assert "no picture" in refusal(tmp_path / "gone.png", reader)
        assert "folder" in refusal(tmp_path, reader)


def test_a_refused_file_is_closed(tmp_path):
    seen_through, cut = tmp_path / "seen-through.png", tmp_path / "cut.png"
    Image.new("RGBA", (4, 4)).save(seen_through)
    cut.write_bytes(images.encode_png(colours())[:400])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        refusal(seen_through)
        refusal(cut)
        gc.collect()
    assert [str(warning.message) for warning in told] == []


def test_whatever_a_user_holds_becomes_the_same_picture(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(images.encode_png(colours()))
    for source in (path, str(path), Image.open(path), Image.fromarray(colours()), colours()):
        assert np.array_equal(images.as_picture(source), colours())
    assert np.array_equal(images.as_picture(greys()[..., 0]), greys())


def test_a_pillow_image_is_turned_upright():
    image = Image.fromarray(np.ascontiguousarray(ORIENTATIONS[6](blocks())))
    image.getexif()[0x0112] = 6
    assert np.array_equal(images.as_picture(image), blocks())


@pytest.mark.parametrize(
    "source",
    [
        None,
        3,
        np.zeros((4, 4), complex),
        np.zeros((1, 4, 4, 3), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros(4, np.uint8),
    ],
    ids=["None", "a number", "complex numbers", "a batch", "no pixels", "a row"],
)
def test_anything_else_is_refused(source):
    with pytest.raises(PictureError, match=r"The picture (is an array|holds)"):
        images.as_picture(source)


def test_a_pillow_image_of_another_mode_or_with_transparency_is_refused():
    for mode in ("I", "HSV", "LAB", "RGBA"):
        with pytest.raises(PictureError, match="The picture has"):
            images.as_picture(Image.new(mode, (3, 3)))


def test_pictures_need_no_torch():
    code = "import sys, pixlate.images; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    (tmp_path / "b.png").symlink_to("/dev/zero")
    for name in ("a.png", "b.png"):
        assert "is a pipe, a socket or a device" in refusal(tmp_path / name)


def test_a_file_too_large_to_be_read_whole_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(images.encode_png(colours()))
    os.truncate(tmp_path / "a.png", 5 << 30)
    for reader in (images.read, images.read_header):
        assert "4 GiB" in refusal(tmp_path / "a.png", reader)
