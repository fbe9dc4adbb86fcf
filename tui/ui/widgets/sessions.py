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
from tui.view.text.lines import Line

WIDE = 90


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
        self.shape = sessions.ListShape(80)

    def update(
        self, shown: Sequence[Session | FailureGroup], shape: sessions.ListShape, now: datetime
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

    def _fitted(self) -> sessions.ListShape:
        is_wide = self.shape.is_wide or self.body_width >= WIDE
        return replace(self.shape, width=self.text_width, is_wide=is_wide)

    def note(self) -> str:
        marked = f"{len(self.marks)} marked  " if self.marks else ""
        return f"{marked}{self.says}{len(self.session_keys)}"

    def head_line(self) -> Line:
        note = "" if self.frame else self.note()
        return sessions.head(self._fitted(), "active" if self.is_active else "head", note)

    def row_line(self, key: Key, *, is_current: bool) -> Line:
        if (group := self.groups.get(key)) is not None:
            return sessions.group_line(
                group,
                self.now,
                self._fitted(),
                self.zone,
                is_marked=self.keys_of(key) <= self.marks,
                is_current=is_current,
                is_open=group.cause in self.opened,
            )
        session = self.sessions[key]
        return sessions.line(
            session,
            self.now,
            self._fitted(),
            self.quiet_after,
            is_marked=key in self.marks,
            is_current=is_current,
            is_unseen=self.is_unseen(session),
            is_vanished=session.listing in self.vanished,
        )
