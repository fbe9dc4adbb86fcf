"""Run the full counts, all or what is named: `python -m tests.torture [tracking ...]`.

`soak` takes an hour, or `--minutes N`, and runs only when it is named; so does `suite`, the whole
suite `--runs` times beside `--busy` loops, with a line a run added to `--log`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tests.torture

_SOAK, _MINUTES, _SUITE = "soak", 60.0, "suite"


def main() -> int:
    """Run each part and print what it says; 1 when one fails."""
    args = _parser().parse_args()
    failed = 0
    for name in args.names or _names():
        started = time.monotonic()
        try:
            said = _run(name, args)
        except AssertionError as error:
            failed, said = failed + 1, {"failed": str(error)}
        took = round(time.monotonic() - started, 1)
        print(json.dumps({"name": name, "seconds": took} | dict(said or {})), flush=True)
    return int(failed > 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--scale", type=float, default=1.0, help="1 is the full count")
    parser.add_argument("--minutes", type=float, default=_MINUTES, help="of the soak")
    parser.add_argument("--runs", type=int, default=10, help="of the suite")
    parser.add_argument("--busy", type=int, default=0, help="loops beside the suite")
    parser.add_argument("--log", type=Path, default=Path.home() / "session-console-suite.log")
    return parser


def _run(name: str, args: argparse.Namespace) -> Mapping[str, Any] | None:
    part: Any = importlib.import_module(f"tests.torture.{name}")
    if name == _SUITE:
        said: Mapping[str, Any] = part.run(args.runs, args.busy, args.log)
        return said
    found: Mapping[str, Any] | None = part.run(
        args.minutes / _MINUTES if name == _SOAK else args.scale
    )
    return found


def _names() -> list[str]:
    found = (one.name for one in pkgutil.iter_modules(tests.torture.__path__))
    return sorted(name for name in found if name[0] != "_" and name not in (_SOAK, _SUITE))


if __name__ == "__main__":
    sys.exit(main())
