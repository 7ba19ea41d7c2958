"""Learn to translate images from examples. The names below are loaded when they are first used."""

from typing import TYPE_CHECKING, Any

from pixlate.version import __version__

if TYPE_CHECKING:
    from pixlate.specs.data import DataConfig
    from pixlate.specs.methods import Pix2PixConfig
    from pixlate.specs.training import LoopConfig, TrainConfig
    from pixlate.training import train
    from pixlate.translation.translator import Translator

__all__ = ["DataConfig", "LoopConfig", "Pix2PixConfig", "TrainConfig", "Translator", "__version__", "train"]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    from pixlate.specs import data, methods, training

    if name == "train":
        from pixlate.training import train

        return train
    if name == "Translator":
        from pixlate.translation.translator import Translator

        return Translator
    for room in (data, methods, training):
        if name in __all__ and hasattr(room, name):
            return getattr(room, name)
    raise AttributeError(f"module 'pixlate' has no attribute {name!r}")
