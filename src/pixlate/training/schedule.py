"""How long a run lasts and how fast it learns: pure functions of the settings and the step."""

import math

from pixlate.specs.training import LoopConfig


def total_steps(loop: LoopConfig, pairs: int, world: int) -> int:
    """Steps of the whole run: as given, or so many that every epoch's pairs are seen."""
    if loop.steps is not None:
        return loop.steps
    return math.ceil((loop.epochs or 0) * pairs / (loop.batch_size * world))


def epoch(step: int, loop: LoopConfig, pairs: int, world: int) -> float:
    """Passes over the training pairs when `step` steps are done."""
    return step * loop.batch_size * world / pairs


def learning_rate(base: float, decay: float, done: float, total: float) -> float:
    """The rate for whatever follows `done` of `total` epochs (or steps, where steps were asked for).

    It is `base`, and over the last `decay` of the run falls by equal amounts that would reach 0 one epoch after the
    end: of 200 epochs with decay 0.5, epoch 100 has 1, epoch 101 has 100/101 and epoch 200 has 1/101 of the base.
    """
    falling = round(total * decay)
    late = min(max(0, math.floor(done) + 1 - (total - falling)), falling)
    return base * (1 - late / (falling + 1))


def validation_interval(loop: LoopConfig, total: int) -> int:
    """Steps between two validations."""
    return loop.validate_every or max(100, total // 40)
