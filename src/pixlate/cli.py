"""The command line: flags from the config dataclasses, and commands of a few lines over the Python API."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

from cyclopts import App, CycloptsError, Group, Parameter, Token

from pixlate.errors import ConfigError, PixlateError
from pixlate.specs.card import Statistics
from pixlate.specs.data import DataConfig, Direction, parse_size
from pixlate.specs.methods import Pix2PixConfig
from pixlate.specs.training import DeviceName, LoopConfig, TrainConfig, to_flat
from pixlate.version import __version__

if TYPE_CHECKING:
    from cyclopts import ArgumentCollection

app = App(
    name="pixlate",
    help="Learn to translate images from examples: label map → photo, edges → shoe, day → night.",
    version=__version__,
    version_flags=["--version"],
    suppress_keyboard_interrupt=False,
)
data_app = App(name="data", help="Make and prepare data sets.")
app.command(data_app)

_DATA, _METHOD, _LOOP = Group("Data", sort_key=1), Group("Method", sort_key=2), Group("Run", sort_key=3)


@app.command
def train(
    data: str | None = None,
    data_b: str | None = None,
    /,
    *,
    config: Path | None = None,  # noqa: ARG001 - read by _settings_file, before the command runs
    data_config: Annotated[DataConfig, Parameter(name="*", group=_DATA)] = DataConfig(),  # noqa: B008 - frozen
    method: Annotated[Pix2PixConfig, Parameter(name="*", group=_METHOD)] = Pix2PixConfig(),  # noqa: B008
    loop: Annotated[LoopConfig, Parameter(name="*", group=_LOOP)] = LoopConfig(),  # noqa: B008
) -> None:
    """Train a translator from pairs of pictures; the same command again goes on from its last checkpoint.

    Parameters
    ----------
    data
        Folder of side-by-side pictures (A left, B right), folder with A and B inside, or a CSV/JSONL list.
    data_b
        Folder of the B pictures, where DATA holds the A pictures.
    config
        YAML file of settings, such as the config.yaml of a run; a flag given here counts before it.
    """
    from pixlate import training  # noqa: PLC0415

    given = replace(data_config, data=data or data_config.data, data_b=data_b or data_config.data_b)
    training.train(TrainConfig(given, method, loop))


@app.command
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
    to_grey: Annotated[bool, Parameter(negative=())] = False,
    skip_bad: Annotated[bool, Parameter(negative=())] = False,
    batch_size: int = 8,
    device: DeviceName = "auto",
) -> None:
    """Translate pictures of any size with a trained model.

    A picture in a given folder becomes OUT/PATH-IN-THAT-FOLDER, one given directly OUT/NAME, both ending in .png.

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
    to_grey
        Let colour pictures become grey for a model of grey ones.
    skip_bad
        Leave unreadable and unsuitable pictures out, and list them, instead of stopping.
    batch_size
        Pictures held in memory at a time; changes speed, never a byte.
    device
        Where to compute.
    """
    from pixlate import modelfile  # noqa: PLC0415
    from pixlate.translation.jobs import find_jobs  # noqa: PLC0415

    if batch_size < 1:
        raise ConfigError(f"--batch-size is {batch_size}; 1 or more is wanted.")
    resized = None if size is None else parse_size(size)
    work = find_jobs(modelfile.read_card(model), inputs, out, direction=direction, to_grey=to_grey, skip_bad=skip_bad)
    for line in work.notes:
        print(line)
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    from pixlate.translation import translating  # noqa: PLC0415 - torch, once the work is known to be sound
    from pixlate.translation.translator import Translator  # noqa: PLC0415

    translator = Translator(model, statistics=statistics, dropout=dropout, seed=seed, device=device)
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


@app.command
def demo(
    folder: Path = Path("runs/demo"),
    /,
    *,
    size: int = 128,
    steps: int = 3000,
    pictures: int = 400,
    device: DeviceName = "auto",
) -> None:
    """Draw facades, learn to translate their label maps to photos, and translate label maps never seen.

    Parameters
    ----------
    folder
        Where the pictures, the run and the translations go.
    size
        Side of the pictures in pixels.
    steps
        Training steps.
    pictures
        Training pairs to draw.
    device
        Where to compute.
    """
    from pixlate.data.facades.writing import write  # noqa: PLC0415

    drawn = folder / "facades"
    print(f"drawing facades into {drawn}")
    write(drawn, (pictures, 40, 20), size)
    train(
        str(drawn),
        data_config=DataConfig(direction="BtoA", size=str(size)),
        method=Pix2PixConfig(width=32),
        loop=LoopConfig(run=str(folder / "run"), steps=steps, device=device),
    )
    translate(
        folder / "run" / "model.safetensors",
        (drawn / "test",),
        out=folder / "translated",
        direction="BtoA",
        device=device,
    )


@data_app.command
def facades(out: Path, /, *, train: int = 400, val: int = 40, test: int = 20, size: int = 128, seed: int = 0) -> None:
    """Draw the embedded set: side-by-side pictures, photo on the left (A), labels on the right (B).

    Parameters
    ----------
    out
        Folder to draw into.
    train
        Pictures in train/.
    val
        Pictures in val/.
    test
        Pictures in test/.
    size
        Side of each half in pixels, 32 to 512.
    seed
        Root of the drawing.
    """
    from pixlate.data.facades.writing import write  # noqa: PLC0415

    write(out, (train, val, test), size, seed)
    print(f"{train + val + test} pictures in {out}")


@app.command
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


def _settings_file(_app: App, _commands: tuple[str, ...], arguments: "ArgumentCollection") -> None:
    """Let the file named by --config speak for every flag that is not given."""
    flags = {argument.name.removeprefix("--").replace("-", "_"): argument for argument in arguments}
    if "config" not in flags or not flags["config"].tokens:
        return
    from pixlate.training import runfolder  # noqa: PLC0415

    path = flags["config"].tokens[0].value
    given = {name for name, flag in flags.items() if flag.tokens}
    given |= {"steps", "epochs"} if given & {"steps", "epochs"} else set()  # one replaces the other
    given |= {"data", "data_b"} if given & {"DATA", "data"} else set()  # another A wants another B, or none
    for name, value in to_flat(runfolder.read(Path(path))).items():
        if value is not None and name not in given:
            flags[name].append(Token(keyword=name, value=str(value), source=path))


app.config = (_settings_file,)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line: exit code 0, 2 for what the user can put right, 1 for a defect of ours.

    Training that is told to stop ends with 130 (SIGINT), 143 (SIGTERM, SIGUSR1) or 129 (SIGHUP).
    """
    code = 0
    try:
        app(arguments, exit_on_error=False, print_error=False)
    except (CycloptsError, PixlateError) as error:
        print(f"pixlate: {error}", file=sys.stderr)
        code = 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        code = 130
    if "TORCHELASTIC_RUN_ID" in os.environ:
        # A process whose work is done must not fail: as torch's threads are torn down, one now and then aborts it.
        with suppress(OSError):  # nobody listens
            sys.stdout.flush()
        os._exit(code)
    sys.exit(code)
