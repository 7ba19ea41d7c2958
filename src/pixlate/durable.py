"""Every write that matters: a reader sees the old content or the new, never a part, and can tell damage later.

A file or folder is written under a temporary name, synced to the disk, and renamed into its place; then the folder it
lies in is synced too. Whatever a crash leaves is the old content, the new content, and at most an orphan ending in
.part, which `sweep` removes.
"""

import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pixlate.errors import WriteError

SUMS = "SHA256SUMS"
"""The manifest of a folder: one line a file, as `sha256sum -c` reads them."""

_LINE = re.compile(r"([0-9a-f]{64})  ([^/\0]+)")
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def replacing(path: Path, needed: int | None = None) -> Iterator[Path]:
    """A temporary file beside `path` to write to; on success it is synced and takes the place of `path`.

    If the block raises, `path` is as it was and the temporary file is gone. `needed` (bytes) is told if the disk is
    full.

    Raises:
        WriteError: the file cannot be written, or put in its place.
    """
    with _telling(path, needed):
        _make_parents(path)
        temporary = _temporary(path)
        try:
            mode = _create(temporary)
            yield temporary
            temporary.chmod(mode)  # safetensors puts a file of its own there, for nobody else to read
            _sync(temporary)
            _rename(temporary, path)
            _sync(path.parent)
        finally:
            _remove(temporary)


def write(path: Path, content: bytes) -> None:
    """Put `content` in `path`, whole or not at all."""
    with replacing(path, len(content)) as temporary:
        _fill(temporary, content)


def append(path: Path, content: bytes, *, synced: bool = False) -> None:
    """Put `content` at the end of `path`; `synced` lets it, and all that went before, survive the loss of power.

    Raises:
        WriteError: the file cannot be written to.
    """
    with _telling(path, len(content), kept=""):
        _extend(path, content)
        if synced:
            _sync(path)


@contextmanager
def folder(path: Path, needed: int | None = None) -> Iterator[Path]:
    """A temporary folder beside `path` to put files in; on success it is `path`, with a manifest of its files.

    If the block raises, nothing of it is left. `path` must not be there.

    Raises:
        WriteError: the folder cannot be written, or put in its place.
    """
    with _telling(path, needed):
        _make_parents(path)
        temporary = _temporary(path)
        try:
            _make(temporary)
            yield temporary
            files = sorted(temporary.iterdir())
            for file in files:
                _sync(file)
            write(temporary / SUMS, "".join(f"{sha256(file)}  {file.name}\n" for file in files).encode())
            _rename(temporary, path)
            _sync(path.parent)
        except WriteError as error:
            raise WriteError(str(error).replace(str(temporary), str(path))) from error
        finally:
            _remove(temporary)


@contextmanager
def tree(path: Path, *, alone: bool = False) -> Iterator[Path]:
    """A temporary folder beside `path` to put files and folders in; on success it is `path`, and all of it on the disk.

    If the block raises, nothing of it is left. `path` must not be there, or be an empty folder. Who is `alone`, because
    he holds a lock, has what an earlier one left when it was killed removed first. There is no manifest: it is for sets
    of pictures, which people add to.

    Raises:
        WriteError: the folder cannot be written, or put in its place.
    """
    with _telling(path, None, kept=" More than that is needed. What was there before is untouched."):
        _make_parents(path)
        temporary = path.parent / f".{path.name}.part" if alone else _temporary(path)
        try:
            _remove(temporary)
            _make(temporary)
            yield temporary
            _sync_all(temporary)
            if path.is_dir():
                path.rmdir()
            _rename(temporary, path)
            _sync(path.parent)
        except WriteError as error:
            raise WriteError(str(error).replace(str(temporary), str(path))) from error
        finally:
            _remove(temporary)


def fault(path: Path) -> str | None:
    """What is wrong with a folder that `folder` wrote: None if every byte is as it was written.

    Files that others have put there are no concern of it.
    """
    try:
        sums = _manifest(path)
        if sums is None:
            return f"{SUMS} is missing or damaged"
        if missing := sorted(name for name in sums if not (path / name).is_file()):
            return f"{missing[0]} is missing"
        changed = [name for name, wanted in sums.items() if sha256(path / name) != wanted]
    except OSError as error:
        return f"it cannot be read ({error.strerror or error})"
    return f"the content of {changed[0]} does not match {SUMS}" if changed else None


def _manifest(path: Path) -> dict[str, str] | None:
    """SHA-256 by file name; None unless every character is as `folder` writes it."""
    try:
        *lines, end = (path / SUMS).read_text("utf-8").split("\n")
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    matches = [_LINE.fullmatch(line) for line in lines]
    if end or not lines:
        return None
    return {match[2]: match[1] for match in matches if match} if all(matches) else None


def move(path: Path, name: Path) -> None:
    """Give a file or folder another name in the same folder.

    Raises:
        WriteError: it cannot be renamed.
    """
    with _telling(path, None):
        _rename(path, name)
        _sync(path.parent)


def discard(path: Path) -> None:
    """Remove a file or folder, so that no half of it is ever seen under its name.

    Raises:
        WriteError: it cannot be removed.
    """
    temporary = _temporary(path)
    move(path, temporary)
    with suppress(OSError):  # then a later sweep removes it
        _remove(temporary)


def sweep(path: Path) -> None:
    """Remove what writes cut short have left in the folder `path` and below; nobody may be writing there."""
    for orphan in list(path.rglob(".*.part")):
        with suppress(OSError):  # there is always a next start
            _remove(orphan)


def _make_parents(path: Path) -> None:
    """The folders `path` lies in; the entry of a new one is as lasting as what will be in it."""
    missing = []
    folder = path.parent
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for folder in reversed(missing):
        _make(folder)
        _sync(folder.parent)


def _temporary(path: Path) -> Path:
    return path.parent / f".{secrets.token_hex(8)}.part"


@contextmanager
def _telling(path: Path, needed: int | None, kept: str = " What was there before is untouched.") -> Iterator[None]:
    """Say of any failure which file it was, and of a full disk how much is missing."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise WriteError(f"{path} cannot be written to ({error.strerror or error}).") from error
        free = shutil.disk_usage(next(folder for folder in path.absolute().parents if folder.exists())).free
        told = f"{path} cannot be written: the disk is full ({error.strerror}); {_amount(free)} are free"
        if needed is not None:
            told += f", {_amount(needed)} are needed"
            told += f", {_amount(needed - free)} are missing" if needed > free else ""
        raise WriteError(f"{told}. Make room.{kept}") from error


def _amount(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size} bytes"


def sha256(path: Path) -> str:
    """The SHA-256 of a file's content, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# What this room asks of the disk, each a function of its own: so that tests can record them, and let any one fail.


def _create(path: Path) -> int:
    """Make an empty file; returns its permissions."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    return stat.S_IMODE(path.stat().st_mode)


def _make(path: Path) -> None:
    path.mkdir(exist_ok=True)


def _fill(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _extend(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def _sync(path: Path) -> None:
    if path.is_dir() and os.name != "posix":
        return  # a folder cannot be opened there, and its entries are not ours to sync
    handle = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        if sys.platform == "darwin":
            import fcntl  # noqa: PLC0415

            fcntl.fcntl(handle, fcntl.F_FULLFSYNC)  # fsync leaves it in the drive's cache there
        else:
            os.fsync(handle)
    except OSError as error:
        # Some file systems sync no folders; what they are asked for is done by then.
        if not path.is_dir() or error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def _sync_all(folder: Path) -> None:
    """Sync all that is in a folder, at any depth."""
    if sys.platform == "linux":  # where it waits until all is written; file by file a hundred thousand take minutes
        os.sync()
        return
    for path in sorted(folder.rglob("*"), reverse=True):  # what is in a folder before the folder
        if not path.is_symlink():
            _sync(path)
    _sync(folder)


def _rename(path: Path, name: Path) -> None:
    path.replace(name)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
