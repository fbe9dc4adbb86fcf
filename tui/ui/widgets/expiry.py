"""The Expiry pane."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tui.core.models.session import Key, Session
from tui.core.values import replace
from tui.ui.widgets.pane import PaneSettings
from tui.ui.widgets.table import Table
from tui.view.panes import expiry
from tui.view.text import signs
from tui.view.text.lines import Line
from tui.view.text.out_of_sight import NO_MARGIN

_WITH_FOOT = 10  # rows of the pane, for more than one line below
_WITH_WORDS = 30  # cells, for what the selection loses at its end


class ExpiryPane(Table):
    """The sessions that end next, over all listings.

    While it is active the selection follows its session from the start: keys act on that.
    """

    lets_go = True

    def __init__(self, settings: PaneSettings) -> None:
        super().__init__(settings)
        self.zone = settings.zone
        self.sessions: dict[Key, Session] = {}
        self.pending: Sequence[Session] = ()
        self.expired = 0
        self._ending: Sequence[Session] = ()
        self.shape = expiry.ExpiryShape(0)

    def update(
        self,
        ending: Sequence[Session],
        pending: Sequence[Session],
        now: datetime,
        *,
        is_busy: bool = False,
        is_part: bool = False,
        expired: int = 0,
    ) -> None:
        """Show the sessions in order, and how many await clean-up of those `expired`.

        `is_busy` makes another order wait.

        With `is_part` there may be more: not everything has been read.
        """
        self.pending, self.is_part, self.expired = pending, is_part, expired
        self.empty = ("nothing known to expire" if is_part else "nothing to expire",)
        self.now = now
        is_same = ending is self._ending
        if is_same and (not self.moved or self.must_wait(self.sessions, is_busy=is_busy)):
            self.stay()
            return
        self._ending = ending
        self.shape = expiry.ExpiryShape.of(ending)
        self.sessions = {one.key: one for one in ending}
        self.arrange_rows(tuple(self.sessions), is_busy=is_busy)

    @property
    def follows(self) -> bool:
        return self.selection_pinned or self.is_active

    @property
    def session(self) -> Session | None:
        """The selected session."""
        return self.sessions.get(self.key) if self.key else None

    def note(self) -> str:
        return self.margin().heading(self.counted(len(self.keys)), self.note_room())

    def head_line(self) -> Line:
        return expiry.head(self._fitted, NO_MARGIN if self.frame else self.margin())

    def row_line(self, key: Key, *, is_current: bool) -> Line:
        return expiry.line(
            self.sessions[key], self.now, self._fitted, self.zone, is_current=is_current
        )

    @property
    def needed_width(self) -> int:
        """The least width that shows every name whole, inside a frame."""
        return self.shape.needed + 3

    @property
    def foot_height(self) -> int:
        return 1 if self.body_height < _WITH_FOOT else 2 + (self.text_width >= _WITH_WORDS)

    def foot_lines(self) -> tuple[Line, ...]:
        width, one = self.text_width, self.session
        more = signs.MORE.sign if self.is_part else ""
        words = expiry.explained(one, self.now, self.zone, width) if one is not None else ()
        horizons = expiry.horizon_line(self._ending, self.now, width, more)
        every = (words, horizons, expiry.pending_line(self.pending, width, more, self.expired))
        return every[-self.foot_height :]

    @property
    def _fitted(self) -> expiry.ExpiryShape:
        return replace(self.shape, width=self.text_width)
