"""What network a state dict of the incumbent's is of, read from names and shapes alone."""

import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from pixlate.errors import ConfigError, ModelFileError
from pixlate.foreign.naming import unet_block, unet_dropout
from pixlate.specs.networks import RECEPTIVE_FIELDS, DiscriminatorSpec, GeneratorSpec, NetworkSpec, Norm

_RUNNING = ("running_mean", "running_var", "num_batches_tracked")


def without_stray_statistics(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Without the running statistics that old versions kept for instance norm, and never used."""
    return {
        name: tensor
        for name, tensor in weights.items()
        if not (name.endswith(_RUNNING) and f"{name.rpartition('.')[0]}.weight" not in weights)
    }


def recognise(weights: Mapping[str, Tensor], path: Path, *, dropout: bool | None = None) -> NetworkSpec:
    """What these tensors, without stray statistics, are the weights of.

    `dropout` says whether a U-Net has any, which leaves no trace in its file; by default it has, as the incumbent's.

    Raises:
        ModelFileError: none of the networks known here; `path` opens the complaint.
    """
    try:
        if any(name.endswith(".filt") for name in weights):
            raise ModelFileError(f"{path} is a generator of CUT's with antialiasing layers, which is not supported.")
        if "model.model.0.weight" in weights:
            return _unet(weights, dropout=dropout is not False)
        if "net.0.weight" in weights:
            return _pixel(weights)
        if is_convolution(weights, "model.1.weight") and any("conv_block" in name for name in weights):
            return _resnet(weights)
        if is_convolution(weights, "model.0.weight"):
            return _patchgan(weights)
    except (KeyError, IndexError, ValueError, ConfigError, StopIteration) as error:
        reason = str(error).rstrip(".") if isinstance(error, ConfigError) else "its layers are not those of one"
        raise ModelFileError(f"{path} is like a network of the incumbent's, but is none ({reason}).") from error
    first = ", ".join(ascii(name[:80]) for name in list(weights)[:3])
    raise ModelFileError(
        f"{path} is none of the incumbent's networks (U-Net, ResNet, PatchGAN, PixelGAN). It has {first}, …"
    )


def is_convolution(weights: Mapping[str, Tensor], name: str) -> bool:
    """Whether there is such a tensor, with the dimensions of a convolution's weights."""
    return name in weights and weights[name].ndim == 4


def _norm(weights: Mapping[str, Tensor], *, biased: bool) -> Norm:
    scales = [name for name, tensor in weights.items() if name.endswith(".weight") and tensor.ndim == 1]
    if scales:
        statistics = any(name.endswith("running_mean") for name in weights)
        return "batch" if statistics else "affine-instance"
    return "instance" if biased else "none"


def _unet(weights: Mapping[str, Tensor], *, dropout: bool) -> GeneratorSpec:
    depth = next(level for level in range(1, 99) if f"{unet_block(level)}.1.weight" not in weights)
    width, in_channels = weights["model.model.0.weight"].shape[:2]
    return GeneratorSpec(
        architecture="unet",
        in_channels=in_channels,
        out_channels=weights["model.model.3.weight"].shape[1],
        depth=depth,
        width=width,
        dropout=unet_dropout(depth) if dropout else (),
        norm=_norm(weights, biased="model.model.0.bias" in weights),
    )


def _resnet(weights: Mapping[str, Tensor]) -> GeneratorSpec:
    blocks = len({match[1] for name in weights if (match := re.match(r"model\.(\d+)\.conv_block\.", name))})
    width, in_channels = weights["model.1.weight"].shape[:2]
    dropped = is_convolution(weights, "model.10.conv_block.6.weight")
    return GeneratorSpec(
        architecture="resnet",
        in_channels=in_channels,
        out_channels=weights[f"model.{10 + blocks + 7}.weight"].shape[0],
        depth=2,
        width=width,
        dropout=tuple(range(1, blocks + 1)) if dropped else (),
        blocks=blocks,
        norm=_norm(weights, biased="model.1.bias" in weights),
    )


def _patchgan(weights: Mapping[str, Tensor]) -> DiscriminatorSpec:
    convolutions = [name for name, tensor in weights.items() if tensor.ndim == 4]
    width, in_channels = weights["model.0.weight"].shape[:2]
    field = RECEPTIVE_FIELDS[len(convolutions) - 1]  # as many halvings as convolutions but two
    return DiscriminatorSpec(in_channels, field, width, _norm(weights, biased="model.2.bias" in weights))


def _pixel(weights: Mapping[str, Tensor]) -> DiscriminatorSpec:
    width, in_channels = weights["net.0.weight"].shape[:2]
    return DiscriminatorSpec(in_channels, 1, width, _norm(weights, biased="net.2.bias" in weights))
