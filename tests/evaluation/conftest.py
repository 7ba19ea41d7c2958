"""Scenes drawn once: photographs and labels as the facades have them, at a size that is quick."""

from pathlib import Path

import pytest

from pixlate.data.facades.writing import write


@pytest.fixture(scope="session")
def facades(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 training, 4 validation and 8 test facades of 64 px, side by side: photo left, labels right."""
    folder = tmp_path_factory.mktemp("scenes") / "facades"
    write(folder, (24, 4, 8), size=64)
    return folder
