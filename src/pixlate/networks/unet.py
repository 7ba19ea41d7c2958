"""The U-Net and the encoder-decoder generators (pix2pix, sections 3.2.1 and 4.3, appendix 6.1.1)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pixlate.networks.noise import Noise
from pixlate.networks.normalization import BatchNorm
from pixlate.specs.networks import GeneratorSpec


class Down(nn.Module):
    """Ck: (LeakyReLU)-Convolution-(BatchNorm), halving each side; an odd side is rounded up."""

    def __init__(self, in_channels: int, out_channels: int, *, activate: bool = True, normalize: bool = True) -> None:
        super().__init__()
        self.activate = activate
        self.conv = nn.Conv2d(in_channels, out_channels, 4, stride=2, padding=1, bias=False)
        self.norm = BatchNorm(out_channels) if normalize else None

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) → (N, out, ⌈H/2⌉, ⌈W/2⌉)."""
        if self.activate:
            x = F.leaky_relu(x, 0.2)
        x = self.conv(even(x))
        return x if self.norm is None else self.norm(x)


class Up(nn.Module):
    """Ck or CDk: ReLU-Transposed convolution-(BatchNorm)-(Dropout), doubling each side."""

    def __init__(self, in_channels: int, out_channels: int, *, last: bool = False, dropout: bool = False) -> None:
        super().__init__()
        self.conv = nn.ConvTranspose2d(in_channels, out_channels, 4, stride=2, padding=1, bias=last)
        self.norm = None if last else BatchNorm(out_channels)
        self.dropout = dropout

    def forward(self, x: Tensor, size: torch.Size, noise: Noise | None) -> Tensor:
        """(N, in, ⌈H/2⌉, ⌈W/2⌉) → (N, out, H, W), where size = (H, W).

        What `Down` rounded up is cut off before the norm, so nothing beyond the picture enters its statistics.
        """
        x = self.conv(F.relu(x))[..., : size[0], : size[1]]
        if self.norm is not None:
            x = self.norm(x)
        return noise.dropout(x) if self.dropout and noise is not None else x


class UNet(nn.Module):
    """Source (N, in_channels, H, W) in [-1, 1] → output (N, out_channels, H, W) in [-1, 1], for any H and W.

    The innermost convolution has no norm: over a 1×1 map it would erase its input (the paper's erratum).
    `encoder-decoder` is the same network without the concatenations.
    """

    def __init__(self, spec: GeneratorSpec) -> None:
        super().__init__()
        self.spec = spec
        widths = spec.widths
        inputs = (spec.in_channels + spec.z_channels, *widths)
        self.encoder = nn.ModuleList(
            Down(inputs[level], widths[level], activate=level > 0, normalize=0 < level < spec.depth - 1)
            for level in range(spec.depth)
        )
        doubled = 2 if spec.architecture == "unet" else 1
        outputs = (*widths[-2::-1], spec.out_channels)
        self.decoder = nn.ModuleList(
            Up(
                widths[-1 - place] * (doubled if place > 0 else 1),
                outputs[place],
                last=place == spec.depth - 1,
                dropout=place + 1 in spec.dropout,
            )
            for place in range(spec.depth)
        )

    def forward(self, x: Tensor, noise: Noise | None = None) -> Tensor:
        """Translate x; without `noise` dropout is off and z is 0."""
        features = [self._with_z(x, noise)]
        for down in self.encoder:
            features.append(down(features[-1]))
        y = features.pop()
        for up in self.decoder:
            skip = features.pop()
            y = up(y, skip.shape[-2:], noise)
            if self.spec.architecture == "unet" and features:
                y = torch.cat([y, skip], dim=1)
        return torch.tanh(y)

    def _with_z(self, x: Tensor, noise: Noise | None) -> Tensor:
        channels = self.spec.z_channels
        if channels == 0:
            return x
        z = x.new_zeros(x.shape[0], channels, *x.shape[-2:]) if noise is None else noise.gaussian(x, channels)
        return torch.cat([x, z], dim=1)


def even(x: Tensor) -> Tensor:
    """x (N, C, H, W) with its last row and column repeated where H or W is odd."""
    # Concatenation rather than replicate padding, whose gradient is not deterministic on CUDA.
    if x.shape[-2] % 2:
        x = torch.cat([x, x[..., -1:, :]], dim=-2)
    if x.shape[-1] % 2:
        x = torch.cat([x, x[..., -1:]], dim=-1)
    return x
