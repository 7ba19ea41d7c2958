"""Transparency: refused, or flattened, kept or taken alone, as asked."""

import numpy as np
import pytest
from PIL import Image
from samples import blocks, chunk, colours, greys, png, refusal, with_alpha

from pixlate import images


def mode_of(path):
    with Image.open(path) as image:
        return image.mode


def test_opaque_transparency_channels_are_dropped(tmp_path):
    for picture, mode in ((colours(), "RGBA"), (greys(), "LA")):
        Image.fromarray(with_alpha(picture)).save(tmp_path / "a.png")
        assert mode_of(tmp_path / "a.png") == mode
        assert np.array_equal(images.read(tmp_path / "a.png"), picture)


def test_a_transparent_colour_that_no_pixel_has_loses_nothing(tmp_path):
    Image.fromarray(np.full((4, 4), 9, np.uint8)).save(tmp_path / "a.png", transparency=3)
    assert np.array_equal(images.read(tmp_path / "a.png"), np.full((4, 4, 1), 9, np.uint8))


@pytest.mark.parametrize("picture", [colours(), greys()], ids=["RGBA", "LA"])
def test_transparency_is_refused(tmp_path, picture):
    pixels = with_alpha(picture)
    pixels[3, 4, -1] = 254
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert "transparency" in refusal(tmp_path / "a.png")


def test_a_transparent_palette_entry_or_key_colour_is_refused(tmp_path):
    Image.fromarray(blocks()).quantize(8).save(tmp_path / "palette.png", transparency=0)
    Image.fromarray(blocks()).save(tmp_path / "key.png", transparency=(250, 0, 0))
    Image.fromarray(greys()[..., 0] > 128).save(tmp_path / "bits.png", transparency=0)
    for name in ("palette", "key", "bits"):
        assert "transparency" in refusal(tmp_path / f"{name}.png")


BACKGROUNDS = [(255, 255, 255), (128, 128, 128), (0, 0, 0), (0, 255, 127)]


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 3])
def test_flattened_keeps_shares_of_colour_and_background(tmp_path, channels, dtype, background):
    most = 1 if dtype == np.float32 else np.iinfo(dtype).max
    draw = np.random.default_rng(channels)
    picture = (draw.random((5, 6, channels + 1)) * most).astype(dtype)
    picture[0, :3, -1] = 0, most, most
    (tmp_path / "a.tif").write_bytes(images.encode(picture, ".tif", alpha=True))
    flat = images.read(tmp_path / "a.tif", alpha="flatten", background=background)
    under = np.array(background if channels == 3 else [np.dot(background, [0.299, 0.587, 0.114])]) * most / 255
    share = picture[..., -1:].astype(np.float64) / most
    expected = picture[..., :-1] * share + under * (1 - share)
    assert flat.dtype == dtype
    assert np.abs(flat - expected).max() <= (1e-6 if dtype == np.float32 else 0.5 + most * 1e-6)
    assert np.array_equal(flat[0, 1], picture[0, 1, :-1])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_kept_and_only_lose_nothing_and_a_picture_without_has_all_of_it(tmp_path, dtype):
    picture = np.random.default_rng(2).integers(0, np.iinfo(dtype).max, (5, 6, 4)).astype(dtype)
    (tmp_path / "a.png").write_bytes(images.encode_png(picture))
    (tmp_path / "b.png").write_bytes(images.encode_png(picture[..., :3]))
    assert np.array_equal(images.read(tmp_path / "a.png", alpha="keep"), picture)
    assert np.array_equal(images.read(tmp_path / "a.png", alpha="only"), picture[..., 3:])
    opaque = images.read(tmp_path / "b.png", alpha="keep")
    assert np.array_equal(opaque[..., :3], picture[..., :3])
    assert (opaque[..., 3] == np.iinfo(dtype).max).all()
    assert np.array_equal(images.read(tmp_path / "b.png", alpha="only"), opaque[..., 3:])
    assert np.array_equal(images.read(tmp_path / "b.png", alpha="flatten"), picture[..., :3])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_transparent_colour_is_transparent_with_8_and_16_bits(tmp_path, channels, dtype):
    picture = np.arange(30 * channels, dtype=dtype).reshape(5, 6, channels)
    picture[1, 2] = 7
    bits = np.dtype(dtype).itemsize * 8
    (tmp_path / "a.png").write_bytes(png(picture, bits=bits, before=chunk(b"tRNS", b"\0\7" * channels)))
    assert "transparency" in refusal(tmp_path / "a.png")
    mask = images.read(tmp_path / "a.png", alpha="only")
    assert images.read_header(tmp_path / "a.png").alpha
    assert mask[1, 2] == 0
    assert (mask == 0).sum() == (picture == 7).all(-1).sum()
