"""How long a run lasts and how fast it learns: pure functions of the settings and the step."""

import math

from pixlate.specs.learning import LearningConfig
from pixlate.specs.training import LoopConfig


def last_step(loop: LoopConfig, pairs: int, pairs_per_step: int, step: int = 0, seen: int = 0) -> int:
    """The step that ends a run which has seen `seen` pairs in `step` steps.

    It is as given, or the one by which every epoch's pairs are seen.
    """
    if loop.steps is not None:
        return loop.steps
    return step + max(0, math.ceil(((loop.epochs or 0) * pairs - seen) / pairs_per_step))


def learning_rate(learning: LearningConfig, done: float, total: float) -> float:
    """The rate for whatever follows `done` of `total` epochs (or steps, where steps were asked for).

    linear: the given rate, which over the last `decay` of the run falls by equal amounts that would reach 0 one epoch
    after the end: of 200 epochs with decay 0.5, epoch 100 has 1, epoch 101 has 100/101 and epoch 200 has 1/101 of it.
    step: a tenth of it after every `lr_step`. cosine: along half a cosine, which would reach 0 after the end.
    """
    begun = math.floor(done)
    if learning.lr_policy == "step":
        return learning.lr * 0.1 ** (begun // learning.lr_step)
    if learning.lr_policy == "cosine":
        return learning.lr * (1 + math.cos(math.pi * min(begun / total, 1))) / 2
    falling = round(total * (learning.decay or 0.0))
    late = min(max(0, begun + 1 - (total - falling)), falling)
    return learning.lr * (1 - late / (falling + 1))


def validation_interval(loop: LoopConfig, total: int) -> int:
    """Steps between two validations."""
    return loop.validate_every or max(100, total // 40)


def looks_after(step: int, loop: LoopConfig, total: int) -> bool:
    """Whether the validation pictures are looked at when `step` steps are done."""
    return step % validation_interval(loop, total) == 0 or step == total


def keeps_after(step: int, loop: LoopConfig, total: int) -> bool:
    """Whether a checkpoint is written when `step` steps are done, whatever the clock says."""
    return looks_after(step, loop, total) or (loop.checkpoint_every is not None and step % loop.checkpoint_every == 0)
