"""What needs somebody, what an acknowledgement settles, and which failures are one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.support.console.fixed_catalog import NOW, cut_off_run, failures, run_of, session
from tui.core.models.row import Row, Status
from tui.core.models.session import Acknowledgement, Liveness, Session, State
from tui.core.sessions.attention import (
    FailureGroup,
    Need,
    attention,
    cause_of_failure,
    failed_at,
    grouped,
    is_all_settled,
    mark_of,
    marks_of,
    needs_of,
    snoozed_until,
)

QUIET = timedelta(minutes=10)


def one(**more: Any) -> Session:
    return session("hollis_park", "stage_1", "x", **more)


def rank(session: Session) -> int | None:
    return attention(session, NOW, QUIET)


@pytest.mark.parametrize(
    ("more", "need"),
    [
        ({"liveness": Liveness.WAITING, "status": Status.FAILED}, Need.ANSWER),
        ({"status": Status.FAILED, "expires_at": NOW + timedelta(minutes=5)}, Need.FAILED),
        ({"liveness": Liveness.QUEUED, "status": Status.FAILED}, None),
        ({"liveness": Liveness.BUSY, "status": Status.FAILED}, Need.FAILED),
        ({"liveness": Liveness.IDLE, "status": Status.FAILED}, Need.FAILED),
        ({"liveness": Liveness.UNKNOWN, "status": Status.FAILED}, Need.FAILED),
        ({"liveness": Liveness.ORPHAN, "status": Status.FAILED}, Need.FAILED),
        ({"liveness": Liveness.ORPHAN}, Need.ORPHAN),
        ({"liveness": Liveness.BUSY, "last_activity_at": NOW - 2 * QUIET}, Need.QUIET),
        ({"liveness": Liveness.BUSY, "last_activity_at": NOW}, None),
        ({"expires_at": NOW + timedelta(minutes=59)}, Need.ENDS),
        ({"expires_at": NOW - timedelta(minutes=1)}, Need.EXPIRED),
        ({"expires_at": NOW - timedelta(hours=23)}, Need.EXPIRED),
        ({"expires_at": NOW - timedelta(hours=25)}, None),
        ({"expires_at": NOW - timedelta(minutes=1), "liveness": Liveness.IDLE}, None),
        ({"sweep_at": NOW + timedelta(hours=23)}, Need.SWEPT),
        ({"sweep_at": NOW - timedelta(hours=1)}, Need.SWEPT),
        ({"sweep_at": NOW + timedelta(minutes=59)}, Need.ENDS),
        ({"sweep_at": NOW + timedelta(days=2)}, None),
        ({"sweep_at": NOW + timedelta(days=1), "liveness": Liveness.IDLE}, None),
        ({"is_vanished": True, "status": Status.FAILED}, None),
        ({"state": State.GHOST}, Need.GHOST),
        ({}, None),
    ],
)
def test_what_needs_somebody(more: dict[str, Any], need: Need | None) -> None:
    assert rank(one(**more)) == need


@pytest.mark.parametrize(
    ("state", "need"), [("starting", None), ("busy", None), ("failed", Need.FAILED)]
)
def test_what_a_run_tries_again_has_not_failed(state: str, need: Need | None) -> None:
    failed = one(status=Status.FAILED, liveness=Liveness.BUSY, last_activity_at=NOW)
    assert rank(replace(failed, run=run_of(failed, state))) == need


@pytest.mark.parametrize(
    ("change", "is_settled"),
    [
        ({}, True),
        ({"reason": "another"}, False),
        ({"last_activity_at": NOW}, False),
        ({"liveness": Liveness.WAITING}, False),
        ({"bytes": 1}, True),
        ({"run": cut_off_run(NOW)}, False),
    ],
)
def test_an_acknowledgement_lasts_until_something_new_happens(
    change: dict[str, Any], is_settled: bool
) -> None:
    failed = one(status=Status.FAILED, reason="401")
    seen = replace(failed, ack=Acknowledgement("bert", NOW, mark_of(failed, Need.FAILED)))
    assert rank(seen) is None
    assert (rank(replace(seen, **change)) is None) is is_settled


@pytest.mark.parametrize(
    ("more", "needs"),
    [
        ({"status": Status.FAILED, "state": State.GHOST}, (Need.FAILED,)),
        ({"sweep_at": NOW + timedelta(minutes=30)}, (Need.ENDS,)),
        ({"sweep_at": NOW + timedelta(hours=5)}, (Need.SWEPT,)),
        ({"sweep_at": NOW + timedelta(hours=5), "expires_at": NOW + timedelta(hours=4)}, ()),
        ({"sweep_at": NOW + timedelta(hours=5), "status": Status.EXPIRED}, ()),
        ({"sweep_at": NOW - 3 * QUIET, "expires_at": NOW - 2 * QUIET}, (Need.EXPIRED,)),
    ],
)
def test_one_trouble_is_told_once(more: dict[str, Any], needs: tuple[Need, ...]) -> None:
    assert tuple(needs_of(one(**more), NOW, QUIET)) == needs


def test_what_is_gone_needs_nobody_whatever_the_pipeline_wrote_since() -> None:
    there = one()
    overwritten = replace(there, overwritten=there.row)
    assert rank(overwritten) is Need.OVERWRITTEN
    assert rank(replace(overwritten, status=Status.DELETED, transcript=None)) is None


SOON, LATER = NOW + timedelta(minutes=5), NOW + timedelta(minutes=50)
WIPED = one(expires_at=SOON).row


@pytest.mark.parametrize(
    ("more", "change", "is_settled"),
    [
        ({"expires_at": SOON}, {"last_activity_at": NOW}, True),
        ({"expires_at": SOON}, {"expires_at": LATER}, False),
        ({"sweep_at": NOW + timedelta(hours=5)}, {"last_activity_at": NOW}, True),
        ({"overwritten": WIPED}, {"last_activity_at": NOW}, True),
        ({"overwritten": WIPED}, {"overwritten": one(expires_at=LATER).row}, False),
    ],
)
def test_only_what_a_need_is_about_brings_it_back(
    more: dict[str, Any], change: dict[str, Any], is_settled: bool
) -> None:
    seen = one(**more)
    mark = marks_of(seen, needs_of(seen, NOW, QUIET))
    seen = replace(seen, ack=Acknowledgement("bert", NOW, mark))
    assert rank(seen) is None
    assert (rank(replace(seen, **change)) is None) is is_settled
    assert rank(replace(seen, ack=Acknowledgement("bert", NOW, f"{mark}0"))) is not None


def test_an_old_acknowledgement_settles_nothing_where_nothing_is_needed() -> None:
    ack = Acknowledgement("bert", NOW, mark_of(one(status=Status.FAILED), Need.FAILED))
    assert not is_all_settled(one(ack=ack), NOW, QUIET)
    assert is_all_settled(one(ack=ack, status=Status.FAILED), NOW, QUIET)


def test_a_snooze_lasts_until_its_time_or_until_something_new_happens() -> None:
    failed, until = one(status=Status.FAILED, reason="401"), NOW + timedelta(hours=4)
    mark = mark_of(failed, Need.FAILED)
    seen = replace(failed, ack=Acknowledgement("bert", NOW, mark, until))
    assert (rank(seen), snoozed_until(seen, NOW, QUIET)) == (None, until)
    just_before = until - timedelta(seconds=1)
    assert attention(seen, just_before, QUIET) is None
    assert attention(seen, until, QUIET) is Need.FAILED
    assert snoozed_until(seen, until, QUIET) is None
    woken = replace(seen, last_activity_at=NOW)
    assert (rank(woken), snoozed_until(woken, NOW, QUIET)) == (Need.FAILED, None)


def test_what_is_acknowledged_is_not_snoozed() -> None:
    failed = one(status=Status.FAILED)
    seen = replace(failed, ack=Acknowledgement("bert", NOW, mark_of(failed, Need.FAILED)))
    assert rank(seen) is None
    assert snoozed_until(seen, NOW, QUIET) is None


@pytest.mark.parametrize(
    ("reason", "other", "is_one"),
    [
        ("429 after 12 s", "429 after 7.5 s", True),
        ("401 Invalid key", "401 invalid  key", True),
        ("429 too many", "529 too many", False),
        ("request req_011CVabc0001 refused", "request req_011CVabc0002 refused", True),
        ("invalid_request_error", "authentication_error", False),
        (
            "no 5a713c59-f221-4720-bb6e-6412e9bdf33c",
            "no 9f2c3c59-f221-4720-bb6e-6412e9bdf33c",
            True,
        ),
        ("\x1b[31m401\x1b[0m", "401", True),
    ],
)
def test_ids_and_numbers_do_not_tell_causes_apart(reason: str, other: str, is_one: bool) -> None:
    first, second = failures(1, reason=reason).sessions, failures(1, reason=other).sessions
    assert (cause_of_failure(first[0]) == cause_of_failure(second[0])) is is_one


@pytest.mark.parametrize(
    ("kind", "rows"), [("overloaded", 1), ("cli_died", 3), ("no such kind", 3), (["x"], 3)]
)
def test_a_recorded_kind_that_is_one_cause_needs_no_equal_words(kind: object, rows: int) -> None:
    said = ("API Error: 529 Overloaded.", "the API is busy", "overloaded_error: come back")
    metadata = json.dumps({"last_error_kind": kind})
    sessions = tuple(
        replace(one, reason=words, row=Row(one.session_id, "", "", "", "", "failed", metadata))
        for one, words in zip(failures(3).sessions, said, strict=True)
    )
    assert len(grouped(sessions, rank)) == rows


@pytest.mark.parametrize(("count", "rows"), [(2, 2), (3, 1), (30, 1)])
def test_three_failures_of_one_cause_are_one(count: int, rows: int) -> None:
    shown = grouped(failures(count).sessions, rank)
    assert len(shown) == rows
    if isinstance(group := shown[0], FailureGroup):
        assert len(group.sessions) == count
        assert group.since == NOW - timedelta(minutes=10 * (count + 1))
        assert group.reason == group.sessions[0].reason


def test_an_opened_group_is_followed_by_its_sessions() -> None:
    sessions = failures(4).sessions
    cause = cause_of_failure(sessions[0])
    group, *members = grouped((one(), *sessions), rank, {cause})[1:]
    assert isinstance(group, FailureGroup)
    assert tuple(members) == group.sessions == sessions


def test_what_is_acknowledged_or_gives_no_reason_stands_for_itself() -> None:
    failed = failures(4).sessions
    seen = replace(failed[0], ack=Acknowledgement("bert", NOW, mark_of(failed[0], Need.FAILED)))
    shown = grouped((seen, *failed[1:]), rank)
    assert shown[0] == seen
    assert isinstance(shown[1], FailureGroup)
    assert len(shown) == 2
    silent = failures(4, reason="").sessions
    assert grouped(silent, rank) == silent


def test_a_failure_is_as_old_as_its_row_says() -> None:
    failed = one(status=Status.FAILED, zone="UTC+02:00")
    assert failed.row is not None
    stamped = replace(failed.row, metadata='{"failed_at": "2026-11-20T04:10:00"}')
    assert failed_at(replace(failed, row=stamped)) == NOW.replace(hour=2, minute=10)
    assert failed_at(replace(failed, row=replace(stamped, metadata='{"failed_at": 7}'))) == (
        failed.last_activity_at
    )
    assert failed_at(replace(failed, row=stamped, zone="Mars")) == failed.last_activity_at
