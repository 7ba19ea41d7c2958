"""When a checkpoint is due, which are kept, and going on from the newest whole one."""

import time

from pixlate.checkpoint.shelf import Shelf
from pixlate.errors import RunError
from pixlate.specs.training import to_flat
from pixlate.training import fingerprint, runfolder, schedule
from pixlate.training.planning import Plan
from pixlate.training.state import State

_LONGEST = 600.0
"""Seconds without a checkpoint, where no number of steps between them is asked for."""


class Keeper:
    """The checkpoints of a run under way."""

    def __init__(self, planned: Plan, state: State) -> None:
        self._loop, self._state = planned.config.loop, state
        self._shelf = Shelf(planned.folder / runfolder.CHECKPOINTS)
        self._fingerprint = fingerprint.take(planned, state.device)
        self._ground = {"fingerprint": self._fingerprint, "settings": to_flat(planned.config)}
        self._written = time.monotonic()
        self._resumable = False
        """Whether there is a checkpoint."""

    def resume(self) -> list[str]:
        """Be where the newest whole checkpoint is, if there is one; all processes call. Returns what to say of it.

        Raises:
            RunError: there are checkpoints, and none to go on from.
        """
        processes = self._state.device.processes
        found, notes = self._shelf.newest() if processes.leads else (None, [])
        # The leader's choice holds for all.
        (step,) = processes.most(-1 if found is None else found)
        if step < 0:
            return []
        if processes.leads:
            self._shelf.set_aside(step)
        tensors, document = self._shelf.read(step)
        before, now = (each.get("kinds") for each in (document["fingerprint"], self._fingerprint))
        if before not in (None, now):
            raise RunError(
                f"The run began with pictures of another kind or range: {before} then, {now} now. Its weights would "
                "mean something else. Take out what has changed, or name another folder with --run."
            )
        self._state.unpack(tensors, document)
        self._resumable = True
        differing = list(fingerprint.differences(document["fingerprint"], self._fingerprint))
        if differing:
            notes.append("not as it was when the run was saved, so it may not go on bit for bit as it would have:")
            notes += [f"  {difference}" for difference in differing]
        return notes

    def go_back(self) -> list[str]:
        """Put the run back to its newest whole checkpoint; all processes call. Returns what to say of it.

        Raises:
            RunError: there is none.
        """
        if not self._resumable:
            raise RunError("there is no checkpoint to roll back to")
        return self.resume()

    def due(self) -> bool:
        """Whether this process finds a checkpoint due after the step just done."""
        late = self._loop.checkpoint_every is None and time.monotonic() - self._written > _LONGEST
        return late or schedule.keeps_after(self._state.progress.step, self._loop, self._state.last_step)

    def write(self) -> None:
        """Write a checkpoint and remove those no longer wanted; all processes call, the leader writes."""
        tensors, document = self._state.pack()
        if self._state.device.processes.leads:
            progress = self._state.progress
            self._shelf.write(progress.step, tensors, document | self._ground)
            self._shelf.prune(
                progress.step,
                self._loop.keep_last,
                self._loop.keep_every,
                progress.best_step if self._loop.keep_best else None,
            )
        self._written = time.monotonic()
        self._resumable = True
