"""What clicks and the wheel do: as keys, on what is in sight, and never to an open question."""

from __future__ import annotations

from collections.abc import Callable

from tui.core.console.keymap import Keymap
from tui.core.console.pane_table import LIVE, PANES, SESSIONS, PaneRow
from tui.ui.state.view_store import ViewStore
from tui.ui.widgets.panes import Panes
from tui.ui.widgets.table import Table
from tui.view.panes.keys_line import sign_at
from tui.view.panes.sessions import column_at

WHEEL_ROWS = 3
_RANGE = "-"  # in `1-4`, the hint of the panes' keys


class Pointer:
    """Finds what is under the pointer; `press` presses the key of that name, by its own rules."""

    def __init__(
        self,
        panes: Panes,
        store: ViewStore,
        keys: Keymap,
        press: Callable[[str], None],
        sort_by: Callable[[str], None],
    ) -> None:
        self._panes = panes
        self._store = store
        self._names = {keys.sign(name): name for name in keys.keys}
        self._press = press
        self._sort_by = sort_by

    @property
    def _is_off(self) -> bool:
        """Whether only keys count: for a question, which must have been read, or without room."""
        return self._panes.question.is_open or self._store.view.is_tiny

    def click(self, x: int, y: int, *, is_double: bool) -> None:
        """Press what is in that cell of the screen: a key hint, a head, a row, or a pane."""
        if self._is_off:
            return
        bar, page = self._panes.question, self._panes.page
        if bar.region.contains(x, y):
            if bar.has_keys_at(y - bar.region.y):
                self._press_hint(sign_at(bar.keys, x - bar.region.x))
        elif page.is_open and page.region.contains(x, y):
            if page.select_at(y - page.region.y) and is_double:
                self._press("open")
        elif (row := self._pane_at(x, y)) is not None:
            self._store.pressed()
            self._click_pane(row, x, y, is_double=is_double)

    def wheel(self, x: int, y: int, rows: int) -> None:
        """Scroll what is under the pointer, whichever pane is active."""
        if self._is_off:
            return
        page, row = self._panes.page, self._pane_at(x, y)
        self._store.pressed()
        if page.is_open and page.region.contains(x, y):
            page.scroll_lines(rows)
        elif row is not None and (table := self._panes.table(row.number)) is not None:
            table.scroll_rows(rows)
        elif row is not None and row.number == LIVE:
            self._panes.live.scroll_lines(rows)

    def _pane_at(self, x: int, y: int) -> PaneRow | None:
        if not (self._store.view.is_in_panes or self._store.view.is_full):
            return None
        panes = self._panes.numbered
        return next((row for row in PANES if panes[row.number].region.contains(x, y)), None)

    def _press_hint(self, sign: str) -> None:
        if _RANGE in sign[1:-1] and sign not in self._names:
            self._press("pane_next")
        elif sign in self._names:
            self._press(self._names[sign])

    def _click_pane(self, row: PaneRow, x: int, y: int, *, is_double: bool) -> None:
        pane = self._panes.numbered[row.number]
        was_active = self._store.view.pane == row.number
        if not was_active:
            self._press(row.name)
        if not isinstance(pane, Table):
            if is_double and was_active and not self._store.view.is_full:
                self._press("open")
            return
        line = y - pane.region.y
        if (index := pane.row_at(line)) is None:
            if row.number == SESSIONS and pane.is_head(line):
                inside = x - pane.region.x - (1 if pane.frame else 0)
                self._sort(column_at(self._panes.sessions.fitted, inside))
            return
        is_same = was_active and pane.index == index and pane.lost is None
        pane.move_to(index)
        if is_double and is_same:
            self._press("open")

    def _sort(self, column: str) -> None:
        if column:
            self._sort_by(column)
