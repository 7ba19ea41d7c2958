"""The training loop: batch, rate, step; and at intervals a look at what was learned."""

from contextlib import nullcontext
from pathlib import Path

import torch

from pixlate import checkpoint, draws
from pixlate.checkpoint import Progress
from pixlate.data.loading import Batch, Channels, PairStream, batches
from pixlate.devices import Device
from pixlate.methods.pix2pix import Pix2Pix
from pixlate.methods.protocol import Method
from pixlate.networks.noise import Noise
from pixlate.training import runfolder, schedule
from pixlate.training.planning import Plan
from pixlate.training.watch import Watch


def run(planned: Plan) -> Path:
    """Carry out the plan from its first step, or from its last checkpoint; returns the run's folder."""
    config, surveyed = planned.config, planned.survey
    loop = config.loop
    with Device(loop.device, loop.precision) as device:
        method = Pix2Pix(config.method, planned.generator, planned.discriminator, loop.seed).to(device.torch)
        stored = planned.folder / runfolder.CHECKPOINT
        progress = checkpoint.read(stored, method, device) if stored.is_file() else Progress()
        total = schedule.total_steps(loop, len(surveyed.train), device.world)
        interval = schedule.validation_interval(loop, total)
        channels = Channels(surveyed.source_channels, surveyed.target_channels)
        stream = batches(
            PairStream(surveyed.train, channels, planned.preparation, loop.seed),
            first=progress.step,
            last=total,
            batch=loop.batch_size,
            workers=loop.workers or 0,
            rank=device.rank,
            world=device.world,
        )
        # One process watches; the others wait for it at their next exchange of gradients.
        with Watch(planned, device, method, progress, total) if device.leads else nullcontext() as watch:
            for done, batch in enumerate(stream, start=progress.step):
                _set_rate(method, planned, done, total, device.world)
                noise = Noise(draws.seed(loop.seed, "z", done, device.rank))
                losses = method.step(_placed(batch, device.torch), noise, device)
                device.end_step()
                if watch is not None:
                    step = done + 1
                    watch.stepped(step, losses)
                    if step % interval == 0 or step == total:
                        watch.look(step)
    return planned.folder


def _set_rate(method: Method, planned: Plan, step: int, total: int, world: int) -> None:
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
