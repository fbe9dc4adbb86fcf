"""The view as one value: what is chosen, selected, marked and visible."""

from __future__ import annotations

from tui.core.console.pane_table import LISTINGS, LIVE, PANES, SESSIONS
from tui.core.models.line_target import LineTarget
from tui.core.models.session import Key, Session
from tui.core.sessions.rows.finished import Row, SessionGroup
from tui.core.values import dataclass
from tui.ui.state.list_query import ListQuery
from tui.ui.widgets.page_cursor import Spot

WIDE = 100
LEAST = (60, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewState:
    """What the operator looks at.

    `size` is what the panes were laid out for, in cells. `row` and `selected` are the selection in
    Sessions, `shown` all its sessions; it moves by itself unless `selection_pinned`. `listing` and
    `ending` are the selections of Listings and Expiry. `live` is whose stream Live shows, `reading`
    the file offset there (in bytes), `None` when its end is followed; `entry` is the uuid of the
    marked entry while it has the whole screen. `lost` names the row that was selected in the active
    pane and is gone: none is selected then. `target` is where the selected line of the open page
    leads, `opened` what was opened from the page behind the panes. `is_seen` is whether what keys
    act on was painted, or is what a key has made of that, rather than came by itself.
    """

    query: ListQuery
    pane: int = SESSIONS
    is_full: bool = False
    marks: frozenset[Key] = frozenset()
    size: tuple[int, int] = (WIDE, LEAST[1])
    is_page_open: bool = False
    is_question_open: bool = False
    row: int = 0
    selected: Row | None = None
    selection_pinned: bool = False
    shown: frozenset[Key] = frozenset()
    listing: str = ""
    vanished_listing: str = ""
    ending: Session | None = None
    lost: str = ""
    live: Session | None = None
    reading: int | None = None
    entry: str = ""
    target: LineTarget | None = None
    opened: Spot | None = None
    is_seen: bool = True

    @property
    def spot(self) -> Spot:
        """Where in the panes this is."""
        if self.is_full:
            return Spot(self.pane, is_full=True, selected=self.live.key if self.live else None)
        if self.pane == LISTINGS:
            return Spot(self.pane, is_full=False, selected=self.listing)
        return Spot(self.pane, is_full=False, selected=self.session.key if self.session else None)

    @property
    def leads_back(self) -> bool:
        """Whether Esc leads back to the page that this was opened from."""
        return self.opened is not None and not self.is_page_open and self.opened == self.spot

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
    def group(self) -> SessionGroup | None:
        """The group selected in Sessions."""
        return self.selected if isinstance(self.selected, SessionGroup) else None
