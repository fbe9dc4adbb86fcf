"""The latest catalog, and its view, which is replaced as a whole."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypedDict, Unpack

from tui.core.models.catalog import Catalog
from tui.core.models.session import Key
from tui.core.models.work_counts import WorkCounts
from tui.core.values import replace
from tui.ui.engine.engine import Engine
from tui.ui.state.list_query import ListQuery
from tui.ui.state.unread import UnreadTracker
from tui.ui.state.view_model import ViewModel, is_same_picture, renewed
from tui.ui.state.view_state import ViewState
from tui.ui.widgets.live import LivePane
from tui.ui.widgets.panes import Panes
from tui.ui.widgets.table import Table
from tui.view.text import signs

HOLDS_STILL = timedelta(seconds=5)  # after each key
_TOO_LATE = timedelta(seconds=2)  # for a key that was meant for what has closed


class ViewChange(TypedDict, total=False):
    """The fields of a view that are chosen, rather than read from the widgets."""

    query: ListQuery
    pane: int
    is_full: bool
    marks: frozenset[Key]
    size: tuple[int, int]


class ViewStore:
    """Keeps the view; what the widgets hold of it (selections, scrolling) is read from them.

    `trouble` says why the catalog could not be renewed; empty when it could.
    """

    def __init__(self, engine: Engine, panes: Panes, unseen: UnreadTracker) -> None:
        self._engine = engine
        self._unseen = unseen
        self._panes = panes
        self._chosen = ViewState(query=ListQuery(engine.quiet_after))
        self.catalog: Catalog | None = None
        self.model: ViewModel | None = None
        self.trouble = ""
        self._pressed_at: datetime | None = None
        self._closed_at: datetime | None = None
        self._is_covered = False
        self._seen: tuple[object, ...] = ()

    def pressed(self) -> None:
        """Note that the operator has just pressed something."""
        self._pressed_at = self._engine.now()

    @property
    def unread(self) -> tuple[str, ...]:
        """What to say in place of all that is counted while nothing has been read; else empty."""
        if self.catalog is None:
            return (self.trouble or signs.LOOKING.sign,)
        return () if self.catalog.is_read else (self.catalog.problem,)

    @property
    def is_looking(self) -> bool:
        """Whether the first look goes on, and nothing is known yet."""
        return self.catalog is None and not self.trouble

    @property
    def is_busy(self) -> bool:
        """Whether the operator reads or acts: a question is open, or a key was just pressed."""
        now, last = self._engine.now(), self._pressed_at
        is_recent = last is not None and timedelta() <= now - last < HOLDS_STILL
        return is_recent or self._panes.question.is_open

    def look_for_closed(self) -> None:
        """Note whether what covered the panes has closed."""
        view = self.view
        is_covered = view.is_covering or not view.is_in_panes
        if self._is_covered and not is_covered:
            self.closed()
        self._is_covered = is_covered

    def closed(self) -> None:
        """Note that what had the keys has just closed."""
        self._closed_at = self._engine.now()

    def forget_closed(self) -> None:
        """Note that the next key is meant for what is there: one was pressed since."""
        self._closed_at = None

    def takes_as_too_late(self) -> bool:
        """Return whether a key may be meant for what has just closed; the next one is not."""
        closed = self._closed_at
        self.forget_closed()
        return closed is not None and timedelta() <= self._engine.now() - closed < _TOO_LATE

    @property
    def runs_that_go_on(self) -> str:
        """How many runs of ours are live, start or are queued; empty when none is."""
        sessions = self.catalog.sessions if self.catalog else ()
        ours = (one for one in sessions if one.run is not None and not one.run.is_over)
        return WorkCounts.of(ours).words

    @property
    def query(self) -> ListQuery:
        """What the Sessions pane is asked to show."""
        return self._chosen.query

    @property
    def view(self) -> ViewState:
        """The view as it is now."""
        panes = self._panes
        sessions, live = panes.sessions, panes.live
        return replace(
            self._chosen,
            is_page_open=panes.page.is_open,
            is_question_open=panes.question.is_open,
            row=sessions.index,
            selected=sessions.session or sessions.group,
            selection_pinned=sessions.selection_pinned,
            shown=sessions.session_keys,
            listing=panes.listings.listing,
            vanished_listing=panes.listings.vanished,
            ending=panes.expiry.session,
            lost=_lost(panes.table(self._chosen.pane) or sessions),
            live=live.session,
            reading=None if live.is_following else max(0, live.place),
            entry=_uuid(live) if self._chosen.is_full else "",
            target=panes.page.target,
            opened=panes.page.behind,
            is_seen=self._acted_on == self._seen,
        )

    def change(self, **fields: Unpack[ViewChange]) -> None:
        """Change chosen fields."""
        self._chosen = replace(self._chosen, **fields)

    def see_after(self, before: ViewState) -> None:
        """Take what a key has made of a view that was seen as seen, too."""
        if before.is_seen:
            self._seen = self._acted_on

    def painted(self) -> None:
        """Take note of what the frame shows that was just sent."""
        acted_on = self._acted_on
        if acted_on != self._seen and self._panes.active(self._chosen.pane).is_painted:
            self._seen = acted_on

    @property
    def _acted_on(self) -> tuple[object, ...]:
        panes, pane, marks = self._panes, self._chosen.pane, self._chosen.marks
        if self._chosen.is_tiny:
            return ()  # nothing, and nothing is painted
        if panes.page.is_open:
            return pane, panes.page.target
        if (table := panes.table(pane)) is None or self._chosen.is_full:
            return pane, panes.live.session and panes.live.session.key
        return pane, table.key, marks and marks & panes.sessions.session_keys

    def ordered(self, catalog: Catalog) -> ViewModel:
        """Return a catalog as it is to be shown now; slow with thousands of sessions."""
        engine = self._engine
        now, unseen = engine.now(), self._unseen.unseen
        return renewed(self.model, catalog, self.query, now, engine.zone, unseen=unseen)

    def takes_as_same(self, found: ViewModel) -> bool:
        """Take a look that found nothing new to show; return whether it is one."""
        last = self.model
        if last is None or self.trouble or found.catalog.problem:
            return False
        if not is_same_picture(last, found):
            return False
        self.catalog = self._unseen.catalog = found.catalog
        self.model = found
        return True

    def latest(self) -> ViewModel | None:
        """Return the latest catalog as it is to be shown now, arranged again if needed."""
        if self.catalog is not None:
            self.model = self.ordered(self.catalog)
        return self.model


def _lost(table: Table | None) -> str:
    """Return the name of the row that was selected and is gone; empty for none."""
    if table is None or table.lost is None:
        return ""
    return table.name_of(table.lost)


def _uuid(live: LivePane) -> str:
    """Return the uuid of the marked entry; empty for none, or one without a line."""
    entry, _ = live.entry
    return entry.uuid if entry is not None else ""
