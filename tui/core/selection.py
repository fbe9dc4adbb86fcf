"""What a filter takes (words, `stage:3`, `live`, `failed`, `<24h`; `!` negates), or a clean-up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tui.core.catalog import is_past, is_pending
from tui.core.expiry import parse_duration
from tui.core.models import Liveness, Session, State, Status

IN_DOUBT = "its time zone is in doubt: set time_zone"
Predicate = Callable[[Session, datetime], bool]


def _is(attribute: str, word: str) -> Predicate:
    return lambda session, now: getattr(session, attribute) == word


_WORDS: dict[str, Predicate] = {
    "live": lambda session, now: session.is_live,
    "swept": lambda session, now: session.is_swept_first,
    **{word: _is("status", word) for word in Status},
    **{word: _is("liveness", word) for word in Liveness},
    **{word: _is("state", word) for word in State if word is not State.OK},
}


def parse_filter(text: str) -> Predicate:
    """Return whether a session is taken, for all words of `text` together.

    Raises `UsageError` when a `<` or `>` is not followed by a duration.
    """
    terms = [_term(word) for word in text.lower().split()]
    return lambda session, now: all(term(session, now) for term in terms)


def names_gone(text: str) -> bool:
    """Whether a filter asks for rows of which nothing is left, which are hidden otherwise."""
    return any(word in ("deleted", "expired") for word in text.lower().split())


def _term(word: str) -> Predicate:
    if word.startswith("!") and len(word) > 1:
        inner = _term(word[1:])
        return lambda session, now: not inner(session, now)
    if word[0] in "<>" and len(word) > 1:
        return _ends(word[0], word[1:])
    name, colon, value = word.partition(":")
    if colon and name in ("stage", "listing", "model", "id"):
        return _field(name, value)
    return _WORDS.get(word) or _mentions(word)


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
class Wanted:
    """What a clean-up is to take: what any of these takes.

    `is_expired` takes what is past its expiry, and leftovers; `older_than` what nobody wrote to
    for so long; `max_bytes` the least recently active until no more than so much is left.
    """

    is_expired: bool = False
    older_than: timedelta | None = None
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Selected:
    """What a clean-up would take and what it would leave, each session with why."""

    taken: tuple[tuple[Session, str], ...]
    skipped: tuple[tuple[Session, str], ...]


def select(sessions: Iterable[Session], wanted: Wanted, now: datetime) -> Selected:
    """Return what a clean-up takes of the sessions; never one that is live or may be.

    An expiry that may be read in the wrong zone takes nothing: that is left, and said.
    """
    there = tuple(sessions)
    due = [(one, why) for one in there if (why := _due(one, wanted, now))]
    taken = [(one, why) for one, why in due if not _spared(one)]
    skipped = [(one, spared) for one, _ in due if (spared := _spared(one))]
    if wanted.max_bytes is not None:
        decided = {one.key for one, _ in due}
        left = sum(one.bytes for one in there) - sum(one.bytes for one, _ in taken)
        rest = sorted((one for one in there if one.key not in decided), key=_last_active)
        for one in rest:
            if left <= wanted.max_bytes:
                break
            if spared := _spared(one):
                skipped.append((one, spared))
            elif one.transcript is not None:
                taken.append((one, "too much"))
                left -= one.bytes
    decided = {one.key for one, _ in (*taken, *skipped)}
    if wanted.is_expired:
        doubted = (one for one in there if one.is_zone_doubted and is_past(one, now))
        skipped += [(one, IN_DOUBT) for one in doubted if one.key not in decided]
    return Selected(tuple(taken), tuple(skipped))


def _due(session: Session, wanted: Wanted, now: datetime) -> str:
    """Return why a session is to be taken for its own sake, live or not; empty when it is not."""
    if wanted.is_expired and _is_over(session, now):
        return "leftover" if session.state is State.LEFTOVER else "expired"
    last = session.last_activity_at
    is_old = wanted.older_than is not None and last is not None and last <= now - wanted.older_than
    return "old" if is_old and session.transcript is not None else ""


def _is_over(session: Session, now: datetime) -> bool:
    """Whether it is pending, would be if it were not live, or has a row past its expiry alone."""
    return is_pending(session, now) or (is_past(session, now) and not session.is_zone_doubted)


def _last_active(session: Session) -> datetime:
    return session.last_activity_at or datetime.min.replace(tzinfo=UTC)


def _spared(session: Session) -> str:
    """Return why no clean-up may take a session; empty when one may."""
    if session.liveness is Liveness.UNKNOWN:
        return "its owner cannot be proven dead"
    if session.liveness is Liveness.ORPHAN:
        return "its CLI lives on: `stop` ends it"
    if session.is_live:
        return "in use"
    if session.is_stray:
        return "lies outside its listing: `adopt` it first"
    return session.unread
