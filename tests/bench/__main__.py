"""Measure everything, or what is named: `python -m tests.bench [catalog ...] [--json]`."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tests.bench
from tests.bench._figures import Measured


def main() -> int:
    """Print a table, or with `--json` one object; 1 when a goal is missed."""
    args = _parser().parse_args()
    results: list[Measured] = []
    with _compiled():
        for name in args.names or _names():
            print(f"measuring {name} ...", file=sys.stderr, flush=True)
            results += importlib.import_module(f"tests.bench.{name}").measure()
    facts = _machine() | {"results": results}
    if args.json:
        print(json.dumps(facts, indent=1))
    else:
        print("{at}, {cores} x {cpu}, Python {python}\n".format(**facts))
        _put_table(results)
    return int(any(not is_met(one) for one in results))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--json", action="store_true")
    return parser


def _names() -> list[str]:
    found = (one.name for one in pkgutil.iter_modules(tests.bench.__path__))
    return sorted(name for name in found if not name.startswith("_"))


@contextmanager
def _compiled() -> Iterator[None]:
    """Let every program that is measured run from bytecode, as an operator's does."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="session-console-bench-") as folder:
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        yield


def _machine() -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "python": platform.python_version(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
    }


def _cpu() -> str:
    """Return the processor's model; a machine's name is nobody's business."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def is_met(one: Measured) -> bool:
    """Whether a measurement reaches its goal; `is_least` turns the comparison round."""
    value = one.get("ratio", one.get("value"))
    if value is None or one.get("goal") is None:
        return True
    return bool(value >= one["goal"] if one.get("is_least") else value <= one["goal"])


def _put_table(results: list[Measured]) -> None:
    head = ("what", "measured", "floor", "ratio", "goal", "met")
    rows = [head, *(_row(one) for one in results)]
    widths = [max(len(row[index]) for row in rows) for index in range(len(head))]
    for number, row in enumerate(rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("| " + " | ".join(cells) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def _row(one: Measured) -> tuple[str, ...]:
    unit, sign = one.get("unit", "s"), "≥" if one.get("is_least") else "≤"
    measured = one.get("seconds", one.get("value"))
    floor, ratio, goal = one.get("floor_seconds"), one.get("ratio"), one.get("goal")
    return (
        one["name"],
        f"{measured:.3g} {unit}",
        f"{floor:.3g} {unit}" if floor is not None else "",
        f"{ratio:.2f}x" if ratio is not None else "",
        f"{sign} {goal:g}{'x' if ratio is not None else f' {unit}'}" if goal is not None else "",
        "" if goal is None else "yes" if is_met(one) else "NO",
    )


if __name__ == "__main__":
    sys.exit(main())
