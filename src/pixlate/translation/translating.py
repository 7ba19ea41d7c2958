"""Doing the work: read ahead, translate one picture at a time, write behind."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from pixlate import durable, images
from pixlate.errors import PictureError
from pixlate.images import Picture
from pixlate.specs.card import Card
from pixlate.translation.jobs import Job, Jobs
from pixlate.translation.translator import Translator


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
    are held in memory at a time; it changes speed, never a byte.

    Raises:
        PictureError: a damaged picture, unless `skip_bad`. What was translated before stays.
    """
    written: deque[Future[None]] = deque()
    with ThreadPoolExecutor() as pool:
        for job, picture in _read_ahead(pool, work, translator, size, batch_size):
            if not isinstance(picture, PictureError):
                written.append(pool.submit(_write, job.output, translator.translate(picture, job.name)))
                if len(written) > batch_size:
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
        waiting.append((job, pool.submit(_read, job, translator.card, size)))
        if len(waiting) > ahead:
            first, future = waiting.popleft()
            yield first, future.result()
    for job, future in waiting:
        yield job, future.result()


def _read(job: Job, card: Card, size: tuple[int, int] | None) -> Picture | PictureError:
    try:
        picture = images.with_channels(images.read(job.path, job.half), card.generator.in_channels)
    except PictureError as error:
        return error
    return picture if size is None else images.resize(picture, *size, card.resample)


def _write(path: Path, picture: Picture) -> None:
    durable.write(path, images.encode_png(picture))
