"""`pixlate data check`: every defect of a data set, before training."""

import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from pixlate.errors import ConfigError
from pixlate.specs.data import DataConfig, Direction
from pixlate.specs.methods.table import DEFAULT
from pixlate.specs.pictures import Alpha


def check(  # noqa: PLR0913 - one argument a flag
    data: str,
    data_b: str | None = None,
    /,
    *,
    method: str = DEFAULT.method,
    direction: Direction = "AtoB",
    recipe: str | None = None,
    source_channels: int | None = None,
    target_channels: int | None = None,
    source_range: str | None = None,
    target_range: str | None = None,
    source_alpha: Alpha | None = None,
    target_alpha: Alpha | None = None,
    stack: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    json: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    all_: Annotated[bool, Parameter(name="--all", negative=())] = False,
    fast: Annotated[bool, Parameter(negative=())] = False,
    workers: int | None = None,
) -> None:
    """Find every defect of a data set before training, and say what to do about each.

    An error is what training refuses, or leaves out with --skip-bad; a warning trains, but wants a look. Ends with 0
    where there is no error, with 1 where there is one, with 2 where the command itself is wrong.

    Parameters
    ----------
    data
        Folder or list, as for train.
    data_b
        Folder of the B pictures, where DATA holds the A pictures.
    method
        The method it is for: what it learns from, pairs or two sets, decides what a defect is.
    direction
        As for train; likewise the next eight.
    recipe
        DATA holds single pictures, of which this makes the sources.
    source_channels
        Channels of the sources.
    target_channels
        Channels of the targets.
    source_range
        Source values that become -1 and 1.
    target_range
        Likewise for the targets.
    source_alpha
        What becomes of sources' transparency.
    target_alpha
        Likewise for the targets.
    stack
        Folders of further pictures to stack onto the sources.
    json
        File to write all findings to as JSON; - prints them in place of the text.
    all_
        Name every picture, not some of each kind.
    fast
        Read the headers only: nothing truncated, doubled or of one colour is found.
    workers
        Threads that decode. Default: one a core.
    """
    if json is not None and json.startswith("-") and json != "-":
        raise ConfigError("--json wants a file after it, or - for the terminal.")
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    from pixlate import durable  # noqa: PLC0415
    from pixlate.data import checking  # noqa: PLC0415

    config = DataConfig(
        data,
        data_b,
        direction,
        recipe=recipe,
        source_channels=source_channels,
        target_channels=target_channels,
        source_range=source_range,
        target_range=target_range,
        source_alpha=source_alpha,
        target_alpha=target_alpha,
        stack=stack,
    )
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as bar:
        report = checking.check(
            config,
            method=method,
            fast=fast,
            workers=workers,
            track=lambda looked, total: bar.track(looked, total, description="looking"),
        )
    if json == "-":
        _say(report.to_json())
    else:
        _say("".join(f"{line}\n" for line in report.lines(every=all_)))
        if json is not None:
            durable.write(Path(json), report.to_json().encode())
    sys.exit(not report.sound)


def _say(text: str) -> None:
    try:
        print(text, end="", flush=True)
    except BrokenPipeError:  # whoever reads it has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
