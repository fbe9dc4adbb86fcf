"""What `--since` takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tui.core.errors import UsageError
from tui.core.time.since import parse_since

NOW = datetime(2026, 11, 25, 5, 30, tzinfo=UTC)  # 06:30 in Berlin
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("22:00", datetime(2026, 11, 24, 21, 0, tzinfo=UTC)),
        ("6:30", NOW),
        ("06:31", NOW + timedelta(minutes=1) - timedelta(days=1)),
        ("00:00", datetime(2026, 11, 24, 23, 0, tzinfo=UTC)),
        ("2026-11-24", datetime(2026, 11, 23, 23, 0, tzinfo=UTC)),
        ("2026-11-24 22:00", datetime(2026, 11, 24, 21, 0, tzinfo=UTC)),
        ("2026-11-24T22:00:00+00:00", datetime(2026, 11, 24, 22, 0, tzinfo=UTC)),
        ("today", datetime(2026, 11, 24, 23, 0, tzinfo=UTC)),
        ("Yesterday", datetime(2026, 11, 23, 23, 0, tzinfo=UTC)),
        ("8h", NOW - timedelta(hours=8)),
        (" 2 ", NOW - timedelta(days=2)),
    ],
)
def test_a_time_of_day_is_the_last_one_and_a_date_its_start(typed: str, expected: datetime) -> None:
    assert parse_since(typed, NOW, BERLIN) == expected


def test_the_last_time_of_day_is_right_on_the_day_that_clocks_change() -> None:
    """On 25 October they went back at 03:00: since 22:00 are nine hours until 06:00."""
    now = datetime(2026, 10, 25, 5, 0, tzinfo=UTC)
    assert now - parse_since("22:00", now, BERLIN) == timedelta(hours=9)


@pytest.mark.parametrize(
    "typed",
    ["", "25:00", "12:60", "yesterday-ish", "2026-13-01", "2026-12-24", "-8h", "99999w", "22:00:"],
)
def test_anything_else_and_what_is_still_to_come_is_refused(typed: str) -> None:
    with pytest.raises(UsageError):
        parse_since(typed, NOW, BERLIN)
