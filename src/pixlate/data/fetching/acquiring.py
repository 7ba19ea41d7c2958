"""From a data set's name to its folder: fetched or given, unpacked, and put in place with the paper's settings."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pixlate import archives, durable, lock
from pixlate.data.fetching import catalogue, cityscapes, downloading, pins, settings
from pixlate.data.fetching.catalogue import Archive, DataSet
from pixlate.data.fetching.downloading import Patience, Progress
from pixlate.errors import ArchiveError, FetchError
from pixlate.version import __version__

SOURCE = "source.json"
_OURS = (SOURCE, settings.FILE)


@dataclass(frozen=True)
class Acquired:
    """A data set that is in its place."""

    pictures: Path
    settings: Path
    """The paper's training, for `pixlate train --config`."""
    as_written: bool
    """Whether those settings name these pictures."""


@dataclass(frozen=True)
class _Held:
    """An archive on this disk."""

    archive: Archive
    path: Path
    url: str | None
    """None for one that the user has given."""
    sha256: str


def fetch(
    name: str,
    out: Path,
    *,
    mirrors: Sequence[str] = (),
    given: Sequence[Path] = (),
    tell: Callable[[str], None] = print,
    progress: Progress | None = None,
    patience: Patience = Patience(),  # noqa: B008
) -> Acquired:
    """Have the data set `name` as the folder `out`/`name`, with the paper's settings in train.yaml.

    What is there already is left as it is. `mirrors` are addresses of the archive, or of a folder of it (ending in a
    slash), that are asked before the authors'. `given` is what the user has: the archives, which then are not fetched,
    or one folder of pictures, for which only the settings are written.

    Raises:
        ConfigError: a mirror that is no address.
        FetchError: no such data set; it cannot be fetched, or not from there; it is another than is expected; or
            something else lies in its place.
        ArchiveError: an archive is damaged, or holds what must not be unpacked; one that was fetched is removed.
        RunError: another process is fetching it.
        WriteError: the disk does not take it.
    """
    data_set = catalogue.find(name)
    folder = out / name
    if not folder.exists():
        _refuse_what_cannot_be_had(data_set, given)
    with lock.hold(out / f".{name}.lock", f"The data set {folder}"):
        if folder.exists():
            tell(f"{folder} is there already ({_told(_known(folder))}); nothing is fetched.")
        elif len(given) == 1 and given[0].is_dir():
            with durable.tree(folder, alone=True) as made:
                _write_source(made, data_set, [], given[0])
                settings.settle(data_set, given[0], made / settings.FILE)
        else:
            _acquire(data_set, out, mirrors, given, tell, progress, patience)
        _clear(data_set, out)
        elsewhere = _known(folder).get("pictures")
        pictures = Path(str(elsewhere)) if elsewhere else folder
        fine = settings.settle(data_set, pictures, folder / settings.FILE)
    return Acquired(pictures, folder / settings.FILE, fine)


def _refuse_what_cannot_be_had(data_set: DataSet, given: Sequence[Path]) -> None:
    if missing := [path for path in given if not path.exists()]:
        raise FetchError(f"There is no file or folder {missing[0]}.")
    if len(given) == 1 and given[0].is_dir():
        return
    if not given and not all(archive.urls for archive in data_set.archives or [Archive("")]):
        raise FetchError(f"{data_set.name} cannot be downloaded from here. {data_set.licence} {data_set.ask}")
    if given and len(given) != len(data_set.archives):
        wanted = " and ".join(archive.name for archive in data_set.archives) or "a folder of pictures"
        raise FetchError(f"{data_set.name} is made from {wanted}; --from names {len(given)}.")


def _acquire(
    data_set: DataSet,
    out: Path,
    mirrors: Sequence[str],
    given: Sequence[Path],
    tell: Callable[[str], None],
    progress: Progress | None,
    patience: Patience,
) -> None:
    held = []
    for archive in data_set.archives:
        expected = pins.expected(archive, out)
        if given:
            tell(f"checking {archive.name}")
            held.append(_given(archive, given, expected))
            continue
        urls = [f"{mirror}{archive.name}" if mirror.endswith("/") else mirror for mirror in mirrors]
        part = _part(archive, out)
        tell(f"fetching {archive.name} ({data_set.about})")
        url, found = downloading.download([*urls, *archive.urls], part, expected, patience, progress, tell)
        if url.startswith("http:") and expected.sha256 is None:
            tell(f"{url} is plain http, and the file not pinned: anyone on the way could have changed it.")
        held.append(_Held(archive, part, url, found))
    tell(f"unpacking into {out / data_set.name}")
    try:
        with durable.tree(out / data_set.name, alone=True) as made:
            _unpack(data_set, held, made, progress)
            _write_source(made, data_set, held)
            for each in held:
                tell(pins.record(each.archive, out, each.sha256))
    except (ArchiveError, FetchError) as error:
        if given:
            raise
        _clear(data_set, out)
        raise type(error)(f"{error} What was fetched is removed.") from error


def _clear(data_set: DataSet, out: Path) -> None:
    """Remove archives that were fetched."""
    for archive in data_set.archives:
        downloading.drop(_part(archive, out))


def _part(archive: Archive, out: Path) -> Path:
    return out / f"{archive.name}.part"


def _given(archive: Archive, given: Sequence[Path], expected: downloading.Expected) -> _Held:
    path = given[0] if len(given) == 1 else next((path for path in given if path.name == archive.name), None)
    if path is None:
        raise FetchError(f"None of the files after --from is called {archive.name}.")
    try:
        return _Held(archive, path, None, downloading.checked(path, expected))
    except FetchError as error:
        raise FetchError(f"{path} is not the {archive.name} it should be: {error}.") from error
    except OSError as error:
        raise FetchError(f"{path} cannot be read ({error.strerror}).") from error


def _unpack(data_set: DataSet, held: Sequence[_Held], made: Path, progress: Progress | None) -> None:
    if data_set.name == "cityscapes":
        cityscapes.build(held[0].path, held[1].path, made, progress)
    else:
        archives.unpack(held[0].path, made, progress=progress)
        _lift(made)
    if not _parted(made):
        raise FetchError(f"{held[0].path} holds no folder train or trainA: it is not {data_set.name}.")
    for name in _OURS:  # settings are what training does, and not an archive's to say
        if (made / name).exists():
            raise FetchError(f"{held[0].path} holds a {name} of its own: it is not {data_set.name}.")


def _lift(made: Path) -> None:
    """Put what the archive has in one folder where it belongs."""
    for inner in made.iterdir():
        if inner.is_dir() and _parted(inner):
            emptied = made / ".lifted"
            durable.move(inner, emptied)
            for child in list(emptied.iterdir()):
                durable.move(child, made / child.name)
            emptied.rmdir()
            return


def _parted(folder: Path) -> bool:
    return any((folder / part).is_dir() for part in ("train", "trainA"))


def _write_source(made: Path, data_set: DataSet, held: Sequence[_Held], pictures: Path | None = None) -> None:
    files, size = _census(made)
    source = {
        "data_set": data_set.name,
        "archives": [
            {
                "name": each.archive.name,
                "from": each.url or str(each.path.resolve()),
                "sha256": each.sha256,
                "pinned": each.archive.sha256 is not None,
            }
            for each in held
        ],
        "pictures": None if pictures is None else str(pictures.resolve()),
        "files": files,
        "bytes": size,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "pixlate": __version__,
        "licence": data_set.licence,
        "citation": data_set.citation,
    }
    durable.write(made / SOURCE, json.dumps(source, indent=2, ensure_ascii=False).encode())


def _census(folder: Path) -> tuple[int, int]:
    """How many files there are, and how many bytes; our own two left out."""
    count = size = 0
    for root, _, files in os.walk(folder):
        for name in files:
            if Path(root) != folder or name not in _OURS:
                count += 1
                size += Path(root, name).stat().st_size
    return count, size


def _known(folder: Path) -> dict[str, object]:
    """What source.json says of a data set, made sure of.

    Raises:
        FetchError: it is not one that was fetched, or files are missing.
    """
    try:
        known = json.loads((folder / SOURCE).read_bytes())
        counted = (known["files"], known["bytes"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise FetchError(
            f"{folder} holds something that was not fetched. Name another place with --out, or move it away."
        ) from error
    found = _census(folder)
    if counted != found:
        raise FetchError(
            f"{folder} is not as it was unpacked: {found[0]} files of {found[1]} bytes, and "
            f"{counted[0]} of {counted[1]} are wanted. Remove it and fetch it again."
        )
    return dict(known)


def _told(known: dict[str, object]) -> str:
    if known.get("pictures"):
        return f"the pictures in {known['pictures']}"
    return f"{known['files']} files, fetched {str(known.get('date'))[:10]}"
