"""A picture as a section of a shard, which is a file here or at a URL."""

import io
from functools import lru_cache
from pathlib import PurePosixPath
from typing import BinaryIO, Literal, NamedTuple

from pixlate.data.shards import ranges
from pixlate.errors import PictureError
from pixlate.images.pixels import MOST_BYTES


class Section(NamedTuple):
    """So many bytes of a shard. It does for a file wherever pictures are read."""

    shard: str
    """Path or URL."""
    offset: int
    length: int
    member: str
    """What it is called in the shard."""
    slot: int
    """Its place among the pictures of the set."""

    @property
    def name(self) -> str:
        """Without the folder."""
        return PurePosixPath(self.member).name

    @property
    def suffix(self) -> str:
        """The ending of the name, with its dot."""
        return PurePosixPath(self.member).suffix

    @property
    def remote(self) -> bool:
        """Whether the shard has to be fetched."""
        return ranges.is_url(self.shard)

    def open(self, mode: Literal["rb"], /) -> BinaryIO:  # noqa: ARG002 - as a path is opened
        """Its bytes.

        Raises:
            PictureError: the shard is gone, too short, or cannot be reached; or the section is too large to be read.
        """
        return io.BytesIO(self.content())

    def content(self) -> bytes:
        """Its bytes, likewise."""
        if self.length > MOST_BYTES:
            raise PictureError(f"{self} is larger than {MOST_BYTES >> 30} GiB. Cut it into tiles first.")
        if self.remote:
            return _fetched(self.shard, self.offset, self.length)
        try:
            with open(self.shard, "rb", buffering=0) as file:  # noqa: PTH123 - a Path for each would cost as much again
                file.seek(self.offset)
                found = _exactly(file, self.length)
        except OSError as error:
            raise PictureError(f"{self}: the shard cannot be read ({error.strerror or error}).") from error
        if len(found) < self.length:
            raise PictureError(f"{self}: the shard is shorter than its index says. Put it back, or index it anew.")
        return found

    def __str__(self) -> str:
        return f"{self.shard}:{self.member}"


class Held(NamedTuple):
    """A section whose bytes are here."""

    section: Section
    content: bytes

    @property
    def name(self) -> str:
        """Without the folder."""
        return self.section.name

    @property
    def suffix(self) -> str:
        """The ending of the name, with its dot."""
        return self.section.suffix

    def open(self, mode: Literal["rb"], /) -> BinaryIO:  # noqa: ARG002 - as a path is opened
        """Its bytes."""
        return io.BytesIO(self.content)

    def __str__(self) -> str:
        return str(self.section)


def _exactly(file: io.FileIO, length: int) -> bytes:
    """So many bytes, or as many as there are: one read of a file may give fewer."""
    pieces: list[bytes] = []
    while length > 0 and (piece := file.read(length)):
        pieces.append(piece)
        length -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


# Both halves of a side-by-side picture are read one after the other.
@lru_cache(maxsize=2)
def _fetched(url: str, offset: int, length: int) -> bytes:
    return ranges.read(url, offset, length)
