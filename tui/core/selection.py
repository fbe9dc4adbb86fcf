"""What a filter takes: words, `stage:3`, `live`, `failed`, `<24h`; `!` negates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from tui.core.expiry import parse_duration
from tui.core.models import Liveness, Session, State, Status

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
