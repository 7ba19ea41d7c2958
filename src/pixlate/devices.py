"""Where and how precisely the arithmetic runs, and in how many processes: torch's own autocast, scaler and DDP."""

import gc
import os
import warnings
from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self, get_args

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer

from pixlate.errors import ConfigError, suggestion
from pixlate.specs.training import DeviceName, Precision


class Device:
    """One process's share of the machine. Under torchrun it joins the other processes while the `with` block lasts."""

    def __init__(self, name: DeviceName = "auto", precision: Precision = "32") -> None:
        self.rank = int(os.environ.get("RANK", "0"))
        self.world = int(os.environ.get("WORLD_SIZE", "1"))
        self.torch = choose(name, int(os.environ.get("LOCAL_RANK", "0")))
        self.precision = precision
        if precision == "16" and self.torch.type != "cuda":
            raise ConfigError(f"precision 16 needs CUDA, and this runs on {self.torch.type}; use 32 or bf16.")
        self._scaler = torch.amp.GradScaler(self.torch.type, enabled=precision == "16")
        self._wrapped: dict[int, nn.Module] = {}

    def __enter__(self) -> Self:
        if self.world > 1:
            torch.distributed.init_process_group("nccl" if self.torch.type == "cuda" else "gloo")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # After an error the others may be waiting in an exchange, and leaving in order would wait for them.
        if self.world > 1 and error is None:
            torch.distributed.barrier()
            # The wrappers hold the group in cycles; a group alive when the interpreter ends aborts the process.
            self._wrapped.clear()
            gc.collect()
            torch.distributed.destroy_process_group()

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0

    def parallel(self, network: nn.Module) -> nn.Module:
        """The network itself, or, among several processes, the wrapper that averages its gradients over them.

        The wrapper is never part of a method, so no prefix of it reaches a state dict. BatchNorm statistics stay each
        process's own.
        """
        if self.world == 1:
            return network
        if id(network) not in self._wrapped:
            with warnings.catch_warnings():
                # Deprecated in torch 2.13 for a name that torch 2.11 does not know.
                warnings.filterwarnings("ignore", message=".*broadcast_buffers", category=FutureWarning)
                self._wrapped[id(network)] = DistributedDataParallel(network, broadcast_buffers=False)
        return self._wrapped[id(network)]

    def autocast(self) -> AbstractContextManager[object]:
        """Run the networks of this block in the chosen precision."""
        kind = torch.float16 if self.precision == "16" else torch.bfloat16
        return torch.autocast(self.torch.type, dtype=kind, enabled=self.precision != "32")

    def update(self, loss: Tensor, optimizer: Optimizer) -> None:
        """One optimizer step down `loss`, computing the gradients of that optimizer's weights and no others."""
        weights = [weight for group in optimizer.param_groups for weight in group["params"]]
        optimizer.zero_grad()
        self._scaler.scale(loss).backward(inputs=weights)  # type: ignore[no-untyped-call]
        self._scaler.step(optimizer)

    def end_step(self) -> None:
        """Let the loss scale follow what this step's updates met."""
        self._scaler.update()

    def state_dict(self) -> dict[str, Any]:
        """The loss scaler's state; empty but for precision 16."""
        return self._scaler.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from `state_dict`."""
        if state:
            self._scaler.load_state_dict(dict(state))


def choose(name: DeviceName, local_rank: int = 0) -> torch.device:
    """The torch device of that name; `auto` takes CUDA, else MPS, else the CPU.

    Raises:
        ConfigError: no such device, or one this machine does not have.
    """
    kinds = get_args(DeviceName)
    if name not in kinds:
        raise ConfigError(f"There is no device {name!r}; choose from {', '.join(kinds)}.{suggestion(name, kinds)}")
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind in ("cuda", "mps", "cpu") if available[kind])
    if not available[name]:
        raise ConfigError(f"This machine has no {name} that torch can use; try --device auto.")
    if name == "cuda" and local_rank >= torch.cuda.device_count():
        raise ConfigError(f"{torch.cuda.device_count()} GPUs are here; start at most so many processes.")
    return torch.device(name, local_rank) if name == "cuda" else torch.device(name)
