"""The Sessions pane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from tui.core.models.session import Key, Session
from tui.core.sessions.attention import FailureGroup
from tui.ui.widgets.pane import PaneSettings
from tui.ui.widgets.table import Table
from tui.view.panes import sessions
from tui.view.panes.session_layout import ListShape
from tui.view.text.lines import Line


class SessionsPane(Table):
    """The sessions that listing and filter leave, in the chosen order.

    A row is a session, or failures with one cause; marks are always of sessions.
    """

    def __init__(self, settings: PaneSettings) -> None:
        super().__init__(settings)
        self.zone = settings.zone
        self.quiet_after = settings.quiet_after
        self.now = datetime.fromtimestamp(0, UTC)
        self.sessions: dict[Key, Session] = {}
        self.groups: dict[Key, FailureGroup] = {}
        self.session_keys: frozenset[Key] = frozenset()
        self._shown: Sequence[Session | FailureGroup] = ()
        self.opened: frozenset[str] = frozenset()
        self.marks: frozenset[Key] = frozenset()
        self.is_unseen: Callable[[Session], bool] = lambda one: False
        self.vanished: frozenset[str] = frozenset()
        self.says = ""
        self.sort = self.arrow = ""
        self.shape = ListShape(80)
        self.columns = settings.columns

    def update(
        self, shown: Sequence[Session | FailureGroup], shape: ListShape, now: datetime
    ) -> None:
        """Show the sessions as they are now; `shape` gets the pane's width when it draws."""
        self.shape = shape
        self.now = now
        if shown is self._shown:
            self.redraw()
            return
        self._shown = shown
        self.sessions = {one.key: one for one in shown if isinstance(one, Session)}
        self.groups = {one.key: one for one in shown if isinstance(one, FailureGroup)}
        members = (one.key for group in self.groups.values() for one in group.sessions)
        self.session_keys = frozenset((*self.sessions, *members))
        self.show([one.key for one in shown])

    @property
    def session(self) -> Session | None:
        """The selected session."""
        return self.sessions.get(self.key) if self.key else None

    @property
    def group(self) -> FailureGroup | None:
        """The selected group of failures."""
        return self.groups.get(self.key) if self.key else None

    def keys_of(self, row: Key) -> frozenset[Key]:
        """Return the keys of the sessions in a row."""
        group = self.groups.get(row)
        return frozenset(one.key for one in group.sessions) if group else frozenset({row})

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
        marked = f"{len(self.marks)} marked  " if self.marks else ""
        is_at_head = not self.arrow or self.sort in self.fitted.shown
        sort = "" if is_at_head else f"by {self.sort} {self.arrow}  "
        return f"{marked}{self.says}{sort}{len(self.session_keys)}"

    def head_line(self) -> Line:
        note = "" if self.frame else self.note()
        style = "active" if self.is_active else "head"
        return sessions.head(self.fitted, style, note, sort=self.sort, arrow=self.arrow)

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
            is_marked=key in self.marks,
            is_current=is_current,
            is_unseen=self.is_unseen(session),
            is_vanished=session.listing in self.vanished,
        )
