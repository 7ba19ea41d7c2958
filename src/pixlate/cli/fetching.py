"""`pixlate data fetch`: the data sets of the papers."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from pixlate.errors import ConfigError


def fetch(
    name: str | None = None,
    /,
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"])] = Path("datasets"),
    mirror: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    from_: Annotated[tuple[Path, ...], Parameter(name="--from", negative=())] = (),
) -> None:
    """Fetch a data set of the papers, with the paper's training as settings; without NAME, list what there is.

    The same command again goes on with what was cut short, and does nothing where all is there.

    Parameters
    ----------
    name
        Data set, such as facades.
    out
        Folder to put it in, as OUT/NAME.
    mirror
        Address of its archive, asked before the authors'; one ending in a slash is a folder that holds it. May be given
        more than once.
    from_
        The archive, where you have it already; cityscapes wants two. Or a folder of your own pictures, which is left as
        it is: then only the settings are written.
    """
    from pixlate.data.fetching.catalogue import CATALOGUE, find  # noqa: PLC0415

    if name is None:
        if mirror or from_:
            raise ConfigError("Name the data set that is meant.")
        for data_set in CATALOGUE.values():
            print(
                f"{data_set.name:24}{data_set.about or 'on request':16}{data_set.task} ({data_set.settings['method']})"
            )
            print(f"{'':24}{data_set.licence}")
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn  # noqa: PLC0415

    from pixlate.data.fetching.acquiring import fetch as acquire  # noqa: PLC0415

    columns = (*Progress.get_default_columns()[:2], DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task(name, total=None)
        acquired = acquire(
            name,
            out,
            mirrors=mirror,
            given=from_,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    data_set = find(name)
    print(f"{acquired.pictures}: {data_set.task}, {data_set.pictures}")
    print(f"licence: {data_set.licence}\ncite: {data_set.citation}")
    pictures = "" if acquired.as_written else f" {acquired.pictures}"
    print(f"next: pixlate train{pictures} --config {acquired.settings}")
