"""Reading weights that others have written, without running anything they brought along."""

import io
import pickletools
import warnings
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import IO, Any, TypeGuard

import torch
from torch import Tensor
from torch.nn import Parameter

from pixlate import tensorfile
from pixlate.errors import ModelFileError, printable

_ADVICE = "Only files that hold nothing but tensors are read; nothing in this one was run."
_NEEDED = frozenset(
    {"collections OrderedDict", "torch._utils _rebuild_tensor", "torch._utils _rebuild_tensor_v2"}
    | {"torch._utils _rebuild_parameter", "torch.storage UntypedStorage", "torch.storage TypedStorage"}
    | {f"torch {kind}Storage" for kind in ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Byte", "Bool")}
)
"""What a pickled state dict asks for. torch's reader would let through some more, with which memory can be filled."""
_UNHEARD_OF = frozenset({"INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4", "STACK_GLOBAL"})
_NUMBERS = frozenset({torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64})
_LONGEST = 2**20
"""More channels than any network has; what is built of more could have no size that can be counted."""
_LEGACY_PICKLES = 5
"""Pickles in a file of torch before 1.6: a number, a version, the system, the state dict, the keys of its storages."""


class _Refusal(Exception):  # noqa: N818 - what it says becomes part of another's message
    """Why a file is not read."""


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a state dict, in a .pth file or a .safetensors file, on the CPU, by name.

    A pickle is looked through for what it asks for, and then read by torch's restricted reader, which builds tensors
    and calls nothing else; there is no fallback. `module.` and `_orig_mod.`, which wrappers leave before names, are
    taken off.

    Raises:
        ModelFileError: no such file, or one with anything but tensors in it.
    """
    try:
        if path.is_dir():
            raise ModelFileError(f"{path} is a folder; name the file, such as {path / 'latest_net_G.pth'}.")
        if not path.is_file():
            raise ModelFileError(f"There is no file {path}.")
        with path.open("rb") as file:
            size = file.seek(0, io.SEEK_END)
    except (OSError, ValueError) as error:
        raise ModelFileError(f"{path} cannot be read ({error}).") from error
    content = _loaded(path) if path.suffix.lower() == ".safetensors" else _unpickled(path)
    weights: dict[str, Tensor] = {}
    for name, tensor in _state_dict(content, path):
        _refuse_odd(tensor, name, path)
        if (bare := _bare(name)) in weights:
            raise ModelFileError(f"{path} has two tensors that are called {bare[:80]!r} but for a wrapper's prefix.")
        weights[bare] = Tensor.detach(tensor).resolve_neg()
    if sum(tensor.numel() * tensor.element_size() for tensor in weights.values()) > size:
        raise ModelFileError(f"{path}: its tensors claim to be larger than the file. {_ADVICE}")
    return weights


def _loaded(path: Path) -> object:
    try:
        return tensorfile.read_tensors(path)
    except Exception as error:
        raise ModelFileError(f"{path} is no safetensors file, or is damaged. {_ADVICE}") from error


def _unpickled(path: Path) -> object:
    try:
        with path.open("rb") as file:
            if file.read(4) == b"PK\x03\x04":
                _look_through_archive(path)
            else:
                file.seek(0)
                for _ in range(_LEGACY_PICKLES):
                    _look_through(file)
        with warnings.catch_warnings(action="ignore"):
            content: object = torch.load(path, map_location="cpu", weights_only=True)
    except _Refusal as error:
        raise ModelFileError(f"{path} is not read: {error}. {_ADVICE}") from error
    except Exception as error:  # whatever a file made to do harm, or a damaged one, can lead to
        raise ModelFileError(f"{path} is no file of weights that torch wrote, or is damaged. {_ADVICE}") from error
    return content


def _look_through_archive(path: Path) -> None:
    """Make sure that a zip archive is no larger when it is read than on the disk, and look through its pickle."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise _Refusal("its parts are compressed, as torch never writes them")
        if sum(entry.file_size for entry in entries) > path.stat().st_size:
            raise _Refusal("its parts are larger than the file")
        pickles = [entry for entry in entries if entry.filename.endswith(".pkl")]
        if len(pickles) != 1 or not pickles[0].filename.endswith("data.pkl"):
            raise _Refusal("it is no archive of tensors alone")
        _look_through(io.BytesIO(archive.read(pickles[0])))


def _look_through(file: IO[bytes]) -> None:
    """Go to the end of one pickle, unless it asks for more than a state dict needs."""
    for operation, argument, _ in pickletools.genops(file):
        if operation.name == "GLOBAL" and argument not in _NEEDED:
            raise _Refusal(f"it asks for {printable(str(argument).replace(' ', '.'))}, which is no part of a tensor")
        if operation.name in _UNHEARD_OF:
            raise _Refusal("it asks for more than tensors, in a roundabout way")


def _state_dict(content: object, path: Path) -> list[tuple[str, Tensor]]:
    """The one state dict in what was read: all of it, or one value of a mapping."""
    inside = list(dict.values(content)) if _is_dict(content) else []
    found = [items for each in (content, *inside) if (items := _tensors(each))]
    if len(found) != 1:
        many = f"{len(found)} state dicts" if found else "no state dict"
        raise ModelFileError(f"{path} holds {many}: one tensor for each name is wanted. {_ADVICE}")
    return found[0]


def _tensors(content: object) -> list[tuple[str, Tensor]]:
    """Its items if it is a state dict, asked of the type: what was read may have put other answers before its own."""
    items: list[tuple[str, Tensor]] = list(dict.items(content)) if _is_dict(content) else []
    sound = all(type(name) is str and type(value) in (Tensor, Parameter) for name, value in items)
    return items if sound else []


def _is_dict(content: object) -> TypeGuard[dict[Any, Any]]:
    return type(content) in (dict, OrderedDict)


def _refuse_odd(tensor: Tensor, name: str, path: Path) -> None:
    plain = tensor.layout == torch.strided and tensor.device.type == "cpu" and not tensor.is_quantized
    if not plain or tensor.dtype not in _NUMBERS:
        raise ModelFileError(f"{path}: {printable(name)!r} is no plain tensor of numbers. {_ADVICE}")
    if not all(0 < side <= _LONGEST for side in tensor.shape):
        raise ModelFileError(f"{path}: {printable(name)!r} is empty, or far larger than any network's. {_ADVICE}")
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise ModelFileError(f"{path}: {printable(name)!r} claims to be larger than the file. {_ADVICE}")


def _bare(name: str) -> str:
    while name.startswith(("module.", "_orig_mod.")):
        name = name.split(".", 1)[1]
    return name
