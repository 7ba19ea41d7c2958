"""A model file as a function from picture to picture."""

from pathlib import Path
from typing import Any

import torch

from pixlate import draws, images, modelfile
from pixlate.devices import choose
from pixlate.errors import PictureError
from pixlate.images import Picture
from pixlate.networks.noise import Noise
from pixlate.networks.normalization import use_statistics
from pixlate.specs.card import Statistics, Translation
from pixlate.specs.document import from_document, to_document
from pixlate.specs.training import DeviceName


class Translator:
    """`Translator("model.safetensors")(picture)`.

    `statistics`, `dropout` and `seed` default to what the model's card says: by the paper, the picture's own statistics
    and dropout on. The result depends on the picture, its name, the model and these three, and on nothing else: the
    network is given one picture at a time, whatever the size of a batch.

    Raises:
        ModelFileError: not a model file.
        ConfigError: a switch of no such value, or a device this machine does not have.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        statistics: Statistics | None = None,
        dropout: bool | None = None,
        seed: int | None = None,
        device: DeviceName = "auto",
    ) -> None:
        self._generator, self.card = modelfile.read(Path(model))
        asked = {"statistics": statistics, "dropout": dropout, "seed": seed}
        given = {name: value for name, value in asked.items() if value is not None}
        switches = from_document(Translation, to_document(self.card.translation) | given, "Translator")
        self.statistics, self.dropout, self.seed = switches.statistics, switches.dropout, switches.seed
        self._device = choose(device)
        self._generator.to(self._device)
        use_statistics(self._generator, own=self.statistics == "batch")

    def __call__(self, picture: Any, name: str | None = None) -> Any:  # noqa: ANN401 - answers in the kind asked in
        """Translate a path, a Pillow image, or a uint8 array (H, W) or (H, W, C), of any height and width.

        `name` chooses the noise: on the command line it is the file's path within the folder given. By default it is
        the name of a file, as for a file given there directly, and empty for anything else. Returns a Pillow image for
        a Pillow image, else a uint8 array (H, W, C').

        Raises:
            PictureError: unreadable, or of another number of channels than the model takes. Grey does for RGB.
        """
        if name is None:
            name = Path(picture).name if isinstance(picture, (str, Path)) else ""
        output = self.translate(images.as_picture(picture), name)
        return images.to_pillow(output) if images.is_pillow(picture) else output

    def translate(self, picture: Picture, name: str = "") -> Picture:
        """uint8 (H, W, C) → uint8 (H, W, C')."""
        wanted = self.card.generator.in_channels
        if picture.shape[-1] != wanted and (picture.shape[-1], wanted) != (1, 3):
            raise PictureError(f"The picture has {picture.shape[-1]} channels, the model takes {wanted}.")
        source = torch.from_numpy(images.to_float(images.with_channels(picture, wanted)))
        noise = Noise(draws.seed(self.seed, "translation", name)) if self.dropout else None
        with torch.inference_mode():
            output = self._generator(source[None].to(self._device), noise)
        return images.to_uint8(output[0].float().cpu().numpy())
