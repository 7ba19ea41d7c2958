"""Where and how precisely the arithmetic runs, and in how many processes: torch's own autocast and scaler."""

import ctypes
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
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


class Verdict:
    """Whether all that one step's updates were made of is finite, judged where it lies, for the host not to wait.

    From what is not finite on, no update of the step changes anything.
    """

    def __init__(self, device: torch.device) -> None:
        self.bad = torch.zeros((), device=device)
        """1 if something is not finite, else 0."""
        self._judged: list[tuple[tuple[str, ...], Tensor]] = []

    def begin(self) -> None:
        """The step begins."""
        self.bad.zero_()
        self._judged = []

    def judge(self, judged: Mapping[str, Tensor]) -> None:
        """Take in what an update is about to be made of."""
        values = torch.stack([value.float() for value in judged.values()])
        self._judged.append((tuple(judged), values))
        torch.maximum(self.bad, values.isfinite().logical_not().any().float(), out=self.bad)

    def check(self) -> None:
        """Wait for the step to be done.

        Raises:
            NotFinite: something was not.
        """
        if bool(self.bad):
            names, values = next(each for each in self._judged if not bool(each[1].isfinite().all()))
            _refuse(dict(zip(names, values, strict=True)))


class Device:
    """One process's share of the machine. Under torchrun it joins the other processes while the `with` block lasts."""

    def __init__(self, name: DeviceName = "auto", precision: Precision = "32", clip: float | None = None) -> None:
        """`clip` is the greatest norm the gradients of one network may have; longer ones are scaled down to it."""
        self.torch = choose(name, int(os.environ.get("LOCAL_RANK", "0")))
        self.processes = Processes(self.torch)
        self.precision = precision
        self.clip = clip
        if precision in ("16", "tf32") and self.torch.type != "cuda":
            raise ConfigError(f"precision {precision} needs CUDA, and this runs on {self.torch.type}; use 32 or bf16.")
        self._scaler = torch.amp.GradScaler(self.torch.type, enabled=precision == "16")
        self._verdict: Verdict | None = None
        self._settings = ExitStack()

    def __enter__(self) -> Self:
        self.processes.__enter__()
        if self.torch.type == "cuda":
            self._settings.enter_context(arithmetic(self.precision))
        elif self.torch.type == "cpu":
            self._settings.enter_context(memory_kept())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._settings.close()
        self.processes.__exit__(kind, error, trace)

    def autocast(self) -> AbstractContextManager[object]:
        """Run the networks of this block in the chosen precision."""
        kind = torch.float16 if self.precision == "16" else torch.bfloat16
        return torch.autocast(self.torch.type, dtype=kind, enabled=self.precision in ("bf16", "16"))

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
                they were, and the gradients are gone. Within `judged_by` nothing is raised.
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
        if self._verdict is not None:
            self._verdict.judge(judged)
            optimizer.found_inf = self._verdict.bad  # type: ignore[attr-defined] # torch's: 1 leaves all as it is
        else:
            finite = torch.stack([value.float() for value in judged.values()]).isfinite()
            if self.processes.any(not bool(finite.all())):
                optimizer.zero_grad()
                self._scaler.update(self._scaler.get_scale())  # forgets this step, of which no other update comes
                _refuse(judged)
        if self.clip is not None:
            clip_grads_with_norm_(_weights(optimizer), self.clip, norm)
        self._scaler.step(optimizer)
        optimizer.zero_grad()
        if self._verdict is not None:
            del optimizer.found_inf  # type: ignore[attr-defined]

    @contextmanager
    def judged_by(self, verdict: Verdict) -> Iterator[None]:
        """Let one step's updates be judged on the device, by `verdict`, in place of one by one on the host."""
        verdict.begin()
        self._verdict = verdict
        try:
            yield
        finally:
            self._verdict = None

    def make_capturable(self, optimizer: Optimizer) -> None:
        """Let what its steps are told lie on the device, as in a recorded step it must."""
        # CUDA's fused Adam reads 32 bits, and rounds a number that is no tensor to as many.
        kind = torch.float32 if self.torch.type == "cuda" else torch.float64
        for group in optimizer.param_groups:
            group["lr"] = torch.as_tensor(group["lr"], dtype=kind, device=self.torch)
            group["capturable"] = True

    def set_rate(self, optimizer: Optimizer, rate: float) -> None:
        """Let the optimizer go on at this learning rate."""
        for group in optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

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


@contextmanager
def memory_kept() -> Iterator[None]:
    """Let the C library keep what is freed while the block lasts, instead of giving it back to the system.

    A network asks for the same large pieces in every step, and each would have to be mapped and zeroed anew. It is a
    setting of the whole process. Only glibc is told; elsewhere nothing happens.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if library is None or not hasattr(library, "gnu_get_libc_version"):
        yield
        return
    library.mallopt(_M_MMAP_MAX, 0)
    library.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
    try:
        yield
    finally:
        library.mallopt(_M_MMAP_MAX, 2**16)  # glibc's own
        library.mallopt(_M_TRIM_THRESHOLD, 2**17)
        library.malloc_trim(0)


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


@contextmanager
def arithmetic(precision: Precision) -> Iterator[None]:
    """CUDA's arithmetic while the block lasts: 32 bits in full, or tf32; the same answer each time.

    Which of cuDNN's ways computes a layer follows from the layer, not from how fast each was on the first steps.
    """
    wanted = [
        (torch.backends.cudnn, "allow_tf32", precision == "tf32"),
        (torch.backends.cuda.matmul, "allow_tf32", precision == "tf32"),
        (torch.backends.cudnn, "deterministic", True),
        (torch.backends.cudnn, "benchmark", False),
    ]
    before = [getattr(owner, name) for owner, name, _ in wanted]
    for owner, name, value in wanted:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for (owner, name, _), value in zip(wanted, before, strict=True):
            setattr(owner, name, value)


def _refuse(judged: Mapping[str, Tensor]) -> None:
    """Raise NotFinite; nothing is named where it was another process's."""
    found = [(name, float(value)) for name, value in judged.items() if not value.isfinite()]
    raise NotFinite(", ".join(f"{name} is {value}" for name, value in found))


def _weights(optimizer: Optimizer) -> list[Tensor]:
    return [weight for group in optimizer.param_groups for weight in group["params"]]
