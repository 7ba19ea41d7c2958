"""Does `pixlate data check` find every defect, invent none, and how fast?

    python benchmarks/data_check.py --pictures 10000 --each 7 --out runs/data_check

Pairs of 256 px in two folders, drawn once and each made a file of its own by a comment in it, so that none is another's
duplicate; then `--each` of every kind of defect, at places drawn by the seed. What the check says is compared with what
was planted, kind by kind and path by path.
"""

import argparse
import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 256
_DRAWN = 20
_ORIENTATION = 0x0112

Found = tuple[str, frozenset[str]]


@dataclass
class Planting:
    """A set of pairs, and what was done to it."""

    root: Path
    draw: random.Random
    drawn: list[Image.Image]
    names: list[str]
    """Of training pairs that nothing was done to."""
    held_out: list[str]
    planted: Counter[Found] = field(default_factory=Counter)

    def path(self, side: str, name: str, part: str = "train", ending: str = ".jpg") -> Path:
        return self.root / side / part / (name + ending)

    def take(self) -> str:
        return self.names.pop(self.draw.randrange(len(self.names)))

    def expect(self, kind: str, *paths: Path) -> None:
        self.planted[kind, frozenset(map(str, paths))] += 1

    def encoded(self, kind: str = "JPEG", mode: str = "RGB", size: tuple[int, int] = (SIDE, SIDE)) -> bytes:
        """A picture, which no other has the bytes of."""
        return encode(self.draw.choice(self.drawn).convert(mode).resize(size), kind, self.draw.getrandbits(64))

    def add(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.encoded())


def encode(image: Image.Image, kind: str, number: int, **more: object) -> bytes:
    """The picture as a file that no other number gives."""
    file = io.BytesIO()
    if kind == "PNG":
        image = image.copy()
        image.putpixel((0, 0), tuple(number >> 8 * place & 255 for place in range(3)) + (image.mode == "RGBA") * (7,))
        image.save(file, kind)
        return file.getvalue()
    image.save(file, kind, quality=90, comment=f"picture {number:020d}".encode(), **more)
    return file.getvalue()


def sketched(seed: int) -> Image.Image:
    """Something as large, encoded, as a photograph: noise of several scales."""
    draw = np.random.default_rng(seed)
    whole = np.zeros((SIDE, SIDE, 3), np.float32)
    for side, weight in ((4, 0.5), (16, 0.3), (64, 0.15), (256, 0.05)):
        noise = Image.fromarray(draw.integers(0, 256, (side, side, 3), np.uint8))
        whole += weight * np.asarray(noise.resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.float32)
    return Image.fromarray(whole.astype(np.uint8))


def lay(root: Path, pictures: int, seed: int) -> Planting:
    """A sound set of so many pictures, in pairs; a tenth of it in val."""
    shutil.rmtree(root, ignore_errors=True)
    drawn = [sketched(seed * 1000 + number) for number in range(_DRAWN)]
    encoded = [encode(image, "JPEG", 0) for image in drawn]
    zero = f"picture {0:020d}".encode()
    names = [f"p{number:06d}" for number in range(pictures // 2)]
    count = len(names) // 10
    for number, name in enumerate(names):
        for place, side in enumerate("AB"):
            path = root / side / ("val" if number < count else "train") / f"{name}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            comment = f"picture {2 * number + place + 1:020d}".encode()
            path.write_bytes(encoded[(7 * number + 3 * place) % _DRAWN].replace(zero, comment))
    return Planting(root, random.Random(seed), drawn, names[count:], names[:count])


Content = Callable[[Planting, bytes], bytes]


def replaced(kind: str, content: Content, ending: str = ".jpg") -> Callable[[Planting], None]:
    """The planting of a defect that is one file with other content."""

    def plant(to: Planting) -> None:
        name = to.take()
        path = to.path("A", name)
        whole = path.read_bytes()
        path.unlink()
        path = path.with_suffix(ending)
        path.write_bytes(content(to, whole))
        to.expect(kind, path)

    return plant


def linked(kind: str, target: str) -> Callable[[Planting], None]:
    def plant(to: Planting) -> None:
        path = to.path("A", to.take())
        path.unlink()
        path.symlink_to(target or path.name)
        to.expect(kind, path)

    return plant


def unreadable(to: Planting) -> None:
    """A file that may not be read; root may read all, so for root a pipe."""
    path = to.path("A", to.take())
    if os.geteuid() == 0:
        path.unlink()
        os.mkfifo(path)
    else:
        path.chmod(0)
    to.expect("unreadable", path)


def unmatched(to: Planting) -> None:
    name = to.take()
    to.path("B", name).unlink()
    to.expect("unmatched", to.path("A", name))


def copied(kind: str, one: str, other: str, part: str = "train") -> Callable[[Planting], None]:
    """The planting of the same file twice."""

    def plant(to: Planting) -> None:
        first = to.path(one, to.take())
        name = first.stem if one != other else to.held_out.pop() if part == "val" else to.take()
        second = to.path(other, name, part)
        shutil.copyfile(first, second)
        to.expect(kind, first, second)

    return plant


def odd_name(to: Planting) -> None:
    name = to.take()
    for side in "AB":
        path = to.path(side, os.fsdecode(name.encode() + b"\xff\xe9"))
        to.path(side, name).rename(path)
        to.expect("odd-name", path)


def collision(to: Planting) -> None:
    name = to.take()
    for side in "AB":
        path = to.path(side, name.upper())
        to.add(path)
        to.expect("name-collision", path, to.path(side, name))


def hidden(to: Planting) -> None:
    path = to.path("B", "." + to.take())
    path.write_bytes(to.encoded())
    to.expect("hidden", path)


def duplicate_stem(to: Planting) -> None:
    name = to.take()
    other = to.path("A", name, ending=".png")
    other.write_bytes(to.encoded("PNG"))
    for path in (other, to.path("A", name)):
        to.expect("duplicate-stem", path)


def orientation(to: Planting) -> None:
    name = to.take()
    exif = Image.Exif()
    exif[_ORIENTATION] = 3
    content = encode(to.draw.choice(to.drawn), "JPEG", to.draw.getrandbits(64), exif=exif)
    to.path("A", name).write_bytes(content)
    to.expect("orientation", to.path("A", name), to.path("B", name))


def passed_over(to: Planting) -> None:
    path = to.path("A", to.take(), ending=".txt")
    path.write_text("a note")
    to.expect("passed-over", path)


def folder_loop(to: Planting) -> None:
    path = to.path("A", f"loop{to.draw.getrandbits(32)}", ending="")
    path.symlink_to("..")
    to.expect("folder-loop", path)


def of_one_finding(to: Planting, each: int) -> None:
    """Kinds that are told for a folder, or a side, at once."""
    for side in "AB":
        inside = [to.path(side, f"n{number}", "train/val") for number in range(each)]
        for path in inside:
            to.add(path)
        to.expect("nested", *inside)
    outside = [to.root / "spare" / f"s{number}.jpg" for number in range(each)]
    for path in outside:
        to.add(path)
    to.expect("left-alone", *outside)
    grey = [to.path("A", to.take()) for _ in range(each)]
    for path in grey:
        path.write_bytes(to.encoded(mode="L"))
    to.expect("mixed-channels", *grey)


def truncated(to: Planting, whole: bytes) -> bytes:
    return whole[: to.draw.randint(len(whole) // 10, len(whole) - 2)]


def damaged(to: Planting, _: bytes) -> bytes:
    content = bytearray(to.encoded("PNG"))
    content[len(content) // 2] ^= 255
    return bytes(content)


def transparent(to: Planting, _: bytes) -> bytes:
    return to.encoded("PNG", "RGBA")


PLANTED: tuple[Callable[[Planting], None], ...] = (
    replaced("empty", lambda _to, _whole: b""),
    replaced("truncated", truncated),
    replaced("wrong-extension", lambda to, _: to.encoded("PNG")),
    replaced("html", lambda _to, _whole: b"<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n"),
    unmatched,
    replaced("size-mismatch", lambda to, _: to.encoded(size=(SIDE - 8, SIDE))),
    copied("duplicate", "A", "A"),
    linked("link-loop", ""),
    unreadable,
    odd_name,
    collision,
    hidden,
    linked("dangling-link", "nowhere.jpg"),
    folder_loop,
    copied("leak", "A", "A", "val"),
    copied("same-on-both-sides", "A", "B"),
    replaced("damaged", damaged, ".png"),
    replaced("not-a-picture", lambda _, whole: b"GIF89a" + whole[:100]),
    replaced("transparency", transparent, ".png"),
    replaced("flat", lambda to, _: encode(Image.new("RGB", (SIDE, SIDE), "red"), "JPEG", to.draw.getrandbits(64))),
    duplicate_stem,
    orientation,
    passed_over,
)


def campaign(root: Path, pictures: int, each: int, seed: int) -> Planting:
    """A set with `each` of every kind of defect."""
    to = lay(root, pictures, seed)
    of_one_finding(to, each)
    for plant in PLANTED:
        for _ in range(each):
            plant(to)
    return to


def checked(root: Path, *flags: str) -> tuple[Counter[Found], str]:
    """What the command finds, and what it took."""
    out = root.with_suffix(".json")
    words = [sys.executable, "-m", "pixlate", "data", "check", str(root), "--json", str(out), *flags]
    before, started = os.times(), time.perf_counter()
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    after, wall = os.times(), time.perf_counter() - started
    computed = after.children_user + after.children_system - before.children_user - before.children_system
    assert done.returncode == 1, done.stdout + done.stderr
    document = json.loads(out.read_text())
    speed = re.findall(r"^.* a second$", done.stdout, re.MULTILINE)[0]
    took = f"{speed}; the command {wall:.1f} s, {document['files'] / computed:,.0f} pictures a second of a core"
    return Counter((each["kind"], frozenset(each["paths"])) for each in document["findings"]), took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--each", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("runs/data_check"))
    given = parser.parse_args()
    root = (given.out / "set").resolve()
    to = campaign(root, given.pictures, given.each, given.seed)
    found, took = checked(root)
    kinds = {kind: [0, 0] for kind, _ in to.planted}
    for kind, paths in to.planted:
        kinds[kind][0] += 1
        kinds[kind][1] += (kind, paths) in found
    print("\n".join(f"{kind:20} planted {planted:4}, found {seen:4}" for kind, (planted, seen) in kinds.items()))
    missed, invented = to.planted - found, found - to.planted
    print(f"{len(kinds)} kinds, {to.planted.total()} planted, {missed.total()} missed, {invented.total()} invented")
    for what, some in (("missed", missed), ("invented", invented)):
        for kind, paths in list(some)[:20]:
            print(f"  {what}: {kind} {sorted(paths)[:3]}")
    for flags in ((), ("--workers", "1"), ("--fast",)):
        print(f"{' '.join(flags) or 'as it comes':12} {took if not flags else checked(root, *flags)[1]}")
    sys.exit(bool(missed or invented))


if __name__ == "__main__":
    main()
