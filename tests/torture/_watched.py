"""A console in a terminal, and what the system says of it: memory, descriptors, threads, delay."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.support.processes.terminal import Terminal


@dataclass(frozen=True)
class State:
    """How a console stands: MB of its own and with what it shares, and its loop's delay in ms."""

    pss_mb: float
    rss_mb: float
    descriptors: int
    threads: int
    late_ms: float


class Watched:
    """Runs the console with a probe in its loop; `told` is where that writes."""

    def __init__(
        self,
        words: Sequence[str],
        told: Path,
        environment: Mapping[str, str],
        *,
        before: Sequence[str] = (),
    ) -> None:
        self._told = told
        self._read = 0
        told.touch()
        probed = (sys.executable, "-m", "tests.torture._probed", str(told))
        environment = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22", **environment}
        cwd = Path(__file__).parents[2]
        self.screen = Terminal([*before, *probed, *words], environment=environment, cwd=cwd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.screen.__exit__(*error)

    def state(self) -> State:
        """Return how it stands now; the delay is the largest since the last time it was asked."""
        place = Path(f"/proc/{self.screen.process.pid}")
        kilobytes = {
            line.split(":")[0]: int(line.split()[1])
            for line in (place / "smaps_rollup").read_text().splitlines()[1:]
        }
        descriptors = len(os.listdir(place / "fd"))  # noqa: PTH208 (no path is wanted)
        threads = len(os.listdir(place / "task"))  # noqa: PTH208 (as above)
        pss, rss = kilobytes["Pss"] / 1024, kilobytes["Rss"] / 1024
        return State(round(pss, 1), round(rss, 1), descriptors, threads, self._late_ms())

    def _late_ms(self) -> float:
        lines = self._told.read_text().splitlines()
        new, self._read = lines[self._read :], len(lines)
        return max((float(line.split()[0]) for line in new), default=0.0)
