"""All that changes while a run goes on, and so all that a checkpoint holds.

Order, jitter, noise and learning rate are no part of it: they follow from the seed and from `Progress`.
"""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from pixlate.checkpoint.packing import below, fill, pack, unpack
from pixlate.devices import Device
from pixlate.methods.protocol import Method
from pixlate.networks.normalization import merged_statistics
from pixlate.specs.training import LoopConfig
from pixlate.training import schedule
from pixlate.training.averages import Averages


@dataclass(frozen=True)
class Progress:
    """Where a run stands."""

    step: int = 0
    """Steps done."""
    seen: int = 0
    """Training pairs taken from the stream, by all processes together: its next place."""
    looked: int = 0
    """The last step with a complete look at the validation pictures."""
    best: float | None = None
    """Best validation score so far, in the metric's own direction."""
    best_step: int | None = None
    """The step it is of."""
    tallied: int = 0
    """Steps whose losses are summed up for the next line of metrics.jsonl."""
    lines: int = 0
    """Lines of metrics.jsonl."""


class State:
    """The method, its averages, the sums of its losses, the loss scaler, and the progress."""

    def __init__(self, method: Method, device: Device, loop: LoopConfig, pairs: int) -> None:
        """`pairs` is how many there are to train on."""
        self.method, self.device = method, device
        self.progress = Progress()
        self._loop, self._pairs = loop, pairs
        self.averages: Averages | None = None
        self.begin_averages()
        self._sums: dict[str, Tensor] = {}

    def begin_averages(self) -> None:
        """Let the averages, if there are to be any, begin where the generators are."""
        if self._loop.ema is not None:
            self.averages = Averages(self.method.shipped, self._loop.ema)

    @property
    def pairs_per_step(self) -> int:
        """Training pairs that one step of all processes takes."""
        return self._loop.batch_size * self._loop.accumulate * self.device.processes.world

    @property
    def last_step(self) -> int:
        """The step at which the run will be done."""
        return schedule.last_step(self._loop, self._pairs, self.pairs_per_step, self.progress.step, self.progress.seen)

    @property
    def epoch(self) -> float:
        """Passes over the training pairs so far."""
        return self.progress.seen / self._pairs

    def advance(self, losses: dict[str, Tensor] | None) -> None:
        """One step is done; without losses if its update was left out."""
        step = self.progress.step + 1
        self.progress = replace(self.progress, step=step, seen=self.progress.seen + self.pairs_per_step)
        if losses is None:
            return
        self._sums = {name: self._sums.get(name, 0) + loss for name, loss in losses.items()}
        self.progress = replace(self.progress, tallied=self.progress.tallied + 1)
        if self.averages is not None:
            self.averages.update(step)

    def take_means(self) -> dict[str, float]:
        """The losses' means over the steps since the last call, and over the processes, which all must call."""
        count = self.progress.tallied
        sums = list(self._sums.values())
        self.device.processes.average(sums)
        means = {name: round(float(total) / count, 6) for name, total in zip(self._sums, sums, strict=True)}
        self._sums = {}
        self.progress = replace(self.progress, tallied=0)
        return means

    @contextmanager
    def settled(self) -> Iterator[None]:
        """The generators as measured and shipped: averaged weights, statistics of all processes, which all call.

        Afterwards they are as they were, bit for bit.
        """
        shipped = self.method.shipped.items()
        buffers = {f"{name}.{key}": buffer for name, network in shipped for key, buffer in network.named_buffers()}
        own = {name: buffer.clone() for name, buffer in buffers.items()}
        fill(buffers, merged_statistics(self.device.processes.gather(own)))
        try:
            with self.averages.in_place() if self.averages is not None else nullcontext():
                yield
        finally:
            fill(buffers, own)

    def unsound(self) -> str | None:
        """The name of a tensor of the state with a number in it that is not finite, in this process."""
        tensors = self._own() | self._shared()
        return next((name for name, tensor in tensors.items() if not bool(torch.isfinite(tensor).all())), None)

    def pack(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """The tensors and the document of a checkpoint; all processes must call."""
        parts = self.device.processes.gather(self._own())
        tensors = {f"process.{rank}.{name}": tensor for rank, own in enumerate(parts) for name, tensor in own.items()}
        document = {
            "progress": dataclasses.asdict(self.progress),
            "scaler": self.device.state_dict(),
            "processes": len(parts),
        }
        return tensors | self._shared(), document

    def unpack(self, tensors: dict[str, Tensor], document: dict[str, Any]) -> None:
        """Be in the state that `pack` found. If the number of processes is another, statistics are merged ones.

        Raises:
            RunError: the checkpoint is one of other networks.
        """
        unpack(tensors, self.method)
        if self.averages is not None:
            fill(self.averages.weights(), below(tensors, "average."))
        parts = [below(tensors, f"process.{rank}.") for rank in range(document["processes"])]
        processes = self.device.processes
        own = parts[processes.rank] if len(parts) == processes.world else _merged(parts)
        fill(dict(self.method.named_buffers()), below(own, "buffers."))
        self._sums = {name: loss.to(self.device.torch) for name, loss in below(own, "losses.").items()}
        self.device.load_state_dict(document["scaler"])
        self.progress = Progress(**document["progress"])

    def _own(self) -> dict[str, Tensor]:
        """What each process has for itself."""
        buffers = {f"buffers.{name}": buffer for name, buffer in self.method.named_buffers()}
        return buffers | {f"losses.{name}": loss for name, loss in self._sums.items()}

    def _shared(self) -> dict[str, Tensor]:
        """What is the same in all processes."""
        averages = self.averages.weights() if self.averages is not None else {}
        return pack(self.method) | {f"average.{name}": weight for name, weight in averages.items()}


def _merged(parts: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """What each of another number of processes goes on with."""
    losses = {
        name: torch.stack([own[name] for own in parts]).mean(0) for name in parts[0] if name.startswith("losses.")
    }
    return merged_statistics(parts) | losses
