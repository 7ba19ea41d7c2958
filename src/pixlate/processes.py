"""Several processes of one run, as torchrun starts them, speaking to one another.

Everything here but `leads` is an exchange that all processes must take part in, in the same order.
"""

import gc
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import torch
import torch.distributed as dist
from torch import Tensor

from pixlate.errors import ConfigError, RunError

_PATIENCE = timedelta(minutes=30)
"""How long one waits for a process that is alive but does not answer: as while the leader validates."""


class Processes:
    """The group this process belongs to while the `with` block lasts; alone, every exchange is with itself."""

    def __init__(self, device: torch.device) -> None:
        self.rank = int(os.environ.get("RANK", "0"))
        self.world = int(os.environ.get("WORLD_SIZE", "1"))
        self._device = device
        if self.world > 1 and device.type == "mps":
            raise ConfigError("Several processes cannot share Apple's MPS; give --device cpu, or start one process.")

    def __enter__(self) -> Self:
        if self._device.type == "cuda":
            torch.cuda.set_device(self._device)  # pinned memory and NCCL go by the current device
        if self.world > 1:
            backend = "nccl" if self._device.type == "cuda" else "gloo"
            with self._telling():
                dist.init_process_group(
                    backend, store=self._store(), rank=self.rank, world_size=self.world, timeout=_PATIENCE
                )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # After an error the others may be waiting in an exchange, and leaving in order would wait for them.
        if self.world > 1 and error is None:
            with self._telling():
                dist.barrier()
            gc.collect()  # what is left of an exchange must not outlive the group
            dist.destroy_process_group()

    def _store(self) -> Any:  # noqa: ANN401 - torch exports no type of it
        """Where the processes find one another.

        torchrun keeps one store for all its restarts; without a prefix of its own a process may find there the address
        of one that is dead.
        """
        attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
        serves = self.rank == 0 and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True"
        address, port = os.environ.get("MASTER_ADDR", "127.0.0.1"), int(os.environ.get("MASTER_PORT", "29500"))
        store = dist.TCPStore(address, port, self.world, serves, _PATIENCE)  # type: ignore[attr-defined]
        return dist.PrefixStore(f"attempt{attempt}", store)  # type: ignore[attr-defined]

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Put the mean over the processes in place of each tensor.

        In which order a value's terms are added depends on its tensor's size alone, so a resumed run adds as the
        uninterrupted one did. (torch's DistributedDataParallel arranges its buckets anew after its first step.)
        """
        if self.world == 1:
            return
        with self._telling():
            for exchange in [dist.all_reduce(tensor, async_op=True) for tensor in tensors]:
                exchange.wait()
        for tensor in tensors:
            tensor.div_(self.world)

    def most(self, *numbers: int) -> list[int]:
        """For each number the greatest that any process has."""
        if self.world == 1:
            return list(numbers)
        greatest = torch.tensor(numbers, device=self._device)
        with self._telling():
            dist.all_reduce(greatest, dist.ReduceOp.MAX)
        return [int(number) for number in greatest.tolist()]

    def any(self, flag: bool) -> bool:
        """Whether it is so in a process."""
        return self.most(int(flag)) == [1]

    def gather(self, tensors: Mapping[str, Tensor]) -> list[dict[str, Tensor]]:
        """Every process's tensors, by rank; names, shapes and kinds are the same in all."""
        if self.world == 1:
            return [dict(tensors)]
        pieces = [tensor.detach().reshape(-1).view(torch.uint8) for tensor in tensors.values()]
        own = torch.cat(pieces) if pieces else torch.empty(0, dtype=torch.uint8, device=self._device)
        gathered = [torch.empty_like(own) for _ in range(self.world)]
        with self._telling():
            dist.all_gather(gathered, own)
        return [
            {
                # Cloned, for a view of another kind must begin where its kind may begin in memory.
                name: piece.clone().view(tensor.dtype).reshape(tensor.shape)
                for (name, tensor), piece in zip(
                    tensors.items(), torch.split(theirs, [len(piece) for piece in pieces]), strict=True
                )
            }
            for theirs in gathered
        ]

    def gather_text(self, text: str) -> list[str]:
        """Every process's text, by rank."""
        content = text.encode("utf-8", "surrogateescape")
        (longest,) = self.most(len(content))
        padded = torch.zeros(longest + 1, dtype=torch.uint8, device=self._device)
        padded[: len(content)] = torch.tensor(list(content), dtype=torch.uint8)
        texts = [bytes(own["text"].tolist()) for own in self.gather({"text": padded})]
        return [own.rstrip(b"\0").decode("utf-8", "surrogateescape") for own in texts]

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Turn torch's account of a broken connection into a sentence."""
        try:
            yield
        except RuntimeError as error:
            if not any(word in str(error).lower() for word in ("connect", "timed out", "timeout", "gloo", "nccl")):
                raise
            raise RunError(
                f"Process {self.rank} of {self.world} lost touch with another, which ended or does not answer. "
                f"See that one's error; the same command goes on from the last checkpoint. ({str(error)[:200]})"
            ) from error
