"""Files made to do harm: is each read, or refused in one sentence, in little time and memory?

    python benchmarks/hostile_pictures.py --count 100000

A small file of every format and mode is damaged at random, by seed and number alone: bits, lengths, pieces cut, doubled
and exchanged, checksums mended or not. A failure is any error but PictureError, a picture other than its header said, a
process that dies, more than 2 s or 512 MiB, or a word on stderr. Then come the bombs of `picture_bombs.py`, which
promise far more than they hold; a failure is any answer but a refusal, or more than 64 MiB.
"""

import argparse
import gc
import multiprocessing
import os
import random
import resource
import struct
import sys
import tempfile
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path

import picture_bombs
import picture_files
from pixlate import images
from pixlate.errors import PictureError

NUMBERS = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
SECONDS, MEBIBYTES, BOMB_MEBIBYTES = 2, 512, 64
PATIENCE = 60
"""Seconds of the clock before a child is given up; the 2 s are its own processor's, whoever else is at work."""


def mutant(seed: int, number: int) -> tuple[str, bytes]:
    """The name and the content of a damaged file."""
    draw = random.Random(f"{seed} {number}")
    files = picture_files.seeds()
    name = draw.choice(list(files))
    content = bytearray(files[name])
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        damage(content, draw, files)
    if name.endswith(".png") and draw.random() < 0.8:
        content = with_checksums(content)
    return name, bytes(content)


def damage(content: bytearray, draw: random.Random, files: dict[str, bytes]) -> None:
    """One change, most of them near the beginning, where formats describe themselves."""
    at = min(draw.randrange(len(content) + 1), draw.randrange(len(content) + 1))
    piece = slice(at, at + draw.choice((1, 2, 4, 8, 12, 40)))
    kind = draw.choice(("bit", "bit", "number", "number", "byte", "cut", "doubled", "left out", "exchanged", "spliced"))
    if kind == "bit" and at < len(content):
        content[at] ^= 1 << draw.randrange(8)
    elif kind == "byte" and at < len(content):
        content[at] = draw.choice((0, 1, 0x7F, 0xFF, draw.randrange(256)))
    elif kind == "number":
        code = draw.choice(("<H", ">H", "<I", ">I", "<Q", ">Q"))
        value = draw.choice((*NUMBERS, len(content), draw.randrange(1 << 16))) % (1 << 8 * struct.calcsize(code))
        content[at : at + struct.calcsize(code)] = struct.pack(code, value)
    elif kind == "cut":
        del content[draw.randrange(len(content) + 1) :]
    elif kind == "doubled":
        content[at:at] = content[piece] * draw.choice((1, 1, 2, 50))
    elif kind == "left out":
        del content[piece]
    elif kind == "exchanged":
        content[piece] = draw.randbytes(len(content[piece]))
    elif kind == "spliced":
        other = draw.choice(list(files.values()))
        content[at:] = other[min(at, len(other)) :]


def with_checksums(content: bytearray) -> bytearray:
    """A PNG whose chunks have the checksums of what they hold, as far as they can be followed."""
    at = 8
    while at + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        end = at + 8 + length
        if end + 4 > len(content):
            break
        struct.pack_into(">I", content, end, zlib.crc32(content[at + 4 : end]))
        at = end + 4
    return content


def judge(path: Path) -> str:
    """What became of it: `decoded`, `refused`, or what is wrong."""
    header = picture = None
    try:
        header = images.read_header(path)
    except PictureError as error:
        if str(path) not in str(error) or "\n" in str(error):
            return f"FAILED: told {str(error)!r}"
    except BaseException as error:  # noqa: BLE001
        return f"FAILED: read_header raised {error!r}"
    try:
        picture = images.read(path, alpha="keep")
    except PictureError as error:
        return "refused" if str(path) in str(error) and "\n" not in str(error) else f"FAILED: told {str(error)!r}"
    except BaseException as error:  # noqa: BLE001
        return f"FAILED: read raised {error!r}"
    if header is None:
        return "FAILED: the header is refused, the picture read"
    height, width, channels = picture.shape
    said = (header.height, header.width, header.channels_with("keep"), header.number)
    alike = said == (height, width, channels, picture.dtype.name)
    return "decoded" if alike else f"FAILED: {picture.shape} {picture.dtype}, but the header says {said}"


def peak() -> float:
    """The most memory this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def look(path: Path) -> str:
    """`judge`, with its time and memory."""
    before, start = peak(), time.process_time()
    outcome = judge(path)
    seconds, more = time.process_time() - start, peak() - before
    if seconds > SECONDS:
        outcome = f"FAILED: {seconds:.1f} s, {outcome}"
    return outcome if more < MEBIBYTES else f"FAILED: {more:.0f} MiB, {outcome}"


def child(link: Connection, seed: int, errors: Path) -> None:
    """Judge mutants by their numbers, until none comes."""
    told = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(told, 2)
    resource.setrlimit(resource.RLIMIT_AS, (16 << 30, 16 << 30))
    warnings.simplefilter("always", append=True)
    with tempfile.TemporaryDirectory() as folder:
        while (number := link.recv()) is not None:
            name, content = mutant(seed, number)
            path = Path(folder) / name
            path.write_bytes(content)
            size = errors.stat().st_size
            outcome = look(path)
            noisy = errors.stat().st_size > size
            path.unlink()
            link.send((name, outcome, noisy))


class Pool:
    """Children at work, each replaced when it dies or hangs."""

    def __init__(self, processes: int, seed: int, errors: Path) -> None:
        self.seed, self.errors = seed, errors
        self.context = multiprocessing.get_context("fork")
        self.children = [self.start() for _ in range(processes)]

    def start(self) -> tuple[multiprocessing.process.BaseProcess, Connection]:
        ours, theirs = self.context.Pipe()
        process = self.context.Process(target=child, args=(theirs, self.seed, self.errors), daemon=True)
        process.start()
        theirs.close()
        return process, ours

    def judged(self, numbers: Iterator[int]) -> Iterator[tuple[int, str, str, bool]]:
        """Number, name, outcome and whether anything was written to stderr, of every one."""
        busy: dict[int, tuple[int, float]] = {}
        idle = list(range(len(self.children)))
        while True:
            for place in idle:
                number = next(numbers, None)
                if number is not None:
                    self.children[place][1].send(number)
                    busy[place] = number, time.monotonic()
            idle = []
            if not busy:
                break
            wait([self.children[place][1] for place in busy], timeout=1)
            for place in [place for place in busy if self.children[place][1].poll()]:
                number, _ = busy.pop(place)
                idle.append(place)
                try:
                    yield number, *self.children[place][1].recv()
                except EOFError:
                    self.children[place][0].join()
                    yield number, "", f"FAILED: the process died ({self.children[place][0].exitcode})", False
                    self.children[place] = self.start()
            for place, (number, since) in list(busy.items()):
                if time.monotonic() - since > PATIENCE:
                    self.children[place][0].kill()
                    yield number, "", f"FAILED: nothing after {PATIENCE} s", False
                    del busy[place]
                    self.children[place] = self.start()
                    idle.append(place)
        for process, link in self.children:
            link.send(None)
            process.join()


def fuzz(count: int, seed: int, processes: int, first: int = 0) -> list[str]:
    """Print how many of `count` mutants were decoded and refused; the failures."""
    counts: Counter[str] = Counter()
    kinds: dict[str, Counter[str]] = {}
    failures, noisy = [], []
    with tempfile.TemporaryDirectory() as folder:
        errors = Path(folder) / "stderr"
        errors.touch()
        start = time.monotonic()
        for number, name, outcome, loud in Pool(processes, seed, errors).judged(iter(range(first, first + count))):
            word = outcome.split(":", maxsplit=1)[0]
            counts[word] += 1
            kinds.setdefault(name.rpartition(".")[2] or "died", Counter())[word] += 1
            if word == "FAILED":
                failures.append(f"{number} {name}: {outcome}")
            if loud:
                noisy.append(f"{number} {name}")
        seconds = time.monotonic() - start
        told = errors.read_text(errors="replace").splitlines()
    for ending, found in sorted(kinds.items()):
        print(f"{ending}: {', '.join(f'{found[word]:,} {word}' for word in ('decoded', 'refused', 'FAILED'))}")
    print(
        f"seed {seed}: {count:,} mutants of {len(picture_files.seeds())} files: {counts['decoded']:,} decoded, "
        f"{counts['refused']:,} refused, {len(failures)} failures, {len(noisy)} wrote to stderr; {seconds:.0f} s"
    )
    print("\n".join([*failures[:40], *(f"stderr: {line}" for line in noisy[:10]), *dict.fromkeys(told[:20])]))
    return failures + noisy


def explode(link: Connection, path: Path) -> None:
    """Judge one bomb, in a process of its own."""
    images.read(Path(path).with_name("warm.png"))
    gc.collect()
    before, start = peak(), time.process_time()
    reasons = []
    for reader in (images.read_header, images.read):
        try:
            reader(path)
        except PictureError as error:
            reasons.append(str(error).replace(str(path), "it"))
        except BaseException as error:  # noqa: BLE001
            reasons.append(f"FAILED: {error!r}")
        else:
            reasons.append("read")
    link.send((peak() - before, (time.process_time() - start) * 1000, reasons))


def bombs() -> list[str]:
    """Print what each bomb took, and why it was refused; the failures."""
    failures, most_memory, most_time = [], 0.0, 0.0
    # Forked from a process that never held a bomb: a child's peak begins with its parent's memory.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pixlate.images"])
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "warm.png").write_bytes(picture_files.seeds()["rgb.png"])
        every = list(picture_bombs.bombs(Path(folder)))
        for path in every:
            ours, theirs = context.Pipe()
            process = context.Process(target=explode, args=(theirs, path))
            process.start()
            theirs.close()
            try:
                memory, milliseconds, reasons = ours.recv() if ours.poll(PATIENCE) else (0, 0, ["FAILED: hangs"])
            except EOFError:
                memory, milliseconds, reasons = 0, 0, ["FAILED: the process died"]
            process.kill()
            process.join()
            most_memory, most_time = max(most_memory, memory), max(most_time, milliseconds)
            bad = reasons[-1] == "read" or any("FAILED" in why for why in reasons) or memory > BOMB_MEBIBYTES
            failures += [path.name] * bad
            print(f"{'FAILED ' * bad}{path.name}: {memory:.1f} MiB, {milliseconds:.0f} ms; {reasons[-1]}")
            path.unlink()
    print(f"{len(every)} bombs: {len(failures)} failures; at most {most_memory:.0f} MiB and {most_time:.0f} ms")
    return failures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutant, to see one again")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    failures = fuzz(given.count, given.seed, given.processes, given.first) + bombs()
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
