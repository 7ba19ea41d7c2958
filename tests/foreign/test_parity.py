"""Numbers of pytorch-CycleGAN-and-pix2pix's own code, of which ours must give the same.

They were written by `python benchmarks/parity.py --incumbent CHECKOUT --write tests/foreign/incumbent.json`.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import parity

FIXTURE = json.loads(Path(__file__).with_name("incumbent.json").read_text())


def told(what: list[Any]) -> str:
    return "-".join(map(str, what))


@pytest.mark.parametrize("entry", FIXTURE["networks"], ids=[told(entry["what"]) for entry in FIXTURE["networks"]])
def test_every_network_it_has_is_recognised_and_gives_its_output(entry: dict[str, Any]) -> None:
    kind, detail, norm, channels = entry["what"]
    wanted = parity.spec_of(kind, detail, norm, channels)
    names = parity.exported_names(wanted)
    assert parity.signature(names) == entry["names"]  # so the incumbent loads what is exported, strictly
    spec, network = parity.imported(parity.fill(names), dropout=bool(detail))
    assert spec == wanted
    found = torch.tensor(parity.kept(parity.answer(network, spec)))
    assert float((found - torch.tensor(entry["output"])).abs().max()) <= 1e-5


@pytest.mark.parametrize("method", ["pix2pix", "cyclegan"])
def test_training_steps_are_its_own(method: str) -> None:
    """Six steps in 64 bits from the same weights, pictures and choices of old pictures."""
    theirs = FIXTURE["steps"][method]
    ours = parity.our_steps(method, {name: parity.fill(names) for name, names in networks_of(method).items()})
    for its_losses, our_losses in zip(theirs["losses"], ours["losses"], strict=True):
        for name, loss in its_losses.items():
            assert our_losses[name] == pytest.approx(loss, abs=1e-6), name
    assert parity.worst(theirs["weights"], ours["weights"]) <= 1e-9


def networks_of(method: str) -> dict[str, dict[str, torch.Tensor]]:
    """Names and shapes of its networks' weights."""
    ours, theirs = parity.method_of(method)
    return {its: parity.exported_names(ours.get_submodule(name).spec) for name, its in theirs.items()}


def test_the_fixture_has_every_network_the_incumbent_can_make() -> None:
    assert [entry["what"] for entry in FIXTURE["networks"]] == json.loads(
        json.dumps([*parity.GENERATORS, *parity.DISCRIMINATORS])
    )
