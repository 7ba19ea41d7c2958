"""From a name to a folder of pictures that can be trained on: fetched or given, checked, and never in part."""

import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import lying_server as lie
import numpy as np
import pytest
from lying_server import serving

from pixlate import durable, images
from pixlate.data import finding
from pixlate.data.fetching import acquiring, catalogue
from pixlate.data.fetching.acquiring import Acquired
from pixlate.data.fetching.catalogue import Archive
from pixlate.data.fetching.downloading import Patience
from pixlate.errors import ArchiveError, FetchError, PixlateError
from pixlate.training import runfolder

QUICK = Patience(stall=0.3, attempts=2, pause=0)
PICTURE = images.encode_png(np.random.default_rng(0).integers(0, 256, (64, 128, 3), np.uint8))


def facades(top: str = "facades/", *more: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name in ("train/1.png", "train/2.png", "val/1.png", "test/1.png", *more):
            info = tarfile.TarInfo(f"{top}{name}")
            info.size = len(PICTURE)
            archive.addfile(info, io.BytesIO(PICTURE))
    return gzip.compress(file.getvalue(), mtime=0)


GOOD = facades()
SHA256 = hashlib.sha256(GOOD).hexdigest()


class Fetching:
    """`fetch` of a facades whose authors are a server of ours."""

    def __init__(self, out: Path) -> None:
        self.out, self.told = out, list[str]()

    def __call__(self, *given: Path, name: str = "facades", mirrors: tuple[str, ...] = ()) -> Acquired:
        return acquiring.fetch(
            name, self.out, mirrors=mirrors, given=given, tell=self.told.append, patience=QUICK
        )  # fmt: skip

    def lying(self) -> set[str]:
        """What lies in the folder, but for the lock."""
        return {path.name for path in self.out.iterdir()} - {".facades.lock"} if self.out.exists() else set()


@pytest.fixture
def fetching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fetching]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    _place(monkeypatch)
    return Fetching(tmp_path / "datasets")


def _place(monkeypatch: pytest.MonkeyPatch, *urls: str, **known: object) -> None:
    """Make the authors' place another."""
    archive = Archive("facades.tar.gz", urls or ("http://127.0.0.1:9/none",), **known)  # type: ignore[arg-type]
    row = replace(catalogue.CATALOGUE["facades"], archives=(archive,))
    monkeypatch.setitem(catalogue.CATALOGUE, "facades", row)


def test_a_data_set_is_fetched_and_can_be_trained_on(fetching: Fetching, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(GOOD, lie.cutting(300), lie.honest) as server:
        _place(monkeypatch, f"{server.url}facades.tar.gz")
        acquired = fetching()
        assert (acquired.pictures, acquired.as_written) == (fetching.out / "facades", True)
        asked = len(server.asked)
        again = fetching()
        assert again == acquired
        assert len(server.asked) == asked
    assert "is there already (4 files" in fetching.told[-1]
    assert fetching.lying() == {"facades", "facades.tar.gz.sha256"}
    config = runfolder.read(acquired.settings)
    found = finding.find(config.data)
    assert {part: len(pairs) for part, pairs in found.parts.items()} == {"train": 2, "val": 1, "test": 1}
    assert (config.data.direction, config.loop.epochs) == ("BtoA", 200)
    source = json.loads((acquired.pictures / "source.json").read_text("utf-8"))
    assert source["archives"][0]["sha256"] == SHA256
    assert source["archives"][0]["from"] == f"{server.url}facades.tar.gz"
    assert source["licence"]


def test_what_is_not_pinned_is_recorded_and_checked_from_then_on(fetching: Fetching) -> None:
    with serving(GOOD) as server:
        acquired = fetching(mirrors=(server.url,))
        assert server.asked[0]["path"] == "/facades.tar.gz"
        record = fetching.out / "facades.tar.gz.sha256"
        assert any("not pinned; recorded" in line and SHA256 in line for line in fetching.told)
        assert any("plain http" in line for line in fetching.told)
        assert record.read_text() == f"{SHA256}  facades.tar.gz\n"
        durable.discard(acquired.pictures)
        server.content, server.etag = facades("other/"), '"two"'
        with pytest.raises(FetchError, match=f"{SHA256} is expected .recorded in .* remove that file"):
            fetching(mirrors=(server.url,))
        assert fetching.lying() == {record.name}
        server.content = GOOD
        fetching(mirrors=(server.url,))
    assert any("as recorded in" in line for line in fetching.told)


def test_what_is_pinned_is_taken_from_any_mirror_that_has_it(
    fetching: Fetching, monkeypatch: pytest.MonkeyPatch
) -> None:
    _place(monkeypatch, size=len(GOOD), sha256=SHA256)
    with serving(facades("other/")) as liar, serving(GOOD) as mirror:
        fetching(mirrors=(liar.url, f"{mirror.url}any/name"))
    assert fetching.lying() == {"facades"}
    assert fetching.told[-1] == "facades.tar.gz: SHA-256 as pinned"


@pytest.mark.parametrize("top", ["", "facades/", "./facades/", "pix2pix-facades-main/"])
def test_the_folder_in_the_archive_may_be_called_anything(fetching: Fetching, tmp_path: Path, top: str) -> None:
    archive = tmp_path / "mine.tar.gz"
    archive.write_bytes(facades(top))
    acquired = fetching(archive)
    assert {path.name for path in acquired.pictures.iterdir()} == {"train", "val", "test", "train.yaml", "source.json"}
    assert archive.exists()


def _evil() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("facades/train/1.png"))
        archive.addfile(tarfile.TarInfo("../../evil"))
    return gzip.compress(file.getvalue())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (GOOD[:-200], "damaged or cut short"),
        (GOOD[:500] + bytes([GOOD[500] ^ 1]) + GOOD[501:], "damaged or cut short"),
        (_evil(), "a way out of the folder"),
        (gzip.compress(bytes(1024)), "it is not facades"),
        (facades("facades/", "train.yaml"), "a train.yaml of its own"),
        (gzip.compress(bytes(2**24)), "times its size"),
    ],
    ids=["cut", "flipped", "evil", "another", "settings", "bomb"],
)
def test_what_is_wrong_within_is_removed_and_nothing_is_recorded(
    fetching: Fetching, content: bytes, words: str
) -> None:
    with serving(content) as server:
        with pytest.raises((FetchError, ArchiveError), match=words) as refused:
            fetching(mirrors=(server.url,))
        assert "What was fetched is removed" in str(refused.value)
        assert fetching.lying() == set()
        server.content, server.etag = GOOD, '"two"'
        fetching(mirrors=(server.url,))
    assert not (fetching.out.parent / "evil").exists()


def test_a_file_that_is_given_is_checked_and_kept(
    fetching: Fetching, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _place(monkeypatch, size=len(GOOD), sha256=SHA256)
    archive = tmp_path / "mine.tar.gz"
    archive.write_bytes(facades("other/"))
    with pytest.raises(FetchError, match=r"is not the facades.tar.gz it should be: its SHA-256|bytes, and"):
        fetching(archive)
    assert archive.exists()
    assert fetching.lying() == set()
    archive.write_bytes(GOOD)
    fetching(archive)
    assert archive.exists()


def test_a_folder_of_ones_own_gets_the_settings_and_is_left_alone(fetching: Fetching, tmp_path: Path) -> None:
    own = tmp_path / "own" / "thermal"
    durable.write(own / "A" / "1.png", PICTURE)
    durable.write(own / "B" / "1.png", PICTURE)
    with pytest.raises(FetchError, match=r"thermal cannot be downloaded from here.*KAIST.*--from FOLDER"):
        fetching(name="thermal")
    acquired = fetching(own, name="thermal")
    assert sorted(path.name for path in own.iterdir()) == ["A", "B"]
    config = runfolder.read(acquired.settings)
    assert (config.data.data, config.loop.epochs, config.loop.batch_size) == (str(own), 10, 4)
    assert fetching(name="thermal") == acquired


@pytest.mark.parametrize(
    ("given", "name", "words"),
    [
        ((), "colorization", "ImageNet"),
        ((), "cityscapes", "Register at"),
        (("nowhere",), "facades", "There is no file or folder"),
        (("one", "two"), "facades", "facades is made from facades.tar.gz; --from names 2"),
        (("one",), "cityscapes", "leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip; --from names 1"),
        (("one", "two"), "cityscapes", "None of the files after --from is called leftImg8bit"),
        (("folder", "folder"), "cityscapes", "None of the files"),
        (("leftImg8bit_trainvaltest.zip", "folder"), "cityscapes", "cannot be read"),
        (("one",), "facades", "no archive of a kind that is read here"),
        ((), "..", "There is no data set"),
    ],
)
def test_what_cannot_be_had_is_told(
    fetching: Fetching, tmp_path: Path, given: tuple[str, ...], name: str, words: str
) -> None:
    for each in ("folder", "leftImg8bit_trainvaltest.zip"):
        (tmp_path / each).mkdir()
    for each in ("one", "two"):
        (tmp_path / each).write_bytes(b"not an archive")
    with pytest.raises(PixlateError, match=words):
        fetching(*(tmp_path / each for each in given), name=name)
    assert not (fetching.out / name).exists()


def test_what_others_put_there_is_not_touched(fetching: Fetching, tmp_path: Path) -> None:
    durable.write(fetching.out / "facades" / "mine.txt", b"dear to me")
    with pytest.raises(FetchError, match="holds something that was not fetched"):
        fetching()
    assert (fetching.out / "facades" / "mine.txt").read_bytes() == b"dear to me"


def test_missing_pictures_are_noticed(fetching: Fetching, tmp_path: Path) -> None:
    with serving(GOOD) as server:
        acquired = fetching(mirrors=(server.url,))
    (acquired.pictures / "train" / "1.png").unlink()
    with pytest.raises(FetchError, match=r"3 files of .* and 4 of"):
        fetching()


def test_what_a_kill_left_is_in_nobodys_way(fetching: Fetching) -> None:
    durable.write(fetching.out / ".facades.part" / "train" / "9.png", b"half")
    with serving(GOOD) as server:
        acquired = fetching(mirrors=(server.url,))
    assert not (acquired.pictures / "train" / "9.png").exists()
    assert fetching.lying() == {"facades", "facades.tar.gz.sha256"}


def test_what_a_kill_left_once_all_was_there_is_cleared(fetching: Fetching) -> None:
    with serving(GOOD) as server:
        fetching(mirrors=(server.url,))
    durable.write(fetching.out / "facades.tar.gz.part", GOOD)
    durable.write(fetching.out / "facades.tar.gz.part.json", b"{}")
    fetching()
    assert fetching.lying() == {"facades", "facades.tar.gz.sha256"}


def test_a_data_set_that_was_moved_is_found_again(fetching: Fetching, tmp_path: Path) -> None:
    with serving(GOOD) as server:
        acquired = fetching(mirrors=(server.url,))
    fetching.out.rename(tmp_path / "elsewhere")
    fetching.out = tmp_path / "elsewhere"
    acquired = fetching()
    assert runfolder.read(acquired.settings).data.data == str(tmp_path / "elsewhere" / "facades")


def test_no_torch_is_loaded() -> None:
    program = "import sys; import pixlate.data.fetching.acquiring; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


def _cityscapes(folder: Path, photos: dict[str, int], labels: dict[str, int]) -> list[Path]:
    made = []
    for name, form, frames in (
        ("leftImg8bit_trainvaltest.zip", "leftImg8bit/{}_leftImg8bit.png", photos),
        ("gtFine_trainvaltest.zip", "gtFine/{}_gtFine_color.png", labels),
    ):
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr("README", b"Cityscapes")
            archive.writestr("gtFine/train/ulm/ulm_0_0_gtFine_labelIds.png", b"ids, which nobody opens")
            for frame, grey in frames.items():
                archive.writestr(form.format(frame), images.encode_png(np.full((64, 128, 3), grey, np.uint8)))
        made.append(folder / name)
    return made


FRAMES = {"train/ulm/ulm_0_0": 10, "train/jena/jena_0_1": 20, "val/bonn/bonn_0_2": 30, "test/koeln/koeln_0_3": 40}


def test_cityscapes_is_built_from_the_users_own_archives(fetching: Fetching, tmp_path: Path) -> None:
    labels = {frame: grey + 100 for frame, grey in FRAMES.items()}
    archives = _cityscapes(tmp_path, FRAMES, labels)
    acquired = fetching(*reversed(archives), name="cityscapes")
    made = {path.relative_to(acquired.pictures).as_posix() for path in acquired.pictures.rglob("*.png")}
    assert made == {"train/ulm_0_0.png", "train/jena_0_1.png", "val/bonn_0_2.png"}
    assert not (acquired.pictures / ".work").exists()
    pair = images.read(acquired.pictures / "val" / "bonn_0_2.png")
    assert pair.shape == (256, 512, 3)
    assert (pair[:, :256] == 30).all()
    assert (pair[:, 256:] == 130).all()
    found = finding.find(runfolder.read(acquired.settings).data)
    assert {part: len(pairs) for part, pairs in found.parts.items()} == {"train": 2, "val": 1}


@pytest.mark.parametrize("missing", ["photo", "labels"])
def test_cityscapes_with_a_picture_missing_is_told(fetching: Fetching, tmp_path: Path, missing: str) -> None:
    fewer = {frame: grey for frame, grey in FRAMES.items() if "jena" not in frame}
    archives = _cityscapes(tmp_path, *((fewer, FRAMES) if missing == "photo" else (FRAMES, fewer)))
    with pytest.raises(FetchError, match=f"train/jena_0_1.png.* no {missing}"):
        fetching(*archives, name="cityscapes")
    assert not (fetching.out / "cityscapes").exists()


def test_cityscapes_with_a_damaged_picture_is_told_by_name(fetching: Fetching, tmp_path: Path) -> None:
    archives = _cityscapes(tmp_path, FRAMES, FRAMES)
    with zipfile.ZipFile(archives[1], "a") as archive:
        archive.writestr("gtFine/val/x/x_gtFine_color.png", b"no picture")
    with pytest.raises(FetchError, match=r"gtFine/val/x/x_gtFine_color.png in .*gtFine_trainvaltest.zip cannot be"):
        fetching(*archives, name="cityscapes")
    assert list((fetching.out).glob(".cityscapes.part")) == []
