"""What becomes of a run that met a number that is not finite, before it could do harm."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pixlate.checkpoint.packing import fill
from pixlate.data.loading import Batch
from pixlate.devices import NotFinite
from pixlate.errors import RunError
from pixlate.specs.training import OnNan
from pixlate.training.keeping import Keeper
from pixlate.training.state import State
from pixlate.training.watch import Watch

if TYPE_CHECKING:
    from torch import Tensor

_SKIPS = 20
"""Updates skipped one after the other before the run is given up."""
_ROLL_BACKS = 3
"""Times the run is put back to one and the same checkpoint."""
_ADVICE = (
    "Nothing of this step was saved. Look at these pictures; try a lower --lr or --clip-gradients 1 in a run of "
    "its own; or go on with --on-nan skip or --on-nan roll-back."
)


class Recovery:
    """One run's dealings with NaN."""

    def __init__(self, policy: OnNan, state: State, keeper: Keeper, watch: Watch | None) -> None:
        self._policy, self._state, self._keeper, self._watch = policy, state, keeper, watch
        self._buffers: dict[str, Tensor] = {}
        self._skips = self._roll_backs = 0
        self._rolled_to = -1

    def before_step(self) -> None:
        """Remember what a step changes before its losses are known: running statistics."""
        if self._policy == "skip":
            self._buffers = {name: buffer.clone() for name, buffer in self._state.method.named_buffers()}

    def after_step(self) -> None:
        """The step went well."""
        self._skips = 0

    def after(self, error: NotFinite, batches: Sequence[Batch]) -> bool:
        """Go on as the policy says: past the step, or from the last checkpoint past the pictures. All processes call.

        Returns whether the step counts as done.

        Raises:
            RunError: the policy is to stop, or going on has led nowhere.
        """
        names = " ".join(name for batch in batches for name in batch.names)
        told = self._state.device.processes.gather_text(f"{error or 'all is finite'}, with {names}")
        step = self._state.progress.step + 1
        what = f"step {step}: " + "; ".join(f"process {rank}: {own}" for rank, own in enumerate(told))
        if len(told) == 1:
            what = f"step {step}: {told[0]}"
        if self._policy == "roll-back":
            self._roll_back(what, step, self._state.progress.seen + self._state.pairs_per_step)
        elif self._policy == "skip" and self._skips < _SKIPS:
            self._skips += 1
            fill(dict(self._state.method.named_buffers()), self._buffers)
            self._state.advance(None)
            self._tell("skipped", step, f"{what}: update skipped")
        else:
            raise RunError(f"{what}. {_ADVICE}")
        return self._policy == "skip"

    def is_sound(self) -> bool:
        """Whether the whole state is finite, in every process; if not, be rolled back. All processes call.

        Raises:
            RunError: it is not, and the policy is another.
        """
        unsound = self._state.unsound()
        if not self._state.device.processes.any(unsound is not None):
            return True
        step = self._state.progress.step
        what = f"step {step}: {unsound or 'a tensor of another process'} is not finite"
        if self._policy != "roll-back":
            raise RunError(f"{what}. {_ADVICE}")
        self._roll_back(what, step, self._state.progress.seen)
        return False

    def _roll_back(self, what: str, step: int, seen: int) -> None:
        try:
            notes = self._keeper.go_back()
        except RunError as error:
            raise RunError(f"{what}; and {error}. {_ADVICE}") from error
        back = self._state.progress.step
        self._roll_backs = self._roll_backs + 1 if back == self._rolled_to else 1
        self._rolled_to = back
        if self._roll_backs > _ROLL_BACKS:
            raise RunError(f"{what}, after {_ROLL_BACKS} times back to step {back}. {_ADVICE}")
        if self._watch is not None:
            self._watch.go_back(notes)
        self._state.progress = replace(self._state.progress, seen=seen)
        self._tell("rolled_back", step, f"{what}: back to step {back}, and on after these pictures")

    def _tell(self, kind: str, step: int, why: str) -> None:
        if self._watch is not None:
            self._watch.diverged(kind, step, why)
