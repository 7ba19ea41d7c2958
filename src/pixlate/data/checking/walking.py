"""What stands in the folders of a data set besides the pictures that training takes, and names that make trouble."""

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pixlate import images
from pixlate.data.checking.findings import Finding
from pixlate.data.lists import PARTS

_START = 512
_LAYOUT = {part + side for part in PARTS for side in ("", "a", "b")}
"""Names of folders that say what the pictures in them are for."""


@dataclass
class Walked:
    """What a walk came by."""

    findings: list[Finding] = field(default_factory=list)
    pictures: list[Path] = field(default_factory=list)
    """Every file that is a picture by its ending, hidden ones left out."""


def walk(root: Path, walked: Walked) -> None:
    """Go through a folder as training does, and note what training passes over."""
    _enter(root, (os.path.realpath(root),), walked)


def _enter(folder: Path, above: tuple[str, ...], walked: Walked) -> None:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        walked.findings.append(Finding("unreadable", (folder,), f"the folder cannot be read ({error.strerror})"))
        return
    seen = [entry for entry in entries if not entry.name.startswith(".")]
    walked.findings += _collisions(folder, [entry.name for entry in seen])
    walked.findings += [_odd(Path(entry.path)) for entry in seen if not _is_utf8(entry.name)]
    for entry in entries:
        path = Path(entry.path)
        if entry.name.startswith("."):
            walked.findings += _hidden(path, is_folder=entry.is_dir(follow_symlinks=False))
        elif _is_dir(entry):
            real = os.path.realpath(path)
            if real in above:
                walked.findings.append(Finding("folder-loop", (path,), f"it leads back to {real}"))
            else:
                _enter(path, (*above, real), walked)
        elif path.suffix.lower() in images.SUFFIXES:
            walked.pictures.append(path)
        else:
            walked.findings.append(_passed_over(path))


def _is_dir(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _collisions(folder: Path, names: Iterable[str]) -> Iterator[Finding]:
    """Names in one folder that are one on a file system which ignores case or the form of accents."""
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        alike[folded(name)].append(name)
    for several in alike.values():
        if len(several) > 1:
            what = "upper and lower case" if len({name.casefold() for name in several}) == 1 else "the form of accents"
            yield Finding("name-collision", tuple(folder / name for name in several), f"they differ in {what} only")


def folded(name: str) -> str:
    """What is left of a name where case and the form of accents count for nothing."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _is_utf8(name: str) -> bool:
    # The system hands bytes that are no UTF-8 on as surrogates.
    return not any("\udc80" <= letter <= "\udcff" for letter in name)


def _odd(path: Path) -> Finding:
    return Finding("odd-name", (path,), f"its name is no UTF-8: {os.fsencode(path.name)!r}")


def _hidden(path: Path, *, is_folder: bool) -> Iterator[Finding]:
    if not is_folder:
        if path.suffix.lower() in images.SUFFIXES:
            yield Finding("hidden", (path,), "its name begins with a dot")
        return
    inside = [
        Path(root, name)
        for root, _, names in os.walk(path)
        for name in names
        if Path(name).suffix.lower() in images.SUFFIXES
    ]
    if inside:
        yield Finding("hidden", tuple(sorted(inside)), f"the folder {path} begins with a dot")


def _passed_over(path: Path) -> Finding:
    held = images.format_of(_start_of(path))
    ending = f"files ending in {path.suffix} are not read" if path.suffix else "it has no ending"
    return Finding("passed-over", (path,), f"{ending}; it holds a {held}" if held in images.ENDINGS else ending)


def _start_of(path: Path) -> bytes:
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(_START)
    except OSError:
        return b""


def not_taken(pictures: Iterable[Path], roots: Iterable[Path]) -> Iterator[Finding]:
    """Pictures that training does not see, folder by folder."""
    folders: defaultdict[Path, list[Path]] = defaultdict(list)
    for path in pictures:
        folders[path.parent].append(path)
    tops = sorted(roots, key=lambda root: len(root.parts), reverse=True)
    for folder, paths in folders.items():
        top = next(root for root in tops if folder.is_relative_to(root))
        if any(part.lower() in _LAYOUT for part in folder.relative_to(top).parts):
            yield Finding("nested", tuple(paths), f"{folder} is not where training looks for such a folder")
        else:
            yield Finding("left-alone", tuple(paths), f"{folder} is no part of the set")


def nested(names: Iterable[tuple[str, Path]]) -> Iterator[Finding]:
    """Pictures that training takes, though a folder inside their part says that they are for something else."""
    folders: defaultdict[Path, list[Path]] = defaultdict(list)
    inner: dict[Path, str] = {}
    for name, path in names:
        inside = name.lower().split("/")[:-1]
        inside = inside[1:] if inside and inside[0] in PARTS else inside
        word = next((part for part in inside if part in _LAYOUT), None)
        if word is not None:
            folders[path.parent].append(path)
            inner[path.parent] = word
    for folder, paths in folders.items():
        yield Finding("nested", tuple(paths), f"they count as what {folder} stands in, not as {inner[folder]}")
