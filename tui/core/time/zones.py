"""Converts naive local times, as the guide's pipelines write them, to aware UTC and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from tui.core.errors import UsageError
from tui.core.text.late_pattern import late_pattern

_OFFSET = late_pattern(r"UTC([+-])(\d\d):(\d\d)")
_STEP = timedelta(minutes=30)
_SLACK = timedelta(minutes=2)
_CLOSE = timedelta(minutes=1)
_FARTHEST = timedelta(hours=14)
_EARLIEST, _LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


class LocalZone(tzinfo):
    """This machine's zone, including its clock changes."""

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
    """Return the zone for `local`, `UTC`, `UTC+02:00` or an IANA name; raises `UsageError`."""
    if name == "local":
        return LOCAL
    if name == "UTC":
        return UTC
    match = _OFFSET.fullmatch(name)
    if match and int(match[2]) < 24 and int(match[3]) < 60:
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(offset if match[1] == "+" else -offset, name)
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # few roots name one

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            f"no time zone {name!r}: use `auto`, `local`, `UTC` or an IANA name"
        ) from error


def zone_name(zone: tzinfo) -> str:
    """Return the name for which `zone_named` returns `zone`."""
    if isinstance(zone, LocalZone):
        return "local"
    return str(zone)


def zone_words(name: str, at: datetime) -> str:
    """Return a zone's name for display: `local` with the abbreviation, as in `local (CET)`."""
    return f"{name} ({at.astimezone(LOCAL):%Z})" if name == "local" else name


def read_time(stored: object, zone: tzinfo) -> datetime | None:
    """Return the moment a stored string means, in UTC; `None` when it cannot be parsed.

    A string with an offset (or `Z`) is taken as is; a naive one is in `zone`. A date at the end of
    the calendar ("never") is moved back a day, so that every zone can show it; the epoch or
    earlier is no date.
    """
    if not isinstance(stored, str):
        return None
    try:
        return _in_utc(datetime.fromisoformat(stored), zone)
    except ValueError:
        return None


def _in_utc(moment: datetime, zone: tzinfo) -> datetime | None:
    try:
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
    """Return `moment` as a naive ISO string in `zone`, as the guide writes times.

    Pipelines compare these strings with `datetime.now().isoformat()`.
    """
    return moment.astimezone(zone).replace(tzinfo=None).isoformat()


def infer_zone(pairs: Collection[tuple[str, datetime]], default: tzinfo = LOCAL) -> tzinfo:
    """Return the zone that naive `created_at` strings were written in.

    Each pair is a stored `created_at` and the first UTC timestamp of that session's transcript: a
    pipeline tracks a session at `init`, seconds after. `default` wins if any pair fits it, else UTC
    (what containers write), else the offset in whole half hours (within a minute) that most pairs,
    and at least two, agree on: a session tracked again later looks like a random offset.
    `contradictions` tells how certain that is.
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
    """Whether a pair of `infer_zone` is evidence for or against a zone."""
    return _fits(zone, stored, utc) or _offset(stored, utc) is not None


def contradictions(pairs: Collection[tuple[str, datetime]], zone: tzinfo) -> tuple[timedelta, ...]:
    """Return the offsets by which stored times seem wrong in `zone`; empty when there is no doubt.

    Pairs are those of `infer_zone`. There is doubt when at least as many pairs are off by whole
    half hours as fit: a single one may be a session that was tracked again later.
    """
    gaps = [moment - utc for stored, utc in pairs if (moment := _naive(stored, zone)) is not None]
    fitting = sum(abs(gap) <= _SLACK for gap in gaps)
    others = [shift for gap in gaps if abs(gap) > _SLACK and (shift := _half_hours(gap))]
    return tuple(sorted(set(others))) if len(others) >= max(fitting, 1) else ()


def _fits(zone: tzinfo, stored: str, utc: datetime) -> bool:
    moment = _naive(stored, zone)
    return moment is not None and abs(moment - utc) <= _SLACK


def _is_naive(stored: str) -> bool:
    try:
        return datetime.fromisoformat(stored).tzinfo is None
    except (TypeError, ValueError):
        return False


def _offset(stored: str, utc: datetime) -> timedelta | None:
    """Return a naive string's offset from UTC if it is a whole number of half hours."""
    moment = _naive(stored, UTC)
    return None if moment is None else _half_hours(moment - utc)


def _naive(stored: str, zone: tzinfo) -> datetime | None:
    """Return the moment that a naive string means, `None` for any other."""
    try:
        moment = datetime.fromisoformat(stored)
    except (TypeError, ValueError):
        return None
    return _in_utc(moment, zone) if moment.tzinfo is None else None


def _half_hours(gap: timedelta) -> timedelta | None:
    offset = round(gap / _STEP) * _STEP
    return offset if abs(gap - offset) <= _CLOSE and abs(offset) <= _FARTHEST else None


def _offset_name(offset: timedelta) -> str:
    minutes = abs(offset) // timedelta(minutes=1)
    sign = "-" if offset < timedelta() else "+"
    return f"UTC{sign}{minutes // 60:02}:{minutes % 60:02}"
