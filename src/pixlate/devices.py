"""Where and how precisely the arithmetic runs, and in how many processes: torch's own autocast and scaler."""

import ctypes
import os
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self, get_args

import torch
from torch import Tensor
from torch.nn.utils import clip_grads_with_norm_, get_total_norm
from torch.optim import Optimizer

from pixlate.errors import ConfigError, suggestion
from pixlate.processes import Processes
from pixlate.specs.training import DeviceName, Precision

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
"""As glibc's malloc.h has them."""


class NotFinite(ArithmeticError):  # noqa: N818 - what it says is all there is to say
    """A loss or a gradient that is no finite number, met before it could reach the weights."""


class Device:
    """One process's share of the machine. Under torchrun it joins the other processes while the `with` block lasts."""

    def __init__(self, name: DeviceName = "auto", precision: Precision = "32", clip: float | None = None) -> None:
        """`clip` is the greatest norm the gradients of one network may have; longer ones are scaled down to it."""
        self.torch = choose(name, int(os.environ.get("LOCAL_RANK", "0")))
        self.processes = Processes(self.torch)
        self.precision = precision
        self.clip = clip
        if precision == "16" and self.torch.type != "cuda":
            raise ConfigError(f"precision 16 needs CUDA, and this runs on {self.torch.type}; use 32 or bf16.")
        self._scaler = torch.amp.GradScaler(self.torch.type, enabled=precision == "16")
        if self.torch.type == "cpu":
            keep_memory()

    def __enter__(self) -> Self:
        self.processes.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.processes.__exit__(kind, error, trace)

    def autocast(self) -> AbstractContextManager[object]:
        """Run the networks of this block in the chosen precision."""
        kind = torch.float16 if self.precision == "16" else torch.bfloat16
        return torch.autocast(self.torch.type, dtype=kind, enabled=self.precision != "32")

    def backward(self, loss: Tensor, optimizer: Optimizer, *, again: bool = False) -> None:
        """Add to the gradients of that optimizer's weights, and of no others.

        `again` keeps what another loss of the same pass needs.
        """
        self._scaler.scale(loss).backward(inputs=_weights(optimizer), retain_graph=again)  # type: ignore[no-untyped-call]

    def update(self, optimizer: Optimizer, losses: Mapping[str, Tensor]) -> None:
        """One optimizer step down the gradients gathered since its last, averaged over the processes.

        `losses` are those the gradients are of, by name.

        Raises:
            NotFinite: in every process alike, if in any a loss or the gradients are not finite; the weights stay as
                they were, and the gradients are gone.
        """
        gradients = [weight.grad for weight in _weights(optimizer) if weight.grad is not None]
        self.processes.average(gradients)
        if self.clip is not None:
            self._scaler.unscale_(optimizer)
        norm = get_total_norm(gradients)
        # With loss scaling endless gradients are part of the search for the scale, and the scaler leaves them out; but
        # a scale that has come down below 1 in that search shows that they are endless whatever the scale.
        judged = dict(losses)
        if not self._scaler.is_enabled() or self._scaler.get_scale() < 1:
            judged["the norm of the gradients"] = norm
        finite = torch.stack([value.float() for value in judged.values()]).isfinite()
        if self.processes.any(not bool(finite.all())):
            found = [(name, float(value)) for name, value in judged.items() if not value.isfinite()]
            optimizer.zero_grad()
            self._scaler.update(self._scaler.get_scale())  # forgets this step, of which no other update comes
            raise NotFinite(", ".join(f"{name} is {value}" for name, value in found))
        if self.clip is not None:
            clip_grads_with_norm_(_weights(optimizer), self.clip, norm)
        self._scaler.step(optimizer)
        optimizer.zero_grad()

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


def keep_memory() -> None:
    """Let the C library keep what is freed for the next step or picture, instead of giving it back to the system.

    A network asks for the same large pieces again and again, and each would have to be mapped and zeroed anew. Only
    glibc is told; elsewhere nothing happens.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if library is not None and hasattr(library, "gnu_get_libc_version"):
        library.mallopt(_M_MMAP_MAX, 0)
        library.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


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


def _weights(optimizer: Optimizer) -> list[Tensor]:
    return [weight for group in optimizer.param_groups for weight in group["params"]]
