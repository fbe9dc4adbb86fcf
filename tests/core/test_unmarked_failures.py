"""The failure of a run is told of its session where no row says so, until something goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tui.core.models.row import Row
from tui.core.models.run import Run
from tui.core.models.session import Liveness, Process, Session, Transcript
from tui.core.sessions.listing_join import ListingScan, join
from tui.core.values import replace

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FOLDER = Path("/root/hollis_park")
OWN, LOCKED = "9f2c", "buyers.db is locked"
ROW = Row(OWN, "hollis_park", "3", "2026-11-01T12:00:00", "2026-11-25T12:00:00", "active")
FILE = Transcript(OWN, place=FOLDER / "9f2c.jsonl", bytes=1, modified_at=NOW, turn_error="429")
RUN = Run(
    run_id="r1",
    session_id=OWN,
    listing="hollis_park",
    folder=FOLDER / "r1",
    state="failed",
    operator="anna",
    started_at=NOW - timedelta(hours=1),
    beat_at=NOW,
    error="401",
    row_problem=LOCKED,
    unmarked_since=NOW,
)
OF_BERT = replace(RUN, failed_by="bert", row_problem="", unmarked_since=None)
AT_WORK = Process(77, OWN, proc_start="123", liveness=Liveness.BUSY)
BERTS = "a prompt that bert added: 401"


def after(run: Run, row: Row | None = ROW, later: float = 0, *more: Process) -> Session:
    """Return the session of a run, written to for the last time that many minutes later."""
    file = replace(FILE, modified_at=NOW + timedelta(minutes=later))
    rows = () if row is None else (row,)
    found = ListingScan("hollis_park", FOLDER, rows=rows, transcripts=(file,), runs=(run,))
    (one,) = join(replace(found, processes=more)).sessions
    return one


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "401"),
        ({"state": "lost"}, "401"),
        ({"row_problem": ""}, "429"),
        ({"unmarked_since": None}, "429"),
        ({"error": "e" * 500}, "e" * 400),
        ({"error": "40\n1"}, "40 1"),
    ],
)
def test_what_its_row_does_not_say_yet_is_told(changes: dict[str, Any], told: str) -> None:
    """What its transcript ends with, if the run has nothing of its own to tell."""
    one = after(replace(RUN, **changes))
    assert (one.turn_error, one.reason) == (told, told)


def test_a_run_that_goes_on_may_still_write_it() -> None:
    assert RUN.failed_unmarked(NOW) == "401"
    assert replace(RUN, state="idle").failed_unmarked(NOW) == ""


@pytest.mark.parametrize(("run", "told"), [(RUN, "401"), (OF_BERT, BERTS)])
def test_it_is_told_until_something_goes_on(run: Run, told: str) -> None:
    assert after(run).turn_error == told
    assert after(run, later=9).turn_error == told
    assert after(run, later=11).turn_error == "429"
    assert after(replace(run, ended_at=NOW + timedelta(minutes=2)), later=11).turn_error == told
    assert after(run, replace(ROW, status="expired")).turn_error == ""
    assert after(run, ROW, 0, AT_WORK).turn_error == ""


def test_without_a_row_only_what_the_run_tells_is_told() -> None:
    assert after(RUN, None).turn_error == "401"
    assert after(replace(RUN, row_problem=""), None).turn_error == ""
