"""Frozen dataclasses ↔ plain documents (what JSON and YAML hold), with errors a user can act on."""

import dataclasses
import types
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

from pixlate.errors import ConfigError, suggestion

T = TypeVar("T")


def to_document(spec: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass of this package
    """The dataclass as nested dicts, lists, strings, numbers, booleans and None."""
    return {field.name: _plain(getattr(spec, field.name)) for field in dataclasses.fields(spec)}


def _plain(value: Any) -> Any:  # noqa: ANN401
    if dataclasses.is_dataclass(value):
        return to_document(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def to_yaml(document: Mapping[str, Any]) -> str:
    """The document as YAML, in its own order."""
    readable = yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True)
    # PyYAML folds some rare letters (U+0085) when it writes them as they are.
    return readable if yaml.safe_load(readable) == document else yaml.safe_dump(dict(document), sort_keys=False)


def from_yaml(text: str, where: str) -> Any:  # noqa: ANN401 - whatever the YAML says; from_document judges
    """What the YAML says, unjudged; nothing is an empty mapping.

    Raises:
        ConfigError: it cannot be read as YAML.
    """
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{where} cannot be read as YAML ({reason}).") from error
    return {} if document is None else document


def from_document(cls: type[T], document: Any, where: str) -> T:  # noqa: ANN401
    """The dataclass `cls` read from `document`; `where` (a file's name) opens every complaint.

    Raises:
        ConfigError: an unknown key (with the nearest known one), a missing key, or a value of the wrong kind.
    """
    if not isinstance(document, Mapping):
        raise ConfigError(f"{where}: expected settings, found {type(document).__name__}.")
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for key in document:
        if key not in fields:
            raise ConfigError(f"{where}: unknown setting {key!r}.{suggestion(str(key), fields)}")
    hints = get_type_hints(cls)
    values = {key: _convert(hints[key], value, f"{where}: {key}") for key, value in document.items()}
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in values:
            raise ConfigError(f"{where}: the setting {name!r} is missing.")
    return cls(**values)


def _convert(kind: Any, value: Any, where: str) -> Any:  # noqa: ANN401, PLR0911 - one exit per kind
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in get_args(kind):
            return None
        (inner,) = [member for member in get_args(kind) if member is not type(None)]
        return _convert(inner, value, where)
    if origin is Literal:
        return _chosen(get_args(kind), value, where)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise ConfigError(f"{where} is {value!r}; a list is wanted.")
        inner = get_args(kind)[0]
        return tuple(_convert(inner, item, where) for item in value)
    if origin is dict:
        if not isinstance(value, Mapping):
            raise ConfigError(f"{where} is {value!r}; a mapping is wanted.")
        inner = get_args(kind)[1]
        return {str(key): _convert(inner, item, f"{where}: {key}") for key, item in value.items()}
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return from_document(kind, value, where)
    return _scalar(kind, value, where)


def _chosen(choices: tuple[Any, ...], value: Any, where: str) -> Any:  # noqa: ANN401
    for choice in choices:
        if type(choice) is type(value) and choice == value:
            return choice
    if type(value) is int and str(value) in choices:  # YAML reads `precision: 32` as a number
        return str(value)
    named = [str(choice) for choice in choices]
    raise ConfigError(f"{where} is {value!r}; choose from {', '.join(named)}.{suggestion(str(value), named)}")


def _scalar(kind: type, value: Any, where: str) -> Any:  # noqa: ANN401
    if kind is float and isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            return float(value)  # of text too: YAML 1.1 reads 2e-4 as such
        except (ValueError, OverflowError):
            pass
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    if kind is str and isinstance(value, (int, PurePath)):  # YAML reads `size: 256` as a number
        return str(value)
    wanted = {int: "a whole number", float: "a number", str: "text (in quotes)", bool: "true or false"}
    raise ConfigError(f"{where} is {value!r}; {wanted.get(kind, kind.__name__)} is wanted.")
