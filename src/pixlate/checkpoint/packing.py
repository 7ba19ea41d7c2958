"""Weights and optimizers as named tensors, and back."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from pixlate.errors import RunError


class Learner(Protocol):
    """A module, and the optimizers that move its parameters."""

    @property
    def optimizers(self) -> dict[str, Optimizer]:
        """Optimizers by name."""

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """As a module's."""

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """As a module's."""


def pack(learner: Learner) -> dict[str, Tensor]:
    """Parameters as weights.NAME, optimizers as optimizer.NAME.INDEX.KEY; the tensors themselves, not copies."""
    tensors = {f"weights.{name}": weight.detach() for name, weight in learner.named_parameters()}
    for name, optimizer in learner.optimizers.items():
        tensors |= {f"optimizer.{name}.{key}": tensor for key, tensor in _entries(optimizer).items()}
    return tensors


def unpack(tensors: Mapping[str, Tensor], learner: Learner) -> None:
    """Put the learner and its optimizers in the state that `pack` found.

    Raises:
        RunError: the tensors are those of other networks.
    """
    fill(dict(learner.named_parameters()), below(tensors, "weights."))
    for name, optimizer in learner.optimizers.items():
        given, held = below(tensors, f"optimizer.{name}."), _entries(optimizer)
        if given.keys() == held.keys():  # A recorded step knows them where they are.
            fill(held, given)
            continue
        states: dict[int, dict[str, Any]] = {}
        for key, tensor in given.items():
            index, entry = key.split(".")
            states.setdefault(int(index), {})[entry] = tensor.clone()
        optimizer.load_state_dict({**optimizer.state_dict(), "state": states})


def _entries(optimizer: Optimizer) -> dict[str, Tensor]:
    """Its state as INDEX.KEY. All of Adam's are tensors, and none is copied."""
    state = optimizer.state_dict()["state"]
    return {f"{index}.{key}": torch.as_tensor(value) for index, own in state.items() for key, value in own.items()}


def fill(places: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> None:
    """Copy each tensor into its place.

    Raises:
        RunError: names or shapes differ.
    """
    both = places.keys() & tensors.keys()
    differing = sorted(places.keys() ^ tensors.keys() | {n for n in both if places[n].shape != tensors[n].shape})
    if differing:
        raise RunError(f"The checkpoint holds other networks than this run's ({differing[0]} differs).")
    with torch.no_grad():
        for name, place in places.items():
            place.copy_(tensors[name])


def below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix`, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
