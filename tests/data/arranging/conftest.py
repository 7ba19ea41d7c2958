"""The command line in this process, and pictures to arrange."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from pixlate import cli, images

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Iterator[Call]:
    """Runs `pixlate data …`: exit code, what was printed, what was complained of."""

    def run(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(["data", *map(str, words)])
        told = capsys.readouterr()
        return int(left.value.code or 0), told.out, told.err

    return run


@pytest.fixture
def draw() -> Callable[..., np.ndarray]:
    """Writes a PNG of pixels that its path's name decides, and returns them."""

    def write(path: Path, height: int = 8, width: int = 10, channels: int = 3) -> np.ndarray:
        generator = np.random.default_rng(list(path.name.encode()))
        pixels = generator.integers(0, 256, (height, width, channels), np.uint8)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(images.encode_png(pixels))
        return pixels

    return write


@pytest.fixture
def contents() -> Callable[[Path], dict[str, bytes]]:
    """Every file below a folder, hidden ones too."""
    return lambda folder: {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
