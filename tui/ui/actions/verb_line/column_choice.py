"""The verb `columns`: which columns Sessions shows, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui.core.console.column_table import COLUMN_NAMES, parse_columns
from tui.core.values import replace
from tui.ui.actions.outcome import Outcome
from tui.ui.actions.pages import Pages
from tui.ui.state.view_store import ViewStore
from tui.ui.widgets.sessions import SessionsPane
from tui.view.panes.column_page import column_lines

DEFAULT, WIDE = "default", "wide"


class ColumnChoice:
    """Shows the columns, or changes them; `redraw` draws the panes anew."""

    def __init__(
        self, store: ViewStore, pane: SessionsPane, pages: Pages, redraw: Callable[[], None]
    ) -> None:
        self._store = store
        self._pane = pane
        self._pages = pages
        self._redraw = redraw

    def columns(self, words: Sequence[str]) -> Outcome:
        """Show all columns; with names, show those alone. Raises `UsageError`."""
        names = [name for word in words for name in word.split(",") if name]
        if not names:
            return self._show_all()
        if names == [DEFAULT]:
            return self._choose(())
        return self._choose(COLUMN_NAMES if names == [WIDE] else parse_columns(names))

    def wide(self, _: Sequence[str]) -> Outcome:
        """Choose all columns, or the default again."""
        return self._choose(() if self._store.query.columns == COLUMN_NAMES else COLUMN_NAMES)

    def _choose(self, columns: tuple[str, ...]) -> Outcome:
        self._store.change(query=replace(self._store.query, columns=columns))
        self._redraw()
        no_room = [one for one in self._pane.chosen if one not in self._pane.fitted.shown]
        return Outcome(f"no room for {', '.join(no_room)}" if no_room else "")

    def _show_all(self) -> Outcome:
        shown, chosen = self._pane.fitted.shown, self._pane.chosen
        self._pages.draw("Columns of Sessions", lambda width: column_lines(shown, chosen, width))
        return Outcome()
