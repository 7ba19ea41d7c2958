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
from pixlate.specs.evaluation import EvaluationConfig, Resize, Rule, parse_range
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
    features: Annotated[tuple[Path, ...], Parameter(negative=())] = (),
    lpips: tuple[Path, Path] | None = None,
    unpaired: Switch = False,
    device: DeviceName = "auto",
    json: Path | None = None,
    csv: Path | None = None,
    page: Path | None = None,
    seed: int = 0,
) -> None:
    """Score pictures beside those they were to be like, whoever made them.

    L1, PSNR, SSIM, MS-SSIM and the colours in common with the targets (pix2pix, Figure 7), each with its interval; and,
    by networks whose weights are on this machine, LPIPS, FID, KID, precision and recall.

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
    features
        Compare both sets as wholes by a network's features: FID, KID, precision and recall by the FID's Inception-v3
        (pt_inception-2015-12-05-6726825d.pth), or their like by a segmenter of `pixlate evaluate fcn train`.
    lpips
        LPIPS by torchvision's AlexNet (alexnet-owt-7be5be79.pth) and LPIPS's own weights (alex.pth), in this order.
    unpaired
        Targets are other pictures, of any names: only --features compares them.
    device
        Where networks compute.
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

    if not outputs.is_file() and (sources is not None or size is not None):
        raise ConfigError(f"--sources and --size are for a model file, and {outputs} is none.")
    for path in filter(None, (json, csv, page)):
        if path.is_dir():
            raise ConfigError(f"{path} is a folder; name a file to write to.")
    if unpaired and (csv or page):
        raise ConfigError("--csv and --page are of pairs; leave them out with --unpaired.")
    scale = None if range_ is None else parse_range(range_)
    rule = Rule(resize or ("targets" if outputs.is_file() else "no"), resample, scale)
    by = None if lpips is None else (str(lpips[0]), str(lpips[1]))
    config = EvaluationConfig(direction, rule, common, tuple(map(str, features)), by, unpaired, seed, device)
    config.check()
    with _made(outputs, targets, direction, sources, size, device) as folder:
        from pixlate.evaluation import evaluating  # noqa: PLC0415 - torch, once it is known what to do

        found = evaluating.evaluate(
            folder,
            targets,
            config,
            name=str(outputs),
            track=lambda things, what: shown(things, what, len(things)),
        )
        print("\n".join(found.lines()))
        if json is not None:
            durable.write(json, found.to_json().encode())
        if csv is not None and found.report is not None:
            durable.write(csv, found.report.to_csv().encode())
        if page is not None and found.report is not None and found.matched is not None:
            from pixlate.evaluation import page as pages  # noqa: PLC0415

            durable.write(page, pages.page(found.report, found.matched, rule).encode())


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
