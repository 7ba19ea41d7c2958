"""The methods there are: from what one is told to the method itself."""

from collections.abc import Callable

from pixlate.methods.cut import CUT
from pixlate.methods.cyclegan import CycleGAN
from pixlate.methods.pix2pix import Pix2Pix
from pixlate.methods.protocol import Method
from pixlate.specs.methods.settings import MethodSpec

_METHODS: dict[str, Callable[[MethodSpec, int], Method]] = {"pix2pix": Pix2Pix, "cyclegan": CycleGAN, "cut": CUT}


def build(spec: MethodSpec, seed: int) -> Method:
    """The method with the first weights that follow from `seed`."""
    return _METHODS[spec.config.method](spec, seed)
