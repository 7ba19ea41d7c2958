"""A method's networks with their first weights, each drawn from a generator of its own."""

from pixlate import draws
from pixlate.networks.building import Generator, build_discriminator, build_generator
from pixlate.networks.patchgan import PatchGAN
from pixlate.specs.methods.settings import MethodSpec
from pixlate.specs.networks import DiscriminatorSpec, GeneratorSpec


def generator(spec: MethodSpec, name: str, seed: int) -> Generator:
    """The generator called `name`."""
    network = spec.networks[name]
    assert isinstance(network, GeneratorSpec)  # noqa: S101 - methods know which of their networks are what
    return build_generator(network, draws.seed(seed, f"weights of {name}"), spec.init, spec.learning.init_gain)


def discriminator(spec: MethodSpec, name: str, seed: int) -> PatchGAN | None:
    """The discriminator called `name`, if the objective has it."""
    network = spec.networks.get(name)
    if network is None:
        return None
    assert isinstance(network, DiscriminatorSpec)  # noqa: S101
    return build_discriminator(network, draws.seed(seed, f"weights of {name}"), spec.init, spec.learning.init_gain)
