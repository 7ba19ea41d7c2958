"""What a run's networks start from: which network from which file or run, and what is said there of it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pixlate import modelfile
from pixlate.checkpoint.shelf import Shelf
from pixlate.errors import ConfigError, RunError, suggestion
from pixlate.specs.networks import GeneratorSpec, NetworkSpec, suits
from pixlate.training import runfolder

if TYPE_CHECKING:
    from pixlate.networks.building import Network
    from pixlate.processes import Processes
    from pixlate.training.planning import Plan
    from pixlate.training.state import State


def resolved(start_from: tuple[str, ...]) -> tuple[str, ...]:
    """The same with absolute paths, so that the run is known from anywhere."""
    return tuple(f"{name}={os.path.abspath(path)}" for name, path in _pairs(start_from))  # noqa: PTH100 - never fails


def adopt(
    start_from: tuple[str, ...], specs: dict[str, NetworkSpec], size: tuple[int, int], folder: Path
) -> dict[str, NetworkSpec]:
    """The networks that start from a file, as it says they are, or as the run in `folder` knows them to be.

    Whoever starts from a file need not say what is in it.

    Raises:
        ConfigError: a network the method does not have, or one that does not suit the pictures.
        ModelFileError: a file that cannot be read.
        RunError: a folder with no run that has such a network.
    """
    found = {}
    known = runfolder.known_networks(folder)
    for name, path in _pairs(start_from):
        if name not in specs:
            raise ConfigError(
                f"--start-from {name}=…: there is no {name} here; choose from {', '.join(specs)}."
                f"{suggestion(name, specs)}"
            )
        spec = known.get(name) or _spec(name, path)
        if type(spec) is not type(specs[name]):
            raise ConfigError(f"--start-from {name}={path}: it is a {spec}, and {name} is a {specs[name]}.")
        _compare(name, path, spec, specs[name], size)
        found[name] = spec
    return found


def _spec(name: str, path: Path) -> NetworkSpec:
    if not os.path.isdir(path):  # noqa: PTH112 - false for any odd name
        return modelfile.read_spec(path)
    networks = runfolder.known_networks(path)
    if name not in networks:
        raise RunError(f"--start-from {name}={path}: the folder has no run with a checkpoint of a network {name}.")
    return networks[name]


def _compare(name: str, path: Path, spec: NetworkSpec, wanted: NetworkSpec, size: tuple[int, int]) -> None:
    for side in ("in_channels", "out_channels"):
        theirs, ours = getattr(spec, side, None), getattr(wanted, side, None)
        if theirs != ours:
            words = side.replace("_", " ")
            raise ConfigError(f"--start-from {name}={path}: it has {theirs} {words}, and these pictures want {ours}.")
    if isinstance(spec, GeneratorSpec) and spec.architecture != "resnet" and not suits(spec.depth, *size):
        raise ConfigError(f"--start-from {name}={path}: {spec.depth} halvings do not suit {size[0]}×{size[1]} px.")


def _pairs(start_from: tuple[str, ...]) -> list[tuple[str, Path]]:
    pairs = []
    for text in start_from:
        name, given, path = text.partition("=")
        if not given or not path:
            raise ConfigError(
                f"--start-from is {text!r}; NETWORK=FILE is wanted, such as G=model.safetensors, or NETWORK=RUN."
            )
        pairs.append((name, Path(path)))
    if len({name for name, _ in pairs}) < len(pairs):
        raise ConfigError("--start-from names one network twice.")
    return pairs


def read(planned: "Plan", processes: "Processes") -> "dict[str, Network]":
    """The networks that a run which is yet to begin starts from; all processes call.

    Raises:
        ModelFileError: a file that cannot be read, or whose weights do not fit what it says of itself.
        RunError: a run without a whole checkpoint.
    """
    if Shelf(planned.folder / runfolder.CHECKPOINTS).steps():
        return {}
    return {
        name: _of_run(name, path, processes) if os.path.isdir(path) else modelfile.read_network(path)  # noqa: PTH112
        for name, path in _pairs(planned.config.learning.start_from)
    }


def _of_run(name: str, folder: Path, processes: "Processes") -> "Network":
    """The network of that name in a run's newest whole checkpoint, the same for all processes."""
    from pixlate.checkpoint.packing import below  # noqa: PLC0415 - torch, which a plan does not need
    from pixlate.networks.building import build  # noqa: PLC0415

    shelf = Shelf(folder / runfolder.CHECKPOINTS)
    try:
        newest, _ = shelf.newest()
        (step,) = processes.most(newest or 0)
        tensors, _ = shelf.read(step)
    except RunError as error:
        raise RunError(f"--start-from {name}={folder}: the run there has no whole checkpoint ({error})") from error
    network = build(_spec(name, folder))
    weights = below(tensors, f"weights.{name}.") | below(tensors, f"process.0.buffers.{name}.")
    try:
        network.load_state_dict(weights, assign=True)
    except RuntimeError as error:
        raise RunError(f"{folder} has another {name} in its checkpoint than it says ({error}).") from error
    return network


def start(state: "State", networks: "dict[str, Network]") -> None:
    """Give the method's networks the weights of those; averages begin there too."""
    for name, network in networks.items():
        state.method.get_submodule(name).load_state_dict(network.state_dict())
    state.begin_averages()
