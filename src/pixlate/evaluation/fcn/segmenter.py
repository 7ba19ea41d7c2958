"""A segmenter's file, and the segmenter as a function from a photograph to its classes."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from pixlate import durable, tensorfile
from pixlate.devices import choose
from pixlate.errors import ConfigError, ModelFileError, printable
from pixlate.images import Picture
from pixlate.images.palette import Classes
from pixlate.networks.fcn import FCN8s, build_fcn
from pixlate.specs.document import from_document, to_document
from pixlate.specs.segmenter import SegmenterCard
from pixlate.specs.training import DeviceName

_KIND, _FORMAT = "segmenter", 1


def write(path: Path, network: FCN8s, card: SegmenterCard) -> None:
    """Write the network and its card, whole or not at all."""
    tensorfile.write(path, network.state_dict(), {"kind": _KIND, "format": _FORMAT, "card": to_document(card)})


def read_card(path: Path) -> SegmenterCard:
    """What a segmenter's file says of itself; imports no weights.

    Raises:
        ModelFileError: not a segmenter's file, or one of a later version.
    """
    if path.is_dir():
        raise ModelFileError(f"{path} is a folder; name the segmenter's file, such as fcn.safetensors.")
    document = tensorfile.read_document(path)
    if document.get("kind") != _KIND:
        kind = printable(document.get("kind", "file"))
        raise ModelFileError(f"{path} is a pixlate {kind}, not a segmenter. `pixlate evaluate fcn train` makes one.")
    if document.get("format") != _FORMAT:
        raise ModelFileError(
            f"{path} has format {printable(document.get('format'))}; this pixlate reads {_FORMAT}. Update pixlate."
        )
    try:
        return from_document(SegmenterCard, document.get("card"), str(path))
    except ConfigError as error:
        raise ModelFileError(f"{path} is damaged: {error}") from error


def is_segmenter(path: Path) -> bool:
    """Whether the file is one that `write` wrote."""
    try:
        return tensorfile.read_document(path).get("kind") == _KIND
    except ModelFileError:
        return False


class Segmenter:
    """`Segmenter("fcn.safetensors")(photo)`.

    Raises:
        ModelFileError: not a segmenter's file.
        ConfigError: a device that this machine does not have.
    """

    def __init__(self, path: Path, device: DeviceName = "auto") -> None:
        self.card = read_card(path)
        try:
            network = build_fcn(self.card.network)
            network.load_state_dict(tensorfile.read_tensors(path), assign=True)
        except (RuntimeError, TypeError) as error:
            reason = printable(" ".join(str(error).split()), 300)
            raise ModelFileError(f"{path} is damaged: its weights do not fit its card ({reason}).") from error
        self._device = choose(device)
        self.network = network.requires_grad_(requires_grad=False).eval().to(self._device)

    def described(self, path: Path) -> dict[str, Any]:
        """What its scores are by, for a report: the network, its file's SHA-256, and what it was trained on."""
        card = self.card
        return {
            "network": str(card.network),
            "sha256": durable.sha256(path),
            "trained_on": card.trained_on,
            "photographs_shrunk_to": list(card.size) or None,
            "labels": to_document(card.labels),
            "first_weights": card.weights,
        }

    def __call__(self, photo: Picture) -> Classes:
        """The likeliest class of each pixel (H, W) of a photograph (H, W, 3) of 8 bits, at the labels' size."""
        return predicted(self.network, photo, self._device)


def predicted(network: FCN8s, photo: Picture, device: torch.device) -> Classes:
    """The same of a network out of training."""
    with torch.inference_mode():
        scores = network(as_tensor(photo)[None].to(device))
        classes: Classes = scores[0].argmax(0).to(torch.uint8).cpu().numpy()
    return classes


def as_tensor(photo: Picture) -> torch.Tensor:
    """(H, W, 3) of 8 bits → (3, H, W) in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(photo.transpose(2, 0, 1))).float() / 127.5 - 1
