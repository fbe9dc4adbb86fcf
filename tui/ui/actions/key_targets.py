"""What a key acts on: only what is on the screen, in the pane that has the keys; or why it cannot.

In Sessions that is the marked ones that are shown, else the selected line; in Expiry the selected
one; in Live the session whose stream is there. In Listings, and under a page, it is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.core.models.session import Key, Session
from tui.ui.actions import disabled_reason
from tui.ui.actions.keys import IN_FULL, ON_PAGE, KeyAction

if TYPE_CHECKING:
    from tui.ui.picture import PictureScreen

LISTINGS, SESSIONS, EXPIRY, LIVE = 1, 2, 3, 4
NOT_READ_YET = "the sessions are still being read: nothing can be done with them yet"
_OF_TARGETS = frozenset({"resume", "extend", "delete", "mark"})
_OF_ONE = frozenset({"answer", "interrupt"})
_OF_ALL = frozenset({"cleanup", "next", "mark_all"})


def selected(screen: PictureScreen) -> Session | None:
    """Return the one session that is selected in sight."""
    if screen.page.is_open or screen.is_tiny:
        return None
    if screen.is_full or screen.pane == LIVE:
        return read(screen)
    if screen.pane == EXPIRY:
        return screen.expiry.session
    return screen.sessions.session if screen.pane == SESSIONS else None


def read(screen: PictureScreen) -> Session | None:
    """Return the session whose stream is shown, which may be another than the one selected now."""
    shown = screen.live.session
    if shown is None:
        return None
    there = screen.catalog.sessions if screen.catalog else ()
    return next((one for one in there if one.key == shown.key), None)


def marked(screen: PictureScreen) -> tuple[Session, ...]:
    """Return the marked sessions that a key takes: those that Sessions shows, in that pane."""
    if screen.pane != SESSIONS or screen.is_full or screen.page.is_open or not screen.marks:
        return ()
    taken = screen.marks & screen.sessions.session_keys
    there = screen.catalog.sessions if screen.catalog and taken else ()
    return tuple(one for one in there if one.key in taken)


def targets(screen: PictureScreen) -> tuple[Session, ...]:
    """Return what a deed on some takes: the marked ones, or the selected line."""
    if found := marked(screen):
        return found
    is_here = screen.pane == SESSIONS and not (screen.is_full or screen.page.is_open)
    if is_here and (group := screen.sessions.group) is not None and not screen.is_tiny:
        return group.sessions
    one = selected(screen)
    return (one,) if one else ()


def hidden(screen: PictureScreen) -> int:
    """Return how many marked sessions a deed leaves alone, since they are not in sight here."""
    if screen.is_full:
        return 0  # nobody thinks of marks there
    taken: frozenset[Key] = screen.sessions.session_keys if screen.pane == SESSIONS else frozenset()
    return len(screen.marks - taken)


def listing(screen: PictureScreen) -> str:
    """Return the listing that is selected or chosen, or that the selection is in, if any."""
    if screen.page.is_open:
        return ""
    if screen.pane == LISTINGS and not screen.is_full:
        return screen.listings.listing
    one = selected(screen)
    chosen = screen.board.listing if screen.pane == SESSIONS and not screen.is_full else ""
    return chosen or (one.listing if one else "")


def why_none(screen: PictureScreen) -> str:
    """Return why no session is selected in sight."""
    keys = screen.engine.keys
    if screen.catalog is None:
        return NOT_READ_YET
    if screen.page.is_open:
        return f"a page covers the panes: {keys.sign('back')} leaves it"
    if screen.pane == LISTINGS and not screen.is_full:
        return f"a listing is selected here, no session: {keys.sign('open')} shows its sessions"
    return "no session is selected"


def why_not(screen: PictureScreen, deed: KeyAction) -> str:
    """Return why a key cannot do what it is for now; empty when it can."""
    action = deed.action.partition("(")[0]
    if reason := why_never(screen, deed):
        return reason
    if screen.page.is_open and action not in ON_PAGE:
        return why_none(screen)
    back = screen.engine.keys.sign("back")
    if screen.is_full and action not in IN_FULL:
        return f"not in full Live: {back} goes back to the panes"
    if reason := _why_not_here(screen, deed.name):
        return reason
    if deed.name in _OF_ALL and screen.catalog is None:
        return NOT_READ_YET
    if deed.name in _OF_TARGETS:
        return why_not_some(
            screen, lambda one: disabled_reason.why_not(deed.name, one, screen.desk)
        )
    if deed.name in _OF_ONE:
        one = selected(screen)
        return disabled_reason.why_not(deed.name, one, screen.desk) if one else why_none(screen)
    return ""


def is_offered(screen: PictureScreen, deed: KeyAction) -> bool:
    """Return whether the bottom line names a key here."""
    action = deed.action.partition("(")[0]
    where = ON_PAGE if screen.page.is_open else IN_FULL if screen.is_full else None
    is_off = screen.is_tiny or screen.question.is_open or why_never(screen, deed)
    return (where is None or action in where) and not is_off


def why_never(screen: PictureScreen, deed: KeyAction) -> str:
    """Return why this console never does it; empty when it may."""
    if screen.engine.is_read_only and deed.is_dangerous:
        return f"this console is read-only: it does not {deed.word}"
    if screen.engine.is_restricted and deed.name == "suspend":
        return "this console is restricted: it does not lead to a shell"
    return ""


def why_not_some(screen: PictureScreen, why: Callable[[Session], str]) -> str:
    """Return why it is possible on none of the targets; empty when it is on one of them."""
    first = ""
    for one in targets(screen):
        if not (reason := why(one)):
            return ""
        first = first or reason
    return first or why_none(screen)


def _why_not_here(screen: PictureScreen, name: str) -> str:
    """Return why a key that is for another pane does nothing in this one."""
    sessions = screen.engine.keys.sign("sessions")
    is_text = screen.is_full or screen.page.is_open or screen.pane == LIVE
    is_sessions = screen.pane == SESSIONS and not is_text
    if name == "mark_all" or (name == "mark" and not is_text):
        return "" if is_sessions else f"marks are made in Sessions: {sessions} goes there"
    if name == "mark":
        return ""
    if name == "sort" and screen.has_class("-narrow") and screen.pane in (LISTINGS, EXPIRY):
        return f"it sorts Sessions: {sessions} goes there"
    if name == "copy" and not screen.is_full:
        is_listing = screen.pane == LISTINGS and screen.listings.listing
        return "" if is_listing or selected(screen) else why_none(screen)
    return ""
