"""Between the incumbent's state dicts and our networks' weights."""

import io
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from pixlate.errors import ConfigError, ModelFileError
from pixlate.foreign.naming import joins, parts, unet_dropout
from pixlate.foreign.reading import read
from pixlate.foreign.recognising import is_convolution, recognise, without_stray_statistics
from pixlate.specs.networks import RECEPTIVE_FIELDS, DiscriminatorSpec, GeneratorSpec, NetworkSpec

_ENTRIES = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def load(path: Path, *, dropout: bool | None = None) -> tuple[NetworkSpec, dict[str, Tensor]]:
    """What network is in a file of the incumbent's, and its weights under our names.

    `dropout` as in `recognise`.

    Raises:
        ModelFileError: not such a file, or tensors left over.
    """
    weights = without_stray_statistics(read(path))
    spec = recognise(weights, path, dropout=dropout)
    ours: dict[str, Tensor] = {}
    for name, theirs in parts(spec):
        for entry in _ENTRIES:
            if f"{theirs}.{entry}" in weights:
                ours[f"{name}.{entry}"] = weights.pop(f"{theirs}.{entry}")
        if joins(spec, name) and is_convolution(ours, f"{name}.weight"):
            ours[f"{name}.weight"] = _swapped(ours[f"{name}.weight"])
        if f"{name}.running_mean" in ours:
            ours.setdefault(f"{name}.num_batches_tracked", torch.zeros((), dtype=torch.int64))
    if weights:
        raise ModelFileError(f"{path} is like a {spec}, but has a tensor {next(iter(weights))[:80]!a} beside.")
    return spec, {name: tensor.to(_kind(name)).clone() for name, tensor in ours.items()}


def _kind(name: str) -> torch.dtype:
    return torch.int64 if name.endswith("num_batches_tracked") else torch.float32


def fit(network: nn.Module, weights: Mapping[str, Tensor], path: Path) -> None:
    """Let the network have the weights.

    Raises:
        ModelFileError: they are not all of its weights; `path` opens the complaint.
    """
    try:
        network.load_state_dict(weights, assign=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelFileError(f"{path} is like a network of the incumbent's, but is none ({reason}).") from error


def dump(spec: NetworkSpec, weights: Mapping[str, Tensor]) -> bytes:
    """A .pth file that the incumbent loads, of our weights.

    Raises:
        ConfigError: the incumbent has no such network.
    """
    _refuse_unknown(spec)
    theirs: OrderedDict[str, Tensor] = OrderedDict()
    for name, place in parts(spec):
        for entry in _ENTRIES:
            if f"{name}.{entry}" in weights:
                tensor = weights[f"{name}.{entry}"].detach().cpu().contiguous()
                theirs[f"{place}.{entry}"] = _swapped(tensor) if entry == "weight" and joins(spec, name) else tensor
    file = io.BytesIO()
    torch.save(theirs, file)
    return file.getvalue()


def _swapped(weight: Tensor) -> Tensor:
    """A U-Net joins the decoder's features and the skip's in this order, as the paper's code; the incumbent in that."""
    return weight.roll(weight.shape[0] // 2, 0)


def flags(spec: NetworkSpec) -> str:
    """What the incumbent's commands must be told for such a network."""
    if isinstance(spec, DiscriminatorSpec):
        layers = RECEPTIVE_FIELDS.index(spec.receptive_field) - 1
        kind = "pixel" if spec.receptive_field == 1 else "basic" if layers == 3 else f"n_layers --n_layers_D {layers}"
        return f"--netD {kind} --norm {spec.norm} --ndf {spec.width}"
    kind = f"resnet_{spec.blocks}blocks" if spec.architecture == "resnet" else f"unet_{2**spec.depth}"
    told = f"--netG {kind} --norm {spec.norm} --ngf {spec.width}"
    told += f" --input_nc {spec.in_channels} --output_nc {spec.out_channels}"
    return told + ("" if spec.dropout else " --no_dropout")


def differences(spec: NetworkSpec) -> list[str]:
    """What of a network the incumbent does otherwise, though its weights fit."""
    if not isinstance(spec, GeneratorSpec) or not spec.dropout:
        return []
    its_own = unet_dropout(spec.depth) if spec.architecture == "unet" else tuple(range(1, spec.blocks + 1))
    if spec.dropout == its_own:
        return []
    told = [", ".join(map(str, places)) or "none" for places in (spec.dropout, its_own)]
    return [f"dropout follows decoder outputs {told[0]} here, {told[1]} there: outputs agree with dropout off"]


def _refuse_unknown(spec: NetworkSpec) -> None:
    if spec.norm == "affine-instance":
        raise ConfigError("The incumbent's instance norm has no scale and shift; train with --norm instance for it.")
    if isinstance(spec, DiscriminatorSpec):
        if spec.receptive_field == 7:
            raise ConfigError("The incumbent has no discriminator of 7 px.")
        return
    if spec.architecture == "encoder-decoder":
        raise ConfigError("The incumbent has no encoder-decoder without skips.")
    if spec.upsampling != "transposed":
        raise ConfigError("The incumbent doubles by transposed convolution only.")
    if spec.z_channels:
        raise ConfigError("The incumbent's generators take no Gaussian noise.")
    if spec.architecture == "unet" and spec.depth not in (7, 8):
        raise ConfigError(f"The incumbent has U-Nets of depth 7 and 8 (unet_128, unet_256), not {spec.depth}.")
    if spec.architecture == "resnet" and spec.blocks not in (6, 9):
        raise ConfigError(f"The incumbent has ResNets of 6 and 9 blocks, not {spec.blocks}.")
    if spec.architecture == "resnet" and spec.dropout not in ((), tuple(range(1, spec.blocks + 1))):
        raise ConfigError("The incumbent has dropout in all residual blocks or in none.")
