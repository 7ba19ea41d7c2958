"""Recomputation: a network that keeps fewer activations for its gradients, and computes the others again."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext
from contextvars import Context

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from pixlate.networks.noise import Noise
from pixlate.networks.normalization import frozen_statistics

Layer = Callable[[Tensor], Tensor]


class Recomputable(nn.Module):
    """A network that runs in parts. With `recompute` only what goes from part to part is kept for the gradients.

    Each part is run again when its gradients are due: on the same weights, with the same noise, and leaving the running
    averages alone. Every value comes out the same, bit for bit.
    """

    recompute = False

    @property
    def repeating(self) -> bool:
        """Whether what passes through now is to be computed again."""
        return self.recompute and torch.is_grad_enabled()

    def through(self, parts: Sequence[Sequence[Layer]], x: Tensor, noise: Noise | None = None) -> Tensor:
        """What the layers, one after the other, make of x. `noise` is that which they draw from."""
        for layers in parts:
            if self.repeating:
                x = self._run_twice(layers, x, noise)
            else:
                for layer in layers:  # not by the function below: x would be held here meanwhile
                    x = layer(x)
        return x

    def _run_twice(self, layers: Sequence[Layer], x: Tensor, noise: Noise | None) -> Tensor:
        place = None if noise is None else noise.place()
        again = False

        def run(y: Tensor) -> Tensor:
            nonlocal again
            with ExitStack() as repeated:
                if again:
                    repeated.enter_context(frozen_statistics(self))
                    repeated.enter_context(nullcontext() if noise is None or place is None else noise.from_place(place))
                again = True
                # A context of its own both times: what a block around the first has set is not there at the second.
                return Context().run(_one_after_another, layers, y)

        answer: Tensor = checkpoint(run, x, use_reentrant=False, preserve_rng_state=False)
        return answer


def recompute(network: nn.Module) -> None:
    """Let `network`, and every network in it, recompute."""
    for module in network.modules():
        if isinstance(module, Recomputable):
            module.recompute = True


def _one_after_another(layers: Sequence[Layer], x: Tensor) -> Tensor:
    for layer in layers:
        x = layer(x)
    return x
