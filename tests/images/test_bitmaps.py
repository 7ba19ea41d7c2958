"""PNG, JPEG, WebP and BMP are read as they look, upright, with all their bits."""

import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from samples import ORIENTATIONS, blocks, chunk, colours, deep, deep_png, exif_of, greys, png, refusal

from picture_files import rle_bmp, saved
from pixlate import images

DATA = Path(__file__).parents[2].parent / "shared" / "data"


def mode_of(path):
    with Image.open(path) as image:
        return image.mode


def test_colour_and_grey_files_come_back_as_they_were_saved(tmp_path):
    for suffix, picture in ((".png", colours()), (".bmp", colours()), (".png", greys()), (".bmp", greys())):
        path = tmp_path / f"picture{suffix}"
        images.to_pillow(picture).save(path)
        again = images.read(path)
        assert again.dtype == np.uint8
        assert np.array_equal(again, picture)


def test_lossless_webp_comes_back_as_it_was_saved(tmp_path):
    Image.fromarray(colours()).save(tmp_path / "a.webp", lossless=True)
    assert np.array_equal(images.read(tmp_path / "a.webp"), colours())


def test_black_and_white_becomes_grey_of_0_and_255(tmp_path):
    drawn = greys() > 128
    Image.fromarray(drawn[..., 0]).save(tmp_path / "a.png")
    assert mode_of(tmp_path / "a.png") == "1"
    assert np.array_equal(images.read(tmp_path / "a.png"), drawn.astype(np.uint8) * 255)


@pytest.mark.parametrize("opaque", [{}, {"transparency": bytes([255] * 8)}], ids=["plain", "opaque transparency"])
def test_a_palette_becomes_its_colours(tmp_path, opaque):
    few = blocks()
    image = Image.fromarray(few).quantize(8)
    image.save(tmp_path / "a.png", **opaque)
    assert mode_of(tmp_path / "a.png") == "P"
    assert np.array_equal(images.read(tmp_path / "a.png"), np.asarray(image.convert("RGB")))
    assert images.read_header(tmp_path / "a.png").channels == 3


def test_a_cmyk_jpeg_looks_as_pillow_shows_it(tmp_path):
    Image.fromarray(blocks()).convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    image = Image.open(tmp_path / "a.jpg")
    assert image.mode == "CMYK"
    picture = images.read(tmp_path / "a.jpg")
    assert np.array_equal(picture, np.asarray(image.convert("RGB")))
    assert np.abs(picture.astype(int) - blocks()).mean() < 30  # not inverted


def test_a_grey_jpeg_has_one_channel(tmp_path):
    Image.fromarray(np.full((9, 7), 90, np.uint8)).save(tmp_path / "a.jpg")
    assert images.read(tmp_path / "a.jpg").shape == (9, 7, 1)
    assert images.read_header(tmp_path / "a.jpg") == images.Header(9, 7, 1)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_every_exif_orientation_is_read_upright(tmp_path, orientation, suffix):
    path, exif = tmp_path / f"a{suffix}", Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(ORIENTATIONS[orientation](blocks())))
    options = {".jpg": {"quality": 100, "subsampling": 0}, ".png": {}, ".webp": {"lossless": True}}[suffix]
    stored.save(path, exif=exif, **options)
    picture, header = images.read(path), images.read_header(path)
    assert picture.shape == (16, 24, 3)
    assert np.abs(picture.astype(int) - blocks()).max() <= (4 if suffix == ".jpg" else 0)
    assert (header.height, header.width, header.channels) == picture.shape


def test_the_header_of_a_png_is_read_without_its_pixels(tmp_path):
    path = tmp_path / "a.png"
    content = images.encode_png(colours())
    path.write_bytes(content[: len(content) // 2])
    assert images.read_header(path) == images.Header(20, 30, 3)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_an_orientation_that_is_text_turns_nothing(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x02A\0\0\0\0\0\0\0"
    Image.fromarray(colours()).save(path, exif=exif)
    assert images.read(path).shape == (20, 30, 3)
    assert images.read_header(path) == images.Header(20, 30, 3)


def test_exif_that_is_none_is_at_worst_refused(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(colours()).save(path, exif=b"Exif\0\0no TIFF")
    for reader in (images.read, images.read_header):
        refusal(path, reader)


def png_with(path, name, content, *, before):
    """A PNG of `blocks` with one more chunk, right before that of the name `before`."""
    png = images.encode_png(blocks())
    at = png.index(before) - 4
    path.write_bytes(png[:at] + chunk(name, content) + png[at:])
    return path


XMP = b"XML:com.adobe.xmp\0\0\0\0\0" + b'<x:xmpmeta xmlns:x="adobe:ns:meta/" tiff:Orientation="6"></x:xmpmeta>'


EXIF = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"


@pytest.mark.parametrize(
    ("name", "content", "before"),
    [
        (b"eXIf", EXIF, b"IDAT"),
        pytest.param(b"eXIf", EXIF, b"IEND"),
        pytest.param(b"iTXt", XMP, b"IDAT"),
        pytest.param(b"iTXt", XMP, b"IEND"),
    ],
    ids=["EXIF before the pixels", "EXIF behind", "XMP before", "XMP behind"],
)
def test_wherever_a_png_keeps_its_orientation_header_and_picture_agree(tmp_path, name, content, before):
    path = png_with(tmp_path / "a.png", name, content, before=before)
    picture, header = images.read(path), images.read_header(path)
    assert (header.height, header.width, header.channels) == picture.shape


def test_a_phone_picture_with_a_second_picture_inside_is_read_as_its_first(tmp_path):
    Image.fromarray(blocks()).save(
        tmp_path / "a.jpg", format="MPO", quality=95, save_all=True, append_images=[Image.fromarray(255 - blocks())]
    )
    assert np.abs(images.read(tmp_path / "a.jpg").astype(int) - blocks()).mean() < 20


@pytest.mark.real
def test_greyscale_files_among_real_photographs_have_one_channel():
    folder = DATA / "horse2zebra_subset" / "trainB"
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent")
    headers = {path: images.read_header(path) for path in sorted(folder.glob("*.jpg"))}
    assert {(header.height, header.width) for header in headers.values()} == {(256, 256)}
    grey = [path for path, header in headers.items() if header.channels == 1]
    for path in grey[:3]:
        assert images.read(path).shape == (256, 256, 1)
    assert images.read(next(path for path in headers if path not in grey)).shape == (256, 256, 3)


# 16 bits


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_no_bit_of_sixteen_is_lost(tmp_path, channels, interlaced):
    picture = deep(channels=channels)
    (tmp_path / "a.png").write_bytes(deep_png(picture, interlaced=interlaced))
    alpha = channels in (2, 4)
    again = images.read(tmp_path / "a.png", alpha="keep" if alpha else None)
    assert again.dtype == np.uint16
    assert np.array_equal(again, picture)
    assert images.read_header(tmp_path / "a.png") == images.Header(5, 7, channels - alpha, alpha, "uint16")


@pytest.mark.parametrize("where", ["before", "behind"])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_sixteen_bits_are_turned_upright_too(tmp_path, orientation, where):
    stored = np.ascontiguousarray(ORIENTATIONS[orientation](deep()))
    said = chunk(b"eXIf", exif_of(orientation))
    (tmp_path / "a.png").write_bytes(deep_png(stored, interlaced=orientation % 2 == 0, **{where: said}))
    assert np.array_equal(images.read(tmp_path / "a.png"), deep())
    assert images.read_header(tmp_path / "a.png") == images.Header(5, 7, 3, number="uint16", orientation=orientation)


def test_an_odd_file_says_nothing_on_the_terminal(tmp_path, capfd):
    (tmp_path / "a.png").write_bytes(deep_png(deep(), interlaced=True))
    images.read(tmp_path / "a.png")
    assert capfd.readouterr() == ("", "")


def test_a_palette_with_a_profile_and_opaque_transparency_is_read_without_a_warning(tmp_path):
    image = Image.fromarray(blocks()).quantize(8)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    image.save(tmp_path / "a.png", transparency=bytes([255] * 8), icc_profile=profile)
    assert np.array_equal(images.read(tmp_path / "a.png"), np.asarray(image.convert("RGB")))


# What promises more than it holds


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_size_that_so_few_bytes_cannot_fill_is_refused(tmp_path, kind):
    content = bytearray(saved(colours(), kind))
    at = 16 if kind == "PNG" else content.index(b"\xff\xc0") + 5
    size = struct.pack(">II", 9000, 9000) if kind == "PNG" else struct.pack(">HH", 9000, 9000)
    content[at : at + len(size)] = size
    if kind == "PNG":
        content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    (tmp_path / "a").write_bytes(content)
    for reader in (images.read, images.read_header):
        assert "shorter than its size says" in refusal(tmp_path / "a", reader)


def test_a_jpeg_of_a_thousand_scans_is_refused(tmp_path):
    content = saved(blocks(), "JPEG", progressive=True)
    scan = content.rindex(b"\xff\xda")
    (tmp_path / "a.jpg").write_bytes(content[:scan] + content[scan:-2] * 200 + content[-2:])
    assert images.read(tmp_path / "a.jpg").shape == (16, 24, 3)
    (tmp_path / "a.jpg").write_bytes(content[:scan] + content[scan:-2] * 1000 + content[-2:])
    for reader in (images.read, images.read_header):
        assert "scans" in refusal(tmp_path / "a.jpg", reader)


def test_a_bmp_that_skips_far_more_than_it_holds_is_refused(tmp_path):
    (tmp_path / "a.bmp").write_bytes(rle_bmp(100_000_000, 2, b"\0\2\xff\xff"))
    assert "100,000,000 px wide" in refusal(tmp_path / "a.bmp")


def test_a_png_of_many_packed_texts_is_refused(tmp_path):
    text = chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(1000)))
    for count in (32, 33):
        (tmp_path / "a.png").write_bytes(png(colours(), before=text * count))
        if count == 32:
            assert np.array_equal(images.read(tmp_path / "a.png"), colours())
    assert "33 compressed texts" in refusal(tmp_path / "a.png")


def test_damaged_exif_is_no_matter_and_not_told_of(tmp_path):
    cut = b"Exif\0\0MM\0*\0\0\0\x08\0\x05\x01\x12\0\x03"
    (tmp_path / "a.jpg").write_bytes(saved(blocks(), "JPEG", exif=cut))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with Image.open(tmp_path / "a.jpg") as image:
            image.getexif()
    assert [warning.category for warning in told] == [UserWarning]  # so there is something to be told
    code = "import pathlib, sys; from pixlate import images; print(images.read(pathlib.Path(sys.argv[1])).shape)"
    command = [sys.executable, "-W", "default", "-c", code, str(tmp_path / "a.jpg")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("(16, 24, 3)\n", "")
