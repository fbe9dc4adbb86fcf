"""The line of the filter: rows narrow with each key, Enter keeps them, Esc goes back."""

from __future__ import annotations

from collections.abc import Iterator

from tui.core.console.pane_table import SESSIONS
from tui.core.errors import UsageError
from tui.core.models.session import Key, Session
from tui.core.sessions.filter_completion import begun, completed
from tui.core.sessions.session_filter import is_filter, parse_filter
from tui.core.values import replace
from tui.ui.actions import copying
from tui.ui.actions.action_context import ActionContext
from tui.ui.actions.outcome import Commands, Outcome
from tui.ui.actions.prompting import until_taken
from tui.ui.background.pane_feed import PaneFeed
from tui.ui.leaving import Cancelled
from tui.ui.state.view_store import ViewStore
from tui.ui.widgets.panes import Panes
from tui.view.text.lines import Cell

_HINT = "words stage:3 by:anna cost>5 size>1M quiet>1h <24h !not or"


class FilterLine:
    """Asks for a filter, and shows what the line so far takes."""

    def __init__(
        self, context: ActionContext, panes: Panes, store: ViewStore, feed: PaneFeed
    ) -> None:
        self._context = context
        self._panes = panes
        self._store = store
        self._feed = feed
        self._wrong: UsageError | None = None
        self._begun: tuple[str, ...] = ()

    async def ask(self) -> Outcome:
        """Ask for a filter until one is taken; left with Esc, all is as it was."""
        store, table = self._store, self._panes.sessions
        query, pane, selected, first = store.query, store.view.pane, table.key, table.first
        table.hold(is_on=True)
        self._wrong, self._begun = None, ()
        if store.view.is_covering:
            store.change(pane=SESSIONS)
            self._context.pages.fit()
        try:
            return await until_taken(
                self._context.question,
                "filter",
                self._take,
                text=query.filter,
                preview=self._preview,
                complete=self._complete,
                typed=lambda typed: self._narrow(typed.strip(), selected),
                commands=self._commands,
                must_be_shown=False,
            )
        except Cancelled:
            store.change(query=query, pane=pane)
            self._context.pages.fit()
            table.restore(selected, first)
            raise
        finally:
            table.hold(is_on=False)

    async def _take(self, typed: str) -> Outcome:
        parse_filter(typed.strip())
        self._store.change(query=replace(self._store.query, filter=typed.strip()))
        self._feed.tick()
        return Outcome(commands=self._commands(typed))

    def _commands(self, typed: str) -> Commands:
        return (copying.listed(replace(self._store.query, filter=typed.strip())),)

    def _narrow(self, typed: str, selected: Key | None) -> None:
        """Show what a filter takes; a last word that is not right yet changes no row."""
        if not self._is_right(typed):
            typed = typed.rpartition(" ")[0].rstrip()
            is_shown = self._store.query.filter.startswith(typed)
            if is_shown or not is_filter(typed):
                return
        self._store.change(query=replace(self._store.query, filter=typed))
        self._feed.show_sessions()
        table = self._panes.sessions
        if selected is None or not table.select(selected):
            table.move_to(0)

    def _is_right(self, typed: str) -> bool:
        """Return whether a filter is whole, and take note of what it lacks."""
        self._wrong, self._begun = None, ()
        try:
            is_taken = parse_filter(typed, self._store.query.quiet_after)
        except UsageError as error:
            self._wrong = error
            return False
        words, now = begun(typed), self._context.engine.now()
        if words and not any(is_taken(one, now) for one in self._unfiltered(typed)):
            self._begun = words
        return not self._begun

    def _unfiltered(self, typed: str) -> Iterator[Session]:
        catalog, query = self._store.catalog, replace(self._store.query, filter=typed)
        return query.unfiltered(catalog) if catalog is not None else iter(())

    def _preview(self, typed: str) -> Cell:
        there = sum(1 for _ in self._unfiltered(self._store.query.filter))
        count = f"{len(self._panes.sessions.session_keys)} of {there}"
        return Cell(f"{count}  {self._hint(typed)}".rstrip(), "muted")

    def _hint(self, typed: str) -> str:
        """Return what a filter lacks, what a word of it may become, or how one is typed."""
        if self._wrong is not None:
            return str(self._wrong)
        if self._begun:
            return f"Tab: {' '.join(self._begun)}"
        return "" if typed.strip() else _HINT

    def _complete(self, typed: str) -> str:
        catalog = self._store.catalog
        return completed(typed, catalog.sessions if catalog else ())
