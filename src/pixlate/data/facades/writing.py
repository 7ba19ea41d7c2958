"""The embedded set as files, laid out as the published facades are: photo on the left (A), labels on the right (B)."""

import json
from pathlib import Path

import numpy as np

from pixlate import draws, durable, images
from pixlate.data.facades.drawing import draw
from pixlate.errors import ConfigError, DataError

PARTS = ("train", "val", "test")
_MADE = ".facades.json"


def write(folder: Path, counts: tuple[int, int, int], size: int = 128, seed: int = 0) -> None:
    """Draw `counts` side-by-side pictures into train/, val/ and test/.

    Every building is drawn independently, from (seed, part, number): how many there are moves none of them. A folder
    that holds this very set is left as it is, but for what is missing.

    Raises:
        DataError: `folder` is a file, or holds something else.
        ConfigError: a size the facades are not drawn at, or fewer than 0 of them.
    """
    if min(counts) < 0:
        raise ConfigError(f"{min(counts)} facades cannot be drawn.")
    made = json.dumps({"counts": counts, "size": size, "seed": seed}).encode()
    note = folder / _MADE
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder} is a file; the pictures need a folder.")
    if folder.is_dir() and any(folder.iterdir()) and not (note.is_file() and note.read_bytes() == made):
        raise DataError(f"{folder} holds something else, or facades of other counts, size or seed; name another.")
    draw(seed, 0, size)  # refuses an impossible size before anything is written
    durable.write(note, made)
    for part, count in zip(PARTS, counts, strict=True):
        for number in range(count):
            path = folder / part / f"{number:04d}.png"
            if not path.exists():
                labels, photo = draw(draws.seed(seed, "facades", part), number, size)
                durable.write(path, images.encode_png(np.concatenate([photo, labels], axis=1)))
