"""The incumbent's files in and out, as whole files: what comes of them, what the commands say, what is left alone."""

import numpy as np
import pytest
import torch

from foreign import incumbent
from pixlate import Translator, exchange, modelfile, tensorfile
from pixlate.errors import ConfigError, ModelFileError, PixlateError
from pixlate.networks.building import build_discriminator, build_generator
from pixlate.specs.card import Card, Translation
from pixlate.specs.networks import DiscriminatorSpec, GeneratorSpec


@pytest.fixture
def weights(tmp_path):
    return incumbent.save(incumbent.shaken(incumbent.resnet(6)), tmp_path / "latest_net_G.pth")


@pytest.fixture
def model(tmp_path):
    spec = GeneratorSpec(depth=7, width=4)
    path = tmp_path / "model.safetensors"
    modelfile.write(path, build_generator(spec, seed=1), card_of(spec))
    return path


def card_of(spec):
    said = {"method": "pix2pix", "direction": "AtoB", "preset": "paper", "objective": "L1+cGAN"}
    return Card(spec, **said, trained_on="facades", pairs=400, size=(128, 128), step=80)


def test_an_imported_generator_is_a_model_like_any_other(weights, tmp_path):
    out = tmp_path / "models" / "horse.safetensors"
    spec = exchange.import_weights(weights, out, direction="BtoA", size="96x128")
    generator, card = modelfile.read(out)
    assert card.generator == spec == generator.spec
    assert (card.method, card.direction, card.size, card.preset) == ("imported", "BtoA", (96, 128), "incumbent")
    assert card.chosen_by == "imported from latest_net_G.pth"
    assert (card.pairs, card.step, card.metrics) == (0, 0, {})
    assert card.translation == Translation(dropout=False)
    reference = incumbent.shaken(incumbent.resnet(6))
    picture = np.random.default_rng(1).integers(0, 256, (32, 32, 3), np.uint8)
    made = np.asarray(Translator(out)(picture))
    x = torch.from_numpy(picture).permute(2, 0, 1)[None] / 127.5 - 1
    with torch.no_grad():
        wanted = ((reference(x)[0].permute(1, 2, 0) + 1) * 127.5).numpy()
    assert np.abs(made - wanted).max() < 0.51


def test_an_imported_unet_translates_with_dropout_unless_told_it_has_none(tmp_path):
    path = incumbent.save(incumbent.unet(7), tmp_path / "x.pth")
    for said, wanted in ((None, True), (True, True), (False, False)):
        exchange.import_weights(path, tmp_path / "m", dropout=said)
        card = modelfile.read_card(tmp_path / "m")
        assert card.translation.dropout == bool(card.generator.dropout) == wanted


def test_an_imported_discriminator_is_a_file_to_start_from_and_no_model(tmp_path):
    path = incumbent.save(incumbent.patchgan(3), tmp_path / "latest_net_D.pth")
    spec = exchange.import_weights(path, tmp_path / "D.safetensors")
    assert modelfile.read_spec(tmp_path / "D.safetensors") == spec == DiscriminatorSpec(6, 70, 4)
    with pytest.raises(ModelFileError, match="is a pixlate discriminator, not a model file"):
        modelfile.read_card(tmp_path / "D.safetensors")


def test_the_same_file_gives_the_same_bytes(weights, tmp_path):
    for name in ("one", "two"):
        exchange.import_weights(weights, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_out_and_in_again_is_the_same_to_the_bit(model, tmp_path):
    told = exchange.export_weights(model, tmp_path / "x.pth")
    assert told[0] == "load it with --netG unet_128 --norm batch --ngf 4 --input_nc 3 --output_nc 3"
    assert "dropout follows decoder outputs 1, 2, 3 here, 2, 3 there" in told[1]
    exchange.import_weights(tmp_path / "x.pth", tmp_path / "again")
    before, after = tensorfile.read_tensors(model), tensorfile.read_tensors(tmp_path / "again")
    assert before.keys() == after.keys()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


def test_in_and_out_again_is_the_same_to_the_bit(tmp_path):
    for make in (lambda: incumbent.unet(8), lambda: incumbent.resnet(9, dropout=True), lambda: incumbent.patchgan(4)):
        reference = incumbent.shaken(make())
        exchange.import_weights(incumbent.save(reference, tmp_path / "x.pth"), tmp_path / "m")
        exchange.export_weights(tmp_path / "m", tmp_path / "y.pth")
        before, after = reference.state_dict(), torch.load(tmp_path / "y.pth", weights_only=True)
        assert before.keys() == after.keys()
        assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


# What is left alone


def test_a_file_is_never_written_over_itself(weights, model, tmp_path):
    (tmp_path / "link.pth").symlink_to(weights)
    for out in (weights, tmp_path / "link.pth", tmp_path / "." / "latest_net_G.pth"):
        with pytest.raises(ConfigError, match="is the file to import"):
            exchange.import_weights(weights, out)
    with pytest.raises(ConfigError, match="is the file to export"):
        exchange.export_weights(model, model)


def test_what_was_there_stays_when_there_is_nothing_to_put_in_its_place(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"precious")
    (tmp_path / "bad.pth").write_bytes(b"bad")
    spec = GeneratorSpec(depth=3, width=4, dropout=(1,))
    modelfile.write(tmp_path / "small", build_generator(spec, seed=1), card_of(spec))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ModelFileError):
        exchange.import_weights(tmp_path / "bad.pth", tmp_path / "model.safetensors")
    with pytest.raises(ConfigError):
        exchange.export_weights(tmp_path / "small", tmp_path / "model.safetensors")
    assert (tmp_path / "model.safetensors").read_bytes() == b"precious"
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("size", ["0", "-1", "256x", "a", "1x2x3", ""])
def test_a_size_that_is_none_is_refused_before_the_file_is_written(weights, tmp_path, size):
    with pytest.raises(ConfigError):
        exchange.import_weights(weights, tmp_path / "m", size=size)
    assert not (tmp_path / "m").exists()


def test_only_pixlates_files_are_exported(weights, tmp_path):
    (tmp_path / "noise").write_bytes(bytes(99))
    for path in (weights, tmp_path / "gone", tmp_path, tmp_path / "noise"):
        with pytest.raises(ModelFileError):
            exchange.export_weights(path, tmp_path / "x.pth")
    assert not (tmp_path / "x.pth").exists()


@pytest.mark.parametrize("change", ["missing", "more", "larger"])
def test_a_damaged_model_is_not_exported(model, tmp_path, change):
    tensors, document = tensorfile.read_tensors(model), tensorfile.read_document(model)
    if change == "missing":
        del tensors["encoder.1.conv.weight"]
    elif change == "more":
        tensors["extra"] = torch.ones(1)
    else:
        tensors["encoder.1.conv.weight"] = torch.ones(9, 9, 4, 4)
    tensorfile.write(model, tensors, document)
    with pytest.raises(PixlateError):
        exchange.export_weights(model, tmp_path / "x.pth")


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "\x1b[2J"},
        {"kind": "model", "format": "\x1b[2J"},
        {"kind": "discriminator", "format": 1, "spec": {"in_channels": 2**62}},
        {"kind": "discriminator", "format": 1, "spec": {"width": 2**40}},
        {"kind": "discriminator", "format": 1, "spec": {"width": 4}},
    ],
    ids=str,
)
def test_a_file_that_others_described_is_refused_in_a_line(tmp_path, document):
    tensorfile.write(tmp_path / "m", {"\x1b[2J": torch.ones(1)}, document)
    with pytest.raises(ModelFileError) as caught:
        exchange.export_weights(tmp_path / "m", tmp_path / "x.pth")
    printable = str(caught.value).isprintable()
    assert printable, ascii(str(caught.value))
    assert list(tmp_path.iterdir()) == [tmp_path / "m"]


# The commands


def test_the_commands_say_what_they_did(weights, tmp_path, call):
    out = tmp_path / "m.safetensors"
    code, told, err = call("import", weights, "-o", out, "--size", 128)
    assert (code, told, err) == (0, f"{out}: ResNet of 6 blocks, width 4, norm instance\n", "")
    code, told, err = call("export", out, "--to", "incumbent", "-o", tmp_path / "x.pth")
    assert (code, err) == (0, "")
    assert told.splitlines() == [
        str(tmp_path / "x.pth"),
        "  load it with --netG resnet_6blocks --norm instance --ngf 4 --input_nc 3 --output_nc 3 --no_dropout",
    ]


def test_an_imported_discriminator_is_exported_too(tmp_path, call):
    path = incumbent.save(incumbent.patchgan(0), tmp_path / "latest_net_D.pth")
    assert call("import", path, "-o", tmp_path / "D")[1] == f"{tmp_path / 'D'}: PatchGAN of 1 px, width 4, norm batch\n"
    assert "--netD pixel" in call("export", tmp_path / "D", "--to", "incumbent", "-o", tmp_path / "x.pth")[1]


def test_the_commands_mistakes_are_told_in_a_line(weights, tmp_path, call):
    discriminator = build_discriminator(DiscriminatorSpec(6, 7, 4), seed=1)
    modelfile.write_discriminator(tmp_path / "D", discriminator)
    for words, told in (
        (["import", weights], "--out"),
        (["import", tmp_path / "gone.pth", "-o", tmp_path / "m"], "There is no file"),
        (["import", weights, "-o", tmp_path / "m", "--size", "large"], "large"),
        (["import", weights, "-o", tmp_path / "m", "--direction", "up"], "direction"),
        (["export", tmp_path / "D", "--to", "incumbent", "-o", tmp_path / "x"], "no discriminator of 7 px"),
        (["export", tmp_path / "D", "--to", "keras", "-o", tmp_path / "x"], "keras"),
        (["export", tmp_path / "D", "-o", tmp_path / "x"], "--to"),
    ):
        code, out, err = call(*words)
        assert (code, out) == (2, "")
        assert told in err
        assert "Traceback" not in err
    assert not (tmp_path / "m").exists()
    assert not (tmp_path / "x").exists()
