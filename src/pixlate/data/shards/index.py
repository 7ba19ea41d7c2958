"""What lies where in a set of shards: a small JSON document, and arrays with a row for every sample."""

import hashlib
import io
import json
import urllib.parse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from pixlate import durable
from pixlate.data.lists import Part
from pixlate.data.shards import ranges
from pixlate.data.shards.section import Section
from pixlate.errors import DataError, PictureError
from pixlate.images import Header

INDEX = "index.json"
FORMAT = "pixlate shards 1"
A, B = 0, 1
"""Columns of the arrays. A picture that is no half of a pair stands in the first."""
ABSENT, UNREADABLE = -1, -2
"""In place of a header."""
_MOST = 4 << 30
_KINDS = {
    "names": np.uint8,
    "ends": np.uint64,
    "shard": np.uint32,
    "single": np.bool_,
    "offset": np.uint64,
    "length": np.uint64,
    "header": np.int32,
    "ending": np.uint8,
}


@dataclass(frozen=True)
class Shard:
    """One tar."""

    name: str
    bytes: int
    sha256: str | None
    """None where the index was made of shards that others wrote, which were not read whole."""
    samples: int
    part: Part | None
    changed: int | None = None
    """When a shard that others wrote was changed last, in nanoseconds."""


@dataclass(frozen=True)
class Member:
    """A picture of a sample, as an index is made."""

    offset: int
    length: int
    ending: str
    header: Header | str
    """Or why it cannot be read."""


@dataclass(frozen=True, eq=False)
class Index:
    """The samples of a set of shards, in order; all that grows with their number is in arrays."""

    place: str
    """The folder or URL that the shards' names start from, ending in a slash."""
    shards: tuple[Shard, ...]
    endings: tuple[str, ...]
    headers: tuple[Header, ...]
    """Those that occur."""
    scanned: bool
    """Whether the shards were written by others."""
    reasons: dict[int, str]
    """Why pictures are unreadable, by their slot."""
    arrays: dict[str, NDArray[Any]]
    """names and ends (of each in names) as UTF-8; for each sample its shard and whether it is a single picture; for
    each sample and column offset and length in bytes, the header and the ending."""
    digest: str = ""
    """Of all of it."""

    def __len__(self) -> int:
        return len(self.arrays["shard"])

    def name(self, row: int) -> str:
        """Of a sample."""
        ends = self.arrays["ends"]
        start = int(ends[row - 1]) if row else 0
        return self.arrays["names"][start : int(ends[row])].tobytes().decode("utf-8", "surrogateescape")

    def names(self, rows: NDArray[Any]) -> list[str]:
        """Of samples."""
        text, ends = memoryview(self.arrays["names"]), self.arrays["ends"]  # type: ignore[arg-type]
        starts = np.where(rows > 0, ends[rows - 1], 0).tolist()
        return [
            str(text[start:end], "utf-8", "surrogateescape")
            for start, end in zip(starts, ends[rows].tolist(), strict=True)
        ]

    def section(self, row: int, column: int) -> Section:
        """Where a picture lies."""
        single = self.arrays["single"][row]
        tag = "" if single else ".b" if column else ".a"
        return Section(
            self.locations[self.arrays["shard"][row]],
            int(self.arrays["offset"][row, column]),
            int(self.arrays["length"][row, column]),
            f"{self.name(row)}{tag}{self.endings[self.arrays['ending'][row, column]]}",
            2 * row + column,
        )

    @cached_property
    def locations(self) -> tuple[str, ...]:
        """Paths or URLs of the shards."""
        quoted = urllib.parse.quote if ranges.is_url(self.place) else str
        return tuple(self.place + quoted(shard.name) for shard in self.shards)

    def header(self, slot: int) -> Header | None:
        """Of the picture in that slot; None if it cannot be read."""
        which = int(self.arrays["header"].reshape(-1)[slot])
        return self.headers[which] if which >= 0 else None


class Making:
    """An index as it is made, a sample after the other."""

    def __init__(self) -> None:
        self.shards: list[Shard] = []
        self._headers: dict[Header, int] = {}
        self._endings: dict[str, int] = {}
        self._reasons: dict[int, str] = {}
        self._names = bytearray()
        self._rows: dict[str, Any] = {name: bytearray() for name in _KINDS if name != "names"}

    def add(self, name: str, shard: int, members: Sequence[Member | None]) -> None:
        """A sample of A and B, either of which may be missing, or of a single picture."""
        row = len(self._rows["shard"]) // 4
        self._names += name.encode("utf-8", "surrogateescape")
        self._put("ends", len(self._names))
        self._put("shard", shard)
        self._put("single", len(members) == 1)
        columns = [*members, None][:2]
        for column, member in enumerate(columns):
            header = ABSENT
            if member is not None and isinstance(member.header, str):
                self._reasons[2 * row + column], header = member.header, UNREADABLE
            elif member is not None:
                header = self._headers.setdefault(member.header, len(self._headers))  # type: ignore[arg-type]
            self._put("header", header)
            self._put("offset", member.offset if member else 0)
            self._put("length", member.length if member else 0)
            self._put("ending", self._endings.setdefault(member.ending, len(self._endings)) if member else 0)

    def _put(self, name: str, value: int) -> None:
        self._rows[name] += _KINDS[name](value).tobytes()

    def write(self, folder: Path, *, scanned: bool) -> None:
        """Put it into `folder`, the document last, so that it is there whole or not at all.

        Raises:
            WriteError: it cannot be written.
        """
        arrays: dict[str, NDArray[Any]] = {"names": np.frombuffer(self._names, np.uint8)}
        for name, values in self._rows.items():
            flat: NDArray[Any] = np.frombuffer(values, _KINDS[name])
            arrays[name] = flat.reshape(-1, 2) if name in ("offset", "length", "header", "ending") else flat
        file = io.BytesIO()
        np.savez(file, allow_pickle=False, **arrays)
        content = file.getvalue()
        digest = hashlib.sha256(content).hexdigest()
        document = {
            "format": FORMAT,
            "scanned": scanned,
            "samples": len(arrays["shard"]),
            "shards": [asdict(shard) for shard in self.shards],
            "arrays": {"file": f"index-{digest[:12]}.npz", "sha256": digest},
            "endings": list(self._endings),
            "headers": [asdict(header) for header in self._headers],
            "unreadable": {str(slot): why for slot, why in self._reasons.items()},
        }
        durable.write(folder / document["arrays"]["file"], content)  # type: ignore[index]
        durable.write(folder / INDEX, (json.dumps(document, indent=1) + "\n").encode())


def read(place: str) -> Index | None:
    """The index at a path or URL; None where a local file is of another kind.

    Raises:
        DataError: it is damaged, of a later version, or cannot be fetched.
    """
    try:
        text = ranges.read_all(place, _MOST) if ranges.is_url(place) else Path(place).read_bytes()
        document = json.loads(text)
        told = document.get("format") if isinstance(document, dict) else None
        if told != FORMAT:
            if isinstance(told, str) and told.startswith("pixlate shards"):
                raise DataError(f"{place} is of another version of pixlate ({told}, not {FORMAT}).")
            if ranges.is_url(place):
                raise DataError(f"{ranges.shown(place)} is no index of shards, as `pixlate data shard` writes them.")
            return None
        return _index(place, document, text)
    except PictureError as error:
        raise DataError(str(error)) from error
    except (OSError, ValueError, LookupError, TypeError, AttributeError, EOFError) as error:
        raise DataError(f"The index of shards {place} is damaged ({type(error).__name__}: {error}).") from error


def _index(place: str, document: dict[str, Any], text: bytes) -> Index:
    base = place.partition("?")[0].rpartition("/")[0] + "/"
    file = str(document["arrays"]["file"])
    if "/" in file or "\\" in file:
        raise ValueError("its arrays lie elsewhere")
    content = ranges.read_all(base + file, _MOST) if ranges.is_url(place) else Path(base + file).read_bytes()
    if hashlib.sha256(content).hexdigest() != document["arrays"]["sha256"]:
        raise ValueError(f"{file} does not match its SHA-256")
    with np.load(io.BytesIO(content), allow_pickle=False) as loaded:
        arrays = {name: np.asarray(loaded[name]) for name in _KINDS}
    shards = tuple(Shard(**shard) for shard in document["shards"])
    index = Index(
        place=base,
        shards=shards,
        endings=tuple(map(str, document["endings"])) or ("",),
        headers=tuple(Header(**header) for header in document["headers"]),
        scanned=bool(document["scanned"]),
        reasons={int(slot): str(why) for slot, why in document["unreadable"].items()},
        arrays=arrays,
        digest=hashlib.sha256(text).hexdigest(),
    )
    for fault in _faults(index):
        raise ValueError(fault)
    return index


def _faults(index: Index) -> Iterator[str]:
    """What would otherwise be met as something worse, later."""
    arrays, count = index.arrays, len(index)
    for name, kind in _KINDS.items():
        columns = (2,) if name in ("offset", "length", "header", "ending") else ()
        wanted = (len(arrays[name]),) if name == "names" else (count, *columns)
        if arrays[name].dtype != kind or arrays[name].shape != wanted:
            yield f"{name} is an array {arrays[name].dtype} {arrays[name].shape}"
            return
    if any("/" in shard.name or "\\" in shard.name or shard.name in ("", ".", "..") for shard in index.shards):
        yield "a shard lies elsewhere"
    if any(shard.part not in (None, *get_args(Part)) for shard in index.shards):
        yield "a shard belongs to no part"
    ends = arrays["ends"].astype(np.int64)
    if (np.diff(ends, prepend=0) <= 0).any() or (int(ends[-1]) if count else 0) != len(arrays["names"]):
        yield "names do not match"
        return
    there = arrays["header"] != ABSENT
    sizes = np.array([shard.bytes for shard in index.shards], np.uint64)
    if count and int(arrays["shard"].max()) >= len(sizes):
        yield "a sample lies in no shard"
    elif count and (arrays["offset"] + arrays["length"] > sizes[arrays["shard"]][:, None])[there].any():
        yield "a picture lies beyond the end of its shard"
    if count and (int(arrays["header"].max()) >= len(index.headers) or int(arrays["header"].min()) < UNREADABLE):
        yield "a picture has no header"
    if count and int(arrays["ending"].max()) >= len(index.endings):
        yield "a picture has no ending"
