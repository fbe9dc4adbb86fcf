"""What a filter takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tui.core.errors import UsageError
from tui.core.models import Liveness, Session, State
from tui.core.selection import names_gone, parse_filter

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def session(name: str, status: str = "active", hours: float | None = 48, **more: object) -> Session:
    facts: dict[str, object] = {"liveness": Liveness.NONE, "state": State.OK, "stage": "stage_3"}
    ends = None if hours is None else NOW + timedelta(hours=hours)
    return Session(name, "hollis_park", status=status, expires_at=ends, **(facts | more))  # type: ignore[arg-type]


SESSIONS = (
    session("plain", title="Strategic buyers, PUMPS", model="claude-sonnet-4-5"),
    session("busy", liveness=Liveness.BUSY, hours=2),
    session("unknown", liveness=Liveness.UNKNOWN, stage="2"),
    session("broken", "failed", stage="stage-4"),
    session("over", "expired", hours=-5, state=State.LEFTOVER),
    session("swept", sweep_at=NOW + timedelta(hours=1)),
    session("dateless", hours=None, state=State.GHOST),
    session("gone", "deleted"),
)


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("", "plain busy unknown broken over swept dateless gone"),
        ("pumps", "plain"),
        ("PUMPS buyers", "plain"),
        ("pumps busy", ""),
        ("live", "busy unknown"),
        ("unknown", "unknown"),
        ("!live active", "plain swept dateless"),
        ("failed", "broken"),
        ("deleted", "gone"),
        ("leftover", "over"),
        ("ghost", "dateless"),
        ("swept", "swept"),
        ("stage:2", "unknown"),
        ("stage:4", "broken"),
        ("stage:stage_3 !swept", "plain busy over dateless gone"),
        ("model:sonnet", "plain"),
        ("id:dat", "dateless"),
        ("listing:hollis failed", "broken"),
        ("<24h", "busy swept"),
        (">24h", "plain unknown broken gone"),
        ("!<24h !>24h", "over dateless"),
        ("!!live", "busy unknown"),
        ("!", ""),
    ],
)
def test_a_filter_takes_what_all_its_words_take(text: str, taken: str) -> None:
    takes = parse_filter(text)
    assert [one.session_id for one in SESSIONS if takes(one, NOW)] == taken.split()


@pytest.mark.parametrize("text", ["<soon", "!<x", "pumps >y"])
def test_a_comparison_needs_a_duration(text: str) -> None:
    with pytest.raises(UsageError, match="duration"):
        parse_filter(text)


@pytest.mark.parametrize(
    ("text", "asks"), [("", False), ("pumps", False), ("deleted", True), ("x EXPIRED", True)]
)
def test_rows_of_which_nothing_is_left_are_shown_when_named(text: str, asks: bool) -> None:
    assert names_gone(text) is asks
