"""Everything a run needs to go on: weights, optimizers, scaler and counters, in one file without pickle.

Nothing else has state: every random draw follows from the run's seed and the step.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.optim import Optimizer

from pixlate import tensorfile
from pixlate.errors import RunError

_FORMAT = 1


class Stateful(Protocol):
    """What can be put in a file and go on from it."""

    def state_dict(self) -> dict[str, Any]:
        """The whole state."""

    def load_state_dict(self, state_dict: Mapping[str, Any], /) -> Any:  # noqa: ANN401 - torch's own return value
        """Go on from `state_dict`."""


class Learner(Stateful, Protocol):
    """Weights and buffers as the state, and the optimizers that move them."""

    @property
    def optimizers(self) -> dict[str, Optimizer]:
        """Optimizers by name."""


@dataclass(frozen=True)
class Progress:
    """Where a run stands."""

    step: int = 0
    """Steps done."""
    best: float | None = None
    """Best validation score so far, in the metric's own direction."""


def write(path: Path, learner: Learner, scaler: Stateful, progress: Progress) -> None:
    """Write the checkpoint whole or not at all."""
    tensors = {f"weights.{name}": tensor for name, tensor in learner.state_dict().items()}
    for name, optimizer in learner.optimizers.items():
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{name}.{index}.{key}": torch.as_tensor(value) for key, value in state.items()}
    document = {"kind": "checkpoint", "format": _FORMAT, "step": progress.step, "best": progress.best}
    tensorfile.write(path, tensors, document | {"scaler": scaler.state_dict()})


def read(path: Path, learner: Learner, scaler: Stateful) -> Progress:
    """Put the learner, its optimizers and the scaler in the state of the file.

    Raises:
        RunError: a file of another kind or version, or of other networks.
        ModelFileError: a file that cannot be read.
    """
    document = tensorfile.read_document(path)
    if document.get("kind") != "checkpoint" or document.get("format") != _FORMAT:
        raise RunError(f"{path} is not a checkpoint this pixlate can go on from. Start the run in another folder.")
    tensors = tensorfile.read_tensors(path)
    try:
        learner.load_state_dict(_below(tensors, "weights."))
    except RuntimeError as error:
        raise RunError(f"{path} holds other networks than this run's ({error}).") from error
    for name, optimizer in learner.optimizers.items():
        states: dict[int, dict[str, Any]] = {}
        for key, tensor in _below(tensors, f"optimizer.{name}.").items():
            index, entry = key.split(".")
            states.setdefault(int(index), {})[entry] = tensor
        optimizer.load_state_dict({**optimizer.state_dict(), "state": states})
    scaler.load_state_dict(document["scaler"])
    return Progress(step=document["step"], best=document["best"])


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
