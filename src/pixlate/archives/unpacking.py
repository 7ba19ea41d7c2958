"""From an archive to a folder: whole or not at all."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from pixlate import durable
from pixlate.archives import streams, tars, zips
from pixlate.archives.limits import Count, Limits, Member
from pixlate.archives.names import Places, RefusedNameError, judged
from pixlate.errors import ArchiveError, WriteError

Progress = Callable[[int, int], None]
"""Told again and again how many bytes of how many are done."""


def extract(archive: Path, into: Path, limits: Limits = Limits(), progress: Progress | None = None) -> None:  # noqa: B008
    """Unpack `archive` to the new folder `into`, which appears when all of it is on the disk.

    Nobody else may be at it. Files get ordinary permissions and today's date.

    Raises:
        ArchiveError: the archive is damaged, or a member is not as it should be; nothing of it is left.
        WriteError: the disk does not take it, or there is such a folder.
    """
    if into.exists():
        raise WriteError(f"{into} is there already; an archive is unpacked to a new folder.")
    with durable.tree(into) as made:
        unpack(archive, made, limits, progress)


def unpack(archive: Path, folder: Path, limits: Limits = Limits(), progress: Progress | None = None) -> None:  # noqa: B008
    """Unpack `archive` into the empty `folder`, which is nobody else's.

    Raises:
        ArchiveError: as `extract`; what was unpacked before is left there.
    """
    for path, content in members(archive, limits, progress):
        place = folder / path
        if content is None:
            place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("xb") as file:  # which follows no link, and writes over nothing
            file.writelines(content)


def members(
    archive: Path,
    limits: Limits = Limits(),  # noqa: B008
    progress: Progress | None = None,
) -> Iterator[tuple[PurePosixPath, Iterator[bytes] | None]]:
    """The path of each member in the folder, and its content; None for a folder.

    Content that is wanted is to be read before the next member is asked for. What is wrong with a member may only be
    found by reading it, or a later one: act on nothing before the last has come.

    Raises:
        ArchiveError: the archive cannot be opened or is damaged, or a member is not as it should be.
    """
    count, places = Count(archive, limits), Places()
    try:
        with archive.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            for member in _listed(file, size, count):
                try:
                    path = judged(member.name, limits, folder=member.folder)
                    places.take(path, folder=member.folder)
                except RefusedNameError as why:
                    raise count.refusal(str(why)) from None
                if path.parts:
                    yield path, None if member.folder else member.content
                if progress is not None:
                    progress(file.tell(), size)
    except OSError as error:
        raise ArchiveError(f"The archive {archive} cannot be read ({error.strerror or error}).") from error


def _listed(file: BinaryIO, size: int, count: Count) -> Iterator[Member]:
    begins = file.read(512)
    file.seek(0)
    if begins.startswith(zips.MAGIC):
        return zips.members(file, size, count)
    for magic, place, read in streams.KINDS:
        if begins[place:].startswith(magic):
            return tars.members(streams.taking(file, read(file), count), count)
    raise ArchiveError(
        f"{count.archive} is no archive of a kind that is read here (zip, tar, tar.gz, tar.bz2, tar.xz)."
    )
