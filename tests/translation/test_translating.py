"""Translation as a user meets it: any size, any place, and a picture's bytes depending on nothing beside it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from cards import card_of
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pixlate import Translator, durable, images, modelfile
from pixlate.errors import ConfigError, DataError, ModelFileError, PictureError
from pixlate.images import Picture
from pixlate.networks.building import build_generator
from pixlate.specs.card import Translation
from pixlate.specs.networks import GeneratorSpec
from pixlate.specs.pictures import Kind
from pixlate.translation.jobs import Reading, find_jobs
from pixlate.translation.translating import translate


def save_model(path: Path, channels: int = 3, **translation: object) -> Path:
    spec = GeneratorSpec(in_channels=channels, depth=5, width=8, dropout=(1, 2, 3))
    network = build_generator(spec, seed=3)
    with torch.no_grad():  # weights of a size that makes outputs differ visibly
        for weight in network.parameters():
            weight.mul_(8) if weight.ndim == 4 else None
    card = card_of(spec, translation=Translation(**translation))  # type: ignore[arg-type]
    modelfile.write(path, network, card)
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("model") / "model.safetensors")


def picture(seed: int, height: int = 40, width: int = 56, channels: int = 3) -> Picture:
    return np.random.Generator(np.random.PCG64(seed)).integers(0, 256, (height, width, channels), dtype=np.uint8)


def folder_of(folder: Path, names: list[str]) -> Path:
    for seed, name in enumerate(names):
        durable.write(folder / name, images.encode_png(picture(seed)))
    return folder


def run(model: Path, inputs: list[Path], out: Path, **switches: object) -> dict[str, bytes]:
    translator = Translator(model)
    work = find_jobs(translator.card, inputs, out)
    list(translate(translator, work, **switches))  # type: ignore[arg-type]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_a_folder_keeps_its_structure(model: Path, tmp_path: Path) -> None:
    inputs = folder_of(tmp_path / "in", ["a.png", "deep/er/a.png", "deep/b.png"])
    made = run(model, [inputs], tmp_path / "out")
    assert set(made) == {"a.png", "deep/er/a.png", "deep/b.png"}


def test_other_endings_become_png_and_a_file_uses_its_name(model: Path, tmp_path: Path) -> None:
    Image.fromarray(picture(0)).save(tmp_path / "photo.JPG", format="JPEG")
    assert set(run(model, [tmp_path / "photo.JPG"], tmp_path / "out")) == {"photo.png"}


def test_bytes_depend_on_no_neighbour_order_or_batch(model: Path, tmp_path: Path) -> None:
    names = [f"{letter}.png" for letter in "abcdefg"]
    inputs = folder_of(tmp_path / "in", names)
    reference = run(model, [inputs], tmp_path / "out1", batch_size=1)
    assert run(model, [inputs], tmp_path / "out7", batch_size=7) == reference
    backwards = [inputs / name for name in reversed(names)]
    assert run(model, backwards, tmp_path / "backwards", batch_size=3) == reference
    for name in names[:2]:
        assert run(model, [inputs / name], tmp_path / f"alone-{name}")[name] == reference[name]


def test_the_noise_follows_the_relative_path(model: Path, tmp_path: Path) -> None:
    for name in ("one/a.png", "two/a.png"):
        durable.write(tmp_path / "in" / name, images.encode_png(picture(0)))
    made = run(model, [tmp_path / "in"], tmp_path / "out")
    assert made["one/a.png"] != made["two/a.png"]
    shutil.copytree(tmp_path / "in", tmp_path / "moved")
    assert run(model, [tmp_path / "moved"], tmp_path / "again") == made


def test_python_gives_what_the_command_line_gives(model: Path, tmp_path: Path) -> None:
    inputs = folder_of(tmp_path / "in", ["a.png"])
    made = run(model, [inputs], tmp_path / "out")
    output = Translator(model)(picture(0), name="a.png")
    assert images.encode_png(output) == made["a.png"]


def test_any_kind_of_picture_answers_in_kind(model: Path, tmp_path: Path) -> None:
    pixels = picture(0)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    translator = Translator(model)
    output = translator(pixels)
    assert output.dtype == np.uint8
    named = translator(pixels, name="a.png")
    assert np.array_equal(translator(tmp_path / "a.png"), named)
    assert np.array_equal(translator(str(tmp_path / "a.png")), named)
    answered = translator(Image.fromarray(pixels))
    assert isinstance(answered, Image.Image)
    assert np.array_equal(np.asarray(answered), output)


@settings(max_examples=25, deadline=None)
@given(height=st.integers(1, 90), width=st.integers(1, 90))
def test_any_size_comes_back_at_its_size(model: Path, height: int, width: int) -> None:
    assert Translator(model)(picture(0, height, width)).shape == (height, width, 3)


def test_the_three_switches_are_independent_and_each_matters(model: Path) -> None:
    pixels = picture(0)
    outputs = {
        (statistics, dropout, seed): Translator(model, statistics=statistics, dropout=dropout, seed=seed)(pixels)
        for statistics in ("batch", "running")
        for dropout in (True, False)
        for seed in (0, 1)
    }
    for key, output in outputs.items():
        same = [other for other, made in outputs.items() if np.array_equal(made, output)]
        assert same == ([key] if key[1] else [(key[0], False, 0), (key[0], False, 1)])  # type: ignore[index]


def test_the_papers_switches_are_the_default_and_the_card_may_say_otherwise(tmp_path: Path, model: Path) -> None:
    paper = Translator(model)
    assert (paper.statistics, paper.dropout, paper.seed) == ("batch", True, 0)
    settled = Translator(save_model(tmp_path / "m.safetensors", statistics="running", dropout=False, seed=4))
    assert (settled.statistics, settled.dropout, settled.seed) == ("running", False, 4)


def test_output_is_rounded_to_the_nearest_level(model: Path) -> None:
    pixels = picture(0)
    translator = Translator(model, dropout=False)
    network, _card = modelfile.read(model)
    exact = network(torch.from_numpy(images.to_float(pixels, Kind()))[None])[0].permute(1, 2, 0)
    levels = (exact.double().numpy() + 1) * 127.5
    assert np.abs(levels - translator(pixels)).max() <= 0.5 + 1e-3


def test_translating_leaves_torchs_global_random_state_alone(model: Path) -> None:
    before = torch.random.get_rng_state()
    Translator(model)(picture(0))
    assert torch.equal(before, torch.random.get_rng_state())


def test_halves_of_side_by_side_files(model: Path, tmp_path: Path) -> None:
    left, right = picture(0), picture(1)
    durable.write(tmp_path / "in" / "a.png", images.encode_png(np.concatenate([left, right], axis=1)))
    translator = Translator(model)
    for direction, half in (("AtoB", left), ("BtoA", right)):
        out = tmp_path / direction
        list(translate(translator, find_jobs(translator.card, [tmp_path / "in"], out, Reading(direction=direction))))  # type: ignore[arg-type]
        assert np.array_equal(images.read(out / "a.png"), translator(half, "a.png"))


def test_pictures_can_be_resized_first(model: Path, tmp_path: Path) -> None:
    inputs = folder_of(tmp_path / "in", ["a.png"])
    run(model, [inputs], tmp_path / "out", size=(32, 48))
    resized = images.resize(picture(0), 32, 48, "bilinear")
    assert np.array_equal(images.read(tmp_path / "out" / "a.png"), Translator(model)(resized, "a.png"))


@pytest.mark.parametrize("second", ["a.jpg", "A.png", "sub/../a.png"])
def test_two_inputs_for_one_output_are_refused_before_any_work(model: Path, tmp_path: Path, second: str) -> None:
    (tmp_path / "in" / "sub").mkdir(parents=True)
    folder_of(tmp_path / "in", ["a.png"])
    folder_of(tmp_path / "other", ["a.png"])
    other = tmp_path / "in" / second
    if not other.exists():
        Image.fromarray(picture(1)).save(other, format="PNG")
    clash = [tmp_path / "in" / "a.png", other if "sub" not in second else tmp_path / "other" / "a.png"]
    with pytest.raises(DataError, match="would both become"):
        find_jobs(modelfile.read_card(model), clash, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_input_is_never_overwritten(model: Path, tmp_path: Path) -> None:
    inputs = folder_of(tmp_path / "in", ["a.png"])
    with pytest.raises(DataError, match="overwrite an input"):
        find_jobs(modelfile.read_card(model), [inputs], inputs)


def test_wrong_channels_are_refused_and_grey_does_for_rgb(tmp_path: Path, model: Path) -> None:
    grey_model = save_model(tmp_path / "grey.safetensors", channels=1)
    colour, grey = folder_of(tmp_path / "colour", ["a.png"]), tmp_path / "grey"
    durable.write(grey / "a.png", images.encode_png(picture(0, channels=1)))
    card = modelfile.read_card(grey_model)
    with pytest.raises(PictureError, match=r"a\.png has 3 channels, the model takes 1.*--to-grey"):
        find_jobs(card, [colour], tmp_path / "out")
    assert len(find_jobs(card, [colour], tmp_path / "out", Reading(to_grey=True)).jobs) == 1
    assert find_jobs(modelfile.read_card(model), [grey], tmp_path / "out").notes == (
        "1 of 1 pictures are grey and are replicated to 3 channels.",
    )
    with pytest.raises(PictureError, match="3 channels, the model takes 1"):
        Translator(grey_model)(picture(0))


def test_to_grey_weighs_the_colours(tmp_path: Path) -> None:
    translator = Translator(save_model(tmp_path / "grey.safetensors", channels=1))
    inputs = folder_of(tmp_path / "in", ["a.png"])
    work = find_jobs(translator.card, [inputs], tmp_path / "out", Reading(to_grey=True))
    assert list(translate(translator, work)) == [None]
    grey = np.asarray(Image.fromarray(picture(0)).convert("L"))
    assert np.array_equal(images.read(tmp_path / "out" / "a.png"), translator(grey, "a.png"))


def test_a_bad_picture_stops_before_any_work_or_is_left_out_by_name(model: Path, tmp_path: Path) -> None:
    inputs = folder_of(tmp_path / "in", ["a.png", "c.png"])
    (inputs / "b.png").write_bytes(b"<html>")
    card = modelfile.read_card(model)
    with pytest.raises(PictureError, match=r"b\.png"):
        find_jobs(card, [inputs], tmp_path / "out")
    work = find_jobs(card, [inputs], tmp_path / "out", skip_bad=True)
    assert [job.name for job in work.jobs] == ["a.png", "c.png"]
    assert "b.png" in work.left_out[0]


def test_a_damaged_picture_leaves_no_half_written_file(model: Path, tmp_path: Path) -> None:
    inputs = folder_of(tmp_path / "in", ["a.png", "b.png"])
    whole = (inputs / "b.png").read_bytes()
    (inputs / "b.png").write_bytes(whole[: len(whole) // 2])  # its header is sound
    with pytest.raises(PictureError, match=r"b\.png is damaged"):
        run(model, [inputs], tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.png"]
    translator = Translator(model)
    done = list(translate(translator, find_jobs(translator.card, [inputs], tmp_path / "out"), skip_bad=True))
    assert done[0] is None
    assert "b.png is damaged" in str(done[1])


@pytest.mark.parametrize(("given", "complaint"), [("nowhere", "no file or folder"), ("empty", "no pictures")])
def test_nothing_to_translate_is_told(model: Path, tmp_path: Path, given: str, complaint: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=complaint):
        find_jobs(modelfile.read_card(model), [tmp_path / given], tmp_path / "out")


def test_what_is_no_model_is_told(tmp_path: Path) -> None:
    (tmp_path / "m.safetensors").write_bytes(b"PK\x03\x04 a zip, as .pth files are")
    with pytest.raises(ModelFileError, match=r"m\.safetensors is not a pixlate file"):
        Translator(tmp_path / "m.safetensors")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_a_device_that_is_not_there_is_told(model: Path) -> None:
    with pytest.raises(ConfigError, match="no cuda"):
        Translator(model, device="cuda")


def test_a_file_from_python_is_the_file_on_the_command_line(model: Path, tmp_path: Path) -> None:
    inputs = folder_of(tmp_path / "in", ["a.png"])
    made = run(model, [inputs / "a.png"], tmp_path / "out")
    assert images.encode_png(Translator(model)(inputs / "a.png")) == made["a.png"]


def test_a_switch_of_no_such_value_is_refused(model: Path) -> None:
    with pytest.raises(ConfigError, match=r"statistics is 'Batch'.*batch"):
        Translator(model, statistics="Batch")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="no device 'gpu'"):
        Translator(model, device="gpu")  # type: ignore[arg-type]


def test_transparency_is_refused_before_any_work(model: Path, tmp_path: Path) -> None:
    inputs = folder_of(tmp_path / "in", ["a.png", "c.png"])
    Image.fromarray(picture(0, channels=4)).save(inputs / "b.png")
    with pytest.raises(PictureError, match=r"b\.png has transparency"):
        find_jobs(modelfile.read_card(model), [inputs], tmp_path / "out")


def test_other_files_are_counted_and_nothing_left_is_an_error(model: Path, tmp_path: Path) -> None:
    inputs = folder_of(tmp_path / "in", ["a.png"])
    (inputs / "scan.gif").write_bytes(b"GIF89a")
    card = modelfile.read_card(model)
    assert "1 .gif" in find_jobs(card, [inputs], tmp_path / "out").notes[0]
    (inputs / "a.png").write_bytes(b"<html>")
    with pytest.raises(DataError, match=r"None of 1 pictures.*a\.png"):
        find_jobs(card, [inputs], tmp_path / "out", skip_bad=True)


def test_a_run_folder_is_no_model_file_and_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"is a folder; name the model file"):
        Translator(tmp_path)
