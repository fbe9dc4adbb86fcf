"""What each key does, by the name of its handler."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from tui.core.console.key_action import KeyAction
from tui.core.console.pane_table import EXPIRY, LISTINGS, LIVE, SESSIONS
from tui.core.models.session import Session
from tui.core.sessions.attention import FailureGroup
from tui.core.sessions.rows.finished import SessionGroup
from tui.core.sessions.session_order import ATTENTION
from tui.core.values import replace
from tui.ui.actions import copying, own_commands
from tui.ui.actions.action_context import ActionContext
from tui.ui.actions.filter_line import FilterLine
from tui.ui.actions.flow_runner import Flow, FlowRunner
from tui.ui.actions.key_targets import KeyTargets
from tui.ui.actions.line_opener import LineOpener
from tui.ui.actions.outcome import Outcome, done
from tui.ui.actions.sessions import (
    answering,
    cleaning,
    resuming,
    session_actions,
    steering,
    undoing,
)
from tui.ui.actions.sorting import Sorting
from tui.ui.actions.text_search import TextSearch
from tui.ui.actions.verb_line.column_choice import ColumnChoice
from tui.ui.actions.verb_line.command_line import CommandLine
from tui.ui.actions.verb_line.view_command import ViewCommand
from tui.ui.background.pane_feed import PaneFeed
from tui.ui.background.reading import PageReader
from tui.ui.state.view_state import ViewState
from tui.ui.state.view_store import ViewStore
from tui.ui.terminal.link import LinkApp
from tui.ui.widgets.live import LivePane
from tui.ui.widgets.page import PagePane
from tui.ui.widgets.panes import Panes

Once = Callable[[str, Coroutine[Any, Any, None]], None]
_FAR = 10**9


class KeyHandlers:
    """Changes the view, or starts a flow; `once` runs a coroutine in the background."""

    def __init__(
        self,
        context: ActionContext,
        *,
        panes: Panes,
        store: ViewStore,
        feed: PaneFeed,
        flows: FlowRunner,
        reading: PageReader,
        targets: Callable[[], KeyTargets],
        once: Once,
        keys: tuple[KeyAction, ...],
    ) -> None:
        self._engine = context.engine
        self._context = context
        self._panes = panes
        self._store = store
        self._feed = feed
        self._flows = flows
        self._reading = reading
        self._targets = targets
        self._once = once
        self._keys = keys
        self._search = TextSearch(context, panes, store, reading, flows)
        self._sorting = Sorting(store, feed, self._say, lambda: self._sign("sort"))
        own = self._own_verbs(ColumnChoice(store, panes.sessions, context.pages, feed.tick))
        self._filter_line = FilterLine(context, panes, store, feed)
        self._views = ViewCommand(context, store, feed, panes.sessions, once)
        self._line = CommandLine(context, store, feed, targets, own=own, views=self._views)
        self._opener = LineOpener(
            context,
            panes=panes,
            store=store,
            feed=feed,
            reading=reading,
            type_verb=lambda text: flows.act(self._line.ask(text)),
            read_on=partial(panes.live.call_after_refresh, self._read_on),
        )

    def _own_verbs(self, choice: ColumnChoice) -> dict[str, Callable[[Sequence[str]], Outcome]]:
        """Return what the verbs do that act on the screen alone."""
        return {
            "columns": choice.columns,
            "wide": choice.wide,
            "sort": self._sorting.sort,
            "help": lambda _: done(self._show_help),
            "quit": lambda _: done(self._quit),
            "messages": lambda _: done(self.messages),
        }

    def _read_on(self) -> None:
        self._once("reading on", self._reading.go_on())

    def run(self, action: KeyAction) -> None:
        """Run a key's handler; whoever pressed one is at work, and is taken to no new run."""
        self._flows.started = ""
        if action.handler != "quit_or_leave":
            self._store.forget_closed()
        if action.moves_on:
            self._flows.commands = self._flows.back = ()
        if not self._view.leads_back:
            self._panes.page.behind = None
        getattr(self, action.handler)(*action.args)

    @property
    def _view(self) -> ViewState:
        return self._store.view

    @property
    def _text(self) -> PagePane | LivePane | None:
        return self._panes.text(self._view.pane)

    def _say(self, text: str, style: str = "") -> None:
        self._panes.question.say(text, style, is_brief=True)

    def _sign(self, name: str) -> str:
        return self._engine.keys.sign(name)

    def _fit(self) -> None:
        self._context.pages.fit()

    # Moving ----------------------------------------------------------------------------------

    def move(self, rows: int) -> None:
        if (text := self._text) is not None:
            text.scroll_lines(rows)
        elif (table := self._panes.table(self._view.pane)) is not None:
            table.move(rows)

    def move_to(self, where: str) -> None:
        if isinstance(self._text, LivePane):
            self._text.go_to_end() if where == "end" else self._text.go_to_start()
        else:
            self.move(_FAR if where == "end" else -_FAR)

    def page(self, pages: int) -> None:
        if (text := self._text) is not None:
            self.move(pages * (text.body_height - 1))
        elif (table := self._panes.table(self._view.pane)) is not None:
            self.move(pages * table.page)

    def pane(self, number: int) -> None:
        self._store.change(pane=number, is_full=False)
        if number == LIVE:
            # What is read must not change with what comes to the top.
            self._panes.sessions.selection_pinned = True
        self._fit()

    def next_pane(self, step: int = 1) -> None:
        self.pane((self._view.pane - 1 + step) % len(self._panes.numbered) + 1)

    def enter(self) -> None:
        view, store = self._view, self._store
        if view.target is not None:
            self._opener.open(view.target)
        elif view.pane == LISTINGS:
            store.change(query=replace(view.query, listing=view.listing), pane=SESSIONS)
        elif view.pane == EXPIRY and view.ending is not None:
            if self._feed.go_to(view.ending):
                store.change(pane=SESSIONS)
        elif view.pane == SESSIONS and view.group is not None:
            self._toggle_group(view.group)
        elif view.is_full:
            self._panes.live.toggle()
        elif view.pane in (SESSIONS, LIVE):
            self._feed.read_in_full(view.live if view.pane == LIVE else None)
        self._fit()

    def leave(self) -> None:
        view, store = self._view, self._store
        hides_all = view.query.filter and store.catalog is not None and not view.shown
        if view.is_page_open:
            self._context.pages.leave()
        elif view.leads_back:
            self._opener.back()
        elif hides_all and not (view.is_full or view.is_covering):
            store.change(query=replace(view.query, filter=""))
        elif view.is_full or view.pane != SESSIONS:
            store.change(pane=SESSIONS, is_full=False)
        elif view.marks:
            self._store.change(marks=frozenset())
        elif view.query.filter or view.query.listing:
            store.change(query=replace(view.query, listing="", filter=""))
        elif view.query.arrow:
            self._sorting.by_head(ATTENTION)
        self._fit()

    def quit_or_leave(self) -> None:
        view = self._view
        if view.is_page_open or view.is_full or view.is_covering or view.leads_back:
            self.leave()
        elif self._store.takes_as_too_late():
            self._say(f"that is closed already: {self._sign('quit')} again quits")
        else:
            self._quit()

    def attention(self) -> None:
        found = self._store.latest()
        place, count = self._panes.sessions.select_next(found.urgent if found else ())
        if count:
            self._store.change(pane=SESSIONS)
            self._fit()
            self._say(f"{place} of {count} that need{'s' * (count == 1)} attention")
        else:
            self._say("nothing needs attention here", "good")

    def follow(self) -> None:
        is_on = not self._panes.live.is_following
        self._panes.live.follow(is_on=is_on)
        self._say("following the end" if is_on else "no longer following the end")

    def tools(self) -> None:
        self._say(f"tools {self._panes.live.next_tools()}")

    def entry(self, step: int) -> None:
        if self._view.is_full:
            self._panes.live.step(step)
        else:
            signs = [self._sign(f"entry_{way}") for way in ("before", "after")]
            self._say(f"{' and '.join(signs)} move from entry to entry in full-screen Live")

    def sort(self) -> None:
        self._sorting.next()

    def reverse(self) -> None:
        self._sorting.reverse()

    def sort_by(self, column: str) -> None:
        """Sort by a column; turn the order if it is sorted by that column."""
        self._sorting.by_head(column)

    def view(self, name: str) -> None:
        self._flows.act(self._views.call(name))

    def take_order(self) -> None:
        tables = [one for one in map(self._panes.table, self._panes.numbered) if one is not None]
        moved = sum(table.moved for table in tables)
        for table in tables:
            table.take_order()
        self._feed.tick()
        if not moved:
            self._say("every row is in its place", "good")

    # The console itself ----------------------------------------------------------------------

    def help(self) -> None:
        """Show the help, also over a page; leave it, and a page that a question waits for."""
        pages = self._context.pages
        if self._view.is_page_open and (pages.is_help or pages.is_awaited):
            pages.leave()
        else:
            self._show_help()

    def _show_help(self) -> None:
        """Show every key, verb, guide and state, and why some keys and verbs are disabled."""
        targets, signs, line = self._targets(), self._engine.keys.signs, self._line
        keys = [(signs(one.name), one.help, targets.why_not(one)) for one in self._keys]
        verbs = [(one.name, one.summary, line.why_not(one)) for one in line.known]
        self._context.pages.draw_help(keys, verbs, self._sign("verbs"))

    def messages(self) -> None:
        engine, pages = self._engine, self._context.pages
        pages.draw_messages(self._context.news.log.all, engine.zone, engine.now())

    def _quit(self) -> None:
        self._panes.question.app.exit(self._store.runs_that_go_on)

    def redraw(self) -> None:
        if isinstance(app := self._panes.question.app, LinkApp):
            app.begin_again()

    def suspend(self) -> None:
        app = self._panes.question.app
        if isinstance(app, LinkApp) and (reason := app.stop()):
            self._say(reason, "bad")

    def how_to_quit(self) -> None:
        self._say(f"{self._sign('quit')} quits; running agents continue")

    def verb(self, name: str = "") -> None:
        if self._context.pages.is_awaited:
            back = self._sign("back")
            self._say(f"a question is waiting behind this list: {back} returns to it", "bad")
        else:
            self._flows.act(self._line.ask(f"{name} " if name else ""))

    # Marks, copies ---------------------------------------------------------------------------

    def mark(self) -> None:
        sessions = self._panes.sessions
        if self._text is not None:
            self.page(1)
        elif sessions.key is not None:
            keys, marks = sessions.keys_of(sessions.key), self._view.marks
            self._store.change(marks=marks - keys if keys <= marks else marks | keys)
            self._feed.tick()
            self.move(1)

    def mark_all(self) -> None:
        shown, marks = self._view.shown, self._view.marks
        self._store.change(marks=frozenset() if shown <= marks else marks | shown)
        self._feed.tick()

    def _toggle_group(self, group: SessionGroup) -> None:
        """Open a group, and mark all failures of one cause; or close it."""
        view, keys = self._view, frozenset(one.key for one in group.sessions)
        is_opening = group.cause not in view.query.opened
        self._store.change(query=view.query.opens(group.cause))
        if not isinstance(group, FailureGroup):
            return
        self._store.change(marks=view.marks | keys if is_opening else view.marks - keys)
        if is_opening:
            signs = ", ".join(map(self._sign, ("resume", "extend", "delete")))
            self._say(f"{len(keys)} marked: {signs} and :ack apply to all; Enter closes")

    def copy(self) -> None:
        targets, app = self._targets(), self._panes.question.app
        selected = targets.selected
        if self._view.is_full:
            text = copying.entry_text(*self._panes.live.entry)
        else:
            text = selected.session_id if selected else targets.listing
        if text:
            self._once("copying", copying.copy(app, self._context, text))

    def copy_command(self) -> None:
        commands, targets = self._flows.commands, self._targets()
        command = copying.command_line(self._engine, commands, targets)
        app = self._panes.question.app
        self._once("copying", copying.copy_command(app, self._context, command))

    # Flows -----------------------------------------------------------------------------------

    def resume(self) -> None:
        targets = self._targets()
        found, hidden = targets.all, targets.hidden
        if len(found) > 1:
            flow = resuming.resume_many(self._context, found, hidden=hidden)
        else:
            flow = resuming.resume(self._context, found[0], hidden=hidden)
        self._flows.act(flow, found)

    def answer(self) -> None:
        self._act_on_selected(answering.answer)

    def interrupt(self) -> None:
        self._act_on_targets(steering.interrupt)

    def extend(self) -> None:
        self._act_on_targets(session_actions.extend)

    def delete(self) -> None:
        self._act_on_targets(session_actions.delete)

    def _act_on_targets(self, flow: Callable[..., Flow]) -> None:
        """Start a flow on the marked sessions, else on the selected one."""
        targets = self._targets()
        found, hidden = targets.all, targets.hidden
        self._flows.act(flow(self._context, found, hidden=hidden), found)

    def _act_on_selected(self, flow: Callable[[ActionContext, Session], Flow]) -> None:
        """Start a flow on the one selected session, whatever is marked."""
        if (session := self._targets().selected) is not None:
            self._flows.act(flow(self._context, session), (session,))

    def own_command(self, name: str) -> None:
        targets, commands = self._targets(), self._engine.keys.commands
        command = next(one for one in commands if one.name == name)
        session = targets.selected
        flow = own_commands.run(self._context, command, session, targets.listing)
        self._flows.act(flow, (session,) if session else ())

    def undo(self) -> None:
        self._flows.act(undoing.undo(self._context))

    def clean_up(self) -> None:
        targets = self._targets()
        if targets.catalog is not None:
            at_listings = targets.view.pane == LISTINGS
            chosen = targets.listing if at_listings else targets.view.query.listing
            self._flows.act(cleaning.clean_up(self._context, targets.catalog, chosen))

    def filter(self) -> None:
        is_text = not self._view.is_in_panes
        self._flows.act(self._search.ask() if is_text else self._filter_line.ask())

    def find(self, step: int) -> None:
        self._search.again(step)
