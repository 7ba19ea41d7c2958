"""`pixlate reproduce`: the papers' tables."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from pixlate.cli.arranging import Out
from pixlate.errors import ConfigError
from pixlate.specs.data import Direction
from pixlate.specs.reproduction import ReproductionConfig, ScaleName
from pixlate.specs.training import DeviceName


def reproduce(  # noqa: PLR0913 - one argument a flag
    data: str,
    data_b: str | None = None,
    /,
    *,
    out: Out,
    direction: Direction = "AtoB",
    palette: str = "facades",
    tables: str = ",".join(ReproductionConfig.tables),
    scale: ScaleName = "small",
    seeds: int = 3,
    epochs: int | None = None,
    vgg: str | None = None,
    segmenter: str | None = None,
    other: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    device: DeviceName = "auto",
) -> None:
    """Reproduce the papers' tables: train what they compare, measure it as they did, beside what they published.

    The same command goes on where it was ended. `torchrun -m -- pixlate reproduce` shares the experiments among
    processes.

    Parameters
    ----------
    data
        Data set of label maps and photographs, as for train; measured is its test part.
    data_b
        Folder of the B pictures.
    out
        Folder for everything: runs, outputs, scores, results.md, index.html.
    direction
        From labels to photographs.
    palette
        Of the labels: facades, cityscapes, or a file of colours.
    tables
        Which, with commas between: table1, table2, table3, table6, figure7, noise, cyclegan.
    scale
        tiny (a try), small (64 px), medium (128 px) or paper (256 px, 200 epochs).
    seeds
        Times each experiment is done; fewer than 3 decide nothing.
    epochs
        In place of the scale's.
    vgg
        File of torchvision's VGG-16 for the segmenter's first weights.
    segmenter
        File of a segmenter to measure by, instead of training one; it should know photographs as coarse as the outputs.
    other
        NAME=FOLDER: outputs that somebody else made of the test part, to be put into the tables.
    device
        Where to compute.
    """
    from pixlate.reproduction import running  # noqa: PLC0415

    others = {}
    for given in other:
        name, equals, folder = given.partition("=")
        if not equals or not name or not Path(folder).is_dir():
            raise ConfigError(f"--other is {given!r}; give NAME=FOLDER, with a folder that is there.")
        others[name] = folder
    wanted = tuple(name.strip() for name in tables.split(","))
    config = ReproductionConfig(
        data, data_b, direction, palette, scale, wanted, seeds, epochs, vgg, segmenter, device, others
    )
    page = running.reproduce(config, out)
    print((out / "results.md").read_text("utf-8"))
    print(f"{page} shows it with pictures")
