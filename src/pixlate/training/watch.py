"""What the leading process tells and keeps while the steps go by."""

from types import TracebackType
from typing import Self

import torch
from torch import Tensor

from pixlate import checkpoint, images, modelfile
from pixlate.checkpoint import Progress
from pixlate.devices import Device
from pixlate.durable import write
from pixlate.methods.protocol import Method
from pixlate.specs.card import Card
from pixlate.training import runfolder, schedule
from pixlate.training.gallery import page
from pixlate.training.journal import Journal
from pixlate.training.planning import Plan, explain
from pixlate.training.progress import Terminal
from pixlate.training.validation import Validation
from pixlate.version import __version__


class Watch:
    """A run's folder and terminal from its first step, or from where it is resumed, to its last."""

    def __init__(self, planned: Plan, device: Device, method: Method, progress: Progress, total: int) -> None:
        self._plan, self._device, self._method = planned, device, method
        self._progress, self._total = progress, total
        self._sums: dict[str, Tensor] = {}
        self._since = 0
        """Steps since the last line of metrics.jsonl."""

    def __enter__(self) -> Self:
        loop, folder, start = self._plan.config.loop, self._plan.folder, self._progress.step
        runfolder.begin(folder, self._plan.config, anew=start == 0)
        self._journal = Journal(folder / runfolder.METRICS, tensorboard=loop.tensorboard, step=start)
        self._validation = Validation(self._plan)
        self._terminal = Terminal(start, self._total, loop.batch_size * self._device.world)
        try:
            self._open(start)
        except BaseException:
            self._close()
            raise
        return self

    def _open(self, start: int) -> None:
        for line in explain(self._plan):
            self._terminal.say(line)
        if start:
            self._terminal.say(f"resumed at step {start}" + ("" if start < self._total else ", which is the last"))
            page.write(self._plan, self._journal, start, self._total)
        else:
            with self._terminal.aside():
                self._show(0)

    def _close(self) -> None:
        self._terminal.close()
        self._journal.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        if error is None:
            self._conclude()

    def stepped(self, step: int, losses: dict[str, Tensor]) -> None:
        """Take the losses of the step just done in."""
        self._sums = {name: self._sums.get(name, 0) + loss for name, loss in losses.items()}
        self._since += 1
        if step % self._plan.config.loop.log_every == 0:
            self._note(step)
        self._terminal.advance(step)

    def look(self, step: int) -> None:
        """Score and show the validation pictures; keep the state, the model, and the best of the models."""
        with self._terminal.aside():
            self._note(step)
            if not self._journal.of("guess"):
                for name, scores in self._validation.guess().items():
                    self._journal.add("guess", step, name=name, **scores)
            scores = self._show(step)
            self._keep(step, scores)

    def _note(self, step: int) -> None:
        """Write the mean losses since the last line."""
        if not self._since:
            return
        means = {name: round(float(total) / self._since, 6) for name, total in self._sums.items()}
        epoch = schedule.epoch(step, self._plan.config.loop, len(self._plan.survey.train), self._device.world)
        rate = self._method.optimizers["G"].param_groups[0]["lr"]
        self._journal.add("train", step, epoch=round(epoch, 4), lr=rate, **means)
        self._terminal.losses(means)
        self._sums, self._since = {}, 0

    def _show(self, step: int) -> dict[str, float]:
        scores, grid = self._validation.measure(self._method, self._device)
        if scores:
            self._journal.add("val", step, **scores)
            self._terminal.scores(step, scores)
        if grid is not None:
            write(self._plan.folder / runfolder.SAMPLES / f"step_{step:08d}.png", images.encode_png(grid))
        page.write(self._plan, self._journal, step, self._total)
        return scores

    def _keep(self, step: int, scores: dict[str, float]) -> None:
        metric = self._plan.config.loop.best_by
        best = self._progress.best
        if scores and (best is None or (scores[metric] < best if metric == "l1" else scores[metric] > best)):
            best = scores[metric]
            self._ship("best", step, scores, f"best validation {metric}")
        self._ship("model", step, scores, "last step")
        self._progress = Progress(step, best)
        checkpoint.write(self._plan.folder / runfolder.CHECKPOINT, self._method, self._device, self._progress)

    def _ship(self, prefix: str, step: int, scores: dict[str, float], chosen_by: str) -> None:
        config, surveyed = self._plan.config, self._plan.survey
        for suffix, generator in self._method.shipped.items():
            card = Card(
                generator=generator.spec,
                method=self._method.name,
                direction=config.data.direction,
                preset=config.method.preset,
                objective=config.method.objective,
                trained_on=surveyed.name,
                pairs=len(surveyed.train),
                size=(self._plan.preparation.height, self._plan.preparation.width),
                step=step,
                resample=self._plan.preparation.resample,
                chosen_by=chosen_by,
                metrics=scores,
                versions={"pixlate": __version__, "torch": torch.__version__},
            )
            modelfile.write(self._plan.folder / f"{prefix}{suffix}.safetensors", generator, card)

    def _conclude(self) -> None:
        """Tell how the run came out, beside the guesses."""
        page.write(self._plan, self._journal, max(self._total, self._progress.step), self._total)
        guesses, scored = self._journal.of("guess"), self._journal.of("val")
        if scored:
            self._terminal.table([("the translator", scored[-1]), *((guess["name"], guess) for guess in guesses)])
        self._terminal.say(f"model: {self._plan.folder / 'model.safetensors'}")
        self._terminal.say(f"gallery: {self._plan.folder / runfolder.PAGE}")
