"""The embedded data set: building facades, drawn by a program. Label map → photo-like picture; no download."""

from pixlate.data.facades.drawing import draw
from pixlate.data.facades.parts import CLASSES

__all__ = ["CLASSES", "draw"]
