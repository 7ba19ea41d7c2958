"""The recipes by name, and how they are written: `name`, `name:key=value,key=value`, `file.py:function`."""

import dataclasses
import re
from typing import Any

from pixlate import durable
from pixlate.errors import ConfigError, printable, suggestion
from pixlate.recipes import own
from pixlate.recipes.downscale import Downscale
from pixlate.recipes.edges import HED, Edges
from pixlate.recipes.gray import Gray
from pixlate.recipes.masks import BoxMask, CentreMask, StrokeMask
from pixlate.recipes.own import Own
from pixlate.recipes.protocol import Recipe
from pixlate.specs.document import from_document

RECIPES: dict[str, type[Edges | HED | CentreMask | BoxMask | StrokeMask | Downscale | Gray]] = {
    "edges": Edges,
    "hed": HED,
    "mask": CentreMask,
    "mask-boxes": BoxMask,
    "mask-strokes": StrokeMask,
    "downscale": Downscale,
    "gray": Gray,
}
_OWN = re.compile(r"(?P<place>.+\.py|[^\W\d]\w*(\.[^\W\d]\w*)*):(?P<function>[^\W\d]\w*)")


def parse(text: str, sha256: str | None = None) -> Recipe:
    """The recipe that is written so; a Python file is run only if its SHA-256 begins with `sha256`, if that is given.

    Raises:
        ConfigError: no such recipe or option, or no such value for it, or another file.
    """
    name, _, told = text.partition(":")
    if name in RECIPES:
        return from_document(RECIPES[name], _options(name, told), f"recipe {name}")
    if (match := _OWN.fullmatch(text)) is not None:
        return own.find(match["place"], match["function"], sha256)
    raise ConfigError(
        f"There is no recipe {printable(text)!r}. Choose from {', '.join(RECIPES)}, "
        f"or name a Python function: recipe.py:function.{suggestion(name, RECIPES)}"
    )


def text(recipe: Recipe) -> str:
    """How it is written, with all its options: `parse` of it is the same recipe."""
    if isinstance(recipe, Own):
        return str(recipe)
    (name,) = [name for name, kind in RECIPES.items() if type(recipe) is kind]
    written = [f"{field.name}={_written(getattr(recipe, field.name))}" for field in _fields(name).values()]
    return f"{name}:{','.join(written)}" if written else name


def fingerprints(recipe: Recipe) -> dict[str, str]:
    """The SHA-256 of each of its files, by the file's name.

    Raises:
        ConfigError: one cannot be read.
    """
    sums = {}
    for path in recipe.files():
        try:
            sums[str(path)] = durable.sha256(path)
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path}, of the recipe {text(recipe)}, cannot be read ({error}).") from error
    return sums


def fingerprint(recipe: Recipe) -> str | None:
    """The SHA-256 of its files, + between two; None of a recipe that has none.

    Raises:
        ConfigError: one cannot be read.
    """
    return "+".join(fingerprints(recipe).values()) or None


def _fields(name: str) -> dict[str, dataclasses.Field[Any]]:
    """The options that can be written; what is handed in, such as a network, is no part of what a recipe is."""
    return {field.name: field for field in dataclasses.fields(RECIPES[name]) if field.compare}


def _options(name: str, told: str) -> dict[str, Any]:
    fields = _fields(name)
    options: dict[str, Any] = {}
    for part in re.split(r",(?=\w+=)", told) if told else ():  # a comma within a file's name is part of it
        key, equals, value = part.partition("=")
        if not equals:
            raise ConfigError(f"recipe {name}: {printable(part)!r} is no option; write {name}:key=value,key=value.")
        if key not in fields:
            there = f"It has {', '.join(fields)}." if fields else "It has none."
            raise ConfigError(f"recipe {name}: no option {printable(key)!r}.{suggestion(key, fields)} {there}")
        if key in options:
            raise ConfigError(f"recipe {name}: {key} is given twice.")
        options[key] = value if fields[key].type is str else _read(value)
    return options


def _read(value: str) -> bool | int | str:
    if value in ("true", "false"):
        return value == "true"
    return int(value) if re.fullmatch(r"-?[0-9]{1,18}", value) else value


def _written(value: bool | float | str) -> str:
    """Equal values alike: 2 and 2.0 as 2."""
    if isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value).removesuffix(".0")
