"""Everything a run needs to go on: weights, optimizers, scaler and counters, in one file without pickle.

Nothing else has state: every random draw follows from the run's seed and the step.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pixlate import tensorfile
from pixlate.devices import Device
from pixlate.errors import RunError
from pixlate.methods.protocol import Method

_FORMAT = 1


@dataclass(frozen=True)
class Progress:
    """Where a run stands."""

    step: int = 0
    """Steps done."""
    best: float | None = None
    """Best validation score so far, in the metric's own direction."""


def write(path: Path, method: Method, device: Device, progress: Progress) -> None:
    """Write the checkpoint whole or not at all."""
    tensors = {f"method.{name}": tensor for name, tensor in method.state_dict().items()}
    for name, optimizer in method.optimizers.items():
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{name}.{index}.{key}": torch.as_tensor(value) for key, value in state.items()}
    document = {"kind": "checkpoint", "format": _FORMAT, "step": progress.step, "best": progress.best}
    tensorfile.write(path, tensors, document | {"scaler": device.state_dict()})


def read(path: Path, method: Method, device: Device) -> Progress:
    """Put the method, its optimizers and the scaler in the state of the file.

    Raises:
        RunError: a file of another kind or version, or of other networks.
        ModelFileError: a file that cannot be read.
    """
    document = tensorfile.read_document(path)
    if document.get("kind") != "checkpoint" or document.get("format") != _FORMAT:
        raise RunError(f"{path} is not a checkpoint this pixlate can go on from. Start the run in another folder.")
    tensors = tensorfile.read_tensors(path)
    try:
        method.load_state_dict(_below(tensors, "method."))
    except RuntimeError as error:
        raise RunError(f"{path} holds other networks than this run's ({error}).") from error
    for name, optimizer in method.optimizers.items():
        states: dict[int, dict[str, Any]] = {}
        for key, tensor in _below(tensors, f"optimizer.{name}.").items():
            index, entry = key.split(".")
            states.setdefault(int(index), {})[entry] = tensor
        optimizer.load_state_dict({**optimizer.state_dict(), "state": states})
    device.load_state_dict(document["scaler"])
    return Progress(step=document["step"], best=document["best"])


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
