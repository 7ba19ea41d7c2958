"""The U-Net and the encoder-decoder generators (pix2pix, sections 3.2.1 and 4.3, appendix 6.1.1)."""

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pixlate.networks.convolution import Conv2d, ConvTranspose2d
from pixlate.networks.noise import Noise, with_z
from pixlate.networks.normalization import normalization
from pixlate.networks.padding import enlarged, even
from pixlate.networks.recomputing import Layer, Recomputable
from pixlate.specs.networks import GeneratorSpec, Norm, Upsampling, biased


class Down(nn.Module):
    """Ck: (LeakyReLU)-Convolution-(Norm), halving each side; an odd side is rounded up."""

    def __init__(
        self, in_channels: int, out_channels: int, norm: Norm, *, activate: bool = True, normalize: bool = True
    ) -> None:
        super().__init__()
        self.activate = activate
        self.conv = Conv2d(in_channels, out_channels, 4, stride=2, padding=1, bias=biased(norm))
        self.norm = normalization(norm if normalize else "none", out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) → (N, out, ⌈H/2⌉, ⌈W/2⌉)."""
        x = self.convolved(x)
        return x if self.norm is None else self.norm(x)

    def convolved(self, x: Tensor) -> Tensor:
        """The layer without its norm."""
        if self.activate:
            x = F.leaky_relu(x, 0.2)
        y: Tensor = self.conv(even(x))
        return y


class Up(nn.Module):
    """Ck or CDk: ReLU-Transposed convolution-(Norm)-(Dropout), doubling each side.

    With `resize` each pixel is repeated to 2×2 and a 3×3 convolution follows: all outputs see equally many inputs.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        norm: Norm,
        upsampling: Upsampling,
        *,
        last: bool = False,
        dropout: bool = False,
    ) -> None:
        super().__init__()
        bias = last or biased(norm)
        self.conv: Conv2d | ConvTranspose2d
        if upsampling == "resize":
            self.conv = Conv2d(in_channels, out_channels, 3, bias=bias)
        else:
            self.conv = ConvTranspose2d(in_channels, out_channels, 4, stride=2, padding=1, bias=bias)
        self.norm = normalization("none" if last else norm, out_channels)
        self.dropout = dropout

    def forward(self, x: Tensor, size: torch.Size, noise: Noise | None) -> Tensor:
        """(N, in, ⌈H/2⌉, ⌈W/2⌉) → (N, out, H, W), where size = (H, W).

        What `Down` rounded up is cut off before the norm, so nothing beyond the picture enters its statistics.
        """
        x = self.convolved(x, size)
        if self.norm is not None:
            x = self.norm(x)
        return noise.dropout(x) if self.dropout and noise is not None else x

    def convolved(self, x: Tensor, size: torch.Size) -> Tensor:
        """The layer without norm and dropout."""
        return enlarged(F.relu(x), self.conv, size)


class UNet(Recomputable):
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
            Down(inputs[level], widths[level], spec.norm, activate=level > 0, normalize=0 < level < spec.depth - 1)
            for level in range(spec.depth)
        )
        doubled = 2 if spec.architecture == "unet" else 1
        outputs = (*widths[-2::-1], spec.out_channels)
        self.decoder = nn.ModuleList(
            Up(
                widths[-1 - place] * (doubled if place > 0 else 1),
                outputs[place],
                spec.norm,
                spec.upsampling,
                last=place == spec.depth - 1,
                dropout=place + 1 in spec.dropout,
            )
            for place in range(spec.depth)
        )

    def forward(self, x: Tensor, noise: Noise | None = None) -> Tensor:
        """Translate x; without `noise` dropout is off and z is 0."""
        features = [with_z(x, self.spec.z_channels, noise)]
        for down in self.encoder:
            features.append(self.through([[down]], features[-1]))
        y = features.pop()
        joining: list[Layer] = []
        for up in self.decoder:
            skip = features.pop()
            y = self.through([[*joining, partial(up, size=skip.shape[-2:], noise=noise)]], y, noise)
            joining = []
            if self.spec.architecture == "unet" and features:
                if self.repeating:  # the skip is kept anyway, and so need not be twice
                    joining = [partial(_joined, skip)]
                else:
                    y = _joined(skip, y)
        return torch.tanh(y)

    def features(self, x: Tensor, noise: Noise | None = None) -> list[Tensor]:
        """The pixels, and what each layer of the encoder makes of them."""
        found = [x]
        y = with_z(x, self.spec.z_channels, noise)
        for down in self.encoder:
            y = self.through([[down]], y)
            found.append(y)
        return found

    @property
    def feature_channels(self) -> list[int]:
        """Of each of the `features`."""
        return [self.spec.in_channels, *self.spec.widths]


def _joined(skip: Tensor, y: Tensor) -> Tensor:
    return torch.cat([y, skip], dim=1)
