"""What a run leaves undone is told of its session until something goes on with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.console.fixed_catalog import NOW, cut_off_run, session, unsent_run
from tui.core.models.row import Status
from tui.core.models.run import Run
from tui.core.models.session import Acknowledgement, Liveness, Remains, Session
from tui.core.sessions.attention import Need, mark_of, since
from tui.core.sessions.listing_join import ListingScan, join

MINUTE = timedelta(minutes=1)
REMAINS = Remains("1", place="/x", bytes=1, active_at=NOW)
CUT_OFF, UNSENT = cut_off_run(NOW), unsent_run(NOW)


def left(run: Run, *, later: timedelta = timedelta(), **more: Any) -> Session:
    """Return a session that this run left, written to for the last time that much later."""
    one = session("hollis_park", "stage_1", "x", run=run)
    assert one.transcript is not None
    one = replace(one, transcript=replace(one.transcript, modified_at=NOW + later))
    return replace(one, **more)


def joined(run: Run, ack: Acknowledgement | None = None) -> tuple[Session, ...]:
    """Return the sessions of a listing that has nothing but this run."""
    acks = {run.session_id: ack} if ack else {}
    return join(ListingScan("hollis_park", Path("x"), runs=(run,), acks=acks)).sessions


@pytest.mark.parametrize(
    ("run", "at"),
    [
        (CUT_OFF, NOW),
        (replace(CUT_OFF, state="done", ended_at=NOW - MINUTE), NOW - MINUTE),
        (replace(CUT_OFF, is_turn_open=False), None),
        (replace(CUT_OFF, state="failed"), None),
        (replace(CUT_OFF, state="busy"), None),
    ],
)
def test_a_run_is_cut_off_that_ended_in_a_turn_and_did_not_fail(run: Run, at: object) -> None:
    assert left(run).cut_off_at == at


@pytest.mark.parametrize(
    ("change", "count"),
    [({}, 1), ({"state": "failed"}, 1), ({"state": "lost"}, 1), ({"state": "busy"}, 0)],
)
def test_prompts_are_unsent_once_their_run_is_over(change: dict[str, Any], count: int) -> None:
    assert len(left(replace(UNSENT, **change)).unsent) == count


def test_no_other_command_is_an_unsent_prompt() -> None:
    (sent,) = UNSENT.sent
    others = tuple(replace(sent, kind=kind) for kind in ("answer", "interrupt", "stop", "model"))
    assert left(replace(UNSENT, sent=(*others, sent))).unsent == (sent,)


@pytest.mark.parametrize(
    ("more", "is_told"),
    [
        ({}, True),
        ({"later": 9 * MINUTE}, True),
        ({"later": 11 * MINUTE}, False),
        ({"liveness": Liveness.BUSY}, False),
        ({"transcript": None}, True),
        ({"transcript": None, "row": None, "remains": REMAINS}, False),
        ({"transcript": None, "row": None, "status": ""}, True),
    ],
)
def test_both_are_told_until_something_goes_on(more: dict[str, Any], is_told: bool) -> None:
    """Until its transcript is written to again."""
    assert (left(CUT_OFF, **more).cut_off_at is not None) is is_told
    assert bool(left(UNSENT, **more).unsent) is is_told


def test_the_one_that_has_waited_longest_comes_first() -> None:
    assert since(left(CUT_OFF), Need.CUT_OFF) == NOW
    assert since(left(UNSENT), Need.UNSENT) == UNSENT.sent[0].at


def test_neither_is_told_of_a_ghost_whose_agent_had_begun() -> None:
    for run in (CUT_OFF, UNSENT):
        ghost = left(replace(run, model="opus"), transcript=None)
        assert (ghost.never_began, ghost.cut_off_at, ghost.unsent) == (False, None, ())


@pytest.mark.parametrize("status", list(Status))
def test_of_a_session_that_failed_or_ended_only_that_is_told(status: Status) -> None:
    is_told = left(CUT_OFF, status=status).cut_off_at is not None
    assert is_told is (status is Status.ACTIVE)


@pytest.mark.parametrize(("run", "need"), [(CUT_OFF, Need.CUT_OFF), (UNSENT, Need.UNSENT)])
def test_a_session_of_which_only_such_a_run_is_left_is_listed(run: Run, need: Need) -> None:
    (one,) = joined(replace(run, stage="stage_2"))
    assert one.stage == "stage_2"
    assert mark_of(one, need) == f"{need.name}|{run.run_id}"
    ack = Acknowledgement("bert", NOW, mark_of(one, need))
    assert joined(run, ack) == ()
    assert len(joined(run, replace(ack, mark="CUT_OFF|another"))) == 1
    assert len(joined(run, replace(ack, until=NOW))) == 1
    assert joined(replace(run, is_turn_open=False, sent=())) == ()
