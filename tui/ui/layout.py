"""Which panes are in sight at a size, and the few words that belong to the whole screen."""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import tui
from tui.core.models import Catalog
from tui.view import words
from tui.view.lines import Cell

if TYPE_CHECKING:
    from tui.ui.picture import PictureScreen

WIDE = 100
LEAST = (60, 16)


def arrange(screen: PictureScreen) -> None:
    """Set the classes the stylesheet goes by, the frames, and which pane is active."""
    width, height = screen.app.size
    is_wide = width >= WIDE
    screen.set_class(not is_wide, "-narrow")
    screen.set_class(screen.is_full, "-full")
    screen.set_class(screen.page.is_open, "-page")
    screen.live.is_full = screen.is_full
    screen.is_tiny = width < LEAST[0] or height < LEAST[1]
    screen.set_class(screen.is_tiny, "-tiny")
    for number in range(1, 5):
        screen.set_class(screen.pane == number, f"-pane-{number}")
    frames = ("top", "top", "lower", "lower") if is_wide and not screen.is_full else ("",) * 4
    panes = (screen.listings, screen.sessions, screen.expiry, screen.live)
    for number, (pane, frame) in enumerate(zip(panes, frames, strict=True), 1):
        pane.frame = frame
        pane.is_active = screen.pane == number
        pane.redraw()
    screen.tiny.show((Cell(too_small(width, height), "noticed"),))
    if screen.question.is_open and not screen.is_tiny:
        screen.call_after_refresh(screen.question.take_focus)


def too_small(width: int, height: int) -> str:
    """Return the line that stands alone when the terminal is too small."""
    return f"needs {LEAST[0]}x{LEAST[1]}, has {width}x{height}; or use `ls`"


def stale(catalog: Catalog | None, trouble: str, now: datetime) -> str:
    """Return how old the picture is, when it could not be renewed, and why."""
    if not trouble:
        return ""
    if catalog is None:
        return trouble
    return f"stale {int((now - catalog.at).total_seconds())}s: {trouble}"


def command(root: Path, verb: str, named: str) -> str:
    """Return the command line that does what was asked for."""
    return shlex.join(["session-console", "--root", str(root), *verb.split(), named]).removesuffix(
        " ''"
    )


def info(root: Path, catalog: Catalog | None) -> str:
    """Return in one line what this console looks at."""
    if catalog is None:
        return f"session-console {tui.__version__}  {root}"
    counts = f"{len(catalog.listings)} listings, {len(catalog.sessions)} sessions"
    free = f"{words.size(catalog.free_bytes)} free"
    return f"session-console {tui.__version__}  {root}  {counts}  {free}"
