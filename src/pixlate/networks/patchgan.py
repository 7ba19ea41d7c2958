"""PatchGAN discriminators, from the 1×1 PixelGAN to the 286×286 ImageGAN (pix2pix, sections 3.2.2 and 4.4)."""

from torch import Tensor, nn
from torch.nn import functional as F

from pixlate.networks.convolution import Conv2d
from pixlate.networks.normalization import normalization
from pixlate.networks.recomputing import Recomputable
from pixlate.specs.networks import RECEPTIVE_FIELDS, DiscriminatorSpec, Norm, biased


class PatchGAN(Recomputable):
    """Pictures (N, in_channels, H, W) → one logit a patch (N, 1, h, w); 30×30 of them for 70 px patches of 256×256.

    n convolutions of stride 2, then two of stride 1. A picture too small for that many is set amid zeros first, as the
    paper does where the patch is larger than the picture (Table 3).
    """

    def __init__(self, spec: DiscriminatorSpec) -> None:
        super().__init__()
        self.spec = spec
        halvings = RECEPTIVE_FIELDS.index(spec.receptive_field) - 1
        self.layers = _pixel_layers(spec) if halvings < 0 else _patch_layers(spec, halvings)
        # One patch and a norm over more than one value need 3 positions after the halvings.
        self.smallest = 1 if halvings < 0 else 3 * 2**halvings

    def forward(self, x: Tensor) -> Tensor:
        """Logits; positive means real."""
        return self.through([[self.layers]], amid_zeros(x, self.smallest))


def _pixel_layers(spec: DiscriminatorSpec) -> nn.Sequential:
    width = spec.width
    bias = biased(spec.norm)
    return nn.Sequential(
        Conv2d(spec.in_channels, width, 1),
        nn.LeakyReLU(0.2),
        Conv2d(width, width * 2, 1, bias=bias),
        *_norm(spec.norm, width * 2),
        nn.LeakyReLU(0.2),
        Conv2d(width * 2, 1, 1, bias=bias),
    )


def _patch_layers(spec: DiscriminatorSpec, halvings: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    channels = spec.in_channels
    for place in range(halvings + 1):
        out = spec.width * min(2**place, 8)
        stride = 2 if place < halvings else 1
        bias = place == 0 or biased(spec.norm)
        layers.append(Conv2d(channels, out, 4, stride=stride, padding=1, bias=bias))
        layers += _norm(spec.norm, out) if place > 0 else []
        layers.append(nn.LeakyReLU(0.2))
        channels = out
    layers.append(Conv2d(channels, 1, 4, padding=1))
    return nn.Sequential(*layers)


def _norm(norm: Norm, channels: int) -> list[nn.Module]:
    layer = normalization(norm, channels)
    return [] if layer is None else [layer]


def amid_zeros(x: Tensor, smallest: int) -> Tensor:
    """x (N, C, H, W) with zeros around it, up to `smallest` pixels a side."""
    missing_h, missing_w = (max(0, smallest - side) for side in x.shape[-2:])
    if missing_h or missing_w:
        x = F.pad(x, (missing_w // 2, missing_w - missing_w // 2, missing_h // 2, missing_h - missing_h // 2))
    return x


def receptive_field(network: PatchGAN) -> int:
    """Side of the patch one logit sees, by the recursion r ← (r − 1)·stride + kernel from the output back."""
    field = 1
    for layer in reversed(list(network.layers)):
        if isinstance(layer, nn.Conv2d):
            field = (field - 1) * layer.stride[0] + layer.kernel_size[0]
    return field
