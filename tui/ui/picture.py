"""The picture on the screen: its panes, and how a catalog and a board become what they show."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget

from tui.core.catalog import erased, is_gone
from tui.core.models.catalog import Catalog
from tui.core.models.session import Key, Session
from tui.operations.stream.follow import StreamUpdate
from tui.ui.actions import disabled_reason, key_targets
from tui.ui.actions.action_context import ActionContext
from tui.ui.actions.key_targets import LISTINGS, LIVE, SESSIONS
from tui.ui.actions.keys import ON_TEXT, KeyAction, deeds
from tui.ui.background import pollers
from tui.ui.background.loops import BackgroundLoops, Loop, write_down
from tui.ui.background.pollers import CatalogPoller, StreamPoller
from tui.ui.background.reading import PageReader
from tui.ui.port import Engine
from tui.ui.state import layout
from tui.ui.state.list_query import ListQuery
from tui.ui.state.notifications import Notifications
from tui.ui.state.session_restore import SessionRestore
from tui.ui.state.unread import UnreadTracker
from tui.ui.state.view_model import ViewModel, renewed
from tui.ui.terminal.bell import Bell
from tui.ui.widgets.bar import Bar, keys_line
from tui.ui.widgets.expiry import ExpiryPane
from tui.ui.widgets.listings import ListingsPane
from tui.ui.widgets.live import LivePane
from tui.ui.widgets.page import PagePane
from tui.ui.widgets.prompt import PromptBar
from tui.ui.widgets.sessions import SessionsPane
from tui.ui.widgets.table import Table
from tui.view.panes import doctor_verdict, page, top_line
from tui.view.text import formatting

_LEAVING_S = 0.5  # for each thing that is kept


class PictureScreen(Screen[None], inherit_bindings=False):
    """Compose, the loops that bring news, and what is selected; keys are the subclass's."""

    # The stock one paints the whole screen again whenever a question opens or closes.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    AUTO_FOCUS = ""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine
        self.deeds = deeds(engine.keys, engine.verbs)
        self.board = ListQuery(engine.quiet_after)
        self.catalog: Catalog | None = None
        self.trouble = ""
        self.marks: frozenset[Key] = frozenset()
        self.pane = SESSIONS
        self.is_full = False
        self.kept: Session | None = None
        self.is_tiny = False
        self._make_panes(engine)
        self.news = Notifications(engine, self.question)
        self.loops = BackgroundLoops(engine, lambda: self._show_top(self.arranged))
        self.bell_of_requests = Bell(lambda: self.app.bell())
        self.unseen = UnreadTracker(engine)
        pages = (self.page, self.fit, self.show_page, self.open_page)
        self.desk = ActionContext(engine, self.question, self.news, *pages)
        self._page_is_left = asyncio.Event()
        self.is_awaited = False
        self.arranged: ViewModel | None = None
        self.looking = CatalogPoller(engine, self.put_in_order, self.show_found, self.show_trouble)
        self.following = StreamPoller(engine, self.live.begin, self.show_update)
        self.habits = SessionRestore(engine, self.news.tell_once)
        self.reading = PageReader(self.following, self.live, self.question)

    def _make_panes(self, engine: Engine) -> None:
        plain, zone, quiet = engine.is_ascii, engine.zone, engine.quiet_after
        self.top_line = Bar(id="top", is_ascii=plain)
        self.tiny = Bar(id="tiny", is_ascii=plain)
        self.listings = ListingsPane(id="listings", is_ascii=plain)
        self.sessions = SessionsPane(id="sessions", zone=zone, quiet_after=quiet, is_ascii=plain)
        self.expiry = ExpiryPane(id="expiry", zone=zone, is_ascii=plain)
        self.live = LivePane(
            id="live",
            zone=zone,
            quiet_after=quiet,
            follows=engine.keys.sign("follow"),
            is_ascii=plain,
            is_remote=engine.is_remote,
            access=disabled_reason.access(engine),
        )
        self.page = PagePane(id="page", is_ascii=plain)
        self.question = PromptBar(id="question", is_ascii=plain)

    def compose(self) -> ComposeResult:
        yield self.top_line
        with Horizontal(id="body"):
            yield Vertical(self.listings, self.expiry, id="left")
            yield Vertical(self.sessions, self.live, id="right")
        yield self.page
        yield self.question
        yield self.tiny

    def on_mount(self) -> None:
        """Start the loops."""
        self.set_interval(1.0, lambda: self.loops.guard("the clock", self.second))
        loops: dict[str, Loop] = {
            "looking": self._look,
            "following": self.following.run,
            "the seen": partial(self.unseen.run, self.tick),
            "the view": partial(self.habits.run, self),
            "notifying": partial(pollers.notify, self.engine, lambda: self.catalog, self.news),
        }
        for name, loop in loops.items():
            keeping = self.loops.keep(name, loop)
            self.run_worker(keeping, name=name, group=name, exit_on_error=False)

    async def _look(self) -> None:
        await self.habits.begin(self)
        await self.looking.run()

    def on_unmount(self) -> None:
        """Keep what was looked at, and the view, for the next time; a disk that hangs does not."""
        for save in (self.unseen.save, partial(self.habits.save, self)):
            saving = threading.Thread(target=save, daemon=True)
            saving.start()
            saving.join(_LEAVING_S)

    def once(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside all else, and say so where it fails."""

        async def done() -> None:
            try:
                await work
            except Exception as error:  # nobody waits for it who would tell
                write_down(self.engine, name, error)
                self.news.tell(f"{name} failed: {type(error).__name__}: {error}", "bad")

        self.run_worker(done(), name=name, group=name, exit_on_error=False)

    def on_resize(self) -> None:
        self.fit()

    # What comes in ---------------------------------------------------------------------------

    def put_in_order(self, catalog: Catalog) -> ViewModel:
        """Return a catalog as it is to be shown now; takes long when it holds thousands."""
        return renewed(self.arranged, catalog, self.board, self.engine.now(), self.engine.zone)

    def show_found(self, found: ViewModel) -> None:
        """Show a new picture of everything; while the root cannot be read the last one stays."""
        catalog = found.catalog
        if catalog.problem and self.catalog is not None and not self.catalog.problem:
            self.show_trouble(catalog.problem)
            return
        if (self.catalog is None or self.catalog.problem) and not catalog.problem:
            saying = pollers.verdict(self.engine, catalog, self.show_verdict)
            self.once("the doctor", saying)
        is_first = self.catalog is None or bool(self.catalog.problem and not catalog.problem)
        self.news.compare(self.catalog, catalog)
        if self.engine.rings:
            self.bell_of_requests.look(catalog)
        self.catalog = self.unseen.catalog = catalog
        self.desk.forget(erased(catalog))
        self._forget_gone(catalog)
        self.arranged, self.trouble = found, ""
        if is_first and not catalog.problem:
            self.habits.come_back(self, catalog)
        self._select_started()
        self.tick()

    def _forget_gone(self, catalog: Catalog) -> None:
        """Take off the marks of what is no more, and say so where a question is about it."""
        if self.marks:
            self.marks &= {one.key for one in catalog.sessions}
        if self.desk.about:
            there = {one.key: one for one in catalog.sessions if not is_gone(one)}
            self.desk.take_note_of(there)

    def show_trouble(self, reason: str) -> None:
        """Keep the last picture, and say how old it is and why."""
        self.trouble = reason
        self.tick()

    def show_verdict(self, said: str) -> None:
        """Say in one line what the doctor found, until a key is pressed."""
        self.news.tell_until_key(doctor_verdict.line(said, self.size.width - 2))

    def show_update(self, update: StreamUpdate) -> None:
        """Show what is new in the stream."""
        self.live.says = "nothing was said here yet"
        if update.was_reset:
            self.reading.forget()
            if not self.live.is_following:
                self.news.tell("; ".join(update.notices))
        self.live.add(update)
        if self.habits.is_away and update.entries:
            self.once("reading on", self.habits.read_on(self))

    def on_live_pane_wished(self, message: LivePane.Wished) -> None:
        """Read what the Live pane lacks of the stream."""
        self.once("reading", self.reading.fetch(message.wish))

    def second(self) -> None:
        """Take note of what was in sight this second, and draw what the clock says now."""
        in_sight = self.live.region.area > 0 and not self.page.is_open and not self.is_tiny
        read = self.kept or self.sessions.session
        self.unseen.tick(read if in_sight else None, self.engine.now())
        self.news.tick()
        self.page.tick()
        self.tick()

    def tick(self) -> None:
        """Draw what the catalog and the clock say now; only what changed is painted."""
        now, found = self.engine.now(), self._found()
        self._show_top(found)
        if found is not None:
            held = found.catalog.hold is not None
            self.listings.update(found.groups, keeps_order=self.pane == LISTINGS, is_held=held)
            self.expiry.update(found.ending, found.pending, now)
        self._show_sessions()
        self._show_live()

    def _show_top(self, found: ViewModel | None) -> None:
        width = self.size.width
        failed = self.loops.trouble
        trouble = layout.stale(self.catalog, self.trouble, self.engine.now()) or failed
        if not trouble and self.catalog is not None:
            trouble = top_line.unread_words(self.catalog.listing(self.listing), width)
        self.top_line.show(
            top_line.line(
                self.catalog,
                found.facts if found else (),
                width,
                trouble=trouble,
                is_read_only=self.engine.is_read_only,
            )
        )

    def _found(self) -> ViewModel | None:
        """Return the picture as it is to be shown now, put in order again if it must be."""
        if self.catalog is not None:
            self.arranged = self.put_in_order(self.catalog)
        return self.arranged

    def _show_sessions(self) -> None:
        found, pane = self._found(), self.sessions
        pane.says, pane.marks, pane.opened = self.board.says(), self.marks, self.board.opened
        pane.is_unseen = self.unseen.is_unseen
        pane.empty = self.board.empty(self.catalog, self.engine.keys)
        if found is None:
            pane.redraw()
            return
        pane.vanished = found.gone
        pane.update(found.shown, found.shape, self.engine.now())

    def _show_live(self) -> None:
        read = self.following.session if self.is_full else None
        self.kept = self._kept(read) if read else None
        session = self.kept or self.sessions.session
        if read is not None and (session is None or session.key != read.key):
            self._leave_gone(read)
            return
        if (group := self.sessions.group) is not None:
            count = len(group.sessions)
            self.live.says = f"{count} sessions failed so: Enter shows and marks them"
        elif session is None:
            self.live.says = "no session is selected: what one says would be here"
        self.following.follow(session)
        self.live.update(session, self.engine.now())
        self._show_keys()

    def read_in_full(self) -> None:
        """Give the stream of the selected session the whole screen."""
        self.sessions.is_placed = True
        session, shown = self.sessions.session, self.live.session
        self.following.follow(session)
        if session is not None and (shown is None or shown.key != session.key):
            self.live.begin(session, "reading...")
        self.pane, self.is_full = LIVE, True

    def _kept(self, read: Session) -> Session | None:
        """Return the session that is read in full when it has left the table; say so once."""
        if self.sessions.select(read.key):
            return None
        there = self.catalog.sessions if self.catalog else ()
        kept = next((one for one in there if one.key == read.key and not is_gone(one)), None)
        if kept is not None and self.kept is None:
            why = f" (filter `{self.board.filter}`)" if self.board.filter else ""
            back, short = self.engine.keys.sign("back"), formatting.short_id(kept.session_id)
            self.news.tell(f"{short} has left the list{why}: {back} goes back there")
        return kept

    def _leave_gone(self, gone: Session) -> None:
        """Go back to the panes: what another session says must not stand where one read."""
        self.pane, self.is_full = SESSIONS, False
        said = f"{formatting.short_id(gone.session_id)} is gone: its transcript was deleted"
        self.news.tell(said, "bad")
        self.fit()

    def _show_keys(self) -> None:
        spoken = ON_TEXT if self.page.is_open or self.is_full else {}
        keys = [
            (self.engine.keys.sign(deed.name), word, not self.why_not(deed))
            for deed in sorted(self.deeds, key=lambda deed: deed.order)
            if deed.order and key_targets.is_offered(self, deed)
            if (word := spoken.get(deed.action, deed.word))
        ]
        self.question.keys = keys_line(tuple(keys), self.size.width)
        self.question.redraw()

    def why_not(self, deed: KeyAction) -> str:
        """Return why what a key does is not possible now; empty when it is."""
        return key_targets.why_not(self, deed)

    def on_table_moved(self, message: Table.Moved) -> None:
        """Follow the selection of the Sessions pane."""
        self._show_top(self.arranged)
        if message.table is self.sessions:
            self._show_live()
        else:
            self._show_keys()

    # What is selected ------------------------------------------------------------------------

    @property
    def selected(self) -> Session | None:
        """The one session that a key acts on."""
        return key_targets.selected(self)

    @property
    def listing(self) -> str:
        """The listing that is chosen, or that the selection is in; empty for none."""
        return key_targets.listing(self)

    @property
    def targets(self) -> tuple[Session, ...]:
        """All the sessions that a key acts on."""
        return key_targets.targets(self)

    def _select_started(self) -> None:
        """Put the selection on the session of the run that was just started here."""
        for session in self.catalog.sessions if self.catalog and self.desk.started else ():
            if session.run is not None and session.run.run_id == self.desk.started:
                self.desk.started = ""
                self.go_to(session)

    def go_to(self, session: Session) -> bool:
        """Select a session, taking off the listing or the filter that hides it, and saying so."""
        if self.board.listing not in ("", session.listing):
            self.board = replace(self.board, listing="")
        self._show_sessions()
        if not self.sessions.select(session.key) and self.board.filter:
            self.question.say(f"filter `{self.board.filter}` taken off: it hid this session")
            self.board = replace(self.board, filter="")
            self._show_sessions()
        for group in self.sessions.groups.values():
            if session in group.sessions and group.cause not in self.board.opened:
                self.board = self.board.opens(group.cause)
                self._show_sessions()
        is_there = self.sessions.select(session.key)
        if is_there:
            self.following.follow(session)
        return is_there

    def open_page(self, title: str, lines: Sequence[str], *, is_at_end: bool = False) -> None:
        """Show lines over the panes."""
        self.page.open(title, lambda width: page.text_lines(lines, width), is_at_end=is_at_end)
        self.fit()

    async def show_page(self, title: str, lines: Sequence[str]) -> None:
        """Show lines over the panes until they are left; other keys act again meanwhile."""
        self._page_is_left.clear()
        self.is_awaited = True
        self.question.release()
        self.open_page(title, lines)
        await self._page_is_left.wait()
        self.is_awaited = False
        self.question.hold()

    def leave_page(self) -> None:
        """Give the screen back to the panes."""
        self.page.close()
        self._page_is_left.set()
        self.fit()

    def fit(self) -> None:
        """Fit the panes to the size and to the pane that is active."""
        layout.arrange(self)
        self.tick()
