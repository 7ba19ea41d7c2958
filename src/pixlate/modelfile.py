"""The file that is shipped: exactly one generator and its card; and its like for a discriminator to go on from."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pixlate import tensorfile
from pixlate.errors import ConfigError, ModelFileError, printable
from pixlate.specs.card import Card
from pixlate.specs.document import from_document, to_document
from pixlate.specs.networks import DiscriminatorSpec, NetworkSpec

if TYPE_CHECKING:
    from pixlate.networks.building import Generator, Network
    from pixlate.networks.patchgan import PatchGAN

_FORMAT = 1


def write(path: Path, generator: "Generator", card: Card) -> None:
    """Write the generator's weights and its card, whole or not at all."""
    tensorfile.write(path, generator.state_dict(), {"kind": "model", "format": _FORMAT, "card": to_document(card)})


def write_discriminator(path: Path, discriminator: "PatchGAN") -> None:
    """Write the discriminator's weights and what it is, whole or not at all."""
    document = {"kind": "discriminator", "format": _FORMAT, "spec": to_document(discriminator.spec)}
    tensorfile.write(path, discriminator.state_dict(), document)


def read_card(path: Path) -> Card:
    """What the model file says of itself; imports no torch.

    Raises:
        ModelFileError: not a model file, or one written by a later version.
    """
    return _card(path, _document(path, ("model",)))


def read_spec(path: Path) -> NetworkSpec:
    """What network is in the file, a generator or a discriminator; imports no torch.

    Raises:
        ModelFileError: as `read_card`.
    """
    document = _document(path, ("model", "discriminator"))
    if document["kind"] == "model":
        return _card(path, document).generator
    try:
        return from_document(DiscriminatorSpec, document.get("spec"), str(path))
    except ConfigError as error:
        raise ModelFileError(f"{path} is damaged: {error}") from error


def _document(path: Path, kinds: tuple[str, ...]) -> dict[str, Any]:
    if os.path.isdir(path):  # noqa: PTH112 - false for any odd name
        raise ModelFileError(f"{path} is a folder; name the model file, such as {path / 'model.safetensors'}.")
    document = tensorfile.read_document(path)
    if document.get("kind") not in kinds:
        raise ModelFileError(f"{path} is a pixlate {printable(document.get('kind', 'file'))}, not a model file.")
    if document.get("format") != _FORMAT:
        raise ModelFileError(
            f"{path} has format {printable(document.get('format'))}; this pixlate reads {_FORMAT}. Update pixlate."
        )
    return document


def _card(path: Path, document: dict[str, Any]) -> Card:
    try:
        return from_document(Card, document.get("card"), str(path))
    except ConfigError as error:
        raise ModelFileError(f"{path} is damaged: {error}") from error


def read(path: Path) -> tuple["Generator", Card]:
    """The generator, out of training, and its card.

    Raises:
        ModelFileError: as `read_card`, or weights that do not fit the card.
    """
    from pixlate.networks.building import build_generator  # noqa: PLC0415 - brings torch, which a card does not need

    card = read_card(path)
    with _fitting(path):
        generator = build_generator(card.generator)
        generator.load_state_dict(tensorfile.read_tensors(path), assign=True)
    return generator.requires_grad_(requires_grad=False).eval(), card


def read_network(path: Path) -> "Network":
    """The generator or the discriminator in the file, in training.

    Raises:
        ModelFileError: as `read_spec`, or weights that do not fit what the file says of them.
    """
    from pixlate.networks.building import build  # noqa: PLC0415

    spec = read_spec(path)
    with _fitting(path):
        network = build(spec)
        network.load_state_dict(tensorfile.read_tensors(path), assign=True)
    return network


@contextmanager
def _fitting(path: Path) -> Iterator[None]:
    """Say of a network larger than can be counted, and of weights that are not all of it, that the file is damaged."""
    try:
        yield
    except (RuntimeError, TypeError, OverflowError) as error:
        reason = printable(" ".join(str(error).split()), 300)
        raise ModelFileError(f"{path} is damaged: its weights do not fit its card ({reason}).") from error
