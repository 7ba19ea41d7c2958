"""A step that is replayed gives what the step itself gives, to the bit.

What stands for a CUDA graph on the CPU keeps every operation with the tensors it was given, and does them again on the
same tensors, without Python; whatever asks the host for a value, or brings one from there, cannot be recorded.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from recording import Recording
from torch import Tensor

from pixlate import draws, train
from pixlate.checkpoint.packing import pack, unpack
from pixlate.data.loading import Batch
from pixlate.devices import Device, NotFinite
from pixlate.methods import table
from pixlate.methods.protocol import Method
from pixlate.networks.noise import Noise
from pixlate.specs.data import Channels, DataConfig
from pixlate.specs.learning import LearningConfig
from pixlate.specs.methods.cut import CUTConfig
from pixlate.specs.methods.cyclegan import CycleGANConfig
from pixlate.specs.methods.pix2pix import Pix2PixConfig
from pixlate.specs.methods.settings import MethodConfig, MethodSpec
from pixlate.specs.networks import DiscriminatorSpec, GeneratorSpec, NetworksConfig, NetworkSpec
from pixlate.specs.training import LoopConfig, TrainConfig
from pixlate.tensorfile import read_tensors
from pixlate.training import capture
from pixlate.training.capture import Recorded

STEPS = 5
METHODS: dict[str, MethodConfig] = {
    "pix2pix": Pix2PixConfig(),
    "penalty": Pix2PixConfig(gan_mode="wgangp"),
    "cyclegan": CycleGANConfig(history=3),
    "in turn": CycleGANConfig(history=2, updates="in-turn"),
}


def make(config: MethodConfig) -> Method:
    wanted = config.networks(Channels(3, 3))
    networks: dict[str, NetworkSpec] = {}
    for name, sides in wanted.generators.items():
        networks[name] = (
            GeneratorSpec("unet", *sides, 3, 4, (1, 2), 1)
            if config.method == "pix2pix"
            else GeneratorSpec("resnet", *sides, 2, 4, (1,), 0, 1, "batch")
        )
    networks |= {name: DiscriminatorSpec(seen, 16, 4, "batch") for name, seen in wanted.discriminators.items()}
    return table.build(MethodSpec(config, networks, LearningConfig(), (16, 16)), 0)


def batch(step: int, count: int = 2) -> Batch:
    generator = torch.Generator().manual_seed(step)
    x, y = (torch.rand(count, 3, 16, 16, generator=generator) * 2 - 1 for _ in range(2))
    return Batch(x, y, ("",) * count)


def noises(step: int) -> Callable[[int], Noise]:
    return lambda index: Noise(draws.seed(0, "z", step, index))


def again(method: Method, rehearse: capture.Work, work: capture.Work) -> capture.Work:
    """As `capture.graph` does; only that on CUDA the work is not done while it is recorded, and here is undone."""
    rehearse()
    before = whole(method)
    with Recording() as recording:
        work()
    with torch.no_grad():
        for name, value in (pack(method) | dict(method.named_buffers())).items():
            value.copy_(before[name])
    return recording.replay


def recorded(method: Method, device: Device, recorder: capture.Recorder | None = None) -> Recorded:
    return Recorded(partial(stepped, method, device), method, device, noises, recorder or partial(again, method))


def stepped(method: Method, device: Device, batches: Any, noise: capture.Noises) -> dict[str, Tensor]:
    return method.step(batches, noise, device)


def whole(method: Method) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in (pack(method) | dict(method.named_buffers())).items()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(value, other[name]) for name, value in one.items())


def rate(method: Method, device: Device, step: int) -> None:
    for optimizer in method.optimizers.values():
        device.set_rate(optimizer, 2e-4 / (1 + step / 3))


@pytest.mark.parametrize("clip", [None, 0.05])
@pytest.mark.parametrize("config", METHODS.values(), ids=METHODS)
def test_replays_are_the_steps_to_the_bit(config: MethodConfig, clip: float | None) -> None:
    ours, theirs, device = make(config), make(config), Device("cpu", clip=clip)
    replay = recorded(ours, device)
    for step in range(STEPS):
        rate(ours, device, step)
        rate(theirs, device, step)
        found = replay([batch(step)], step)
        wanted = theirs.step([batch(step)], noises(step), device)
        assert same(found, wanted)
        assert same(whole(ours), whole(theirs)), step


def test_bf16_too() -> None:
    ours, theirs, device = make(METHODS["pix2pix"]), make(METHODS["pix2pix"]), Device("cpu", "bf16")
    replay = recorded(ours, device)
    for step in range(3):
        replay([batch(step)], step)
        theirs.step([batch(step)], noises(step), device)
    assert same(whole(ours), whole(theirs))


@pytest.mark.parametrize("config", METHODS.values(), ids=METHODS)
def test_a_method_that_was_saved_goes_on_as_if_it_had_not_been(config: MethodConfig) -> None:
    device = Device("cpu")
    uninterrupted, cut, resumed = make(config), make(config), make(config)
    straight, first, second = (recorded(method, device) for method in (uninterrupted, cut, resumed))
    for step in range(STEPS):
        straight([batch(step)], step)
    for step in range(4):
        first([batch(step)], step)
    put(resumed, whole(cut))
    for step in range(4, STEPS):
        second([batch(step)], step)
    assert same(whole(resumed), whole(uninterrupted))


def put(method: Method, state: dict[str, Tensor]) -> None:
    buffers = dict(method.named_buffers())
    unpack({name: value for name, value in state.items() if name not in buffers}, method)
    for name, buffer in buffers.items():
        buffer.copy_(state[name])


@pytest.mark.parametrize("config", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize("empty", [False, True])
def test_put_back_to_an_earlier_state_it_goes_on_from_there(config: MethodConfig, empty: bool) -> None:
    """Tensors of the state are filled, not replaced; where an optimizer must be given others, it is recorded anew."""
    ours, theirs, device = make(config), make(config), Device("cpu")
    recordings: list[None] = []

    def counting(rehearse: capture.Work, work: capture.Work) -> capture.Work:
        recordings.append(None)
        return again(ours, rehearse, work)

    replay = recorded(ours, device, counting)
    state, places = whole(ours), {}
    for step in range(STEPS):
        if step == 2 and not empty:
            state, places = whole(ours), {name: value.data_ptr() for name, value in pack(ours).items()}
        replay([batch(step)], step)
    put(ours, state)
    if not empty:
        assert places == {name: value.data_ptr() for name, value in pack(ours).items()}
    put(theirs, state)
    for step in range(10, 10 + STEPS):
        replay([batch(step)], step)
        theirs.step([batch(step)], noises(step), device)
    assert same(whole(ours), whole(theirs))
    assert len(recordings) == 1 + empty


@pytest.mark.parametrize("config", [METHODS["pix2pix"], METHODS["cyclegan"]], ids=["pix2pix", "cyclegan"])
@pytest.mark.parametrize("first", [0, 3])
def test_what_is_not_finite_changes_no_weight_and_is_named(config: MethodConfig, first: int) -> None:
    ours, theirs, device = make(config), make(config), Device("cpu")
    replay = recorded(ours, device)
    for step in range(first):
        replay([batch(step)], step)
        theirs.step([batch(step)], noises(step), device)
    bad = batch(first)
    bad.source[0, 0, 0, 0] = torch.nan
    with pytest.raises(NotFinite) as wanted:
        theirs.step([bad], noises(first), device)
    before = whole(ours)
    with pytest.raises(NotFinite) as found:
        replay([bad], first)
    assert str(found.value) == str(wanted.value)
    after = whole(ours)
    unchanged = [name for name in pack(ours) if name in before]
    assert all(torch.equal(after[name], before[name]) for name in unchanged)
    for method in (ours, theirs):  # as a run that skips does
        for name, buffer in method.named_buffers():
            buffer.copy_(before[name])
    for step in range(first + 1, first + 4):
        replay([batch(step)], step)
        theirs.step([batch(step)], noises(step), device)
    assert same(whole(ours), whole(theirs))


def test_why_a_step_is_not_recorded() -> None:
    device, loop, notes = Device("cpu"), LoopConfig(capture=True), list[str]()
    method = make(METHODS["pix2pix"])
    step = capture.stepper(method, device, loop, noises, notes)
    assert notes == ["each step is launched operation by operation, not replayed as a CUDA graph: it runs on cpu"]
    theirs = make(METHODS["pix2pix"])
    step([batch(0)], 0)
    theirs.step([batch(0)], noises(0), device)
    assert same(whole(method), whole(theirs))
    capture.stepper(method, device, LoopConfig(), noises, notes)
    assert len(notes) == 1
    device.torch = torch.device("cuda")
    reasons = {
        "depends on what it draws": (LoopConfig(), make_cut()),
        "accumulates batches": (LoopConfig(accumulate=2), method),
        "a second time": (LoopConfig(recompute=True), method),
    }
    for why, (loop, each) in reasons.items():
        assert why in str(capture.obstacle(each, device, loop))
    assert capture.obstacle(method, device, LoopConfig()) is None


def make_cut() -> Method:
    networks: dict[str, NetworkSpec] = {
        "G": GeneratorSpec("resnet", 3, 3, 2, 4, (), 0, 1, "instance"),
        "D": DiscriminatorSpec(3, 16, 4, "instance"),
    }
    return table.build(MethodSpec(CUTConfig(), networks, LearningConfig(), (16, 16)), 0)


def test_what_waits_for_the_device_is_found_out() -> None:
    """So the recordings of these tests would tell of it."""
    for waits in (lambda: float(torch.ones(1)), lambda: torch.tensor([1.0]), lambda: torch.rand(1)):
        with pytest.raises(AssertionError, match="cannot be recorded"), Recording():
            waits()


def test_a_method_that_draws_past_the_tape_is_found_out() -> None:
    """Each replay would draw the same."""
    tape = capture.Tape()
    z = tape.recording(noises(0))(0)
    with pytest.raises(AttributeError, match="_generator"):
        z.uniform()


def test_a_whole_run_of_replays_is_the_run(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def config(run: str, **loop: Any) -> TrainConfig:
        settings = {"steps": 6, "validate_every": 3, "log_every": 2, "workers": 0, "samples": 1, "ema": 0.9, **loop}
        return TrainConfig(
            DataConfig(str(drawn)),
            Pix2PixConfig(),
            LoopConfig(run=str(tmp_path / run), **settings),
            NetworksConfig(width=4),
        )

    train(config("plain"))
    with monkeypatch.context() as patch:
        patch.setattr(capture, "obstacle", lambda *_: None)
        patch.setattr(
            capture, "Recorded", lambda step, method, *rest: Recorded(step, method, *rest, partial(again, method))
        )
        train(config("replayed", capture=True, steps=4))
        train(config("replayed", capture=True))
    for name in ("model", "best"):
        plain, replayed = (read_tensors(tmp_path / run / f"{name}.safetensors") for run in ("plain", "replayed"))
        assert same(plain, replayed)
    journals = [(tmp_path / run / "metrics.jsonl").read_text().splitlines() for run in ("plain", "replayed")]
    assert losses_of(journals[0]) == losses_of(journals[1])


def losses_of(journal: list[str]) -> list[str]:
    return [line.split('"waiting"')[0] for line in journal if '"kind": "train"' in line]
