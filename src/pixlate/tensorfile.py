"""Named tensors and one JSON document in one safetensors file: no pickle, nothing that runs when it is opened."""

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from pixlate import durable
from pixlate.errors import ModelFileError, WriteError

if TYPE_CHECKING:
    from torch import Tensor

_KEY = "pixlate"


def write(path: Path, tensors: dict[str, "Tensor"], document: dict[str, Any]) -> None:
    """Write the file whole or not at all."""
    from safetensors.torch import save_file  # noqa: PLC0415 - brings torch, which reading a document does not need

    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    needed = sum(tensor.nbytes for tensor in contiguous.values())
    with durable.replacing(path, needed) as temporary:
        try:
            save_file(contiguous, temporary, metadata={_KEY: json.dumps(document)})
        except SafetensorError as error:  # how the library tells of a full disk
            if (told := re.search(r"os error (\d+)", str(error))) is None:
                raise WriteError(f"{path} cannot be written ({error}).") from error
            raise OSError(int(told[1]), os.strerror(int(told[1]))) from error


def read_document(path: Path) -> dict[str, Any]:
    """The JSON document alone; imports no torch.

    Raises:
        ModelFileError: no such file, not a safetensors file, or one without such a document.
    """
    if not os.path.isfile(path):  # noqa: PTH113 - false for any odd name
        raise ModelFileError(f"There is no file {path}.")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise ModelFileError(f"{path} is not a pixlate file, or is damaged ({error}).") from error
    if _KEY not in metadata:
        raise ModelFileError(f"{path} is a safetensors file, but not one that pixlate wrote.")
    try:
        document = json.loads(metadata[_KEY])
    except json.JSONDecodeError as error:
        raise ModelFileError(f"{path} is damaged: its description is no JSON ({error}).") from error
    if not isinstance(document, dict):
        raise ModelFileError(f"{path} is damaged: its description is no mapping.")
    return document


def read_tensors(path: Path) -> dict[str, "Tensor"]:
    """All tensors of the file, on the CPU.

    Raises:
        ModelFileError: no such file, or not a whole safetensors file.
    """
    from safetensors.torch import load_file  # noqa: PLC0415

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelFileError(f"{path} is not a pixlate file, or is damaged ({error}).") from error
