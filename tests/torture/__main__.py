"""Run the full counts, all or what is named: `python -m tests.torture [tracking ...]`.

`soak` takes an hour, or `--minutes N`, and runs only when it is named.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
import time

import tests.torture

_SOAK, _MINUTES = "soak", 60.0


def main() -> int:
    """Run each part's `run(scale)` and print what it says; 1 when one fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--scale", type=float, default=1.0, help="1 is the full count")
    parser.add_argument("--minutes", type=float, default=_MINUTES, help="of the soak")
    args = parser.parse_args()
    failed = 0
    for name in args.names or _names():
        started = time.monotonic()
        try:
            scale = args.minutes / _MINUTES if name == _SOAK else args.scale
            said = importlib.import_module(f"tests.torture.{name}").run(scale)
        except AssertionError as error:
            failed, said = failed + 1, {"failed": str(error)}
        took = round(time.monotonic() - started, 1)
        print(json.dumps({"name": name, "seconds": took} | dict(said or {})), flush=True)
    return int(failed > 0)


def _names() -> list[str]:
    found = (one.name for one in pkgutil.iter_modules(tests.torture.__path__))
    return sorted(name for name in found if not name.startswith("_") and name != _SOAK)


if __name__ == "__main__":
    sys.exit(main())
