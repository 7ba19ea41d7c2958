"""CycleGAN's history, exchanged by tensors alone."""

import torch

from pixlate.methods.history import History
from pixlate.networks.noise import Noise


def test_a_history_is_exchanged_as_picture_by_picture() -> None:
    """Also where one of a batch is exchanged for another of the same batch."""

    def one_by_one(kept: list[float], size: int, fakes: list[float], z: Noise) -> list[float]:
        judged = []
        for fake in fakes:
            judged.append(fake)
            if len(kept) < size:
                kept.append(fake)
            elif z.uniform() < 0.5:
                place = z.choice(size)
                judged[-1], kept[place] = kept[place], fake
        return judged

    history, kept = History(3, 1, 1, 1), list[float]()
    for step in range(40):
        fakes = [step + place / 8 for place in range(5)]
        shown = history.exchange(torch.tensor(fakes).view(5, 1, 1, 1), Noise(step))
        assert shown.flatten().tolist() == one_by_one(kept, 3, fakes, Noise(step))
        assert history.pictures.flatten().tolist() == kept
    assert int(history.count) == 3
