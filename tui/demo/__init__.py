"""The demo: a sample root and a loopback Messages API, so that the real CLI runs offline."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from tui.core.errors import ConsoleError
from tui.core.values import dataclass

_PATIENCE_S = 30.0
_PATHS = ("root", "env_file", "claude_home", "state_dir", "cache_dir")
# Not PYTHONPATH, which the agents' own commands would inherit.
_BEGIN = """
import sys
package, speed = sys.argv[1:]
if package not in sys.path:
    sys.path.insert(0, package)
from tui.demo.keeper import main
sys.exit(main([speed]))
"""


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo: its sample `root`, its `settings`, and its own `folder`.

    Everything it writes to disk is below `folder`, which is removed when the demo is closed.
    """

    root: Path
    folder: Path
    settings: Mapping[str, Any]
    keeper: subprocess.Popen[str]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """End the runs and the server, and return when the folder is gone.

        Raises `ConsoleError` when that takes too long; the keeper goes on trying.
        """
        _close_pipes(self.keeper)
        try:
            self.keeper.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise ConsoleError(f"the demo is still ending; its folder is {self.folder}") from None


def start_demo(*, speed: float = 1.0) -> Demo:
    """Start a demo in a process of its own, which ends with this one however that ends.

    `speed` makes the agents that many times faster. Raises `ConsoleError` with the reason.
    """
    package = Path(__file__).absolute().parent.parent.parent
    keeper = subprocess.Popen(  # noqa: S603 (no word of it comes from outside)
        [sys.executable, "-P", "-c", _BEGIN, str(package), str(speed)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        start_new_session=True,
    )
    line = keeper.stdout.readline() if keeper.stdout else ""
    if not line:
        _, complaint = keeper.communicate()
        reason = (complaint.strip().splitlines() or ["it said nothing"])[-1]
        raise ConsoleError(f"the demo did not start: {reason}")
    return _demo(json.loads(line), keeper)


def _close_pipes(keeper: subprocess.Popen[str]) -> None:
    for pipe in (keeper.stdin, keeper.stdout, keeper.stderr):
        if pipe is not None:
            pipe.close()


def _demo(told: Mapping[str, Any], keeper: subprocess.Popen[str]) -> Demo:
    settings = dict(told["settings"])
    for name in _PATHS:
        settings[name] = Path(settings[name])
    return Demo(settings["root"], Path(told["folder"]), settings, keeper)
