"""A moment in words."""

from __future__ import annotations

from datetime import datetime, tzinfo


def moment(
    at: datetime | None,
    zone: tzinfo | None = None,
    *,
    today: datetime | None = None,
    year: int | None = None,
) -> str:
    """Return a moment as `20 Nov 02:10`, one of `today` as `02:10`; `-` for none.

    Without a `zone` in the moment's own time zone; with the year unless that is `year`.
    """
    if at is None:
        return "-"
    shown = at.astimezone(zone) if zone else at
    if today is not None and shown.date() == today.astimezone(zone).date():
        return f"{shown:%H:%M}"
    other = f" {shown.year}" if year not in (None, shown.year) else ""
    return f"{shown:%d %b}{other} {shown:%H:%M}"
