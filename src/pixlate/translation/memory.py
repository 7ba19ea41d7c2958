"""How much memory a picture's translation may take, and whether it is made whole or in bands."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch

from pixlate.errors import ConfigError, WriteError
from pixlate.networks.banded.walking import plan
from pixlate.networks.building import Generator
from pixlate.specs.memory import format_memory
from pixlate.specs.networks import GeneratorSpec

_OF_FREE = 0.5
"""Share of the free memory that is taken when nobody says how much."""
_OF_DEVICE = 0.8
"""Share of a GPU's free memory that is taken."""
_LIBRARIES = 200 * 10**6
"""Bytes that torch takes for itself in its first convolutions."""
_RUNTIME = 400 * 10**6
"""Bytes that ONNX Runtime or OpenVINO take for themselves; the weights they hold up to three times more."""
_FOR_BANDS, _FOR_ALL = 0.35, 0.7
"""Shares of what is left for the rows at work, at the most, and for them and the maps between layers together."""
_OVER = 1.5
"""How much more than reckoned the rows at work may take: the allocator does not give all back at once."""
_ENOUGH = 150 * 10**6
"""Bytes of a band; the system spends longer handing out larger ones than is saved on the rows made twice."""
_HELD, _PHYSICAL = 500 * 10**6, 4 * 10**9
"""Bytes that are taken for held and for built in where the system does not tell: Python and torch hold less."""


@dataclass(frozen=True)
class Budget:
    """Bytes that the translation of one picture may add, settled once, so that no picture's depends on another's."""

    main: int
    """In main memory, the picture itself included."""
    device: int | None
    """In a GPU's own memory, if one is used."""
    asked: int | None
    """The most that the whole process may hold, if someone said so."""


@dataclass(frozen=True)
class Shares:
    """Bytes for the rows at work, and for the maps between layers that are held in memory."""

    band: int
    kept: int


def budget(generator: Generator, memory: int | None, *, copied: bool = False) -> Budget:
    """For a generator where it is to run; `memory` (bytes) is the most that the process may hold.

    None: half of the memory that is free, besides what is held now. A GPU's own is used as far as it is free. `copied`
    says that the weights will be held once more.
    """
    for weight in generator.parameters():
        weight.sum()  # read from its file now, or it would not be in what is held
    copies = sum(weight.nbytes for weight in generator.parameters()) if copied else 0
    device = next(generator.parameters()).device
    on_gpu = int(_OF_DEVICE * torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else None
    main = int(_OF_FREE * free()) if memory is None else memory - resident()
    return Budget(main - _LIBRARIES - copies, on_gpu, memory)


def shares(generator: Generator, size: tuple[int, int], held: int, given: Budget, *, dropout: bool) -> Shares | None:
    """What a picture of `size` (height, width) may take; None if it may be translated whole.

    `held` is how many bytes it and its translation are.

    Raises:
        ConfigError: too little memory for even a few rows.
        WriteError: too little disk for the temporary files.
    """
    room = given.main - held
    at_work = room if given.device is None else given.device
    if whole(generator.spec, size) <= at_work:
        return None
    most = max(1, int(_FOR_BANDS * at_work))
    least = plan(generator, size, noise=dropout, band=most, kept=0).band
    what = f"A picture of {size[1]}×{size[0]}"
    if least > most:
        more = int(least / _FOR_BANDS) - at_work
        told = "that is free" if given.asked is None else f"than the {format_memory(given.asked)} given"
        raise ConfigError(f"{what} needs {format_memory(more)} more memory {told}, even in bands of a few rows.")
    band = min(most, max(least, _ENOUGH))
    kept = int(_FOR_ALL * room - (_OVER * band if given.device is None else 0))
    found = Shares(band, max(0, kept))
    needed = plan(generator, size, noise=dropout, band=found.band, kept=found.kept)
    folder = tempfile.gettempdir()
    on_disk = shutil.disk_usage(folder).free
    if needed.disk > on_disk:
        raise WriteError(
            f"{what} needs {format_memory(needed.disk)} of temporary files within this memory, and {folder} has "
            f"{format_memory(on_disk)} free. Set TMPDIR to a folder with more room, or give more --memory."
        )
    return found


def whole(spec: GeneratorSpec, size: tuple[int, int]) -> int:
    """Bytes that the forward pass over a whole picture of `size` adds at its peak: as measured, and a fifth more."""
    values = 4 if spec.architecture == "resnet" else 2
    outside = spec.in_channels + spec.out_channels + 2 * spec.z_channels
    return 4 * (values * spec.width + 2 * outside) * size[0] * size[1]


def roomy(generator: Generator, memory: int | None) -> bool:
    """Whether there is room for another runtime than torch, which holds the weights in its own order as well.

    `memory` as `budget` has it.
    """
    weights = sum(weight.nbytes for weight in generator.parameters())
    main = int(_OF_FREE * free()) if memory is None else memory - resident()
    return main - _LIBRARIES >= _RUNTIME + 4 * weights


def fits(spec: GeneratorSpec, size: tuple[int, int], held: int, given: Budget, times: float) -> bool:
    """Whether a picture of `size` may be translated by what takes so many times as much main memory as torch."""
    return times * whole(spec, size) <= given.main - held


def resident() -> int:
    """Bytes of memory that this process holds."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return _HELD


def free() -> int:
    """Bytes of this machine's memory, or of its container's, that are to be had."""
    try:
        told = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        found = int(told["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):
        return _physical() // 2
    try:
        return max(0, min(found, int(Path("/sys/fs/cgroup/memory.max").read_text()) - resident()))
    except (OSError, ValueError):
        return found


def _physical() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return _PHYSICAL
