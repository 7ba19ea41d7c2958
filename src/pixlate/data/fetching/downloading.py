"""One file from the web, whole: resumed where it was cut, checked, and never taken for another."""

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from http.client import HTTPResponse
from pathlib import Path

from pixlate import durable
from pixlate.data.fetching import transport
from pixlate.data.fetching.transport import BROKEN, CutError, RefusedError
from pixlate.errors import FetchError, WriteError, printable

Progress = Callable[[int, int | None], None]
"""Told how many bytes there are, of how many, if that is known."""

_CHUNK = 2**20
_MOST = 2**37
"""Bytes of a file whose length the server does not tell."""
_MAGIC = {".zip": b"PK", ".gz": b"\x1f\x8b"}
_FIRST = 4
"""Bytes that tell an archive from something else; before they have come nothing is kept."""


@dataclass(frozen=True)
class Patience:
    """How long a server is waited for."""

    stall: float = 60.0
    """Seconds in which at least `slowest` bytes have to come."""
    slowest: int = 1024
    attempts: int = 5
    """Tries at each address without a new byte."""
    pause: float = 1.0
    """Seconds before another try; each further one without a new byte waits twice as long, up to a minute."""


@dataclass(frozen=True)
class Expected:
    """What is known of the file beforehand; None where nothing is."""

    size: int | None = None
    sha256: str | None = None
    source: str = ""
    """Where that SHA-256 is from, as the end of a sentence."""


@dataclass(frozen=True)
class _Begun:
    """What a part is a part of: by this a server can say whether it still has the same file."""

    url: str
    validator: str
    length: int | None


def download(
    urls: Sequence[str],
    path: Path,
    expected: Expected = Expected(),
    patience: Patience = Patience(),
    progress: Progress | None = None,
    tell: Callable[[str], None] = print,
) -> tuple[str, str]:
    """Fetch a file from the first of `urls` that has it; returns that address and the file's SHA-256.

    `path` holds the file while it is fetched, and the next call goes on with it. Beside it lies a note of what it is a
    part of. Its name is the file's own and one ending more: facades.tar.gz.part.

    Raises:
        ConfigError: an address is none.
        FetchError: no address has the file, or it is another than is expected; then nothing of it is left.
        WriteError: the disk does not take it; what there is of it is kept.
    """
    for url in urls:
        transport.check(url)
    begun = _begun(path)
    why = []
    for url in sorted(urls, key=lambda url: begun is None or url != begun.url):  # what is begun is gone on with
        try:
            _fetch(url, path, expected, patience, progress, tell)
        except RefusedError as error:
            why.append(f"{printable(url, 200)}: {error}")
            continue
        try:
            return url, checked(path, expected)
        except RefusedError as error:
            why.append(f"{printable(url, 200)}: {error}")
            drop(path)
    told = "\n".join(f"  {line}" for line in why)
    raise FetchError(f"{path.stem} cannot be fetched:\n{told}\nTry again later, or name another place with --mirror.")


def drop(path: Path) -> None:
    """Remove what `download` has left at `path`."""
    path.unlink(missing_ok=True)
    _note(path).unlink(missing_ok=True)


def checked(path: Path, expected: Expected) -> str:
    """The SHA-256 of a file that is as expected.

    Raises:
        FetchError: it is another, told as the rest of a sentence.
    """
    size = _size(path)
    found = durable.sha256(path)
    if expected.size is not None and size != expected.size:
        raise RefusedError(f"it has {size} bytes, and {expected.size} are expected")
    if expected.sha256 is not None and found != expected.sha256:
        raise RefusedError(f"its SHA-256 is {found}, and {expected.sha256} is expected{expected.source}")
    return found


def _fetch(
    url: str,
    path: Path,
    expected: Expected,
    patience: Patience,
    progress: Progress | None,
    tell: Callable[[str], None],
) -> None:
    """Go on until all is there, trying again while it may help."""
    idle, most = 0, _size(path)
    while True:
        try:
            _continue(url, path, expected, patience, progress)
        except CutError as error:
            idle = 0 if _size(path) > most else idle + 1
            most = max(most, _size(path))
            if idle >= patience.attempts:
                raise RefusedError(f"{error} ({idle} tries)") from None
            pause = min(patience.pause * 2 ** max(idle - 1, 0), 60)
            tell(f"{printable(url, 200)}: {error}; trying again in {pause:g} s")
            time.sleep(pause)
        else:
            return


def _continue(url: str, path: Path, expected: Expected, patience: Patience, progress: Progress | None) -> None:
    begun, have = _begun(path), _size(path)
    if begun is None or begun.url != url:
        begun = None
    elif have == begun.length:
        return
    elif not begun.validator or not have:
        begun = None
    headers = {} if begun is None else {"Range": f"bytes={have}-", "If-Range": begun.validator}
    try:
        with transport.ask(url, headers, patience.stall) as answer:
            transport.judge(answer)
            if answer.status in (206, 416):
                if begun is None or not transport.goes_on(answer, begun.validator, have, begun.length):
                    drop(path)
                    raise CutError("it has another part of the file than was asked for")
                length = begun.length
            else:
                length, have = answer.length, 0
                begun = _Begun(url, transport.validator(answer), length)
                _refuse_length(length, expected)
                drop(path)
                durable.write(_note(path), json.dumps(asdict(begun)).encode())
            _refuse_full_disk(path, length, have)
            _read(answer, path, length, patience, progress)
    except BROKEN as error:
        raise CutError(f"the connection broke ({printable(error) or type(error).__name__})") from error


def _refuse_length(length: int | None, expected: Expected) -> None:
    if length is not None and expected.size is not None and length != expected.size:
        raise RefusedError(f"it has {length} bytes there, and {expected.size} are expected")


def _refuse_full_disk(path: Path, length: int | None, have: int) -> None:
    free = shutil.disk_usage(path.parent).free
    if length is not None and length - have > free:
        raise WriteError(
            f"{path} cannot be written: {(length - have) / 1e6:.1f} MB are needed, {free / 1e6:.1f} MB are free. "
            "Make room; what was fetched so far is kept."
        )


def _read(answer: HTTPResponse, path: Path, length: int | None, patience: Patience, progress: Progress | None) -> None:
    """Put what comes at the end of `path`, to the end of the file."""
    have, held, pace = _size(path), bytearray(), _Pace(patience)
    try:
        while piece := answer.read1(_CHUNK):
            held += piece
            if not have and len(held) >= _FIRST:
                _refuse_another_kind(held, path)
            _refuse_surplus(have + len(held), length, path)
            if len(held) >= _CHUNK:
                have = _keep(held, path, have)
            if progress is not None:
                progress(have + len(held), length)
            pace.add(len(piece))
    except BROKEN:
        if have or len(held) >= _FIRST:
            _keep(held, path, have)
        raise
    if not have and len(held) < _FIRST:
        raise CutError("it sends nothing")
    have = _keep(held, path, have)
    if length is not None and have < length:
        raise CutError(f"it ends after {have} of {length} bytes")


class _Pace:
    """Whether bytes come at all: one now and then is as good as none."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._since, self._came = time.monotonic(), 0

    def add(self, count: int) -> None:
        self._came += count
        if time.monotonic() - self._since > self._patience.stall:
            if self._came < self._patience.slowest:
                raise TimeoutError(f"{self._came} bytes in {self._patience.stall:g} seconds")
            self._since, self._came = time.monotonic(), 0


def _refuse_surplus(size: int, length: int | None, path: Path) -> None:
    if size > (_MOST if length is None else length):
        drop(path)
        raise RefusedError("it sends more than there is of the file")


def _keep(held: bytearray, path: Path, have: int) -> int:
    durable.append(path, bytes(held))
    have += len(held)
    held.clear()
    return have


def _refuse_another_kind(begins: bytes | bytearray, path: Path) -> None:
    magic = _MAGIC[path.with_suffix("").suffix]
    if begins.startswith(magic):
        return
    if bytes(begins[:64]).lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise RefusedError(transport.A_PAGE)
    raise RefusedError(f"what it sends is no {path.with_suffix('').suffix} file")


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _begun(path: Path) -> _Begun | None:
    """What `path` is a part of; None if that is not known, and it is no use."""
    try:
        told = json.loads(_note(path).read_bytes())
        begun = _Begun(str(told["url"]), str(told["validator"]), told["length"])
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return begun if path.is_file() and (begun.length is None or isinstance(begun.length, int)) else None


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
