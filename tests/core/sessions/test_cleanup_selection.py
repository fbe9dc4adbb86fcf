"""What a clean-up takes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.core.sessions.test_session_filter import NOW, session
from tui.core.models.session import Liveness, Session, State, Transcript
from tui.core.sessions.cleanup_selection import CleanupCriteria, select, why_left


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


def test_why_one_is_left_is_what_a_clean_up_says_of_it() -> None:
    found = select(OLD, CleanupCriteria(is_expired=True), NOW)
    assert {one.key: why_left(one, NOW) for one, _ in found.skipped} == {
        one.key: why for one, why in found.skipped
    }
    assert not any(why_left(one, NOW) for one, _ in found.taken)


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
    assert [bool(why_left(one, NOW)) for one in found] == [True, True, False]
    for asked in (CleanupCriteria(older_than=timedelta(days=2)), CleanupCriteria(max_bytes=0)):
        every = select(found, asked, NOW)
        assert (len(every.taken), every.skipped) == (3, ())
    assert len(select(found, CleanupCriteria(is_expired=True, max_bytes=0), NOW).taken) == 3
