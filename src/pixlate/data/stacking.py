"""Further pictures whose channels are stacked onto the sources, from folders of their own, matched by name."""

from dataclasses import replace
from pathlib import Path

from pixlate.data.finding import Defect, Found, Pair, pictures_of
from pixlate.errors import DataError


def stack(found: Found, folders: tuple[str, ...]) -> None:
    """Give every source its pictures of `folders`; a pair that lacks one becomes a defect.

    Raises:
        DataError: there is no such folder.
    """
    for folder in map(folder_of, folders):
        others: dict[str, list[Path]] = {}
        for path in pictures_of(folder, found):
            others.setdefault(path.relative_to(folder).with_suffix("").as_posix(), []).append(path)
        for part, pairs in found.parts.items():
            found.parts[part] = [whole for pair in pairs if (whole := _with(pair, others, folder, found)) is not None]


def folder_of(name: str) -> Path:
    """A folder to stack pictures from.

    Raises:
        DataError: there is none.
    """
    folder = Path(name)
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder} to stack pictures from.")
    return folder


def _with(pair: Pair, others: dict[str, list[Path]], folder: Path, found: Found) -> Pair | None:
    paths = others.get(pair.name, [])
    if len(paths) == 1:
        return replace(pair, source=replace(pair.source, beside=(*pair.source.beside, paths[0])))
    count = f"{len(paths)} pictures" if paths else "no picture"
    found.defects.append(
        Defect(
            "duplicate stem" if paths else "missing", pair.source.path, f"{count} of that name in {folder}, to stack"
        )
    )
    return None
