"""Every write that matters: a reader sees the old file or the new one, never a part of either."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pixlate.errors import WriteError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` to write to; on success it is synced and takes the place of `path`.

    If the block raises, `path` is as it was and the temporary file is gone.

    Raises:
        WriteError: the file cannot be written, or put in its place.
    """
    temporary = path.parent / f".{secrets.token_hex(8)}.part"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        try:
            yield temporary
            _sync(temporary)
            temporary.replace(path)
            if os.name == "posix":  # elsewhere a folder cannot be opened, and its entries are not ours to sync
                _sync(path.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise WriteError(f"{path} cannot be written to ({error.strerror or error}).") from error


def write(path: Path, content: bytes) -> None:
    """Put `content` in `path`, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
