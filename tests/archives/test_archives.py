"""Archives: honest ones are unpacked byte for byte; from others nothing comes out, and nothing is left."""

import io
import os
import random
import stat
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from evil import ABSOLUTE, CONTENT, EVIL, PACKED, info, tar, zip_info, zipped
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pixlate import archives
from pixlate.archives import Limits
from pixlate.errors import ArchiveError, WriteError

HONEST = {
    "train/1.jpg": b"",
    "train/2.jpg": b"x",
    "train/deep/er/2009-12-06 06:58:39.jpg": bytes(range(256)) * 3000,
    "caf\u00e9/\u65e5\u672c.png": b"\xff\xd8" * 512,
    "a" * 150 + "/" + "b" * 150 + ".txt": b"long",
    ".hidden": b"dot",
}


def tree(folder: Path) -> dict[str, bytes | None]:
    """All that lies in a folder, links and their targets unfollowed."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() and not path.is_symlink() else None
        for path in folder.rglob("*")
    }


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder to unpack in, with a canary beside it and a folder of links around."""
    canary = tmp_path / "canary"
    canary.mkdir()
    (canary / "old").write_bytes(b"sings")
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


def test_there_are_sixty_and_more() -> None:
    assert len(EVIL) >= 60


@pytest.mark.parametrize("name", EVIL)
def test_an_evil_archive_is_refused_by_name(name: str, place: Path) -> None:
    ending, content, words = EVIL[name]
    archive = place.parent / f"evil.{ending}"
    archive.write_bytes(content)
    before = tree(place.parent)
    with pytest.raises(ArchiveError) as refused:
        archives.extract(archive, place / "out")
    assert words in str(refused.value)
    assert str(archive) in str(refused.value)
    assert str(refused.value).isprintable()
    assert tree(place.parent) == before
    assert not Path(ABSOLUTE).exists()


@pytest.mark.parametrize("ending", [*PACKED, "zip", "deflated.zip"])
def test_an_honest_archive_is_unpacked_byte_for_byte(ending: str, place: Path) -> None:
    archive = place.parent / f"honest.{ending}"
    members = tuple(HONEST.items())
    if ending.endswith("zip"):
        archive.write_bytes(zipped(*members, method=zipfile.ZIP_DEFLATED if "deflated" in ending else 0))
    else:
        folders = (info("./", tarfile.DIRTYPE, mode=0o2755), info("empty", tarfile.DIRTYPE, mode=0o2755))
        archive.write_bytes(PACKED[ending](tar(*folders, *members)))
    told = []
    archives.extract(archive, place / "out", progress=lambda *counts: told.append(counts))
    found = {name: content for name, content in tree(place / "out").items() if content is not None}
    assert found == HONEST
    assert (place / "out" / "empty").is_dir() == (not ending.endswith("zip"))
    assert {name.split("/")[0] for name in tree(place)} == {"out"}
    assert told[-1][1] == archive.stat().st_size


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_format_of_tar_is_read(form: int, place: Path) -> None:
    name = "a" * 90 + "/" + "b" * 90
    archive = place.parent / "a.tar"
    archive.write_bytes(tar((name, CONTENT), ("c", b"1"), form=form))
    archives.extract(archive, place / "out")
    assert (place / "out" / name).read_bytes() == CONTENT


def test_a_tar_of_the_old_kind_without_a_magic_word_in_gzip(place: Path) -> None:
    block = bytearray(tar(("old/", b""), ("old/a", CONTENT), form=tarfile.USTAR_FORMAT))
    for at in (0, 512):
        block[at + 257 : at + 265] = bytes(8)
        block[at + 156] = 0
        block[at + 148 : at + 156] = b" " * 8
        block[at + 148 : at + 156] = b"%06o\0 " % sum(block[at : at + 512])
    archive = place.parent / "old.tar.gz"
    archive.write_bytes(PACKED["tar.gz"](bytes(block)))
    archives.extract(archive, place / "out")
    assert tree(place / "out") == {"old": None, "old/a": CONTENT}


def test_streams_one_after_another_are_one(place: Path) -> None:
    whole = tar(("a", bytes(range(256)) * 100))
    for ending in ("tar.gz", "tar.bz2", "tar.xz"):
        archive = place.parent / f"two.{ending}"
        archive.write_bytes(PACKED[ending](whole[:5000]) + PACKED[ending](whole[5000:]))
        archives.extract(archive, place / ending)
        assert (place / ending / "a").read_bytes() == bytes(range(256)) * 100


def test_files_get_ordinary_permissions(place: Path) -> None:
    for ending, content in (
        ("tar", tar(info("a", tarfile.REGTYPE, mode=0o777), info("d", tarfile.DIRTYPE, mode=0o000))),
        ("zip", zipped((zip_info("a", 0o100777), b""), (zip_info("d/", 0o040000), b""))),
    ):
        archive = place.parent / f"modes.{ending}"
        archive.write_bytes(content)
        before = os.umask(0o022)
        try:
            archives.extract(archive, place / ending)
        finally:
            os.umask(before)
        assert stat.S_IMODE((place / ending / "a").stat().st_mode) == 0o644
        assert stat.S_IMODE((place / ending / "d").stat().st_mode) == 0o755


@pytest.mark.parametrize("ending", ["tar", "zip"])
def test_limits(ending: str, place: Path) -> None:
    archive = place.parent / f"many.{ending}"
    members = [(f"{number}", CONTENT) for number in range(20)]
    archive.write_bytes(tar(*members) if ending == "tar" else zipped(*members))
    for limits, words in (
        (Limits(members=19), "more than 19 members"),
        (Limits(bytes=5000), "more than 5000 bytes"),
        (Limits(ratio=0.5, spared=0), "more than 0.5 times"),
    ):
        with pytest.raises(ArchiveError, match=words):
            archives.extract(archive, place / "out", limits)
    assert list(tree(place)) == []
    archives.extract(archive, place / "out", Limits(members=20))


def test_a_folder_that_is_there_is_not_touched(place: Path) -> None:
    archive = place.parent / "a.tar"
    archive.write_bytes(tar(("a", CONTENT)))
    with pytest.raises(WriteError, match="is there already"):
        archives.extract(archive, place)
    assert list(tree(place)) == []


def test_what_cannot_be_read_is_told(place: Path) -> None:
    for path in (place / "missing.zip", place):
        with pytest.raises(ArchiveError, match="cannot be read"):
            archives.extract(path, place / "out")


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux counts it")
def test_a_header_that_claims_much_takes_no_memory(place: Path) -> None:
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name in ("tar, a size beyond its end", "tar, long header", "tar.gz, bomb", "zip, bomb"):
        ending, content, _ = EVIL[name]
        (place.parent / f"a.{ending}").write_bytes(content)
        with pytest.raises(ArchiveError):
            archives.extract(place.parent / f"a.{ending}", place / "out")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


NAMES = st.one_of(
    st.text(max_size=12),
    st.lists(
        st.sampled_from(["..", ".", "", "a", "A", "b", "train", "nul", "é", "e\u0301", "\\", "c:"]), max_size=5
    ).map("/".join),
)
KINDS = st.sampled_from([tarfile.REGTYPE, tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, b"?"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    members=st.lists(st.tuples(NAMES, KINDS, st.binary(max_size=40)), max_size=4),
    packed=st.sampled_from([*PACKED, "zip"]),
    seed=st.integers(0, 2**32),
    flips=st.sampled_from([0, 0, 1, 3]),
    cut=st.booleans(),
)
def test_any_archive_is_unpacked_whole_or_not_at_all(
    tmp_path_factory: pytest.TempPathFactory, members: list, packed: str, seed: int, flips: int, cut: bool
) -> None:
    content = _archive(members, packed)
    chance = random.Random(seed)  # noqa: S311 - not secrets
    for _ in range(flips):
        at = chance.randrange(len(content))
        content = content[:at] + bytes([content[at] ^ (1 << chance.randrange(8))]) + content[at + 1 :]
    if cut and seed % 2:
        content = content[: chance.randrange(len(content))]
    root = tmp_path_factory.mktemp("any")
    (root / "canary").mkdir()
    (root / "place").mkdir()
    archive = root / f"any.{packed}"
    archive.write_bytes(content)
    before = tree(root)
    try:
        archives.extract(archive, root / "place" / "out")
    except ArchiveError:
        assert tree(root) == before
        return
    after = tree(root)
    assert {name: after[name] for name in after if not name.startswith("place/out")} == before
    assert not any(path.is_symlink() for path in root.rglob("*"))
    if not flips and not any(name.endswith("/") for name, _, _ in members):  # which makes some a folder
        files = {name: told for name, kind, told in members if kind == tarfile.REGTYPE}
        found = {path: told for path, told in tree(root / "place" / "out").items() if told is not None}
        assert sorted(found.values()) == sorted(files.values())


def _archive(members: list, packed: str) -> bytes:
    file = io.BytesIO()
    if packed != "zip":
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT, errors="surrogatepass") as archive:
            for name, kind, content in members:
                told = info(name, kind, "../canary")
                told.size = len(content) if kind == tarfile.REGTYPE else 0
                archive.addfile(told, io.BytesIO(content))
        return PACKED[packed](file.getvalue())
    modes = {tarfile.REGTYPE: 0, tarfile.SYMTYPE: 0o120777, tarfile.LNKTYPE: 0o120777}
    return zipped(
        *(
            (zip_info(f"{name}/", 0o040755), b"")
            if kind == tarfile.DIRTYPE
            else (zip_info(name, modes.get(kind, 0o010644)), content)
            for name, kind, content in members
        )
    )
