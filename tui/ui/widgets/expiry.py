"""The Expiry pane."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from tui.core.models.session import Key, Session
from tui.ui.widgets.pane import PaneSettings
from tui.ui.widgets.table import Table
from tui.view.panes import expiry
from tui.view.text.lines import Line


class ExpiryPane(Table):
    """The sessions that end next, over all listings."""

    def __init__(self, settings: PaneSettings) -> None:
        super().__init__(settings)
        self.zone = settings.zone
        self.now = datetime.fromtimestamp(0, UTC)
        self.sessions: dict[Key, Session] = {}
        self.pending: Sequence[Session] = ()
        self._ending: Sequence[Session] = ()
        self.has_foot = True
        self.empty = ("nothing to expire",)

    def update(self, ending: Sequence[Session], pending: Sequence[Session], now: datetime) -> None:
        """Show the sessions in order, and how many await clean-up."""
        self.pending = pending
        self.now = now
        if ending is not self._ending:
            self._ending = ending
            self.sessions = {one.key: one for one in ending}
            self.show(tuple(self.sessions))
        else:
            self.redraw()

    @property
    def session(self) -> Session | None:
        """The selected session."""
        return self.sessions.get(self.key) if self.key else None

    def note(self) -> str:
        return str(len(self.keys))

    def head_line(self) -> Line:
        return expiry.head(self.text_width)

    def row_line(self, key: Key, *, is_current: bool) -> Line:
        return expiry.line(
            self.sessions[key], self.now, self.text_width, self.zone, is_current=is_current
        )

    def foot_line(self) -> Line:
        return expiry.pending_line(self.pending, self.text_width)
