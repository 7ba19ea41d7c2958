"""The feature distance of CycleGAN's baseline feature+GAN (section 5.1.2)."""

from pathlib import Path

from torch import Tensor, nn

from pixlate.errors import ConfigError
from pixlate.foreign import reading
from pixlate.networks.vgg import VGG16
from pixlate.specs.methods.cyclegan import CycleGANConfig

_TORCHVISION = "397923af"
"""How the SHA-256 of torchvision's published file begins, and its name ends."""


class Features(nn.Module):
    """VGG-16's relu4_2 of pictures, with the weights of a file that is what it is said to be."""

    def __init__(self, config: CycleGANConfig) -> None:
        """Read the file that the settings name.

        Raises:
            ConfigError: it cannot be read, is another than its SHA-256 says, or holds no VGG-16.
        """
        super().__init__()
        self.network = VGG16()
        path = Path(config.vgg or "")
        found = reading.sha256(path)
        wanted = config.vgg_sha256 or _TORCHVISION
        if not found.startswith(wanted.lower()):
            raise ConfigError(
                f"{path} has the SHA-256 {found}, not {wanted}…. Give torchvision's vgg16-397923af.pth, or say with "
                "--vgg-sha256 that this file is meant."
            )
        weights = {name: tensor for name, tensor in reading.read(path).items() if name in self.network.state_dict()}
        try:
            self.network.load_state_dict(weights, assign=True)
        except RuntimeError as error:
            raise ConfigError(f"{path} holds no VGG-16 ({' '.join(str(error).split())}).") from error
        self.requires_grad_(requires_grad=False)

    def forward(self, pictures: Tensor) -> Tensor:
        """(N, C, H, W) → (N, 512, H/8, W/8)."""
        features: Tensor = self.network(pictures)
        return features
