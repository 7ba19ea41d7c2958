"""The training loop: batch, rate, step; and at intervals a look at what was learned."""

from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from pixlate import checkpoint, draws, images, modelfile
from pixlate.checkpoint import Progress
from pixlate.data.loading import Batch, Channels, PairStream, batches
from pixlate.devices import Device
from pixlate.durable import write
from pixlate.methods.pix2pix import Pix2Pix
from pixlate.networks.noise import Noise
from pixlate.specs.card import Card
from pixlate.training import gallery, runfolder, schedule
from pixlate.training.journal import Journal
from pixlate.training.planning import Plan, describe
from pixlate.training.progress import Told
from pixlate.training.validation import Validation
from pixlate.version import __version__


def run(planned: Plan) -> Path:
    """Carry out the plan from its first step, or from its last checkpoint; returns the run's folder."""
    config, pairs = planned.config, planned.survey.train
    loop = config.loop
    with Device(loop.device, loop.precision) as device:
        method = Pix2Pix(config.method, planned.generator, planned.discriminator, loop.seed).to(device.torch)
        stored = planned.folder / runfolder.CHECKPOINT
        progress = checkpoint.read(stored, method, device) if stored.is_file() else Progress()
        total = schedule.total_steps(loop, len(pairs), device.world)
        interval = schedule.validation_interval(loop, total)
        watch = Watch(planned, device, method, progress, total) if device.leads else None
        stream = PairStream(
            pairs,
            Channels(planned.survey.source_channels, planned.survey.target_channels),
            planned.preparation,
            loop.seed,
        )
        step = progress.step
        for batch in batches(
            stream,
            first=step,
            last=total,
            batch=loop.batch_size,
            workers=loop.workers or 0,
            rank=device.rank,
            world=device.world,
        ):
            _set_rate(method, planned, step, total, device.world)
            noise = Noise(draws.seed(loop.seed, "z", step, device.rank))
            losses = method.step(_placed(batch, device.torch), noise, device)
            step += 1
            if watch is not None:
                watch.stepped(step, losses)
                if step % interval == 0 or step == total:
                    watch.look(step)
        if watch is not None:
            watch.finish(step)
    return planned.folder


def _set_rate(method: Pix2Pix, planned: Plan, step: int, total: int, world: int) -> None:
    config = planned.config
    done, units = float(step), float(total)
    if config.loop.steps is None:
        done = schedule.epoch(step, config.loop, len(planned.survey.train), world)
        units = float(config.loop.epochs or 1)
    rate = schedule.learning_rate(config.method.lr, config.method.decay or 0.0, done, units)
    for optimizer in method.optimizers.values():
        for group in optimizer.param_groups:
            group["lr"] = rate


def _placed(batch: Batch, device: torch.device) -> Batch:
    return Batch(batch.source.to(device, non_blocking=True), batch.target.to(device, non_blocking=True), batch.names)


@dataclass
class Watch:
    """What the leading process tells and keeps while the steps go by."""

    planned: Plan
    device: Device
    method: Pix2Pix
    progress: Progress
    total: int
    sums: dict[str, Tensor] = field(default_factory=dict)
    since: int = 0
    """Steps since the last line of metrics.jsonl."""

    def __post_init__(self) -> None:
        loop, folder = self.planned.config.loop, self.planned.folder
        start = self.progress.step
        self.journal = Journal(folder / runfolder.METRICS, tensorboard=loop.tensorboard, step=start)
        self.validation = Validation(self.planned)
        self.told = Told(start, self.total, loop.batch_size * self.device.world)
        for line in describe(self.planned):
            self.told.say(line)
        if start:
            self.told.say(f"resumed at step {start}" + ("" if start < self.total else ", which is the last"))
            gallery.write(self.planned, self.journal, start, self.total)
        else:
            self._show(0)

    def stepped(self, step: int, losses: dict[str, Tensor]) -> None:
        """Take the losses of the step just done in."""
        self.sums = {name: self.sums.get(name, 0) + loss for name, loss in losses.items()}
        self.since += 1
        if step % self.planned.config.loop.log_every == 0:
            self._note(step)
        self.told.advance(step)

    def _note(self, step: int) -> None:
        """Write the mean losses since the last line."""
        if not self.since:
            return
        means = {name: round(float(total) / self.since, 6) for name, total in self.sums.items()}
        loop = self.planned.config.loop
        epoch = schedule.epoch(step, loop, len(self.planned.survey.train), self.device.world)
        rate = self.method.optimizers["G"].param_groups[0]["lr"]
        self.journal.add("train", step, epoch=round(epoch, 4), lr=rate, **means)
        self.told.losses(means)
        self.sums, self.since = {}, 0

    def look(self, step: int) -> None:
        """Score and show the validation pictures; keep the state, the model, and the best of the models."""
        with self.told.aside():
            self._look(step)

    def _look(self, step: int) -> None:
        self._note(step)
        if not self.journal.of("guess"):
            for name, scores in self.validation.guess().items():
                self.journal.add("guess", step, name=name, **scores)
        scores = self._show(step)
        metric = self.planned.config.loop.best_by
        best = self.progress.best
        if scores and (best is None or (scores[metric] < best if metric == "l1" else scores[metric] > best)):
            best = scores[metric]
            self._ship(runfolder.BEST, step, scores, f"best validation {metric}")
        self._ship("", step, scores, "last step")
        self.progress = Progress(step, best)
        checkpoint.write(self.planned.folder / runfolder.CHECKPOINT, self.method, self.device, self.progress)

    def _show(self, step: int) -> dict[str, float]:
        scores, grid = self.validation.measure(self.method, self.device)
        if scores:
            self.journal.add("val", step, **scores)
            self.told.scores(step, scores)
        if grid is not None:
            write(self.planned.folder / runfolder.SAMPLES / f"step_{step:08d}.png", images.encode_png(grid))
        gallery.write(self.planned, self.journal, step, self.total)
        return scores

    def _ship(self, name: str, step: int, scores: dict[str, float], chosen_by: str) -> None:
        config, looked = self.planned.config, self.planned.survey
        for shipped, generator in self.method.shipped.items():
            card = Card(
                generator=generator.spec,
                method="pix2pix",
                direction=config.data.direction,
                preset=config.method.preset,
                objective=config.method.objective,
                trained_on=looked.name,
                pairs=len(looked.train),
                size=(self.planned.preparation.height, self.planned.preparation.width),
                step=step,
                resample=self.planned.preparation.resample,
                chosen_by=chosen_by,
                metrics=scores,
                versions={"pixlate": __version__, "torch": torch.__version__},
            )
            modelfile.write(self.planned.folder / (name or f"{shipped}.safetensors"), generator, card)

    def finish(self, step: int) -> None:
        """Tell how the run came out, beside the guesses."""
        self.told.close()
        self.journal.close()
        gallery.write(self.planned, self.journal, step, self.total)
        guesses, scored = self.journal.of("guess"), self.journal.of("val")
        if scored:
            self.told.table([("the translator", scored[-1]), *((guess["name"], guess) for guess in guesses)])
        self.told.say(f"model: {self.planned.folder / 'model.safetensors'}")
        self.told.say(f"gallery: {self.planned.folder / runfolder.PAGE}")
