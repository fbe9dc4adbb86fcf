"""What the operator asked to see of a catalog: a listing, a filter, an order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tui.core.catalog import attention, is_gone
from tui.core.models import Catalog, Session
from tui.core.selection import names_gone, parse_filter
from tui.view import sessions


@dataclass(frozen=True, slots=True)
class Board:
    """A listing's name (empty for all), a filter's words, an order, and more columns or not."""

    quiet_after: timedelta
    listing: str = ""
    filter: str = ""
    sort: str = sessions.SORTS[0]
    is_wide: bool = False

    def shown(self, catalog: Catalog, now: datetime) -> tuple[Session, ...]:
        """Return the sessions to show, in order; raises `UsageError` for a wrong filter."""
        is_taken = parse_filter(self.filter)
        shows_gone = names_gone(self.filter)
        taken = (
            one
            for one in catalog.sessions
            if self.listing in ("", one.listing)
            and (shows_gone or not is_gone(one))
            and is_taken(one, now)
        )
        return sessions.ordered(taken, self.sort, now, self.ranks(now))

    def ranks(self, now: datetime) -> Callable[[Session], int | None]:
        """Return what ranks a session by the attention it needs."""
        return lambda one: attention(one, now, self.quiet_after)

    def sorted_next(self) -> Board:
        """Return the board in the next order."""
        following = sessions.SORTS.index(self.sort) + 1
        return replace(self, sort=sessions.SORTS[following % len(sessions.SORTS)])

    def says(self) -> str:
        """Return what hides rows or orders them, for the pane's rule."""
        listing = f"{self.listing}  " if self.listing else ""
        filter_ = f"/{self.filter}  " if self.filter else ""
        sort = f"by {self.sort}  " if self.sort != sessions.SORTS[0] else ""
        return listing + filter_ + sort

    def empty(self, catalog: Catalog | None) -> tuple[str, ...]:
        """Return what an empty table teaches."""
        if catalog is None:
            return ("looking...",)
        if catalog.problem:
            return (catalog.problem,)
        if self.filter:
            return (f"the filter `{self.filter}` hides all sessions", "/ then Enter clears it")
        where = self.listing or "LISTING"
        return ("no sessions here yet", f":new {where} STAGE starts one")
