"""When a claim holds, fails, or stays undecided."""

from typing import Any

import pytest

from pixlate.reproduction.claims import CLAIMS, judge
from pixlate.specs.reproduction import EXPERIMENTS


def results(l1: list[float], cgan: list[float], both: list[float]) -> dict[str, dict[int, dict[str, Any]]]:
    def scores(iou: float) -> dict[str, Any]:
        return {"fcn": {"iou": {"mean": iou}, "pixel": {"mean": iou}}}

    rows = {"L1": l1, "cGAN": cgan, "L1+cGAN": both}
    return {name: {seed: scores(iou) for seed, iou in enumerate(each)} for name, each in rows.items()}


def verdict(found: dict[str, dict[int, dict[str, Any]]]) -> str:
    (one,) = [each for each in judge(found, {}) if "below the conditional losses" in each.claim.says]
    return one.verdict


@pytest.mark.parametrize(
    ("l1", "cgan", "both", "expected"),
    [
        ([0.1, 0.1, 0.2], [0.2, 0.2, 0.3], [0.3, 0.3, 0.4], "holds"),
        ([0.1, 0.1, 0.2], [0.2, 0.2, 0.1], [0.3, 0.3, 0.4], "undecided"),
        ([0.1, 0.1, 0.2], [0.0, 0.1, 0.1], [0.3, 0.3, 0.4], "does not hold"),
        ([0.1, 0.1], [0.2, 0.2], [0.3, 0.3], "undecided"),
    ],
)
def test_a_claim_is_decided_by_every_seed(l1: list[float], cgan: list[float], both: list[float], expected: str) -> None:
    assert verdict(results(l1, cgan, both)) == expected


def test_claims_of_experiments_that_are_not_done_are_passed_over() -> None:
    assert not judge({"L1": {}}, {})
    assert not [found for found in judge(results([0.1], [0.2], [0.3]), {}) if "286" in found.claim.says]


def test_claims_speak_of_experiments_that_there_are() -> None:
    for claim in CLAIMS:
        assert {*claim.lesser, *claim.greater} <= {*EXPERIMENTS, "real photographs"}


@pytest.mark.parametrize(("gan", "expected"), [(9.0, "holds"), (39.0, "does not hold")])
def test_to_collapse_is_more_than_to_vary_a_little_less(gan: float, expected: str) -> None:
    rows = {"GAN": gan, "cGAN": 40.0, "L1+cGAN": 40.2}
    found = judge({name: {seed: {"variety": value} for seed in range(3)} for name, value in rows.items()}, {})
    assert [each.verdict for each in found if "collapses" in each.claim.says] == [expected]


def test_a_segmenter_that_reads_nothing_decides_nothing() -> None:
    three = [0.1, 0.1, 0.1]
    found = judge(results(three, [0.2, 0.2, 0.2], [0.3, 0.3, 0.3]), {"warning": "It reads nothing."})
    assert {each.verdict for each in found if each.claim.of == "class IOU"} == {"undecided"}
