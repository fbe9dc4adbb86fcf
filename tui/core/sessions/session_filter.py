"""Filters by text, `stage:3`, `live`, `<24h` or `!` of these; and what a clean-up takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tui.core.errors import UsageError
from tui.core.models.row import Status
from tui.core.models.session import Liveness, Session, State
from tui.core.sessions.attention import is_quiet, is_stalled
from tui.core.sessions.listing_join import is_past, is_pending
from tui.core.sessions.session_state import OF_LIVENESS, OF_STATE, StateWord, state_word
from tui.core.text.safe_text import one_line
from tui.core.time.expiry import parse_duration

IN_DOUBT = "its time zone is uncertain: set time_zone"
Predicate = Callable[[Session, datetime], bool]
_Test = Callable[[Session, datetime, timedelta], bool]
_NEVER = timedelta.max


def _is(attribute: str, word: str) -> _Test:
    return lambda session, now, quiet_after: getattr(session, attribute) == word


def _is_in(word: StateWord) -> _Test:
    return lambda session, now, quiet_after: state_word(session, now, quiet_after) == word


def _is_expired(session: Session, now: datetime, quiet_after: timedelta) -> bool:
    is_ours = state_word(session, now, quiet_after) == StateWord.EXPIRED
    return is_ours or session.status == Status.EXPIRED


def _is_unread(session: Session, now: datetime, quiet_after: timedelta) -> bool:
    return bool(session.row_problem)


# The words of the STATE column. A session is taken also where STATE shows another word that
# matters more: `running` takes a quiet one as well.
_STATES: dict[StateWord, _Test] = {
    **{word: _is_in(word) for word in StateWord},
    **{word: _is("liveness", liveness) for liveness, word in OF_LIVENESS.items()},
    **{word: _is("state", state) for state, word in OF_STATE.items()},
    StateWord.STALLED: lambda session, now, quiet_after: is_stalled(session),
    StateWord.QUIET: is_quiet,
    StateWord.FAILED: _is("status", Status.FAILED),
    StateWord.API_ERROR: lambda session, now, quiet_after: bool(session.turn_error),
    StateWord.OVERWRITTEN: lambda session, now, quiet_after: session.overwritten is not None,
    StateWord.STRAY: lambda session, now, quiet_after: session.is_stray,
    StateWord.EXPIRED: _is_expired,
    StateWord.CLEANED: _is("status", Status.EXPIRED),
    StateWord.DELETED: _is("status", Status.DELETED),
}
STATE_WORDS = tuple(map(str, StateWord))
# The values of `status` and `liveness` in JSON, and what STATE showed in earlier versions.
_STATUSES: dict[str, _Test] = {
    **{str(word): _is("liveness", word) for word in Liveness},
    "active": _is("status", Status.ACTIVE),
    "unread": _is_unread,
    **{str(word): test for word, test in _STATES.items()},
}
_WORDS: dict[str, _Test] = {
    "live": lambda session, now, quiet_after: session.is_live,
    "swept": lambda session, now, quiet_after: session.is_swept_first,
    **_STATUSES,
}


def parse_filter(text: str, quiet_after: timedelta = _NEVER) -> Predicate:
    """Return the test for sessions that match all words of `text`.

    Raises `UsageError` when a `<` or `>` is not followed by a duration.
    """
    terms = [_term(word, quiet_after) for word in text.lower().split()]
    return lambda session, now: all(term(session, now) for term in terms)


def parse_status(text: str, sessions: Iterable[Session], quiet_after: timedelta) -> Predicate:
    """Return the test for sessions in a status: a word that STATE shows, or a row's own status.

    Raises `UsageError` for a word that is neither known nor the status of any of `sessions`.
    """
    word = _status_word(text)
    if word in _STATUSES:
        return _bound(_STATUSES[word], quiet_after)
    if not word or all(_status_word(one.status) != word for one in sessions):
        raise UsageError(f"no status {text!r}: use {', '.join(STATE_WORDS)}, or a row's status")
    return lambda session, now: _status_word(session.status) == word


def _status_word(text: str) -> str:
    return "-".join(one_line(text).lower().split())


def _bound(test: _Test, quiet_after: timedelta) -> Predicate:
    return lambda session, now: test(session, now, quiet_after)


def names_gone(text: str) -> bool:
    """Whether a filter asks for sessions of which only a row is left; they are hidden otherwise."""
    return any(word in ("deleted", "expired", "cleaned") for word in text.lower().split())


def _term(word: str, quiet_after: timedelta) -> Predicate:
    if word.startswith("!") and len(word) > 1:
        inner = _term(word[1:], quiet_after)
        return lambda session, now: not inner(session, now)
    if word[0] in "<>" and len(word) > 1:
        return _ends(word[0], word[1:])
    name, colon, value = word.partition(":")
    if colon and name in ("stage", "listing", "model", "id"):
        return _field(name, value)
    return _bound(_WORDS[word], quiet_after) if word in _WORDS else _mentions(word)


def _ends(sign: str, words: str) -> Predicate:
    length = parse_duration(words)

    def ends(session: Session, now: datetime) -> bool:
        if session.ends_at is None:
            return False
        left = session.ends_at - now
        return timedelta() < left < length if sign == "<" else left > length

    return ends


def _field(name: str, value: str) -> Predicate:
    if name == "stage":
        spellings = (value, f"stage_{value}", f"stage{value}", f"stage-{value}")
        return lambda session, now: session.stage.lower() in spellings
    attribute = "session_id" if name == "id" else name
    return lambda session, now: value in getattr(session, attribute).lower()


def _mentions(word: str) -> Predicate:
    def mentions(session: Session, now: datetime) -> bool:
        fields = (session.listing, session.stage, session.title, session.session_id, session.model)
        return any(word in field.lower() for field in fields)

    return mentions


@dataclass(frozen=True, slots=True)
class CleanupCriteria:
    """Which sessions a clean-up takes: those that meet any of these criteria.

    `is_expired`: past their expiry, or leftovers; `older_than`: inactive for that long;
    `max_bytes`: the least recently active ones, until the rest fits.
    """

    is_expired: bool = False
    older_than: timedelta | None = None
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class CleanupSelection:
    """The sessions that a clean-up would take and skip, each with the reason."""

    taken: tuple[tuple[Session, str], ...]
    skipped: tuple[tuple[Session, str], ...]


def select(sessions: Iterable[Session], wanted: CleanupCriteria, now: datetime) -> CleanupSelection:
    """Return what a clean-up takes of the sessions; never one that is or may be live.

    A session whose expiry may be read in the wrong zone is skipped for that reason.
    """
    every = tuple(sessions)
    due = [(one, why) for one in every if (why := _due(one, wanted, now))]
    taken = [(one, why) for one, why in due if not _protection(one)]
    skipped = [(one, why) for one, _ in due if (why := _protection(one))]
    if wanted.max_bytes is not None:
        decided = {one.key for one, _ in due}
        left = sum(one.bytes for one in every) - sum(one.bytes for one, _ in taken)
        rest = sorted((one for one in every if one.key not in decided), key=_last_active)
        for one in rest:
            if left <= wanted.max_bytes:
                break
            if why := _protection(one):
                skipped.append((one, why))
            elif one.transcript is not None:
                taken.append((one, "over the size limit"))
                left -= one.bytes
    decided = {one.key for one, _ in (*taken, *skipped)}
    if wanted.is_expired:
        doubted = (one for one in every if one.is_zone_doubted and is_past(one, now))
        skipped += [(one, IN_DOUBT) for one in doubted if one.key not in decided]
    return CleanupSelection(tuple(taken), tuple(skipped))


def _due(session: Session, wanted: CleanupCriteria, now: datetime) -> str:
    """Return why a session is due by its age or expiry, live or not; empty when it is not."""
    if wanted.is_expired and _is_over(session, now):
        return "leftover" if session.state is State.LEFTOVER else "expired"
    last = session.last_activity_at
    is_old = wanted.older_than is not None and last is not None and last <= now - wanted.older_than
    return "old" if is_old and session.transcript is not None else ""


def _is_over(session: Session, now: datetime) -> bool:
    """Whether it awaits clean-up, or would if not live, or is only a row past its expiry."""
    return is_pending(session, now) or (is_past(session, now) and not session.is_zone_doubted)


def _last_active(session: Session) -> datetime:
    return session.last_activity_at or datetime.min.replace(tzinfo=UTC)


def _protection(session: Session) -> str:
    """Return why clean-up must not take a session; empty when it may."""
    if session.liveness is Liveness.UNKNOWN:
        return "its owner may still be alive"
    if session.is_orphan:
        return "its CLI is still running: `stop` ends it"
    if session.is_live:
        return "in use"
    if session.is_stray:
        return "outside its listing: `adopt` it first"
    return session.row_problem
