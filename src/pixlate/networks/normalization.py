"""BatchNorm with a choice of statistics at translation."""

import torch
from torch import Tensor, nn


class BatchNorm(nn.BatchNorm2d):
    """Batch statistics in training; out of training the picture's own (the default) or the running averages.

    The paper translates with the statistics of the test batch, a batch of one (section 3.3). So a picture's own
    statistics are what `batch` means, and its result never depends on the pictures beside it.
    """

    own_statistics = True

    def forward(self, x: Tensor) -> Tensor:
        """Normalise x (N, C, H, W). A map of a single value, which has no variance, becomes the shift β."""
        if self.training or not self.own_statistics:
            return super().forward(x)
        # torch.nn.functional.instance_norm refuses 1×1 maps, which small pictures have in a deep network.
        return torch.instance_norm(
            x,
            self.weight,
            self.bias,
            running_mean=None,
            running_var=None,
            use_input_stats=True,
            momentum=0.0,
            eps=self.eps,
            cudnn_enabled=False,
        )


def use_statistics(network: nn.Module, *, own: bool) -> None:
    """Let every BatchNorm of `network` use the picture's own statistics out of training, or the running averages."""
    for module in network.modules():
        if isinstance(module, BatchNorm):
            module.own_statistics = own
