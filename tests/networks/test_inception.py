"""The FID's features beside those that torch-fidelity's own network gave for the same weights and picture."""

import json
import sys
from pathlib import Path

import pytest
import torch

from pixlate.networks.inception import FEATURES, Inception

ROOT = Path(__file__).parents[2]


def test_its_features_are_those_of_torch_fidelity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    monkeypatch.delitem(sys.modules, "inception", raising=False)
    import inception

    theirs = json.loads(Path(__file__).with_name("inception.json").read_text())
    with torch.no_grad():
        ours = inception.waved(Inception())((inception.picture().float() - 128) / 128)[0]
    assert ours.shape == (FEATURES,)
    torch.testing.assert_close(ours[::64], torch.tensor(theirs["every 64th"]), rtol=1e-4, atol=1e-4)
    assert float(ours.double().sum()) == pytest.approx(theirs["sum"], rel=1e-5)


def test_it_has_the_layers_of_the_published_weights() -> None:
    names = set(Inception().state_dict())
    assert len([name for name in names if name.endswith("conv.weight")]) == 94
    assert {
        "Conv2d_1a_3x3.bn.running_var",
        "Mixed_6e.branch7x7dbl_5.conv.weight",
        "Mixed_7c.branch_pool.bn.bias",
    } <= names
