"""Our networks and training steps beside those of pytorch-CycleGAN-and-pix2pix itself, from a checkout of it.

    python benchmarks/parity.py --incumbent CHECKOUT [--write tests/foreign/incumbent.json]

1. Every generator and discriminator it has: its weights imported here give the same outputs; exported from here they
   load strictly there, to the bit.
2. Training steps of pix2pix and of CycleGAN, in 64 bits, from the same weights, pictures and random choices (which old
   pictures the discriminators are shown): the same losses and the same weights.

Weights and pictures are sines, so that they are the same everywhere. --write keeps the numbers of the checkout's side,
with which the tests compare ours.
"""

import argparse
import hashlib
import itertools
import json
import math
import random
import sys
import tempfile
import zlib
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from incumbent_models import OPTIONS
from pixlate import exchange, modelfile
from pixlate.data.loading import Batch
from pixlate.devices import Device
from pixlate.foreign import converting
from pixlate.methods.cyclegan import CycleGAN
from pixlate.methods.pix2pix import Pix2Pix
from pixlate.networks.building import build_discriminator, build_generator
from pixlate.networks.noise import Noise
from pixlate.specs.learning import LearningConfig
from pixlate.specs.methods.cyclegan import CycleGANConfig
from pixlate.specs.methods.pix2pix import Pix2PixConfig
from pixlate.specs.methods.settings import MethodSpec
from pixlate.specs.networks import DiscriminatorSpec, GeneratorSpec, NetworkSpec

WIDTH = 4
STEPS = 6
HISTORY = 2
SIZE = 64
CHOICES = [(0.1, 1), (0.9, 0), (0.3, 0), (0.7, 1), (0.2, 1), (0.4, 0), (0.8, 0), (0.05, 1)]
"""What is drawn once a history is full: below a half an old picture is shown, and which."""

GENERATORS = list(
    itertools.product(
        ("unet_256", "unet_128", "resnet_9blocks", "resnet_6blocks"),
        (False, True),
        ("batch", "instance", "none"),
        ((3, 3), (1, 3), (3, 1)),
    )
)
DISCRIMINATORS = [
    *itertools.product(("n_layers",), (1, 2, 3, 4, 5, 6), ("batch", "instance", "none"), (3, 6)),
    *itertools.product(("pixel",), (0,), ("batch", "instance", "none"), (3, 6)),
]


# Weights, pictures and what is kept of a result


def wave(name: str, shape: tuple[int, ...], scale: float = 1.0) -> Tensor:
    """Values in [-scale, scale] that follow from the name alone."""
    phase = zlib.crc32(name.encode()) % 1000
    count = math.prod(shape)
    return (scale * torch.sin(torch.arange(count, dtype=torch.float64) * 0.73 + phase)).reshape(shape)


def fill(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of these names and shapes: convolutions scaled to their inputs, statistics plausible."""
    filled = {}
    for name, tensor in weights.items():
        shape = tuple(tensor.shape)
        if name.endswith("num_batches_tracked"):
            filled[name] = torch.tensor(7)
        elif len(shape) == 4:
            filled[name] = wave(name, shape, 1.5 / math.sqrt(math.prod(shape[1:]))).float()
        elif name.endswith(("running_var", "weight")):
            filled[name] = (1 + wave(name, shape, 0.2)).float()
        else:
            filled[name] = wave(name, shape, 0.1).float()
    return filled


def picture(name: str, channels: int, size: int, count: int = 1) -> Tensor:
    """Pictures (N, C, H, W) in [-1, 1]."""
    return wave(name, (count, channels, size, size), 0.95)


def kept(output: Tensor) -> list[float]:
    """Sixteen values from all over a tensor, then its mean and its mean size."""
    flat = output.detach().double().flatten()
    places = [index * (len(flat) - 1) // 15 for index in range(16)]
    return [float(f"{float(value):.12g}") for value in (*flat[places], flat.mean(), flat.abs().mean())]


def signature(weights: Mapping[str, Tensor]) -> str:
    """What tells names and shapes from others."""
    return hashlib.sha256(json.dumps({name: list(t.shape) for name, t in sorted(weights.items())}).encode()).hexdigest()


# Our side, from weights under the incumbent's names


def spec_of(kind: str, detail: Any, norm: str, channels: Any) -> NetworkSpec:
    """Ours for one of GENERATORS or DISCRIMINATORS."""
    if kind.startswith("unet"):
        depth = 8 if kind == "unet_256" else 7
        dropout = tuple(range(2, depth - 3)) if detail else ()
        return GeneratorSpec("unet", channels[0], channels[1], depth, WIDTH, dropout, norm=norm)  # type: ignore[arg-type]
    if kind.startswith("resnet"):
        blocks = 9 if "9" in kind else 6
        dropout = tuple(range(1, blocks + 1)) if detail else ()
        return GeneratorSpec(
            "resnet",
            channels[0],
            channels[1],
            2,
            WIDTH,
            dropout,
            0,
            blocks,
            norm,  # type: ignore[arg-type]
        )
    fields = {0: 1, 1: 16, 2: 34, 3: 70, 4: 142, 5: 286, 6: 574}
    return DiscriminatorSpec(channels, fields[detail], WIDTH, norm)  # type: ignore[arg-type]


def exported_names(spec: NetworkSpec) -> dict[str, Tensor]:
    """A state dict of the incumbent's for our spec, as `pixlate export` writes it."""
    network = build_generator(spec, 0) if isinstance(spec, GeneratorSpec) else build_discriminator(spec, 0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "exported.pth"
        path.write_bytes(converting.dump(spec, network.state_dict()))
        loaded: dict[str, Tensor] = torch.load(path, weights_only=True)
    return loaded


def imported(weights: Mapping[str, Tensor], *, dropout: bool) -> tuple[NetworkSpec, nn.Module]:
    """Our network from a file of these weights."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "net.pth", Path(folder) / "net.safetensors"
        torch.save(dict(weights), path)
        spec = exchange.import_weights(path, out, dropout=dropout)
        network = modelfile.read_network(out)
    return spec, network


def answer(network: nn.Module, spec: NetworkSpec) -> Tensor:
    """What the network makes of a picture, dropout off; discriminators judge it in training, as they always do."""
    x = picture("input", spec.in_channels, 256 if isinstance(spec, GeneratorSpec) else 224).float()
    with torch.no_grad():
        output: Tensor = network.train(isinstance(spec, DiscriminatorSpec))(x)
    return output


class Scripted(Noise):
    """Draws from a list."""

    def __init__(self, script: Iterator[tuple[float, int]]) -> None:
        super().__init__(0)
        self._script = script

    def uniform(self) -> float:
        """The next number; the choice that goes with it comes after."""
        number, self._choice = next(self._script)
        return number

    def choice(self, count: int) -> int:
        """What goes with the last number."""
        return self._choice % count


def method_of(name: str) -> tuple[Pix2Pix | CycleGAN, dict[str, str]]:
    """Ours, and the incumbent's names of its networks."""
    norm = "batch" if name == "pix2pix" else "instance"
    if name == "pix2pix":
        networks: dict[str, NetworkSpec] = {
            "G": GeneratorSpec("unet", 3, 3, 7, WIDTH, ()),
            "D": DiscriminatorSpec(6, 70, WIDTH),
        }
        spec = MethodSpec(Pix2PixConfig(preset="incumbent"), networks, LearningConfig(), (128, 128))
        return Pix2Pix(spec, 0).double(), {"G": "G", "D": "D"}
    generator = GeneratorSpec("resnet", 3, 3, 2, WIDTH, (), 0, 6, "instance")
    judge = DiscriminatorSpec(3, 70, WIDTH, norm)  # type: ignore[arg-type]
    networks = {"G": generator, "F": generator, "D_X": judge, "D_Y": judge}
    config = CycleGANConfig(preset="incumbent", history=HISTORY)
    method = CycleGAN(MethodSpec(config, networks, LearningConfig(), (SIZE, SIZE)), 0)
    return method.double(), {"G": "G_A", "F": "G_B", "D_X": "D_B", "D_Y": "D_A"}


def our_steps(name: str, weights: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Any]:
    """Losses of each step, and what is kept of each tensor afterwards, under the incumbent's names."""
    method, theirs = method_of(name)
    for ours, its in theirs.items():
        _, network = imported(weights[its], dropout=False)
        method.get_submodule(ours).load_state_dict(network.state_dict())
    script = iter(CHOICES)
    losses = []
    for step in range(STEPS):
        x, y = pictures(name, step)
        told = method.step([Batch(x, y, ("",))], lambda _: Scripted(script), Device("cpu"))
        losses.append({key: float(value) for key, value in told.items()})
    after: dict[str, list[float]] = {}
    for ours, its in theirs.items():
        network = method.get_submodule(ours)
        spec: NetworkSpec = network.spec  # type: ignore[assignment]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "net.pth"
            path.write_bytes(converting.dump(spec, network.state_dict()))
            after |= {f"{its}.{key}": kept(value) for key, value in torch.load(path, weights_only=True).items()}
    return {"losses": losses, "weights": after}


def pictures(name: str, step: int) -> tuple[Tensor, Tensor]:
    """What a step learns from."""
    size = 128 if name == "pix2pix" else SIZE
    return picture(f"x{step}", 3, size), picture(f"y{step}", 3, size)


LOSSES: Mapping[str, Callable[[Mapping[str, float]], dict[str, float]]] = {
    "pix2pix": lambda its: {
        "D_real": its["D_real"],
        "D_fake": its["D_fake"],
        "G_GAN": its["G_GAN"],
        "G_L1": its["G_L1"] / 100,
    },
    "cyclegan": lambda its: {
        "G_GAN": its["G_A"],
        "F_GAN": its["G_B"],
        "cycle_X": its["cycle_A"] / 10,
        "cycle_Y": its["cycle_B"] / 10,
        "identity_Y": its["idt_A"] / 5,
        "identity_X": its["idt_B"] / 5,
    },
}
"""The incumbent's losses, which it tells weighed, as ours."""


# The incumbent's side


def its_network(networks: Any, kind: str, detail: Any, norm: str, channels: Any) -> nn.Module:
    """One of its networks, dropout off."""
    if kind in ("n_layers", "pixel"):
        network: nn.Module = networks.define_D(channels, WIDTH, kind, detail, norm)
    else:
        network = networks.define_G(*channels, WIDTH, kind, norm, detail)
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return network


def its_steps(name: str, checkout_random: Any) -> tuple[dict[str, Any], dict[str, dict[str, Tensor]]]:
    """The same of its own training step; and the weights it began with."""
    from models.cycle_gan_model import CycleGANModel  # type: ignore[import-not-found]  # noqa: PLC0415
    from models.pix2pix_model import Pix2PixModel  # type: ignore[import-not-found]  # noqa: PLC0415

    options = OPTIONS | {"device": torch.device("cpu"), "ngf": WIDTH, "ndf": WIDTH}
    options |= {"no_dropout": True, "pool_size": HISTORY}
    if name == "pix2pix":
        model = Pix2PixModel(Namespace(**options, netG="unet_128", norm="batch", gan_mode="vanilla"))
    else:
        model = CycleGANModel(Namespace(**options, netG="resnet_6blocks", norm="instance", gan_mode="lsgan"))
    began = {}
    for part in model.model_names:
        network = getattr(model, f"net{part}").double()
        began[part] = fill(network.state_dict())
        network.load_state_dict(began[part])
    script = iter(CHOICES)
    drawn: list[int] = []

    def uniform(_low: float, _high: float) -> float:
        number, choice = next(script)
        drawn[:] = [choice]
        return 1 - number  # it shows an old picture above a half

    checkout_random.uniform, checkout_random.randint = uniform, lambda _low, high: drawn[0] % (high + 1)
    losses = []
    for step in range(STEPS):
        x, y = pictures(name, step)
        model.set_input({"A": x, "B": y, "A_paths": [""], "B_paths": [""]})
        model.optimize_parameters()
        losses.append({key: float(getattr(model, f"loss_{key}").detach()) for key in model.loss_names})
    after: dict[str, list[float]] = {}
    for part in model.model_names:
        network = getattr(model, f"net{part}")
        after |= {f"{part}.{key}": kept(value) for key, value in network.state_dict().items()}
    return {"losses": losses, "weights": after}, began


def worst(one: Mapping[str, list[float]], other: Mapping[str, list[float]]) -> float:
    """The largest difference between two sets of kept values.

    Running statistics of discriminators, which nothing uses, do not count: the incumbent judges generated pictures
    first, the paper's code and ours real ones.
    """
    assert one.keys() == other.keys(), sorted(one.keys() ^ other.keys())[:3]
    counting = [key for key in one if not (key.startswith("D") and "running" in key)]
    return max(abs(a - b) for key in counting for a, b in zip(one[key], other[key], strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--incumbent", type=Path, required=True, help="a checkout of the repository")
    parser.add_argument("--write", type=Path, help="keep its numbers there")
    given = parser.parse_args()
    sys.path.insert(0, str(given.incumbent))
    from models import networks  # type: ignore[import-not-found]  # noqa: PLC0415

    found: dict[str, Any] = {"networks": [], "steps": {}}
    differences = []
    for kind, detail, norm, channels in [*GENERATORS, *DISCRIMINATORS]:
        theirs = its_network(networks, kind, detail, norm, channels)
        weights = fill(theirs.state_dict())
        theirs.load_state_dict(weights)
        spec, ours = imported(weights, dropout=bool(detail))
        assert spec == spec_of(kind, detail, norm, channels), (spec, kind, detail, norm, channels)
        expected = answer(theirs, spec) if isinstance(spec, DiscriminatorSpec) else _in_training(theirs, spec)
        differences.append(float((answer(ours, spec) - expected).abs().max()))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "back.pth"
            path.write_bytes(converting.dump(spec, imported(weights, dropout=bool(detail))[1].state_dict()))
            back = torch.load(path, weights_only=True)
        theirs.load_state_dict(back)
        assert all(torch.equal(back[name], weights[name]) for name in weights)
        entry = {"what": [kind, detail, norm, channels], "names": signature(weights), "output": kept(expected)}
        found["networks"].append(entry)
        print(f"{kind:15} {detail!s:6} {norm:9} {channels!s:7} {differences[-1]:.1e}", flush=True)
    print(
        f"{len(differences)} networks, largest difference of an output {max(differences):.1e}; all load strictly there"
    )
    for name in ("pix2pix", "cyclegan"):
        theirs_told, began = its_steps(name, sys.modules["util.image_pool"].random if name == "cyclegan" else random)
        ours_told = our_steps(name, began)
        told = [LOSSES[name](step) for step in theirs_told["losses"]]
        by_loss = max(
            abs(its[key] - our[key]) for its, our in zip(told, ours_told["losses"], strict=True) for key in its
        )
        by_weight = worst(theirs_told["weights"], ours_told["weights"])
        print(f"{name}: {STEPS} steps, largest difference of a loss {by_loss:.1e}, of a weight {by_weight:.1e}")
        found["steps"][name] = {"losses": told, "weights": theirs_told["weights"]}
    if given.write is not None:
        given.write.write_text(json.dumps(found) + "\n")


def _in_training(generator: nn.Module, spec: NetworkSpec) -> Tensor:
    """The incumbent's own way to translate: in training mode, so that batch norm has the picture's statistics."""
    with torch.no_grad():
        output: Tensor = generator.train()(picture("input", spec.in_channels, 256).float())
    return output


if __name__ == "__main__":
    main()
