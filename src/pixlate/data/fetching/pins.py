"""What is known of an archive before it comes: pinned in the catalogue, or recorded when it was first fetched."""

import re
from pathlib import Path

from pixlate import durable
from pixlate.data.fetching.catalogue import Archive
from pixlate.data.fetching.downloading import Expected


def expected(archive: Archive, out: Path) -> Expected:
    """The archive's size and SHA-256, as far as they are known in the folder `out`."""
    if archive.sha256 is not None:
        return Expected(archive.size, archive.sha256)
    record = _record(archive, out)
    match = re.match("[0-9a-f]{64}", record.read_text("utf-8", "replace")) if record.is_file() else None
    if match is None:
        return Expected(archive.size)
    why = f" (recorded in {record} at first use; remove that file to accept another)"
    return Expected(archive.size, match[0], why)


def record(archive: Archive, out: Path, found: str) -> str:
    """Note the SHA-256 of a whole archive where none is pinned; returns what to tell of it."""
    path = _record(archive, out)
    if archive.sha256 is not None:
        return f"{archive.name}: SHA-256 as pinned"
    if path.is_file():
        return f"{archive.name}: SHA-256 as recorded in {path}"
    durable.write(path, f"{found}  {archive.name}\n".encode())
    return f"{archive.name}: SHA-256 not pinned; recorded {found} in {path}, and checked from now on"


def _record(archive: Archive, out: Path) -> Path:
    return out / f"{archive.name}.sha256"
