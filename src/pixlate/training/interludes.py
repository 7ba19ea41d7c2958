"""What comes between the steps, each where it is due: a line of losses, a look at what was learned, a checkpoint."""

from pixlate.data.loading import Batch
from pixlate.training import schedule
from pixlate.training.keeping import Keeper
from pixlate.training.planning import Plan
from pixlate.training.recovery import Recovery
from pixlate.training.state import State
from pixlate.training.stopping import Stop
from pixlate.training.watch import Watch

_DUE, _STOP = 1, 2


class Interludes:
    """Those of one process. All processes decide alike; the one that leads has a watch."""

    def __init__(
        self, planned: Plan, state: State, keeper: Keeper, watch: Watch | None, recovery: Recovery, stop: Stop
    ) -> None:
        self._loop, self._state, self._keeper = planned.config.loop, state, keeper
        self._watch, self._recovery, self._stop = watch, recovery, stop
        self._left_out: list[str] = []

    def begin(self, notes: list[str]) -> bool:
        """Tell what is about to happen. Look at the untrained networks, or where a stop came before a look.

        Returns whether to stop.
        """
        if self._watch is not None:
            self._watch.open(notes)
        step = self._state.progress.step
        due = schedule.looks_after(step, self._loop, self._state.last_step) and self._state.progress.looked < step
        if step == 0 or due:
            self._look()
        return self._stops()

    def after_step(self, group: tuple[Batch, ...]) -> bool:
        """Do what is due after the step that learned from `group`; returns whether to stop."""
        self._left_out += [reason for batch in group for reason in batch.left_out]
        step = self._state.progress.step
        looks = schedule.looks_after(step, self._loop, self._state.last_step)
        if looks or step % self._loop.log_every == 0:
            self._note()
        if self._watch is not None:
            self._watch.advance()

        processes = self._state.device.processes
        wanted = processes.most(_STOP if self._stop.requested else _DUE if self._keeper.due() else 0)
        # A state that is not finite is neither shown nor kept: the run ends here, or goes on from an earlier one.
        if not wanted or not self._recovery.check():
            return False
        if looks and wanted < _STOP:
            self._look()
        self._list()
        if self._watch is not None:
            self._watch.sync()
        self._keeper.write()
        return self._stops()

    def _stops(self) -> bool:
        stops = self._state.device.processes.most(int(self._stop.requested)) > 0
        if stops and self._watch is not None:
            step = self._state.progress.step
            self._watch.say(f"stopped, {f'saved at step {step}' if step else 'with nothing to save'}")
        return stops

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
