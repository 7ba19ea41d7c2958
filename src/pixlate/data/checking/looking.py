"""Opening the pictures of a set: what each is, and what is wrong with it."""

import errno
import hashlib
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pixlate import images
from pixlate.errors import DamagedError, PictureError
from pixlate.images import Header, Picture
from pixlate.specs.pictures import Alpha

_START = 512


@dataclass(frozen=True)
class Job:
    """A file to look at."""

    path: Path
    alpha: Alpha | None
    halves: bool
    """Whether it holds both pictures of a pair, side by side."""
    hashed: bool
    """Whether another file has as many bytes."""


@dataclass(frozen=True)
class Looked:
    """What a file is. Of what is not read there is a `why` and a kind of `defect`; else there is a header."""

    header: Header | None = None
    defect: str = ""
    why: str = ""
    format: str | None = None
    digest: str | None = None
    """SHA-256, where another file has as many bytes."""
    greatest: float = 0.0
    flat: tuple[str, ...] = ()
    """Which of it, whole or a half, has one colour throughout."""
    twins: bool = False
    """Whether both halves are one picture."""


def look_at(alphas: dict[Path, Alpha | None], halves: set[Path], workers: int, *, fast: bool) -> Iterator[Looked]:
    """What each file is, in their order; `fast` reads the headers only."""
    sizes = {path: _size(path) for path in alphas}
    counts = Counter(sizes.values())
    jobs = [
        Job(path, alpha, path in halves, hashed=not fast and counts[sizes[path]] > 1) for path, alpha in alphas.items()
    ]
    return _in_turn(jobs, workers, fast=fast)


def _in_turn(jobs: Sequence[Job], workers: int, *, fast: bool) -> Iterator[Looked]:
    looking = partial(look, fast=fast)
    if workers == 1 or fast:  # headers are read under Python's lock, which threads would only contend for
        yield from map(looking, jobs)
        return
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(looking, jobs)


def look(job: Job, *, fast: bool) -> Looked:
    """What one file is."""
    try:
        header = images.read_header(job.path)
        picture = None if fast else images.read(job.path, alpha=job.alpha)
    except PictureError as error:
        return _defective(job, error)
    with job.path.open("rb") as file:
        content = file.read() if job.hashed else file.read(_START)
    digest = hashlib.sha256(content).hexdigest() if job.hashed and content else None
    found = Looked(header, format=images.format_of(content[:_START]), digest=digest)
    return found if picture is None else _measured(found, picture, halves=job.halves)


def _measured(found: Looked, picture: Picture, *, halves: bool) -> Looked:
    middle = picture.shape[1] // 2
    parts = {"left half": picture[:, :middle], "right half": picture[:, -middle:]} if halves else {"whole": picture}
    return Looked(
        found.header,
        format=found.format,
        digest=found.digest,
        greatest=float(picture.max()) if picture.dtype.name == "uint16" else 0.0,
        flat=tuple(name for name, part in parts.items() if _is_flat(part)),
        twins=halves and _are_twins(*parts.values()),
    )


def _is_flat(picture: Picture) -> bool:
    return bool((picture[0] == picture[0, 0]).all() and (picture == picture[0, 0]).all())


def _are_twins(left: Picture, right: Picture) -> bool:
    return bool((left[0] == right[0]).all() and (left == right).all())


def _defective(job: Job, error: PictureError) -> Looked:
    """Why a file cannot be read: the reader's own sentence, and the kind of defect behind it."""
    kind = _link_or_pipe(job.path) or ("unreadable" if _is_withheld(error) else None)
    content = b"" if kind else job.path.read_bytes()
    name = images.format_of(content[:_START])
    kind = kind or _kind_of(job, content, name, error)
    return Looked(defect=kind, why=_why(kind, job.path, name, error), format=name)


def _why(kind: str, path: Path, name: str | None, error: PictureError) -> str:
    if kind == "dangling-link":
        return f"it leads to {path.readlink()}, which is not there"
    if kind == "not-a-picture" and name is not None:
        return f"it holds a {name}, which is not read"
    told = {"empty": "it has 0 bytes", "html": "it holds a web page", "link-loop": "it leads back to itself"}
    return told.get(kind) or str(error).removeprefix(f"{path} ").removesuffix(".")


def _link_or_pipe(path: Path) -> str | None:
    """What is there in place of a file."""
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
    except OSError as error:
        gone = "dangling-link" if path.is_symlink() else "missing"
        return {errno.ELOOP: "link-loop", errno.ENOENT: gone}.get(error.errno or 0, "unreadable")
    return None if regular else "unreadable"


def _is_withheld(error: PictureError) -> bool:
    """Whether it was the system, not the content, that failed."""
    return isinstance(error.__cause__, OSError) and error.__cause__.errno is not None


def _kind_of(job: Job, content: bytes, name: str | None, error: PictureError) -> str:
    if not content:
        return "empty"
    if name == "HTML":
        return "html"
    if name not in images.ENDINGS or (name == "ZIP" and job.path.suffix.lower() != ".npz"):
        return "not-a-picture"
    if isinstance(error, DamagedError):
        return "truncated" if images.is_cut_off(content) else "damaged"
    return "transparency" if job.alpha is None and _reads_without_alpha(job.path) else "unsupported"


def _reads_without_alpha(path: Path) -> bool:
    try:
        images.read(path, alpha="only")
    except PictureError:
        return False
    return True


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
