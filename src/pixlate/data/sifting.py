"""Opening the pictures that were found: which can be used, and what is wrong with the others."""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from pixlate import images
from pixlate.data.finding import Defect, Found, Pair, PictureFile, loose
from pixlate.data.kinds import Asked
from pixlate.data.shards.sections import Sections
from pixlate.data.unpaired import SIDE_BY_SIDE
from pixlate.errors import DataError, PictureError
from pixlate.images import File, Header
from pixlate.specs.pictures import Alpha

DECODE_AT_MOST = 5000
"""Files decoded in full beforehand; of larger sets the headers alone are read."""


def alphas_of(found: Found, wanted: tuple[Asked, Asked]) -> dict[Path, Alpha | None]:
    """Every file that training opens, in order, and what becomes of its transparency.

    Raises:
        DataError: one lies in a shard.
    """
    source_alpha, target_alpha = (asked.alpha for asked in wanted)
    pairs = [pair for part in found.parts.values() for pair in part]
    files = [pair.source for pair in pairs] + [file for sources, _ in found.sides.values() for file in sources]
    alphas = {path: source_alpha for file in files for path in (loose(file.path), *file.beside)}
    for file in [pair.target for pair in pairs] + [file for _, targets in found.sides.values() for file in targets]:
        # Of a file with both sides on it transparency must be spoken for on both.
        path = loose(file.path)
        alphas[path] = target_alpha if alphas.get(path, target_alpha) else None
    return dict(sorted(alphas.items()))


def look_at_all(found: Found, wanted: tuple[Asked, Asked]) -> Mapping[File, Header | PictureError]:
    """What each file says of its picture, or why it cannot be read."""
    alphas = alphas_of(found, wanted)
    decode = len(alphas) <= DECODE_AT_MOST
    if not decode:
        found.notes.append(f"{len(alphas)} files: headers checked, pictures decoded only as they are met.")
    with ThreadPoolExecutor() as pool:
        looked = pool.map(partial(_look, decode=decode), alphas.keys(), alphas.values())
        return dict(zip(alphas, looked, strict=True))


def _look(path: File, alpha: Alpha | None, *, decode: bool) -> Header | PictureError:
    try:
        if decode:
            images.read(path, alpha=alpha)
        return images.read_header(path)
    except PictureError as error:
        return error


def sift(
    found: Found, looked: Mapping[File, Header | PictureError], root: Path, known: frozenset[str] = frozenset()
) -> Mapping[File, Header]:
    """Header of every readable file; what cannot be read or does not match moves from the pairs to the defects.

    Raises:
        DataError: single pictures where side-by-side ones are wanted.
    """
    unreadable = {path: str(outcome) for path, outcome in looked.items() if isinstance(outcome, PictureError)}
    found.defects += [Defect("unreadable", path, why) for path, why in unreadable.items()]
    headers = {path: outcome for path, outcome in looked.items() if isinstance(outcome, Header)}
    for part, pairs in found.parts.items():
        found.parts[part] = [pair for pair in pairs if _sound(pair, headers, found) or pair.name in known]
    for part, sides in found.sides.items():
        sources, targets = (
            [file for file in files if _usable(file, headers, found) or f"{side}/{file.name}" in known]
            for side, files in zip("XY", sides, strict=True)
        )
        found.sides[part] = (sources, targets)
    if found.layout == SIDE_BY_SIDE:
        _refuse_single_pictures(headers, root)
    return headers


def _usable(file: PictureFile, headers: Mapping[File, Header], found: Found) -> bool:
    if file.path not in headers:
        return False
    odd = file.half != "whole" and headers[file.path].width % 2 == 1
    if odd and file.half == "left":
        found.defects.append(Defect("odd width", file.path, f"{headers[file.path].width} px wide, no two equal halves"))
    return not odd


def _refuse_single_pictures(headers: Mapping[File, Header], root: Path) -> None:
    """Catch folders of photographs, which would train, but on their halves."""
    single = next((path for path, header in headers.items() if header.width < 1.5 * header.height), None)
    if single is None:
        return
    tops = {
        relative.parts[0] if len(relative.parts) > 1 else ""
        for relative in (Path(str(p)).relative_to(root) for p in headers)
    }
    if len(tops) == 2 and "" not in tops:
        one, other = (root / top for top in sorted(tops))
        raise DataError(
            f"{root} holds two folders of pictures; give both: pixlate train {one} {other} --method cyclegan"
        )
    raise DataError(
        f"{single} is no two pictures side by side. What is not paired is learned from two folders: "
        "pixlate train A_FOLDER B_FOLDER --method cyclegan, or a folder with trainA and trainB."
    )


def _sound(pair: Pair, headers: Mapping[File, Header], found: Found) -> bool:
    if any(path not in headers for path in (pair.source.path, *pair.source.beside, pair.target.path)):
        return False
    for path in pair.source.beside:
        own, stacked = (headers[one] for one in (pair.source.path, path))
        if (own.height, own.width) != (stacked.height, stacked.width):
            why = f"{_px((stacked.height, stacked.width))}, but {pair.source.path} has {_px((own.height, own.width))}"
            found.defects.append(Defect("size mismatch", path, why))
            return False
    if pair.source.half != "whole":
        width = headers[pair.source.path].width
        if width % 2:
            found.defects.append(Defect("odd width", pair.source.path, f"{width} px wide, no two equal halves"))
        return width % 2 == 0
    source, target = _size(pair.source, headers), _size(pair.target, headers)
    if source != target:
        why = f"{_px(source)}, but {pair.target.path} has {_px(target)}"
        found.defects.append(Defect("size mismatch", pair.source.path, why))
    return source == target


def _px(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]} px"


def sizes_of(side: Sequence[PictureFile], headers: Mapping[File, Header]) -> Counter[tuple[int, int]]:
    """How many of the pictures that can be read have which (height, width)."""
    if not isinstance(side, Sections):
        return Counter(_size(file, headers) for file in side if file.path in headers)
    sizes: Counter[tuple[int, int]] = Counter()
    for header, count in side.counts.items():
        sizes[header.height, header.width if side.half == "whole" else header.width // 2] += count
    return sizes


def _size(picture: PictureFile, headers: Mapping[File, Header]) -> tuple[int, int]:
    header = headers[picture.path]
    return header.height, header.width if picture.half == "whole" else header.width // 2
