"""Parts of files at http and https addresses, fetched with patience."""

import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
from functools import lru_cache
from typing import Any

from pixlate.errors import PictureError
from pixlate.version import __version__

_SCHEMES = ("http://", "https://")
_TIMEOUT = 30.0
"""Seconds without a byte."""
_PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds before each further try."""
_MOMENTARY = (408, 425, 429, 500, 502, 503, 504)
_PIECE = 1 << 20


def is_url(place: str) -> bool:
    """Whether it is an address rather than a path."""
    return place.lower().startswith(_SCHEMES)


def read(url: str, offset: int, length: int) -> bytes:
    """`length` bytes of a file from `offset` on, by a range request.

    Raises:
        PictureError: it cannot be reached after several tries, is shorter, or is served as a whole only.
    """
    return _patiently(url, {"Range": f"bytes={offset}-{offset + length - 1}"}, length) if length else b""


def read_all(url: str, most: int) -> bytes:
    """A whole file.

    Raises:
        PictureError: it cannot be reached after several tries, or has more than `most` bytes.
    """
    content = _patiently(url, {}, most + 1)
    if len(content) > most:
        raise PictureError(f"{shown(url)} has more than {most:,} bytes, which is no index of shards.")
    return content


def shown(url: str) -> str:
    """The address without what may be secret in it."""
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _patiently(url: str, headers: dict[str, str], most: int) -> bytes:
    for pause in (*_PAUSES, None):
        try:
            return _once(url, headers, most)
        except urllib.error.HTTPError as error:
            error.close()
            why, momentary = f"HTTP {error.code} {error.reason}", error.code in _MOMENTARY
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            why, momentary = " ".join(str(reason).split())[:200] or type(reason).__name__, True
        except ValueError as error:
            why, momentary = str(error)[:200], False
        if pause is None or not momentary:
            break
        time.sleep(pause)
    tries = f" after {len(_PAUSES) + 1} tries" if momentary else ""
    raise PictureError(f"{shown(url)} cannot be fetched{tries} ({why}).")


def _once(url: str, headers: dict[str, str], most: int) -> bytes:
    """At most so many bytes; all of them where a range is asked for."""
    request = urllib.request.Request(url, headers={"User-Agent": f"pixlate/{__version__}", **headers})  # noqa: S310
    with _opener().open(request, timeout=_TIMEOUT) as response:
        if headers and response.status != 206:
            raise ValueError("the server does not serve parts of files; fetch the set and name the folder it is in")
        pieces: list[bytes] = []
        while most > 0 and (piece := response.read(min(most, _PIECE))):
            pieces.append(piece)
            most -= len(piece)
    if headers and most > 0:
        raise OSError("fewer bytes came than were asked for")
    return b"".join(pieces)


@lru_cache(maxsize=1)
def _opener() -> Any:  # noqa: ANN401 - typeshed leaves what it opens open
    """For http and https alone: the usual one opens files and FTP too, wherever a server leads it."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    return opener
