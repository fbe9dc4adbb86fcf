"""The verb `view`: shows a named view, or saves what is shown as one."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from tui.core.console.named_view import SAVE, VERBS, NamedView, Origin, found
from tui.core.console.pane_table import SESSIONS
from tui.core.errors import ConsoleError, UsageError
from tui.core.sessions.session_order import order_words
from tui.core.values import replace
from tui.ui.actions.action_context import ActionContext
from tui.ui.actions.outcome import Outcome
from tui.ui.actions.verb_line import commands, run_verb
from tui.ui.actions.verb_line.verbs import VerbLine
from tui.ui.background.pane_feed import PaneFeed
from tui.ui.state.list_query import ListQuery
from tui.ui.state.view_store import ViewStore
from tui.ui.threads import in_background
from tui.ui.widgets.table import Table


class ViewCommand:
    """Runs the verb; `names` are those of the views, as far as they are read.

    Listing, deleting and storing a view are the command line's; `once` runs in the background.
    """

    def __init__(
        self,
        context: ActionContext,
        store: ViewStore,
        feed: PaneFeed,
        table: Table,
        once: Callable[[str, Coroutine[Any, Any, None]], None],
    ) -> None:
        self._context = context
        self._store = store
        self._feed = feed
        self._table = table
        self._once = once
        self.names: tuple[str, ...] = ()

    def refresh(self) -> None:
        """Read the names of the views in the background, for completion."""
        self._once("reading the views", self._read_names())

    async def run(self, command: VerbLine) -> Outcome:
        """Show, save, delete or list views. Raises `ConsoleError`."""
        first, *others = command.arguments or ("",)
        if first == SAVE and others:
            argv = ("view", SAVE, *others, *self._in_sight(), *command.option_words)
            return await run_verb.say(self._context, command.verb, [(None, argv)])
        if others or first in ("", *VERBS):
            return await commands.run_alone(self._context, command)
        return await self.call(first)

    async def call(self, name: str) -> Outcome:
        """Show the view of that name. Raises `ConsoleError`."""
        read = self._context.engine.named_views
        views, problem = await self._context.learn(read, "reading the views")
        self.names = tuple(one.name for one in views if not one.is_hidden)
        return self._show(found(views, name, problem))

    async def _read_names(self) -> None:
        try:
            views, _ = await in_background(self._context.engine.named_views)
        except ConsoleError:  # said when a view is asked for
            return
        self.names = tuple(one.name for one in views if not one.is_hidden)

    def _show(self, view: NamedView) -> Outcome:
        store = self._store
        if (
            view.listing
            and store.catalog is not None
            and store.catalog.listing(view.listing) is None
        ):
            raise UsageError(f"view {view.name}: there is no listing {view.listing}")
        query = replace(
            store.query,
            listing=view.listing,
            filter=view.filter,
            sort=view.sort,
            is_reversed=view.is_reversed,
            columns=view.columns or store.query.columns,
        )
        selected = self._table.key
        store.change(query=query, pane=SESSIONS, is_full=False)
        self._feed.tick()
        if selected is None or not self._table.select(selected):
            self._table.move_to(0)
        self._context.pages.fit()
        shared = f", {view.origin_words}" if view.origin is Origin.SHARED else ""
        said = f"view {view.name}{shared}: {len(store.view.shown)} sessions"
        return Outcome(said, commands=(("ls", "--view", view.name),))

    def _in_sight(self) -> tuple[str, ...]:
        """Return the options that store what is shown now."""
        query: ListQuery = self._store.query
        options = (
            ("--listing", query.listing),
            ("--filter", query.filter),
            ("--sort", order_words(query.sort, query.is_reversed)),
            ("--columns", ",".join(query.columns)),
        )
        return tuple(f"{name}={value}" for name, value in options if value)
