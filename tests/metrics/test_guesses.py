"""The two guesses a translator is seen beside."""

import pytest
import torch
from torch import Tensor

from pixlate.metrics.guesses import Guesses


def flat(level: int, size: int = 40) -> Tensor:
    return torch.full((size, size, 3), level, dtype=torch.uint8)


def test_the_mean_target_is_the_rounded_mean() -> None:
    guesses = Guesses()
    for level in (0, 10, 21):
        guesses.learn(flat(0), flat(level))
    assert torch.equal(guesses.mean_target(), flat(10))


def test_nearest_is_the_pair_whose_source_is_most_alike() -> None:
    guesses = Guesses()
    for level in (0, 100, 200):
        guesses.learn(flat(level), flat(255 - level))
    assert [guesses.nearest(flat(level)) for level in (20, 140, 160, 255)] == [0, 1, 2, 2]


def test_every_training_source_is_its_own_nearest() -> None:
    generator = torch.Generator().manual_seed(0)
    sources = [torch.randint(0, 256, (48, 64, 3), generator=generator, dtype=torch.uint8) for _ in range(8)]
    guesses = Guesses()
    for source in sources:
        guesses.learn(source, source)
    assert [guesses.nearest(source) for source in sources] == list(range(8))


def test_no_pairs_give_no_mean() -> None:
    with pytest.raises(ValueError, match="no pair"):
        Guesses().mean_target()
