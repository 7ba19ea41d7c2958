"""One answer from a web server: only http and https, few redirects, and never from https to http."""

import http.client
import re
import urllib.error
import urllib.request
from email.message import Message
from http.client import HTTPResponse
from typing import IO, Any
from urllib.parse import urlsplit

from pixlate.errors import ConfigError, FetchError, printable
from pixlate.version import __version__

MOST_REDIRECTS = 5
A_PAGE = "it answers with a web page instead of an archive; does this network ask for a login first?"
# What the standard library raises of a connection, depending on how it goes wrong.
BROKEN = (OSError, http.client.HTTPException, ValueError)


class RefusedError(FetchError):
    """An answer that is no use, and would be none if it were asked for again."""


class CutError(Exception):
    """An answer that broke off or did not come, and may another time."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    max_redirections = MOST_REDIRECTS
    max_repeats = MOST_REDIRECTS

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request | None:
        check(newurl, before=req.full_url)
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def check(url: str, before: str | None = None) -> None:
    """Make sure that `url` is one of a web server; `before` is the one that led there.

    Raises:
        ConfigError: it is not, and was given by the user.
        RefusedError: it is not, and a server led there.
    """
    try:
        scheme, host = urlsplit(url).scheme, urlsplit(url).hostname
    except ValueError:
        scheme, host = "", None
    if before is None:
        if scheme not in ("http", "https") or not host:
            raise ConfigError(
                f"{printable(url)!r} is no address to fetch from; one with http:// or https:// is wanted."
            )
        return
    if scheme not in ("http", "https"):
        raise RefusedError(f"it leads to {printable(url)!r}, which is no web address")
    if scheme == "http" and urlsplit(before).scheme == "https":
        raise RefusedError("it leads from https to http, which anyone on the way could change")


def ask(url: str, headers: dict[str, str], timeout: float) -> HTTPResponse:
    """The server's answer, whatever its status; `timeout` in seconds is for each wait.

    Raises:
        RefusedError: too many redirects, or one to where none may lead.
        OSError, http.client.HTTPException, ValueError: no answer that can be read.
    """
    opener = urllib.request.OpenerDirector()  # and not urlopen, which reads file: and ftp: too
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    opener.addheaders = []
    told = {"User-Agent": f"pixlate/{__version__}", "Accept-Encoding": "identity", **headers}
    try:
        answer: Any = opener.open(urllib.request.Request(url, headers=told), timeout=timeout)  # noqa: S310 - checked
    except urllib.error.HTTPError as error:
        if 300 <= error.code < 400:
            error.close()
            raise RefusedError(f"more than {MOST_REDIRECTS} redirects, or one that leads nowhere") from error
        answer = error
    except urllib.error.URLError as error:
        if isinstance(error.reason, OSError):
            raise error.reason from error
        raise OSError(str(error.reason)) from error
    return answer  # type: ignore[no-any-return]


def judge(answer: HTTPResponse) -> None:
    """Make sure that a file comes, or a part of one (206), or that there is no such part (416).

    Raises:
        CutError: the server has no time.
        RefusedError: something else comes.
    """
    status = answer.status
    if status >= 500 or status in (408, 425, 429):
        raise CutError(f"the server answers {status} ({printable(answer.reason)})")
    if status not in (200, 206, 416):
        raise RefusedError(f"the server answers {status} ({printable(answer.reason)})")
    if status == 200 and answer.headers.get_content_type() in ("text/html", "application/xhtml+xml"):
        raise RefusedError(A_PAGE)


def goes_on(answer: HTTPResponse, known: str, have: int, length: int | None) -> bool:
    """Whether the answer is what follows the first `have` bytes of the file that has the validator `known`."""
    told = re.fullmatch(r"bytes (\d{1,19})-\d{1,19}/(\d{1,19}|\*)", answer.headers.get("Content-Range", ""))
    if told is None or int(told[1]) != have:
        return False
    return (length is None or told[2] in ("*", str(length))) and validator(answer) in ("", known)


def validator(answer: HTTPResponse) -> str:
    """By what the server knows its file again: a strong ETag or its date; empty if by nothing."""
    tag = str(answer.headers.get("ETag", ""))
    return tag if tag and not tag.startswith("W/") else str(answer.headers.get("Last-Modified", ""))
