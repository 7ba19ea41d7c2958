"""Shards at a URL: the same batches as from the disk, over a poor connection too; one sentence when it is gone."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from shards import batches_of, lay, shard, stream_of

from pixlate.data import caching
from pixlate.data.shards import ranges
from pixlate.data.shards.section import _fetched
from pixlate.data.survey import survey
from pixlate.errors import DataError, PictureError
from pixlate.specs.data import DataConfig


class Server(ThreadingHTTPServer):
    """Serves a folder, with ranges, as badly as it is told to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.asked: list[str] = []
        self.mishaps: list[str] = []
        """What befalls the next requests for shards."""
        self.always = ""
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/index.json"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        name = self.path.partition("?")[0].lstrip("/")
        content = (self.server.folder / name).read_bytes()
        if not name.endswith(".tar"):
            self._send(200, content)
            return
        self.server.asked.append(name)
        mishap = self.server.mishaps.pop(0) if self.server.mishaps else self.server.always
        first, last = (int(word) for word in self.headers["Range"].removeprefix("bytes=").split("-"))
        part = content[first : last + 1]
        if mishap == "drop":
            self.connection.close()
        elif mishap == "short":
            self._send(206, part[:-3], len(part))
        elif mishap == "whole":
            self._send(200, content)
        elif mishap == "elsewhere":
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
            self.end_headers()
        elif mishap:
            self._send(int(mishap), b"no")
        else:
            self._send(206, part)

    def _send(self, status: int, content: bytes, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def local(tmp_path) -> Path:
    return shard(lay(tmp_path / "loose", "parts"), tmp_path / "shards")


@pytest.fixture
def server(local, monkeypatch):
    monkeypatch.setattr(ranges, "_PAUSES", (0.0, 0.0, 0.0))
    with Server(local) as served:
        _fetched.cache_clear()
        yield served
        served.shutdown()


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_are_those_of_the_shards_on_the_disk(server, local, workers):
    remote = stream_of(DataConfig(server.url))
    assert batches_of(remote, workers=workers) == batches_of(stream_of(DataConfig(str(local))))
    assert survey(DataConfig(server.url), 0).layout.endswith(f"127.0.0.1:{server.server_port}/index.json")


def test_both_halves_of_a_picture_are_fetched_at_once(server):
    batches_of(stream_of(DataConfig(server.url)), steps=7, batch=1)
    assert len(server.asked) == 7


@pytest.mark.parametrize("mishap", ["503", "429", "drop", "short"])
def test_a_mishap_of_the_moment_is_got_over(server, local, mishap):
    stream = stream_of(DataConfig(server.url))
    server.mishaps = [mishap, mishap, "", mishap]
    assert batches_of(stream) == batches_of(stream_of(DataConfig(str(local))))


@pytest.mark.parametrize(
    ("mishap", "tries", "told"),
    [
        ("503", 4, "after 4 tries"),
        ("short", 4, "fewer bytes"),
        ("404", 1, "HTTP 404"),
        ("403", 1, "HTTP 403"),
        ("whole", 1, "does not serve parts"),
        ("elsewhere", 1, "HTTP 302"),
    ],
)
def test_a_lasting_one_is_told_in_one_sentence_with_the_address(server, mishap, tries, told):
    stream = stream_of(DataConfig(server.url + "?token=secret"))
    server.always = mishap
    with pytest.raises(PictureError) as caught:
        batches_of(stream, steps=1, batch=1)
    assert told in str(caught.value)
    assert "/train-00000" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(server.asked) == tries


def test_pictures_that_cannot_be_fetched_are_stood_in_for(server):
    stream = stream_of(DataConfig(server.url, skip_bad=True))
    server.mishaps = ["404"]
    taken = batches_of(stream, steps=2, batch=1)
    assert [len(names) for names, *_ in taken] == [1, 1]


def test_an_address_that_is_no_index_is_told(server, local):
    (local / "other.json").write_text("{}")
    with pytest.raises(DataError, match="no index of shards"):
        survey(DataConfig(server.url.replace("index", "other")), 0)
    with pytest.raises(DataError, match=r"index\.json"):
        survey(DataConfig(server.url.removesuffix("index.json")), 0)
    with pytest.raises(DataError, match="cannot be fetched"):
        survey(DataConfig("http://127.0.0.1:9/index.json"), 0)


@pytest.mark.parametrize("workers", [0, 2])
def test_with_a_cache_folder_each_picture_is_fetched_once_and_never_by_a_later_run(server, local, tmp_path, workers):
    config = DataConfig(server.url, cache="1MB", cache_dir=str(tmp_path / "cache"))
    wanted = batches_of(stream_of(DataConfig(str(local))), steps=21, batch=1)
    for _ in range(2):
        _fetched.cache_clear()
        stream = stream_of(config)
        stream.cache = caching.opened(config, stream.examples, lambda text: [text])
        with stream.cache:
            assert batches_of(stream, steps=21, batch=1, workers=workers) == wanted
        assert len(set(server.asked)) <= len(server.asked) <= 7 + 2 * workers  # two workers may meet one at a time
    assert sum(path.stat().st_size for path in (tmp_path / "cache").iterdir()) <= 1_000_000
