"""Data sets shared by the tests, drawn once."""

from pathlib import Path

import pytest

from pixlate.data.facades.writing import write


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight training, three validation and two test facades of 32 px, side by side: photo left, labels right."""
    folder = tmp_path_factory.mktemp("drawn") / "facades"
    write(folder, (8, 3, 2), size=32)
    return folder
