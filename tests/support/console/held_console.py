"""The real console, held back at one place for as long as a file is there.

`python -m tests.support.console.held_console PLACE FILE [ARGUMENT ...]`: `textual` holds it before
Textual is imported, and lets the live picture wait for its stream;
`look` in its first look at the root, as a slow disk does, with `FILE.reached` to tell of it;
`paint` likewise before the first live frame; `listings` in each reading of a listing; `broken`
raises in place of that import. The first picture is shown however loaded the machine is.
"""

from __future__ import annotations

import sys
import time
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

from tui.__main__ import run
from tui.core.console.picture import Rows
from tui.core.models.catalog import Catalog
from tui.ui.terminal import first_picture


class Held(MetaPathFinder):
    """Waits before anything of Textual is imported."""

    def __init__(self, place: str, file: Path) -> None:
        self._place = place
        self._file = file

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        if name.partition(".")[0] != "textual":
            return
        if self._place == "broken":
            raise ImportError("Textual is broken")
        wait(self._file)


def wait(file: Path) -> None:
    """Wait until the file is gone."""
    while file.exists():
        time.sleep(0.01)


def _look_late(file: Path) -> None:
    from tui.ui.engine.real_engine import RealEngine

    look = RealEngine.look

    def late(engine: RealEngine, *given: Any, **named: Any) -> Catalog:
        file.with_suffix(".reached").touch()
        wait(file)
        return look(engine, *given, **named)

    RealEngine.look = late  # type: ignore[method-assign, assignment]


def _paint_late(file: Path) -> None:
    from tui.ui.terminal.frame import Frame

    adopt = Frame.adopt

    def late(frame: Frame, rows: Rows) -> None:
        file.with_suffix(".reached").touch()
        wait(file)
        adopt(frame, rows)

    Frame.adopt = late  # type: ignore[method-assign, assignment]


def _listings_late(file: Path) -> None:
    from tui.operations.catalog.listing_watcher import ListingWatcher

    refresh = ListingWatcher.refresh

    def late(watcher: ListingWatcher, *given: Any, **named: Any) -> None:
        wait(file)
        refresh(watcher, *given, **named)

    ListingWatcher.refresh = late  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    at, held_by = sys.argv[1], Path(sys.argv[2])
    first_picture.READ_S = first_picture.WRITE_S = 60.0
    if at == "look":
        _look_late(held_by)
    elif at == "paint":
        _paint_late(held_by)
    elif at == "listings":
        _listings_late(held_by)
    else:
        first_picture.STREAM_S = 60.0
        sys.meta_path.insert(0, Held(at, held_by))
    sys.argv = ["session-console", *sys.argv[3:]]
    run()
