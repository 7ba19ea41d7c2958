"""`pixlate evaluate`: outputs, or a model's, beside targets."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from pixlate.cli.arranging import Switch, shown
from pixlate.errors import ConfigError
from pixlate.specs.data import Direction, Resample, parse_size
from pixlate.specs.evaluation import Resize, Rule, parse_range
from pixlate.specs.training import DeviceName


def evaluate(  # noqa: PLR0913 - one argument a flag
    outputs: Path,
    targets: Path,
    /,
    *,
    direction: Direction | None = None,
    resize: Resize | None = None,
    resample: Resample = "bilinear",
    range_: Annotated[str | None, Parameter(name="--range")] = None,
    common: Switch = False,
    sources: Path | None = None,
    size: str | None = None,
    device: DeviceName = "auto",
    json: Path | None = None,
    csv: Path | None = None,
    page: Path | None = None,
    seed: int = 0,
) -> None:
    """Score pictures beside those they were to be like, whoever made them.

    L1, PSNR, SSIM, MS-SSIM and the colours in common with the targets (pix2pix, Figure 7), each with its interval.

    Parameters
    ----------
    outputs
        Folder of pictures; those ending in _fake_B or -outputs, if there are such. Or a model file: then its
        translations are scored.
    targets
        Folder of the pictures they were to be like, of the same names, endings aside.
    direction
        Targets are halves of side-by-side pairs: of AtoB the right, of BtoA the left.
    resize
        Where sizes differ, resize targets (to the outputs' size), or outputs. Default: refuse; for a model, targets.
    resample
        Filter for that; antialiased.
    range_
        LOW,HIGH: the values of floats that are black and white.
    common
        Leave out what is in one of the folders only, instead of refusing.
    sources
        For a model: folder of its sources, where TARGETS are not side-by-side pairs.
    size
        For a model: resize sources to N or HEIGHTxWIDTH pixels first. Default: the size it was trained at.
    device
        For a model: where to compute.
    json
        File to write the scores to.
    csv
        File to write the scores of each picture to.
    page
        File to write a page to, with the worst, median and best pictures.
    seed
        Root of the intervals' resampling.
    """
    from pixlate import durable  # noqa: PLC0415
    from pixlate.evaluation.matching import half_of, match  # noqa: PLC0415

    if not outputs.is_file() and (sources is not None or size is not None):
        raise ConfigError(f"--sources and --size are for a model file, and {outputs} is none.")
    scale = None if range_ is None else parse_range(range_)
    with _made(outputs, targets, direction, sources, size, device) as folder:
        rule = Rule(resize or ("no" if folder == outputs else "targets"), resample, scale)
        matched = match(folder, targets, half_of(direction), common=common)
        from pixlate.evaluation import scoring  # noqa: PLC0415 - torch, once it is known what to do

        report = scoring.score(
            matched, rule, seed=seed, name=str(outputs), track=lambda matches: shown(matches, "scoring", len(matches))
        )
        print("\n".join(report.lines()))
        if json is not None:
            durable.write(json, report.to_json().encode())
        if csv is not None:
            durable.write(csv, report.to_csv().encode())
        if page is not None:
            from pixlate.evaluation import page as pages  # noqa: PLC0415

            durable.write(page, pages.page(report, matched, rule).encode())


@contextmanager
def _made(
    outputs: Path,
    targets: Path,
    direction: Direction | None,
    sources: Path | None,
    size: str | None,
    device: DeviceName,
) -> Iterator[Path]:
    """The folder of outputs; of a model's, for as long as they are wanted."""
    if not outputs.is_file():
        yield outputs
        return
    from pixlate import modelfile  # noqa: PLC0415
    from pixlate.translation.jobs import Reading, find_jobs  # noqa: PLC0415

    card = modelfile.read_card(outputs)
    if sources is None and direction is None:
        raise ConfigError(
            f"{outputs} is a model, and wants sources: give --direction where {targets} holds side-by-side pairs, else "
            "--sources FOLDER."
        )
    at = parse_size(size) if size is not None else (card.size[0], card.size[1])
    with tempfile.TemporaryDirectory(prefix="pixlate-") as folder:
        how = Reading(direction if sources is None else None)
        work = find_jobs(card, [sources or targets], Path(folder), how)
        from pixlate.translation import translating  # noqa: PLC0415
        from pixlate.translation.translator import Translator  # noqa: PLC0415

        translator = Translator(outputs, device=device)
        for _ in shown(translating.translate(translator, work, size=at), "translating", len(work.jobs)):
            pass
        yield Path(folder)
