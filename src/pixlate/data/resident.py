"""Training pictures kept on the device: read and fitted once; cropped, mirrored and scaled there.

The batches are those of the loader, to the bit.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from pixlate import images
from pixlate.data import augment
from pixlate.data.augment import Draw, Preparation
from pixlate.data.dividing import names_of
from pixlate.data.loading import Batch, Places, Stream, in_turn
from pixlate.data.reading import read, read_pair
from pixlate.data.shards.section import Section
from pixlate.images import Picture
from pixlate.specs.pictures import Kind

_SHARE = 4
"""Pictures may take one part in so many of the memory that is free."""


def budget(device: torch.device) -> int:
    """Bytes of the device's memory that pictures may take; none where the loader is as near to the arithmetic."""
    return torch.cuda.mem_get_info(device)[0] // _SHARE if device.type == "cuda" else 0


def obstacle(stream: Stream, to_come: int, room: int) -> str | None:
    """Why the loader prepares each picture anew, for a person; None where pictures can be kept in `room` bytes.

    `to_come` is how many places of the stream are still to be learned from.
    """
    kinds = (stream.sides.source, stream.sides.target)
    obstacles = {
        "fewer are still to come than there are": to_come < len(stream.examples),
        "a recipe makes sources of what was cropped": stream.making is not None,
        "others stand in for those that cannot be read": stream.skip_bad,
        "--cache keeps them": stream.cache is not None,
        "they are fetched when their turn comes": _is_remote(stream),
        "Lab is computed of what was cropped": any(kind.space in ("lightness", "ab") for kind in kinds),
        f"they take more than {room >> 20:,} MiB, a quarter of the memory that is free": _least(stream) > room,
    }
    return next((why for why, stands in obstacles.items() if stands), None)


def kept(
    stream: Stream, to_come: int, device: torch.device, threads: int, tell: Callable[[str], object]
) -> "Resident | None":
    """The stream's pictures on the device, if they fit there. All are read at once, by so many threads.

    Raises:
        PictureError: one that cannot be read, or a pair that differs in size.
    """
    room = budget(device)
    if room == 0:
        return None
    why = obstacle(stream, to_come, room)
    if why is None:
        resident = Resident(stream, device)
        why = resident.read(room, threads)
        if why is None:
            tell(f"pictures are kept on the device: {resident.nbytes >> 20:,} MiB")
            return resident
    tell(f"pictures are prepared by the loader, not kept on the device: {why}")
    return None


class Resident:
    """What a stream gives, from pictures that lie on the device."""

    def __init__(self, stream: Stream, device: torch.device) -> None:
        self._stream = stream
        kinds = (stream.sides.source, stream.sides.target)
        self._source, self._target = (_Side(kind, stream.preparation, device) for kind in kinds)
        examples = stream.examples
        self._names = [names_of(files) for files in (examples.sources, examples.targets)]

    @property
    def nbytes(self) -> int:
        """Memory that the pictures take."""
        return self._source.nbytes + self._target.nbytes

    def read(self, room: int, threads: int) -> str | None:
        """Read all pictures; returns why they cannot be kept after all, for a person, if they cannot."""
        pool = ThreadPoolExecutor(threads)
        try:
            for source, target in pool.map(self._fitted, range(len(self._stream.examples))):
                self._source.keep(source)
                self._target.keep(target)
                if self.nbytes > room:
                    return f"they take more than {room >> 20:,} MiB, a quarter of the memory that is free"
        finally:
            pool.shutdown(cancel_futures=True)
        return None if self._source.alike and self._target.alike else "they are of several kinds of number"

    def batches(
        self, *, start: int, steps: int, batch: int, accumulate: int = 1, rank: int = 0, world: int = 1
    ) -> Iterator[tuple[Batch, ...]]:
        """As the loader's, on the device."""
        group: list[Batch] = []
        for places in Places(start, steps, batch, accumulate, rank, world):
            group.append(self._batch(places))
            if len(group) == accumulate:
                yield tuple(group)
                group = []

    def _batch(self, places: Sequence[int]) -> Batch:
        seed, counts = self._stream.seed, [len(names) for names in self._names]
        sides = ((),) if self._stream.examples.paired else (("X",), ("Y",))
        turns = []
        for side, count in zip(sides, counts, strict=False):
            own = [in_turn(seed, place, count, *side) for place in places]
            turns.append([(index, augment.draw(seed, epoch, index, *side)) for epoch, index in own])
        source, target = turns * 2 if len(turns) == 1 else turns
        names = (self._names[0][index] for index, _ in source)
        if not self._stream.examples.paired:
            others = (self._names[1][index] for index, _ in target)
            names = (f"{one} and {other}" for one, other in zip(names, others, strict=True))
        return Batch(self._source.take(source), self._target.take(target), tuple(names))

    def _fitted(self, index: int) -> tuple[Tensor | None, Tensor | None]:
        """Both pictures of a pair, or one of each side as far as there are any."""
        examples, sides = self._stream.examples, self._stream.sides
        if examples.paired:
            source, target = read_pair(examples.sources[index], examples.targets[index], sides)
            return self._source.fitted(source), self._target.fitted(target)
        return (
            self._source.fitted(read(examples.sources[index], sides.source)) if index < len(examples.sources) else None,
            self._target.fitted(read(examples.targets[index], sides.target)) if index < len(examples.targets) else None,
        )


class _Side:
    """One side's pictures, each (C, H, W) in its own kind of number; label maps as a plane of -1 and 1 each class."""

    def __init__(self, kind: Kind, preparation: Preparation, device: torch.device) -> None:
        self._kind, self._device = kind, device
        self._preparation = augment.suited(preparation, kind)
        self._pictures: list[Tensor] = []
        # Tensors, for CUDA divides by a number as it multiplies by what is near to its inverse.
        self._low, self._half = (torch.from_numpy(ends).to(device) for ends in images.scale(kind))
        self.nbytes = 0

    @property
    def alike(self) -> bool:
        """Whether all are of one kind of number."""
        return len({picture.dtype for picture in self._pictures}) == 1

    def fitted(self, picture: Picture) -> Tensor:
        """A picture (H, W, C) as it is kept, on the host."""
        fitted = augment.fitted(picture, self._preparation)
        if self._kind.space == "classes":
            return torch.from_numpy(images.to_float(fitted, self._kind)).to(torch.int8)
        planes = np.array(fitted.transpose(2, 0, 1), order="C", dtype=fitted.dtype.newbyteorder("="))
        return torch.from_numpy(planes.view(np.int16) if planes.dtype == np.uint16 else planes)

    def keep(self, picture: Tensor | None) -> None:
        """Take one more to the device."""
        if picture is not None:
            self._pictures.append(picture.to(self._device))
            self.nbytes += picture.nbytes

    def take(self, turns: Sequence[tuple[int, Draw]]) -> Tensor:
        """(N, planes, H, W) in [-1, 1] of these pictures, each with its draw."""
        p = self._preparation
        crops = []
        for index, drawn in turns:
            picture = self._pictures[index]
            top, left = augment.corner(picture.shape[1], picture.shape[2], p, drawn)
            crop = picture[:, top : top + p.height, left : left + p.width]
            crops.append(crop.flip(-1) if drawn.mirror and p.mirror else crop)
        return self._scaled(torch.stack(crops))

    def _scaled(self, crops: Tensor) -> Tensor:
        """What `images.to_float` makes of them."""
        if self._kind.space == "classes":
            return crops.float()
        wide = crops.int() & 0xFFFF if crops.dtype == torch.int16 else crops
        values = (wide.float() - self._low) / self._half - 1
        own = {"uint8": torch.uint8, "uint16": torch.int16}.get(self._kind.number)
        return values if self._kind.full_scale and crops.dtype == own else values.clamp(-1, 1)


def _is_remote(stream: Stream) -> bool:
    files = (each[0] for each in (stream.examples.sources, stream.examples.targets) if len(each))
    return any(isinstance(file.path, Section) and file.path.remote for file in files)


def _least(stream: Stream) -> int:
    """Bytes that the pictures take at least: exactly so many, where all are stretched to one size."""
    p, total = stream.preparation, 0
    shape = (p.load_height, p.load_width) if p.fit == "stretch" else (p.height, p.width)
    examples = stream.examples
    for kind, files in ((stream.sides.source, examples.sources), (stream.sides.target, examples.targets)):
        planes = kind.planes if kind.space == "classes" else kind.channels
        width = {"uint8": 1, "uint16": 2, "float32": 4}[kind.number]
        total += len(files) * planes * width * shape[0] * shape[1]
    return total
