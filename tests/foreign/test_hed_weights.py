"""HED's weights as others have them: read by name, or refused by name."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from pixlate.errors import ModelFileError
from pixlate.foreign.hed import load
from pixlate.recipes import edges

SIZES = [(64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512)]


@pytest.fixture(scope="module")
def weights():
    """As the port's file has them: names and order written out, not taken from the code that reads them."""
    generator, tensors, before = torch.Generator().manual_seed(0), {}, 3
    for number, stage in zip(("One", "Two", "Three", "Four", "Five"), SIZES, strict=True):
        for index, filters in enumerate(stage):
            place = 2 * index + (number != "One")
            scale = (2 / (9 * before)) ** 0.5
            weight = torch.randn(filters, before, 3, 3, generator=generator) * scale
            tensors[f"netVgg{number}.{place}.weight"] = weight
            tensors[f"netVgg{number}.{place}.bias"] = torch.zeros(filters)
            before = filters
        tensors[f"netScore{number}.weight"] = torch.randn(1, before, 1, 1, generator=generator) * 0.02
        tensors[f"netScore{number}.bias"] = torch.zeros(1)
    tensors["netCombine.0.weight"] = torch.full((1, 5, 1, 1), 0.2)
    tensors["netCombine.0.bias"] = torch.full((1,), 0.5)
    return tensors


def test_pth_and_safetensors_are_the_same_network(weights, tmp_path):
    torch.save(weights, tmp_path / "hed.pth")
    save_file(weights, tmp_path / "hed.safetensors")
    torch.save({name.replace("net", "module", 1): each for name, each in weights.items()}, tmp_path / "older.pth")
    first, *others = (load(tmp_path / name) for name in ("hed.pth", "hed.safetensors", "older.pth"))
    assert torch.equal(first.stages[2][4].weight, weights["netVggThree.5.weight"])
    assert torch.equal(first.stages[0][0].weight, weights["netVggOne.0.weight"])
    assert float(first.fusion.bias) == 0.5
    for other in others:
        assert all(torch.equal(a, b) for a, b in zip(first.parameters(), other.parameters(), strict=True))


def test_its_drawings_come_from_the_file(weights, tmp_path):
    torch.save(weights, tmp_path / "hed.pth")
    recipe = edges.HED(str(tmp_path / "hed.pth"), threshold=0.5)
    (path,) = recipe.files()
    bound = pickle.loads(pickle.dumps(replace(recipe, detector=load(path).detect)))  # noqa: S301 - our own
    picture = np.random.default_rng(0).integers(0, 256, (24, 24, 3), np.uint8)
    source = bound.make(picture, np.random.default_rng(0))
    assert source.shape == (24, 24, 1)
    assert set(np.unique(source)) <= {0, 255}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda w: w.pop("netScoreThree.bias"), "lacks netScoreThree.bias, and 0 more"),
        (lambda w: w.update({"netVggSix.0.bias": torch.zeros(1)}), "a tensor 'netVggSix.0.bias' beside"),
        (
            lambda w: w.update({"netVggTwo.1.weight": torch.zeros(128, 3, 3, 3)}),
            r"netVggTwo.1.weight is \(128, 3, 3, 3\), not \(128, 64, 3, 3\)",
        ),
        (lambda w: [w.pop(name) for name in list(w)[1:]], r"lacks netVggOne.0.bias, and 36 more"),
    ],
)
def test_what_is_no_hed_is_refused_by_name(weights, tmp_path, change, told):
    changed = dict(weights)
    change(changed)
    torch.save(changed, tmp_path / "w.pth")
    with pytest.raises(ModelFileError, match=rf"w\.pth .*{told}"):
        load(tmp_path / "w.pth")
    with pytest.raises(ModelFileError, match="no file"):
        load(tmp_path / "absent.pth")
