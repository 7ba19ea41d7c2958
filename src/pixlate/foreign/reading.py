"""Reading weights that others have written, without running anything they brought along."""

import hashlib
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pixlate import tensorfile
from pixlate.errors import ModelFileError

_ADVICE = "Only files that hold nothing but tensors are read; nothing in this one was run."


def sha256(path: Path) -> str:
    """Of the file's content, in hexadecimal.

    Raises:
        ModelFileError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read ({error.strerror}).") from error


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a state dict, in a .pth file or a .safetensors file, on the CPU, by name.

    A pickle is read by torch's restricted reader, which builds tensors and calls nothing else; there is no fallback.
    `module.` and `_orig_mod.`, which wrappers leave before names, are taken off.

    Raises:
        ModelFileError: no such file, or one with anything but tensors in it.
    """
    if path.suffix.lower() == ".safetensors":
        return tensorfile.read_tensors(path)
    try:
        _refuse_archives(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise ModelFileError(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise ModelFileError(f"{path} is a folder; name the file, such as {path / 'latest_net_G.pth'}.") from None
    except (pickle.UnpicklingError, RuntimeError, OSError, EOFError, ValueError, LookupError, TypeError) as error:
        raise ModelFileError(
            f"{path} is no weights file that can be read safely ({_gist(error)}). {_ADVICE}"
        ) from error
    except (AttributeError, ArithmeticError, AssertionError, MemoryError, RecursionError) as error:
        raise ModelFileError(f"{path} is no weights file, or is damaged ({_gist(error)}). {_ADVICE}") from error
    weights = _state_dict(content, path)
    for name, tensor in weights.items():
        _refuse_odd(tensor, name, path)
    return {_bare(name): tensor.detach() for name, tensor in weights.items()}


def _refuse_archives(path: Path) -> None:
    """Make sure that a zip archive is no larger when it is read than it is on the disk."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise ValueError("its parts are compressed, as torch never writes them")
    if sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise ValueError("its parts are larger than the file")


def _state_dict(content: Any, path: Path) -> Mapping[str, Tensor]:  # noqa: ANN401
    if _holds_tensors(content):
        return content  # type: ignore[no-any-return]
    if isinstance(content, Mapping):
        inner = [value for value in content.values() if _holds_tensors(value)]
        if len(inner) == 1:
            return inner[0]  # type: ignore[no-any-return]
        found = f"{len(inner)} sets of tensors" if inner else f"a mapping of {len(content)} things"
    else:
        found = f"a {type(content).__name__}"
    raise ModelFileError(f"{path} holds {found}; a state dict, one tensor for each name, is wanted. {_ADVICE}")


def _holds_tensors(content: Any) -> bool:  # noqa: ANN401
    return (
        isinstance(content, Mapping)
        and len(content) > 0
        and all(isinstance(name, str) and isinstance(value, Tensor) for name, value in content.items())
    )


def _refuse_odd(tensor: Tensor, name: str, path: Path) -> None:
    plain = tensor.layout == torch.strided and tensor.device.type == "cpu" and not tensor.is_quantized
    if not plain or not (tensor.is_floating_point() or tensor.dtype == torch.int64):
        raise ModelFileError(f"{path}: {name[:80]!r} is no plain tensor of numbers. {_ADVICE}")
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise ModelFileError(f"{path}: {name[:80]!r} claims to be larger than the file. {_ADVICE}")


def _bare(name: str) -> str:
    while name.startswith(("module.", "_orig_mod.")):
        name = name.split(".", 1)[1]
    return name


def _gist(error: BaseException) -> str:
    """The first line of what went wrong, without torch's advice to turn its protection off."""
    text = " ".join(str(error).split("\n\n")[0].split()) or type(error).__name__
    if "Weights only load failed" in text or "weights_only" in text:
        named = [word for word in str(error).split() if "GLOBAL" in word or "." in word.strip("`.,")]
        culprit = next((word.strip("`.,") for word in named if not word.startswith("http")), "")
        text = f"it asks for {culprit}, which is no part of a tensor" if culprit else "it asks for more than tensors"
    return text[:200]
