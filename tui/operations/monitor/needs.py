"""What needs attention, for monitoring."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tui.core.errors import MOMENTARY, Reason
from tui.core.limits import LOW_BYTES
from tui.core.models.catalog import Catalog, Listing
from tui.core.models.session import Session
from tui.core.sessions.attention import (
    LAST_HOUR,
    Need,
    is_settled,
    last_sign,
    mark_of,
    open_needs,
)
from tui.core.sessions.listing_join import ends_within
from tui.core.sessions.session_state import orphan_words
from tui.core.text.safe_text import one_line
from tui.core.text.sizes import size_text
from tui.core.values import KW_ONLY, dataclass
from tui.operations.catalog.fleet_health import UNHEARD, fleet_troubles
from tui.operations.cause import (
    cut_off_remedy,
    cut_off_words,
    failed_remedy,
    sweep_words,
    unsent_remedy,
    unsent_words,
    unwritten_sessions,
    unwritten_words,
)
from tui.operations.finding import LEVELS, Level
from tui.operations.formatting import span
from tui.operations.interrupted_purges import left_in_trash
from tui.operations.listing_health import level_of, trouble_of

_DOCTOR = ("doctor",)
_FREES = ("cleanup", "--expired", "--purge-trash")
_STATUS, _HOSTS = ("fleet", "status"), ("hosts",)
_GOES_ON = {
    "waiting": "answer",
    "failed": "resume",
    "cut-off": "resume",
    "unsent": "show",
    "orphan": "stop",
    "quiet": "tail",
    "ghost": "show",
    "overwritten": "reapply",
}


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that needs attention: `what` is a word for scripts, `words` are for people.

    An `error` is lost or stands still unless somebody acts, a `note` only explains; `mark` changes
    when something new happens. `fact` is what is so, without what to do about it; `command` are the
    words of the verb that goes on with it. `host` is the one of a fleet that it is about, or where
    the session lives; empty for this one.
    """

    level: Level
    what: str
    _: KW_ONLY
    words: str
    mark: str
    listing: str = ""
    session_id: str = ""
    command: tuple[str, ...] = ()
    fact: str = ""
    host: str = ""

    @property
    def key(self) -> str:
        """Identifies it, and changes when something new happens."""
        return f"{self.listing}/{self.session_id}|{self.what}|{self.mark}"

    @property
    def is_momentary(self) -> bool:
        """Whether it may be over at the next look, so that it needs attention only if it lasts."""
        return self.what in MOMENTARY or self.what == UNHEARD


def needs(
    catalog: Catalog,
    now: datetime,
    quiet_after: timedelta,
    ends_within: timedelta = LAST_HOUR,
) -> tuple[Alert, ...]:
    """Return everything that needs attention and was not acknowledged, errors first."""
    there = [one for one in catalog.listings if not one.is_vanished]
    sessions = [session for one in there for session in one.sessions]
    found = [
        *_of_root(catalog),
        *_of_fleet(catalog),
        *(need for one in catalog.listings for need in _of_listing(one, catalog)),
        *(need for one in sessions for need in _of_session(one, now, quiet_after, ends_within)),
    ]
    return tuple(sorted(found, key=lambda one: (LEVELS.index(one.level), one.listing)))


def ends(sessions: Iterable[Session], now: datetime, within: timedelta) -> tuple[Alert, ...]:
    """Return all that ends within that time, acknowledged or not, by time."""
    found = []
    for one in (one for one in sessions if ends_within(one, now, within)):
        level, what, fact, hint = _described(one, Need.ENDS, now, within)
        is_known = one.ack is not None and is_settled(one, Need.ENDS, now)
        settled = f", acknowledged by {one.ack.by}" if one.ack is not None and is_known else ""
        less = "" if one.transcript is not None else ": only its row is left"
        mark = mark_of(one, Need.ENDS)
        found.append(_of(one, what, f"{fact}{less}{settled}", hint, level=level, mark=mark))
    return tuple(sorted(found, key=lambda one: one.mark))


def needs_of_trash(catalog: Catalog) -> Iterator[Alert]:
    """Yield what interrupted purges left in the trash; too much to read at each look.

    Not of a listing that does not answer, for which another need stands.
    """
    there = (one for one in catalog.listings if not one.is_vanished)
    paths = [one.path for one in there if one.trouble is not Reason.SLOW]
    for left in left_in_trash(catalog.root, paths):
        words = f"{left.words}; {left.remedy}"
        yield Alert(
            "error",
            "half_erased",
            words=words,
            mark=left.words,
            listing=left.listing,
            session_id=left.session_id,
            command=_DOCTOR,
        )


def _of_root(catalog: Catalog) -> Iterator[Alert]:
    """Yield what is wrong with the root as a whole; unknown free space is not reported."""
    if catalog.hold is not None and catalog.hold.is_unreadable:
        words = "cannot tell whether it is on hold, so no run or clean-up starts: "
        words += one_line(catalog.hold.reason)
        yield Alert("error", "hold_unread", words=words, mark=words, command=("hold",))
    if catalog.problem:
        words = one_line(catalog.problem)
        yield Alert("error", "root", words=words, mark=words, command=_DOCTOR)
    elif catalog.free_bytes is None:
        words = "cannot tell how much disk space is left: see `doctor`"
        yield Alert("warning", "disk_unknown", words=words, mark=words, command=_DOCTOR)
    elif catalog.free_bytes < LOW_BYTES:
        words = f"its disk is nearly full: {size_text(catalog.free_bytes)} are free; "
        words += "`cleanup --expired --purge-trash` needs no room"
        yield Alert("error", "disk_full", words=words, mark="", command=_FREES)


def _of_fleet(catalog: Catalog) -> Iterator[Alert]:
    for one in fleet_troubles(catalog):
        command = _STATUS if not one.host or one.host not in catalog.hosts else _HOSTS
        yield Alert(
            one.level, one.what, words=one.words, mark=one.host, command=command, host=one.host
        )


def _of_listing(listing: Listing, catalog: Catalog) -> Iterator[Alert]:
    what = trouble_of(listing)
    if what and (catalog.is_here(listing) or not catalog.unheard):  # of that the fleet's need tells
        words = listing.problem or "it cannot be read"
        named = listing.listing_id
        yield Alert(
            level_of(what),
            what,
            words=one_line(words),
            mark=words,
            listing=named,
            command=(*_DOCTOR, named),
        )
    if unwritten := unwritten_sessions(listing.sessions):
        yield Alert(
            "error",
            "unwritten",
            words=f"{unwritten}: `doctor {shlex.quote(listing.listing_id)}` says what to do",
            mark=unwritten,
            listing=listing.listing_id,
            command=(*_DOCTOR, listing.listing_id),
            fact=unwritten,
        )


def _of_session(
    session: Session, now: datetime, quiet_after: timedelta, within: timedelta
) -> Iterator[Alert]:
    """Yield what the session needs, the most urgent first."""
    for need in open_needs(session, now, quiet_after, within):
        level, what, fact, hint = _described(session, need, now, quiet_after)
        yield _of(session, what, fact, hint, level=level, mark=mark_of(session, need))


def _described(
    session: Session, need: Need, now: datetime, quiet_after: timedelta
) -> tuple[Level, str, str, str]:
    """Return the severity, word, sentence and what to do for a need."""
    short, ends = session.session_id[:8], f"; `extend {session.session_id[:8]} 7d` keeps it"
    match need:
        case Need.ANSWER:
            return _waiting(session, now, quiet_after)
        case Need.FAILED:
            reason = f": {session.reason}" if session.reason else ""
            failed = "its last turn failed" if session.turn_error else "failed"
            failed = "failed, and not in the database" if unwritten_words(session) else failed
            return "error", "failed", f"{failed}{reason}", f"; {failed_remedy(session)}"
        case Need.CUT_OFF:
            return "error", "cut-off", cut_off_words(session), f": {cut_off_remedy(session)}"
        case Need.UNSENT:
            return "error", "unsent", unsent_words(session), f": {unsent_remedy(session)}"
        case Need.ORPHAN:
            return "error", "orphan", orphan_words(), f": `stop {short}`"
        case Need.QUIET:
            last = last_sign(session)
            for_long = f" for {span(now - last)}" if last else ""
            fact = f"running, but has written nothing{for_long}"
            return "warning", "quiet", fact, f": `tail {short}`"
        case Need.ENDS:
            how = "is swept by the CLI" if session.is_swept_first else "expires"
            left = span(session.ends_at - now) if session.ends_at else "?"
            return "error", "ends", f"{how} in {left}", f": `extend {short} 7d`"
        case Need.SWEPT:
            return "error", "swept", f"{sweep_words(session, now)}, before it expires", ends
        case Need.EXPIRED:
            gone = span(now - session.expires_at) if session.expires_at else "?"
            return "warning", "expired", f"expired {gone} ago", f"{ends}, `cleanup` takes it"
        case Need.OVERWRITTEN:
            fact = "the pipeline overwrote an operator's change"
            return "warning", "overwritten", fact, f": `reapply {short}`"
    return "warning", "ghost", "has no transcript", f": `show {short}` says why"


def _waiting(
    session: Session, now: datetime, quiet_after: timedelta
) -> tuple[Level, str, str, str]:
    """Return how long it has waited, and when it is denied by itself."""
    short, request = session.session_id[:8], session.run.request if session.run else None
    since = request.at if request is not None else last_sign(session)
    waited = now - since if since else None
    until = request.until if request is not None else None
    is_open = until is not None and until > now
    denied = f", will be denied in {span(until - now)}" if until and is_open else ""
    for_long = f" for {span(waited)}" if waited else ""
    is_late = waited is None or waited > quiet_after
    hint = f": `show {short}` shows it, `answer {short}` allows or denies it"
    fact = f"waits for {session.waiting_for}{for_long}{denied}"
    return ("error" if is_late else "warning"), "waiting", fact, hint


def _of(session: Session, what: str, fact: str, hint: str, *, level: Level, mark: str) -> Alert:
    address = session.address
    return Alert(
        level,
        what,
        words=one_line(f"{fact}{hint}"),
        mark=mark,
        listing=session.listing,
        session_id=session.session_id,
        command=(_GOES_ON[what], address) if what in _GOES_ON else ("extend", address, "7d"),
        fact=one_line(fact),
        host=session.host,
    )
