"""What comes between the steps, each where it is due: a line of losses, a look at what was learned, a checkpoint."""

from pixlate.data.loading import Batch
from pixlate.training import schedule
from pixlate.training.keeping import Keeper
from pixlate.training.planning import Plan
from pixlate.training.recovery import Recovery
from pixlate.training.state import State
from pixlate.training.stopping import Stop
from pixlate.training.watch import Watch


class Interludes:
    """Those of one process. All processes decide alike; the one that leads has a watch."""

    def __init__(
        self, planned: Plan, state: State, keeper: Keeper, watch: Watch | None, recovery: Recovery, stop: Stop
    ) -> None:
        self._loop, self._state, self._keeper = planned.config.loop, state, keeper
        self._watch, self._recovery, self._stop = watch, recovery, stop
        self._left_out: list[str] = []
        self.stopping = False
        """Whether all have agreed to stop. What one process alone has been told, it must not go by."""

    def begin(self, notes: list[str]) -> None:
        """Tell what is about to happen. Look at the untrained networks, or where a stop came before a look."""
        if self._watch is not None:
            self._watch.open(notes)
        if self._state.progress.step == 0:
            self._look()
        self._look_if_due()
        self._agree()

    def before_step(self, group: tuple[Batch, ...]) -> None:
        """Take note of what `group` leaves out."""
        self._left_out += [reason for batch in group for reason in batch.left_out]

    def after_step(self) -> None:
        """Do what is due."""
        step = self._state.progress.step
        looks = schedule.looks_after(step, self._loop, self._state.last_step)
        if looks or step % self._loop.log_every == 0:
            self._note()
        if self._watch is not None:
            self._watch.advance()
        if not self._agree(keeping=self._keeper.due()):
            return
        # A state that is not finite is neither shown nor kept: the run ends here, or goes on from an earlier one.
        if self._recovery.is_sound():
            if looks and not self.stopping:
                self._look()
            self._keep()
            self._agree()

    def end(self) -> None:
        """Leave nothing undone: save what was stopped while it waited for pictures; look where a roll-back ended."""
        self._agree()
        if self._state.progress.step and self._recovery.is_sound():
            if not self.stopping:
                self._look_if_due()
            self._keep()
        if self.stopping and self._watch is not None:
            step = self._state.progress.step
            self._watch.say(f"stopped, {f'saved at step {step}' if step else 'with nothing to save'}")

    def _agree(self, *, keeping: bool = False) -> bool:
        """Be `stopping` if any process was told to stop; returns whether to save, for that or as one is `keeping`."""
        number, due = self._state.device.processes.most(self._stop.requested, int(keeping))
        self._stop.request(number)
        self.stopping = number > 0
        return self.stopping or due > 0

    def _look_if_due(self) -> None:
        """A look that was stopped, or that a roll-back has come before, or whose model is gone at the end.

        Only the leader knows.
        """
        step, last = self._state.progress.step, self._state.last_step
        missing = self._watch is not None and not self._watch.has_shown(step, ended=step >= last)
        due = step >= last or schedule.looks_after(step, self._loop, last)
        if due and self._state.device.processes.any(missing):
            self._look()

    def _keep(self) -> None:
        self._list()
        if self._watch is not None:
            self._watch.sync()
        self._keeper.write()

    def _look(self) -> None:
        with self._state.settled():
            if self._watch is not None:
                self._watch.look()

    def _note(self) -> None:
        self._list()
        if self._state.progress.tallied:
            means = self._state.take_means()
            if self._watch is not None:
                self._watch.note(means)

    def _list(self) -> None:
        """Let the watch know what the loaders of all processes left out."""
        texts = self._state.device.processes.gather_text("\n".join(self._left_out))
        self._left_out = []
        if self._watch is not None:
            self._watch.leave_out(reason for text in texts for reason in text.splitlines())
