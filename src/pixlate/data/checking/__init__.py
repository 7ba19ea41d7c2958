"""Every defect of a data set, before training: what training would refuse, and what it would not notice."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pixlate.data import sifting, survey
from pixlate.data.checking import comparing, looking, walking
from pixlate.data.checking.findings import Finding, in_order
from pixlate.data.checking.looking import Looked
from pixlate.data.checking.report import Report
from pixlate.data.finding import DefectKind, PictureFile, loose, readable, two_folders
from pixlate.data.shards.sets import are_shards
from pixlate.data.stacking import folder_of
from pixlate.data.survey import Laid, Survey
from pixlate.errors import ConfigError, DataError, PictureError, suggestion
from pixlate.specs.data import DataConfig
from pixlate.specs.methods.table import DEFAULT, METHODS

if TYPE_CHECKING:
    from pixlate.images import File, Header

__all__ = ["Report", "check"]

_KINDS: dict[DefectKind, str] = {
    "unmatched": "unmatched",
    "duplicate stem": "duplicate-stem",
    "missing": "missing",
    "size mismatch": "size-mismatch",
    "odd width": "odd-width",
}
"""Of what training finds; what it calls unreadable has many kinds here."""

_SEED = 0
"""Of the split, as training has it when nothing is said; only how many are held out is told."""

Track = Callable[[Iterable[Looked], int], Iterable[Looked]]


def check(
    config: DataConfig,
    *,
    method: str = DEFAULT.method,
    fast: bool = False,
    workers: int | None = None,
    track: Track = lambda looked, _: looked,
) -> Report:
    """Find all defects of a data set, by the way training by that method finds and reads pictures.

    `fast` reads the headers only: nothing truncated, doubled or of one colour is found. `workers` is how many threads
    decode; by default one a core. `track` is given what is looked at, as it comes, and how many files there are.

    Raises:
        DataError: there is no such folder or list, or it is a set of shards.
        ConfigError: settings that contradict one another.
    """
    if workers is not None and workers < 1:
        raise ConfigError(f"--workers is {workers}; 1 or more is wanted.")
    if method not in METHODS:
        raise ConfigError(
            f"There is no method {method!r}; choose from {', '.join(METHODS)}.{suggestion(method, METHODS)}"
        )
    if are_shards(config.data):
        raise DataError(f"{config.data} is a set of shards; files are checked, before `pixlate data shard`.")
    paired = METHODS[method].paired
    started = time.perf_counter()
    roots = _roots(config)
    walked = walking.Walked()
    for root in roots:
        walking.walk(root, walked)
    try:
        laid = survey.lay_out(config, paired=paired)
    except PictureError:  # a folder that cannot be read, which the walk has found
        return Report(config, in_order(walked.findings), method)
    except DataError as error:
        refused = Finding("layout", (Path(config.data),), str(error))
        return Report(config, in_order([*walked.findings, refused]), method)
    alphas, uses = sifting.alphas_of(laid.found, laid.wanted), comparing.uses_of(laid.found)
    unseen = _unseen(walked.pictures, {*alphas, *(loose(defect.path) for defect in laid.found.defects)}, laid)
    findings = [*walked.findings, *walking.not_taken(unseen, roots), *walking.nested(_names(laid, config))]
    pairs = [pair for some in laid.found.parts.values() for pair in some]
    halves = {loose(file.path) for file in _files(laid) if file.half != "whole"}
    looks = track(looking.look_at(alphas, halves, workers or _cores(), fast=fast), len(alphas))
    looked = dict(zip(alphas, looks, strict=True))
    findings += [Finding(look.defect, (path,), look.why) for path, look in looked.items() if look.defect]
    findings += comparing.alone(looked)
    findings += comparing.duplicates(looked, uses)
    findings += comparing.of_pairs(pairs, looked)
    findings += comparing.mixtures(looked, uses, laid.wanted)
    surveyed = _concluded(laid, looked, config, findings, paired=paired)
    seconds = time.perf_counter() - started
    return Report(config, in_order(findings), method, fast, laid.found.layout, surveyed, len(alphas), seconds)


def _roots(config: DataConfig) -> list[Path]:
    """The folders to walk.

    Raises:
        DataError: one of them is none.
    """
    with readable(config) as data:
        if config.data_b is not None:
            folders = list(two_folders(data, Path(config.data_b)))
        else:
            folders = [data] if data.is_dir() else []
        return folders + [folder_of(name) for name in config.stack]


def _unseen(pictures: list[Path], seen: set[Path], laid: Laid) -> list[Path]:
    """Pictures that training never came by; those that are left out for a defect of their counterpart it did."""
    left_out = {loose(defect.path).stem for defect in laid.found.defects}
    return [path for path in pictures if path not in seen and path.stem not in left_out]


def _files(laid: Laid) -> Iterator[PictureFile]:
    """Every source and every target."""
    for pairs in laid.found.parts.values():
        yield from (file for pair in pairs for file in (pair.source, pair.target))
    for sides in laid.found.sides.values():
        yield from (file for side in sides for file in side)


def _names(laid: Laid, config: DataConfig) -> Iterator[tuple[str, Path]]:
    """Of all pictures that training takes from folders, each once; what a list names is meant."""
    if Path(config.data).is_file():
        return
    yield from sorted({(file.name, loose(file.path)) for file in _files(laid)}, key=lambda named: named[1])


def _concluded(
    laid: Laid, looked: dict[Path, Looked], config: DataConfig, findings: list[Finding], *, paired: bool
) -> Survey | None:
    """The set that training would see with --skip-bad; why there is none, and what is defective, joins the findings."""
    found, root = laid.found, Path(config.data)
    outcomes: dict[File, Header | PictureError] = {
        path: look.header or PictureError(look.why) for path, look in looked.items()
    }
    surveyed = None
    try:
        headers = sifting.sift(found, outcomes, root)
        surveyed = survey.conclude(laid, headers, config, _SEED, paired=paired)
    except DataError as error:
        findings.append(Finding("refused", (root,), f"{error} {survey.hint_of_no_pairs(found)}".strip()))
    hints = comparing.named_alike(found.defects)
    for defect in found.defects:
        if defect.kind != "unreadable":
            path = loose(defect.path)
            why = defect.why + hints.get(path, "")
            findings.append(Finding(_KINDS[defect.kind], (path,), why))
    return surveyed


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
