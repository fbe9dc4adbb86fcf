"""Which panes are in sight at a size, and the few words that belong to the whole screen."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import tui
from tui.core.models.catalog import Catalog
from tui.view.text import formatting
from tui.view.text.lines import Cell

if TYPE_CHECKING:
    from tui.ui.picture import PictureScreen

WIDE = 100
LEAST = (60, 16)


def arrange(screen: PictureScreen) -> None:
    """Set the classes the stylesheet goes by, the frames, and which pane is active."""
    width, height = screen.app.size
    is_wide = width >= WIDE
    screen.live.is_full = screen.is_full
    screen.is_tiny = width < LEAST[0] or height < LEAST[1]
    classes = {
        "-narrow": not is_wide,
        "-full": screen.is_full,
        "-page": screen.page.is_open,
        "-tiny": screen.is_tiny,
        **{f"-pane-{number}": screen.pane == number for number in range(1, 5)},
    }
    if any(screen.has_class(name) != is_on for name, is_on in classes.items()):
        for name, is_on in classes.items():
            screen.set_class(is_on, name, update=False)
        screen.update_node_styles()  # once: each costs more than all that is painted
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


def info(root: Path, catalog: Catalog | None) -> str:
    """Return in one line what this console looks at."""
    if catalog is None:
        return f"session-console {tui.__version__}  {root}"
    counts = f"{len(catalog.listings)} listings, {len(catalog.sessions)} sessions"
    free = f"{formatting.size(catalog.free_bytes)} free"
    return f"session-console {tui.__version__}  {root}  {counts}  {free}"
