"""The Sessions pane."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from tui.core.models.session import Key, Session
from tui.core.sessions.attention import is_all_settled
from tui.core.sessions.rows import row_order
from tui.core.sessions.rows.finished import Row, SessionGroup
from tui.core.values import replace
from tui.ui.widgets.pane import PaneSettings
from tui.ui.widgets.table import Table
from tui.view.panes import sessions
from tui.view.panes.session_layout import ListShape
from tui.view.text import signs
from tui.view.text.lines import Line
from tui.view.text.out_of_sight import with_hint

_FEW = 64  # sessions of a group whose listings are looked at each second


class SessionsPane(Table):
    """The sessions that listing and filter leave, in the chosen order.

    A row is a session, or a group of them; marks are always of sessions. `stays` is the selected
    session while the filter no longer takes it: it is in sight, and neither counted nor marked.
    """

    def __init__(self, settings: PaneSettings) -> None:
        super().__init__(settings)
        self.zone = settings.zone
        self.quiet_after = settings.quiet_after
        self.sessions: dict[Key, Session] = {}
        self.groups: dict[Key, SessionGroup] = {}
        self.session_keys: frozenset[Key] = frozenset()
        self.stays: Key | None = None
        self._settled = 0
        self._selected: frozenset[Key] = frozenset()
        self._shown: Sequence[Row] = ()
        self._asked: Sequence[Row] = ()
        self._asks: tuple[str, ...] = ()
        self._held: Sequence[Row] | None = None
        self._group_rows: dict[Key, Key] = {}
        self._went_to: Key | None = None
        self.opened: frozenset[str] = frozenset()
        self.marks: frozenset[Key] = frozenset()
        self.is_unseen: Callable[[Session], bool] = lambda one: False
        self.vanished: frozenset[str] = frozenset()
        self.hosts: Mapping[str, str] = {}
        self.says = self.hint = ""
        self.sort = self.arrow = ""
        self.shape = ListShape(80)
        self.columns = settings.columns

    def update(
        self,
        asked: Sequence[Row],
        shape: ListShape,
        now: datetime,
        *,
        asks: tuple[str, ...] = (),
        opened: frozenset[str] = frozenset(),
        is_busy: bool = False,
    ) -> None:
        """Show the sessions as they are now; `shape` gets the pane's width when it draws.

        Another order waits while that must be so, unless the operator `asks` for another one.
        """
        self.shape, self.now = shape, now
        is_held, is_same = self._held is not None, asks == self._asks
        waits = is_same and self.must_wait((one.key for one in asked), is_busy=is_busy)
        if asked is self._asked and is_same and (is_held or waits or not self.moved):
            self.stay()
            return
        self._selected = self.keys_of(self.key) if self.key is not None else self._selected
        shown = asked
        if waits or is_held:
            before = self._shown if self._held is None else self._held
            shown = row_order.kept_rows(before, asked, was_open=self.opened, is_open=opened)
        is_anew = self.is_asked_anew(asks)
        self._shown, self._asked, self._asks, self.opened = shown, asked, asks, opened
        self._index(shown)
        keys = [one.key for one in shown]
        self.moved = row_order.moved(keys, [one.key for one in asked])
        keeps_sight = is_same and not (waits or is_held)
        self.show(keys, keeps_sight=keeps_sight, opens=not is_same, is_anew=is_anew)

    def is_asked_anew(self, asks: tuple[str, ...]) -> bool:
        """Whether the operator asks for another listing or filter than that of these rows."""
        return asks[:2] != self._asks[:2]

    def hold(self, *, is_on: bool) -> None:
        """Keep the places of the present rows, whatever is asked for, until it is off again."""
        self._held = self._shown if is_on else None

    def _index(self, shown: Sequence[Row]) -> None:
        self.sessions = {one.key: one for one in shown if isinstance(one, Session)}
        self.groups = {one.key: one for one in shown if isinstance(one, SessionGroup)}
        self._group_rows = {
            one.key: group.key for group in self.groups.values() for one in group.sessions
        }
        self.session_keys = frozenset((*self.sessions, *self._group_rows)) - {self.stays}
        self._settled = sum(
            one.ack is not None and is_all_settled(one, self.now, self.quiet_after)
            for one in self.sessions.values()
            if one.key != self.stays
        )

    def place_of(self, selected: Key) -> int | None:
        """Return its own row, else the one row that all its sessions are in."""
        own = super().place_of(selected)
        rows = {self.row_of(key) for key in self._selected} if own is None else {own}
        return rows.pop() if len(rows) == 1 else None

    def name_of(self, key: Key) -> str:
        group = self.groups.get(key)
        if group is not None or key[0].startswith("\x00"):
            return f"the group of {len(group.sessions if group else self._selected)}"
        return super().name_of(key)

    @property
    def lost_sessions(self) -> frozenset[Key]:
        """The sessions of the selected row that is gone."""
        return self._selected if self.lost is not None else frozenset()

    def row_of(self, key: Key) -> int | None:
        row = super().row_of(key)
        return super().row_of(self._group_rows.get(key, key)) if row is None else row

    def listings_in_sight(self) -> frozenset[str]:
        grouped = (self.groups[key].sessions[:_FEW] for key in self.in_sight if key in self.groups)
        return super().listings_in_sight() | {one.listing for some in grouped for one in some}

    @property
    def session(self) -> Session | None:
        """The selected session."""
        return self.sessions.get(self.key) if self.key else None

    @property
    def group(self) -> SessionGroup | None:
        """The selected group."""
        return self.groups.get(self.key) if self.key else None

    def keys_of(self, row: Key) -> frozenset[Key]:
        """Return the keys of the sessions in a row."""
        group = self.groups.get(row)
        return frozenset(one.key for one in group.sessions) if group else frozenset({row})

    def select_next(self, keys: Sequence[Key]) -> tuple[int, int]:
        """Select the next of the rows that have these sessions, in this order.

        It is the first of them unless this went last to the row that is selected. Returns which of
        the sessions that are shown it begins with, and how many there are; 0 of 0 without any.
        """
        places = {one: row for row in self.keys for one in self.keys_of(row)}
        shown = [places[key] for key in keys if key in places]
        rows = list(dict.fromkeys(shown))
        if not rows:
            return 0, 0
        last = self._went_to if self.key == self._went_to else None
        goes_to = rows[(rows.index(last) + 1) % len(rows) if last in rows and last else 0]
        self._went_to = goes_to
        self.select(goes_to)
        return shown.index(goes_to) + 1, len(shown)

    @property
    def fitted(self) -> ListShape:
        """The columns in the present width; in the whole one while the pane is out of sight."""
        width = self.text_width or self.app.size.width
        return replace(self.shape, width=width, columns=self.chosen)

    @property
    def chosen(self) -> tuple[str, ...]:
        """The columns chosen here, else those of the settings; none for the default."""
        return self.shape.columns or self.columns

    def note(self) -> str:
        room = self.note_room()
        return with_hint(self.hint, self.margin().heading(self._count(), room), room)

    def _count(self) -> str:
        marked = f"{len(self.marks)} marked  " if self.marks else ""
        # A filter by a state also takes those that the top line does not count in it.
        is_filtered = any(self._asks[1:2])
        settled = f", {self._settled} {signs.SETTLED}" if is_filtered and self._settled else ""
        return f"{marked}{self.says}{self.counted(len(self.session_keys))}{settled}"

    def head_line(self) -> Line:
        style, at = "active" if self.is_active else "head", (self.sort, self.arrow)
        if self.frame:
            return sessions.head(self.fitted, style, sorted_by=at)
        count, margin = self._count(), self.margin()
        return sessions.head(self.fitted, style, count, margin, sorted_by=at, hint=self.hint)

    def row_line(self, key: Key, *, is_current: bool) -> Line:
        if (group := self.groups.get(key)) is not None:
            return sessions.group_line(
                group,
                self.now,
                self.fitted,
                self.zone,
                is_marked=self.keys_of(key) <= self.marks,
                is_current=is_current,
                is_open=group.cause in self.opened,
            )
        session = self.sessions[key]
        return sessions.line(
            session,
            self.now,
            self.fitted,
            self.quiet_after,
            zone=self.zone,
            hosts=self.hosts,
            is_marked=key in self.marks,
            is_current=is_current,
            is_unseen=self.is_unseen(session),
            is_vanished=session.listing in self.vanished,
        )
