"""Files that others wrote: whatever is in them, nothing of it runs, and what is no state dict is refused in a line."""

import contextlib
import json
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from foreign import malicious
from pixlate import cli, exchange, tensorfile
from pixlate.errors import ModelFileError, PixlateError
from pixlate.foreign import reading

MEMORY = 64 * 2**20
"""What a refusal may take, at most, beside what the process has already."""


IN_A_LINE = [
    *("os.system", "os.system, legacy", "names put together on the stack", "a pickle within", "as a persistent id"),
    *("a file of torch's within, legacy", "extension registry", "a dotted name below an allowed module"),
    *("a tensor for a name", "two state dicts", "a mapping within itself", "a newline in a name"),
    *("only newlines in names", "a terminal's commands in names", "a terminal's commands in a name beside"),
    *("half a letter in a name", "half a letter in a name beside", "a name of a million letters", "complex numbers"),
    *("a tensor of nothing, but of huge size",),
    *("a tensor on no device", "a tensor of no dimension", "a storage beyond any memory", "a quantised tensor"),
    *("a huge tensor over a tiny storage", "a tensor that answers otherwise", "a mapping that answers otherwise"),
    *("bytes that double", "a network of storages never filled", "a network of tensors without storage"),
    *("another protocol", "a compressed bomb", "a part that says it is huge", "the end of a zip and nothing else"),
    *("the end of a zip after nonsense", "a torchscript archive", "an empty file", "text"),
    *("a pickle cut within a number", "60.0% of a file", "60.0% of a legacy file"),
]
"""Of each way to be refused one or two: the command is slower than the function."""


@pytest.fixture
def canary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("canary") / "ran"


@pytest.fixture
def made(request, tmp_path, canary) -> Path:
    path = tmp_path / "latest_net_G.pth"
    path.write_bytes(malicious.ALL[request.param](canary))
    return path


def peak() -> int:
    """The most memory this process has had since `forget_peak`, in bytes; 0 where that is not told."""
    try:
        told = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in told.splitlines() if line.startswith("VmHWM"))


def forget_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


@pytest.mark.parametrize("made", malicious.ALL, indirect=True)
def test_nothing_runs_and_the_file_is_refused(made, tmp_path, canary):
    forget_peak()
    before = peak()
    with pytest.raises(ModelFileError) as caught:
        exchange.import_weights(made, tmp_path / "out.safetensors")
    told = str(caught.value)
    assert str(made) in told
    printable = told.isprintable()
    assert printable, ascii(told)
    assert len(told) < len(str(made)) + 600
    assert not [word for word in ("weights_only", "add_safe_globals", "arbitrary code") if word in told]
    assert not canary.exists()
    assert list(tmp_path.iterdir()) == [made]
    assert peak() - before < MEMORY


@pytest.mark.parametrize("made", IN_A_LINE, indirect=True)
def test_the_command_says_so_in_one_line(made, tmp_path, canary, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["import", str(made), "-o", str(tmp_path / "new" / "out.safetensors")])
    assert left.value.code == 2
    told = capsys.readouterr()
    assert told.out == ""
    lines = [ascii(line) for line in told.err.removesuffix("\n").split("\n")]
    assert len(lines) == 1
    assert lines[0].startswith(f"'pixlate: {made}") or lines[0].startswith(f'"pixlate: {made}')
    printable = told.err[:-1].isprintable()
    assert printable, lines
    assert not canary.exists()
    assert list(tmp_path.iterdir()) == [made]


# That the files above are what they are said to be


@pytest.mark.parametrize("name", [*malicious.RUNNING])
@pytest.mark.parametrize("table", ["RUNNING", "LEGACY"])
def test_a_reader_without_restrictions_would_run_them(name, table, tmp_path, canary):
    path = tmp_path / "x.pth"
    path.write_bytes(getattr(malicious, table)[name](canary))
    with contextlib.suppress(Exception), warnings.catch_warnings(action="ignore"):
        torch.load(path, weights_only=False)
    assert canary.exists()


def test_the_same_means_give_files_that_are_read(tmp_path):
    path = tmp_path / "x.pth"
    for content in (malicious.good_among_opcodes(), malicious.saved_legacy(malicious.patchgan())):
        path.write_bytes(content)
        assert reading.read(path).keys() == malicious.patchgan().keys()
        assert exchange.import_weights(path, tmp_path / "out.safetensors").receptive_field == 1


def test_no_later_reader_is_less_careful(tmp_path, canary):
    path = tmp_path / "x.pth"
    path.write_bytes(malicious.RUNNING["os.system"](canary))
    allowed = torch.serialization.get_safe_globals()
    for _ in range(2):
        with pytest.raises(ModelFileError):
            reading.read(path)
    assert torch.serialization.get_safe_globals() == allowed


def test_the_environment_does_not_turn_the_restrictions_off(tmp_path, canary, monkeypatch):
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    path = tmp_path / "x.pth"
    path.write_bytes(malicious.RUNNING["os.system"](canary))
    with contextlib.suppress(ModelFileError):
        reading.read(path)
    assert not canary.exists()


# What the refusal says


@pytest.mark.parametrize(
    ("name", "culprit"),
    [
        ("os.system", "posix.system"),
        ("eval", "eval"),
        ("a pickle within", "pickle.loads"),
        ("subprocess", "check_call"),
        ("functools.partial", "functools.partial"),
        ("a whole network", "malicious.Module"),
        ("a dotted name below an allowed module", "torch.serialization.os.system"),
    ],
)
def test_the_refusal_names_what_the_file_asks_for(name, culprit, tmp_path, canary):
    path = tmp_path / "x.pth"
    path.write_bytes(malicious.ALL[name](canary))
    with pytest.raises(ModelFileError, match=f"{culprit}, which is no part of a tensor"):
        reading.read(path)


@pytest.mark.parametrize(
    "name",
    [
        *("names put together on the stack", "names put together on the stack, protocol 5, legacy", "the INST opcode"),
        *("the INST opcode, legacy", "extension registry", "extension registry, four bytes, legacy"),
    ],
)
def test_what_asks_for_things_otherwise_than_torch_does_is_refused_as_such(name, tmp_path, canary):
    path = tmp_path / "x.pth"
    path.write_bytes(malicious.ALL[name](canary))
    with pytest.raises(ModelFileError, match="asks for more than tensors, in a roundabout way"):
        reading.read(path)


@pytest.mark.parametrize("name", ["text", "a web page", "a picture", "random bytes", "zeros", "an empty zip"])
def test_what_is_no_pickle_is_not_said_to_ask_for_anything(name, tmp_path, canary):
    path = tmp_path / "x.pth"
    path.write_bytes(malicious.ALL[name](canary))
    with pytest.raises(ModelFileError) as caught:
        reading.read(path)
    assert "asks for" not in str(caught.value)


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(ModelFileError, match=r"There is no file .*gone\.pth"):
        reading.read(tmp_path / "gone.pth")
    with pytest.raises(ModelFileError, match="is a folder; name the file"):
        reading.read(tmp_path)


def test_a_missing_safetensors_file_and_a_folder_of_that_name(tmp_path):
    with pytest.raises(ModelFileError, match="There is no file"):
        reading.read(tmp_path / "gone.safetensors")
    (tmp_path / "folder.safetensors").mkdir()
    with pytest.raises(ModelFileError, match="is a folder"):
        reading.read(tmp_path / "folder.safetensors")


def test_a_path_that_cannot_be(tmp_path):
    good = tmp_path / "x.pth"
    good.write_bytes(malicious.saved(malicious.patchgan()))
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for odd in (Path("a\0b.pth"), tmp_path / "circle", tmp_path / ("x" * 300)):
        for take in (exchange.import_weights, exchange.export_weights):
            with pytest.raises(PixlateError) as caught:
                take(odd, tmp_path / "out.safetensors")
            assert str(caught.value).isprintable()
        with pytest.raises(ModelFileError):
            reading.read(odd)
    for odd in (Path("a\0b.pth"), tmp_path / ("x" * 300)):
        with pytest.raises(PixlateError):
            exchange.import_weights(good, odd)
    assert sorted(tmp_path.iterdir()) == [tmp_path / "circle", good]


# Damage anywhere


def refused_or_read(path: Path, content: bytes, complaints: list[str], what: str) -> None:
    path.write_bytes(content)
    try:
        reading.read(path)
    except ModelFileError:
        pass
    except Exception as error:  # noqa: BLE001 - anything else is what is looked for
        complaints.append(f"{what}: {error!r}")


def test_a_file_cut_anywhere_is_refused(tmp_path):
    content = malicious.saved(malicious.patchgan())
    complaints: list[str] = []
    for cut in range(0, len(content), 40):
        refused_or_read(tmp_path / "x.pth", content[:cut], complaints, f"cut at {cut}")
    assert not complaints


def test_a_legacy_file_cut_anywhere_is_refused(tmp_path):
    content = malicious.saved_legacy(malicious.patchgan())
    complaints: list[str] = []
    for cut in range(0, len(content), 3):
        refused_or_read(tmp_path / "x.pth", content[:cut], complaints, f"cut at {cut}")
    assert not complaints


@pytest.mark.parametrize("old", [False, True], ids=["zip", "legacy"])
def test_damage_anywhere_is_refused_or_of_no_consequence(tmp_path, old):
    content = (malicious.saved_legacy if old else malicious.saved)(malicious.patchgan())
    draw = np.random.default_rng(5)
    complaints: list[str] = []
    with warnings.catch_warnings(action="ignore"):
        for _ in range(250):
            damaged = bytearray(content)
            for place in draw.integers(len(content), size=draw.integers(1, 4)):
                damaged[place] = draw.integers(256)
            refused_or_read(tmp_path / "x.pth", bytes(damaged), complaints, "damaged")
    assert not complaints


def test_opcodes_in_any_order_are_refused(tmp_path):
    draw = np.random.default_rng(6)
    words = [b"(", b"t", b"}", b"]", b"s", b"u", b"a", b"e", b"R", b"b", b"Q", b"\x81", b"N", b")", b"\x85", b"K\x01"]
    words += [b"q\x00", b"h\x00", b"X", b"\x8a", b"G", b"ctorch\nFloatStorage\n", b"ccollections\nOrderedDict\n"]
    words += [b"ctorch._utils\n_rebuild_tensor_v2\n", malicious.text("storage"), malicious.text("0"), b"."]
    complaints: list[str] = []
    with warnings.catch_warnings(action="ignore"):
        for _ in range(250):
            soup = b"".join(words[place] for place in draw.integers(len(words), size=draw.integers(1, 20)))
            content = (malicious.legacy if draw.integers(2) else malicious.archive)(b"\x80\x02" + soup + b".")
            refused_or_read(tmp_path / "x.pth", content, complaints, repr(soup))
    assert not complaints


@pytest.mark.parametrize("kind", ["F4", "F8_E4M3", "F8_E8M0", "F6_E2M3", "C64", "U64", "\x1b[2J"])
def test_a_safetensors_file_of_unheard_of_numbers_is_refused(tmp_path, kind):
    refuse_safetensors(tmp_path, {"net.0.weight": {"dtype": kind, "shape": [8, 2], "data_offsets": [0, 8]}}, bytes(8))


@pytest.mark.parametrize(
    "header",
    [
        {},
        [1],
        {"net.0.weight": {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 4]}},
        {"net.0.weight": {"dtype": "F32", "shape": [2**61, 0, 1, 1], "data_offsets": [0, 0]}},
        {"\x1b[2J": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}},
        {"\n": {"dtype": "I32", "shape": [1], "data_offsets": [0, 4]}},
    ],
    ids=str,
)
def test_a_safetensors_file_that_is_odd_is_refused(tmp_path, header):
    refuse_safetensors(tmp_path, header, bytes(4))


def refuse_safetensors(folder: Path, header: object, content: bytes) -> None:
    described = json.dumps(header).encode()
    path = folder / "x.safetensors"
    path.write_bytes(struct.pack("<Q", len(described)) + described + content)
    with pytest.raises(ModelFileError) as caught:
        exchange.import_weights(path, folder / "out.safetensors")
    told = str(caught.value)
    assert told.startswith(str(path))
    printable = told.isprintable()
    assert printable, ascii(told)
    assert list(folder.iterdir()) == [path]


def test_damage_anywhere_in_a_safetensors_file_is_refused_or_of_no_consequence(tmp_path):
    save_file(malicious.patchgan(), tmp_path / "x.safetensors")
    content = (tmp_path / "x.safetensors").read_bytes()
    draw = np.random.default_rng(7)
    complaints: list[str] = []
    for _ in range(250):
        damaged = bytearray(content)
        damaged[draw.integers(400)] = draw.integers(256)
        end = len(content) - draw.integers(9) * 40
        refused_or_read(tmp_path / "x.safetensors", bytes(damaged[:end]), complaints, "damaged")
    assert not complaints


# What is taken


def good(path: Path, content: object) -> dict:
    torch.save(content, path)
    return reading.read(path)


def same(read: dict, wanted: dict) -> bool:
    return read.keys() == wanted.keys() and all(torch.equal(read[name], tensor) for name, tensor in wanted.items())


def test_weights_in_whatever_they_were_wrapped(tmp_path):
    weights, path = malicious.patchgan(), tmp_path / "x.pth"
    for content in (
        weights,
        dict(weights),
        {"state_dict": weights},
        {"model": dict(weights), "epoch": 7, "config": {"lr": 0.1}},
        {name: torch.nn.Parameter(weight) for name, weight in weights.items()},
        {f"module.{name}": weight for name, weight in weights.items()},
        {f"_orig_mod.{name}": weight for name, weight in weights.items()},
        {f"module._orig_mod.{name}": weight for name, weight in weights.items()},
        {"state_dict": {f"_orig_mod.module.{name}": weight for name, weight in weights.items()}},
    ):
        read = good(path, content)
        assert same(read, weights)
        assert not any(tensor.requires_grad for tensor in read.values())
        torch.save(content, path, _use_new_zipfile_serialization=False)
        assert same(reading.read(path), weights)


def test_views_of_one_storage_are_read_as_what_they_show(tmp_path):
    weights = malicious.patchgan()
    flat = torch.cat([weight.flatten() for weight in weights.values()])
    pieces = flat.split([weight.numel() for weight in weights.values()])
    views = {name: piece.view(weights[name].shape) for name, piece in zip(weights, pieces, strict=True)}
    turned = {name: weight.transpose(0, -1).contiguous().transpose(0, -1) for name, weight in weights.items()}
    for number, content in enumerate((views, turned)):
        path, out = tmp_path / f"{number}.pth", tmp_path / f"{number}.safetensors"
        torch.save(content, path)
        exchange.import_weights(path, out)
        assert torch.equal(tensorfile.read_tensors(out)["layers.2.weight"], weights["net.2.weight"])


def test_tensors_that_share_their_numbers_are_written_each(tmp_path):
    weights = malicious.patchgan()
    both = torch.ones(8)
    tied = {**weights, "net.3.weight": both, "net.3.bias": both, "net.3.running_mean": both, "net.3.running_var": both}
    torch.save(tied, tmp_path / "x.pth")
    exchange.import_weights(tmp_path / "x.pth", tmp_path / "out.safetensors")
    assert torch.equal(tensorfile.read_tensors(tmp_path / "out.safetensors")["layers.3.bias"], both)


def test_a_tensor_that_is_marked_as_negated_keeps_its_sign(tmp_path):
    weights = malicious.patchgan()
    torch.save({**weights, "net.2.weight": torch._neg_view(weights["net.2.weight"])}, tmp_path / "x.pth")
    exchange.import_weights(tmp_path / "x.pth", tmp_path / "out.safetensors")
    written = tensorfile.read_tensors(tmp_path / "out.safetensors")
    assert torch.equal(written["layers.2.weight"], -weights["net.2.weight"])


def test_a_safetensors_file_is_taken_too(tmp_path):
    save_file(malicious.patchgan(), tmp_path / "x.safetensors")
    assert same(reading.read(tmp_path / "x.safetensors"), malicious.patchgan())


def test_the_names_of_a_safetensors_file_lose_their_prefixes_too(tmp_path):
    save_file({f"module.{name}": weight for name, weight in malicious.patchgan().items()}, tmp_path / "x.safetensors")
    assert same(reading.read(tmp_path / "x.safetensors"), malicious.patchgan())


def test_a_file_that_may_not_be_read_is_not_said_to_be_damaged(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "x.pth").write_bytes(malicious.saved(malicious.patchgan()))
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ModelFileError, match=r"cannot be read \(.*Permission denied"):
        reading.read(tmp_path / "x.pth")


@pytest.mark.parametrize("kind", [torch.uint8, torch.int32, torch.bool])
def test_a_safetensors_file_of_other_than_numbers_with_a_point_is_refused_as_a_pth_is(tmp_path, kind):
    save_file({name: weight.to(kind) for name, weight in malicious.patchgan().items()}, tmp_path / "x.safetensors")
    with pytest.raises(ModelFileError, match="no plain tensor"):
        reading.read(tmp_path / "x.safetensors")


def test_two_tensors_of_one_name_without_prefixes_are_refused(tmp_path):
    with pytest.raises(ModelFileError):
        good(tmp_path / "x.pth", {**malicious.patchgan(), "module.net.0.bias": torch.zeros(4)})
