"""`pixlate evaluate fcn` and `pixlate evaluate labels`: how well classes can be read off outputs."""

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from pixlate.cli.arranging import Out, Switch, shown
from pixlate.errors import ConfigError
from pixlate.specs.data import DataConfig, Direction
from pixlate.specs.segmenter import LabelRule, SegmenterConfig
from pixlate.specs.training import DeviceName

if TYPE_CHECKING:
    from pixlate.evaluation.accuracy import AccuracyTable

Palette = Annotated[str, Parameter(name="--palette")]


def train(  # noqa: PLR0913 - one argument a flag
    data: str,
    data_b: str | None = None,
    /,
    *,
    palette: Palette,
    out: Out,
    direction: Direction = "AtoB",
    within: float = LabelRule.within,
    smooth: bool = LabelRule.smooth,
    width: int = SegmenterConfig.width,
    size: str | None = None,
    epochs: int = SegmenterConfig.epochs,
    batch_size: int = SegmenterConfig.batch_size,
    crop: int = SegmenterConfig.crop,
    learning_rate: float | None = None,
    vgg: str | None = None,
    seed: int = 0,
    device: DeviceName = "auto",
) -> None:
    """Train the FCN-8s that the FCN-score needs, on real photographs and their labels.

    Parameters
    ----------
    data
        Folder of side-by-side pictures, or of the A pictures, or with A and B inside; or a list.
    data_b
        Folder of the B pictures. Cityscapes' gtFine and leftImg8bit are known by their names.
    palette
        Of the labels: facades, cityscapes, a file of colours, or a number of classes for grey pictures of numbers.
    out
        File to write, such as fcn.safetensors.
    direction
        As for the translator: its sources are the labels, its targets the photographs.
    within
        Label pixels farther than so many levels of RGB from every colour are left out: seams that JPEG has blurred.
    smooth
        Give each label pixel the commonest class of the 3×3 around it.
    width
        Filters of the first layer; VGG-16's 64, fewer are faster.
    size
        Shrink photographs to N or HEIGHTxWIDTH pixels first: make them as coarse as the pictures to be scored.
    epochs
        Passes over the training photographs.
    batch_size
        Photographs a step.
    crop
        Side of the square that is cut out of larger photographs for a step.
    learning_rate
        Adam's at the start. Default: 0.001, with --vgg 0.0001.
    vgg
        File of torchvision's VGG-16 (vgg16-397923af.pth) for first weights. Default: drawn at random, with batch norm.
    seed
        Root of every random draw.
    device
        Where to compute.
    """
    from pixlate.evaluation.fcn import training  # noqa: PLC0415

    config = SegmenterConfig(width, size, epochs, batch_size, crop, learning_rate, vgg, seed)
    training.train(
        DataConfig(data, data_b, direction), LabelRule(palette, within, smooth), config, out, device, tell=print
    )
    print(f"{out} written; `pixlate evaluate fcn score` scores outputs by it")


def score(  # noqa: PLR0913
    fcn: Path,
    outputs: Path,
    labels: Path,
    /,
    *,
    direction: Direction | None = None,
    photos: Path | None = None,
    common: Switch = False,
    json: Path | None = None,
    seed: int = 0,
    device: DeviceName = "auto",
) -> None:
    """The FCN-score: how well a segmenter reads off outputs what they were made from (pix2pix, Tables 1 to 3).

    Beside it that of the real photographs, the ceiling, and of two guesses. Outputs are stretched to the labels' size;
    labels are never resized.

    Parameters
    ----------
    fcn
        Segmenter's file, of `pixlate evaluate fcn train`.
    outputs
        Folder of pictures.
    labels
        Folder of the labels they were made from, of the same names, endings aside; or of side-by-side pairs.
    direction
        LABELS holds side-by-side pairs: of AtoB labels are the left half, of BtoA the right; the other is the photo.
    photos
        Folder of the real photographs, where LABELS are no pairs. Without, there is no ceiling row.
    common
        Leave out what has no partner, instead of refusing.
    json
        File to write the scores to.
    seed
        Root of the intervals' resampling.
    device
        Where to compute.
    """
    from pixlate.evaluation import accuracy  # noqa: PLC0415
    from pixlate.evaluation.fcn import scoring  # noqa: PLC0415
    from pixlate.evaluation.fcn.scenes import scenes_of  # noqa: PLC0415
    from pixlate.evaluation.fcn.segmenter import Segmenter  # noqa: PLC0415
    from pixlate.evaluation.labels import LabelReader  # noqa: PLC0415
    from pixlate.evaluation.matching import LABELS, half_of, match  # noqa: PLC0415

    matched = match(outputs, labels, half_of(direction, "source"), endings=LABELS, common=common)
    scenes = scenes_of(matched, direction, photos)
    segmenter = Segmenter(fcn, device)
    notes = (*matched.notes, *scoring.misfits(segmenter.card, matched.matches))
    reader = LabelReader(segmenter.card.labels)
    reader.refuse_other_palette([(one.target, matched.half) for one in matched.matches])

    def bar(what: str) -> Any:  # noqa: ANN401 - a function from numbers to numbers
        return lambda places: shown(places, what, len(places))

    rows = {}
    if scenes:
        rows[accuracy.CEILING] = scoring.of_photographs(segmenter, scenes, reader, bar("reading photographs"))
        if len(scenes) > 1:
            rows[accuracy.SHUFFLED] = scoring.of_photographs(
                segmenter, scenes, reader, bar("reading other photographs"), shuffled_by=seed
            )
    else:
        notes = (
            *notes,
            "No real photographs are given (--direction or --photos), so there is no ceiling to compare with.",
        )
    made = scoring.of_outputs(segmenter, matched.matches, matched.half, reader, bar("reading outputs"))
    rows[accuracy.MAJORITY] = accuracy.of_commonest(made)
    rows[str(outputs)] = made
    _tell(accuracy.table(rows, reader.names, seed, notes), json, {"segmenter": segmenter.described(fcn)})


def labels(  # noqa: PLR0913
    outputs: Path,
    targets: Path,
    /,
    *,
    palette: Palette,
    direction: Direction | None = None,
    within: float = LabelRule.within,
    smooth: bool = LabelRule.smooth,
    common: Switch = False,
    json: Path | None = None,
    seed: int = 0,
) -> None:
    """Score outputs that are label pictures themselves: photo → labels (pix2pix, Table 6).

    Each pixel of an output is of the class whose colour is nearest.

    Parameters
    ----------
    outputs
        Folder of label pictures in colours.
    targets
        Folder of the true labels, of the same names, endings aside; or of side-by-side pairs.
    palette
        facades, cityscapes, or a file of colours.
    direction
        TARGETS holds side-by-side pairs: of AtoB labels are the right half, of BtoA the left.
    within
        Pixels of the true labels farther than so many levels of RGB from every colour are left out.
    smooth
        Give each pixel of the true labels the commonest class of the 3×3 around it.
    common
        Leave out what has no partner, instead of refusing.
    json
        File to write the scores to.
    seed
        Root of the intervals' resampling.
    """
    from pixlate.evaluation import accuracy  # noqa: PLC0415
    from pixlate.evaluation import labels as room  # noqa: PLC0415
    from pixlate.evaluation.matching import LABELS, half_of, match  # noqa: PLC0415

    reader = room.LabelReader(LabelRule(palette, within, smooth))
    if reader.palette is None:
        raise ConfigError("--palette wants colours here: facades, cityscapes, or a file of colours.")
    matched = match(outputs, targets, half_of(direction), endings=LABELS, common=common)
    counts = room.score(
        matched.matches, matched.half, reader, lambda matches: shown(matches, "reading labels", len(matches))
    )
    rows = {accuracy.MAJORITY: accuracy.of_commonest(counts), str(outputs): counts}
    _tell(accuracy.table(rows, reader.names, seed, matched.notes), json, {"palette": palette})


def _tell(table: "AccuracyTable", json: Path | None, more: dict[str, Any]) -> None:
    from pixlate import durable  # noqa: PLC0415

    print("\n".join(table.lines()))
    if json is not None:
        text = json_module.dumps(table.to_document() | more, indent=2, ensure_ascii=False, allow_nan=False)
        durable.write(json, f"{text}\n".encode())
