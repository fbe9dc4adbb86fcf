"""Sorts Sessions: by the next order, by a column, or in the other direction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui.core.sessions.session_order import parse_order
from tui.core.values import replace
from tui.ui.actions.outcome import Outcome
from tui.ui.background.pane_feed import PaneFeed
from tui.ui.state.list_query import ListQuery
from tui.ui.state.view_store import ViewStore


class Sorting:
    """Changes the order; `say` tells of it, `sign` is the key that sorts."""

    def __init__(
        self,
        store: ViewStore,
        feed: PaneFeed,
        say: Callable[[str], None],
        sign: Callable[[], str],
    ) -> None:
        self._store = store
        self._feed = feed
        self._say = say
        self._sign = sign

    def next(self) -> None:
        """Go on to the next order."""
        self._say(self._change(self._store.query.sorted_next()))

    def reverse(self) -> None:
        """Turn the order; say so where it has one direction."""
        query = self._store.query
        if query.arrow:
            self._say(self._change(query.turned()))
        else:
            self._say(f"the order by attention has one direction: {self._sign()} sorts")

    def by_head(self, column: str) -> None:
        """Sort by a column; turn the order if it is sorted by that column."""
        self._say(self._change(self._store.query.sorted_by_head(column)))

    def sort(self, words: Sequence[str]) -> Outcome:
        """Do what `:sort COLUMN [asc|desc]` says. Raises `UsageError`."""
        sort, is_reversed = parse_order(words)
        query = replace(self._store.query, sort=sort, is_reversed=is_reversed)
        return Outcome(self._change(query))

    def _change(self, query: ListQuery) -> str:
        self._store.change(query=query)
        self._feed.tick()
        said = f"sorted by {query.sort} {query.arrow}".rstrip()
        return f"{said}; {self._sign()}: {', '.join(query.next_sorts)}" if query.arrow else said
