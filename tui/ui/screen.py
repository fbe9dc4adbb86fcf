"""The one screen: its panes, its background loops, and its keys."""

from __future__ import annotations

from collections.abc import Coroutine
from functools import partial
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingsMap
from textual.screen import Screen

from tui.core.console.key_action import Reach
from tui.core.console.pane_table import LIVE, PANES
from tui.core.console.saved_view import SavedView
from tui.core.models.catalog import Catalog
from tui.core.models.verdict import Verdict
from tui.core.sessions.listing_join import erased, is_gone
from tui.operations.stream.follow import StreamUpdate
from tui.ui.actions.action_context import ActionContext
from tui.ui.actions.flow_runner import FlowRunner
from tui.ui.actions.key_handlers import KeyHandlers
from tui.ui.actions.key_targets import KeyTargets
from tui.ui.actions.keys import bindings, key_actions, offered
from tui.ui.actions.pages import Pages
from tui.ui.background import pollers
from tui.ui.background.loops import BackgroundLoops, Loop, write_down
from tui.ui.background.pane_feed import PaneFeed
from tui.ui.background.pollers import CatalogPoller, StreamPoller
from tui.ui.background.reading import PageReader
from tui.ui.engine.engine import Engine
from tui.ui.pointer import WHEEL_ROWS, Pointer
from tui.ui.state import layout, session_restore
from tui.ui.state.bell import Bell
from tui.ui.state.cut_off_deeds import tell_cut_off
from tui.ui.state.notifications import Notifications
from tui.ui.state.sent_prompts import SentPrompts
from tui.ui.state.session_restore import SessionRestore
from tui.ui.state.unread import UnreadTracker
from tui.ui.state.view_model import ViewModel
from tui.ui.state.view_state import ViewState
from tui.ui.state.view_store import ViewStore
from tui.ui.terminal.keyboard import TypedAhead
from tui.ui.terminal.link import LinkApp
from tui.ui.threads import detached
from tui.ui.widgets.live import LivePane
from tui.ui.widgets.pane import CELL, STYLES
from tui.ui.widgets.panes import Panes
from tui.ui.widgets.table import Table
from tui.view.panes import doctor_verdict
from tui.view.panes.keys_line import keys_line
from tui.view.text.lines import Cell, Line

_LEAVING_S = 0.5  # for each thing that is kept


class ConsoleScreen(Screen[None], inherit_bindings=False):
    """Composes the panes, runs the loops, and hands each key to its handler."""

    AUTO_FOCUS = ""
    COMPONENT_CLASSES: ClassVar[set[str]] = {CELL + name for name in STYLES}

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine
        self.panes = Panes(engine)
        self.news = Notifications(engine, self.panes.question)
        self.unseen = UnreadTracker(engine, self.news.tell_once)
        self.store = ViewStore(engine, self.panes, self.unseen)
        self.loops = BackgroundLoops(engine, lambda: self.feed.show_top())
        self.bell_of_requests = Bell(lambda: self.app.bell())
        tell = self.show_found, self.show_trouble, self.panes.in_sight
        self.looking = CatalogPoller(engine, self.store.ordered, *tell)
        self.following = StreamPoller(engine, self.panes.live.begin, self.show_update)
        self.reading = PageReader(self.following, self.panes.live, self.panes.question)
        self.restore = SessionRestore(engine, self._snapshot, self.news.tell_once)
        pages = Pages(self.panes.page, self.panes.question, self.fit)
        sent = SentPrompts(engine, lambda: self.feed.show_live())
        self.context = ActionContext(
            engine=engine, question=self.panes.question, news=self.news, pages=pages, sent=sent
        )
        self.feed = PaneFeed(
            engine,
            panes=self.panes,
            store=self.store,
            following=self.following,
            unseen=self.unseen,
            news=self.news,
            sent=sent,
            loops=self.loops,
            listing=lambda: self.targets().listing,
            keys=self._keys_line,
            fit=self.fit,
            has_taken=self.context.has_taken,
        )
        self._bind_keys()

    def _bind_keys(self) -> None:
        engine, context = self.engine, self.context
        self.keys = key_actions(engine.keys, engine.verbs)
        self._by_name = {one.name: one for one in self.keys}
        self._bindings = BindingsMap(bindings(self.keys, engine.keys))
        start = partial(self.run_worker, name="flow", group="flow", exit_on_error=False)
        self.flows = FlowRunner(context, self.panes, self.store, start, self._flow_done)
        self.handlers = KeyHandlers(
            context,
            panes=self.panes,
            store=self.store,
            feed=self.feed,
            flows=self.flows,
            reading=self.reading,
            targets=self.targets,
            once=self.once,
            keys=self.keys,
        )
        by = self.handlers.sort_by
        self.pointer = Pointer(self.panes, self.store, engine.keys, self.press, by)

    def compose(self) -> ComposeResult:
        yield from self.panes.compose()

    def on_mount(self) -> None:
        """Start the loops."""
        self.clock = self.set_interval(1.0, self._guarded_second)
        loops: dict[str, Loop] = {
            "the catalog": self._look,
            "the stream": self.following.run,
            "unread marks": partial(self.unseen.run, self.tick),
            "saving the view": self.restore.run,
            "notifications": partial(
                pollers.notify, self.engine, lambda: self.store.catalog, self.news
            ),
        }
        for name, loop in loops.items():
            self.run_worker(self.loops.keep(name, loop), name=name, group=name, exit_on_error=False)

    def on_unmount(self) -> None:
        """Save the view and what was looked at; never wait for a disk that hangs."""
        for save in (self.unseen.save, self.restore.save):
            detached(save).join(_LEAVING_S)

    def once(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine in the background, and show its failure."""

        async def done() -> None:
            try:
                await work
            except Exception as error:  # nobody waits for it who would tell
                write_down(self.engine, name, error)
                self.news.tell(f"{name} failed: {type(error).__name__}: {error}", "bad")

        self.run_worker(done(), name=name, group=name, exit_on_error=False)

    # The view --------------------------------------------------------------------------------

    @property
    def view(self) -> ViewState:
        """The view as it is now."""
        return self.store.view

    def targets(self) -> KeyTargets:
        """Return what keys act on now."""
        has_done = bool(self.context.done)
        return KeyTargets(self.engine, self.store.view, self.store.catalog, has_done=has_done)

    def on_resize(self) -> None:
        self.fit()

    def fit(self) -> None:
        """Lay the panes out for the terminal size and the active pane."""
        self.store.change(size=(self.app.size.width, self.app.size.height))
        self.store.look_for_closed()
        view, panes = self.store.view, self.panes
        panes.live.is_full = view.is_full
        classes = layout.classes(view)
        width, rows = panes.needed_size
        panes.divide(layout.left_width(view, width), rows)
        is_changed = panes.hide(layout.hidden(view))
        if is_changed or any(self.has_class(name) != is_on for name, is_on in classes.items()):
            for name, is_on in classes.items():
                self.set_class(is_on, name, update=False)
            self.update_node_styles()  # once: each costs more than all that is painted
        for row in PANES:
            pane = panes.numbered[row.number]
            pane.frame = layout.frame(view, row)
            pane.is_active = view.pane == row.number
            pane.redraw()
        panes.tiny.show((Cell(layout.too_small(*view.size), "noticed"),))
        self.tick()

    def tick(self) -> None:
        """Redraw from the catalog and the clock."""
        self.feed.tick()
        self.restore.touch()

    def _guarded_second(self) -> None:
        self.loops.guard("the clock", self.second)

    def second(self) -> None:
        """Do the work of each second."""
        if self.feed.second():
            self.restore.touch()

    def _snapshot(self) -> SavedView:
        return session_restore.snapshot(self.store.view, self.context.drafts.all)

    def _keys_line(self) -> Line:
        keys = offered(self.keys, self.targets(), self.engine.keys)
        return keys_line(keys, self.size.width)

    def on_table_moved(self, message: Table.Moved) -> None:
        """Follow the selection of the Sessions pane."""
        self.feed.show_top()
        self.restore.touch()
        if message.table is self.panes.sessions:
            self.context.sent.leave()
            self.feed.show_live()
        else:
            self.feed.show_keys()

    # What comes in ---------------------------------------------------------------------------

    async def _look(self) -> None:
        """Restore what needs no catalog, then poll for ever."""
        await self.restore.read()
        last, query = self.restore.last, self.store.query
        self.store.change(query=session_restore.restored_query(query, last))
        if last.pane in self.panes.numbered and last.pane != LIVE:
            self.store.change(pane=last.pane)  # in Live keys would pass over the marks
        self.context.drafts.restore(last.drafts)
        self.fit()
        await self.looking.run()

    def _come_back(self, catalog: Catalog) -> None:
        """Restore the last view as far as the first catalog allows, and say what hides rows."""
        last, sessions = self.restore.last, self.panes.sessions
        query = session_restore.there_still(self.store.query, catalog)
        self.store.change(query=query, marks=last.marks & {one.key for one in catalog.sessions})
        self.tick()
        if last.selected is not None and not sessions.select(last.selected):
            sessions.move_to(last.row)
        selected, place = last.selected, last.reading
        if selected is not None and place is not None and selected == sessions.key:
            self.reading.expect(selected, place)
        view, drafts = self.store.view, self.context.drafts.all
        for said, is_so in session_restore.restored_words(view, drafts, self.engine.keys, catalog):
            self.news.tell(said, is_true=partial(self._is_still, is_so))
        self.restore.begin()
        telling = tell_cut_off(self.engine, catalog, self.store, self.news, self.restore.save)
        self.once("what was cut off", telling)

    def _is_still(self, is_so: session_restore.StillSo) -> bool:
        return is_so(self.store.view, self.context.drafts.all)

    def show_found(self, found: ViewModel) -> None:
        """Show a new catalog; while the root cannot be read the last one stays."""
        catalog, last = found.catalog, self.store.catalog
        is_awaited = self.flows.started or self.flows.back or self.context.sent.many
        if not is_awaited and self.store.takes_as_same(found):
            return
        if catalog.problem and last is not None and not last.problem:
            self.show_trouble(catalog.problem)
            return
        is_first = (last is None or bool(last.problem)) and not catalog.problem
        if is_first:
            self.once("the doctor", pollers.verdict(self.engine, catalog, self.show_verdict))
        self.news.compare(last, catalog)
        if self.engine.rings:
            self.bell_of_requests.look(catalog)
        self.store.catalog = self.unseen.catalog = catalog
        self.context.forget(erased(catalog))
        self._forget_gone(catalog)
        self.store.model, self.store.trouble = found, ""
        if is_first:
            self._come_back(catalog)
        self._select_started(catalog)
        self.flows.back = () if self.feed.return_to(self.flows.back) else self.flows.back
        self.tick()

    def _forget_gone(self, catalog: Catalog) -> None:
        """Unmark the sessions that are gone, and say so where a question is about them."""
        if marks := self.store.view.marks:
            self.store.change(marks=marks & {one.key for one in catalog.sessions})
        if self.context.about:
            there = {one.key: one for one in catalog.sessions if not is_gone(one)}
            self.context.take_note_of(there)

    def _select_started(self, catalog: Catalog) -> None:
        """Select the session of the run that was just started here."""
        for session in catalog.sessions if self.flows.started else ():
            if session.run is not None and session.run.run_id == self.flows.started:
                self.flows.started = ""
                self.context.sent.leave()
                self.feed.go_to(session)

    def show_trouble(self, reason: str) -> None:
        """Keep the last catalog, and say how old it is and why."""
        self.store.trouble = reason
        self.tick()

    def show_verdict(self, found: Verdict) -> None:
        """Show the doctor's summary in one line until the next key press."""
        self.news.tell(doctor_verdict.line(found, self.size.width - 2), "", is_brief=True)

    def show_update(self, update: StreamUpdate) -> None:
        """Show what is new in the stream."""
        live = self.panes.live
        if update.was_reset and not live.is_following:
            self.news.tell("; ".join(update.notices))
        self.reading.note(update)
        live.add(update)
        if self.reading.is_expecting and update.entries:
            self.once("reading on", self.reading.go_on())

    def on_live_pane_wished(self, message: LivePane.Wished) -> None:
        """Read the page that the Live pane lacks."""
        self.once("reading", self.reading.fetch(message.wish))

    # Keys ------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable keys while a question is open; on a tiny screen only quitting works."""
        if self.panes.question.is_open:
            return False
        if action == "press" and self.store.view.is_tiny:
            return self._by_name[str(parameters[0])].reach is Reach.TINY
        return not self.store.view.is_tiny

    def action_press(self, name: str) -> None:
        """Run the key of that name, or say why it is disabled."""
        action, targets = self._by_name[name], self.targets()
        if reason := targets.why_not(action) or targets.why_unseen(action):
            self.panes.question.say(reason, "bad", is_brief=True)
        else:
            self.handlers.run(action)
            self.store.see_after(targets.view)

    def _flow_done(self) -> None:
        """Show what a flow changed."""
        if self.panes.question.was_choice:
            self.store.closed()
        self.looking.wake()
        self.tick()

    def press(self, name: str) -> None:
        """Press the key of that name, by the same rules as on the keyboard."""
        if self.check_action("press", (name,)):
            self.news.key_pressed()
            self.store.pressed()
            self.action_press(name)

    def on_click(self, event: events.Click) -> None:
        if event.button == 1:
            self.pointer.click(event.screen_x, event.screen_y, is_double=event.chain == 2)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.pointer.wheel(event.screen_x, event.screen_y, WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.pointer.wheel(event.screen_x, event.screen_y, -WHEEL_ROWS)

    def takes(self, event: events.Key | events.Paste) -> bool:
        """Give typed input to the open question; without one take pastes, and no key.

        On a tiny screen, where no question is in sight, an open one gets nothing.
        """
        if isinstance(event, events.Key):
            self.loops.guard("noting a key", self._note_key)
        if self.panes.question.is_open:
            if not self.store.view.is_tiny:
                self.panes.question.take(event)
        elif isinstance(event, TypedAhead):
            self._take_ahead(event)
        elif isinstance(event, events.Paste):
            self._refuse_paste()
        else:
            return False
        return True

    def _note_key(self) -> None:
        self.news.key_pressed()
        self.store.pressed()
        self.unseen.pressed(self.engine.now())
        self.restore.touch()

    def _take_ahead(self, event: TypedAhead) -> None:
        """Take a burst of input as typed if it begins with a key that opens a line."""
        opening = {self.engine.keys.sign(one.name): one for one in self.keys if one.opens_line}
        action, is_sign = opening.get(event.text[:1]), not event.text[:1].isalnum()
        is_line = action is not None and is_sign and self.targets().is_offered(action)
        if is_line and isinstance(self.app, LinkApp):
            self.app.type_first(event.keys)
        else:
            self._refuse_paste()

    def _refuse_paste(self) -> None:
        """Say that pasted text does nothing here: its letters are not commands."""
        ways = " or ".join(self.engine.keys.sign(name) for name in ("resume", "verbs"))
        self.panes.question.say(f"pasted text is ignored here: press {ways} first", is_brief=True)
