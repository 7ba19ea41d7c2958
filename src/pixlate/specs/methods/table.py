"""The methods there are, by name."""

from typing import Any

from pixlate.specs.methods.cut import CUTConfig
from pixlate.specs.methods.cyclegan import CycleGANConfig
from pixlate.specs.methods.pix2pix import Pix2PixConfig
from pixlate.specs.methods.settings import MethodConfig

METHODS: dict[str, type[Any]] = {config.method: config for config in (Pix2PixConfig, CycleGANConfig, CUTConfig)}
"""The settings of each, all of which are a `MethodConfig`."""

DEFAULT: MethodConfig = Pix2PixConfig()
