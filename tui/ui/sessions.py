"""The Sessions pane."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tui.core.models import Session
from tui.ui.table import Table
from tui.view import sessions
from tui.view.lines import Key, Line

WIDE = 90


class SessionsPane(Table):
    """The sessions that the chosen listing and the filter leave, in the chosen order."""

    def __init__(self, *, id: str, quiet_after: timedelta, is_ascii: bool = False) -> None:
        super().__init__(id=id, is_ascii=is_ascii)
        self.quiet_after = quiet_after
        self.now = datetime.fromtimestamp(0, UTC)
        self.sessions: dict[Key, Session] = {}
        self.marks: frozenset[Key] = frozenset()
        self.says = ""
        self.shape = sessions.Shape(80)

    def update(self, shown: tuple[Session, ...], shape: sessions.Shape, now: datetime) -> None:
        """Show these sessions as they are now; the width of `shape` is the pane's when it draws."""
        self.sessions = {one.key: one for one in shown}
        self.shape = shape
        self.now = now
        self.show(tuple(self.sessions))

    @property
    def session(self) -> Session | None:
        """The selected session."""
        return self.sessions.get(self.key) if self.key else None

    def _fitted(self) -> sessions.Shape:
        is_wide = self.shape.is_wide or self.body_width >= WIDE
        return replace(self.shape, width=self.text_width, is_wide=is_wide)

    def title(self) -> str:
        return "2 Sessions"

    def note(self) -> str:
        marked = f"{len(self.marks)} marked  " if self.marks else ""
        return f"{marked}{self.says}{len(self.keys)}"

    def head_line(self) -> Line:
        note = "" if self.frame else self.note()
        return sessions.head(self._fitted(), "active" if self.is_active else "head", note)

    def row_line(self, key: Key, *, is_current: bool) -> Line:
        return sessions.line(
            self.sessions[key],
            self.now,
            self._fitted(),
            self.quiet_after,
            is_marked=key in self.marks,
            is_current=is_current,
        )
