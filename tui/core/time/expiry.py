"""The two times at which a session may end: its expiry, and the CLI's sweep."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from tui.core.errors import UsageError
from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line

_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
LONGEST = timedelta(days=36525)
_IN_CALENDAR = timedelta(days=700_000)
_DURATION = late_pattern(r"(\d{1,6}(?:\.\d{1,3})?)\s*([smhdw]?)")
_PLAIN = "use days like 7 or 7d, or hours like 12h"
_EXAMPLES = "use days like 7 or 7d, hours like 12h, +7d to add to the time left, or 2026-12-24"


def parse_duration(typed: str, examples: str = _PLAIN) -> timedelta:
    """Return the duration that `7d`, `12h`, `90m`, `2w` or a bare number of days means.

    Raises `UsageError`, with `examples`, when it is not a duration, zero, or over a hundred years.
    """
    match = _DURATION.fullmatch(typed.strip().lower())
    length = float(match[1]) * _UNITS[match[2] or "d"] if match else timedelta()
    if length <= timedelta():
        raise UsageError(f"{one_line(typed)[:40]!r} is not a duration: {examples}")
    if length > LONGEST:
        raise UsageError(f"{one_line(typed)[:40]!r} is more than a hundred years")
    return length


def length_of(days: float, name: str) -> timedelta:
    """Return that many days; raises `UsageError`, which calls them `name`, if they are negative or
    lead out of the calendar."""
    try:
        length = timedelta(days=days)
    except (TypeError, ValueError, OverflowError):
        length = timedelta.max
    if not timedelta() <= length <= _IN_CALENDAR:
        most = f"{_IN_CALENDAR.days:,}"
        raise UsageError(f"{name} cannot be {one_line(days)[:40]}: it is a number from 0 to {most}")
    return length


def extended(typed: str, current: datetime | None, now: datetime, zone: tzinfo = UTC) -> datetime:
    """Return the new expiry after an extension by `typed`.

    `7d` is `max(current, now + 7 days)`; `+7d` adds to the time left; a date means the end of that
    day in `zone`, and never shortens either. Raises `UsageError`, also for a day in the past.
    """
    typed = typed.strip()
    floor = current or now
    if typed.startswith("-"):
        raise UsageError(f"{one_line(typed)[:40]!r}: an extension never shortens; {_EXAMPLES}")
    try:
        if typed.startswith("+"):
            return max(floor, now) + parse_duration(typed[1:], _EXAMPLES)
        until = _on_date(typed, zone) or now + parse_duration(typed, _EXAMPLES)
    except OverflowError:
        raise UsageError(f"{one_line(typed)[:40]!r} is beyond the calendar") from None
    if until <= now:
        raise UsageError(f"{one_line(typed)[:40]} is in the past")
    return max(floor, until)


def _on_date(typed: str, zone: tzinfo) -> datetime | None:
    if typed.count("-") != 2:  # else a duration would wait for what `strptime` imports
        return None
    try:
        day = datetime.strptime(typed, "%Y-%m-%d").replace(tzinfo=zone)
    except ValueError:
        return None
    return (day + timedelta(days=1)).astimezone(UTC) - timedelta(seconds=1)


def sweep_at(modified_at: datetime, sweep_days: int) -> datetime | None:
    """Return when the CLI may delete a transcript last written at `modified_at`.

    `None` when it is unknown (negative `sweep_days`) or beyond the calendar.
    """
    if sweep_days < 0:
        return None
    try:
        return modified_at + timedelta(days=sweep_days)
    except OverflowError:
        return None


def urgency(ends_at: datetime | None, now: datetime) -> str:
    """Return `expired`, `urgent` (under an hour), `noticed` (under a day), `calm` or `unknown`."""
    if ends_at is None:
        return "unknown"
    left = ends_at - now
    if left <= timedelta():
        return "expired"
    if left < timedelta(hours=1):
        return "urgent"
    return "noticed" if left < timedelta(days=1) else "calm"
