"""Norm layers: BatchNorm with a choice of statistics at translation, InstanceNorm."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pixlate.specs.networks import Norm


class BatchNorm(nn.BatchNorm2d):
    """Batch statistics in training; out of training the picture's own (the default) or the running averages.

    The paper translates with the statistics of the test batch, a batch of one (section 3.3). So a picture's own
    statistics are what `batch` means, and its result never depends on the pictures beside it.
    """

    own_statistics = True
    frozen = False

    def forward(self, x: Tensor) -> Tensor:
        """Normalise x (N, C, H, W). A map of a single value, which has no variance, becomes the shift β."""
        if self.training and self.frozen:
            # Copies for torch to update: a pass without any keeps other tensors for its gradients than one with them.
            mean, variance = (None if own is None else own.clone() for own in (self.running_mean, self.running_var))
            return F.batch_norm(x, mean, variance, self.weight, self.bias, training=True, eps=self.eps)
        if self.training or not self.own_statistics:
            return super().forward(x)
        return _per_picture(x, self.weight, self.bias, self.eps)


class InstanceNorm(nn.Module):
    """The picture's own statistics, always; `affine` scales and shifts what is normalised, as CycleGAN's Torch code."""

    def __init__(self, channels: int, *, affine: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(channels)) if affine else None
        self.eps = 1e-5

    def forward(self, x: Tensor) -> Tensor:
        """Normalise x (N, C, H, W). A map of a single value, which has no variance, becomes the shift, or 0."""
        return _per_picture(x, self.weight, self.bias, self.eps)


def _per_picture(x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float) -> Tensor:
    # torch.nn.functional.instance_norm refuses 1×1 maps, which small pictures have in a deep network.
    return torch.instance_norm(
        x,
        weight,
        bias,
        running_mean=None,
        running_var=None,
        use_input_stats=True,
        momentum=0.0,
        eps=eps,
        cudnn_enabled=False,
    )


def measures(norm: BatchNorm | InstanceNorm) -> bool:
    """Whether `norm`, out of training, uses the statistics of the picture it is given."""
    return isinstance(norm, InstanceNorm) or norm.own_statistics


def normalized(x: Tensor, norm: BatchNorm | InstanceNorm, mean: Tensor, variance: Tensor) -> Tensor:
    """What `norm` makes of x (N, C, H, W), a part of a picture whose mean and variance per channel (C) are given."""
    return F.batch_norm(x, mean, variance, norm.weight, norm.bias, training=False, eps=norm.eps)


def normalization(norm: Norm, channels: int) -> BatchNorm | InstanceNorm | None:
    """The norm layer of that name; None for none."""
    if norm == "none":
        return None
    return BatchNorm(channels) if norm == "batch" else InstanceNorm(channels, affine=norm == "affine-instance")


def use_statistics(network: nn.Module, *, own: bool) -> None:
    """Let every BatchNorm of `network` use the picture's own statistics out of training, or the running averages."""
    for module in _norms(network):
        module.own_statistics = own


@contextmanager
def frozen_statistics(network: nn.Module) -> Iterator[None]:
    """Let training passes leave the running averages of `network` alone: for a batch they have taken in already."""
    frozen = {module: module.frozen for module in _norms(network)}
    for module in frozen:
        module.frozen = True
    try:
        yield
    finally:
        for module, before in frozen.items():
            module.frozen = before


@contextmanager
def fresh_statistics(network: nn.Module) -> Iterator[None]:
    """Forget the running averages of `network`, and let them become the plain means over the passes of this block."""
    training = network.training
    momenta = {module: module.momentum for module in _norms(network)}
    for module in momenta:
        module.reset_running_stats()
        module.momentum = None
    network.train()
    try:
        yield
    finally:
        for module, momentum in momenta.items():
            module.momentum = momentum
        network.train(training)


def merged_statistics(buffers: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """One network's buffers from those of several processes, each of which saw pictures of its own.

    Means are averaged; so are variances, with the variance of the means added to them. Other buffers are the first's.
    """
    merged = dict(buffers[0])
    if len(buffers) == 1:
        return merged
    for name in merged:
        if name.endswith("running_mean"):
            means = torch.stack([own[name] for own in buffers])
            variances = name.removesuffix("mean") + "var"
            merged[name] = means.mean(0)
            merged[variances] = torch.stack([own[variances] for own in buffers]).mean(0) + means.var(0, correction=0)
    return merged


def has_statistics(network: nn.Module) -> bool:
    """Whether any layer of `network` keeps running averages."""
    return bool(_norms(network))


def _norms(network: nn.Module) -> list[BatchNorm]:
    return [module for module in network.modules() if isinstance(module, BatchNorm)]
