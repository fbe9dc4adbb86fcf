"""The console with a heart: how late its loop was at most, in seconds, is kept in a file."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tui.__main__ import say_verb
from tui.cli.taken import verb_infos
from tui.operations.context import Context
from tui.settings import load_settings
from tui.ui import app
from tui.ui.engine import RealEngine

_EACH = 0.05


class BeatingApp(app.ConsoleApp):
    """Writes down each beat that was later than all since the file was taken away."""

    CSS_PATH = str(Path(app.__file__).with_name("console.tcss"))

    def __init__(self, engine: RealEngine, path: Path) -> None:
        super().__init__(engine)
        self._path = path

    def on_mount(self) -> None:
        self.run_worker(self._beat(), name="beat", group="beat", exit_on_error=False)

    async def _beat(self) -> None:
        loop, worst = asyncio.get_running_loop(), 0.0
        while True:
            due = loop.time() + _EACH
            await asyncio.sleep(_EACH)
            late = loop.time() - due
            if late > worst or not self._path.exists():
                worst = late
                self._path.write_text(str(worst))


if __name__ == "__main__":
    settings = load_settings(os.environ, {"root": Path(sys.argv[1]), "ssh": True})
    context = Context(settings, lambda: datetime.now(UTC))
    engine = RealEngine(context, partial(say_verb, context), verb_infos())
    BeatingApp(engine, Path(sys.argv[2])).run(mouse=False)
