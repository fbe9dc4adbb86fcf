"""A console that writes the longest delay of its event loop to a file, in seconds.

Time in which its threads waited for a processor (`schedstat`) does not count: that is the machine's
fault. A loop that waits for a link sleeps, and is late even on an idle machine.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tui.__main__ import say_verb
from tui.cli.verb_info import verb_infos
from tui.operations.context import Context
from tui.settings import load_settings
from tui.ui import app
from tui.ui.engine.real_engine import RealEngine

_EACH = 0.05


class DelayApp(app.ConsoleApp):
    """Writes each delay that is longer than all others since the file was removed."""

    CSS_PATH = str(Path(app.__file__).with_name("console.tcss"))

    def __init__(self, engine: RealEngine, path: Path) -> None:
        super().__init__(engine)
        self._path = path

    def on_mount(self) -> None:
        self.run_worker(self._measure(), name="delay", group="delay", exit_on_error=False)

    async def _measure(self) -> None:
        loop, worst = asyncio.get_running_loop(), 0.0
        while True:
            due, before = loop.time() + _EACH, _queued()
            await asyncio.sleep(_EACH)
            late = loop.time() - due
            late -= sum(since - before.get(thread, 0.0) for thread, since in _queued().items())
            if late > worst or not self._path.exists():
                worst = late
                self._write(str(worst))

    def _write(self, text: str) -> None:
        whole = self._path.with_suffix(".new")
        whole.write_text(text)
        whole.replace(self._path)


def _queued() -> dict[str, float]:
    """Return how many seconds each thread was ready to run while another one ran."""
    found = {}
    for path in Path("/proc/self/task").glob("*/schedstat"):
        with suppress(OSError):  # the thread has ended
            found[str(path)] = int(path.read_text().split()[1]) / 1e9
    return found


if __name__ == "__main__":
    settings = load_settings(os.environ, {"root": Path(sys.argv[1]), "ssh": True})
    context = Context(settings, lambda: datetime.now(UTC))
    engine = RealEngine(context, partial(say_verb, context), verb_infos())
    DelayApp(engine, Path(sys.argv[2])).run(mouse=False)
