"""Loss of power at every point of a run's writes, and every one of its writes failing.

    python benchmarks/crashpoints.py --out /dev/shm/crashpoints

A short training run is recorded: every file and folder made, written, synced, renamed and removed. Each prefix of the
log is replayed as a disk might be found after the loss of power: what was not synced is dropped, cut short, filled up
with zeros or there; entries of folders that were not synced are there or not, in every combination. In every such
state the newest whole checkpoint must be at least the last one acknowledged, load, and find its journal; a model file
must be absent or whole. Then the run is made again with its k-th write failing, for every k, with ENOSPC and with EIO:
it must say so and nothing else, and the resumed run must end like the undisturbed one in every bit.
"""

import argparse
import errno
import hashlib
import itertools
import os
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import tiny_run
from pixlate import durable, modelfile
from pixlate.checkpoint.shelf import Shelf
from pixlate.errors import ModelFileError, PixlateError
from pixlate.training import runfolder

SETTINGS = {"width": 1, "steps": 7, "validate_every": 4, "log_every": 3, "checkpoint_every": 2}

Kind = Literal["make", "content", "rename", "remove", "sync", "acknowledged"]
PRIMITIVES = ("_create", "_make", "_fill", "_extend", "_sync", "_rename", "_remove")


@dataclass(frozen=True)
class Operation:
    kind: Kind
    path: str
    to: str = ""
    content: bytes | None = None
    """Of a file from now on; None makes a folder."""


@dataclass
class Findings:
    operations: int = 0
    states: int = 0
    acknowledged: int = 0
    failures: list[str] = field(default_factory=list)


def record(pictures: Path, run: Path) -> list[Operation]:
    """The log of one run, taken in a child."""
    log = run.parent / "operations"
    shutil.rmtree(log, ignore_errors=True)
    log.mkdir()

    def work(report: Callable[[str], object]) -> None:
        count = itertools.count()

        def note(kind: Kind, path: Path, to: Path | None = None, content: bytes | None = None) -> None:
            number = next(count)
            if content is not None:
                (log / str(number)).write_bytes(content)
            inside = os.path.relpath(path, run)
            report(
                "\t".join(
                    (kind, inside, os.path.relpath(to, run) if to else "", str(number if content is not None else ""))
                )
            )

        def recorded(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
            def wrapped(path: Path, *rest: Any) -> Any:
                if name == "_sync" and path.is_file():
                    note("content", path, content=path.read_bytes())  # whoever wrote it
                if name == "_remove" and not path.exists():
                    return real(path, *rest)
                done = real(path, *rest)
                if name == "_create":
                    note("content", path, content=b"")
                elif name == "_make":
                    note("make", path)
                elif name in ("_fill", "_extend"):
                    note("content", path, content=path.read_bytes())
                elif name == "_rename":
                    note("rename", path, to=rest[0])
                else:
                    note("sync" if name == "_sync" else "remove", path)
                return done

            return wrapped

        for name in PRIMITIVES:
            setattr(durable, name, recorded(name, getattr(durable, name)))
        told = tiny_run.reporting(tiny_run.config(pictures, run, **SETTINGS))
        told(lambda text: report(f"acknowledged\t{text.split()[1]}\t\t") if text.startswith("saved") else None)

    child = tiny_run.Child(work, run.parent / "record.log")
    assert child.end() == 0, child.log.read_text()
    operations = []
    for line in child.reports:
        kind, path, to, number = line.split("\t")
        content = (log / number).read_bytes() if number else None
        operations.append(Operation(kind, path, to, content))  # type: ignore[arg-type]
    return operations


@dataclass(eq=False)
class File:
    """A file, whatever its name."""

    content: bytes = b""
    synced: bytes = b""

    def states(self) -> Iterator[bytes]:
        """What may be found of it after the power is lost. What was appended may be lost; what it follows is not."""
        yield self.content
        if self.content != self.synced:
            kept = self.synced if self.content.startswith(self.synced) else b""
            fresh = self.content[len(kept) :]
            cuts = {fresh[: len(fresh) * part // 4] for part in range(4)} | {fresh[:-1]}
            holes = {cut + bytes(len(fresh) - len(cut)) for cut in cuts}
            yield from {self.synced, *(kept + found for found in cuts | holes)} - {self.content}


@dataclass(eq=False)
class Folder:
    """A folder: what it holds, and which changes of that may be lost."""

    entries: dict[str, "File | Folder"] = field(default_factory=dict)
    synced: dict[str, "File | Folder"] = field(default_factory=dict)
    pending: list[tuple[Kind, str, "str | File | Folder"]] = field(default_factory=list)

    def change(self, kind: Kind, name: str, what: "str | File | Folder" = "") -> None:
        self.pending.append((kind, name, what))
        _change(self.entries, kind, name, what)

    def sync(self) -> None:
        self.synced, self.pending = dict(self.entries), []

    def states(self) -> Iterator["Found"]:
        """What may be found in it: any choice of its pending changes, with any state of what is in it."""
        for applied in itertools.product((True, False), repeat=len(self.pending)):
            entries = dict(self.synced)
            for change in itertools.compress(self.pending, applied):
                _change(entries, *change)
            for contents in itertools.product(*(inside.states() for inside in entries.values())):
                yield dict(zip(entries, contents, strict=True))


Found = dict[str, Any]
"""A folder as found: bytes, or another such folder, by name."""


def _change(entries: dict[str, File | Folder], kind: Kind, name: str, what: str | File | Folder) -> None:
    if kind == "rename":
        if name in entries:
            entries[str(what)] = entries.pop(name)
    elif kind == "remove":
        entries.pop(name, None)
    elif not isinstance(what, str):
        entries[name] = what


class Disk:
    """The run's folder, as its operations leave it."""

    def __init__(self) -> None:
        self.root = Folder()

    def apply(self, operation: Operation) -> None:
        if operation.path.startswith(".."):
            return  # the folder the run lies in
        *above, name = ("." if operation.path == "." else f"./{operation.path}").split("/")
        folder = self.root
        for part in above[1:]:
            inner = folder.entries[part]
            assert isinstance(inner, Folder)
            folder = inner
        here = self.root if not above else folder.entries.get(name)
        if operation.kind == "sync":
            if isinstance(here, File):
                here.synced = here.content
            elif here is not None:
                here.sync()
        elif operation.kind == "content":
            if here is None:
                here = File()
                folder.change("make", name, here)
            assert isinstance(here, File)
            here.content = operation.content or b""
        elif operation.kind == "make":
            if here is None:
                folder.change("make", name, Folder())
        else:
            folder.change(operation.kind, name, operation.to.rsplit("/", 1)[-1])


def lay_out(found: Found, folder: Path) -> None:
    folder.mkdir()
    for name, content in found.items():
        if isinstance(content, dict):
            lay_out(content, folder / name)
        else:
            (folder / name).write_bytes(content)


def judge(run: Path, acknowledged: int) -> str | None:
    """What is wrong with a run found like this after `acknowledged` was said to be saved."""
    shelf = Shelf(run / runfolder.CHECKPOINTS)
    if acknowledged or any(durable.fault(shelf.path(step)) is None for step in shelf.steps()):
        newest, _ = shelf.newest()
        if newest is None or newest < acknowledged:
            return f"acknowledged {acknowledged}, found {newest}"
        _, document = shelf.read(newest)
        if len(_whole_lines(run / runfolder.METRICS)) < document["progress"]["lines"]:
            return "lines of the journal are lost"
        runfolder.read(run / runfolder.CONFIG)
    for name in ("model", "best"):
        try:
            modelfile.read(run / f"{name}.safetensors")
        except ModelFileError as error:
            if (run / f"{name}.safetensors").exists():
                return str(error)
    return None


def _whole_lines(path: Path) -> list[str]:
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [line.decode() for line in lines if line.startswith(b"{") and line.endswith(b"}")]


def replay(operations: list[Operation], scratch: Path) -> Findings:
    """Judge every state of every prefix."""
    findings = Findings(len(operations))
    disk = Disk()
    judged: set[bytes] = set()
    for number, operation in enumerate([Operation("sync", "."), *operations]):
        if operation.kind == "acknowledged":
            findings.acknowledged = int(operation.path)
        else:
            disk.apply(operation)
        for found in disk.root.states():
            key = hashlib.sha256(repr((findings.acknowledged, found)).encode()).digest()
            if key in judged:
                continue
            judged.add(key)
            findings.states += 1
            shutil.rmtree(scratch, ignore_errors=True)
            lay_out(found, scratch)
            try:
                wrong = judge(scratch, findings.acknowledged)
            except PixlateError as error:
                wrong = str(error)
            if wrong is not None:
                findings.failures.append(f"after operation {number} ({operation.kind} {operation.path}): {wrong}")
    return findings


def fail_each(pictures: Path, out: Path, every: int = 1) -> Findings:
    """Let the k-th write fail, for every k (or every so many-th), and go on afterwards."""
    config = tiny_run.config(pictures, out / "undisturbed", **SETTINGS)
    shutil.rmtree(out / "undisturbed", ignore_errors=True)
    child = tiny_run.Child(tiny_run.reporting(config), out / "undisturbed.log")
    assert child.end() == 0, child.log.read_text()
    wanted = tiny_run.outcome(out / "undisturbed")
    findings = Findings()
    for number in itertools.count(0, every):
        code = (errno.ENOSPC, errno.EIO)[number // every % 2] if every > 1 else 0
        for failure in (code,) if code else (errno.ENOSPC, errno.EIO):
            if not _fail_one(pictures, out, number, failure, wanted, findings):
                return findings
    return findings


def _fail_one(pictures: Path, out: Path, number: int, failure: int, wanted: dict[str, Any], findings: Findings) -> bool:
    """Whether there was a `number`-th write to fail."""
    run = out / "failing"
    shutil.rmtree(run, ignore_errors=True)
    config = tiny_run.config(pictures, run, **SETTINGS)

    def work(report: Callable[[str], object]) -> None:
        count = itertools.count()

        def failing(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
            def wrapped(path: Path, *rest: Any) -> Any:
                if name == "_remove" and not path.exists():
                    return real(path, *rest)
                if next(count) == number:
                    callers = {frame.name for frame in traceback.extract_stack()}
                    report("failed in passing" if callers & {"discard", "sweep"} else "failed")
                    if name in ("_fill", "_extend"):  # half of it is written before the disk is full
                        real(path, rest[0][: len(rest[0]) // 2])
                    raise OSError(failure, os.strerror(failure), str(path))
                return real(path, *rest)

            return wrapped

        for name in PRIMITIVES:
            setattr(durable, name, failing(name, getattr(durable, name)))
        tiny_run.reporting(config)(report)

    child = tiny_run.Child(work, out / "failing.log")
    code = child.end()
    met = [report for report in child.reports if report.startswith("failed")]
    if not met:
        return False
    findings.states += 1
    said = child.log.read_text()
    told = f"operation {number} failing with {errno.errorcode[failure]}: "
    saved = [int(report.split()[1]) for report in child.reports if report.startswith("saved")]
    shelf = Shelf(run / runfolder.CHECKPOINTS)
    newest = shelf.newest()[0] if shelf.steps() else None
    survived = code == 0 and met == ["failed in passing"]  # a failing removal is no reason to end
    if not survived and ("WriteError" not in said or "Traceback" in said):
        findings.failures.append(told + f"exit {code}: {said}")
    elif saved and (newest is None or newest < saved[-1]):
        findings.failures.append(told + f"acknowledged {saved[-1]}, found {newest}")
    else:
        again = tiny_run.Child(tiny_run.reporting(config), out / "again.log")
        if again.end() != 0:
            findings.failures.append(told + f"the resume failed: {again.log.read_text()}")
        elif differing := tiny_run.differences(tiny_run.outcome(run), wanted):
            findings.failures.append(told + f"{len(differing)} differ, such as {differing[0]}")
        elif tiny_run.orphans(run):
            findings.failures.append(told + "orphans are left")
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="let every so many-th write fail instead of each")
    tiny_run.add_method(parser)
    parser.add_argument("--out", type=Path, default=Path("runs/crashpoints"))
    given = parser.parse_args()
    out = given.out
    out.mkdir(parents=True, exist_ok=True)
    pictures = tiny_run.data(out / "pictures")
    shutil.rmtree(out / "recorded", ignore_errors=True)
    operations = record(pictures, out / "recorded")
    replayed = replay(operations, out / "scratch")
    print(f"{replayed.operations} operations, {replayed.states} states, {len(replayed.failures)} failures")
    failed = fail_each(pictures, out, given.every)
    print(f"{failed.states} failing writes, {len(failed.failures)} failures")
    print("\n".join(replayed.failures[:20] + failed.failures[:20]))
    sys.exit(bool(replayed.failures or failed.failures))


if __name__ == "__main__":
    main()
