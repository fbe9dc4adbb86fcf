"""Naive local times, as the guide's pipelines write them, to aware UTC and back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tui.core.errors import UsageError

_OFFSET = re.compile(r"UTC([+-])(\d\d):(\d\d)")
_STEP = timedelta(minutes=30)
_SLACK = timedelta(minutes=2)
_CLOSE = timedelta(minutes=1)
_FARTHEST = timedelta(hours=14)
_EARLIEST, _LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


class LocalZone(tzinfo):
    """The zone of this machine, its clock changes included."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        if moment is None:
            return timedelta()
        local = moment.replace(tzinfo=None).astimezone()
        return local.utcoffset() or timedelta()

    def dst(self, moment: datetime | None) -> timedelta | None:
        return None

    def tzname(self, moment: datetime | None) -> str:
        if moment is None:
            return "local"
        return moment.replace(tzinfo=None).astimezone().tzname() or "local"

    def fromutc(self, moment: datetime) -> datetime:
        local = moment.replace(tzinfo=UTC).astimezone()
        return local.replace(tzinfo=self)


LOCAL = LocalZone()


def zone_named(name: str) -> tzinfo:
    """Return the zone called `local`, `UTC`, `UTC+02:00` or by its IANA name.

    Raises `UsageError` when there is no such zone.
    """
    if name == "local":
        return LOCAL
    if name == "UTC":
        return UTC
    match = _OFFSET.fullmatch(name)
    if match and int(match[2]) < 24 and int(match[3]) < 60:
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(offset if match[1] == "+" else -offset, name)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            f"no time zone {name!r}: use `auto`, `local`, `UTC` or an IANA name"
        ) from error


def zone_name(zone: tzinfo) -> str:
    """Return the name that `zone_named` turns back into `zone`."""
    if isinstance(zone, LocalZone):
        return "local"
    return zone.key if isinstance(zone, ZoneInfo) else str(zone)


def zone_words(name: str, at: datetime) -> str:
    """Return a zone's name to be read by people: that of this machine says which one it is."""
    return f"{name} ({at.astimezone(LOCAL):%Z})" if name == "local" else name


def read_time(stored: object, zone: tzinfo) -> datetime | None:
    """Return the moment a stored string means, in UTC; `None` when it cannot be read.

    A string with an offset (or `Z`) means what it says; a naive one is in `zone`. What means
    never is kept from the calendar's end, so that every zone can show it, and a zero is no date.
    """
    if not isinstance(stored, str):
        return None
    try:
        moment = datetime.fromisoformat(stored)
        if not 1970 < moment.year < 9999 and not _is_in_calendar(moment.replace(tzinfo=UTC)):
            return _LATEST if moment.year > _EARLIEST.year else None
        if moment.tzinfo is None and zone is not LOCAL:  # a naive time is local to `astimezone`
            moment = moment.replace(tzinfo=zone)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _is_in_calendar(moment: datetime) -> bool:
    return _EARLIEST < moment < _LATEST


def write_time(moment: datetime, zone: tzinfo) -> str:
    """Return `moment` as the guide writes times: naive ISO in `zone`.

    Pipelines compare these as strings with `datetime.now().isoformat()`.
    """
    return moment.astimezone(zone).replace(tzinfo=None).isoformat()


def infer_zone(pairs: Collection[tuple[str, datetime]], default: tzinfo = LOCAL) -> tzinfo:
    """Return the zone that naive `created_at` strings were written in.

    Each pair is a stored `created_at` and the first UTC stamp of that session's transcript: a
    pipeline tracks at `init`, seconds after. `default` wins when any pair fits it, else UTC (what
    containers write), else an offset of whole half hours, to the minute, on which two pairs agree
    and most of them all: a session tracked anew later looks like any offset, but not like others.
    `contradictions` tells how sure that is.
    """
    if any(_fits(default, *pair) for pair in pairs):
        return default
    if any(_fits(UTC, *pair) for pair in pairs):
        return UTC
    naive = [pair for pair in pairs if _is_naive(pair[0])]
    offsets = Counter(offset for pair in naive if (offset := _offset(*pair)) is not None)
    offset, count = max(offsets.items(), key=lambda one: one[1], default=(timedelta(), 0))
    if count < 2 or count <= len(naive) / 2:
        return default
    return timezone(offset, _offset_name(offset))


def is_evidence(stored: str, utc: datetime, zone: tzinfo) -> bool:
    """Whether a pair of `infer_zone` speaks for a zone or against it."""
    return _fits(zone, stored, utc) or _offset(stored, utc) is not None


def contradictions(pairs: Collection[tuple[str, datetime]], zone: tzinfo) -> tuple[timedelta, ...]:
    """Return by how much stored times seem off when they are read in `zone`; empty for no doubt.

    Pairs are those of `infer_zone`. There is doubt when at least as many are off by whole half
    hours as fit: one alone may be a session that was tracked anew later.
    """
    gaps = [
        moment - utc
        for stored, utc in pairs
        if _is_naive(stored) and (moment := read_time(stored, zone)) is not None
    ]
    fitting = sum(abs(gap) <= _SLACK for gap in gaps)
    others = [shift for gap in gaps if abs(gap) > _SLACK and (shift := _half_hours(gap))]
    return tuple(sorted(set(others))) if len(others) >= max(fitting, 1) else ()


def _fits(zone: tzinfo, stored: str, utc: datetime) -> bool:
    moment = read_time(stored, zone)
    return _is_naive(stored) and moment is not None and abs(moment - utc) <= _SLACK


def _is_naive(stored: str) -> bool:
    try:
        return datetime.fromisoformat(stored).tzinfo is None
    except (TypeError, ValueError):
        return False


def _offset(stored: str, utc: datetime) -> timedelta | None:
    """Return by how many half hours a naive string is ahead of UTC, if it is by whole ones."""
    moment = read_time(stored, UTC) if _is_naive(stored) else None
    if moment is None:
        return None
    return _half_hours(moment - utc)


def _half_hours(gap: timedelta) -> timedelta | None:
    offset = round(gap / _STEP) * _STEP
    return offset if abs(gap - offset) <= _CLOSE and abs(offset) <= _FARTHEST else None


def _offset_name(offset: timedelta) -> str:
    minutes = abs(offset) // timedelta(minutes=1)
    sign = "-" if offset < timedelta() else "+"
    return f"UTC{sign}{minutes // 60:02}:{minutes % 60:02}"
