"""Files that pass for weights and mean harm, or are merely broken: each kind makes bytes from a canary.

The canary is a path that must never come to be: what would run in a file makes it.

`python tests/foreign/malicious.py FOLDER` writes them all into FOLDER, for a look. Nothing runs while they are written.
Whoever unpickles one without restrictions finds FOLDER/ran.
"""

import copyreg
import functools
import io
import math
import os
import pickle
import struct
import subprocess
import sys
import tarfile
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

Kind = Callable[[Path], bytes]

RUNNING: dict[str, Kind] = {}
"""Would run something when it is unpickled without restrictions; whole files in torch's zip format."""
LEGACY: dict[str, Kind] = {}
"""The same pickles as files of torch before 1.6."""
RESTRICTED: dict[str, Kind] = {}
"""Would run something by way of tricks no ordinary unpickler of today falls for, or of what is not at hand here."""
BROKEN: dict[str, Kind] = {}
"""Nothing would run, but they are no state dicts, or not what they say they are."""

_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


class Reduced:
    """Becomes a call when it is pickled."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.how = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.how


class Waking:
    """Runs when its state is given back to it."""

    def __init__(self, canary: Path) -> None:
        self.canary = str(canary)

    def __setstate__(self, state: dict[str, str]) -> None:
        Path(state["canary"]).touch()


class Module(nn.Module):
    """A network as a whole, pickled with its class."""

    def __init__(self, canary: Path) -> None:
        super().__init__()
        self.canary = str(canary)
        self.layer = nn.Conv2d(3, 4, 1)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        Path(self.canary).touch()


class _Pickler(pickle._Pickler):  # type: ignore[name-defined]
    """Writes tensors as torch does, but from storages kept aside."""

    def __init__(self, file: io.BytesIO, records: dict[str, bytes], *, legacy: bool) -> None:
        super().__init__(file, protocol=2)
        self.records, self.legacy = records, legacy

    def persistent_id(self, thing: object) -> object:
        if not isinstance(thing, (torch.storage.TypedStorage, torch.UntypedStorage)):
            return None
        storage = thing if isinstance(thing, torch.storage.TypedStorage) else thing._typed_storage()
        key = str(len(self.records))
        self.records[key] = bytes(storage._untyped_storage.tolist())
        kind = getattr(torch, storage._pickle_storage_type())
        return ("storage", kind, key, "cpu", storage._size(), *([None] if self.legacy else []))


def archive(pickled: bytes, records: Mapping[str, bytes] | None = None, **others: bytes) -> bytes:
    """A file in torch's zip format of that pickle and those storages."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as parts:
        named = {"data.pkl": pickled, "byteorder": b"little", "version": b"3\n"}
        named |= {f"data/{key}": content for key, content in (records or {}).items()} | others
        for name, content in named.items():
            parts.writestr(f"archive/{name}", content)
    return file.getvalue()


def legacy(pickled: bytes, records: Mapping[str, bytes] | None = None, keys: list[str] | None = None) -> bytes:
    """A file of torch before 1.6 of that pickle and those storages of single-precision numbers."""
    info = {"protocol_version": _PROTOCOL, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    head = b"".join(pickle.dumps(part, protocol=2) for part in (_MAGIC, _PROTOCOL, info))
    stored = sorted(records or {}) if keys is None else keys
    tail = b"".join(struct.pack("<q", len(content) // 4) + content for _, content in sorted((records or {}).items()))
    return head + pickled + pickle.dumps(stored, protocol=2) + tail


def saved(content: object) -> bytes:
    """The content as torch saves it."""
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def saved_legacy(content: object) -> bytes:
    """The content as torch before 1.6 saved it."""
    file = io.BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=False)
    return file.getvalue()


def storage(key: str = "0", numel: object = 4, location: str = "cpu", *, kind: str = "FloatStorage") -> bytes:
    """The opcodes that ask for a storage in the zip format."""
    pushed = text("storage") + f"ctorch\n{kind}\n".encode() + text(key) + text(location) + number(numel)
    return b"(" + pushed + b"tQ"


def text(word: str) -> bytes:
    """The opcode that pushes a string."""
    encoded = word.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def number(value: object) -> bytes:
    """The opcode that pushes a whole number, or anything else."""
    return pickle.dumps(value, protocol=2)[2:-1]


def tensor(from_storage: bytes, shape: tuple[int, ...], stride: tuple[int, ...], offset: int = 0) -> bytes:
    """The opcodes that put a tensor together."""
    hooks = b"ccollections\nOrderedDict\n)R"
    arguments = from_storage + number(offset) + number(shape) + number(stride) + number(value=False) + hooks
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + arguments + b"tR"


def entry(value: bytes, name: str = "model.model.0.weight") -> bytes:
    """A pickle of a mapping of one thing."""
    return b"\x80\x02}" + text(name) + value + b"s."


def called(module: str, name: str, *arguments: object) -> bytes:
    """The opcodes that call a function."""
    return f"c{module}\n{name}\n".encode() + number(arguments) + b"R"


def good_among_opcodes() -> bytes:
    """Weights with which nothing is wrong, made by the same means as those with which something is."""
    return _among_good(tensor(storage("x"), (4,), (1,)), records={"x": FOUR})


def patchgan() -> "OrderedDict[str, torch.Tensor]":
    """The weights of a PixelGAN of width 4, with which nothing is wrong."""
    draw = torch.Generator().manual_seed(3)
    shapes = {
        "net.0.weight": (4, 6, 1, 1),
        "net.0.bias": (4,),
        "net.2.weight": (8, 4, 1, 1),
        "net.5.weight": (1, 8, 1, 1),
    }
    return OrderedDict((name, torch.randn(shape, generator=draw)) for name, shape in shapes.items())


def _running(name: str) -> Callable[[Callable[[Path], object]], None]:
    """Register something to be pickled among good weights, in both formats."""

    def register(make: Callable[[Path], object]) -> None:
        def content(canary: Path) -> object:
            return OrderedDict([*patchgan().items(), ("net.6.weight", make(canary))])

        def zipped(canary: Path) -> bytes:
            return saved(content(canary))

        RUNNING[name], LEGACY[name] = zipped, lambda canary: saved_legacy(content(canary))

    return register


def _opcodes(table: dict[str, Kind], name: str) -> Callable[[Kind], None]:
    """Register a pickle, in both formats."""

    def register(make: Kind) -> None:
        table[name] = lambda canary: archive(make(canary))
        (LEGACY if table is RUNNING else table)[f"{name}, legacy" if table is not RUNNING else name] = lambda canary: (
            legacy(make(canary))
        )

    return register


def _file(name: str) -> Callable[[Kind], None]:
    def register(make: Kind) -> None:
        BROKEN[name] = make

    return register


def _shell(canary: Path) -> str:
    return f"touch {canary}"


def _code(canary: Path) -> str:
    return f"open({str(canary)!r}, 'w').close()"


# What would run


@_running("os.system")
def _(canary: Path) -> object:
    return Reduced(os.system, _shell(canary))


@_running("eval")
def _(canary: Path) -> object:
    return Reduced(eval, _code(canary))


@_running("exec")
def _(canary: Path) -> object:
    return Reduced(exec, _code(canary))


@_running("open")
def _(canary: Path) -> object:
    return Reduced(open, str(canary), "w")


@_running("a chain of getattr")
def _(canary: Path) -> object:
    module = Reduced(__import__, "os")
    return Reduced(_Called(Reduced(getattr, module, "system")), _shell(canary))


class _Called:
    """Stands for a function that itself must be unpickled first."""

    def __init__(self, made: Reduced) -> None:
        self.made = made

    def __call__(self) -> None: ...

    def __reduce__(self) -> Any:
        return self.made.__reduce__()


@_running("subprocess")
def _(canary: Path) -> object:
    return Reduced(subprocess.check_call, ["touch", str(canary)])


@_running("a pickle within")
def _(canary: Path) -> object:
    return Reduced(pickle.loads, pickle.dumps(Reduced(os.system, _shell(canary))))


@_running("a file of torch's within")
def _(canary: Path) -> object:
    return Reduced(torch.storage._load_from_bytes, saved(Reduced(os.system, _shell(canary))))


@_running("functools.partial")
def _(canary: Path) -> object:
    return Reduced(functools.partial(os.system, _shell(canary)))


@_running("a class that wakes")
def _(canary: Path) -> object:
    return Waking(canary)


@_running("a whole network")
def _(canary: Path) -> object:
    return Module(canary)


@_running("a numpy array of objects")
def _(canary: Path) -> object:
    return np.array([Reduced(os.system, _shell(canary))], dtype=object)


@_running("a hook of a tensor")
def _(canary: Path) -> object:
    return _Hooked(canary)


class _Hooked:
    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> Any:
        hooks = OrderedDict({0: Reduced(os.system, _shell(self.canary))})
        whole = torch.ones(4)._typed_storage()
        return torch._utils._rebuild_tensor_v2, (whole, 0, (4,), (1,), False, hooks)


@_running("the registry of copyreg")
def _(canary: Path) -> object:
    return Reduced(copyreg._reconstructor, Waking, object, None), Reduced(os.system, _shell(canary))


@_opcodes(RUNNING, "an old name of eval")
def _(canary: Path) -> bytes:
    return entry(called("__builtin__", "eval", _code(canary)))


@_opcodes(RUNNING, "the INST opcode")
def _(canary: Path) -> bytes:
    return b"(S" + repr(_shell(canary)).encode() + b"\nios\nsystem\n."


@_opcodes(RUNNING, "the OBJ opcode")
def _(canary: Path) -> bytes:
    # OBJ calls classes and functions alike
    return b"\x80\x02(cos\nsystem\n" + text(_shell(canary)) + b"o."


@_opcodes(RUNNING, "names put together on the stack")
def _(canary: Path) -> bytes:
    def short(word: str) -> bytes:
        return b"\x8c" + bytes([len(word)]) + word.encode()

    return b"\x80\x04" + short("os") + short("system") + b"\x93" + text(_shell(canary)) + b"\x85R."


@_opcodes(RUNNING, "names put together on the stack, protocol 5")
def _(canary: Path) -> bytes:
    return pickle.dumps({"net.0.weight": Reduced(os.system, _shell(canary))}, protocol=5)


@_opcodes(RUNNING, "thrown away before the end")
def _(canary: Path) -> bytes:
    return b"\x80\x02" + called("os", "system", _shell(canary)) + b"0}" + text("a") + b"Ns."


@_opcodes(RUNNING, "in the key")
def _(canary: Path) -> bytes:
    return b"\x80\x02}" + called("os", "system", _shell(canary)) + b"Ns."


@_opcodes(RUNNING, "as a persistent id")
def _(canary: Path) -> bytes:
    return (
        b"\x80\x02}(" + text("storage") + called("os", "system", _shell(canary)) + text("0") + text("cpu") + b"K\x04tQ"
    )


@_opcodes(RESTRICTED, "extension registry")
def _(canary: Path) -> bytes:
    return b"\x80\x02\x82\xc8" + text(_shell(canary)) + b"\x85R."


@_opcodes(RESTRICTED, "extension registry, four bytes")
def _(canary: Path) -> bytes:
    return b"\x80\x02\x84\xc8\x00\x00\x00" + text(_shell(canary)) + b"\x85R."


@_opcodes(RESTRICTED, "a dotted name below an allowed module")
def _(canary: Path) -> bytes:
    return entry(called("torch", "serialization.os.system", _shell(canary)))


@_opcodes(RESTRICTED, "sys, whose modules are all there")
def _(canary: Path) -> bytes:
    return entry(called("sys", "modules.get", "os"))


@_opcodes(RESTRICTED, "torch.nested, which is imported by name")
def _(canary: Path) -> bytes:
    return entry(called("torch.nested._internal.nested_tensor", "NestedTensor", 1))


@_opcodes(RESTRICTED, "a function's own attributes")
def _(canary: Path) -> bytes:
    state = b"}" + text("__call__") + b"cos\nsystem\ns"
    return entry(b"ctorch._utils\n_rebuild_parameter\n" + state + b"b")


@_opcodes(RESTRICTED, "a call of what was called")
def _(canary: Path) -> bytes:
    return entry(called("torch", "Size", (1, 2)) + number((_shell(canary),)) + b"R")


@_opcodes(RESTRICTED, "text as persistent id")
def _(canary: Path) -> bytes:
    return b"\x80\x02P" + str(canary).encode() + b"\n."


@_opcodes(RESTRICTED, "a module as persistent id")
def _(canary: Path) -> bytes:
    return b"\x80\x02(" + text("module") + b"ctorch\nTensor\n" + text(str(canary)) + text("source") + b"tQ."


@_opcodes(RESTRICTED, "a number as persistent id")
def _(canary: Path) -> bytes:
    return b"\x80\x02K\x07Q."


@_opcodes(RESTRICTED, "an empty persistent id")
def _(canary: Path) -> bytes:
    return b"\x80\x02)Q."


@_opcodes(RESTRICTED, "a storage of no kind")
def _(canary: Path) -> bytes:
    return b"\x80\x02(" + text("storage") + text(str(canary)) + text("0") + text("cpu") + b"K\x04tQ."


# What is no state dict


def _state(content: Callable[[], object]) -> Kind:
    return lambda _canary: saved(content())


def _recursive() -> object:
    loop: dict[str, object] = {}
    loop["state_dict"] = loop
    return loop


def _nested() -> object:
    inner: object = patchgan()
    for _ in range(200):
        inner = {"state_dict": inner}
    return inner


def _recursive_list() -> object:
    loop: list[object] = []
    loop.append(loop)
    return {"net.0.weight": loop}


_GOOD = patchgan
_STATES: dict[str, Callable[[], object]] = {
    "nothing": lambda: None,
    "a number": lambda: 7,
    "a lone tensor": lambda: torch.ones(4),
    "a list of tensors": lambda: list(_GOOD().values()),
    "an empty mapping": OrderedDict,
    "numbers for names": lambda: dict(enumerate(_GOOD().values())),
    "a tuple for a name": lambda: {**_GOOD(), ("net", 6): torch.ones(1)},
    "a tensor for a name": lambda: {torch.ones(1): torch.ones(1)},
    "words among tensors": lambda: {**_GOOD(), "net.6.weight": "words"},
    "a number among tensors": lambda: {**_GOOD(), "epoch": 7},
    "nothing among tensors": lambda: {**_GOOD(), "net.6.weight": None},
    "a set among tensors": lambda: {**_GOOD(), "net.6.weight": {1, 2}},
    "two state dicts": lambda: {"G": _GOOD(), "D": _GOOD()},
    "an optimizer": lambda: {"state": {0: _GOOD()}, "param_groups": [{"lr": 1e-4, "params": [0, 1, 2, 3]}]},
    "200 levels": _nested,
    "a mapping within itself": _recursive,
    "a list within itself": _recursive_list,
    "a newline in a name": lambda: {**_GOOD(), "net.6\nweight": torch.ones(1)},
    "only newlines in names": lambda: {"\n\r\n": torch.ones(1), "a\x85b": torch.ones(1)},
    "a terminal's commands in names": lambda: {"\x1b[2J\x1b]0;owned\x07": torch.ones(1)},
    "a terminal's commands in a name beside": lambda: {**_GOOD(), "\x1b[2Jowned": torch.ones(1)},
    "half a letter in a name": lambda: {"\ud800": torch.ones(1)},
    "half a letter in a name beside": lambda: {**_GOOD(), "\udcff": torch.ones(1)},
    "a name of a million letters": lambda: {"a" * 10**6: torch.ones(1)},
    "a name of a million letters beside": lambda: {**_GOOD(), "a" * 10**6: torch.ones(1)},
    "a mapping with a name of a million letters": lambda: {"a" * 10**6: 7},
    "complex numbers": lambda: {**_GOOD(), "net.0.bias": torch.ones(4, dtype=torch.complex64)},
    "yes and no": lambda: {**_GOOD(), "net.0.bias": torch.ones(4, dtype=torch.bool)},
    "bytes": lambda: {**_GOOD(), "net.0.bias": torch.ones(4, dtype=torch.uint8)},
    "a sparse tensor": lambda: {**_GOOD(), "net.0.bias": torch.ones(4).to_sparse()},
    "a tensor on no device": lambda: {**_GOOD(), "net.0.bias": torch.ones(4, device="meta")},
    "a tensor of no dimension": lambda: {**_GOOD(), "net.0.weight": torch.ones(())},
    "a tensor of one dimension": lambda: {**_GOOD(), "net.0.weight": torch.ones(4)},
    "a tensor of no elements": lambda: {**_GOOD(), "net.0.weight": torch.ones(4, 0, 1, 1)},
    "a tensor of nothing, but of huge size": lambda: {**_GOOD(), "net.0.weight": torch.empty(2**61, 0, 1, 1)},
    "a tensor longer than any network's": lambda: {**_GOOD(), "net.0.bias": torch.ones(2**21, dtype=torch.half)},
    "numbers of eight bits": lambda: {**_GOOD(), "net.0.bias": torch.ones(4).to(torch.float8_e4m3fn)},
}
BROKEN |= {name: _state(content) for name, content in _STATES.items()}


def _among_good(value: bytes, name: str = "net.0.bias", records: Mapping[str, bytes] | None = None) -> bytes:
    """Good weights but for one, given by opcodes."""
    file = io.BytesIO()
    stored: dict[str, bytes] = {}
    content = {key: weight for key, weight in patchgan().items() if key != name}
    _Pickler(file, stored, legacy=False).dump(content)
    pickled = file.getvalue()[:-1] + text(name) + value + b"s."
    return archive(pickled, {**stored, **(records or {})})


FOUR = np.ones(4, np.float32).tobytes()
_TENSORS: dict[str, Callable[[], bytes]] = {
    "a storage beyond any memory": lambda: tensor(storage("x", 2**60), (2**60,), (1,)),
    "a storage of less than nothing": lambda: tensor(storage("x", -4), (4,), (1,)),
    "a storage of half numbers": lambda: tensor(storage("x", 4.5), (4,), (1,)),
    "a storage of words": lambda: tensor(storage("x", "four"), (4,), (1,)),
    "a storage larger than its part of the file": lambda: tensor(storage("x", 10**6), (10**6,), (1,)),
    "a storage outside the archive": lambda: tensor(storage("../../../../etc/passwd"), (4,), (1,)),
    "a huge tensor over a tiny storage": lambda: tensor(storage("x"), (2**20, 2**20), (0, 0)),
    "a tensor larger than its storage": lambda: tensor(storage("x"), (400,), (1,)),
    "a tensor that begins after its storage": lambda: tensor(storage("x"), (4,), (1,), offset=4),
    "a tensor that begins before its storage": lambda: tensor(storage("x"), (4,), (1,), offset=-4),
    "a tensor of more elements than can be counted": lambda: tensor(storage("x"), (2**40, 2**40), (0, 0)),
    "a tensor of negative size": lambda: tensor(storage("x"), (-4,), (1,)),
    "a tensor that runs backwards": lambda: tensor(storage("x"), (4,), (-1,), offset=3),
    "a tensor without storage": lambda: called("torch", "FloatTensor", 2**26),
    "a tensor without storage on no device": lambda: (
        b"ctorch._utils\n_rebuild_meta_tensor_no_storage\n(ctorch\nfloat32\n" + number((4,)) + number((1,)) + b"\x89tR"
    ),
    "a quantised tensor": lambda: (
        b"ctorch._utils\n_rebuild_qtensor\n("
        + storage("x", 16, kind="QInt8Storage")
        + number(0)
        + number((4,))
        + number((1,))
        + b"(ctorch\nper_tensor_affine\n"
        + number(0.5)
        + number(0)
        + b"t\x89ccollections\nOrderedDict\n)RtR"
    ),
    "a tensor of tensors": lambda: (
        b"ctorch._utils\n_rebuild_nested_tensor\n("
        + tensor(storage("x"), (4,), (1,))
        + b"".join(tensor(storage(key, 2, kind="LongStorage"), (2, 1), (1, 1)) for key in "yz")
        + tensor(storage("w", 2, kind="LongStorage"), (2,), (1,))
        + b"tR"
    ),
    "a sparse tensor with places outside": lambda: (
        b"ctorch._utils\n_rebuild_sparse_tensor\n(ctorch.serialization\n_get_layout\n"
        + text("torch.sparse_coo")
        + b"\x85R("
        + tensor(storage("y", 2, kind="LongStorage"), (1, 2), (2, 1))
        + tensor(storage("x"), (2,), (1,))
        + number((1,))
        + b"\x89ttR"
    ),
    "a tensor that answers otherwise": lambda: (
        b"ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._utils\n_rebuild_tensor_v2\nctorch\nTensor\n("
        + storage("x")
        + number(0)
        + number((4,))
        + number((1,))
        + b"\x89ccollections\nOrderedDict\n)Rt}"
        + text("detach")
        + b"NstR"
    ),
    "a tensor that hides its class": lambda: (
        b"ctorch._utils\n_rebuild_wrapper_subclass\n(ctorch.nn.parameter\nParameter\nctorch\nfloat32\n"
        + number((4,))
        + number((1,))
        + number(0)
        + b"ctorch.serialization\n_get_layout\n"
        + text("torch.strided")
        + b"\x85R"
        + text("cpu")
        + b"\x89tR"
    ),
    "bytes that double": lambda: (
        b"c_codecs\nencode\n" * 27 + called("_codecs", "encode", "aa", "latin1") + (text("hex") + b"\x86R") * 27
    ),
    "a row of zeros": lambda: called("builtins", "bytearray", 2**27),
}


def _tensor_kind(make: Callable[[], bytes]) -> Kind:
    places = {"x": FOUR, "y": np.array([1, 9], np.int64).tobytes(), "z": bytes(16), "w": bytes(16)}
    return lambda _canary: _among_good(make(), records=places)


BROKEN |= {name: _tensor_kind(make) for name, make in _TENSORS.items()}


@_file("a mapping that answers otherwise")
def _(canary: Path) -> bytes:
    return archive(b"\x80\x02ccollections\nOrderedDict\n)R}" + text("items") + b"Nsb" + text("a") + b"Ns.")


@_file("a mapping whose values are called")
def _(canary: Path) -> bytes:
    return archive(
        b"\x80\x02ccollections\nOrderedDict\n)R}" + text("items") + b"c__builtin__\nset\nsb" + text("a") + b"Ns."
    )


def _pixel(width: int, whole: Callable[[tuple[int, ...]], bytes]) -> bytes:
    """A pickle of a PixelGAN of that width, each tensor of which `whole` gives by its shape."""
    shapes = {"net.0.weight": (width, 6, 1, 1), "net.0.bias": (width,)}
    shapes |= {"net.2.weight": (2 * width, width, 1, 1), "net.5.weight": (1, 2 * width, 1, 1)}
    return b"\x80\x02}" + b"".join(text(name) + whole(shape) + b"s" for name, shape in shapes.items()) + b"."


@_file("a network of storages never filled")
def _(canary: Path) -> bytes:
    def whole(shape: tuple[int, ...]) -> bytes:
        asked = b"ctorch\nFloatStorage\n" + text(str(shape)) + text("cpu") + number(math.prod(shape)) + b"N"
        strides = (*(math.prod(shape[place + 1 :]) for place in range(len(shape))),)
        return tensor(b"(" + text("storage") + asked + b"tQ", shape, strides)

    return legacy(_pixel(1024, whole))


@_file("a network of tensors without storage")
def _(canary: Path) -> bytes:
    return archive(_pixel(1024, lambda shape: called("torch", "FloatTensor", *shape)))


@_file("a legacy storage beyond any memory")
def _(canary: Path) -> bytes:
    asked = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("x") + text("cpu") + number(2**60) + b"NtQ"
    return legacy(entry(tensor(asked, (4,), (1,))), {"x": FOUR})


@_file("a legacy storage larger than it says")
def _(canary: Path) -> bytes:
    asked = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("x") + text("cpu") + number(2) + b"NtQ"
    return legacy(entry(tensor(asked, (2,), (1,))), {"x": FOUR})


@_file("another protocol")
def _(canary: Path) -> bytes:
    return archive(pickle.dumps({"a": 1}, protocol=4))


# Files that are broken as files


@_file("a compressed bomb")
def _(canary: Path) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as parts:
        parts.writestr("archive/data.pkl", entry(tensor(storage("x", 2**25), (2**25,), (1,))))
        parts.writestr("archive/version", "3\n")
        parts.writestr("archive/data/x", bytes(2**27))
    return file.getvalue()


def _lying(size: int) -> bytes:
    """A whole file whose table of contents says that a part has another size."""
    content = bytearray(saved(patchgan()))
    place = content.rindex(b"PK\x01\x02", 0, content.rindex(b"/data/0"))
    content[place + 20 : place + 28] = struct.pack("<II", size, size)
    return bytes(content)


@_file("a part that says it is huge")
def _(canary: Path) -> bytes:
    return _lying(2**31)


@_file("a part that says it is tiny")
def _(canary: Path) -> bytes:
    return _lying(1)


@_file("many parts in one place")
def _(canary: Path) -> bytes:
    content = archive(entry(b"N"), {"x": bytes(2**16)})
    start, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    last = content.rindex(b"PK\x01\x02")
    table = content[start:end] + content[last:end] * 1000
    tail = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1004, 1004, len(table), start, 0)
    return content[:start] + table + tail


@_file("the end of a zip and nothing else")
def _(canary: Path) -> bytes:
    return b"PK\x03\x04" + b"\x00" * 40 + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 3, 3, 40, 0, 0)


@_file("the end of a zip after nonsense")
def _(canary: Path) -> bytes:
    return b"nonsense" * 8 + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, 2**20, 2**30, 0)


@_file("a zip of something else")
def _(canary: Path) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as parts:
        parts.writestr("readme.txt", "hello")
    return file.getvalue()


@_file("an empty zip")
def _(canary: Path) -> bytes:
    return b"PK\x05\x06" + bytes(18)


@_file("a torchscript archive")
def _(canary: Path) -> bytes:
    source = f"import os\nos.system({_shell(canary)!r})\n"
    constants = pickle.dumps((), protocol=2)
    return archive(entry(b"N"), **{"constants.pkl": constants, "code/__torch__.py": source.encode()})


@_file("a tar archive of very old torch")
def _(canary: Path) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as parts:
        for name in ("sys_info", "pickle", "tensors", "storages"):
            content = pickle.dumps(Reduced(os.system, _shell(canary)), protocol=2)
            member = tarfile.TarInfo(name)
            member.size = len(content)
            parts.addfile(member, io.BytesIO(content))
    return file.getvalue()


@_file("an empty file")
def _(canary: Path) -> bytes:
    return b""


@_file("text")
def _(canary: Path) -> bytes:
    return b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 217710350\n"


@_file("a web page")
def _(canary: Path) -> bytes:
    return b"<!DOCTYPE html><html><title>404 Not Found</title></html>\n"


@_file("a picture")
def _(canary: Path) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + bytes(100)


@_file("random bytes")
def _(canary: Path) -> bytes:
    return np.random.default_rng(1).bytes(4096)


@_file("zeros")
def _(canary: Path) -> bytes:
    return bytes(4096)


@_file("a pickle cut within a number")
def _(canary: Path) -> bytes:
    return b"\x80\x02X\x01"


@_file("an opcode without its operands")
def _(canary: Path) -> bytes:
    return b"\x80\x02R."


@_file("a row of marks")
def _(canary: Path) -> bytes:
    return archive(b"\x80\x02" + b"(" * 10**5)


@_file("10,000 levels of tuples")
def _(canary: Path) -> bytes:
    return archive(b"\x80\x02N" + b"\x85" * 10**4 + b".")


@_file("a class that does not hold still")
def _(canary: Path) -> bytes:
    return archive(b"\x80\x02c" + b"\x1b[31mos" + b"\nsystem\n.")


for _share in (0.02, 0.3, 0.6, 0.95, 0.999):
    BROKEN[f"{_share:.1%} of a file"] = lambda _canary, share=_share: _cut(saved(patchgan()), share)
    BROKEN[f"{_share:.1%} of a legacy file"] = lambda _canary, share=_share: _cut(saved_legacy(patchgan()), share)


def _cut(content: bytes, share: float) -> bytes:
    return content[: int(len(content) * share)]


ALL = {
    **RUNNING,
    **{f"{name}, legacy": make for name, make in LEGACY.items()},
    **RESTRICTED,
    **BROKEN,
}


def main(folder: Path) -> None:
    """Write every file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in ALL.items():
        (folder / f"{name}.pth").write_bytes(make(folder / "ran"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
