"""How the runs fare that were started at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.console.fixed_catalog import run_of, session
from tui.core.models.row import Status
from tui.core.models.run import Progress
from tui.core.models.session import Liveness, Session
from tui.core.sessions.batches import latest_batch


def ran(title: str, state: str, *, act: str = "a1", by: str = "anna", **facts: Any) -> Session:
    """Return a session with a run in that state, which the act started."""
    live = {"busy": Liveness.BUSY, "waiting": Liveness.WAITING, "queued": Liveness.QUEUED}
    live |= {"starting": Liveness.BUSY}
    one = session("hollis", "stage_1", title, liveness=live.get(state, Liveness.NONE), **facts)
    run_id, is_lost = f"20261120T142700Z-{act}", state == "lost"
    run = run_of(one, state, act_id=act, operator=by, run_id=run_id, is_turn_open=is_lost)
    run = replace(run, progress=Progress()) if state == "starting" else run
    return session("hollis", "stage_1", title, liveness=one.liveness, run=run, **facts)


def test_each_run_is_counted_once_by_how_it_fares() -> None:
    found = latest_batch(
        (
            ran("one", "busy"),
            ran("two", "busy"),
            ran("three", "queued"),
            ran("four", "waiting"),
            ran("five", "done"),
            ran("six", "failed", status=Status.FAILED),
            ran("seven", "lost"),
            ran("eight", "done", turn_error="529 overloaded"),
            ran("nine", "queued", status=Status.FAILED),
            ran("ten", "failed"),
            ran("eleven", "starting"),
        ),
        "anna",
    )
    assert found is not None
    going = "2 running, 1 waiting, 1 starting, 2 queued"
    assert found.words == f"11 runs: {going}, 1 done, 3 failed, 1 cut off"
    assert not found.is_over


def test_a_batch_is_over_when_nothing_more_comes_by_itself() -> None:
    found = latest_batch((ran("one", "done"), ran("two", "failed", status=Status.FAILED)), "anna")
    assert found is not None
    assert (found.words, found.is_over) == ("2 runs are over: 1 done, 1 failed", True)


@pytest.mark.parametrize(
    "others",
    [
        (ran("two", "busy", act="a2"),),
        (ran("two", "busy", by="bert"),),
        (ran("two", "busy", act=""), ran("three", "busy", act="")),
    ],
)
def test_a_run_alone_is_no_batch(others: tuple[Session, ...]) -> None:
    assert latest_batch((ran("one", "busy"), *others), "anna") is None


def test_the_batch_that_was_started_last_is_told() -> None:
    rows = [ran(f"{act}{number}", "done", act=act) for act in ("a2", "a1") for number in (1, 2)]
    found = latest_batch(rows, "anna")
    assert found is not None
    assert found.act_id == "a2"
