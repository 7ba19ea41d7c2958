"""Does a lying server, or a broken archive, ever get a wrong file accepted or leave anything behind?

    python benchmarks/fetching.py --times 200

1. A file of 2 MB is cut at random bytes, several times on its way, by servers that resume, that do not, that flip bits,
   claim other lengths, send other parts, or have changed the file. Counted: the exact file, an error told, and, which
   must not be, another file. Then an honest server is asked: what is left must be in nobody's way.
2. Archives of each kind with random bits flipped, or cut at a random byte: refused, or unpacked to the very files.
"""

import argparse
import hashlib
import os
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from pixlate import archives
from pixlate.data.fetching.downloading import Expected, Patience, download
from pixlate.errors import ArchiveError, FetchError

TESTS = Path(__file__).parents[1] / "tests"
sys.path += [str(TESTS / "archives"), str(TESTS / "data" / "fetching")]

import evil  # type: ignore[import-not-found]  # noqa: E402 - of the tests
import lying_server as lie  # type: ignore[import-not-found]  # noqa: E402


def lying_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def behaviour(draw: random.Random, size: int) -> list[lie.Step]:
    """What a server does, answer by answer."""
    steps: list[lie.Step] = [lie.cutting(draw.randrange(size)) for _ in range(draw.randint(0, 3))]
    steps.append(
        draw.choice(
            [
                lie.honest,
                lie.cutting(draw.randrange(1, size)),
                lie.ignoring_ranges(draw.randrange(size)),
                lie.chunked(draw.randrange(size)),
                lie.claiming(draw.randrange(size // 2, 2 * size)),
                lie.flipping(draw),
                lie.wrong_part,
                lie.another_files_part,
                lie.page,
                lie.in_a_loop,
                lie.status(503),
            ]
        )
    )
    return [*steps, lie.honest] if draw.random() < 0.5 else steps


def downloads(times: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """How often a file came, an error was told, and what was wrong."""
    counted: Counter[str] = Counter()
    wrong = []
    for seed in range(times):
        draw = random.Random(seed)
        content = b"PK\x03\x04" + draw.randbytes(2_000_000)
        expected = Expected(draw.choice([None, len(content)]), hashlib.sha256(content).hexdigest())
        part, patience = folder / f"{seed}.zip.part", Patience(stall=5, attempts=3, pause=0)
        with lie.serving(content, *behaviour(draw, len(content)), etag=draw.choice(['"one"', None])) as server:
            try:
                download([server.url], part, expected, patience, tell=lambda _: None)
                counted["the exact file" if part.read_bytes() == content else "ANOTHER FILE"] += 1
            except FetchError:
                counted["an error told"] += 1
            server.content, server.etag, server.steps, server.sent = content, '"one"', [lie.honest], 0
            download([server.url], part, expected, patience, tell=lambda _: None)
            counted["bytes spared afterwards"] += len(content) - server.sent
        if part.read_bytes() != content:
            wrong.append(f"server {seed}: another file")
        if lying_in(folder) != [part.name, f"{part.name}.json"]:
            wrong.append(f"server {seed} left {lying_in(folder)}")
        for path in folder.iterdir():
            path.unlink()
    return counted, wrong


def broken(times: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """How often a broken archive was refused, or unpacked all the same, and what was wrong."""
    counted: Counter[str] = Counter()
    wrong = []
    files = {f"train/{number}": random.Random(number).randbytes(700 * number) for number in range(8)}
    for seed in range(times):
        draw = random.Random(seed)
        kind = draw.choice([*evil.PACKED, "zip"])
        content = bytearray(
            evil.zipped(*files.items(), method=8) if kind == "zip" else evil.PACKED[kind](evil.tar(*files.items()))
        )
        if draw.random() < 0.3:
            del content[draw.randrange(len(content)) :]
        else:
            content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        archive = folder / "archive"
        archive.write_bytes(content)
        try:
            archives.extract(archive, folder / "out")
        except ArchiveError:
            counted[f"{kind} refused"] += 1
            if lying_in(folder) != ["archive"]:
                wrong.append(f"archive {seed} left {lying_in(folder)}")
            continue
        counted[f"{kind} unpacked"] += 1
        found = {p.relative_to(folder / "out").as_posix(): p.read_bytes() for p in (folder / "out").rglob("*/*")}
        if found != files and kind != "tar":  # which has a checksum for its headers only
            wrong.append(f"archive {seed} ({kind}) unpacked to something else")
        (folder / "out").rename(folder.parent / f"out{seed}")
    return counted, wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=200)
    times = parser.parse_args().times
    os.environ["no_proxy"] = "127.0.0.1"
    wrong = []
    for campaign in (downloads, broken):
        with tempfile.TemporaryDirectory() as folder:
            inner = Path(folder) / "here"
            inner.mkdir()
            counted, faults = campaign(times, inner)
        for what, count in sorted(counted.items()):
            print(f"{what:24} {count}")
        wrong += faults
    print("\n".join(wrong) or "nothing wrong was accepted, nothing was left")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
