"""What of an act a blind write of the pipeline wiped, and what a later writer meant."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tui.core.models.audit import AuditEvent
from tui.core.models.row import Row
from tui.core.sessions.overwrite import overwritten, still_wiped
from tui.core.time.zones import zone_named

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FIRST, AGAIN = "2026-11-01T12:00:00", "2026-11-20T12:00:00"
SOON, LATER, LATEST = "2026-11-22T12:00:00", "2026-12-01T12:00:00", "2026-12-24T12:00:00"
AGENT = json.dumps({"agent": {"model": "opus"}, "operator": "anna"})
WHY = json.dumps({"workers": 8, "last_error": "API error 529", "failed_at": AGAIN})

EXTENDED = Row("9f2c", "hollis_park", "stage_3", FIRST, LATER, "active", None)
FAILED = replace(EXTENDED, status="failed", metadata=WHY)
RECORDED = replace(EXTENDED, metadata=AGENT)


def act(after: Row, before: Row | None = None) -> AuditEvent:
    return AuditEvent(
        at=NOW,
        operator="anna",
        action="extend",
        listing="",
        session_id=after.session_id,
        before=before or after,
        after=after,
    )


def tracked_blindly(row: Row, expires_at: str, metadata: str | None = None) -> Row:
    """Return what the guide's INSERT OR REPLACE makes of a row."""
    made = replace(row, created_at=AGAIN, expires_at=expires_at)
    return replace(made, status="active", metadata=metadata)


Write = Callable[[Row], Row]


@pytest.mark.parametrize(
    ("left", "write", "mended"),
    [
        (EXTENDED, lambda row: tracked_blindly(row, SOON), EXTENDED),
        (EXTENDED, lambda row: replace(row, expires_at=SOON), EXTENDED),
        (EXTENDED, lambda row: replace(row, expires_at="soon"), EXTENDED),
        (EXTENDED, lambda row: replace(row, expires_at=SOON, status="expired"), EXTENDED),
        (EXTENDED, lambda row: replace(tracked_blindly(row, SOON), status="expired"), EXTENDED),
        (EXTENDED, lambda row: tracked_blindly(row, SOON, '{"workers": 2}'),
         replace(EXTENDED, metadata='{"workers": 2}')),
        (EXTENDED, lambda row: replace(row, expires_at=SOON, stage="stage_4"),
         replace(EXTENDED, stage="stage_4")),
        (EXTENDED, lambda row: replace(row, expires_at=SOON, status="failed"),
         replace(EXTENDED, status="failed")),
        (FAILED, lambda row: tracked_blindly(row, LATEST),
         replace(FAILED, expires_at=LATEST, metadata=json.dumps(
             {"last_error": "API error 529", "failed_at": AGAIN}))),
        (FAILED, lambda row: tracked_blindly(row, SOON, '{"workers": 8}'), FAILED),
        (FAILED, lambda row: tracked_blindly(row, LATEST, "not json"),
         replace(FAILED, expires_at=LATEST, metadata="not json")),
        (RECORDED, lambda row: tracked_blindly(row, LATEST, '{"workers": 2}'),
         replace(RECORDED, expires_at=LATEST,
                 metadata='{"workers": 2, "agent": {"model": "opus"}}')),
        (RECORDED, lambda row: replace(row, metadata=None),
         replace(RECORDED, metadata='{"agent": {"model": "opus"}}')),
        (RECORDED, lambda row: tracked_blindly(row, LATEST, '{"agent": {"model": "haiku"}}'),
         replace(RECORDED, expires_at=LATEST, metadata='{"agent": {"model": "opus"}}')),
    ],
    ids=["tracked again", "shortened", "unreadable", "shortened, then cleaned up",
         "tracked again, then cleaned up", "its metadata stays", "its stage stays",
         "its failure stays", "failure wiped", "failure and expiry wiped", "text that is not ours",
         "agent wiped", "agent wiped by an UPDATE", "another agent"],
)  # fmt: skip
def test_what_a_blind_write_wiped_is_put_back_and_nothing_else(
    left: Row, write: Write, mended: Row
) -> None:
    assert overwritten(write(left), act(left), UTC) == mended


@pytest.mark.parametrize(
    ("left", "write"),
    [
        (EXTENDED, lambda row: row),
        (EXTENDED, lambda row: tracked_blindly(row, LATEST)),
        (EXTENDED, lambda row: replace(row, expires_at=LATEST, stage="stage_4")),
        (EXTENDED, lambda row: replace(row, expires_at="2026-12-01T12:00:00Z")),
        (EXTENDED, lambda row: replace(row, status="failed")),
        (EXTENDED, lambda row: replace(row, status="expired")),
        (EXTENDED, lambda row: replace(row, expires_at=SOON, status="deleted")),
        (EXTENDED, lambda row: replace(row, expires_at=SOON, status="completed")),
        (EXTENDED, lambda row: replace(row, created_at="2026-12-02T12:00:00", expires_at=SOON)),
        (replace(EXTENDED, expires_at="never"), lambda row: replace(row, expires_at=SOON)),
        (FAILED, lambda row: replace(row, status="active", metadata=None)),
        (replace(FAILED, metadata=None), lambda row: tracked_blindly(row, LATEST)),
        (replace(FAILED, metadata=None), lambda row: replace(row, status="active")),
        (FAILED, lambda row: replace(tracked_blindly(row, LATEST), status="failed")),
        (replace(EXTENDED, status="deleted"), lambda row: tracked_blindly(row, SOON)),
        (replace(EXTENDED, status="expired"), lambda row: tracked_blindly(row, SOON)),
    ],
    ids=["nothing", "tracked again, longer", "longer, another stage", "the same moment in UTC",
         "it failed", "its time had passed", "it was deleted", "a word of the pipeline's own",
         "the extension was over by then", "an expiry nobody can read", "taken back by an UPDATE",
         "the pipeline's own failure", "the pipeline took its failure back", "it failed again",
         "begun anew after a delete", "begun anew after a clean-up"],
)  # fmt: skip
def test_what_a_later_writer_meant_stays(left: Row, write: Write) -> None:
    assert overwritten(write(left), act(left), UTC) is None


def test_without_a_known_act_nothing_was_overwritten() -> None:
    assert overwritten(EXTENDED, None, UTC) is None
    assert overwritten(EXTENDED, replace(act(EXTENDED), after=None), UTC) is None


def test_in_the_older_table_the_act_itself_says_whose_failure_it_is() -> None:
    before = replace(EXTENDED, metadata=None)
    left = replace(before, status="failed")
    wiped = tracked_blindly(left, LATEST)
    assert overwritten(wiped, act(left, before), UTC) == replace(left, expires_at=LATEST)
    assert overwritten(wiped, act(left, left), UTC) is None


@pytest.mark.parametrize(
    ("zone", "stored", "is_lost"),
    [
        ("Europe/Berlin", "2026-12-01T11:00:00+00:00", False),
        ("Europe/Berlin", "2026-12-01T10:59:59+00:00", True),
        ("Europe/Berlin", "2026-12-01T11:30:00", True),
        ("America/New_York", "2026-12-01T16:59:59Z", True),
        ("America/New_York", "2026-12-01T17:00:00Z", False),
        ("UTC", "2026-12-01 12:00:00", False),
        ("Asia/Kolkata", "2026-12-01T06:30:00Z", False),
    ],
)
def test_times_are_compared_as_moments_in_the_listings_zone(
    zone: str, stored: str, is_lost: bool
) -> None:
    found = overwritten(replace(EXTENDED, expires_at=stored), act(EXTENDED), zone_named(zone))
    assert (found == EXTENDED) is is_lost
    assert (found is None) is not is_lost


def after_another_act(
    row: Row, after: Row, action: str = "resume", left: Row = EXTENDED
) -> Row | None:
    """Return what was overwritten of the act that `left` the row, after one more act."""
    event = replace(act(after, row), action=action)
    detail = json.dumps({"run": "r", **still_wiped(event, act(left), UTC)})
    return overwritten(after, replace(event, detail=detail), UTC)


def test_an_act_on_something_else_settles_nothing_that_was_wiped() -> None:
    """Without what still stands in its event, whatever it found would count as meant."""
    row = tracked_blindly(EXTENDED, SOON, '{"workers": 8}')
    after = replace(row, metadata=AGENT)
    assert after_another_act(row, after) == replace(EXTENDED, metadata=AGENT)
    longer = replace(row, expires_at="2026-11-25T12:00:00")
    assert after_another_act(row, longer, "extend") == replace(EXTENDED, metadata='{"workers": 8}')
    wiped = tracked_blindly(FAILED, LATEST)
    failure = json.dumps({"last_error": "API error 529", "failed_at": AGAIN})
    again = after_another_act(wiped, replace(wiped, stage="stage_4"), "extend", FAILED)
    assert again == replace(FAILED, stage="stage_4", expires_at=LATEST, metadata=failure)


def test_what_still_stands_is_handed_on_by_each_act_until_it_is_put_back() -> None:
    row = tracked_blindly(EXTENDED, SOON)
    first = replace(act(replace(row, stage="stage_4"), row), detail="")
    first = replace(first, detail=json.dumps(still_wiped(first, act(EXTENDED), UTC)))
    assert first.after
    second = act(replace(first.after, stage="stage_5"), first.after)
    second = replace(second, detail=json.dumps(still_wiped(second, first, UTC)))
    assert second.after
    mended = overwritten(second.after, second, UTC)
    assert mended == replace(EXTENDED, stage="stage_5")
    assert not still_wiped(act(mended, second.after), second, UTC)


@pytest.mark.parametrize(
    ("row", "after", "action", "left"),
    [
        (EXTENDED, replace(EXTENDED, expires_at=SOON), "undo", EXTENDED),
        (tracked_blindly(EXTENDED, SOON), replace(EXTENDED, expires_at=LATEST), "extend", EXTENDED),
        (tracked_blindly(EXTENDED, SOON), replace(EXTENDED, status="deleted"), "delete", EXTENDED),
        (tracked_blindly(FAILED, LATEST), replace(FAILED, metadata=None), "fail", FAILED),
        (tracked_blindly(FAILED, LATEST), replace(EXTENDED, expires_at=LATEST), "resume", FAILED),
    ],
    ids=["its own undo", "extended past it", "deleted", "failed anew", "tried again"],
)
def test_what_an_act_decides_itself_no_longer_stands(
    row: Row, after: Row, action: str, left: Row
) -> None:
    assert not still_wiped(replace(act(after, row), action=action), act(left), UTC)


@pytest.mark.parametrize("stands", ["x", {"expires_at": 5}, {"last_error": []}, [], {"a": "b"}])
def test_what_others_write_there_is_no_reason_to_fail(stands: object) -> None:
    planted = replace(act(EXTENDED), detail=json.dumps({"stands": stands}))
    assert overwritten(replace(EXTENDED, expires_at=SOON), planted, UTC) == EXTENDED
