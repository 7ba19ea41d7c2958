"""Shards made of loose pictures, whose bytes go into them as they are."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal, NamedTuple

from pixlate import durable, images
from pixlate.data.finding import Found, PictureFile
from pixlate.data.lists import Part
from pixlate.data.shards import tars
from pixlate.data.shards.index import Making, Member, Shard
from pixlate.data.shards.section import Held, Section
from pixlate.data.survey import examined, list_defects
from pixlate.errors import ConfigError, DataError, PictureError
from pixlate.images import File
from pixlate.specs.data import DataConfig

What = Literal["pairs", "unpaired", "single"]


class Sample(NamedTuple):
    """What stands together in a shard: A and B, either of which may be missing, or a single picture."""

    key: str
    files: tuple[File | None, ...]


@dataclass(frozen=True)
class Sharding:
    """What will be written."""

    samples: dict[Part | None, list[Sample]]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return sum(map(len, self.samples.values()))


def prepare(config: DataConfig, what: What) -> Sharding:
    """Look at the pictures as training would, and decide what goes together.

    Raises:
        DataError: no pictures, a defect unless `config.skip_bad` is set, or pairs that are not all of one form.
    """
    # Single pictures are looked for as for any recipe; transparency is no defect of what is only moved.
    asked = DataConfig(config.data, config.data_b, skip_bad=config.skip_bad, target_alpha="keep")
    config = replace(asked, recipe="gray") if what == "single" else replace(asked, source_alpha="keep")
    found = examined(config, paired=what != "unpaired")[0].found
    if what != "single":
        _refuse_mixed(found)
    samples: dict[Part | None, list[Sample]] = {}
    for part, (sources, targets) in found.columns.items():
        chosen = _paired(sources, targets) if what != "unpaired" else _unpaired(sources, targets)
        samples.setdefault(part if len(found.columns) == 1 else part or "train", []).extend(chosen)
    for each in samples.values():
        _refuse_twins(each)
    if not any(samples.values()):
        raise DataError(f"{config.data}: no pictures found ({found.layout}).")
    return Sharding(samples, _told(found))


def _refuse_mixed(found: Found) -> None:
    """Make sure that all samples will be of one form, for nothing in a shard says which are what."""
    pairs = [pair for some in found.parts.values() for pair in some]
    whole = [file for sides in found.columns.values() for side in sides for file in side if file.half == "whole"]
    halves = any(file.half != "whole" for sides in found.columns.values() for side in sides for file in side)
    if whole and halves:
        raise DataError(
            f"Of the pictures some are side by side and some, such as {whole[0].path}, are not; in shards "
            "all are alike. Make them alike first."
        )
    twice = next((pair.source.path for pair in pairs if pair.source == pair.target), None)
    if twice is not None:
        raise DataError(f"{twice} is given as A and as B, which shards cannot hold.")


def _told(found: Found) -> tuple[str, ...]:
    left_out = [f"{len(found.defects)} pictures left out:", *list_defects(found.defects)] if found.defects else []
    return (found.layout, *found.notes, *left_out)


def _paired(sources: Sequence[PictureFile], targets: Sequence[PictureFile]) -> Iterator[Sample]:
    for source, target in zip(sources, targets, strict=True):
        if source.path == target.path:
            name = source.name if source.half != "whole" else _stem(source.name)
            yield Sample(name, (source.path,))
        else:
            yield Sample(source.name, (source.path, target.path))


def _unpaired(sources: Sequence[PictureFile], targets: Sequence[PictureFile]) -> Iterator[Sample]:
    if any(file.half != "whole" for file in sources):
        yield from (Sample(_stem(file.name), (file.path,)) for file in sources)
        return
    _refuse_twins([Sample(_stem(file.name), ()) for file in sources])
    _refuse_twins([Sample(_stem(file.name), ()) for file in targets])
    first, second = ({_stem(file.name): file.path for file in side} for side in (sources, targets))
    for key in sorted(first.keys() | second.keys()):
        yield Sample(key, (first.get(key), second.get(key)))


def _stem(name: str) -> str:
    return PurePosixPath(name).with_suffix("").as_posix()


def _refuse_twins(samples: Sequence[Sample]) -> None:
    known: set[str] = set()
    for sample in samples:
        if sample.key in known:
            raise DataError(
                f"Two pictures are called {sample.key}, with different endings; in shards names must differ."
            )
        known.add(sample.key)


def write(sharding: Sharding, out: Path, size: int) -> Iterator[None]:
    """Put the samples into shards of about `size` bytes in the folder `out`, which appears once all is done.

    One step a sample. The same samples give the same bytes.

    Raises:
        ConfigError: `out` is there already.
        DataError: a picture that can no longer be read.
        WriteError: `out` cannot be written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"{out} is there already. Name another folder, or remove it first.")
    with durable.folder(out) as folder:
        making = Making()
        for part, samples in sharding.samples.items():
            yield from _part(folder, part, samples, size, making)
        making.write(folder, scanned=False)


def _part(folder: Path, part: Part | None, samples: Sequence[Sample], size: int, making: Making) -> Iterator[None]:
    left = iter(samples)
    sample = next(left, None)
    for number in range(len(samples)):
        if sample is None:
            return
        name = f"{part or 'data'}-{number:06d}.tar"
        with (folder / name).open("wb") as file:
            shard = _Shard(file)
            while sample is not None and (not shard.samples or shard.length < size):
                members = [
                    None if one is None else shard.add(sample.key, tag, one)
                    for one, tag in zip(sample.files, ("a", "b") if len(sample.files) == 2 else ("",), strict=True)
                ]
                making.add(sample.key, len(making.shards), members)
                shard.samples += 1
                yield
                sample = next(left, None)
            shard.put(tars.END)
        making.shards.append(Shard(name, shard.length, shard.sum.hexdigest(), shard.samples, part))


class _Shard:
    """A tar as it is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.length = self.samples = 0
        self.sum = hashlib.sha256()

    def put(self, content: bytes) -> None:
        self._file.write(content)
        self.sum.update(content)
        self.length += len(content)

    def add(self, key: str, tag: str, file: File) -> Member:
        try:
            with file.open("rb") as opened:
                content = opened.read()
            name = tars.member_name(key, tag, file.suffix)
            header = images.read_header(Held(Section(str(file), 0, len(content), name, 0), content))
        except OSError as error:
            raise DataError(f"{file} can no longer be read ({error.strerror or error}).") from error
        except PictureError as error:
            raise DataError(str(error)) from error
        self.put(tars.header(name, len(content)))
        offset = self.length
        for piece in (content, tars.padding(len(content))):
            self.put(piece)
        return Member(offset, len(content), file.suffix, header)
