"""All commands, and the way in and out."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from cyclopts import App, CycloptsError, UnknownOptionError

from pixlate.cli import (
    arranging,
    checking,
    embedded,
    evaluating,
    fetching,
    files,
    preparing,
    reproducing,
    segmenting,
    sharding,
    training,
)
from pixlate.errors import PixlateError, escaped
from pixlate.specs.methods.table import DEFAULT, METHODS
from pixlate.version import __version__

app = App(
    name="pixlate",
    help="Learn to translate images from examples: label map → photo, edges → shoe, horse → zebra.",
    version=__version__,
    version_flags=["--version"],
    suppress_keyboard_interrupt=False,
)
data_app = App(name="data", help="Make and prepare data sets.")
evaluate_app = App(name="evaluate")
evaluate_app.default(evaluating.evaluate)
fcn_app = App(name="fcn", help="The FCN-score: train the segmenter, score by it.")
fcn_app.command(segmenting.train)
fcn_app.command(segmenting.score)
evaluate_app.command(fcn_app)
evaluate_app.command(segmenting.labels)
app.command(data_app)
app.command(evaluate_app)
app.command(reproducing.reproduce)
app.command(files.translate)
app.command(files.import_, name="import")
app.command(files.export)
app.command(files.card)
app.command(embedded.demo)
data_app.command(embedded.facades)
data_app.command(checking.check)
data_app.command(preparing.prepare)
data_app.command(preparing.labels)
data_app.command(arranging.split)
data_app.command(arranging.combine)
data_app.command(arranging.separate)
data_app.command(arranging.align)
data_app.command(arranging.tiles)
data_app.command(arranging.untile)
data_app.command(fetching.fetch)
data_app.command(sharding.shard)
app.config = (training.settings_file,)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line: exit code 0, 2 for what the user can put right, 1 for a defect of ours.

    `data check` ends with 1 where training would refuse the set.
    Training that is told to stop ends with 130 (SIGINT), 143 (SIGTERM, SIGUSR1) or 129 (SIGHUP).
    """
    code, method = 0, DEFAULT.method
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if words[:1] == ["train"]:
            method = training.method_asked(words)
        if "train" in app:
            del app["train"]
        app.command(training.command(METHODS[method]), name="train", sort_key=0)
        app(words, exit_on_error=False, print_error=False)
    except UnknownOptionError as error:
        told = training.explained(error, method) if words[:1] == ["train"] else error
        print(f"pixlate: {escaped(told)}", file=sys.stderr)
        code = 2
    except (CycloptsError, PixlateError) as error:
        print(f"pixlate: {escaped(error)}", file=sys.stderr)
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
