"""Pictures that stand alone, of which a recipe makes the sources, or of which L makes the source and ab the target."""

from collections import Counter
from pathlib import Path

from pixlate.data.finding import Defect, Found, Pair, PictureFile, part_of, pictures_of, readable, refuse_a_folder_above
from pixlate.data.lists import PARTS, cells, rows_of, split_of
from pixlate.errors import ConfigError, DataError
from pixlate.specs.data import DataConfig


def find_singles(config: DataConfig) -> Found:
    """All pictures of a folder, or of a list with a column `picture`; each is the source and the target of its pair.

    Raises:
        ConfigError: two folders.
        DataError: no such folder or list, or a list that cannot be read.
    """
    if config.data_b is not None or config.stack:
        extra = "--data-b" if config.data_b is not None else "--stack"
        raise ConfigError(f"--recipe makes the sources of the pictures themselves; leave {extra} out.")
    with readable(config) as root:
        return _list(root) if root.is_file() else _folder(root)


def _folder(root: Path) -> Found:
    found = Found("single pictures")
    files = [(path, path.relative_to(root)) for path in pictures_of(root, found)]
    parted = any(part_of(relative) for _, relative in files)
    if not parted:
        refuse_a_folder_above(root, [path for path, _ in files])
    strays: Counter[str] = Counter()
    for path, relative in files:
        part = part_of(relative)
        if parted and part is None:
            strays[relative.parts[0] if len(relative.parts) > 1 else "the folder itself"] += 1
        else:
            file = PictureFile(relative.as_posix(), path)
            found.parts.setdefault(part, []).append(Pair(file, file))
    found.notes += [
        f"{count} pictures in {where} left alone: the set has train/val/test." for where, count in strays.items()
    ]
    return found


def _list(path: Path) -> Found:
    found = Found(f"single pictures of the list {path.name}")
    known: set[str] = set()
    for number, row in enumerate(rows_of(path), start=1):
        lowered = cells(row)
        if not lowered.get("picture"):
            has = ", ".join(key for key, value in row.items() if value)
            raise DataError(f"{path}, row {number}: needs picture (and may have split); it has {has or 'nothing'}.")
        split = split_of(lowered, path, number)
        name, picture = (Path(split) / lowered["picture"]).as_posix(), path.parent / lowered["picture"]
        if name in known:
            continue
        known.add(name)
        if picture.is_file():
            file = PictureFile(name, picture)
            found.parts.setdefault(PARTS.get(split) or part_of(Path(name)), []).append(Pair(file, file))
        else:
            found.defects.append(Defect("missing", picture, f"row {number} of {path.name} names it"))
    return found
