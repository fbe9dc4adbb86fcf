"""What a key acts on: only what is visible in the active pane; or why the key is disabled.

In Sessions that is the visible marked ones, else the selected row; in Expiry the selected one; in
Live the session whose stream is shown. In Listings, and under a page, it is none.
"""

from __future__ import annotations

from collections.abc import Callable

from tui.core.console.key_action import KeyAction, Reach
from tui.core.console.own_command import HANDLER
from tui.core.console.pane_table import EXPIRY, LISTINGS, SESSIONS
from tui.core.models.catalog import Catalog
from tui.core.models.session import Key, Session
from tui.core.text.safe_text import one_line
from tui.ui.engine.engine import Engine
from tui.ui.state.view_state import ViewState

NOT_READ_YET = "still loading the sessions"
NOT_SEEN_YET = "the selection has just changed by itself: look, then do that again"


class KeyTargets:
    """What keys act on in a view of a catalog; `has_done` is whether `u` has an act from here."""

    def __init__(
        self, engine: Engine, view: ViewState, catalog: Catalog | None, *, has_done: bool = False
    ) -> None:
        self._engine = engine
        self._keys = engine.keys
        self.view = view
        self.catalog = catalog
        self._has_done = has_done

    @property
    def selected(self) -> Session | None:
        """The one selected session that is visible."""
        view = self.view
        if view.is_page_open or view.is_tiny:
            return None
        if view.is_text:
            return self.read
        if view.pane == EXPIRY:
            return view.ending
        return view.session if view.pane == SESSIONS else None

    @property
    def read(self) -> Session | None:
        """The session whose stream is shown, which may not be the selected one."""
        shown = self.view.live
        if shown is None or self.why_lost:
            return None
        there = self.catalog.sessions if self.catalog else ()
        return next((one for one in there if one.key == shown.key), None)

    @property
    def marked(self) -> tuple[Session, ...]:
        """The marked sessions that a key acts on: those visible in Sessions, when it is active."""
        view = self.view
        if view.pane != SESSIONS or not view.is_in_panes:
            return ()
        marked = view.marks & view.shown
        there = self.catalog.sessions if self.catalog and marked else ()
        return tuple(one for one in there if one.key in marked)

    @property
    def all(self) -> tuple[Session, ...]:
        """What a key on several sessions acts on: the marked ones, or the selected row."""
        if found := self.marked:
            return found
        view = self.view
        if view.pane == SESSIONS and view.is_in_panes and view.group and not view.is_tiny:
            return view.group.sessions
        one = self.selected
        return (one,) if one else ()

    @property
    def hidden(self) -> int:
        """How many marked sessions are left out because they are not visible."""
        view = self.view
        if view.is_full:
            return 0  # nobody thinks of marks there
        shown: frozenset[Key] = view.shown if view.pane == SESSIONS else frozenset()
        return len(view.marks - shown - {one.key for one in self.all})

    @property
    def listing(self) -> str:
        """The selected or chosen listing, or the one of the selection; empty for none."""
        view = self.view
        if view.is_page_open:
            return ""
        if self.is_listing:
            return view.listing
        one = self.selected
        chosen = view.query.listing if view.pane == SESSIONS and not view.is_full else ""
        return chosen or (one.listing if one else "")

    @property
    def is_listing(self) -> bool:
        """Whether a listing is selected, rather than a session."""
        return self.view.pane == LISTINGS and self.view.is_in_panes

    @property
    def _unread(self) -> str:
        """Why nothing is known of any session; empty when something is."""
        if self.catalog is None:
            return NOT_READ_YET
        return "" if self.catalog.is_read else one_line(self.catalog.problem)

    @property
    def why_none(self) -> str:
        """Why no visible session is selected."""
        if unread := self._unread:
            return unread
        if self.why_lost:
            return self.why_lost
        if self.view.is_page_open:
            return f"a page covers the panes: {self._keys.sign('back')} closes it"
        if self.is_listing:
            opens = self._keys.sign("open")
            return f"a listing is selected, not a session: {opens} shows its sessions"
        if (group := self.view.group) is not None:
            is_open = group.cause in self.view.query.opened
            below = "they are below it" if is_open else f"{self._keys.sign('open')} shows them"
            return f"a group is selected, not one of its sessions: {below}"
        return "no session is selected"

    @property
    def why_lost(self) -> str:
        """Why the selected row of the active pane is gone; empty when it is there."""
        view = self.view
        if not (view.lost and view.is_in_panes):
            return ""
        up, down = self._keys.sign("up"), self._keys.sign("down")
        return f"{view.lost} is gone: {down} or {up} selects another row"

    def why_not(self, action: KeyAction) -> str:
        """Return why a key is disabled now; empty when it is not."""
        if reason := self.why_never(action):
            return reason
        if self.view.is_page_open and action.reach < Reach.PAGE:
            return self.why_none
        if self.view.is_full and action.reach < Reach.FULL:
            return f"not in full-screen Live: {self._keys.sign('back')} goes back to the panes"
        return self._why_not_here(action) or self._why_not_on_these(action)

    def why_unseen(self, action: KeyAction) -> str:
        """Return why a key does not act on what was not painted yet; empty when it does."""
        is_elsewhere = action.handler == "verb" or action.takes_back
        if self.view.is_seen or is_elsewhere or (action.sessions and self.view.is_text):
            return ""
        acts = action.changes or action.acts_on not in ("", "catalog")
        return NOT_SEEN_YET if acts else ""

    def is_offered(self, action: KeyAction) -> bool:
        """Return whether the bottom line names a key here."""
        view = self.view
        least = Reach.PAGE if view.is_page_open else Reach.FULL if view.is_full else Reach.PANES
        is_off = view.is_tiny or view.is_question_open or self.why_never(action)
        return action.reach >= least and not is_off

    def word(self, action: KeyAction) -> str:
        """Return what the bottom line calls a key here; empty where it is left out."""
        if action.line_word:
            return action.line_word if self.view.target is not None else ""
        if action.takes_back and not self._has_done:
            return ""
        is_back = self.view.is_covering or self.view.leads_back
        leads_back = action.name == "quit" and is_back
        is_text = leads_back or not self.view.is_in_panes
        return (is_text and action.text_word) or action.word

    def why_never(self, action: KeyAction) -> str:
        """Return why this console never does it; empty when it may."""
        if action.handler == HANDLER and (reason := self._why_no_commands()):
            return reason
        if self._engine.is_read_only and action.changes:
            return f"this console is read-only: it does not {action.word}"
        if self._engine.is_restricted and action.leads_out:
            return "this console is restricted: no shell from here"
        return ""

    def _why_no_commands(self) -> str:
        """Return why this console runs none of the operator's own commands."""
        for is_so, word in (
            (self._engine.is_read_only, "read-only"),
            (self._engine.is_restricted, "restricted"),
        ):
            if is_so:
                return f"this console is {word}: it runs no commands"
        return f"no command is run: {why}" if (why := self._keys.no_commands) else ""

    def why_not_some(self, why: Callable[[Session], str]) -> str:
        """Return why it is possible on none of the targets; empty when it is on one of them."""
        first = ""
        for one in self.all:
            if not (reason := why(one)):
                return ""
            first = first or reason
        return first or self.why_none

    def _why_not_here(self, action: KeyAction) -> str:
        """Return why a key that belongs to another pane does nothing in this one."""
        view = self.view
        if action.line_word and view.is_page_open and view.target is None:
            return self.why_none
        is_active = view.pane == SESSIONS and not view.is_text
        scrolls = view.is_text and action.reach > Reach.PANES
        if (action.sessions == "shown" and view.is_covering) or (
            action.sessions == "active" and not (is_active or scrolls)
        ):
            return action.elsewhere.format(self._keys.sign("sessions"))
        return ""

    def _why_not_on_these(self, action: KeyAction) -> str:
        """Return why a key can do nothing with the selection or the marks."""
        if action.handler == "mark" and self.view.is_text:
            return ""  # there it turns the page

        def why(one: Session) -> str:
            return action.why_not(one, self._keys.sign)

        if action.changes and not action.takes_back and self.why_lost:
            return self.why_lost
        if action.handler in (HANDLER, "enter") and self.why_lost:
            return self.why_lost
        if action.acts_on == "named":
            is_named = self.view.is_full or self.selected or (self.is_listing and self.view.listing)
            return "" if is_named else self.why_none
        if action.acts_on == "catalog" and (unread := self._unread):
            return unread
        if action.acts_on == "targets":
            return self.why_not_some(why)
        if action.acts_on == "one":
            one = self.selected
            return why(one) if one else self.why_none
        return ""
