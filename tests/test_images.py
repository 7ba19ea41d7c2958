"""Pictures: every kind that is read is read as it looks; every other is refused in one sentence that names the file."""

import gc
import io
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from pixlate import images
from pixlate.errors import PictureError
from pixlate.specs.pictures import Kind

DATA = Path(__file__).parents[1].parent / "shared" / "data"
ORIENTATIONS = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: upright[::-1, ::-1].transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, -1),
}
"""What a camera stores of an upright picture under each EXIF orientation."""

pictures = st.sampled_from([1, 3]).flatmap(
    lambda channels: arrays.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(channels)))
)


GREY = Kind(1)


def colours(height=20, width=30):
    return np.random.default_rng(height * 1000 + width).integers(0, 256, (height, width, 3)).astype(np.uint8)


def greys(height=20, width=30):
    return colours(height, width)[..., :1]


def blocks():
    """16×24, in flat 8×8 blocks of six colours, which JPEG keeps nearly as they are."""
    six = np.array([[[250, 0, 0], [0, 250, 0], [0, 0, 250]], [[250, 250, 0], [0, 250, 250], [60, 60, 60]]], np.uint8)
    return six.repeat(8, axis=0).repeat(8, axis=1)


def with_alpha(pixels, alpha=255):
    return np.concatenate([pixels, np.full((*pixels.shape[:2], 1), alpha, np.uint8)], axis=-1)


def mode_of(path):
    with Image.open(path) as image:
        return image.mode


def refusal(path, reader=images.read):
    """The sentence with which `path` is refused, checked to be one and to name the file."""
    try:
        reader(path)
    except PictureError as error:
        told = str(error)
    else:
        pytest.fail(f"{path} was read")
    assert str(path) in told
    assert "\n" not in told
    assert "Traceback" not in told
    return told


def chunk(name, content):
    """One chunk of a PNG file."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_of_16_bits(path, colour_type, channels):
    """A PNG that no 8-bit library writes: all its values but the last differ in their lower bytes alone."""
    rows = np.arange(4 * 6 * channels, dtype=">u2").reshape(4, -1) + 0x4000
    if colour_type in (4, 6):
        rows.reshape(4, 6, channels)[..., -1] = 0xFFFF
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows.astype(">u2")))
    head = struct.pack(">IIBBBBB", 6, 4, 16, colour_type, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b""))
    return path


# What is read


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


def test_opaque_transparency_channels_are_dropped(tmp_path):
    for picture, mode in ((colours(), "RGBA"), (greys(), "LA")):
        Image.fromarray(with_alpha(picture)).save(tmp_path / "a.png")
        assert mode_of(tmp_path / "a.png") == mode
        assert np.array_equal(images.read(tmp_path / "a.png"), picture)


@pytest.mark.parametrize("opaque", [{}, {"transparency": bytes([255] * 8)}], ids=["plain", "opaque transparency"])
def test_a_palette_becomes_its_colours(tmp_path, opaque):
    few = blocks()
    image = Image.fromarray(few).quantize(8)
    image.save(tmp_path / "a.png", **opaque)
    assert mode_of(tmp_path / "a.png") == "P"
    assert np.array_equal(images.read(tmp_path / "a.png"), np.asarray(image.convert("RGB")))
    assert images.read_header(tmp_path / "a.png").channels == 3


def test_a_transparent_colour_that_no_pixel_has_loses_nothing(tmp_path):
    Image.fromarray(np.full((4, 4), 9, np.uint8)).save(tmp_path / "a.png", transparency=3)
    assert np.array_equal(images.read(tmp_path / "a.png"), np.full((4, 4, 1), 9, np.uint8))


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


@given(pictures)
@settings(max_examples=30, deadline=None)
def test_header_and_picture_agree(tmp_path_factory, picture):
    path = tmp_path_factory.mktemp("agree") / "a.png"
    path.write_bytes(images.encode_png(picture))
    header = images.read_header(path)
    assert (header.height, header.width, header.channels) == images.read(path).shape


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


def test_the_pictures_of_a_folder_come_in_order_and_others_are_counted(tmp_path):
    for name in ("b.png", "a/2.JPG", "a/1.webp", ".hidden/x.png", ".x.png", "a/notes.txt", "c.TIF", "d.tif", "README"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    pictures_, others = images.pictures_in(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in pictures_] == [
        "a/1.webp",
        "a/2.JPG",
        "b.png",
        "c.TIF",
        "d.tif",
    ]
    assert others == {".txt": 1, "no ending": 1}


# Halves


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


# What is refused


def test_sixteen_bit_grey_is_refused(tmp_path):
    path = tmp_path / "deep.png"
    Image.fromarray(np.full((4, 4), 4000, np.uint16)).save(path)
    assert "8-bit" in refusal(path)
    assert "8-bit" in refusal(path, images.read_header)


@pytest.mark.parametrize(("colour_type", "channels"), [(2, 3), (4, 2), (6, 4)], ids=["RGB", "grey+alpha", "RGBA"])
def test_sixteen_bits_in_colour_are_refused_rather_than_halved(tmp_path, colour_type, channels):
    refusal(png_of_16_bits(tmp_path / "deep.png", colour_type, channels))


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
    Image.fromarray(colours()).save(tmp_path / "gif.png", format="GIF")
    Image.fromarray(colours()).save(tmp_path / "tiff.png", format="TIFF")
    for name in ("gif", "tiff"):
        assert "not a picture of a kind read here" in refusal(tmp_path / f"{name}.png")


def test_a_missing_file_and_a_folder_are_named_for_what_they_are(tmp_path):
    for reader in (images.read, images.read_header):
        assert "no picture" in refusal(tmp_path / "gone.png", reader)
        assert "folder" in refusal(tmp_path, reader)


def test_a_refused_file_is_closed(tmp_path):
    deep, cut = tmp_path / "deep.png", tmp_path / "cut.png"
    Image.fromarray(np.full((4, 4), 4000, np.uint16)).save(deep)
    cut.write_bytes(images.encode_png(colours())[:400])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        refusal(deep)
        refusal(cut)
        gc.collect()
    assert [str(warning.message) for warning in told] == []


# Levels


def test_every_level_survives_the_way_to_floats_and_back():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    assert np.array_equal(images.from_float(images.to_float(levels, GREY), GREY), levels)


def test_floats_span_minus_one_to_one_channels_first():
    values = images.to_float(np.array([[[0, 51, 255], [255, 0, 0]]], np.uint8), Kind())
    assert values.dtype == np.float32
    assert values.shape == (3, 1, 2)
    assert values[:, 0, 0].tolist() == pytest.approx([-1, -0.6, 1])
    assert (values.min(), values.max()) == (-1, 1)


@pytest.mark.parametrize(("level", "nearest"), [(10.4, 10), (10.6, 11), (254.6, 255), (0.4, 0), (127.6, 128)])
def test_levels_are_rounded_not_cut(level, nearest):
    assert images.from_float(np.full((1, 1, 1), level / 127.5 - 1, np.float32), GREY).item() == nearest


def test_values_beyond_the_range_are_clipped():
    values = np.array([-7, -1.001, 1.001, 3e8, -np.inf, np.inf], np.float32).reshape(1, 1, 6)
    assert images.from_float(values, GREY).ravel().tolist() == [0, 0, 255, 255, 0, 255]


# Sizes and channels


@given(pictures)
@settings(max_examples=20, deadline=None)
def test_resizing_to_the_same_size_changes_nothing(picture):
    for resample in ("bilinear", "bicubic"):
        assert np.array_equal(images.resize(picture, *picture.shape[:2], resample), picture)


@given(pictures, st.integers(1, 30), st.integers(1, 30), st.sampled_from(["bilinear", "bicubic"]))
@settings(max_examples=30, deadline=None)
def test_resizing_gives_the_size_asked_for_and_keeps_channels(picture, height, width, resample):
    assert images.resize(picture, height, width, resample).shape == (height, width, picture.shape[-1])
    flat = np.full_like(picture, 77)
    assert (images.resize(flat, height, width, resample) == 77).all()


def test_shrinking_is_antialiased():
    stripes = np.zeros((32, 32, 1), np.uint8)
    stripes[:, ::2] = 255
    assert np.abs(images.resize(stripes, 8, 8, "bilinear").astype(int) - 127).max() < 30


def test_the_filter_asked_for_is_the_one_used():
    ours = images.resize(colours(), 45, 70, "bicubic")
    assert np.array_equal(ours, np.asarray(Image.fromarray(colours()).resize((70, 45), Image.Resampling.BICUBIC)))
    assert (ours != images.resize(colours(), 45, 70, "bilinear")).any()


def test_grey_to_colour_and_back_is_the_same_picture():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    rgb = images.with_channels(levels, 3)
    assert rgb.shape == (16, 16, 3)
    assert (rgb == levels).all()
    assert np.array_equal(images.with_channels(rgb, 1), levels)


def test_colour_becomes_grey_by_the_eye_s_weights():
    primaries = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    assert images.with_channels(primaries, 1).ravel().tolist() == [76, 150, 29]


def test_other_numbers_of_channels_are_refused():
    with pytest.raises(PictureError, match="4 channels"):
        images.with_channels(with_alpha(colours()), 3)


# Out


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


@pytest.mark.parametrize("gap", [0, 4])
def test_a_grid_holds_every_cell_in_its_place_on_white(gap):
    rows = [[colours(5, 7), greys(6, 3)], [colours(2, 2)]]
    sheet = images.grid(rows, gap=gap)
    assert sheet.shape == (2 * (6 + gap) + gap, 2 * (7 + gap) + gap, 3)
    expected = np.full_like(sheet, 255)
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            top, left = gap + y * (6 + gap), gap + x * (7 + gap)
            expected[top : top + cell.shape[0], left : left + cell.shape[1]] = cell
    assert np.array_equal(sheet, expected)


# What a user holds


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
