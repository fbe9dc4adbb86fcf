"""The filter's language: words, `stage:3`, `<24h`, `cost>5`; `!` negates, `or` separates.

Words beside each other must all be met; `or` binds least.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tui.core.errors import UsageError
from tui.core.models.session import Session
from tui.core.sessions.attention import attention, last_sign, snoozed_until
from tui.core.sessions.listing_join import is_ending
from tui.core.sessions.operators import operators_of
from tui.core.sessions.status_filter import STATUSES, Predicate, StatusTest, bound
from tui.core.text.late_pattern import late_pattern
from tui.core.text.near_names import nearest
from tui.core.text.safe_text import one_line
from tui.core.text.sizes import parse_size
from tui.core.time.expiry import parse_duration
from tui.core.values import dataclass

MOST_CHARACTERS = 500
MOST_WORDS = 50
OR = "or"
_MOST_OF_REASON = 1000  # characters of it that are searched: with each key, in every session
_NEVER = timedelta.max
_COMPARED = late_pattern(r"([a-z_]*)([<>])(.*)")
_NAMED = late_pattern(r"([a-z_]+):(.*)")
_DOLLARS = late_pattern(r"\$?(\d{1,9}(?:\.\d{1,6})?|\.\d{1,6})")


@dataclass(frozen=True, slots=True)
class _Field:
    """Texts of a session, in which the value after `NAME:` is looked for; how it is typed."""

    texts: Callable[[Session], Sequence[str]]
    example: str


@dataclass(frozen=True, slots=True)
class _Amount:
    """What `<` and `>` compare: its value in a session, `None` if unknown; how it is typed."""

    value: Callable[[Session, datetime], Any]
    parse: Callable[[str], Any]
    example: str


def _dollars(typed: str) -> float:
    if (match := _DOLLARS.fullmatch(typed)) is None:
        raise UsageError(f"{typed[:40]!r} is not an amount of dollars: use 5 or 0.50")
    return float(match[1])


def _left(session: Session, now: datetime) -> timedelta | None:
    at = session.ends_at
    return at - now if at is not None and is_ending(session, now) else None


def _silence(session: Session, now: datetime) -> timedelta | None:
    last = last_sign(session)
    return now - last if last is not None else None


def _tags(session: Session) -> tuple[str, ...]:
    """Return a session's tags as they are typed in a filter, where a blank ends a word."""
    return tuple("-".join(tag.lower().split()) for tag in session.tags)


AMOUNTS: Mapping[str, _Amount] = {
    "cost": _Amount(lambda one, now: one.cost_usd, _dollars, "cost>5"),
    "size": _Amount(lambda one, now: one.bytes or None, parse_size, "size>10M"),
    "quiet": _Amount(_silence, parse_duration, "quiet>1h"),
    "ends": _Amount(_left, parse_duration, "<24h"),
}
FIELDS: Mapping[str, _Field] = {
    "stage": _Field(lambda one: (one.stage,), "stage:3"),
    "listing": _Field(lambda one: (one.listing,), "listing:hollis"),
    "model": _Field(lambda one: (one.model,), "model:opus"),
    "by": _Field(operators_of, "by:anna"),
    "id": _Field(lambda one: (one.session_id,), "id:9f2c"),
    "tag": _Field(_tags, "tag:urgent"),
    "act": _Field(lambda one: (one.run.act_id,) if one.run else (), "act:3fa9c2"),
    "note": _Field(lambda one: (one.note,), "note:call"),
    "host": _Field(lambda one: (one.host,), "host:b"),
}
_WORDS: Mapping[str, StatusTest] = {
    "attention": lambda one, now, quiet_after: attention(one, now, quiet_after) is not None,
    "live": lambda one, now, quiet_after: one.is_at_work,
    "swept": lambda one, now, quiet_after: one.is_swept_first,
    "tagged": lambda one, now, quiet_after: bool(one.tags),
    "noted": lambda one, now, quiet_after: bool(one.note),
    "snoozed": lambda one, now, quiet_after: snoozed_until(one, now, quiet_after) is not None,
    **STATUSES,
}
WORDS = tuple(_WORDS)


def parse_filter(text: str, quiet_after: timedelta = _NEVER) -> Predicate:
    """Return the test for sessions that a filter takes; an empty one takes all.

    Raises `UsageError`, with what is right, for a word that is none of the language, and for a
    filter that is longer than any that a person types.
    """
    words = _bounded(text).lower().split()
    ways = [[_term(word, quiet_after) for word in way] for way in _ways(words)]
    return lambda session, now: any(all(term(session, now) for term in way) for way in ways)


def is_filter(text: str) -> bool:
    """Return whether a text is a filter."""
    try:
        parse_filter(text)
    except UsageError:
        return False
    return True


def names_gone(text: str) -> bool:
    """Whether a filter asks for sessions of which only a row is left; they are hidden otherwise."""
    return any(word in ("deleted", "cleaned") for word in text.lower().split())


def _bounded(text: str) -> str:
    if len(text) > MOST_CHARACTERS:
        raise UsageError(f"a filter is at most {MOST_CHARACTERS} characters long")
    if len(text.split()) > MOST_WORDS:
        raise UsageError(f"a filter has at most {MOST_WORDS} words")
    return text


def _ways(words: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the words between each `or`."""
    at = [-1, *(index for index, word in enumerate(words) if word == OR), len(words)]
    for start, stop in itertools.pairwise(at):
        way = words[start + 1 : stop]
        if not way and words:
            raise UsageError("`or` stands between two words: waiting or failed")
        yield way


def _term(word: str, quiet_after: timedelta) -> Predicate:
    plain = word.lstrip("!")
    if not plain:
        raise UsageError("`!` stands before a word: !live")
    test = _positive(plain, quiet_after)
    is_negated = (len(word) - len(plain)) % 2
    return (lambda session, now: not test(session, now)) if is_negated else test


def _positive(word: str, quiet_after: timedelta) -> Predicate:
    if match := _COMPARED.fullmatch(word):
        return _compares(match[1] or "ends", match[2], match[3])
    if (match := _NAMED.fullmatch(word)) and _is_field(match[1]):
        return _contains(match[1], match[2])
    return bound(_WORDS[word], quiet_after) if word in _WORDS else _mentions(word)


def _compares(name: str, sign: str, typed: str) -> Predicate:
    amount = AMOUNTS.get(name)
    if amount is None:
        raise UsageError(f"`{name}` cannot be compared: use {', '.join(AMOUNTS)}, like cost>5")
    try:
        limit = amount.parse(typed)
    except UsageError as error:
        if typed:
            raise
        raise UsageError(f"`{name}{sign}` needs an amount: {amount.example}") from error

    def compares(session: Session, now: datetime) -> bool:
        value = amount.value(session, now)
        if value is None:
            return False
        return bool(value < limit if sign == "<" else value > limit)

    return compares


def _is_field(name: str) -> bool:
    """Whether a name before a colon is a field; raises `UsageError` when it nearly is one.

    Others are text: titles have colons, too.
    """
    if name in AMOUNTS:
        raise UsageError(f"`{name}` is compared with < or >: {AMOUNTS[name].example}")
    if name in FIELDS:
        return True
    if near := nearest(name, FIELDS, likeness=0.75):
        raise UsageError(f"no field is called `{one_line(name)[:40]}`: did you mean `{near}:`?")
    return False


def _contains(name: str, value: str) -> Predicate:
    field = FIELDS[name]
    if not value:
        raise UsageError(f"`{name}:` needs a value: {field.example}")
    if name == "stage":
        spellings = (value, f"stage_{value}", f"stage{value}", f"stage-{value}")
        return lambda session, now: session.stage.lower() in spellings
    if name == "tag":  # a whole one: `urgent` is not `not-urgent`
        return lambda session, now: value in _tags(session)
    return lambda session, now: any(value in text.lower() for text in field.texts(session))


def _mentions(word: str) -> Predicate:
    def mentions(session: Session, now: datetime) -> bool:
        fields = (session.listing, session.stage, session.title, session.session_id, session.model)
        said = (*fields, session.note, *_tags(session), session.reason[:_MOST_OF_REASON])
        return any(word in field.lower() for field in said)

    return mentions
