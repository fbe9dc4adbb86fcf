"""Completes the last word of a filter: the language's words, and the values that are there."""

from __future__ import annotations

from collections.abc import Iterable

from tui.core.models.session import Session
from tui.core.sessions.session_filter import AMOUNTS, FIELDS, WORDS
from tui.core.text.prefixes import shared_prefix
from tui.core.text.safe_text import one_line


def completed(text: str, sessions: Iterable[Session]) -> str:
    """Return a filter with its last word completed as far as that is unambiguous."""
    head, blank, last = text.rpartition(" ")
    plain = last.lstrip("!")
    before, found = last[: len(last) - len(plain)], _found(plain.lower(), sessions)
    if not plain or not found:
        return text
    shared = shared_prefix(found)
    is_whole = len(found) == 1 and shared[-1] not in ":<>"
    return f"{head}{blank}{before}{max(shared, plain, key=len)}{' ' if is_whole else ''}"


def begun(text: str) -> tuple[str, ...]:
    """Return the words of the language that the last word of a filter begins; none if it is one."""
    word = text.rpartition(" ")[2].lstrip("!").lower()
    found = _found(word, ()) if word else set()
    return () if word in found else tuple(sorted(found))


def _found(word: str, sessions: Iterable[Session]) -> set[str]:
    name, colon, value = word.partition(":")
    if not colon:
        ways = (*WORDS, *(f"{field}:" for field in FIELDS), *(f"{one}>" for one in AMOUNTS))
        return {one for one in ways if one.startswith(word)}
    if name not in FIELDS:
        return set()
    texts = {text for one in sessions for text in FIELDS[name].texts(one)}
    values = {one_line(text).lower() for text in texts}
    there = {one for one in values if one.startswith(value) and one and " " not in one}
    return {f"{name}:{one}" for one in there}
