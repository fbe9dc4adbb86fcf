"""From a line of a page to what it is about, and back."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from tui.core.console.pane_table import LISTINGS, SESSIONS
from tui.core.models.line_target import LineTarget
from tui.core.models.session import Session
from tui.operations.context import VerbInfo
from tui.ui.actions.action_context import ActionContext
from tui.ui.actions.key_targets import NOT_READ_YET
from tui.ui.background.pane_feed import PaneFeed
from tui.ui.background.reading import PageReader
from tui.ui.state.view_store import ViewStore
from tui.ui.widgets.panes import Panes
from tui.view.text.formatting import short_id


class LineOpener:
    """Opens what a line leads to.

    `type_verb` opens the `:` line with a text in it; `read_on` lets the reader go where it was told
    to, if the stream is there already.
    """

    def __init__(
        self,
        context: ActionContext,
        *,
        panes: Panes,
        store: ViewStore,
        feed: PaneFeed,
        reading: PageReader,
        type_verb: Callable[[str], None],
        read_on: Callable[[], object],
    ) -> None:
        self._context = context
        self._panes = panes
        self._store = store
        self._feed = feed
        self._reading = reading
        self._type_verb = type_verb
        self._read_on = read_on
        self._pane_before = SESSIONS

    def open(self, target: LineTarget) -> None:
        """Go to the target; one that is gone is named, and the page stays."""
        catalog, view = self._store.catalog, self._store.view
        self._pane_before = SESSIONS if view.is_full else view.pane
        if target.command and not self._is_refused(target.command[0]):
            self._type_verb(self._as_typed(target.command))
        elif catalog is None:
            self._refuse(NOT_READ_YET)
        elif target.session_id:
            key = (target.listing, target.session_id)
            session = next((one for one in catalog.sessions if one.key == key), None)
            self._open_session(session, target)
        elif target.listing:
            self._open_listing(target.listing)
        else:
            self._refuse("this console is read-only: it does not do what would help here")

    def back(self) -> None:
        """Show the page again from which the last line was opened, as it was."""
        self._store.change(pane=self._pane_before, is_full=False)
        self._panes.page.reopen()
        self._context.pages.fit()

    def _is_refused(self, name: str) -> bool:
        """Whether a read-only console refuses a verb."""
        found = self._verb(name)
        return self._context.engine.is_read_only and (found is None or found.acts)

    def _verb(self, name: str) -> VerbInfo | None:
        return next((one for one in self._context.engine.verbs if one.name == name), None)

    def _as_typed(self, command: tuple[str, ...]) -> str:
        """Return a command as a line, with a blank behind an option whose value is missing."""
        verb = self._verb(command[0])
        lacks_value = verb is not None and command[-1] in verb.valued
        return shlex.join(command) + " " * lacks_value

    def _open_session(self, session: Session | None, target: LineTarget) -> None:
        short = f"{target.listing}/{short_id(target.session_id)}"
        if session is None:
            self._refuse(f"{short} is not there any more: {self._where_gone(target)}")
            return
        if not self._feed.go_to(session):
            self._refuse(f"{short} is {session.status}: only its row is left, `:show {short}`")
            return
        self._store.change(pane=SESSIONS)
        if target.sought:
            self._feed.read_in_full()
            self._reading.expect(session.key, target.place, target.sought)
        self._leave_page()
        if target.sought:
            self._read_on()

    def _where_gone(self, target: LineTarget) -> str:
        catalog = self._store.catalog
        is_there = catalog is not None and catalog.listing(target.listing) is not None
        return "`:trash` lists what was deleted" if is_there else "its listing is gone"

    def _open_listing(self, name: str) -> None:
        if not self._panes.listings.select(("listing", name)):
            self._refuse(f"{name} is not there any more")
            return
        self._store.change(pane=LISTINGS, is_full=False)
        self._leave_page()

    def _leave_page(self) -> None:
        """Uncover the panes; the page stays behind them."""
        page, keys = self._panes.page, self._context.engine.keys
        self._context.pages.leave()
        page.behind = self._store.view.spot
        words = f"{keys.sign('back')} returns to {page.title_words}"
        if self._store.view.is_full:
            back, resume, verbs = map(keys.sign, ("back", "resume", "verbs"))
            words = f"{back} goes back; {resume} resumes, {verbs}resume --fork --at here forks here"
        if not self._panes.question.message.text:
            self._panes.question.say(words, is_brief=True)

    def _refuse(self, words: str) -> None:
        self._panes.question.say(words, "bad", is_brief=True)
