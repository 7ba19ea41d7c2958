"""pytorch-CycleGAN-and-pix2pix's own models, made from a checkout of it; torchvision is not needed for them."""

import contextlib
import io
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import torch

OPTIONS: dict[str, Any] = {
    "isTrain": True,
    "checkpoints_dir": "unused",
    "name": "unused",
    "preprocess": "none",
    "input_nc": 3,
    "output_nc": 3,
    "n_layers_D": 3,
    "netD": "basic",
    "init_type": "normal",
    "init_gain": 0.02,
    "lr": 2e-4,
    "beta1": 0.5,
    "direction": "AtoB",
    "lambda_L1": 100.0,
    "lambda_A": 10.0,
    "lambda_B": 10.0,
    "lambda_identity": 0.5,
}
"""What its command line gives by default, but for what a measurement settles: device, width, dropout, history."""


def model(checkout: Path, name: str, size: int, width: int, device: torch.device) -> Any:
    """Its pix2pix or CycleGAN model for training at `size` px, as its options have it by default."""
    if str(checkout) not in sys.path:
        sys.path.insert(0, str(checkout))
    from models import networks  # type: ignore[import-not-found]  # noqa: PLC0415
    from models.cycle_gan_model import CycleGANModel  # type: ignore[import-not-found]  # noqa: PLC0415
    from models.pix2pix_model import Pix2PixModel  # type: ignore[import-not-found]  # noqa: PLC0415

    options = OPTIONS | {"device": device, "ngf": width, "ndf": width, "pool_size": 50}
    with contextlib.redirect_stdout(io.StringIO()):  # it tells of every network it makes
        if name == "cyclegan":
            blocks = "resnet_9blocks" if size >= 256 else "resnet_6blocks"
            settings = {"netG": blocks, "norm": "instance", "gan_mode": "lsgan", "no_dropout": True}
            return _on(CycleGANModel(Namespace(**options, **settings)), device)
        network = "unet_256" if size >= 256 else "unet_128"
        settings = {"netG": network, "norm": "batch", "gan_mode": "vanilla", "no_dropout": False}
        made = Pix2PixModel(Namespace(**options, **settings))
        if size < 128:  # it names none so small; its class makes them
            depth, norm = size.bit_length() - 1, networks.get_norm_layer("batch")
            made.netG = networks.UnetGenerator(3, 3, depth, width, norm_layer=norm, use_dropout=True)
            made.optimizer_G = torch.optim.Adam(made.netG.parameters(), lr=2e-4, betas=(0.5, 0.999))
    return _on(made, device)


def _on(made: Any, device: torch.device) -> Any:
    for part in made.model_names:
        getattr(made, f"net{part}").to(device)
    return made
