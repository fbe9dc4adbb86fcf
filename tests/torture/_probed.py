"""The console, with a thread beside it that asks its event loop ten times a second how late it is.

`python -m tests.torture._probed FILE ...` appends to FILE a line each few seconds: the largest
delay since the last one, in ms, and how many threads there are.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from pathlib import Path

from tui.__main__ import main

_EACH_S, _LINES_EACH_S = 0.1, 2.0


class _Telling(asyncio.DefaultEventLoopPolicy):
    """Tells which loop was made."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[asyncio.AbstractEventLoop] = []

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        self.made.append(super().new_event_loop())
        return self.made[-1]


class _Probe:
    """Asks the loops that run, and keeps the largest delay until it is told."""

    def __init__(self, policy: _Telling, path: Path) -> None:
        self._policy = policy
        self._path = path
        self._late_s = 0.0

    def run(self) -> None:
        """Ask and tell for ever."""
        told = time.monotonic()
        while True:
            time.sleep(_EACH_S)
            for loop in [one for one in self._policy.made if one.is_running()]:
                loop.call_soon_threadsafe(self._answered, time.monotonic())
            if time.monotonic() - told > _LINES_EACH_S:
                with self._path.open("a") as file:
                    file.write(f"{1000 * self._late_s:.1f} {threading.active_count()}\n")
                self._late_s, told = 0.0, time.monotonic()

    def _answered(self, asked: float) -> None:
        self._late_s = max(self._late_s, time.monotonic() - asked)


if __name__ == "__main__":
    telling = _Telling()
    asyncio.set_event_loop_policy(telling)
    told = Path(sys.argv[1])
    threading.Thread(target=_Probe(telling, told).run, daemon=True).start()
    sys.exit(main(sys.argv[2:]))
