"""The embedded set as files, laid out as the published facades are: photo on the left (A), labels on the right (B)."""

from pathlib import Path

import numpy as np

from pixlate import durable, images
from pixlate.data.facades.drawing import draw
from pixlate.errors import DataError

PARTS = ("train", "val", "test")


def write(folder: Path, counts: tuple[int, int, int], size: int = 128, seed: int = 0) -> None:
    """Draw `counts` side-by-side pictures into train/, val/ and test/; every building is drawn independently.

    Files that are there already, from the same call, are left as they are.

    Raises:
        DataError: `folder` is a file.
        ConfigError: a size the facades are not drawn at.
    """
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder} is a file; the pictures need a folder.")
    index = 0
    for part, count in zip(PARTS, counts, strict=True):
        for number in range(count):
            path = folder / part / f"{number:04d}.png"
            if not path.exists():
                labels, photo = draw(seed, index, size)
                durable.write(path, images.encode_png(np.concatenate([photo, labels], axis=1)))
            index += 1
