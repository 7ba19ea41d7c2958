"""A user's own recipe: a Python function, in a file or in a module that is installed."""

import hashlib
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from inspect import Parameter
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from pixlate.errors import ConfigError, PictureError, printable
from pixlate.recipes.protocol import Picture, full

_TRIED = (64, 64)


@dataclass(frozen=True)
class Own:
    """`f(picture) -> source`, or `f(picture, rng) -> source` if it draws, by the place where it is found.

    The picture is an array (H, W, C), the source (H, W) or (H, W, C') of the same type, `rng` a NumPy Generator. Only
    the place travels to other processes; each loads the function for itself.
    """

    place: str
    """A file's name, which ends in .py, or a module's."""
    function: str
    """The function's name there."""
    sha256: str
    """Of the file it is in. A file that has changed since is not run."""

    @property
    def random(self) -> bool:
        """Whether it asks for a generator."""
        return _loaded(self).draws

    def channels(self, target: int) -> int:
        """As many as it gives for a made-up picture of 64×64 pixels of noise.

        Raises:
            ConfigError: the function does not give a source for that.
        """
        picture = np.random.default_rng(0).integers(0, 256, (*_TRIED, target), np.uint8)
        try:
            source = self.make(picture, np.random.default_rng(0))
        except PictureError as error:
            raise ConfigError(f"Tried on 64×64 pixels of noise: {error}") from error
        return int(source.shape[-1])

    def files(self) -> tuple[Path, ...]:
        """The file it is in; others which that may import are not known."""
        return (_file_of(self.place),)

    def make(self, picture: Picture, rng: np.random.Generator) -> Picture:
        """See `Recipe.make`."""
        full(picture)
        function = _loaded(self)
        handed = picture.copy()  # which it may write on
        try:
            source = function.call(handed, rng) if function.draws else function.call(handed)
        except (Exception, SystemExit) as error:
            raise PictureError(f"{self} failed: {_told(error, _file_of(self.place))}.") from error
        if isinstance(source, np.ndarray) and source.ndim == 2:
            source = source[..., None]
        fits = isinstance(source, np.ndarray) and source.ndim == 3 and source.shape[:2] == picture.shape[:2]
        if not fits or source.dtype != picture.dtype or source.shape[-1] == 0:
            what = f"{source.dtype} {source.shape}" if isinstance(source, np.ndarray) else type(source).__name__
            wanted = f"{picture.dtype} {picture.shape[:2]} with or without channels"
            raise PictureError(f"{self} gave {what} for a picture {picture.shape}; {wanted} is wanted.")
        return np.ascontiguousarray(source)

    def __str__(self) -> str:
        """As it is written in a setting."""
        return f"{self.place}:{self.function}"


def find(place: str, function: str, sha256: str | None = None) -> Own:
    """The recipe of that name in a file or module, which is run to see whether it is there.

    Raises:
        ConfigError: no such file, module or function; one that cannot be run, or takes something else; or a file whose
            SHA-256 does not begin with `sha256`, which is then not run.
    """
    recipe = Own(place, function, _sha256(_content(_file_of(place))))
    if sha256 is not None and not recipe.sha256.startswith(sha256.lower()):
        raise ConfigError(f"{place} has the SHA-256 {recipe.sha256}, and {sha256} is asked for; it was not run.")
    _loaded(recipe)
    return recipe


@dataclass(frozen=True)
class _Function:
    call: Callable[..., Any]
    draws: bool


@cache
def _loaded(recipe: Own) -> _Function:
    """The function, loaded once a process."""
    module = _module(recipe)
    function = getattr(module, recipe.function, None)
    if not callable(function):
        there = [name for name, value in vars(module).items() if inspect.isfunction(value) and name[0] != "_"]
        told = f" There are: {', '.join(there)}." if there else ""
        raise ConfigError(f"{recipe.place} has no function {recipe.function!r}.{told}")
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{recipe}: what it takes cannot be told ({error}).") from error
    needed = [each.kind for each in parameters if each.default is each.empty and each.kind is not each.VAR_KEYWORD]
    if len(needed) not in (1, 2) or not {*needed} <= {Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD}:
        raise ConfigError(f"{recipe} takes {inspect.signature(function)}; (picture) or (picture, rng) is wanted.")
    return _Function(function, len(needed) == 2)


def _module(recipe: Own) -> ModuleType:
    path = _file_of(recipe.place)
    content = _content(path)
    if _sha256(content) != recipe.sha256:
        raise ConfigError(f"{path} has changed since this began; start again with the file as it is now.")
    name = f"pixlate_recipe_{recipe.sha256}"
    try:
        if not recipe.place.endswith(".py"):
            return importlib.import_module(recipe.place)
        module = sys.modules[name] = ModuleType(name)
        module.__file__ = str(path)
        exec(compile(content, path, "exec"), module.__dict__)  # noqa: S102 - what was hashed is what runs
    except (Exception, SystemExit) as error:
        sys.modules.pop(name, None)
        raise ConfigError(f"{recipe.place} cannot be run: {_told(error, path)}.") from error
    return module


def _file_of(place: str) -> Path:
    if place.endswith(".py"):
        return Path(place)
    try:
        found = importlib.util.find_spec(place)
    except Exception as error:  # packages around it are run
        raise ConfigError(f"There is no module {place!r} ({type(error).__name__}: {printable(error)}).") from error
    if found is None or found.origin is None or not found.has_location:
        raise ConfigError(f"There is no module {place!r}. Name a file, such as recipe.py:function, or install it.")
    return Path(found.origin)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise ConfigError(f"The recipe {path} cannot be read ({error}).") from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _told(error: BaseException, path: Path) -> str:
    """What was raised, and the last line of the file that led there."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"{type(error).__name__}: {printable(error, 200)}" + (f" (line {lines[-1]})" if lines else "")
