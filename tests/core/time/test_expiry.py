"""The two clocks: an extension never shortens, and words that are no duration say so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.core.errors import UsageError
from tui.core.time.expiry import extended, parse_duration, sweep_at, urgency
from tui.core.time.zones import zone_named

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("words", "length"),
    [
        ("7", 7 * DAY),
        ("7d", 7 * DAY),
        (" 7 D ", 7 * DAY),
        ("12h", 12 * HOUR),
        ("90m", 1.5 * HOUR),
        ("45s", timedelta(seconds=45)),
        ("2w", 14 * DAY),
        ("1.5d", 36 * HOUR),
    ],
)
def test_a_duration_is_read(words: str, length: timedelta) -> None:
    assert parse_duration(words) == length


@pytest.mark.parametrize(
    "words", ["", "soon", "0", "0d", "-7d", "7 days", "7dd", "1e9", "nan", "\x1b[31m7d", "9999999"]
)
def test_what_is_no_duration_is_a_usage_error_with_examples(words: str) -> None:
    with pytest.raises(UsageError, match="12h") as raised:
        parse_duration(words)
    assert "\x1b" not in str(raised.value)


@pytest.mark.parametrize(
    ("words", "current", "until"),
    [
        ("7d", NOW + DAY, NOW + 7 * DAY),
        ("7d", NOW - 3 * DAY, NOW + 7 * DAY),
        ("7d", NOW + 30 * DAY, NOW + 30 * DAY),
        ("7d", None, NOW + 7 * DAY),
        ("+7d", NOW + DAY, NOW + 8 * DAY),
        ("+7d", NOW - 3 * DAY, NOW + 7 * DAY),
        ("+7d", None, NOW + 7 * DAY),
        ("+ 12h", NOW + DAY, NOW + 36 * HOUR),
        ("2026-12-24", NOW + DAY, datetime(2026, 12, 24, 22, 59, 59, tzinfo=UTC)),
        ("2026-11-21", NOW + 30 * DAY, NOW + 30 * DAY),
        ("2027-03-28", NOW, datetime(2027, 3, 28, 21, 59, 59, tzinfo=UTC)),
        ("2027-10-31", NOW, datetime(2027, 10, 31, 22, 59, 59, tzinfo=UTC)),
    ],
)
def test_an_extension_is_planned(words: str, current: datetime | None, until: datetime) -> None:
    assert extended(words, current, NOW, zone_named("Europe/Berlin")) == until


@pytest.mark.parametrize(
    "words",
    ["soon", "+soon", "+", "++7d", "2026-13-01", "2026-02-30", "999999w", "+999999w", "9999-12-31",
     "0001-01-01", "2026-11-01"],
)  # fmt: skip
def test_an_extension_that_makes_no_sense_is_a_usage_error(words: str) -> None:
    for current in (None, NOW + DAY):
        with pytest.raises(UsageError):
            extended(words, current, NOW, zone_named("Asia/Kolkata"))


@given(
    st.sampled_from(["1", "7d", "12h", "+7d", "+1h", "2026-12-24", "2026-11-20"]),
    st.integers(-400, 400),
)
def test_an_extension_never_shortens(words: str, days: int) -> None:
    current = NOW + days * DAY
    until = extended(words, current, NOW, zone_named("America/New_York"))
    assert until >= current
    assert until > NOW


@pytest.mark.parametrize(
    ("left", "word"),
    [
        (None, "unknown"),
        (-DAY, "expired"),
        (timedelta(), "expired"),
        (timedelta(seconds=1), "urgent"),
        (HOUR, "noticed"),
        (DAY - timedelta(seconds=1), "noticed"),
        (DAY, "calm"),
    ],
)
def test_urgency_has_a_word(left: timedelta | None, word: str) -> None:
    assert urgency(None if left is None else NOW + left, NOW) == word


def test_a_sweep_beyond_the_calendar_is_no_sweep() -> None:
    assert sweep_at(NOW, 30) == NOW + 30 * DAY
    for days in (10**7, 10**12, 10**40):
        assert sweep_at(NOW, days) is None


def test_the_examples_are_those_that_are_allowed_there() -> None:
    with pytest.raises(UsageError, match=r"or hours like 12h$"):
        parse_duration("soon")
    for words in ("soon", "+soon"):
        with pytest.raises(UsageError, match=r"\+7d to add to the time left, or 2026-12-24"):
            extended(words, None, NOW)
    with pytest.raises(UsageError, match="'-5d': an extension never shortens"):
        extended("-5d", NOW + DAY, NOW)
