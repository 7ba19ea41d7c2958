"""What is measured against what: our steps and translations, the textbook's, and the incumbent's own."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import get_args

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

import incumbent_models
import textbook
from ceiling import wait
from pixlate import draws
from pixlate.data.loading import Batch
from pixlate.devices import Device
from pixlate.methods import table
from pixlate.networks.noise import Noise
from pixlate.specs.learning import LearningConfig
from pixlate.specs.methods.cyclegan import CycleGANConfig
from pixlate.specs.methods.pix2pix import Pix2PixConfig
from pixlate.specs.methods.settings import MethodConfig, MethodSpec, PresetName
from pixlate.specs.networks import DiscriminatorSpec, GeneratorSpec, NetworkSpec, deepest
from pixlate.specs.training import DeviceName
from rounds import Work

PICTURES = 4
CONTENDERS = ("textbook", "ours", "incumbent")


@dataclass(frozen=True)
class Setting:
    """What is to be done: a method at the paper's width, by the facts of a preset, on pictures of a size."""

    method: str = "pix2pix"
    preset: PresetName = "paper"
    size: int = 256
    batch: int = 1
    width: int = 64
    device: DeviceName = "cpu"

    @property
    def torch(self) -> torch.device:
        """Where."""
        return torch.device(self.device)

    @property
    def spec(self) -> MethodSpec:
        """What the method is built from."""
        config: MethodConfig = {"pix2pix": Pix2PixConfig, "cyclegan": CycleGANConfig}[self.method](preset=self.preset)
        facts, depth = config.facts, deepest(self.size, self.size)
        resnet = facts.generator == "resnet"
        blocks = (9 if self.size >= 256 else 6) if resnet else 0
        places = facts.places_of_dropout(facts.generator, depth, blocks) if facts.dropout else ()
        levels = 2 if resnet else depth
        G = GeneratorSpec(facts.generator, 3, 3, levels, self.width, places, 0, blocks, facts.norm)
        D = DiscriminatorSpec(6 if config.paired else 3, 70, self.width, facts.norm)
        names = ("G", "D") if config.paired else ("G", "F", "D_X", "D_Y")
        networks: dict[str, NetworkSpec] = {name: D if name.startswith("D") else G for name in names}
        return MethodSpec(config, networks, LearningConfig(), (self.size, self.size))

    def pictures(self, number: int) -> tuple[Tensor, Tensor]:
        """Sources and targets (N, 3, H, W) in [-1, 1] of a round."""
        generator = torch.Generator().manual_seed(number % PICTURES)
        x, y = torch.rand(2, self.batch, 3, self.size, self.size, generator=generator) * 2 - 1
        return x.to(self.torch), y.to(self.torch)


def step(name: str, setting: Setting, checkout: Path | None = None) -> Work:
    """A training step of that contender, from weights that ours and the textbook's share."""
    rounds = [setting.pictures(number) for number in range(PICTURES)]
    learn: Callable[[int, Tensor, Tensor], object]
    if name == "ours":
        learn = _our_step(setting)
    elif name == "textbook":
        learn = _textbook_step(setting)
    else:
        assert checkout is not None
        learn = _incumbent_step(setting, checkout)

    def work(number: int) -> None:
        learn(number, *rounds[number % PICTURES])
        wait(setting.torch)

    return work


def _our_step(setting: Setting) -> Callable[[int, Tensor, Tensor], object]:
    method, device = table.build(setting.spec, 0), Device(setting.device)
    device.__enter__()  # until the process ends
    method.to(device.torch)

    def learn(number: int, x: Tensor, y: Tensor) -> None:
        batch = Batch(x, y, ("",) * len(x))
        method.step([batch], lambda index: Noise(draws.seed(0, "z", number, index)), device)
        device.end_step()

    return learn


def _textbook_step(setting: Setting) -> Callable[[int, Tensor, Tensor], object]:
    method = textbook.build(setting.spec)
    method.load_state_dict(weights(setting))
    method.to(setting.torch)
    return lambda _number, x, y: method.step(x, y, [textbook.Luck()] * 2)


def weights(setting: Setting) -> dict[str, Tensor]:
    """Those that ours begin with."""
    method = table.build(setting.spec, 0)
    assert isinstance(method, nn.Module)
    return {name: value for name, value in method.state_dict().items() if not name.startswith("history")}


def _incumbent_step(setting: Setting, checkout: Path) -> Callable[[int, Tensor, Tensor], object]:
    model = incumbent_models.model(checkout, setting.method, setting.size, setting.width, setting.torch)

    def learn(_number: int, x: Tensor, y: Tensor) -> None:
        model.set_input({"A": x, "B": y, "A_paths": [""], "B_paths": [""]})
        model.optimize_parameters()

    return learn


def translation(name: str, setting: Setting, checkout: Path | None = None) -> Work:
    """G of one batch, without dropout, by the pictures' own statistics where the batch is one."""
    rounds = [setting.pictures(number)[0] for number in range(PICTURES)]
    if name == "incumbent":
        assert checkout is not None
        model = incumbent_models.model(checkout, setting.method, setting.size, setting.width, setting.torch)
        network = getattr(model, "netG_A" if setting.method == "cyclegan" else "netG")
        for module in network.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
    elif name == "textbook":
        method = textbook.build(setting.spec)
        method.load_state_dict(weights(setting))
        network = method.G.to(setting.torch)
    else:
        network = table.build(setting.spec, 0).get_submodule("G").to(setting.torch).eval()

    def work(number: int) -> None:
        with torch.inference_mode() if name == "ours" else torch.no_grad():
            network(rounds[number % PICTURES])
        wait(setting.torch)

    return work


@dataclass(frozen=True)
class Need:
    """What the textbook's step takes. Nothing is computed to know it."""

    step_gflop: float
    """10⁹ additions and multiplications."""
    translation_gflop: float
    """Of its G once."""
    weights: int
    """How many are updated."""
    saved_gb: float
    """What its backward passes want kept, at the most."""


@lru_cache
def need(setting: Setting) -> Need:
    """Counted on tensors without values."""
    method = textbook.build(setting.spec).to("meta")
    x, y = torch.empty(2, setting.batch, 3, setting.size, setting.size, device="meta")
    saved = 0

    def keep(tensor: Tensor) -> Tensor:
        nonlocal saved
        saved += tensor.nbytes
        return tensor

    with FlopCounterMode(display=False) as whole, saved_tensors_hooks(keep, lambda tensor: tensor):
        method.step(x, y, [textbook.Luck()] * 2)
    with FlopCounterMode(display=False) as once, torch.no_grad():
        method.G(x)
    count = sum(weight.numel() for weight in method.parameters())
    return Need(whole.get_total_flops() / 1e9, once.get_total_flops() / 1e9, count, saved / 1e9)


PRESETS: tuple[PresetName, ...] = get_args(PresetName)
