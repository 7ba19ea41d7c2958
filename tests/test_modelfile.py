"""The shipped file: the generator bit for bit, its card word for word, and no other file taken for one."""

import dataclasses
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from pixlate import modelfile, tensorfile
from pixlate.errors import ModelFileError
from pixlate.networks.building import build_generator
from pixlate.networks.noise import Noise
from pixlate.specs.card import Card, Translation
from pixlate.specs.document import to_document
from pixlate.specs.networks import GeneratorSpec

SMALL = GeneratorSpec(depth=3, width=4, dropout=(1,))


def card_of(spec, **said):
    base = {"method": "pix2pix", "direction": "AtoB", "preset": "paper", "objective": "L1+cGAN"}
    return Card(spec, **{**base, "trained_on": "facades", "pairs": 400, "size": (256, 192), "step": 80, **said})


@st.composite
def specs(draw):
    depth = draw(st.integers(2, 5))
    return GeneratorSpec(
        architecture=draw(st.sampled_from(["unet", "encoder-decoder"])),
        in_channels=draw(st.sampled_from([1, 3])),
        out_channels=draw(st.sampled_from([1, 3])),
        depth=depth,
        width=draw(st.integers(1, 4)),
        dropout=tuple(sorted(draw(st.sets(st.integers(1, depth - 1))))),
        z_channels=draw(st.integers(0, 2)),
    )


@st.composite
def cards(draw):
    figures = st.floats(allow_nan=False)
    return card_of(
        draw(specs()),
        trained_on=draw(st.text(max_size=9)),
        pairs=draw(st.integers(0, 10**9)),
        resample=draw(st.sampled_from(["bilinear", "bicubic"])),
        translation=Translation(
            draw(st.sampled_from(["batch", "running"])), draw(st.booleans()), draw(st.integers(0, 2**63))
        ),
        chosen_by=draw(st.text(max_size=9)),
        metrics=draw(st.dictionaries(st.sampled_from(["l1", "psnr", "ssim"]), figures)),
        versions={"pixlate": "0.1", "torch": "2.13.0+cpu"},
    )


@pytest.fixture
def path(tmp_path):
    written = tmp_path / "model.safetensors"
    modelfile.write(written, build_generator(SMALL, seed=1), card_of(SMALL))
    return written


def rewritten(path, **changes):
    """The file at `path` with another document."""
    tensors, document = tensorfile.read_tensors(path), tensorfile.read_document(path)
    tensorfile.write(path, tensors, {**document, **changes})
    return path


def refusal(path, readers=(modelfile.read_card, modelfile.read)):
    """The sentence with which every reader refuses the file."""
    told = set()
    for reader in readers:
        with pytest.raises(ModelFileError) as caught:
            reader(path)
        told.add(str(caught.value))
    assert len(told) == 1
    assert str(path) in min(told)
    return told.pop()


@given(cards(), st.integers(0, 2**31))
@settings(max_examples=15, deadline=None)
def test_every_kind_of_generator_comes_back_bit_for_bit(tmp_path_factory, card, seed):
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    written = build_generator(card.generator, seed)
    modelfile.write(path, written, card)
    generator, again = modelfile.read(path)
    assert again == card == modelfile.read_card(path)
    before, after = written.state_dict(), generator.state_dict()
    assert before.keys() == after.keys()
    assert all(before[name].numpy().tobytes() == after[name].numpy().tobytes() for name in before)
    spec = card.generator
    source = torch.rand(1, spec.in_channels, 33, 40, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    with torch.no_grad():
        assert torch.equal(written.eval()(source, Noise(seed)), generator(source, Noise(seed)))


def test_a_generator_that_was_read_is_out_of_training_and_frozen(path):
    generator, _ = modelfile.read(path)
    assert not any(module.training for module in generator.modules())
    assert not any(parameter.requires_grad for parameter in generator.parameters())
    assert all(tensor.device.type == "cpu" for tensor in generator.state_dict().values())


def test_running_statistics_are_shipped_too(tmp_path):
    generator = build_generator(SMALL, seed=1).train()
    with torch.no_grad():
        generator(torch.rand(2, 3, 16, 16))
    modelfile.write(tmp_path / "m", generator, card_of(SMALL))
    again, _ = modelfile.read(tmp_path / "m")
    means = {name: mean for name, mean in again.state_dict().items() if name.endswith("running_mean")}
    assert means
    assert all(mean.abs().max() > 0 for mean in means.values())


def test_the_card_is_read_without_torch(path):
    code = (
        "import sys, pathlib; from pixlate import modelfile;"
        "assert modelfile.read_card(pathlib.Path(sys.argv[1])).pairs == 400;"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, path], check=False).returncode == 0


# What is refused


def test_a_missing_file_and_a_folder(tmp_path):
    assert "no file" in refusal(tmp_path / "gone.safetensors")
    assert "is a folder" in refusal(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\3\4" * 50, bytes(range(256)) * 4], ids=["empty", "zip", "noise"])
def test_another_kind_of_file(path, content):
    path.write_bytes(content)
    assert "damaged" in refusal(path)


@pytest.mark.parametrize("share", [0.001, 0.05, 0.3, 0.9, 0.9999])
def test_a_file_cut_short_anywhere(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert "damaged" in refusal(path)


def test_a_safetensors_file_of_others(tmp_path):
    save_file({"encoder.0.conv.weight": torch.ones(3)}, tmp_path / "other.safetensors")
    assert "not one that pixlate wrote" in refusal(tmp_path / "other.safetensors")


def test_a_checkpoint_in_its_place(path):
    assert "is a pixlate checkpoint, not a model file" in refusal(rewritten(path, kind="checkpoint"))


@pytest.mark.parametrize("number", [2, 0, None, "1", 99])
def test_a_format_of_another_version(path, number):
    assert f"format {number}" in refusal(rewritten(path, format=number))


@pytest.mark.parametrize(
    "changes",
    [
        {"generator": {"depth": 3, "dropout": [8]}},
        {"generator": {"depth": -1}},
        {"generator": {"architecture": "resnet"}},
        {"generator": {"wings": 2}},
        {"generator": 7},
        {"step": "many"},
        {"metrics": [1]},
        {"unknown": 1},
    ],
    ids=str,
)
def test_a_card_that_makes_no_sense(path, changes):
    card = {**to_document(card_of(SMALL)), **changes}
    assert "damaged" in refusal(rewritten(path, card=card))


@pytest.mark.parametrize("card", [None, [], "model", {}])
def test_a_card_that_is_missing(path, card):
    assert "damaged" in refusal(rewritten(path, card=card))


@pytest.mark.parametrize(
    "other",
    [
        {"width": 5},
        {"depth": 4},
        {"depth": 2},
        {"in_channels": 1},
        {"z_channels": 1},
        {"architecture": "encoder-decoder"},
    ],
    ids=str,
)
def test_weights_that_do_not_fit_the_card(path, other):
    spec = dataclasses.replace(SMALL, **other)
    rewritten(path, card=to_document(card_of(spec)))
    assert modelfile.read_card(path).generator == spec
    assert "do not fit its card" in refusal(path, [modelfile.read])


def test_weights_that_are_missing_or_too_many(path):
    tensors, document = tensorfile.read_tensors(path), tensorfile.read_document(path)
    name = next(name for name in tensors if name.endswith("weight"))
    tensorfile.write(path, {key: value for key, value in tensors.items() if key != name}, document)
    assert name in refusal(path, [modelfile.read])
    tensorfile.write(path, {**tensors, "extra": torch.ones(1)}, document)
    assert "extra" in refusal(path, [modelfile.read])


def test_weights_of_another_kind_of_number(path):
    tensors, document = tensorfile.read_tensors(path), tensorfile.read_document(path)
    tensorfile.write(path, {name: value.to(torch.int64) for name, value in tensors.items()}, document)
    refusal(path, [modelfile.read])
