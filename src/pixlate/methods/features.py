"""The feature distance of CycleGAN's baseline feature+GAN (section 5.1.2)."""

from pathlib import Path

from torch import Tensor

from pixlate.errors import ConfigError
from pixlate.foreign import reading
from pixlate.networks.vgg import VGG16
from pixlate.specs.methods.cyclegan import CycleGANConfig


class Features:
    """VGG-16's relu4_2 of pictures. No module, so that its weights, which stay, are not the method's to keep."""

    def __init__(self, config: CycleGANConfig) -> None:
        """Read the file that the settings name.

        Raises:
            ModelFileError: it cannot be read.
            ConfigError: it holds no VGG-16.
        """
        self.network = VGG16()
        path = Path(config.vgg or "")
        wanted = self.network.state_dict()
        weights = {name: tensor.float() for name, tensor in reading.read(path).items() if name in wanted}
        try:
            self.network.load_state_dict(weights, assign=True)
        except RuntimeError as error:
            raise ConfigError(f"{path} holds no VGG-16 ({' '.join(str(error).split())[:300]}).") from error
        self.network.requires_grad_(requires_grad=False)

    def __call__(self, pictures: Tensor) -> Tensor:
        """(N, C, H, W) → (N, 512, H/8, W/8), where the pictures are."""
        features: Tensor = self.network.to(pictures)(pictures)
        return features
