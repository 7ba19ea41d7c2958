"""Commands on model files: translate with one, make one of another program's, write it as another's, show its card."""

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from pixlate.errors import ConfigError
from pixlate.specs.backends import BackendName
from pixlate.specs.card import Statistics
from pixlate.specs.data import Direction, parse_size
from pixlate.specs.memory import parse_memory
from pixlate.specs.pictures import Alpha
from pixlate.specs.training import DeviceName


def translate(  # noqa: PLR0913 - one argument a flag
    model: Path,
    inputs: Annotated[tuple[Path, ...], Parameter(negative=())],
    /,
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    direction: Direction | None = None,
    size: str | None = None,
    statistics: Statistics | None = None,
    dropout: bool | None = None,
    seed: int | None = None,
    alpha: Alpha | None = None,
    stack: Annotated[tuple[Path, ...], Parameter(negative=())] = (),
    apply_recipe: Annotated[bool, Parameter(negative=())] = False,
    to_grey: Annotated[bool, Parameter(negative=())] = False,
    skip_bad: Annotated[bool, Parameter(negative=())] = False,
    batch_size: int = 8,
    memory: str | None = None,
    device: DeviceName = "auto",
    backend: BackendName = "auto",
) -> None:
    """Translate pictures of any size with a trained model.

    A picture in a given folder becomes OUT/PATH-IN-THAT-FOLDER, one given directly OUT/NAME, as a PNG where one
    can hold what the targets of training were, else as a TIFF or NumPy file; of a TIFF as a TIFF.

    Parameters
    ----------
    model
        Model file (model.safetensors of a run).
    inputs
        Pictures and folders.
    out
        Folder to write to.
    direction
        Inputs are side-by-side pairs, and their source half is translated: AtoB the left, BtoA the right.
    size
        Resize to N or HEIGHTxWIDTH pixels first. Default: as they are. Models do best near their training size.
    statistics
        Normalise with the picture's own statistics (batch) or the running averages of training. Default: the card's.
    dropout
        Dropout on or off. Default: the card's; on in the paper.
    seed
        Root of the noise. Default: the card's.
    alpha
        What becomes of transparency: flatten, keep or only. Default: as in training.
    stack
        Folders of further pictures, matched by name, to stack onto the inputs as channels, as in training.
    apply_recipe
        Inputs are such pictures as the targets of training; make sources of them first, by the same recipe.
    to_grey
        Let colour pictures become grey for a model of grey ones.
    skip_bad
        Leave unreadable and unsuitable pictures out, and list them, instead of stopping.
    batch_size
        Pictures held in memory at a time; changes speed, never a byte.
    memory
        Memory to stay within, such as 4GB. Pictures too large for it are translated in bands of rows, with temporary
        files (in TMPDIR) where need be. Default: half of what is free.
    device
        Where to compute.
    backend
        What computes: torch, onnx (ONNX Runtime) or openvino; these two on the CPU, faster, to the same
        result but for rounding. Default: the fastest that is installed.
    """
    from pixlate import modelfile  # noqa: PLC0415
    from pixlate.translation.jobs import Reading, find_jobs  # noqa: PLC0415

    if batch_size < 1:
        raise ConfigError(f"--batch-size is {batch_size}; 1 or more is wanted.")
    resized = None if size is None else parse_size(size)
    most = None if memory is None else parse_memory(memory, "--memory")
    how = Reading(direction, alpha, stack, apply_recipe, to_grey)
    work = find_jobs(modelfile.read_card(model), inputs, out, how, skip_bad=skip_bad)
    for line in work.notes:
        print(line)
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    from pixlate.translation import translating  # noqa: PLC0415 - torch, once the work is known to be sound
    from pixlate.translation.translator import Translator  # noqa: PLC0415

    translator = Translator(
        model, statistics=statistics, dropout=dropout, seed=seed, device=device, backend=backend, memory=most
    )
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as bar:
        steps = bar.track(
            translating.translate(translator, work, size=resized, batch_size=batch_size, skip_bad=skip_bad),
            total=len(work.jobs),
            description="translating",
        )
        left_out = [*work.left_out, *filter(None, steps)]
    for why in left_out:
        print(f"left out: {why}")
    print(f"{len(work.jobs) + len(work.left_out) - len(left_out)} pictures translated into {out}")


def import_(
    weights: Path,
    /,
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    direction: Direction = "AtoB",
    size: str = "256",
    dropout: bool | None = None,
) -> None:
    """Make a model file of a generator of pytorch-CycleGAN-and-pix2pix (latest_net_G.pth).

    What network it is, is read from the file; nothing in the file is run. A discriminator becomes a file that training
    can start from (--start-from D=FILE).

    Parameters
    ----------
    weights
        The .pth file.
    out
        File to write, such as model.safetensors.
    direction
        What the card is to say it translates.
    size
        Side or HEIGHTxWIDTH, in pixels, of the pictures it was trained on, for the card.
    dropout
        Whether a U-Net was trained with dropout, which its file does not tell. Default: as pix2pix is there, with.
    """
    from pixlate import exchange  # noqa: PLC0415

    spec = exchange.import_weights(weights, out, direction=direction, size=size, dropout=dropout)
    print(f"{out}: {spec}")


def export(
    model: Path,
    /,
    *,
    to: Literal["incumbent"],  # noqa: ARG001 - the only one so far
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
) -> None:
    """Write a generator, or an imported discriminator, as another program's file.

    Parameters
    ----------
    model
        Model file.
    to
        incumbent: a .pth file that pytorch-CycleGAN-and-pix2pix loads.
    out
        File to write.
    """
    from pixlate import exchange  # noqa: PLC0415

    print(out, *exchange.export_weights(model, out), sep="\n  ")


def card(model: Path, /) -> None:
    """Show what a model file says of itself.

    Parameters
    ----------
    model
        Model file.
    """
    from pixlate import modelfile  # noqa: PLC0415
    from pixlate.specs.document import to_document, to_yaml  # noqa: PLC0415

    print(to_yaml(to_document(modelfile.read_card(model))), end="")
