"""One file of tensors and a document: what goes in comes out, and a file of any other kind is named as such."""

import json
import random
import struct
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from pixlate import tensorfile
from pixlate.errors import ModelFileError

DTYPES = [torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.uint8, torch.bool]

documents = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


@st.composite
def tensors(draw):
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    seed = draw(st.integers(0, 1000))
    values = torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * 50
    return values.to(draw(st.sampled_from(DTYPES)))


def refusal(reader, path):
    with pytest.raises(ModelFileError) as caught:
        reader(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


@given(st.dictionaries(st.text("abc.0", min_size=1, max_size=6), tensors(), max_size=4), documents)
@settings(max_examples=40, deadline=None)
def test_tensors_and_document_come_back_bit_for_bit(tmp_path_factory, named, document):
    path = tmp_path_factory.mktemp("file") / "a.safetensors"
    tensorfile.write(path, named, document)
    again = tensorfile.read_tensors(path)
    assert tensorfile.read_document(path) == document
    assert again.keys() == named.keys()
    for name, tensor in named.items():
        assert again[name].dtype == tensor.dtype
        assert again[name].shape == tensor.shape
        assert (
            again[name].numpy(force=True).tobytes() == tensor.numpy(force=True).tobytes()
            if (tensor.dtype != torch.bfloat16)
            else torch.equal(again[name], tensor)
        )


def test_unusual_numbers_survive(tmp_path):
    strange = torch.tensor([float("nan"), float("inf"), -0.0, 1e-45])
    tensorfile.write(tmp_path / "a", {"x": strange}, {})
    assert tensorfile.read_tensors(tmp_path / "a")["x"].numpy().tobytes() == strange.numpy().tobytes()


def test_turned_and_tracked_tensors_are_stored_as_they_look(tmp_path):
    turned = torch.arange(6.0).reshape(2, 3).t()
    parameter = torch.nn.Parameter(torch.ones(2))
    tensorfile.write(tmp_path / "a", {"turned": turned, "parameter": parameter * 2}, {"ü": "→"})
    again = tensorfile.read_tensors(tmp_path / "a")
    assert torch.equal(again["turned"], turned)
    assert torch.equal(again["parameter"], torch.full((2,), 2.0))
    assert not again["parameter"].requires_grad
    assert tensorfile.read_document(tmp_path / "a") == {"ü": "→"}


def test_any_safetensors_reader_opens_it(tmp_path):
    from safetensors.torch import load_file

    tensorfile.write(tmp_path / "a", {"x": torch.ones(3)}, {"kind": "model"})
    assert torch.equal(load_file(tmp_path / "a")["x"], torch.ones(3))


def test_what_cannot_be_written_leaves_the_old_file(tmp_path):
    path = tmp_path / "a"
    tensorfile.write(path, {"x": torch.ones(3)}, {"step": 1})
    with pytest.raises(TypeError):
        tensorfile.write(path, {"x": torch.zeros(3)}, {"step": object()})
    assert tensorfile.read_document(path) == {"step": 1}
    assert torch.equal(tensorfile.read_tensors(path)["x"], torch.ones(3))
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("reader", [tensorfile.read_document, tensorfile.read_tensors])
class TestRefusals:
    def test_a_missing_file(self, tmp_path, reader):
        refusal(reader, tmp_path / "gone.safetensors")

    def test_a_folder(self, tmp_path, reader):
        refusal(reader, tmp_path)

    @pytest.mark.parametrize(
        "content",
        [b"", b"\0" * 7, b"\0" * 64, b"\xff" * 300, b"<html>404</html>", random.Random(0).randbytes(999)],  # noqa: S311
        ids=["empty", "too short", "zeros", "ones", "a web page", "noise"],
    )
    def test_what_is_no_safetensors_file(self, tmp_path, reader, content):
        path = tmp_path / "a.safetensors"
        path.write_bytes(content)
        assert "damaged" in refusal(reader, path)

    @pytest.mark.parametrize("kept", [1, 8, 40, 150, -200, -1])
    def test_a_file_cut_short(self, tmp_path, reader, kept):
        path = tmp_path / "a.safetensors"
        tensorfile.write(path, {"x": torch.ones(100)}, {"kind": "model"})
        path.write_bytes(path.read_bytes()[:kept])
        assert "damaged" in refusal(reader, path)

    def test_a_pickle(self, tmp_path, reader):
        path = tmp_path / "a.safetensors"
        torch.save({"x": torch.ones(3)}, path)
        assert "damaged" in refusal(reader, path)


def test_a_safetensors_file_of_others_has_no_document(tmp_path):
    for metadata in (None, {"format": "pt"}):
        save_file({"x": torch.ones(3)}, tmp_path / "a.safetensors", metadata=metadata)
        assert "not one that pixlate wrote" in refusal(tensorfile.read_document, tmp_path / "a.safetensors")


@pytest.mark.parametrize("said", ["", "{", "[1]", "3", "null", '"model"'])
def test_a_document_that_is_no_mapping_is_damage(tmp_path, said):
    save_file({"x": torch.ones(3)}, tmp_path / "a.safetensors", metadata={"pixlate": said})
    assert "damaged" in refusal(tensorfile.read_document, tmp_path / "a.safetensors")


def test_a_header_that_promises_more_than_there_is_is_damage(tmp_path):
    header = json.dumps({"x": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}).encode()
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 8)
    assert "damaged" in refusal(tensorfile.read_tensors, path)


def test_reading_the_document_needs_no_torch(tmp_path):
    tensorfile.write(tmp_path / "a", {"x": torch.ones(3)}, {"kind": "model"})
    code = (
        "import sys, pathlib; from pixlate import tensorfile;"
        "assert tensorfile.read_document(pathlib.Path(sys.argv[1])) == {'kind': 'model'};"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, tmp_path / "a"], check=False).returncode == 0
