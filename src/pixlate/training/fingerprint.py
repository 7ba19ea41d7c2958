"""What a run's exactness rests on beside its state: settings, pictures, machine."""

import hashlib
import json
from collections.abc import Iterator, Mapping

import torch

from pixlate.data.dividing import Examples
from pixlate.devices import Device
from pixlate.networks.convolution import RULE
from pixlate.specs.training import MAY_CHANGE, to_flat
from pixlate.training.planning import Plan

_SCHEDULE = ("epochs", "steps")


def take(planned: Plan, device: Device) -> dict[str, str]:
    """Each part as a short text for a person. Pictures are told apart by name and size in bytes, not by content."""
    settings = to_flat(planned.config)
    fixed = {key: value for key, value in settings.items() if key not in MAY_CHANGE | {"data", "data_b"}}
    name = torch.cuda.get_device_name(device.torch) if device.torch.type == "cuda" else device.torch.type
    return {
        "settings": _digest(json.dumps(fixed, sort_keys=True)),
        **{key: str(settings[key]) for key in _SCHEDULE},
        "training pictures": _list(planned.survey.train),
        "validation pictures": _list(planned.survey.val),
        "kinds": f"{planned.survey.sides.source} to {planned.survey.sides.target}",
        "torch": torch.__version__,
        "rule of formulations": str(RULE),
        "device": f"{name} ({torch.backends.cpu.get_cpu_capability()})",
        "threads": str(torch.get_num_threads()),
        "processes": str(device.processes.world),
    }


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """Each part that is another than it was."""
    for part, value in now.items():
        if part in before and before[part] != value:
            yield f"{part}: {before[part]} then, {value} now"


def _list(examples: Examples) -> str:
    digest = hashlib.sha256()
    for place, file in enumerate(examples.files):
        digest.update(f"{', ' if place else '['}{json.dumps((file.name, *file.sizes))}".encode())
    digest.update(b"]" if len(examples) else b"[]")
    return f"{examples.count()} ({digest.hexdigest()[:12]})"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]
