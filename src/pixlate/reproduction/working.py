"""One experiment with one seed: trained, translated, measured, and its scores written down. What is done stays done."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from pixlate import durable, images
from pixlate.evaluation import accuracy, labels, scoring
from pixlate.evaluation.accuracy import row_document
from pixlate.evaluation.fcn import scoring as fcn
from pixlate.evaluation.matching import Matched
from pixlate.images import Picture
from pixlate.metrics import texture
from pixlate.reproduction.bench import Bench
from pixlate.specs.evaluation import Rule
from pixlate.specs.reproduction import EXPERIMENTS, TABLES, training
from pixlate.translation.translator import Translator

_DRAWS = 5
"""Times each source is translated, with other noise, to see how much that changes."""

Scores = dict[str, Any]


def work(bench: Bench, name: str, seed: int) -> Scores:
    """The scores of one experiment: read if they are there, else found, from whatever step is still missing on.

    Raises:
        RunError: its run was trained with other settings than these.
    """
    if (known := scores_of(bench, name, seed)) is not None:
        return known
    from pixlate import training as verb  # noqa: PLC0415 - the longest to load

    model = verb.train(training(bench.config, name, seed, str(bench.run(name, seed)))) / "model.safetensors"
    translate(bench, model, bench.outputs(name, seed), backwards=EXPERIMENTS[name].backwards)
    scores = measure(bench, bench.outputs(name, seed), backwards=EXPERIMENTS[name].backwards)
    if any(name in dict(table.rows.values()) for table in TABLES.values() if table.measure == "noise"):
        scores["noise"] = stochasticity(bench, model)
    _keep(bench, bench.scores(name, seed), scores)
    return scores


def scores_of(bench: Bench, name: str, seed: int) -> Scores | None:
    """The scores written down for an experiment; None if there are none, or by another segmenter or measure."""
    return _kept(bench, bench.scores(name, seed))


def _kept(bench: Bench, path: Path) -> Scores | None:
    if not path.is_file():
        return None
    scores: Scores = json.loads(path.read_text("utf-8"))
    return scores if scores.get("stamp") == bench.stamp else None


def _keep(bench: Bench, path: Path, scores: Scores) -> None:
    scores["stamp"] = bench.stamp
    durable.write(path, (json.dumps(scores, indent=1, allow_nan=False) + "\n").encode())


def translate(bench: Bench, model: Path, out: Path, *, backwards: bool) -> None:
    """Translate every scene at the training size, into PNG files."""
    translator = Translator(model, device=bench.config.device)
    for scene in bench.scenes:
        output = translator(_source(bench, scene, translator, backwards=backwards), name=scene.name)
        durable.write(out / f"{scene.name}.png", images.encode_png(output))


def stochasticity(bench: Bench, model: Path) -> float:
    """How far a pixel goes with the noise: its standard deviation over five draws, meaned, in levels."""
    translators = [Translator(model, device=bench.config.device, seed=seed) for seed in range(_DRAWS)]
    spread = []
    for scene in bench.scenes:
        source = _source(bench, scene, translators[0], backwards=False)
        spread.append(texture.variety([translator(source, name=scene.name) for translator in translators]))
    return float(np.mean(spread))


def _source(bench: Bench, scene: Any, translator: Translator, *, backwards: bool) -> Picture:  # noqa: ANN401
    path, half = (scene.photo, scene.photo_half) if backwards else (scene.labels, scene.labels_half)
    size = bench.config.size.size
    return images.resize(images.read(path, half, alpha="flatten"), size, size, translator.card.resample)


def measure(bench: Bench, outputs: Path, *, backwards: bool = False) -> Scores:
    """All scores of a folder of outputs, whoever made them: photographs, or, `backwards`, labels."""
    if backwards:
        matched = bench.beside(outputs, labels=True)
        counts = labels.score(matched.matches, matched.half, bench.reader)
        return {"labels": row_document(accuracy.row_of(counts, 0), bench.reader.names)}
    to_labels, to_photos = (bench.beside(outputs, labels=which) for which in (True, False))
    read = fcn.of_outputs(bench.segmenter, to_labels.matches, to_labels.half, bench.reader)
    report = scoring.score(to_photos, Rule("targets"))
    return {
        "fcn": row_document(accuracy.row_of(read, 0), bench.reader.names),
        "paired": {name: score.to_document() for name, score in report.scores.items()},
        "colour": {axis: score.to_document() for axis, score in report.colours.items()},
        "curves": {axis: curve for axis, (curve, _) in report.curves.items()},
        **_looks(to_photos),
    }


def _looks(matched: Matched) -> Scores:
    pictures = [images.read(one.output) for one in matched.matches]
    same = [picture for picture in pictures if picture.shape == pictures[0].shape]
    return {
        "sharpness": float(np.mean([texture.sharpness(picture) for picture in pictures])),
        "variety": texture.variety(same) if len(same) > 1 else None,
    }


def ceiling(bench: Bench) -> Scores:
    """The scores of the real photographs, shrunk as outputs are, and of the guesses; their colours and sharpness."""
    path = bench.folder / "scores" / "ceiling.json"
    bench.segmenter  # noqa: B018 - by which a stamp is known
    if (known := _kept(bench, path)) is not None:
        return known
    real = fcn.of_photographs(bench.segmenter, bench.scenes, bench.reader)
    rows = {accuracy.CEILING: real, accuracy.MAJORITY: accuracy.of_commonest(real)}
    if len(bench.scenes) > 1:
        rows[accuracy.SHUFFLED] = fcn.of_photographs(bench.segmenter, bench.scenes, bench.reader, shuffled_by=0)
    photographs = bench.folder / "outputs" / "photographs"
    size = bench.config.size.size
    for scene in bench.scenes:
        photo = images.resize(images.read(scene.photo, scene.photo_half, alpha="flatten"), size, size, "bilinear")
        durable.write(photographs / f"{scene.name}.png", images.encode_png(photo))
    matched = bench.beside(photographs, labels=False)
    report = scoring.score(matched, Rule("targets"))
    table = accuracy.table(rows, bench.reader.names, 0)
    scores = {
        "rows": {name: row_document(row, bench.reader.names) for name, row in table.rows.items()},
        "warning": table.warning,
        "curves": {axis: curve for axis, (curve, _) in report.curves.items()},
        **_looks(matched),
    }
    _keep(bench, path, scores)
    return scores
