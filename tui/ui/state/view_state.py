"""The view as one value: what is chosen, selected, marked and visible."""

from __future__ import annotations

from dataclasses import dataclass

from tui.core.console.pane_table import LIVE, PANES, SESSIONS
from tui.core.models.session import Key, Session
from tui.core.sessions.attention import FailureGroup
from tui.ui.state.list_query import ListQuery

WIDE = 100
LEAST = (60, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewState:
    """What the operator looks at.

    `size` is what the panes were laid out for, in cells. `row` and `selected` are the selection in
    Sessions, `shown` all its sessions; it moves by itself unless `selection_pinned`. `listing` and
    `ending` are the selections of Listings and Expiry. `live` is whose stream Live shows, `reading`
    the file offset there (in bytes), `None` when its end is followed.
    """

    query: ListQuery
    pane: int = SESSIONS
    is_full: bool = False
    marks: frozenset[Key] = frozenset()
    size: tuple[int, int] = (WIDE, LEAST[1])
    is_page_open: bool = False
    is_question_open: bool = False
    row: int = 0
    selected: Session | FailureGroup | None = None
    selection_pinned: bool = False
    shown: frozenset[Key] = frozenset()
    listing: str = ""
    vanished_listing: str = ""
    ending: Session | None = None
    live: Session | None = None
    reading: int | None = None

    @property
    def is_tiny(self) -> bool:
        """Whether the terminal is too small to show anything."""
        return self.size[0] < LEAST[0] or self.size[1] < LEAST[1]

    @property
    def is_narrow(self) -> bool:
        """Whether the panes stand one at a time on the left."""
        return self.size[0] < WIDE

    @property
    def is_covering(self) -> bool:
        """Whether the active pane stands where the Sessions pane would."""
        alone = (row.number for row in PANES if row.narrow == "alone")
        return self.is_narrow and self.pane in alone

    @property
    def is_in_panes(self) -> bool:
        """Whether the panes are visible: neither a page nor the stream covers them."""
        return not (self.is_full or self.is_page_open)

    @property
    def is_text(self) -> bool:
        """Whether the keys scroll text: a page or a stream."""
        return self.pane == LIVE or not self.is_in_panes

    @property
    def session(self) -> Session | None:
        """The session selected in Sessions."""
        return self.selected if isinstance(self.selected, Session) else None

    @property
    def group(self) -> FailureGroup | None:
        """The failures selected in Sessions."""
        return self.selected if isinstance(self.selected, FailureGroup) else None
