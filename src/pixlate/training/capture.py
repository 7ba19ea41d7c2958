"""A step recorded once as a CUDA graph and then replayed: one launch in place of hundreds.

All that a step reads lies in tensors that stay where they are: weights, buffers, optimizers, the rate, the batches, and
what is drawn. Before each replay batches and draws are put in their places.
"""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from pixlate.checkpoint.packing import pack
from pixlate.data.loading import Batch
from pixlate.devices import Device, Verdict
from pixlate.errors import ConfigError
from pixlate.methods.protocol import Method
from pixlate.networks.noise import Noise
from pixlate.specs.training import LoopConfig

Noises = Callable[[int], Noise]
"""The noises of one step, by number."""
Work = Callable[[], None]
Recorder = Callable[[Work, Work], Work]
"""A rehearsal and the work itself → what does the work again on the same tensors. The work need not be done yet."""

_REHEARSALS = 3
"""What libraries set up when they are first used must not be recorded."""


def stepper(
    method: Method, device: Device, loop: LoopConfig, noises: Callable[[int], Noises], notes: list[str]
) -> Callable[[Sequence[Batch], int], dict[str, Tensor]]:
    """What takes a step: batches, and the number of steps before it → mean losses by name.

    It is recorded where that is asked for, or on CUDA, and can be; why it cannot be is added to `notes`. It raises
    NotFinite as the method's step does.
    """

    def step(batches: Sequence[Batch], noise: Noises) -> dict[str, Tensor]:
        return method.step(batches, noise, device)

    if loop.capture or (loop.capture is None and device.torch.type == "cuda"):
        if (why := obstacle(method, device, loop)) is None:
            return Recorded(step, method, device, noises)
        notes.append(f"each step is launched operation by operation, not replayed as a CUDA graph: {why}")
    return lambda batches, number: step(batches, noises(number))


def obstacle(method: Method, device: Device, loop: LoopConfig) -> str | None:
    """Why this run's steps cannot be recorded, for a person; None where they can."""
    obstacles = {
        f"it runs on {device.torch.type}": device.torch.type != "cuda",
        "what the method computes depends on what it draws": not method.recordable,
        "the loss scale of precision 16 is followed on the host": device.precision == "16",
        "several processes average their gradients in it": device.processes.world > 1,
        "it accumulates batches": loop.accumulate > 1,
        "--recompute draws its noise a second time": loop.recompute,
    }
    return next((why for why, stands in obstacles.items() if stands), None)


def graph(rehearse: Work, work: Work) -> Work:
    """Record `work` as a CUDA graph, on a stream of its own.

    Raises:
        ConfigError: it cannot be recorded.
    """
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        rehearse()
    torch.cuda.current_stream().wait_stream(stream)
    recording = torch.cuda.CUDAGraph()
    try:
        # Only this thread is held to what may be recorded: the loader's pins memory meanwhile.
        with torch.cuda.graph(recording, stream=stream, capture_error_mode="thread_local"):
            work()
    except RuntimeError as error:
        why = str(error).strip().split("\n")[0]
        raise ConfigError(f"The step cannot be recorded as a CUDA graph ({why}); give --no-capture.") from error
    return recording.replay


class Recorded:
    """One run's step, recorded when it is first taken."""

    def __init__(
        self,
        step: Callable[[Sequence[Batch], Noises], dict[str, Tensor]],
        method: Method,
        device: Device,
        noises: Callable[[int], Noises],
        recorder: Recorder = graph,
    ) -> None:
        """`noises` gives those of the step after so many."""
        self._step, self._method, self._device = step, method, device
        self._noises, self._recorder = noises, recorder
        self._verdict = Verdict(device.torch)
        self._replay: Work | None = None
        self._losses: dict[str, Tensor] = {}
        self._ahead: dict[int, list[Tensor]] = {}

    def __call__(self, batches: Sequence[Batch], number: int) -> dict[str, Tensor]:
        """Take the step that `number` steps come before. The next call overwrites the losses."""
        # Optimizers that have been given another state by now are not those in the recording.
        if self._replay is None or any(now is not then for now, then in zip(self._rates(), self._known, strict=True)):
            self._replay = self._record(batches, number)
        drawn = self._ahead.pop(number, None) or self._tape.draw(self._noises(number))
        self._tape.fill(drawn)
        for place, batch in zip(self._batches, batches, strict=True):
            place.source.copy_(batch.source, non_blocking=True)
            place.target.copy_(batch.target, non_blocking=True)
        self._replay()
        # While the device is at work.
        self._ahead = {number + 1: self._tape.draw(self._noises(number + 1))} if self._tape.ahead else {}
        self._verdict.check()
        return self._losses

    def _record(self, batches: Sequence[Batch], number: int) -> Work:
        self._tape = Tape()
        self._ahead = {}
        self._batches = [batch.to(self._device.torch, copy=True) for batch in batches]
        replay = self._recorder(lambda: self._rehearse(self._noises(number)), self._work)
        self._known = self._rates()
        return replay

    def _rehearse(self, noise: Noises) -> None:
        """Take steps, the first of which shows what is drawn, and undo them."""
        before = {name: tensor.clone() for name, tensor in self._state().items()}
        with self._device.judged_by(self._verdict):
            self._step(self._batches, self._tape.recording(noise))
        for _ in range(1, _REHEARSALS):
            self._work()
        with torch.no_grad():
            for name, tensor in self._state().items():
                if name in before:
                    tensor.copy_(before[name])
                else:
                    tensor.zero_()  # an optimizer that has not stepped yet knows nothing
        for optimizer in self._method.optimizers.values():
            self._device.make_capturable(optimizer)

    def _work(self) -> None:
        with self._device.judged_by(self._verdict):
            self._losses = self._step(self._batches, self._tape.playing())

    def _rates(self) -> list[Tensor]:
        return [group["lr"] for optimizer in self._method.optimizers.values() for group in optimizer.param_groups]

    def _state(self) -> dict[str, Tensor]:
        return pack(self._method) | {f"buffers.{name}": buffer for name, buffer in self._method.named_buffers()}


class Tape:
    """What one step draws, in tensors that stay where they are."""

    def __init__(self) -> None:
        self._reels: list[_Reel] = []

    def recording(self, noise: Noises) -> Noises:
        """Noises that draw, and note what is drawn."""

        def begin(number: int) -> Noise:
            self._reels.append(_Reel(number, noise(number)))
            return self._reels[-1]

        return begin

    def playing(self) -> Noises:
        """Noises that give, in the same order, what is in those tensors."""
        reels = iter(self._reels)

        def begin(number: int) -> Noise:
            reel = next(reels)
            assert reel.number == number  # noqa: S101 - a recordable step asks for the same noises each time
            reel.rewind()
            return reel

        return begin

    @property
    def ahead(self) -> bool:
        """Whether all can be drawn before the step that it is for."""
        return all(reel.ahead for reel in self._reels)

    def draw(self, noise: Noises) -> list[Tensor]:
        """What a step with these noises draws."""
        return [drawn for reel in self._reels for drawn in reel.draw(noise(reel.number))]

    def fill(self, drawn: Sequence[Tensor]) -> None:
        """Let that be what the step is given."""
        slots = [slot for reel in self._reels for slot in reel.slots]
        for slot, value in zip(slots, drawn, strict=True):
            slot.copy_(value, non_blocking=True)


class _Reel(Noise):
    """One noise of a step on tape. It has no generator of its own, so what is not drawn by `drawn` is an error."""

    def __init__(self, number: int, source: Noise) -> None:
        self.number, self.ahead = number, True
        self.slots: list[Tensor] = []
        self._draws: list[Callable[[Noise], Tensor]] = []
        self._source: Noise | None = source
        self._given: Iterator[Tensor] = iter(())

    def drawn(self, draw: Callable[[Noise], Tensor], device: torch.device, *, ahead: bool = True) -> Tensor:
        """As any noise's; once rewound, what is in its slot."""
        if self._source is None:
            return next(self._given)
        self._draws.append(draw)
        self.slots.append(draw(self._source).to(device, copy=True))
        self.ahead = self.ahead and ahead
        return self.slots[-1]

    def rewind(self) -> None:
        """Give from now on."""
        self._source, self._given = None, iter(self.slots)

    def draw(self, noise: Noise) -> list[Tensor]:
        """What `noise` gives for each slot; in pinned memory where it has a way to go."""
        drawn = [draw(noise) for draw in self._draws]
        return [value.pin_memory() if slot.is_cuda else value for value, slot in zip(drawn, self.slots, strict=True)]
