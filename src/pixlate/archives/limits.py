"""How much an archive may hold, and the count that is kept while it is unpacked."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from pixlate.errors import ArchiveError, printable

CHUNK = 2**18
"""Most bytes that are unpacked at a time."""


@dataclass(frozen=True)
class Limits:
    """What an archive may hold at most."""

    members: int = 2_000_000
    bytes: int = 2**37
    """Unpacked bytes, all members together."""
    ratio: float = 200
    """Unpacked bytes to packed ones."""
    spared: int = 2**23
    """Unpacked bytes up to which the ratio does not count."""
    depth: int = 16
    """Names of a path, the file's own included."""
    name: int = 255
    """UTF-8 bytes of each of them."""


@dataclass
class Count:
    """What has come out of one archive so far."""

    archive: Path
    limits: Limits
    members: int = 0
    bytes: int = 0
    member: str | None = None
    """The name of the one that is being unpacked, as the archive has it."""

    def begin(self, name: str) -> None:
        """Count a member.

        Raises:
            ArchiveError: there are too many.
        """
        self.member = name
        self.members += 1
        if self.members > self.limits.members:
            self.member = None
            self.refuse(f"it holds more than {self.limits.members} members")

    def add(self, unpacked: int, packed: int) -> None:
        """Count bytes that have been unpacked; `packed` is how many bytes of the archive all of them came from.

        Raises:
            ArchiveError: there are too many, or too many for so small an archive.
        """
        self.bytes += unpacked
        if self.bytes > self.limits.bytes:
            self.refuse(f"it unpacks to more than {self.limits.bytes} bytes")
        if self.bytes > self.limits.spared and self.bytes > self.limits.ratio * max(packed, 1):
            self.refuse(f"it unpacks to more than {self.limits.ratio:g} times its size")

    def refuse(self, why: str) -> NoReturn:
        """Stop, and say of which archive and member.

        Raises:
            ArchiveError: always.
        """
        raise self.refusal(why)

    def refusal(self, why: str) -> ArchiveError:
        """The error that says which archive and member is not unpacked, and why."""
        at = "" if self.member is None else f"{printable(self.member) or 'a member'!r}: "
        return ArchiveError(f"{self.archive} is not unpacked: {at}{why}.")

    def damaged(self, error: Exception | str) -> ArchiveError:
        """The error that says that the archive is damaged."""
        return self.refusal(f"damaged or cut short ({printable(error) or type(error).__name__})")


@dataclass(frozen=True)
class Member:
    """A file or folder as an archive has it."""

    name: str
    folder: bool
    content: Iterator[bytes]
    """What is in a file, to be read before the next member is asked for."""
