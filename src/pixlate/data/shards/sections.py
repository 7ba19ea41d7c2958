"""Pictures of a set of shards as sequences that take a few megabytes, however many they are."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from pixlate.data.finding import PictureFile
from pixlate.data.lists import PARTS
from pixlate.data.shards.index import Index
from pixlate.data.shards.section import Section
from pixlate.images import File, Half, Header


class Sections(Sequence[PictureFile]):
    """Pictures of a set of shards, each made when it is asked for, so that a million of them take a few megabytes."""

    def __init__(self, index: Index, rows: NDArray[Any], column: int, half: Half, *, ending: bool) -> None:
        """`rows` of the index, its `table`; with its `ending` a picture's name is that of a file."""
        self.table, self.rows, self.column, self.half, self.ending = index, rows, column, half, ending

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, place: int) -> PictureFile: ...

    @overload
    def __getitem__(self, place: slice) -> "Sections": ...

    def __getitem__(self, place: int | slice) -> "PictureFile | Sections":
        if isinstance(place, slice):
            return self._of(self.rows[place])
        row = int(self.rows[place])
        section = self.table.section(row, self.column)
        ending = self.table.endings[self.table.arrays["ending"][row, self.column]] if self.ending else ""
        return PictureFile(self._named([self.table.name(row) + ending], [row])[0], section, self.half)

    def __iter__(self) -> Iterator[PictureFile]:
        return (self[place] for place in range(len(self)))

    def take(self, places: Sequence[int] | NDArray[Any]) -> "Sections":
        """Those at the places."""
        return self._of(self.rows[np.asarray(places, np.int64)])

    @property
    def readable(self) -> "Sections":
        """Those that have a header."""
        return self.take(np.flatnonzero(self.headers >= 0))

    @property
    def names(self) -> list[str]:
        """Of all of them."""
        names = self.table.names(self.rows)
        if self.ending:
            endings = self.table.arrays["ending"][self.rows, self.column].tolist()
            names = [name + self.table.endings[ending] for name, ending in zip(names, endings, strict=True)]
        return self._named(names, self.rows.tolist())

    @property
    def counts(self) -> Counter[Header]:
        """How many have which header."""
        which, counts = np.unique(self.headers, return_counts=True)
        return Counter(
            {self.table.headers[each]: int(count) for each, count in zip(which, counts, strict=True) if each >= 0}
        )

    @property
    def headers(self) -> NDArray[Any]:
        """Which header of the index each has, or why it has none."""
        headers: NDArray[Any] = self.table.arrays["header"][self.rows, self.column]
        return headers

    def _of(self, rows: NDArray[Any]) -> "Sections":
        return Sections(self.table, rows, self.column, self.half, ending=self.ending)

    def _named(self, names: list[str], rows: Sequence[int]) -> list[str]:
        """As if the samples were files in a folder of their part."""
        parts = [self.table.shards[self.table.arrays["shard"][row]].part for row in rows]
        return [
            name if part is None or PARTS.get(name.partition("/")[0].lower()) == part else f"{part}/{name}"
            for name, part in zip(names, parts, strict=True)
        ]


class Paths(Sequence[File]):
    """Where the pictures lie, one set after the other."""

    def __init__(self, *sets: Sections) -> None:
        self._sets = sets

    def __len__(self) -> int:
        return sum(map(len, self._sets))

    @overload
    def __getitem__(self, place: int) -> File: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[File]: ...

    def __getitem__(self, place: int | slice) -> File | Sequence[File]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        for each in self._sets:
            if place < len(each):
                return each[place].path
            place -= len(each)
        raise IndexError(place)

    @property
    def counts(self) -> Counter[Header]:
        """How many have which header."""
        return sum((each.counts for each in self._sets), Counter())


class Headers(Mapping[File, Header]):
    """The headers of an index, by section."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def __getitem__(self, file: File) -> Header:
        header = self._index.header(file.slot) if isinstance(file, Section) else None
        if header is None:
            raise KeyError(file)
        return header

    def __len__(self) -> int:
        return int((self._index.arrays["header"] >= 0).sum())

    def __iter__(self) -> Iterator[File]:
        return (
            self._index.section(*divmod(int(slot), 2)) for slot in np.flatnonzero(self._index.arrays["header"] >= 0)
        )
