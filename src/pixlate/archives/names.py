"""Which names a member may have: those that mean one place inside the folder, and the same on every system."""

import os
import re
import unicodedata
from pathlib import PurePosixPath

from pixlate.archives.limits import Limits

_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)\s*(\..*)?", re.IGNORECASE)
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NOT_ON_WINDOWS = frozenset('<>:"|?*')
_LONGEST_PATH = 1024


class RefusedNameError(ValueError):
    """Why a member may not be called as it is."""


def judged(name: str, limits: Limits, *, folder: bool = False) -> PurePosixPath:
    """The path in the folder that `name` means; a folder may be `.`, the folder itself.

    Raises:
        RefusedNameError: it means no place inside, or not the same place everywhere.
    """
    if name.startswith("/"):
        raise RefusedNameError("an absolute path")
    if ".." in name.split("/"):
        raise RefusedNameError("a way out of the folder (..)")
    if not name.strip("./") and not (folder and name in (".", "./")):
        raise RefusedNameError("it has no name")
    if "\\" in name:
        raise RefusedNameError("a backslash in its name")
    if re.match(r"[A-Za-z]:", name):
        raise RefusedNameError("a drive's letter in its name")
    if any(unicodedata.category(letter) in _INVISIBLE for letter in name):
        raise RefusedNameError("a control character in its name")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if len(parts) > limits.depth:
        raise RefusedNameError(f"more than {limits.depth} folders deep")
    if len(name.encode()) > _LONGEST_PATH:
        raise RefusedNameError(f"a path of more than {_LONGEST_PATH} bytes")
    for part in parts:
        _refuse(part, limits)
    return PurePosixPath(*parts)


def _refuse(part: str, limits: Limits) -> None:
    if len(part.encode()) > limits.name:
        raise RefusedNameError(f"a name of more than {limits.name} bytes")
    if _RESERVED.fullmatch(part):
        raise RefusedNameError("a name that is reserved on Windows")
    if part.endswith((".", " ")):
        raise RefusedNameError("a name that ends in a dot or a blank")
    if os.name == "nt" and not _NOT_ON_WINDOWS.isdisjoint(part):
        raise RefusedNameError("a letter in its name that Windows does not allow")


class Places:
    """The paths taken so far, so that no two members come to lie in one place on any file system."""

    def __init__(self) -> None:
        self._taken: dict[str, tuple[str, bool]] = {}

    def take(self, path: PurePosixPath, *, folder: bool) -> None:
        """Note that a member lies at `path`, in folders.

        Raises:
            RefusedNameError: another does, or one that differs only in case or in how its letters are composed.
        """
        for parent in list(path.parents)[-2::-1]:
            self._take(parent.as_posix(), folder=True)
        if path.parts:
            self._take(path.as_posix(), folder=folder)

    def _take(self, path: str, *, folder: bool) -> None:
        alike = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())
        if alike not in self._taken:
            self._taken[alike] = (path, folder)
            return
        known, known_folder = self._taken[alike]
        if known != path:
            raise RefusedNameError(f"only case or composition tells it from {known!r}")
        if not (folder and known_folder):
            raise RefusedNameError("it is there twice")
