"""Formats counts and moments for the sentences of the operations."""

from __future__ import annotations

from datetime import datetime, timedelta

from tui.core.time.zones import LOCAL

_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", timedelta(minutes=1)))


def count(number: int, noun: str, plural: str = "") -> str:
    """Return `1 session`, `3 sessions`; `plural` is for irregular nouns."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def span(length: timedelta) -> str:
    """Return a duration in its largest unit: `12 d`, `3 h`, `40 s`."""
    length = abs(length)
    for unit, size in _UNITS:
        if length >= size:
            return f"{length // size} {unit}"
    return f"{int(length.total_seconds())} s"


def moment(at: datetime | None) -> str:
    """Return a moment to the minute with its zone; `?` when it is unknown."""
    return f"{at.astimezone(LOCAL):%Y-%m-%d %H:%M %Z}" if at else "?"
