"""The file that is shipped: exactly one generator and its card."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pixlate import tensorfile
from pixlate.errors import ConfigError, ModelFileError
from pixlate.specs.card import Card
from pixlate.specs.document import from_document, to_document

if TYPE_CHECKING:
    from pixlate.networks.unet import UNet

_FORMAT = 1


def write(path: Path, generator: "UNet", card: Card) -> None:
    """Write the generator's weights and its card, whole or not at all."""
    tensorfile.write(path, generator.state_dict(), {"kind": "model", "format": _FORMAT, "card": to_document(card)})


def read_card(path: Path) -> Card:
    """What the model file says of itself; imports no torch.

    Raises:
        ModelFileError: not a model file, or one written by a later version.
    """
    if os.path.isdir(path):  # noqa: PTH112 - false for any odd name
        raise ModelFileError(f"{path} is a folder; name the model file, such as {path / 'model.safetensors'}.")
    document = tensorfile.read_document(path)
    if document.get("kind") != "model":
        raise ModelFileError(f"{path} is a pixlate {document.get('kind', 'file')}, not a model file.")
    if document.get("format") != _FORMAT:
        raise ModelFileError(
            f"{path} has format {document.get('format')}; this pixlate reads {_FORMAT}. Update pixlate."
        )
    try:
        return from_document(Card, document.get("card"), str(path))
    except ConfigError as error:
        raise ModelFileError(f"{path} is damaged: {error}") from error


def read(path: Path) -> tuple["UNet", Card]:
    """The generator, out of training, and its card.

    Raises:
        ModelFileError: as `read_card`, or weights that do not fit the card.
    """
    from pixlate.networks.building import build_generator  # noqa: PLC0415 - brings torch, which a card does not need

    card = read_card(path)
    generator = build_generator(card.generator)
    try:
        generator.load_state_dict(tensorfile.read_tensors(path), assign=True)
    except RuntimeError as error:
        raise ModelFileError(f"{path} is damaged: its weights do not fit its card ({error}).") from error
    return generator.requires_grad_(requires_grad=False).eval(), card
