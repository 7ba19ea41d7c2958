"""The figures of speed.py as tables for a person, in Markdown; and from a file of figures.

python benchmarks/speed_tables.py benchmarks/results/NAME.json
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

Found = Mapping[str, Any]
NAMES = ("textbook", "incumbent", "ours")


def named(setting: Found) -> str:
    """A setting in words."""
    return "{method} {preset}, {size} px, batch {batch}".format(**setting)


def told(found: Found) -> str:
    """All of it."""
    parts = [f"commit {found['commit']}, {found['date']}, {found['machine']}, torch {found['torch']}, "]
    parts[0] += f"{found['threads']} threads, {'all in one process, ' if found['one_process'] else ''}"
    parts[0] += f"{found['took_s']:.0f} s"
    top = found["ceiling"]
    parts.append(
        f"ceiling: matrix product {top['gemm_gflops']:.0f} GFLOP/s, convolution {top['conv_gflops']:.0f} GFLOP/s, "
        f"copy {top['copy_gb_s']:.1f} GB/s"
    )
    parts += [
        races(found[kind], title)
        for kind, title in (("steps", "step"), ("translations", "translation"))
        if found.get(kind)
    ]
    for name in ("memory", "loading", "startup", "checkpoint"):
        if found.get(name):
            parts.append(TABLES[name](found[name]))
    if found["left_out"]:
        parts.append("left out:\n" + "\n".join(f"- {line}" for line in found["left_out"]))
    return "\n\n".join(parts)


def rows(head: Iterable[str], body: Iterable[Iterable[str]]) -> str:
    """A table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *map(list, body)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def races(found: list[Found], title: str) -> str:
    """Seconds and shares of the ceiling of each contender, and how much faster ours is."""
    names = [name for name in NAMES if f"{name}_s" in found[0]]
    others = [name for name in names if name != "ours"]
    head = [title, "GFLOP", "floor, s", *(f"{name}, s (share)" for name in names)]
    head += [f"{name} / ours (quartiles)" for name in others]
    body = []
    for row in found:
        line = [named(row), f"{row['gflop']:.0f}", f"{row['floor_s']:.3f}"]
        line += [f"{row[f'{name}_s']:.3f} ({100 * row['share_of_ceiling'][name]:.0f} %)" for name in names]
        for name in others:
            key = "ratio" if name == "textbook" else f"ratio_{name}"
            by_round = row[f"{key}_by_round"]
            line.append(f"{row[key]:.2f} ({by_round['low']:.2f} to {by_round['high']:.2f}, {row['rounds']} rounds)")
        body.append(line)
    return rows(head, body)


def memory(found: list[Found]) -> str:
    """The most that a process held."""
    names = [name for name in ("nothing", *NAMES) if f"{name}_mb" in found[0]]
    return rows(
        ["peak memory, MB", *names], [[named(row), *(f"{row[f'{name}_mb']:.0f}" for name in names)] for row in found]
    )


def loading(found: Found) -> str:
    """Pairs a second."""
    rates = {name: value for name, value in found.items() if name.endswith("_pairs_s")}
    head = [f"loading at {found['size']} px", *(name.removesuffix("_pairs_s").replace("_", " ") for name in rates)]
    table = rows(head, [["pairs a second", *(f"{value:.1f}" for value in rates.values())]])
    parts = ", ".join(f"{name} {1000 * seconds:.2f} ms" for name, seconds in found["parts_s"].items())
    more = f"one pair, parts: {parts}"
    if "times_the_need" in found:
        more += f"\n1 worker gives {found['times_the_need']:.0f}× what the step takes"
    pace = f"{found['pace_steps_s']} steps a second (one H200) want {found['workers_at_pace']:.1f} such workers"
    return f"{table}\n\n{more}\n{pace}"


def startup(found: Found) -> str:
    """Whole processes."""
    return rows(
        ["start-up", "s"], [[name.removesuffix("_s").replace("_", " "), f"{v:.2f}"] for name, v in found.items()]
    )


def checkpoint(found: Found) -> str:
    """What one costs."""
    head = ["checkpoint", "MB", "s", "share of copying", "steps it takes as long as"]
    line = ["256 px", f"{found['megabytes']:.0f}", f"{found['save_s']:.2f}", f"{100 * found['share_of_copy']:.0f} %"]
    return rows(head, [[*line, f"{found['save_s'] / found['step_s']:.1f}"]])


TABLES: dict[str, Callable[[Any], str]] = {
    "memory": memory,
    "loading": loading,
    "startup": startup,
    "checkpoint": checkpoint,
}

if __name__ == "__main__":
    print(told(json.loads(Path(sys.argv[1]).read_text())))
