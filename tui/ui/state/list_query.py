"""What the operator asked to see of a catalog: a listing, a filter, an order."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from tui.core.console.keymap import Keymap
from tui.core.models.catalog import Catalog, Listing
from tui.core.models.session import Key, Session
from tui.core.sessions.attention import Need, grouped
from tui.core.sessions.listing_join import is_gone
from tui.core.sessions.rows.finished import FINISHED, Row, gathered
from tui.core.sessions.session_filter import names_gone, parse_filter
from tui.core.sessions.session_order import (
    ATTENTION,
    CYCLE,
    SORTS,
    column_order,
    is_descending,
    ordered,
)
from tui.core.text.safe_text import cut_middle
from tui.core.values import KW_ONLY, dataclass, replace
from tui.view.panes.listings import is_unreadable
from tui.view.panes.sessions import ASCENDING, DESCENDING

_MOST_NAME = 28


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A listing's name (empty for all), a filter, an order, and the chosen columns.

    The order may be `is_reversed`, against its usual direction.
    Without `columns` those of the settings are shown, else those that the width allows. `opened`
    are the groups whose sessions are shown one by one.
    """

    quiet_after: timedelta
    listing: str = ""
    _: KW_ONLY
    filter: str = ""
    sort: str = ATTENTION
    is_reversed: bool = False
    columns: tuple[str, ...] = ()
    opened: frozenset[str] = frozenset()

    def shown(
        self,
        catalog: Catalog,
        now: datetime,
        needs: Mapping[Key, Need],
        finished: Collection[Key] = (),
    ) -> tuple[Row, ...]:
        """Return what to show, in order. Raises `UsageError` for a wrong filter.

        In the default order failures of one cause are one row, and so are those that are
        `finished` unseen, if they are many. `needs` says who needs attention.
        """

        def rank(one: Session) -> int | None:
            return needs.get(one.key, FINISHED if one.key in finished else None)

        is_taken = parse_filter(self.filter, self.quiet_after)
        taken = (one for one in self.unfiltered(catalog) if is_taken(one, now))
        rows = ordered(taken, self.sort, now, rank, is_reversed=self.is_reversed)
        if self.sort != ATTENTION:
            return rows
        return gathered(grouped(rows, rank, self.opened), finished, self.opened)

    def unfiltered(self, catalog: Catalog) -> Iterator[Session]:
        """Yield the sessions of the listing, among which the filter chooses."""
        shows_gone = names_gone(self.filter)
        for one in catalog.sessions:
            if self.listing in ("", one.listing) and (shows_gone or not is_gone(one)):
                yield one

    @property
    def order(self) -> tuple[str, ...]:
        """What decides which rows there are, and their order; another one is taken at once."""
        return (self.listing, self.filter, self.sort, self.arrow)

    def opens(self, cause: str) -> ListQuery:
        """Return the query with a group opened, or closed."""
        return replace(self, opened=self.opened ^ {cause})

    @property
    def next_sorts(self) -> tuple[str, ...]:
        """The orders that follow, up to the one by attention."""
        at = CYCLE.index(self.sort) + 1 if self.sort in CYCLE else len(CYCLE)
        return (*CYCLE[at:], ATTENTION)

    def sorted_next(self) -> ListQuery:
        """Return the query in the next order, in its usual direction."""
        after = CYCLE[1:] if self.sort == ATTENTION else self.next_sorts
        return replace(self, sort=after[0], is_reversed=False)

    def turned(self) -> ListQuery:
        """Return the query in the other direction; the order by attention has only one."""
        return replace(self, is_reversed=self.sort != ATTENTION and not self.is_reversed)

    def sorted_by_head(self, column: str) -> ListQuery:
        """Return the query sorted by a column; in the other direction if it was already."""
        sort = column_order(column)
        if sort not in SORTS:
            return self
        return self.turned() if sort == self.sort else replace(self, sort=sort, is_reversed=False)

    @property
    def arrow(self) -> str:
        """The sign of the direction: up where the smallest value is on top; none by attention."""
        if self.sort == ATTENTION:
            return ""
        return DESCENDING if is_descending(self.sort, self.is_reversed) else ASCENDING

    def says(self) -> str:
        """Return what hides rows, for the pane's heading."""
        listing = f"{cut_middle(self.listing, _MOST_NAME)}  " if self.listing else ""
        filter_ = f"/{self.filter}  " if self.filter else ""
        return listing + filter_

    def hint(self, keys: Keymap) -> str:
        """Return the key that leads back to the order by attention; empty while it does not."""
        return f"{keys.sign('back')} unsorts" if self.arrow and not self.says() else ""

    def empty(self, catalog: Catalog, keys: Keymap) -> tuple[str, ...]:
        """Return the text of a table that is empty although the catalog was read."""
        if reasons := self._unread(catalog):
            return reasons
        if self.filter:
            return (
                f"the filter `{self.filter}` hides every session",
                f"{keys.sign('back')} clears it",
            )
        where = self.listing or "LISTING"
        return ("no sessions here yet", f"{keys.sign('verbs')}new {where} STAGE starts one")

    def _unread(self, catalog: Catalog) -> tuple[str, ...]:
        """Return why what is shown cannot be known; empty when some of it is."""
        inside = [one for one in catalog.listings if self.listing in ("", one.listing_id)]
        if any(one.sessions for one in inside):
            return ()
        return next((_reasons(one) for one in inside if is_unreadable(one) or one.is_vanished), ())


def _reasons(listing: Listing) -> tuple[str, ...]:
    name = listing.listing_id
    if listing.is_vanished:
        return (f"{name}: {listing.problem}", f":ack {name} removes it")
    return (f"{name}: {listing.problem or 'cannot be read'}", ":doctor says what to do")
