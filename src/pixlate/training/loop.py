"""The training loop: batches, rate, step."""

from collections.abc import Generator
from contextlib import closing, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

from pixlate import draws
from pixlate.data import caching, resident
from pixlate.data.loading import Batch, Stream, batches
from pixlate.devices import Device, NotFinite
from pixlate.foreign import hed
from pixlate.methods import table
from pixlate.networks.noise import Noise
from pixlate.networks.recomputing import recompute
from pixlate.training import capture, runfolder, schedule, starting
from pixlate.training.interludes import Interludes
from pixlate.training.keeping import Keeper
from pixlate.training.pace import Pace
from pixlate.training.planning import Plan, cores
from pixlate.training.recovery import Recovery
from pixlate.training.state import State
from pixlate.training.stopping import Stop
from pixlate.training.watch import Watch


def run(planned: Plan, stop: Stop) -> Path:
    """Carry out the plan from its first step, or from its newest whole checkpoint; returns the run's folder.

    Told to stop, it finishes the step, writes a checkpoint and leaves. Among several processes all do the same at the
    same step, and one leads, which alone writes.
    """
    planned = _with_detector(planned)
    loop = planned.config.loop
    with Device(loop.device, loop.precision, loop.clip_gradients) as device:
        leads = device.processes.leads
        given = starting.read(planned, device.processes)
        with runfolder.held(planned.folder, planned.config, planned.names) if leads else nullcontext():
            method = table.build(planned.method, loop.seed)
            method.to(device.torch)
            if loop.recompute:
                for name in planned.networks:
                    recompute(method.get_submodule(name))
            state = State(method, device, loop, len(planned.survey.train))
            keeper = Keeper(planned, state)
            notes = keeper.resume()
            if state.progress.step == 0:
                starting.start(state, given)
            step = capture.stepper(method, device, loop, partial(_noises, loop.seed, device.processes.rank), notes)
            stop.defer()
            pace = Pace()
            watching = Watch(planned, state, stop, pace) if leads else nullcontext()
            with watching as watch, closing(_groups(planned, state, watch)) as groups:
                recovery = Recovery(loop.on_nan, state, keeper, watch)
                interludes = Interludes(planned, state, keeper, watch, recovery, stop)
                interludes.begin(notes)
                # Among several processes one that breaks off while it waits would leave the others waiting for it.
                for group in pace.waits(stop.breaking(groups) if device.processes.world == 1 else groups):
                    if interludes.stopping:
                        break
                    interludes.before_step(group)
                    _set_rate(planned, state)
                    recovery.before_step()
                    try:
                        losses = step([batch.to(device.torch) for batch in group], state.progress.step)
                    except NotFinite as error:
                        if not recovery.after(error, group):
                            continue
                    else:
                        device.end_step()
                        state.advance(losses)
                        recovery.after_step()
                    pace.stepped()
                    interludes.after_step()
                interludes.end()
    return planned.folder


def _with_detector(planned: Plan) -> Plan:
    """The plan, with the network that its recipe needs, if it needs one."""
    making = planned.survey.making
    if making is None:
        return planned
    return replace(planned, survey=replace(planned.survey, making=replace(making, recipe=hed.bound(making.recipe))))


def _groups(planned: Plan, state: State, watch: Watch | None) -> Generator[tuple[Batch, ...]]:
    """What each step to come learns from. A run that is rolled back has more to come, further on in the stream."""
    config, surveyed, processes = planned.config, planned.survey, state.device.processes
    preparation, seed = planned.preparation, config.loop.seed
    cache = caching.opened(config.data, surveyed.train, processes.gather_text)
    stream = Stream(
        surveyed.train,
        surveyed.sides,
        preparation,
        seed,
        making=surveyed.making,
        skip_bad=config.data.skip_bad,
        cache=cache,
    )
    to_come = (state.last_step - state.progress.step) * state.pairs_per_step
    tell = watch.say if watch is not None else _silently
    with cache or nullcontext():
        kept = resident.kept(stream, to_come, state.device.torch, cores(), tell)
        feed = partial(batches, stream, workers=config.loop.workers or 0) if kept is None else kept.batches
        while (left := state.last_step - state.progress.step) > 0:
            yield from feed(
                start=state.progress.seen,
                steps=left,
                batch=config.loop.batch_size,
                accumulate=config.loop.accumulate,
                rank=processes.rank,
                world=processes.world,
            )


def _silently(_line: str) -> None:
    pass


def _noises(seed: int, rank: int, step: int) -> capture.Noises:
    """Those of the step after so many."""
    return lambda index: Noise(draws.seed(seed, "z", step, rank, index))


def _set_rate(planned: Plan, state: State) -> None:
    config = planned.config
    done, units = float(state.progress.step), float(state.last_step)
    if config.loop.steps is None:
        done, units = state.epoch, float(config.loop.epochs or 1)
    rate = schedule.learning_rate(config.learning, done, units)
    for optimizer in state.method.optimizers.values():
        state.device.set_rate(optimizer, rate)
