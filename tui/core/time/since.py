"""What `--since` takes: a time of day, a day, or how long ago."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo

from tui.core.errors import UsageError
from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line
from tui.core.time.expiry import parse_duration
from tui.core.time.zones import read_time

_EXAMPLES = "use a time like 22:00, yesterday, a date like 2026-11-20 or '2026-11-20 22:00', or 8h"
_DAYS_AGO = {"today": 0, "yesterday": 1}
_TIME_OF_DAY = late_pattern(r"\d{1,2}:\d\d")
_DATE = late_pattern(r"\d{4}-\d\d-\d\d.*")


def parse_since(typed: str, now: datetime, zone: tzinfo) -> datetime:
    """Return the moment in UTC that `22:00`, `2026-11-20`, `2026-11-20 22:00` or `8h` means.

    A time of day is the last one that was, in `zone`; a date, `today` or `yesterday` is the start
    of that day there; a duration, as `parse_duration` takes it, is how long ago. Raises
    `UsageError`, also for a time to come.
    """
    typed = typed.strip()
    if (days := _DAYS_AGO.get(typed.lower())) is not None:
        day = now.astimezone(zone).date() - timedelta(days=days)
        return datetime.combine(day, time(), zone).astimezone(UTC)
    if _TIME_OF_DAY.fullmatch(typed):
        return _last(typed, now, zone)
    if _DATE.fullmatch(typed):
        moment = read_time(typed, zone)
        if moment is None:
            raise UsageError(f"{one_line(typed)[:40]!r} is not a date: {_EXAMPLES}")
        if moment > now:
            raise UsageError(f"{one_line(typed)[:40]} is still to come")
        return moment
    try:
        return now - parse_duration(typed, _EXAMPLES)
    except OverflowError:
        raise UsageError(f"{one_line(typed)[:40]!r} is beyond the calendar") from None


def _last(typed: str, now: datetime, zone: tzinfo) -> datetime:
    hour, minute = map(int, typed.split(":"))
    if hour > 23 or minute > 59:
        raise UsageError(f"{typed!r} is not a time of day: {_EXAMPLES}")
    today = now.astimezone(zone).date()
    for day in (today, today - timedelta(days=1)):
        moment = datetime.combine(day, time(hour, minute), zone).astimezone(UTC)
        if moment <= now:
            break
    return moment
