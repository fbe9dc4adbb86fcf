"""The picture on the screen: its panes, and how a catalog and a board become what they show."""

from __future__ import annotations

from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget

from tui.core.models import Catalog, Session
from tui.operations.follow import Update
from tui.ui import flows, layout
from tui.ui.bar import Bar
from tui.ui.board import Board
from tui.ui.expiry import ExpiryPane
from tui.ui.feeds import Following, Looking
from tui.ui.flows import Desk
from tui.ui.help import HelpPane
from tui.ui.keys import DEEDS
from tui.ui.listings import ListingsPane
from tui.ui.live import LivePane
from tui.ui.port import Engine
from tui.ui.question import Question, keys_line
from tui.ui.sessions import SessionsPane
from tui.ui.table import Table
from tui.view import listings, sessions, top
from tui.view.lines import Key

LISTINGS, SESSIONS, EXPIRY, LIVE = 1, 2, 3, 4


class PictureScreen(Screen[None], inherit_bindings=False):
    """Compose, the loops that bring news, and what is selected; keys are the subclass's."""

    # The stock one paints the whole screen again whenever a question opens or closes.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    AUTO_FOCUS = ""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine
        self.board = Board(engine.quiet_after)
        self.catalog: Catalog | None = None
        self.trouble = ""
        self.marks: frozenset[Key] = frozenset()
        self.pane = SESSIONS
        self.is_full = False
        self.has_help = False
        self.is_tiny = False
        plain, zone, quiet = engine.is_ascii, engine.zone, engine.quiet_after
        self.top_line = Bar(id="top", is_ascii=plain)
        self.tiny = Bar(id="tiny", is_ascii=plain)
        self.listings = ListingsPane(id="listings", is_ascii=plain)
        self.sessions = SessionsPane(id="sessions", quiet_after=quiet, is_ascii=plain)
        self.expiry = ExpiryPane(id="expiry", zone=zone, is_ascii=plain)
        self.live = LivePane(id="live", zone=zone, quiet_after=quiet, is_ascii=plain)
        self.help = HelpPane(id="help", is_ascii=plain)
        self.question = Question(id="question", is_ascii=plain)
        self.desk = Desk(engine, self.question)
        self.looking = Looking(engine, self.show_catalog, self.show_trouble)
        self.following = Following(engine, self.live.begin, self.show_news)

    def compose(self) -> ComposeResult:
        yield self.top_line
        with Horizontal(id="body"):
            yield Vertical(self.listings, self.expiry, id="left")
            yield Vertical(self.sessions, self.live, id="right")
        yield self.help
        yield self.question
        yield self.tiny

    def on_mount(self) -> None:
        """Start the loops."""
        self.set_interval(1.0, self.tick)
        for name, loop in (("look", self.looking.run()), ("follow", self.following.run())):
            self.run_worker(loop, name=name, group=name, exit_on_error=False)

    def on_resize(self) -> None:
        """Fit the panes to the new size."""
        self.fit()

    # What comes in ---------------------------------------------------------------------------

    def show_catalog(self, catalog: Catalog) -> None:
        """Show a new picture of everything; while the root cannot be read the last one stays."""
        if catalog.problem and self.catalog is not None and not self.catalog.problem:
            self.show_trouble(catalog.problem)
            return
        self.catalog = catalog
        self.trouble = ""
        self._select_started()
        self.tick()

    def show_trouble(self, reason: str) -> None:
        """Keep the last picture, and say how old it is and why."""
        self.trouble = reason
        self.tick()

    def show_news(self, news: Update) -> None:
        """Show what is new in the stream."""
        self.live.says = "nothing was said here yet"
        self.live.add(news)

    def tick(self) -> None:
        """Draw what the catalog and the clock say now; only what changed is painted."""
        now = self.engine.now()
        catalog = self.catalog
        self.top_line.show(
            top.line(
                catalog,
                now,
                self.size.width,
                self.engine.quiet_after,
                self.engine.zone,
                trouble=layout.stale(catalog, self.trouble, now),
                is_read_only=self.engine.is_read_only,
            )
        )
        if catalog is not None:
            groups = listings.groups(catalog, self.board.ranks(now))
            self.listings.update(groups, keeps_order=self.pane == LISTINGS)
            self.expiry.update(catalog.sessions, now)
        self._show_sessions()
        self._show_live()

    def _show_sessions(self) -> None:
        now, catalog, pane = self.engine.now(), self.catalog, self.sessions
        shown = self.board.shown(catalog, now) if catalog else ()
        pane.says, pane.marks = self.board.says(), self.marks
        pane.empty = self.board.empty(catalog)
        shape = sessions.Shape(
            0,
            has_listing=not self.board.listing,
            is_wide=self.board.is_wide,
            stage_width=sessions.stage_width(catalog.sessions if catalog else ()),
        )
        pane.update(shown, shape, now)

    def _show_live(self) -> None:
        session = self.sessions.session
        if session is None:
            self.live.says = "no session is selected: what one says would be here"
        self.following.follow(session)
        self.live.update(session, self.engine.now())
        self._show_keys()

    def _show_keys(self) -> None:
        session = self.selected
        keys = [
            (deed.sign, deed.word, not flows.why_not(deed.action, session, self.desk))
            for deed in sorted(DEEDS, key=lambda deed: deed.order)
            if deed.order and self.check_action(deed.action, ()) and self._is_bound(deed.keys)
        ]
        self.question.keys = keys_line(tuple(keys), self.size.width)
        self.question.redraw()

    def _is_bound(self, keys: str) -> bool:
        return keys.split(",")[0] in self._bindings.key_to_bindings

    def on_table_moved(self, message: Table.Moved) -> None:
        """Follow the selection of the Sessions pane."""
        if message.table is self.sessions:
            self._show_live()
        elif message.table is self.expiry:
            self._show_keys()

    # What is selected ------------------------------------------------------------------------

    @property
    def selected(self) -> Session | None:
        """The session that a key acts on."""
        return self.expiry.session if self.pane == EXPIRY else self.sessions.session

    @property
    def targets(self) -> tuple[Session, ...]:
        """The marked sessions, or else the selected one."""
        marked = [self.catalog.session(key) for key in sorted(self.marks)] if self.catalog else []
        found = tuple(one for one in marked if one is not None)
        return found or ((self.selected,) if self.selected else ())

    def _select_started(self) -> None:
        """Put the selection on the session of the run that was just started here."""
        for session in self.catalog.sessions if self.catalog and self.desk.started else ():
            if session.run is not None and session.run.run_id == self.desk.started:
                self.desk.started = ""
                self._go_to(session)

    def _go_to(self, session: Session) -> bool:
        """Select a session, taking off the listing or the filter that hides it, and saying so."""
        if self.board.listing not in ("", session.listing):
            self.board = replace(self.board, listing="")
        self._show_sessions()
        if not self.sessions.select(session.key) and self.board.filter:
            self.question.say(f"filter `{self.board.filter}` taken off: it hid this session")
            self.board = replace(self.board, filter="")
            self._show_sessions()
        return self.sessions.select(session.key)

    def fit(self) -> None:
        """Fit the panes to the size and to the pane that is active."""
        layout.arrange(self)
        self.tick()
