"""What a filter takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.core.sessions.test_session_state import IN_STATE
from tui.core.errors import UsageError
from tui.core.models.session import Liveness, Session, State, Transcript
from tui.core.sessions.session_filter import (
    STATE_WORDS,
    CleanupCriteria,
    names_gone,
    parse_filter,
    parse_status,
    select,
)
from tui.core.sessions.session_state import StateWord, state_word

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
    ("text", "asks"),
    [("", False), ("pumps", False), ("deleted", True), ("x EXPIRED", True), ("cleaned", True)],
)
def test_rows_of_which_nothing_is_left_are_shown_when_named(text: str, asks: bool) -> None:
    assert names_gone(text) is asks


def there(name: str, days: float, size: int = 10, **more: object) -> Session:
    """Return a session with a transcript that nobody wrote to for so many days."""
    last = NOW - timedelta(days=days)
    facts = {
        "transcript": Transcript(name, place=Path(name), bytes=size, modified_at=last),
        "bytes": size,
    }
    return session(name, **({"last_activity_at": last} | facts | more))  # type: ignore[arg-type]


OLD = (
    there("fresh", 1),
    there("over", 3, hours=-1),
    there("over-live", 3, hours=-1, liveness=Liveness.WAITING),
    there("over-unknown", 3, hours=-1, liveness=Liveness.UNKNOWN),
    there("over-failed", 3, hours=-1, status="failed"),
    there("left", 9, status="expired", state=State.LEFTOVER),
    there("dateless", 40, hours=None),
    there("unread", 41, status="", hours=None, row_problem="locked"),
    there(
        "stray",
        42,
        transcript=Transcript(
            "s", place=Path("s"), bytes=10, modified_at=NOW, stray_in=Path("/home")
        ),
    ),
    session("ghost", hours=-1, state=State.GHOST),
    session("gone", "expired", hours=-1),
    session("row-alone", hours=48, state=State.GHOST),
)


@pytest.mark.parametrize(
    ("wanted", "taken", "skipped"),
    [
        (CleanupCriteria(), "", ""),
        (CleanupCriteria(is_expired=True), "over left ghost", "over-live over-unknown"),
        (CleanupCriteria(older_than=timedelta(days=40)), "dateless", "unread stray"),
        (
            CleanupCriteria(older_than=timedelta(days=3)),
            "over over-failed left dateless",
            "over-live over-unknown unread stray",
        ),
        (CleanupCriteria(max_bytes=90), "", ""),
        (CleanupCriteria(max_bytes=80), "dateless", "stray unread"),
        (CleanupCriteria(max_bytes=79), "dateless left", "stray unread"),
        (
            CleanupCriteria(max_bytes=0),
            "dateless left over over-failed fresh",
            "stray unread over-live over-unknown",
        ),
        (
            CleanupCriteria(is_expired=True, max_bytes=60),
            "over left ghost dateless",
            "over-live over-unknown stray unread",
        ),
    ],
)
def test_a_clean_up_takes_what_is_due_and_never_what_may_run(
    wanted: CleanupCriteria, taken: str, skipped: str
) -> None:
    found = select(OLD, wanted, NOW)
    assert {one.session_id for one, _ in found.taken} == set(taken.split())
    assert {one.session_id for one, _ in found.skipped} == set(skipped.split())


def test_down_to_a_size_the_least_recently_active_go_first_and_it_is_said_why() -> None:
    found = select(OLD, CleanupCriteria(is_expired=True, max_bytes=50), NOW)
    whys = [(one.session_id, why) for one, why in found.taken]
    assert whys == [
        ("over", "expired"),
        ("left", "leftover"),
        ("ghost", "expired"),
        ("dateless", "over the size limit"),
        ("over-failed", "over the size limit"),
    ]
    assert {one.session_id: why for one, why in found.skipped}["over-live"] == "in use"


def test_an_expiry_in_a_zone_that_is_in_doubt_takes_nothing_and_says_so() -> None:
    found = (
        there("doubted", 3, hours=-1, is_zone_doubted=True),
        there("doubted-later", 3, is_zone_doubted=True),
        there("left", 9, status="expired", state=State.LEFTOVER, is_zone_doubted=True),
    )
    chosen = select(found, CleanupCriteria(is_expired=True), NOW)
    assert [one.session_id for one, _ in chosen.taken] == ["left"]
    assert [(one.session_id, why) for one, why in chosen.skipped] == [
        ("doubted", "its time zone is uncertain: set time_zone")
    ]
    for asked in (CleanupCriteria(older_than=timedelta(days=2)), CleanupCriteria(max_bytes=0)):
        every = select(found, asked, NOW)
        assert (len(every.taken), every.skipped) == (3, ())
    assert len(select(found, CleanupCriteria(is_expired=True, max_bytes=0), NOW).taken) == 3


HOUR = timedelta(hours=1)
QUIET = HOUR / 6


@pytest.mark.parametrize("word", STATE_WORDS)
def test_state_shows_words_that_the_filter_and_status_take(word: str) -> None:
    takes, is_in = parse_filter(word, QUIET), parse_status(word, (), QUIET)
    taken = [one for one in IN_STATE.values() if takes(one, NOW)]
    assert taken == [one for one in IN_STATE.values() if is_in(one, NOW)]
    assert IN_STATE[StateWord(word)] in taken
    assert len(taken) < 4
    assert parse_status(word.upper(), (), QUIET)(IN_STATE[StateWord(word)], NOW)


@pytest.mark.parametrize(
    ("alias", "taken"),
    [
        ("active", set(StateWord) - {"failed", "untracked", "leftover", "cleaned", "deleted"}),
        ("busy", {"running", "quiet", "stalled"}),
        ("idle", {"attached"}),
        ("unread", {"unreadable"}),
        ("expired", {"expired", "cleaned", "leftover"}),
    ],
)
def test_words_of_earlier_versions_and_of_json_still_work(alias: str, taken: set[str]) -> None:
    takes, is_in = parse_filter(alias, QUIET), parse_status(alias, (), QUIET)
    assert {word for word, one in IN_STATE.items() if takes(one, NOW)} == taken
    assert {word for word, one in IN_STATE.items() if is_in(one, NOW)} == taken


def test_a_status_of_the_pipelines_own_is_taken_as_it_is_shown() -> None:
    other = session("x", "In Review")
    assert state_word(other, NOW, QUIET) == "In Review"
    assert parse_status("in review", (other,), QUIET)(other, NOW)


@pytest.mark.parametrize("word", ["odd", "", " ", "in review"])
def test_a_status_that_is_nowhere_is_refused_with_those_there_are(word: str) -> None:
    with pytest.raises(UsageError, match=r"use stalled, .*running, .*ghost, .*ready"):
        parse_status(word, tuple(IN_STATE.values()), HOUR)
