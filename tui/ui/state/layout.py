"""Which panes are visible at a size, and the messages that belong to the whole screen."""

from __future__ import annotations

from datetime import datetime

from tui.core.console.pane_table import LIVE, PANES, PaneRow
from tui.core.models.catalog import Catalog
from tui.ui.state.view_state import LEAST, WIDE, ViewState
from tui.view.text import signs

_LEFT_LEAST, _LEFT_MOST, _ROOMY = 26, 100, 180


def classes(view: ViewState) -> dict[str, bool]:
    """Return the classes the stylesheet uses, and whether the screen has each."""
    return {
        "-narrow": view.is_narrow,
        "-full": view.is_full,
        "-page": view.is_page_open,
        "-tiny": view.is_tiny,
    }


def in_sight(view: ViewState) -> tuple[PaneRow, ...]:
    """Return the visible panes; none under a page or on a tiny screen."""
    if view.is_full:
        return tuple(row for row in PANES if row.number == LIVE)
    if not view.is_narrow:
        return PANES
    if view.is_covering:
        return tuple(row for row in PANES if row.number == view.pane)
    return tuple(row for row in PANES if row.narrow == "stacked")


def hidden(view: ViewState) -> frozenset[str]:
    """Return the names of the panes and columns that are not visible."""
    shown = in_sight(view)
    names = {row.name for row in PANES} | {row.wide for row in PANES}
    return frozenset(names - {row.name for row in shown} - {row.wide for row in shown})


def frame(view: ViewState, row: PaneRow) -> str:
    """Return the frame of a pane; only the columns of a wide terminal have one."""
    if view.is_narrow or view.is_full:
        return ""
    column = [one for one in PANES if one.wide == row.wide]
    if row is column[0]:
        return "top"
    return "lower" if row is column[-1] else "middle"


def left_width(view: ViewState, needed: int) -> int | None:
    """Return the width of the left column; `None` where the panes stand alone.

    It grows from a quarter to `needed`, which shows the names whole, as far as Sessions can spare
    it; a wide window leaves a quarter, for the clocks of Expiry.
    """
    if view.is_narrow:
        return None
    width = view.size[0]
    least = width * 28 // 100 if width >= _ROOMY else _LEFT_LEAST
    most = width * 28 // 100 if width > WIDE else _LEFT_LEAST
    return min(max(least, min(needed, most)), _LEFT_MOST)


def too_small(width: int, height: int) -> str:
    """Return the only line shown when the terminal is too small."""
    return f"needs {LEAST[0]}x{LEAST[1]}, has {width}x{height}; or use `ls`"


def stale(catalog: Catalog | None, trouble: str, now: datetime) -> str:
    """Return how old the catalog is, when it could not be renewed, and why."""
    if not trouble:
        return ""
    if catalog is None:
        return trouble
    return f"{signs.STALE} {int((now - catalog.at).total_seconds())}s: {trouble}"
