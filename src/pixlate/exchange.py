"""Taking in the incumbent's weights, and handing it ours."""

from pathlib import Path

from pixlate import durable, modelfile
from pixlate.errors import ConfigError
from pixlate.foreign import converting
from pixlate.networks.building import build_discriminator, build_generator
from pixlate.specs.card import Card, Translation
from pixlate.specs.data import Direction, parse_size
from pixlate.specs.networks import DiscriminatorSpec, NetworkSpec
from pixlate.version import __version__


def import_weights(
    path: Path,
    out: Path,
    *,
    direction: Direction = "AtoB",
    size: str = "256",
    dropout: bool | None = None,
) -> NetworkSpec:
    """Make a model file of one of the incumbent's generators, or a file to start from of one of its discriminators.

    What network it is, is read from the names and shapes of its tensors. `dropout` says whether a U-Net was trained
    with any, which its file does not tell; `direction` and `size` are for the card.

    Raises:
        ModelFileError: not such a file; nothing in it is run.
        ConfigError: `out` is `path`, one of them can be no path, or a size that is none.
    """
    if _resolved(out) == _resolved(path):
        raise ConfigError(f"{out} is the file to import. Give another with -o.")
    height, width = parse_size(size)
    spec, weights = converting.load(path, dropout=dropout)
    if isinstance(spec, DiscriminatorSpec):
        discriminator = build_discriminator(spec)
        converting.fit(discriminator, weights, path)
        modelfile.write_discriminator(out, discriminator)
        return spec
    generator = build_generator(spec)
    converting.fit(generator, weights, path)
    card = Card(
        generator=spec,
        method="imported",
        direction=direction,
        preset="incumbent",
        objective="unknown",
        trained_on="unknown",
        pairs=0,
        size=(height, width),
        step=0,
        resample="bicubic",
        translation=Translation(dropout=bool(spec.dropout)),
        chosen_by=f"imported from {path.name}",
        versions={"pixlate": __version__},
    )
    modelfile.write(out, generator, card)
    return spec


def export_weights(path: Path, out: Path) -> list[str]:
    """Write a .pth file that the incumbent loads; returns what to know of it, a sentence each.

    Raises:
        ModelFileError: `path` is no file of pixlate's.
        ConfigError: the incumbent has no such network, `out` is `path`, or one of them can be no path.
        WriteError: it cannot be written.
    """
    if _resolved(out) == _resolved(path):
        raise ConfigError(f"{out} is the file to export. Give another with -o.")
    network = modelfile.read_network(path)
    spec = network.spec
    durable.write(out, converting.dump(spec, network.state_dict()))
    return [f"load it with {converting.flags(spec)}", *converting.differences(spec)]


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError) as error:  # a null byte, or links in a circle
        raise ConfigError(f"{str(path)!a} cannot be the path of a file ({error}).") from error
