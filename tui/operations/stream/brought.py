"""Follows a session wherever it lives: its files are brought here as long as somebody looks."""

from __future__ import annotations

from tui.core.models.session import Session
from tui.core.values import replace
from tui.operations.context import Elsewhere
from tui.operations.stream.follow import StreamFollower, StreamUpdate


class BroughtStream(StreamFollower):
    """A stream whose files may have to be brought here; it says, once, why they are not."""

    def __init__(self, elsewhere: Elsewhere, session: Session) -> None:
        super().__init__(session)
        self._elsewhere, self._said = elsewhere, ""

    def poll(self, session: Session) -> StreamUpdate:
        """Return what is new, as any stream does."""
        said, self._said = self._said, self._elsewhere.bring(session)
        update = super().poll(session)
        if self._said in ("", said):
            return update
        return replace(update, notices=(*update.notices, self._said))
