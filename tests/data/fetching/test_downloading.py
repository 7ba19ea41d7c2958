"""Whatever the server does, the exact file is accepted or an error is told, and nothing wrong is left."""

import hashlib
import random
import shutil
from pathlib import Path
from typing import NamedTuple

import lying_server as lie
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lying_server import Step, serving

from pixlate import durable
from pixlate.data.fetching import transport
from pixlate.data.fetching.downloading import Expected, Patience, download
from pixlate.errors import ConfigError, FetchError, WriteError

CONTENT = b"PK\x03\x04" + random.Random(1).randbytes(300_000)  # noqa: S311 - not secrets
SHA256 = hashlib.sha256(CONTENT).hexdigest()
EXPECTED = Expected(len(CONTENT), SHA256)
QUICK = Patience(stall=0.3, attempts=3, pause=0)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "data" / "set.zip.part"


def lying_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def fetch(part: Path, *urls: str, expected: Expected = EXPECTED) -> tuple[str, str]:
    return download(urls, part, expected, QUICK, tell=lambda _: None)


@pytest.mark.parametrize("known", [EXPECTED, Expected()])
@pytest.mark.parametrize("step", [lie.honest, lie.ignoring_ranges(), lie.without_length, lie.chunked()])
def test_an_honest_server(part: Path, known: Expected, step: Step) -> None:
    told = []
    with serving(CONTENT, step) as server:
        url, found = download([server.url], part, known, QUICK, lambda done, total: told.append((done, total)))
    assert (url, found) == (server.url, SHA256)
    assert part.read_bytes() == CONTENT
    assert told[-1][0] == len(CONTENT)


def test_what_was_cut_is_gone_on_with(part: Path) -> None:
    with serving(CONTENT, lie.cutting(100_000), lie.cutting(50_000), lie.honest) as server:
        fetch(part, server.url, expected=Expected())
    assert part.read_bytes() == CONTENT
    assert server.sent == len(CONTENT)
    assert [asked.get("range") for asked in server.asked] == [None, "bytes=100000-", "bytes=150000-"]
    assert {asked.get("if-range") for asked in server.asked[1:]} == {'"one"'}


def test_the_next_call_goes_on_too_and_by_the_date_alone(part: Path) -> None:
    date = "Sun, 02 Sep 2018 08:58:00 GMT"
    with serving(CONTENT, lie.cutting(100_000), lie.status(503), etag=None, modified=date) as server:
        with pytest.raises(FetchError, match="503"):
            fetch(part, server.url)
        server.steps = [lie.honest]
        fetch(part, server.url)
    assert server.sent == len(CONTENT)
    assert server.asked[-1]["if-range"] == date


def test_what_is_begun_is_gone_on_with_before_other_places_are_asked(part: Path) -> None:
    with serving(CONTENT, lie.cutting(100_000), lie.status(503)) as one, serving(CONTENT) as other:
        with pytest.raises(FetchError):
            fetch(part, one.url)
        one.steps = [lie.honest]
        assert fetch(part, other.url, one.url)[0] == one.url
    assert other.asked == []


def test_what_is_whole_is_not_fetched_again(part: Path) -> None:
    with serving(CONTENT) as server:
        fetch(part, server.url)
        fetch(part, server.url)
    assert len(server.asked) == 1


@pytest.mark.parametrize("etag", ['"two"', None])
def test_a_file_that_has_changed_is_begun_anew(part: Path, etag: str | None) -> None:
    changed = b"PK" + CONTENT[::-1]

    def change(request: lie.Request) -> None:
        request.serves.content, request.serves.etag = changed, etag
        lie.honest(request)

    with serving(CONTENT, lie.cutting(100_000), change) as server:
        fetch(part, server.url, expected=Expected())
    assert part.read_bytes() == changed


@pytest.mark.parametrize("step", [lie.wrong_part, lie.another_files_part, lie.status(416)])
def test_a_part_of_something_else_is_not_put_behind_what_is_there(part: Path, step: Step) -> None:
    with serving(CONTENT, lie.cutting(100_000), step, lie.honest) as server:
        fetch(part, server.url, expected=Expected())
    assert part.read_bytes() == CONTENT


def test_a_part_of_unknown_origin_is_not_trusted(part: Path) -> None:
    for note in (None, b"{}", b"[1]", b"\xff", b'{"url": 1, "validator": 2, "length": "x"}'):
        durable.write(part, b"PK something else")
        if note is not None:
            durable.write(part.with_name(f"{part.name}.json"), note)
        with serving(CONTENT) as server:
            fetch(part, server.url)
        assert part.read_bytes() == CONTENT


class Refusal(NamedTuple):
    step: Step
    words: str
    tries: int


REFUSALS = {
    "flipped bits": Refusal(lie.flipping(random.Random(2)), f"and {SHA256} is expected", 1),  # noqa: S311
    "another length": Refusal(lie.claiming(1234), "it has 1234 bytes there, and 300004 are expected", 1),
    "a web page": Refusal(lie.page, "does this network ask for a login", 1),
    "a web page in disguise": Refusal(lie.page_in_disguise, "bytes there, and 300004 are expected", 1),
    "nothing": Refusal(lie.nothing, "it has 0 bytes there", 1),
    "not found": Refusal(lie.status(404), "404", 1),
    "forbidden": Refusal(lie.status(403), "403", 1),
    "unchanged": Refusal(lie.status(304), "redirects", 1),
    "no content": Refusal(lie.status(204), "204", 1),
    "broken": Refusal(lie.status(500), "500", 3),
    "busy": Refusal(lie.status(503), "503", 3),
    "a loop": Refusal(lie.in_a_loop, "redirects", 6),
    "a redirect to nowhere": Refusal(lie.status(302), "redirects", 1),
    "a redirect to a file": Refusal(lie.leading_to("file:///etc/passwd"), "redirects", 1),
    "a redirect to ftp": Refusal(lie.leading_to("ftp://127.0.0.1/set.zip"), "which is no web address", 1),
    "a redirect to data": Refusal(lie.leading_to("data:application/zip,PK"), "redirects", 1),
    "a silent server": Refusal(lie.stalling(), "timed out", 3),
    "dripping": Refusal(lie.dripping, "bytes in 0.3 seconds", 3),
    "hanging up": Refusal(lie.hanging_up, "the connection broke", 3),
    "gibberish": Refusal(lie.gibberish, "the connection broke", 3),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_refused_is_told_and_the_next_place_asked(part: Path, name: str) -> None:
    step, words, tries = REFUSALS[name]
    with serving(CONTENT, step) as liar, serving(CONTENT) as honest:
        with pytest.raises(FetchError) as refused:
            fetch(part, liar.url)
        assert words in str(refused.value)
        assert liar.url in str(refused.value)
        assert name == "dripping" or len(liar.asked) == tries
        if name not in ("dripping", "a silent server"):
            assert lying_in(part.parent) == set()
        assert fetch(part, liar.url, honest.url)[0] == honest.url
    assert part.read_bytes() == CONTENT


@pytest.mark.parametrize("step", [lie.page_in_disguise, lie.nothing, lie.page])
def test_what_is_no_archive_is_refused_where_nothing_is_known_of_it(part: Path, step: Step) -> None:
    with serving(CONTENT, step) as server, pytest.raises(FetchError):
        fetch(part, server.url, expected=Expected())
    assert lying_in(part.parent) <= {f"{part.name}.json"}


def test_a_redirect_to_another_host_is_followed(part: Path) -> None:
    with serving(CONTENT) as other, serving(CONTENT, lie.leading_to(f"{other.url}x.zip")) as server:
        fetch(part, server.url)
    assert part.read_bytes() == CONTENT


def test_https_never_leads_to_http() -> None:
    with pytest.raises(transport.RefusedError, match="from https to http"):
        transport.check("http://example.org/a", before="https://example.org/a")
    transport.check("https://example.org/a", before="http://example.org/a")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/a", "/etc/passwd", "http://", "", "http://[", "a b"])
def test_what_is_no_address_is_refused_before_anything_is_asked(part: Path, url: str) -> None:
    with serving(CONTENT) as server, pytest.raises(ConfigError, match="no address"):
        fetch(part, server.url, url)
    assert server.asked == []


def test_a_full_disk_is_told_and_what_there_is_kept(part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")
    with serving(CONTENT, lie.cutting(100_000), lie.status(503)) as server:
        with pytest.raises(FetchError):
            fetch(part, server.url)
        server.steps = [lie.honest]
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=150_000))
        with pytest.raises(WriteError, match=r"0\.2 MB are needed, 0\.1 MB are free"):
            fetch(part, server.url)
        assert part.stat().st_size == 100_000
        monkeypatch.undo()
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        fetch(part, server.url)
    assert part.read_bytes() == CONTENT


SMALL = CONTENT[:5000]
SMALL_EXPECTED = Expected(len(SMALL), hashlib.sha256(SMALL).hexdigest())
STEPS = st.one_of(
    st.integers(0, 5000).map(lie.cutting),
    st.integers(0, 5000).map(lie.ignoring_ranges),
    st.integers(0, 5000).map(lie.chunked),
    st.integers(4000, 6000).map(lie.claiming),
    st.integers(0, 99).map(lambda seed: lie.flipping(random.Random(seed))),  # noqa: S311
    st.sampled_from([500, 503, 404, 416, 204, 304, 429]).map(lie.status),
    st.sampled_from([lie.honest, lie.wrong_part, lie.another_files_part, lie.page, lie.page_in_disguise, lie.nothing]),
    st.sampled_from([lie.honest, lie.in_a_loop, lie.hanging_up, lie.gibberish, lie.without_length]),
)


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(STEPS, min_size=1, max_size=6), size_known=st.booleans(), etag=st.sampled_from(['"one"', None]))
def test_whatever_the_server_does_only_the_exact_file_is_accepted(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step], size_known: bool, etag: str | None
) -> None:
    part = tmp_path_factory.mktemp("any") / "set.zip.part"
    expected = SMALL_EXPECTED if size_known else Expected(None, SMALL_EXPECTED.sha256)
    with serving(SMALL, *steps, etag=etag) as server:
        try:
            fetch(part, server.url, expected=expected)
        except FetchError as refused:
            assert server.url in str(refused)  # noqa: PT017 - an error is as good as the file
        else:
            assert part.read_bytes() == SMALL
        assert lying_in(part.parent) <= {part.name, f"{part.name}.json"}
        server.steps, server.content, server.etag = [lie.honest], SMALL, etag
        fetch(part, server.url, expected=expected)  # what is left is in nobody's way
    assert part.read_bytes() == SMALL
