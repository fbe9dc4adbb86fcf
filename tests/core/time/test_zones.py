"""The time zone is always stated, and a bad date never means expired."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo

import pytest

from tui.core.errors import UsageError
from tui.core.time.zones import (
    LOCAL,
    contradictions,
    infer_zone,
    read_time,
    write_time,
    zone_name,
    zone_named,
    zone_words,
)

Place = Callable[[str], None]


@pytest.fixture
def placed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Moves this machine to a zone for one test."""

    def place(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    with monkeypatch.context():
        yield place
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("zone", "stored", "utc"),
    [
        ("UTC", "2026-03-29T02:30:00", "2026-03-29T02:30:00+00:00"),
        ("Europe/Berlin", "2026-03-28T12:00:00", "2026-03-28T11:00:00+00:00"),
        ("Europe/Berlin", "2026-03-29T12:00:00", "2026-03-29T10:00:00+00:00"),
        ("Europe/Berlin", "2026-10-24T12:00:00", "2026-10-24T10:00:00+00:00"),
        ("Europe/Berlin", "2026-10-25T12:00:00", "2026-10-25T11:00:00+00:00"),
        ("America/New_York", "2026-03-08T12:00:00", "2026-03-08T16:00:00+00:00"),
        ("America/New_York", "2026-11-01T12:00:00", "2026-11-01T17:00:00+00:00"),
        ("Asia/Kolkata", "2026-11-01T12:00:00.000007", "2026-11-01T06:30:00.000007+00:00"),
        ("UTC-03:30", "2026-11-01T12:00:00", "2026-11-01T15:30:00+00:00"),
    ],
)
def test_naive_times_are_read_and_written_in_their_zone(zone: str, stored: str, utc: str) -> None:
    moment = read_time(stored, zone_named(zone))
    assert moment is not None
    assert moment.isoformat() == utc
    assert write_time(moment, zone_named(zone)) == stored


@pytest.mark.parametrize(
    ("zone", "hours"), [("Europe/Berlin", 23), ("America/New_York", 24), ("UTC", 24)]
)
def test_a_day_across_the_clock_change_has_its_own_length(zone: str, hours: int) -> None:
    before = read_time("2026-03-28T12:00:00", zone_named(zone))
    after = read_time("2026-03-29T12:00:00", zone_named(zone))
    assert before is not None
    assert after is not None
    assert after - before == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("stored", "utc"),
    [
        ("2026-11-20T12:00:00Z", "2026-11-20T12:00:00+00:00"),
        ("2026-11-20T12:00:00+05:30", "2026-11-20T06:30:00+00:00"),
        ("2026-11-20", "2026-11-19T23:00:00+00:00"),
        ("2026-11-20 12:00:00", "2026-11-20T11:00:00+00:00"),
        ("9999-12-31T23:59:59.999999", "9999-12-30T00:00:00+00:00"),
        ("9999-12-31T23:59:59-11:00", "9999-12-30T00:00:00+00:00"),
    ],
)
def test_aware_times_mean_what_they_say(stored: str, utc: str) -> None:
    moment = read_time(stored, zone_named("Europe/Berlin"))
    assert moment is not None
    assert moment.isoformat() == utc


@pytest.mark.parametrize(
    "stored",
    ["", "soon", "2026-13-01T00:00:00", "2026-11-20T25:00:00", "\x1b[31m", None, 7, b"2026-11-20",
     "0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00", "-1", "\ud800",
     "1795000000"],
)  # fmt: skip
def test_what_cannot_be_read_is_no_time(stored: object) -> None:
    assert read_time(stored, zone_named("Europe/Berlin")) is None


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "UTC+05:30", "UTC-11:00", "local"])
def test_a_zone_is_known_by_its_name(name: str) -> None:
    assert zone_name(zone_named(name)) == name


@pytest.mark.parametrize(
    "name", ["", "Nowhere/Town", "../../etc/passwd", "Europe", "UTC+99:00", "UTC+02:61", "a\0b"]
)
def test_a_zone_that_is_none_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError, match="time zone"):
        zone_named(name)


@pytest.mark.parametrize(
    ("place", "winter", "summer"),
    [
        ("Europe/Berlin", "2026-01-15T13:00:00", "2026-07-15T14:00:00"),
        ("America/New_York", "2026-01-15T07:00:00", "2026-07-15T08:00:00"),
        ("UTC", "2026-01-15T12:00:00", "2026-07-15T12:00:00"),
        ("Asia/Kolkata", "2026-01-15T17:30:00", "2026-07-15T17:30:00"),
    ],
)
def test_the_local_zone_keeps_its_clock_changes(
    placed: Place, place: str, winter: str, summer: str
) -> None:
    placed(place)
    for month, stored in ((1, winter), (7, summer)):
        moment = datetime(2026, month, 15, 12, tzinfo=UTC)
        assert write_time(moment, LOCAL) == stored
        assert read_time(stored, LOCAL) == moment


def test_written_times_sort_as_the_pipeline_compares_them() -> None:
    moments = [datetime(2026, 11, 20, 12, tzinfo=UTC) + timedelta(hours=n) for n in range(40)]
    stored = [write_time(moment, zone_named("Asia/Kolkata")) for moment in moments]
    assert stored == sorted(stored)


FIRST_AT = datetime(2026, 11, 20, 12, 0, 1, tzinfo=UTC)
BERLIN = zone_named("Europe/Berlin")


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ([], "Europe/Berlin"),
        (["2026-11-20T13:00:00"], "Europe/Berlin"),
        (["2026-11-20T12:00:00"], "UTC"),
        (["2026-11-20T13:00:00", "2026-11-20T12:00:00"], "Europe/Berlin"),
        (["2026-11-20T17:30:00"], "Europe/Berlin"),
        (["2026-11-20T17:30:00", "2026-11-20T17:30:05"], "UTC+05:30"),
        (["2026-11-20T07:00:00", "2026-11-20T07:00:00"], "UTC-05:00"),
        (["2026-11-20T07:00:00", "2026-11-20T17:30:00"], "Europe/Berlin"),
        (["2026-11-20T21:00:00", "2026-11-20T21:00:05", "2026-11-20T14:17:00"], "UTC+09:00"),
        (
            [
                "2026-11-20T21:00:00",
                "2026-11-20T21:00:05",
                "2026-11-20T14:17:00",
                "2026-11-20T16:05:00",
            ],
            "Europe/Berlin",
        ),
        (["2026-11-20T21:01:30", "2026-11-20T21:01:30"], "Europe/Berlin"),
        (["2026-11-20T12:13:00", "2026-11-20T12:13:00"], "Europe/Berlin"),
        (["2026-11-20T12:00:00Z", "soon", ""], "Europe/Berlin"),
    ],
)
def test_the_zone_is_inferred_only_from_what_agrees(stored: list[str], expected: str) -> None:
    inferred = infer_zone([(one, FIRST_AT) for one in stored], BERLIN)
    assert zone_name(inferred) == expected


def test_an_inferred_zone_can_be_named_again() -> None:
    zone: tzinfo = timezone(timedelta(hours=-3, minutes=-30), "UTC-03:30")
    pairs = [(write_time(FIRST_AT, zone), FIRST_AT)] * 2
    name = zone_name(infer_zone(pairs, BERLIN))
    assert write_time(FIRST_AT, zone_named(name)) == write_time(FIRST_AT, zone)


@pytest.mark.parametrize(
    ("hours", "doubts"),
    [
        ([], []),
        ([0], []),
        ([-5], [-5]),
        ([9], [9]),
        ([9, -5, 2], [-5, 2, 9]),
        ([0, 0, 3], []),
        ([0, 3], [3]),
        ([0, 3, 3], [3]),
        ([0.3], []),
        ([20], []),
        ([0, 0.3, 1.7], []),
    ],
)
def test_stored_times_that_are_off_by_whole_half_hours_are_a_doubt(
    hours: list[float], doubts: list[float]
) -> None:
    pairs = [(write_time(FIRST_AT + timedelta(hours=one), BERLIN), FIRST_AT) for one in hours]
    found = contradictions(pairs, BERLIN)
    assert [one / timedelta(hours=1) for one in found] == doubts


def test_times_with_an_offset_of_their_own_are_no_doubt() -> None:
    assert contradictions([("2026-11-20T21:00:00+09:00", FIRST_AT), ("soon", FIRST_AT)], UTC) == ()


def test_the_zone_of_this_machine_says_which_one_it_is(placed: Place) -> None:
    placed("Europe/Berlin")
    assert zone_words("local", FIRST_AT) == "local (CET)"
    assert zone_words("Asia/Kolkata", FIRST_AT) == "Asia/Kolkata"
