"""The table of data sets: every row can be trained on as it stands."""

import re

import pytest

from pixlate.data.fetching import settings
from pixlate.data.fetching.catalogue import CATALOGUE, DataSet, find
from pixlate.errors import FetchError
from pixlate.specs.document import from_yaml
from pixlate.specs.training import from_flat, to_flat

ALL = list(CATALOGUE.values())


def name(data_set: DataSet) -> str:
    return data_set.name


@pytest.mark.parametrize("data_set", ALL, ids=name)
def test_its_settings_are_accepted_as_they_are_written(data_set: DataSet, tmp_path) -> None:
    path = tmp_path / "train.yaml"
    assert settings.settle(data_set, tmp_path, path)
    config = from_flat(from_yaml(path.read_text("utf-8"), "train.yaml"), "train.yaml")
    config.method.check()
    config.learning.check()
    flat = to_flat(config)
    assert flat["data"] == str(tmp_path)
    assert flat["method"] == data_set.settings["method"]
    assert {key: flat[key] for key in data_set.settings if not isinstance(flat[key], str)} == {
        key: value for key, value in data_set.settings.items() if not isinstance(flat[key], str)
    }
    if config.method.paired:
        assert flat["direction"] in data_set.settings.values()
    assert data_set.licence in " ".join(path.read_text("utf-8").replace("\n#", "").split())


@pytest.mark.parametrize("data_set", ALL, ids=name)
def test_it_says_what_a_user_wants_to_know(data_set: DataSet) -> None:
    assert data_set.licence
    assert data_set.citation
    assert data_set.pictures
    assert data_set.about if data_set.archives else data_set.ask
    for archive in data_set.archives:
        assert archive.urls or data_set.ask
        assert all(url.endswith(f"/{archive.name}") for url in archive.urls)
        assert [url.split(":")[0] for url in archive.urls] in ([], ["https", "http"])
        assert archive.sha256 is None or re.fullmatch("[0-9a-f]{64}", archive.sha256)


def test_the_papers_numbers() -> None:
    rows = {
        "facades": ("BtoA", 200, 1, "286", True),
        "maps": ("BtoA", 200, 1, "286", True),
        "cityscapes": ("BtoA", 200, 1, "286", True),
        "edges2shoes": ("AtoB", 15, 4, "256", False),
        "edges2handbags": ("AtoB", 15, 4, "256", False),
        "night2day": ("BtoA", 17, 4, "286", True),
        "colorization": ("AtoB", 6, 4, "256", True),
        "thermal": ("AtoB", 10, 4, "256", False),
        "inpainting": ("AtoB", 25, 4, "286", True),
    }
    for data_set, row in rows.items():
        flat = to_flat(from_flat(CATALOGUE[data_set].settings, data_set))
        assert (flat["direction"], flat["epochs"], flat["batch_size"], flat["load_size"], flat["mirror"]) == row
    identity = {name for name, each in CATALOGUE.items() if each.settings.get("lambda_identity") == 0.5}
    assert identity == {"monet2photo", "cezanne2photo", "ukiyoe2photo", "vangogh2photo", "iphone2dslr_flower"}


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(FetchError, match="Did you mean 'horse2zebra'"):
        find("horses2zebra")


def test_a_recipe_is_left_out_until_it_is_known(tmp_path) -> None:
    known = to_flat(from_flat({}, "nothing"))
    for each in ALL:
        assert (each.recipe.keys() <= settings.of(each, tmp_path).keys()) == (each.recipe.keys() <= known.keys())


def test_settings_follow_the_pictures_but_not_over_what_somebody_wrote(tmp_path) -> None:
    facades, path = find("facades"), tmp_path / "train.yaml"
    settings.settle(facades, tmp_path / "here", path)
    assert settings.settle(facades, tmp_path / "there", path)
    assert from_yaml(path.read_text("utf-8"), "")["data"] == str(tmp_path / "there")
    path.write_text(path.read_text("utf-8").replace("epochs: 200", "epochs: 3"), "utf-8")
    written = path.read_bytes()
    assert settings.settle(facades, tmp_path / "there", path)
    assert not settings.settle(facades, tmp_path / "elsewhere", path)
    assert path.read_bytes() == written
    path.write_bytes(b"\xff: [")
    assert not settings.settle(facades, tmp_path / "there", path)
