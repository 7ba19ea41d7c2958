"""What the leading process tells and keeps while the steps go by."""

from collections.abc import Iterable
from dataclasses import replace
from types import TracebackType
from typing import Self

import torch

from pixlate import images, modelfile
from pixlate.durable import write
from pixlate.errors import ModelFileError
from pixlate.specs.card import Card
from pixlate.training import runfolder
from pixlate.training.gallery import page
from pixlate.training.journal import Journal
from pixlate.training.pace import Pace
from pixlate.training.planning import Plan, cores, explain
from pixlate.training.progress import Terminal
from pixlate.training.state import State
from pixlate.training.stopping import Interrupted, Stop
from pixlate.training.validation.paired import PairedValidation
from pixlate.training.validation.unpaired import UnpairedValidation
from pixlate.version import __version__

_MET = ("left_out", "rolled_back")


class Watch:
    """A run's folder and terminal from its first step, or from where it is resumed, to its last."""

    def __init__(self, planned: Plan, state: State, stop: Stop, pace: Pace | None = None) -> None:
        self._plan, self._state, self._stop, self._pace = planned, state, stop, pace or Pace()

    def __enter__(self) -> Self:
        loop, folder, progress = self._plan.config.loop, self._plan.folder, self._state.progress
        runfolder.begin(folder, self._plan.config, self._plan.names, self._plan.networks, anew=progress.step == 0)
        validation = PairedValidation if self._plan.config.method.paired else UnpairedValidation
        self._validation = validation(self._plan, self._stop)
        self._terminal = Terminal(self._state.pairs_per_step, live=progress.step < self._state.last_step)
        self._journal = Journal(
            folder / runfolder.METRICS,
            tensorboard=loop.tensorboard,
            lines=progress.lines,
            step=progress.step,
            say=self._terminal.say,
        )
        return self

    def _close(self) -> None:
        self._terminal.close()
        self._journal.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        if error is None and not self._stop.requested:
            self._conclude()

    def open(self, notes: Iterable[str]) -> None:
        """Tell what will be done, and `notes`."""
        for line in (*explain(self._plan), *notes):
            self._terminal.say(line)
        start = self._state.progress.step
        if start:
            ended = start >= self._state.last_step
            self._terminal.say(f"resumed at step {start}" + (", which is the last" if ended else ""))
            self._page()

    def say(self, line: str) -> None:
        """A line that stays in the terminal."""
        self._terminal.say(line)

    def advance(self) -> None:
        """Show that a step is done."""
        self._terminal.advance(self._state.progress.step, self._state.last_step)

    def note(self, means: dict[str, float]) -> None:
        """Write the mean losses since the last line, and what share of the time steps waited for pictures."""
        progress = self._state.progress
        rate = next(iter(self._state.method.optimizers.values())).param_groups[0]["lr"]
        if not isinstance(rate, float):
            rate = float(f"{float(rate):.7g}")  # in a recorded step of 32 bits
        waiting = round(self._pace.take(), 3)
        self._journal.add("train", progress.step, epoch=round(self._state.epoch, 4), lr=rate, waiting=waiting, **means)
        self._terminal.losses(means, waiting)
        if (hint := self._pace.hint(self._plan.config, cores())) is not None:
            self._terminal.say(hint)

    def leave_out(self, reasons: Iterable[str]) -> None:
        """List pictures that could not be read when their turn came, each once."""
        for reason in dict.fromkeys(reasons):
            if reason not in [entry["picture"] for entry in self._journal.of("left_out")]:
                self._journal.add("left_out", self._state.progress.step, picture=reason)
                self._terminal.say(f"left out: {reason}")

    def diverged(self, kind: str, step: int, why: str) -> None:
        """List an update that was `skipped`, or a step for which the run was `rolled_back`."""
        self._journal.add(kind, step, why=why)
        self._terminal.say(why)

    def go_back(self, notes: Iterable[str]) -> None:
        """Forget what lies beyond the state, which was put back, but not what was met on the way; say the `notes`."""
        met = [entry for entry in self._journal.entries[self._state.progress.lines :] if entry["kind"] in _MET]
        self._journal.go_back(self._state.progress.lines, self._state.progress.step)
        for entry in met:
            self._journal.add(**entry)
        for note in notes:
            self._terminal.say(note)

    def has_shown(self, step: int, *, ended: bool) -> bool:
        """Whether the look after `step` is done, and, if the run has `ended` there, its model is in its place."""
        if self._state.progress.looked < step:
            return False
        return not ended or all(self._is_shipped(suffix, step) for suffix in self._state.method.shipped)

    def _is_shipped(self, suffix: str, step: int) -> bool:
        try:
            return modelfile.read_card(self._plan.folder / f"model{suffix}.safetensors").step == step
        except ModelFileError:
            return False

    def look(self) -> None:
        """Score and show the validation pictures, and ship the model, and the best of the models; at step 0 only show.

        Told to stop, it leaves off; the look is then due again.
        """
        lines = len(self._journal.entries)
        try:
            with self._terminal.aside():
                self._look(self._state.progress.step)
        except Interrupted:
            self._journal.go_back(lines, self._state.progress.step)

    def sync(self) -> None:
        """Let the journal survive the loss of power, before a checkpoint says how long it is."""
        self._state.progress = replace(self._state.progress, lines=self._journal.sync())

    def _look(self, step: int) -> None:
        if step and not self._journal.of("guess"):
            for name, scores in self._validation.guess().items():
                self._journal.add("guess", step, name=name, **scores)
        method, device = self._state.method, self._state.device
        if self._state.averages is not None:
            self._validation.pictures.estimate_statistics(method, device)
        # Nothing is chosen by the scores of untrained networks, and they would delay the first step.
        trained = step or self._plan.config.learning.start_from
        scores = self._validation.score(method, device) if trained else {}
        grid = self._validation.show(method, device)
        if scores:
            self._journal.add("val", step, **scores)
            self._terminal.scores(step, scores)
        if grid is not None:
            write(self._plan.folder / runfolder.SAMPLES / f"step_{step:08d}.png", images.encode_png(grid))
        if step:
            self._keep(step, scores)
        self._page()
        self._state.progress = replace(self._state.progress, looked=step)

    def _keep(self, step: int, scores: dict[str, float]) -> None:
        metric = self._plan.config.loop.best_by
        best = self._state.progress.best
        if metric in scores and (best is None or (scores[metric] < best if metric == "l1" else scores[metric] > best)):
            self._state.progress = replace(self._state.progress, best=scores[metric], best_step=step)
            self._ship("best", step, scores, f"best validation {metric}")
        self._ship("model", step, scores, "last step")

    def _page(self) -> None:
        page.write(self._plan, self._journal, self._state.progress.step, self._state.last_step)

    def _ship(self, prefix: str, step: int, scores: dict[str, float], chosen_by: str) -> None:
        config, surveyed = self._plan.config, self._plan.survey
        forth = (surveyed.sides.source, surveyed.sides.target)
        for suffix, generator in self._state.method.shipped.items():
            sides = forth if suffix == next(iter(self._state.method.shipped)) else forth[::-1]
            card = Card(
                generator=generator.spec,
                method=config.method.method,
                direction=suffix.removeprefix("_") or config.data.direction,
                preset=config.method.preset,
                objective=config.method.objective,
                trained_on=surveyed.name,
                pairs=len(surveyed.train) if surveyed.train.paired else 0,
                unpaired=() if surveyed.train.paired else self._counts(suffix),
                size=(self._plan.preparation.height, self._plan.preparation.width),
                step=step,
                resample=self._plan.preparation.resample,
                chosen_by=chosen_by,
                metrics=scores,
                source=sides[0],
                target=sides[1],
                recipe=config.data.recipe,
                recipe_sha256=config.data.recipe_sha256,
                versions={"pixlate": __version__, "torch": torch.__version__},
            )
            modelfile.write(self._plan.folder / f"{prefix}{suffix}.safetensors", generator, card)

    def _counts(self, suffix: str) -> tuple[int, ...]:
        """Source and target pictures of the generator whose files have this suffix."""
        train = self._plan.survey.train
        counts = (len(train.sources), len(train.targets))
        return counts if suffix == next(iter(self._state.method.shipped)) else counts[::-1]

    def _conclude(self) -> None:
        """Tell how the run came out, beside the guesses."""
        self._page()
        guesses, scored = self._journal.of("guess"), self._journal.of("val")
        if scored and guesses:
            self._terminal.table([("the translator", scored[-1]), *((guess["name"], guess) for guess in guesses)])
        for suffix in self._state.method.shipped:
            self._terminal.say(f"model: {self._plan.folder / f'model{suffix}.safetensors'}")
        self._terminal.say(f"gallery: {self._plan.folder / runfolder.PAGE}")
