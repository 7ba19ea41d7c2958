"""Learn to translate images from examples. The names below are loaded when they are first used."""

from typing import TYPE_CHECKING, Any

from pixlate.version import __version__

if TYPE_CHECKING:
    from pixlate.specs.data import DataConfig
    from pixlate.specs.learning import LearningConfig
    from pixlate.specs.methods.cyclegan import CycleGANConfig
    from pixlate.specs.methods.pix2pix import Pix2PixConfig
    from pixlate.specs.networks import NetworksConfig
    from pixlate.specs.training import LoopConfig, TrainConfig
    from pixlate.training import train
    from pixlate.translation.translator import Translator

__all__ = [
    "CycleGANConfig",
    "DataConfig",
    "LearningConfig",
    "LoopConfig",
    "NetworksConfig",
    "Pix2PixConfig",
    "TrainConfig",
    "Translator",
    "__version__",
    "train",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    from pixlate.specs import data, learning, networks, training
    from pixlate.specs.methods import cyclegan, pix2pix

    if name == "train":
        from pixlate.training import train

        return train
    if name == "Translator":
        from pixlate.translation.translator import Translator

        return Translator
    for room in (data, networks, learning, training, pix2pix, cyclegan):
        if name in __all__ and hasattr(room, name):
            return getattr(room, name)
    raise AttributeError(f"module 'pixlate' has no attribute {name!r}")
