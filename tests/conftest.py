"""What tests of many rooms share: data sets drawn once, and the command line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pixlate import cli
from pixlate.data.facades.writing import write

Called = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight training, three validation and two test facades of 32 px, side by side: photo left, labels right."""
    folder = tmp_path_factory.mktemp("drawn") / "facades"
    write(folder, (8, 3, 2), size=32)
    return folder


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Called:
    """`pixlate` with these words, in this process: its exit code, what it printed, what it complained of."""

    def called(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main([str(word) for word in words])
        told = capsys.readouterr()
        return int(left.value.code or 0), told.out, told.err

    return called
