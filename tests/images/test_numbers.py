"""Arrays in NumPy's files: any numbers in any order of bytes, and never a pickle."""

import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import pictures_of, refusal

from picture_files import noise, npy, npz
from pixlate import images


@given(st.sampled_from([np.uint8, np.uint16, np.float32]).flatmap(lambda kind: pictures_of(kind, st.integers(1, 6))))
@settings(max_examples=40, deadline=None)
def test_any_picture_survives(tmp_path_factory, picture):
    path = tmp_path_factory.mktemp("any") / "a.npy"
    path.write_bytes(images.encode(picture, ".npy"))
    again, header = images.read(path), images.read_header(path)
    assert again.dtype == picture.dtype
    assert np.array_equal(again, picture)
    assert (header.height, header.width, header.channels, header.number) == (*picture.shape, picture.dtype.name)


@pytest.mark.parametrize(
    ("code", "number"),
    [("?", "uint8"), (">u2", "uint16"), ("<u2", "uint16"), ("i1", "float32"), (">i2", "float32"), ("<i8", "float32")]
    + [(code, "float32") for code in ("<f2", ">f4", "<f8", ">f8")],
)
def test_header_and_picture_agree_on_the_kind_of_number(tmp_path, code, number):
    values = (noise(4, 5, 2) % 100).astype(code)
    for name, content in (("a.npy", npy(np.asfortranarray(values))), ("a.npz", npz(any_name=values))):
        (tmp_path / name).write_bytes(content)
        picture = images.read(tmp_path / name)
        assert picture.dtype.name == images.read_header(tmp_path / name).number == number
        assert np.array_equal(picture, values * 255 if code == "?" else values.astype(number))


def test_whole_numbers_that_float32_cannot_tell_apart_are_refused(tmp_path):
    for value, read in ((2**24, True), (2**24 + 1, False), (-(2**24) - 1, False)):
        (tmp_path / "a.npy").write_bytes(npy(np.full((2, 2), value, np.int64)))
        if read:
            assert images.read(tmp_path / "a.npy").max() == value
        else:
            assert "16,777,216" in refusal(tmp_path / "a.npy")


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_values_that_are_no_numbers_are_counted_and_refused(tmp_path, value):
    values = np.zeros((4, 5))
    values[1, :3] = value
    (tmp_path / "a.npy").write_bytes(npy(values))
    assert "3 values that are no numbers" in refusal(tmp_path / "a.npy")


class Mine:
    def __reduce__(self):
        return (pytest.fail, ("it was unpickled",))


def test_nothing_is_unpickled(tmp_path):
    (tmp_path / "a.npy").write_bytes(npy(np.array([[Mine(), 1]], object)))
    (tmp_path / "b.npy").write_bytes(pickle.dumps([1, 2]))
    (tmp_path / "c.npz").write_bytes(npz(a=np.array([[Mine(), 1]], object)))
    for name in ("a.npy", "b.npy", "c.npz"):
        for reader in (images.read, images.read_header):
            refusal(tmp_path / name, reader)


def test_of_an_archive_one_array_is_wanted(tmp_path):
    (tmp_path / "a.npz").write_bytes(npz(one=noise(2, 2, 1), other=noise(2, 2, 1)))
    assert "2 arrays" in refusal(tmp_path / "a.npz")
    with zipfile.ZipFile(tmp_path / "none.npz", "w") as archive:
        archive.writestr("readme.txt", "none")
    assert "0 arrays" in refusal(tmp_path / "none.npz")


def test_an_array_that_ends_like_an_archive_is_an_array(tmp_path):
    end = b"PK\5\6" + bytes(18)
    values = np.frombuffer(bytes(18) + end, np.uint8).reshape(4, 10)
    (tmp_path / "a.npy").write_bytes(npy(values))
    assert np.array_equal(images.read(tmp_path / "a.npy")[..., 0], values)


@pytest.mark.parametrize("shape", [(4,), (2, 4, 4, 3), (0, 4), (4, 4, 0), (3, 200, 5000)])
def test_other_shapes_are_refused(tmp_path, shape):
    (tmp_path / "a.npy").write_bytes(npy(np.zeros(shape, np.uint8)))
    for reader in (images.read, images.read_header):
        assert "array (" in refusal(tmp_path / "a.npy", reader)
