"""One process at a time may hold a folder.

The lock is the system's own record lock on a file, which ends with the process that took it, however it ends, and which
no child inherits. So nothing is ever stale, and loader workers that outlive a killed parent hold nothing.
"""

import errno
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pixlate.errors import RunError, WriteError

_held: set[Path] = set()
"""A record lock does not keep out a second taker in the same process."""


@contextmanager
def hold(path: Path, what: str) -> Iterator[None]:
    """Hold the lock file `path` while the block lasts; it is made where it is missing, and stays.

    Raises:
        RunError: another holds it; `what` says what it guards.
        WriteError: the file cannot be made.
    """
    resolved = path.resolve()
    refusal = f"{what} is in use by {{}}. Wait for it to end, or name another folder."
    if resolved in _held:  # and to close the file once more would give up the lock
        raise RunError(refusal.format("this very process"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
    except OSError as error:
        raise WriteError(f"{path} cannot be written to ({error.strerror}).") from error
    try:
        if not _take(handle):
            raise RunError(refusal.format(_holder(path)))
        _held.add(resolved)
        with suppress(OSError):  # a full disk keeps nobody from holding what he holds
            os.ftruncate(handle, 0)
            os.write(handle, json.dumps(_self()).encode())
        yield
    finally:
        _held.discard(resolved)
        os.close(handle)


def _take(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415

            # lockf, whose locks belong to a process; flock's belong to the open file, which children share.
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError as error:
        # Some network file systems know no locks; a run there is better than none.
        if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            raise
    return True


def _self() -> dict[str, str | int]:
    return {"process": os.getpid(), "host": socket.gethostname(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}


def _holder(path: Path) -> str:
    try:
        told = json.loads(path.read_bytes())
        return f"process {told['process']} on {told['host']} since {told['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
