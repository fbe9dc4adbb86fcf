"""Times, sizes and states in a few cells."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.support.console.fixed_catalog import NOW, run_of, session
from tui.core.models.row import Status
from tui.core.models.run import Phase, Progress
from tui.core.models.session import Liveness, State
from tui.view.text import formatting

CET = timezone(timedelta(hours=1), "CET")
D, H, M, S = (timedelta(**{unit: 1}) for unit in ("days", "hours", "minutes", "seconds"))


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (13 * D + 5 * H, "13d"),
        (7 * D, "7d"),
        (6 * D + 4 * H + 59 * M, "6d 04h"),
        (23 * H + 10 * M, "23h 10m"),
        (12 * M + 59 * S, "12m"),
        (60 * S, "1m"),
        (42 * S, "42s"),
        (9 * S, "9s"),
        (0 * S, "now"),
        (-59 * S, "now"),
        (-60 * S, "-1m"),
        (-5 * M, "-5m"),
        (-3 * H - 59 * M, "-3h"),
        (-50 * H, "-2d"),
    ],
)
def test_countdown_is_fine_only_in_the_last_minute(left: timedelta, said: str) -> None:
    assert formatting.countdown(NOW + left, NOW) == said


def test_a_date_that_cannot_be_read_is_a_question_mark_and_a_missing_one_a_dash() -> None:
    assert formatting.countdown(None, NOW, is_unreadable=True) == "?"
    assert formatting.countdown(None, NOW) == "-"


@pytest.mark.parametrize(
    ("ago", "said"),
    [(2 * S, "now"), (-3 * S, "now"), (14 * S, "10s"), (4 * M, "4m"), (26 * H, "1d")],
)
def test_quiet_changes_rarely(ago: timedelta, said: str) -> None:
    assert formatting.elapsed(NOW - ago, NOW) == said


def test_quiet_is_a_dash_when_nothing_was_ever_written() -> None:
    assert formatting.elapsed(None, NOW) == "-"


@pytest.mark.parametrize(
    ("dollars", "said"), [(None, "-"), (1.2, "$1.20"), (9.994, "$9.99"), (18.3, "$18")]
)
def test_cost(dollars: float | None, said: str) -> None:
    assert formatting.cost(dollars) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [("stage_3", "3"), ("stage-2", "2"), ("stage", "stage"), ("research", "research"), ("", "-")],
)
def test_stages_lose_their_first_word(name: str, said: str) -> None:
    assert formatting.stage(name) == said


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "· ready"),
        ({"status": "paused"}, "- paused"),
        ({"status": Status.FAILED}, "✗ failed"),
        ({"status": Status.EXPIRED}, "- cleaned"),
        ({"state": State.GHOST}, "✗ ghost"),
        ({"state": State.UNTRACKED}, "+ untracked"),
        ({"status": Status.EXPIRED, "state": State.LEFTOVER}, "◌ leftover"),
        ({"status": Status.FAILED, "liveness": Liveness.BUSY}, "● running"),
        ({"liveness": Liveness.BUSY, "last_activity_at": NOW - 11 * M}, "◌ quiet"),
        ({"liveness": Liveness.WAITING}, "? waiting"),
        ({"liveness": Liveness.IDLE}, "○ attached"),
        ({"liveness": Liveness.ORPHAN}, "◍ orphan"),
        ({"liveness": Liveness.UNKNOWN}, "◍ unknown"),
    ],
)
def test_what_runs_goes_before_what_the_row_says(more: dict[str, object], said: str) -> None:
    quietest: dict[str, object] = {"last_activity_at": NOW - S}
    one = session("hollis_park", "stage_1", "x", **(quietest | more))
    assert formatting.state(one, NOW, timedelta(minutes=10))[0] == said


@pytest.mark.parametrize(
    ("progress", "full", "narrow"),
    [
        (Progress(phase=Phase.CLI), "○ starting CLI", "○ starting"),
        (Progress(phase=Phase.API), "○ waiting for the API", "○ asking-api"),
        (
            Progress(phase=Phase.RETRY, status="529", attempt=7, most=10),
            "◌ retrying 529 (7/10)",
            "◌ retrying",
        ),
        (Progress(phase=Phase.RETRY), "◌ retrying", "◌ retrying"),
        (
            Progress(phase=Phase.LIMIT, until=NOW + 2 * H + S),
            "◌ waits for limit 2h 00m",
            "◌ rate-limit",
        ),
        (Progress(phase=Phase.LIMIT, until=NOW), "◌ waits for limit", "◌ rate-limit"),
        (Progress(phase=Phase.WORK), "● running", "● running"),
    ],
)
def test_what_an_agent_waits_for_is_said_in_full_where_there_is_room(
    progress: Progress, full: str, narrow: str
) -> None:
    one = session("hollis_park", "stage_1", "x", liveness=Liveness.BUSY, last_activity_at=NOW)
    begun = replace(one, run=run_of(one, "busy", progress=progress))

    assert formatting.state_in_full(begun, NOW, 10 * M)[0] == full
    assert formatting.state_in_full(begun, NOW, 10 * M, formatting.STATE_WIDTH)[0] == narrow


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ({}, "20 Nov 15:30"),
        ({"today": NOW}, "15:30"),
        ({"today": NOW + timedelta(days=1)}, "20 Nov 15:30"),
        ({"zone": CET}, "20 Nov 16:30"),
        ({"year": 2026}, "20 Nov 15:30"),
        ({"year": 2025}, "20 Nov 2026 15:30"),
    ],
)
def test_a_moment_is_as_short_as_it_can_be(more: dict[str, Any], shown: str) -> None:
    at = datetime.fromisoformat("2026-11-20T15:30:00+00:00")
    assert formatting.moment(at, **more) == shown
    assert formatting.moment(None, **more) == "-"


def test_a_moment_may_be_in_any_zone() -> None:
    there = datetime.fromisoformat("2026-11-20T16:30:00+01:00")
    assert formatting.countdown(there, NOW) == "1h 00m"
