"""A model file as a function from picture to picture."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pixlate import draws, images, modelfile
from pixlate.devices import choose
from pixlate.errors import PictureError
from pixlate.images import Picture
from pixlate.networks.banded import walking as banded
from pixlate.networks.noise import Noise
from pixlate.networks.normalization import use_statistics
from pixlate.specs.backends import BackendName
from pixlate.specs.card import Statistics, Translation
from pixlate.specs.document import from_document, to_document
from pixlate.specs.training import DeviceName
from pixlate.translation import memory as memory_of
from pixlate.translation.backends import choosing
from pixlate.translation.backends.torch import TorchBackend


class Translator:
    """`Translator("model.safetensors")(picture)`.

    `statistics`, `dropout` and `seed` default to what the model's card says: by the paper, the picture's own statistics
    and dropout on. The result depends on the picture, its name, the model and these three, and on nothing else: the
    network is given one picture at a time, whatever the size of a batch.

    `backend` is what runs the network: `torch`, `onnx` (ONNX Runtime) or `openvino`, the latter two on the CPU; to the
    same result but for rounding. By default the fastest that is installed and that
    the memory has room for. Pictures too large or too small for it are
    left to torch.

    `memory` is how many bytes this process may hold; a picture that would need more is translated in bands of rows, to
    the same result but for rounding, with temporary files where need be. By default half of what is free.

    Raises:
        ModelFileError: not a model file.
        ConfigError: a switch of no such value, a device this machine does not have, or a backend it does not have.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        statistics: Statistics | None = None,
        dropout: bool | None = None,
        seed: int | None = None,
        device: DeviceName = "auto",
        backend: BackendName = "auto",
        memory: int | None = None,
    ) -> None:
        self._generator, self.card = modelfile.read(Path(model))
        self.source, self.target = self.card.kinds
        asked = {"statistics": statistics, "dropout": dropout, "seed": seed}
        given = {name: value for name, value in asked.items() if value is not None}
        switches = from_document(Translation, to_document(self.card.translation) | given, "Translator")
        self.statistics, self.dropout, self.seed = switches.statistics, switches.dropout, switches.seed
        self._generator.to(choose(device))
        use_statistics(self._generator, own=self.statistics == "batch")
        self._torch = TorchBackend(self._generator)
        if backend == "auto" and not memory_of.roomy(self._generator, memory):
            backend = "torch"
        self._backend = choosing.choose(backend, self._generator, dropout=self.dropout)
        self._budget = memory_of.budget(self._generator, memory, copied=self._backend.memory > 1)

    def __call__(self, picture: Any, name: str | None = None) -> Any:  # noqa: ANN401 - answers in the kind asked in
        """Translate a path, a Pillow image, or an array (H, W) or (H, W, C), of any height and width.

        `name` chooses the noise: on the command line it is the file's path within the folder given. By default it is
        the name of a file, as for a file given there directly, and empty for anything else. Returns a Pillow image for
        a Pillow image, else an array (H, W, C') of the kind of number that the targets of training had.

        Raises:
            PictureError: unreadable, or of other channels or numbers than the model takes. Grey does for RGB.
            ConfigError: too large a picture for so little memory.
            WriteError: no room for the temporary files of a large one.
        """
        if name is None:
            name = Path(picture).name if isinstance(picture, (str, Path)) else ""
        given = images.as_picture(picture, self.source.alpha, self.source.background)
        if given.shape[-1] == 3 and self.source.channels == 1:
            raise PictureError("The picture has 3 channels, the model takes 1.")
        if given.dtype != np.float32 and self.source.number == "float32":
            raise PictureError(f"The picture holds {given.dtype}, the model takes floats of a range of their own.")
        output = self.translate(images.as_kind(given, self.source, "The picture"), name)
        return images.to_pillow(output) if images.is_pillow(picture) else output

    def translate(self, picture: Picture, name: str = "") -> Picture:
        """(H, W, C) as the `source` kind has it → (H, W, C') of the `target` kind."""
        noise = Noise(draws.seed(self.seed, "translation", name)) if self.dropout else None
        size = picture.shape[0], picture.shape[1]
        held = picture.nbytes + math.prod(size) * self.target.channels * np.dtype(self.target.number).itemsize
        shares = memory_of.shares(self._generator, size, held, self._budget, dropout=self.dropout)
        if shares is not None:
            with torch.inference_mode():
                return self._in_bands(picture, noise, shares)
        source = images.to_float(picture, self.source)
        return images.from_float(self._backend_for(size, held)(source, noise), self.target, source)

    @property
    def backend(self) -> BackendName:
        """What runs the network."""
        return self._backend.name

    def _backend_for(self, size: tuple[int, int], held: int) -> choosing.Backend:
        one = self._backend
        if min(size) < one.least or math.prod(size) > one.most:
            return self._torch
        return one if memory_of.fits(self._generator.spec, size, held, self._budget, one.memory) else self._torch

    def _in_bands(self, picture: Picture, noise: Noise | None, shares: memory_of.Shares) -> Picture:
        output = np.empty((*picture.shape[:2], self.target.channels), self.target.number)

        def source(top: int, bottom: int) -> Tensor:
            return torch.from_numpy(images.to_float(picture[top:bottom], self.source))

        def write(top: int, rows: Tensor) -> None:
            bottom = top + rows.shape[1]
            # Of colorization the outputs want the sources beside them.
            beside = images.to_float(picture[top:bottom], self.source) if self.target.space == "ab" else None
            output[top:bottom] = images.from_float(rows.float().numpy(), self.target, beside)

        size = picture.shape[0], picture.shape[1]
        banded.translate(self._generator, source, size, write, noise, band=shares.band, kept=shares.kept)
        return output
