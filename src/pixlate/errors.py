"""The one family of exceptions a user may see.

A `PixlateError` is the user's to mend: its text says what is wrong, in which file, and what to do. The command line
prints that text without a traceback and exits with code 2. Any other exception is a defect of ours.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class PixlateError(Exception):
    """Something the user can put right."""


class ConfigError(PixlateError):
    """A setting that does not exist, has no such value, or contradicts another."""


class DataError(PixlateError):
    """A folder or list of pictures that cannot be trained on as it is."""


class ArchiveError(PixlateError):
    """An archive that is damaged, or holds what must not be unpacked."""


class FetchError(PixlateError):
    """A data set that cannot be fetched."""


class PictureError(PixlateError):
    """A picture that cannot be read, or is not of the kind asked for."""


class DamagedError(PictureError):
    """A picture whose file is not what its format says it must be."""


class ModelFileError(PixlateError):
    """A file that is not a model file, or not one this version can read."""


class RunError(PixlateError):
    """A run folder that cannot be used as asked."""


class WriteError(PixlateError):
    """A place that cannot be written to."""


def suggestion(word: str, known: Iterable[str]) -> str:
    """`" Did you mean 'size'?"` if a known word is near, else the empty string."""
    near = get_close_matches(word, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def printable(told: object, most: int = 80) -> str:
    """At most so many letters of what a file says, without those that would do something to a terminal."""
    return "".join(letter for letter in str(told)[:most] if letter.isprintable())


def escaped(told: object) -> str:
    """The text with whatever else than text and new lines is in it told rather than done: files have odd names."""
    return "".join(letter if letter.isprintable() or letter == "\n" else ascii(letter)[1:-1] for letter in str(told))
