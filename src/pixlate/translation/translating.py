"""Doing the work: read ahead, translate one picture at a time, write behind."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from pixlate import durable, images
from pixlate.errors import PictureError
from pixlate.foreign import hed
from pixlate.images import Picture
from pixlate.specs.pictures import Kind
from pixlate.translation.jobs import Job, Jobs
from pixlate.translation.translator import Translator

_LARGE = 2**24
"""Bytes of a picture that is read, translated and written before another is read."""


def translate(
    translator: Translator,
    work: Jobs,
    *,
    size: tuple[int, int] | None = None,
    batch_size: int = 8,
    skip_bad: bool = False,
) -> Iterator[str | None]:
    """Carry out `work`, job by job; yields None for each picture written, or why it was left out.

    `size` (height, width) is what pictures are resized to first; None leaves them as they are. `batch_size` pictures
    are held in memory at a time, or fewer where they are large; it changes speed, never a byte.

    Raises:
        PictureError: a damaged picture, unless `skip_bad`. What was translated before stays.
    """
    if work.making is not None:
        work = replace(work, making=replace(work.making, recipe=hed.bound(work.making.recipe)))
    written: deque[Future[None]] = deque()
    with ThreadPoolExecutor() as pool:
        for job, picture in _read_ahead(pool, work, translator, size, batch_size):
            if not isinstance(picture, PictureError):
                written.append(pool.submit(_write, job, translator.translate(picture, job.name), translator.target))
                while written and (len(written) > batch_size or picture.nbytes > _LARGE):
                    written.popleft().result()
                yield None
            elif skip_bad:
                yield str(picture)
            else:
                raise picture
        for future in written:
            future.result()


def _read_ahead(
    pool: ThreadPoolExecutor, work: Jobs, translator: Translator, size: tuple[int, int] | None, ahead: int
) -> Iterator[tuple[Job, Picture | PictureError]]:
    waiting: deque[tuple[Job, Future[Picture | PictureError]]] = deque()
    for job in work.jobs:
        pixels = max(job.pixels, 0 if size is None else size[0] * size[1])
        large = pixels * work.source.channels > _LARGE
        while waiting and (large or len(waiting) > ahead):
            first, future = waiting.popleft()
            yield first, future.result()
        waiting.append((job, pool.submit(_read, job, work, size, translator)))
    for job, future in waiting:
        yield job, future.result()


def _read(job: Job, work: Jobs, size: tuple[int, int] | None, translator: Translator) -> Picture | PictureError:
    kind = work.source
    try:
        picture = images.read_as(kind, job.path, job.half, job.beside)
        if size is not None:
            picture = images.resize(picture, *size, "nearest" if kind.space == "classes" else translator.card.resample)
        if work.making is not None:
            picture, _ = work.making.pair(picture, str(job.path), translator.seed, "translation", job.name)
    except PictureError as error:
        return error
    return picture


def _write(job: Job, picture: Picture, kind: Kind) -> None:
    ending = job.output.suffix
    tags = images.kept_tags(job.path, picture.shape[:2]) if ending == ".tif" and job.half == "whole" else ()
    durable.write(job.output, images.encode(picture, ending, alpha=kind.alpha == "keep", tags=tags))
