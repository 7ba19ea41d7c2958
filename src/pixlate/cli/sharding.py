"""`pixlate data shard`: a set too large for loose files, as shards."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from pixlate.specs.data import DataConfig, parse_bytes


def shard(
    data: str,
    data_b: str | None = None,
    /,
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    shard_size: str = "256MB",
    unpaired: Annotated[bool, Parameter(negative=())] = False,
    single: Annotated[bool, Parameter(negative=())] = False,
    skip_bad: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Put a set of pictures into webdataset shards with an index, for `pixlate train OUT`.

    Their bytes stay as they are. From a server the set is trained on by the address of its index.json.

    Parameters
    ----------
    data
        Folder of side-by-side pictures, folder with A and B inside, or a CSV/JSONL list, as for training.
    data_b
        Folder of the B pictures, where DATA holds the A pictures.
    out
        Folder to write to; it appears once all is done.
    shard_size
        Size of a shard, about.
    unpaired
        A and B are two sets that are not pairs, as for cyclegan and cut.
    single
        DATA holds single pictures, of which a --recipe makes the sources.
    skip_bad
        Leave defective pictures out, and list them, instead of stopping.
    """
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    from pixlate.data.shards import writing  # noqa: PLC0415
    from pixlate.errors import ConfigError  # noqa: PLC0415

    if unpaired and single:
        raise ConfigError("Both --unpaired and --single are given; give one.")
    size = parse_bytes(shard_size, "--shard-size")
    what: writing.What = "unpaired" if unpaired else "single" if single else "pairs"
    sharding = writing.prepare(DataConfig(data, data_b, skip_bad=skip_bad), what)
    for line in sharding.notes:
        print(line)
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as bar:
        for _ in bar.track(writing.write(sharding, out, size), total=len(sharding), description="writing"):
            pass
    print(f"{len(sharding):,} samples in {len(list(out.glob('*.tar')))} shards; learn from them: pixlate train {out}")
