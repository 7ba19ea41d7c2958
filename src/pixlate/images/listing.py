"""Which files of a folder are pictures, by their endings."""

import os
from collections import Counter
from pathlib import Path

from pixlate.errors import PictureError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".npy", ".npz"})


def pictures_in(folder: Path) -> tuple[list[Path], Counter[str]]:
    """Picture files of `folder` at any depth, in order, and how many other files there are by ending.

    Hidden files and folders are passed over. Links to folders are followed, but for those that lead back.

    Raises:
        PictureError: a folder that may not be read.
    """
    pictures: list[Path] = []
    others: Counter[str] = Counter()
    for root, folders, files in os.walk(folder, followlinks=True, onerror=_refuse_folder):
        above = {os.path.realpath(place) for place in (Path(root), *Path(root).parents) if place.is_relative_to(folder)}
        folders[:] = [
            name for name in folders if not name.startswith(".") and os.path.realpath(Path(root, name)) not in above
        ]
        for path in (Path(root, name) for name in files if not name.startswith(".")):
            if path.suffix.lower() in SUFFIXES:
                pictures.append(path)
            else:
                others[path.suffix.lower() or "no ending"] += 1
    return sorted(pictures), others


def passed_over(folder: Path, others: Counter[str]) -> list[str]:
    """A sentence for a person on the `others` that `pictures_in` counted in `folder`; none where there are none."""
    kinds = ", ".join(f"{count} {suffix}" for suffix, count in sorted(others.items()))
    return [f"Files in {folder} that are no pictures read here: {kinds}."] if others else []


def _refuse_folder(error: OSError) -> None:
    raise PictureError(f"{error.filename} cannot be read ({error.strerror}).")
