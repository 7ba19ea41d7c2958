"""The paper's training of a data set as a file that `pixlate train --config` reads."""

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pixlate import durable
from pixlate.data.fetching.catalogue import DataSet
from pixlate.errors import ConfigError
from pixlate.specs.document import from_yaml, to_yaml
from pixlate.specs.methods.table import METHODS
from pixlate.specs.training import TrainConfig, to_flat

FILE = "train.yaml"


def of(data_set: DataSet, pictures: Path) -> dict[str, Any]:
    """The settings, with the folder of the pictures as an absolute path: `data` counts from the working directory."""
    known = to_flat(TrainConfig(method=METHODS[data_set.settings["method"]]()))
    recipe = {key: value for key, value in data_set.recipe.items() if key in known}
    return {"data": str(pictures.resolve()), **data_set.settings, **recipe}


def settle(data_set: DataSet, pictures: Path, path: Path) -> bool:
    """Write the settings to `path`, or put them right where the pictures have moved; whether all is as it should be.

    A file that somebody has changed otherwise is left as it is.
    """
    wanted = of(data_set, pictures)
    if path.is_file():
        found = _read(path)
        if found == wanted:
            return True
        if {**found, "data": ""} != {**wanted, "data": ""}:
            return bool(found.get("data") == wanted["data"])
    durable.write(path, _text(data_set, wanted).encode())
    return True


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = from_yaml(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError, ConfigError):
        return {}
    return found if isinstance(found, Mapping) else {}


def _text(data_set: DataSet, wanted: Mapping[str, Any]) -> str:
    lines = [
        f"{data_set.name}: {data_set.task}, trained as in the paper.",
        data_set.remark,
        f"Licence: {data_set.licence}",
        f"Cite: {data_set.citation}.",
        "A flag given beside --config counts before a line here: when the pictures move, name their folder.",
    ]
    comment = "\n".join(textwrap.fill(line, 110) for line in lines if line)
    return textwrap.indent(comment, "# ", lambda _: True) + "\n" + to_yaml(wanted)
