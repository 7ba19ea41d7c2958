"""A web server in a thread that does what servers and the networks before them do wrong."""

import random
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Step = Callable[["Request"], None]


@dataclass
class Server:
    """What it serves, and how it answers: the next of `steps`, or the last again."""

    content: bytes = b""
    etag: str | None = '"one"'
    modified: str | None = None
    steps: list[Step] = field(default_factory=list)
    url: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    """The path and headers of every request."""
    sent: int = 0
    """Bytes of content sent."""
    done: threading.Event = field(default_factory=threading.Event)


class Request(BaseHTTPRequestHandler):
    """One request; the steps below answer it."""

    server_version = "lying"
    protocol_version = "HTTP/1.1"
    serves: Server

    def do_GET(self) -> None:
        self.serves.asked.append({"path": self.path, **{key.lower(): value for key, value in self.headers.items()}})
        self.close_connection = True
        steps = self.serves.steps
        step = steps.pop(0) if len(steps) > 1 else steps[0] if steps else honest
        with suppress(OSError):  # the client may have heard enough
            step(self)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass

    def head(self, status: int, length: int | None, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        if self.serves.etag:
            self.send_header("ETag", self.serves.etag)
        if self.serves.modified:
            self.send_header("Last-Modified", self.serves.modified)
        self.end_headers()

    def body(self, content: bytes) -> None:
        self.serves.sent += len(content)
        self.wfile.write(content)

    def asked_from(self) -> int | None:
        """Where the client wants to go on, if the file is the one it knows."""
        told = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        known = self.headers.get("If-Range")
        return int(told[1]) if told and known in (self.serves.etag, self.serves.modified) else None


@contextmanager
def serving(content: bytes, *steps: Step, etag: str | None = '"one"', modified: str | None = None) -> Iterator[Server]:
    """A server of one file at any path of `url`, for as long as the block lasts."""
    told = Server(content, etag, modified, list(steps))
    handler = type("Handler", (Request,), {"serves": told})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}/"
    try:
        yield told
    finally:
        told.done.set()
        server.shutdown()
        server.server_close()
        thread.join()


def honest(request: Request, cut: int | None = None) -> None:
    """The file, or the part asked for; no more than `cut` bytes of it before the connection breaks."""
    content, start = request.serves.content, request.asked_from()
    if start is None:
        request.head(200, len(content), Content_Type="application/octet-stream")
        request.body(content[:cut])
    elif start >= len(content):
        request.head(416, 0, Content_Range=f"bytes */{len(content)}")
    else:
        request.head(206, len(content) - start, Content_Range=f"bytes {start}-{len(content) - 1}/{len(content)}")
        request.body(content[start:][:cut])


def cutting(at: int) -> Step:
    return lambda request: honest(request, at)


def ignoring_ranges(cut: int | None = None) -> Step:
    def step(request: Request) -> None:
        request.head(200, len(request.serves.content))
        request.body(request.serves.content[:cut])

    return step


def flipping(chance: random.Random) -> Step:
    def step(request: Request) -> None:
        content = bytearray(request.serves.content)
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        start = request.asked_from()
        if start is None or start >= len(content):
            request.head(200, len(content))
            request.body(bytes(content))
        else:
            request.head(206, len(content) - start, Content_Range=f"bytes {start}-{len(content) - 1}/{len(content)}")
            request.body(bytes(content[start:]))

    return step


def claiming(length: int) -> Step:
    """Says another length than it has."""

    def step(request: Request) -> None:
        request.head(200, length)
        request.body(request.serves.content)

    return step


def without_length(request: Request) -> None:
    request.protocol_version = "HTTP/1.0"
    request.head(200, None)
    request.body(request.serves.content)


def chunked(cut: int | None = None) -> Step:
    def step(request: Request) -> None:
        request.head(200, None, Transfer_Encoding="chunked")
        content = request.serves.content[:cut]
        for at in range(0, len(content), 1000):
            piece = content[at : at + 1000]
            request.body(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        if cut is None:
            request.body(b"0\r\n\r\n")

    return step


def status(code: int, **headers: str) -> Step:
    return lambda request: request.head(code, 0, **headers)


def wrong_part(request: Request) -> None:
    """Another part than was asked for."""
    content = request.serves.content
    request.head(206, len(content), Content_Range=f"bytes 0-{len(content) - 1}/{len(content)}")
    request.body(content)


def another_files_part(request: Request) -> None:
    """The part asked for, of a file that has changed, whatever the client said it knows."""
    start = int(request.headers.get("Range", "bytes=0-")[6:-1])
    content = bytes(len(request.serves.content))
    request.serves.etag = '"two"'
    request.head(206, len(content) - start, Content_Range=f"bytes {start}-{len(content) - 1}/{len(content)}")
    request.body(content[start:])


def page(request: Request) -> None:
    told = b"<!DOCTYPE html><html><body>Log in to use this network</body></html>"
    request.head(200, len(told), Content_Type="text/html; charset=utf-8")
    request.body(told)


def page_in_disguise(request: Request) -> None:
    told = b"\n <html><body>Log in</body></html>"
    request.head(200, len(told), Content_Type="application/zip")
    request.body(told)


def nothing(request: Request) -> None:
    request.head(200, 0)


def hanging_up(request: Request) -> None:
    request.connection.close()


def stalling(after: int = 0) -> Step:
    def step(request: Request) -> None:
        request.head(200, len(request.serves.content))
        request.body(request.serves.content[:after])
        request.serves.done.wait(20)

    return step


def dripping(request: Request) -> None:
    """A byte now and then."""
    request.head(200, len(request.serves.content))
    for at in range(len(request.serves.content)):
        request.body(request.serves.content[at : at + 1])
        if request.serves.done.wait(0.05):
            return


def leading_to(url: str, code: int = 302) -> Step:
    return lambda request: request.head(code, 0, Location=url)


def in_a_loop(request: Request) -> None:
    request.head(302, 0, Location=f"/{len(request.serves.asked)}")


def gibberish(request: Request) -> None:
    request.wfile.write(b"what?\r\n\r\n" * 30)
