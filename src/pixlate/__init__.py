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
    match name:
        case "train":
            from pixlate.training import train as found
        case "Translator":
            from pixlate.translation.translator import Translator as found
        case "TrainConfig" | "LoopConfig":
            from pixlate.specs import training as room
        case "DataConfig":
            from pixlate.specs import data as room
        case "Pix2PixConfig":
            from pixlate.specs import methods as room
        case _:
            raise AttributeError(f"module 'pixlate' has no attribute {name!r}")
    return found if name in ("train", "Translator") else getattr(room, name)
