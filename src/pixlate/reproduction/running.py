"""All experiments one after the other, or shared among processes; the report is written anew after each."""

import json
import os
from collections.abc import Callable
from pathlib import Path

from pixlate import durable
from pixlate.errors import ConfigError, RunError, suggestion
from pixlate.reproduction import report, working
from pixlate.reproduction.bench import Bench, alone, prepare
from pixlate.specs.document import to_document
from pixlate.specs.reproduction import TABLES, ReproductionConfig

Others = dict[str, working.Scores]

SETTINGS = "reproduction.json"
_MAY_CHANGE = frozenset({"tables", "seeds", "device", "others"})
_TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "GROUP_RANK", "ROLE_RANK", "ROLE_WORLD_SIZE")


def reproduce(config: ReproductionConfig, folder: Path, tell: Callable[[str], None] = print) -> Path:
    """Do what is still missing of the experiments, all with the first seed before any with the second.

    Returns the page. The same command goes on where another was ended. Under torchrun each process takes every n-th
    experiment, and trains it alone.

    Raises:
        PixlateError: whatever the user can put right.
    """
    check(config)
    rank, world = _alone()
    with alone(folder, "settings"):
        _settle(config, folder)
    bench = prepare(config, folder)
    for other in config.others.values():
        bench.beside(Path(other), labels=True)
    if rank == 0 and (warning := working.ceiling(bench)["warning"]):
        tell(warning)
    others: Others = {}
    todo = [(name, seed) for seed in range(config.seeds) for name in config.experiments]
    for name, seed in todo[rank::world]:
        if working.scores_of(bench, name, seed) is None:
            tell(f"{name}, seed {seed}")
        working.work(bench, name, seed)
        write(bench, others)
    return write(bench, others)


def check(config: ReproductionConfig) -> None:
    """Make sure of what can be seen from the settings alone.

    Raises:
        ConfigError: no such table, or no seeds.
    """
    for name in config.tables:
        if name not in TABLES:
            raise ConfigError(f"There is no table {name!r}; choose from {', '.join(TABLES)}.{suggestion(name, TABLES)}")
    if not config.tables or config.seeds < 1 or (config.epochs is not None and config.epochs < 1):
        raise ConfigError("One table, one seed and one epoch at least are wanted.")


def write(bench: Bench, others: Others) -> Path:
    """Write the page, the same as Markdown without pictures, and all figures as JSON; of all that is done so far.

    `others` are the scores of what others have made, filled where they are missing.
    """
    real = working.ceiling(bench)
    for name, path in bench.config.others.items():
        if name not in others:
            others[name] = working.measure(bench, Path(path))
    with alone(bench.folder, "report"):
        return _written(bench, real, others)


def _written(bench: Bench, real: working.Scores, others: Others) -> Path:
    results: report.Results = {}
    for name in bench.config.experiments:
        found = {seed: working.scores_of(bench, name, seed) for seed in range(bench.config.seeds)}
        done = {seed: scores for seed, scores in found.items() if scores is not None}
        if done:
            results[name] = done
    durable.write(bench.folder / "results.md", report.markdown(bench, results, real, others).encode())
    figures = {"settings": to_document(bench.config), "real": real, "results": results, "others": others}
    durable.write(bench.folder / "results.json", (json.dumps(figures, indent=1, allow_nan=False) + "\n").encode())
    page = bench.folder / "index.html"
    durable.write(page, report.page(bench, results, real, others).encode())
    return page


def _settle(config: ReproductionConfig, folder: Path) -> None:
    """Write the settings down, or make sure that they are those written down.

    Raises:
        RunError: the folder is of another reproduction, or of something else.
    """
    path = folder / SETTINGS
    now = {name: value for name, value in to_document(config).items() if name not in _MAY_CHANGE}
    if path.is_file():
        before = json.loads(path.read_text("utf-8"))
        if differing := sorted(name for name in now if before.get(name) != now[name]):
            name = differing[0]
            raise RunError(
                f"{folder} was begun with {name} {before.get(name)}, not {now[name]}. Give another folder with --out."
            )
        return
    if any(path.suffix not in (".lock", ".part") for path in folder.iterdir()):
        raise RunError(f"{folder} is not empty and holds no reproduction. Give another folder with --out.")
    durable.write(path, (json.dumps(now, indent=1) + "\n").encode())


def _alone() -> tuple[int, int]:
    """Which process of how many this is; from now on each trains as if it were the only one."""
    rank, world = (int(os.environ.get(name, default)) for name, default in (("RANK", "0"), ("WORLD_SIZE", "1")))
    local = os.environ.get("LOCAL_RANK")
    if local is not None:
        shared = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
        os.environ["CUDA_VISIBLE_DEVICES"] = shared[int(local) % len(shared)] if shared != [""] else local
    for name in _TORCHRUN:
        os.environ.pop(name, None)
    return rank, world
