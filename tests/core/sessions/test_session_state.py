"""The one word for the state of a session."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.console.fixed_catalog import unsent_run
from tui.core.models.row import Row, Status
from tui.core.models.run import Phase, Progress, Run
from tui.core.models.session import Liveness, Session, State, Transcript
from tui.core.sessions.session_state import StateWord, state_table, state_word

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
QUIET = HOUR / 6
RUN = Run(
    run_id="1",
    session_id="1",
    listing="hollis_park",
    folder=Path("run"),
    state="busy",
    operator="anna",
    started_at=NOW,
    beat_at=NOW,
    stalled_since=NOW,
)
CUT_OFF = replace(RUN, state="lost", is_turn_open=True)
LATER = NOW + timedelta(minutes=1)
THERE = Transcript("1", place="1", bytes=1, modified_at=NOW)
OUTSIDE = replace(THERE, stray_in=Path("/x"))
WIPED = Row("1", "1", "1", "", "", "failed")


def session(status: str = "active", liveness: Liveness = Liveness.NONE, **more: object) -> Session:
    facts = {"state": State.OK, "transcript": THERE, "expires_at": NOW + HOUR}
    facts |= {"status": status, "liveness": liveness, **more}
    return Session("1", "hollis_park", stage="3", **facts)  # type: ignore[arg-type]


def busy(phase: Phase, until: datetime | None = None, **more: object) -> Session:
    progress = Progress(phase=phase, since=NOW, until=until)
    run = replace(RUN, stalled_since=None, progress=progress)
    return session(**{"liveness": Liveness.BUSY, "run": run, **more})  # type: ignore[arg-type]


IN_STATE = {
    StateWord.LIMITED: busy(Phase.LIMIT, LATER),
    StateWord.RETRYING: busy(Phase.RETRY, LATER),
    StateWord.STALLED: session(liveness=Liveness.BUSY, run=RUN),
    StateWord.QUIET: session(liveness=Liveness.BUSY, last_activity_at=NOW - HOUR),
    StateWord.WAITING: session(liveness=Liveness.WAITING),
    StateWord.STARTING: busy(Phase.CLI),
    StateWord.ASKING_API: busy(Phase.API),
    StateWord.RUNNING: session(liveness=Liveness.BUSY),
    StateWord.QUEUED: session(liveness=Liveness.QUEUED),
    StateWord.ORPHAN: session(liveness=Liveness.ORPHAN),
    StateWord.UNKNOWN: session(liveness=Liveness.UNKNOWN),
    StateWord.ATTACHED: session(liveness=Liveness.IDLE),
    StateWord.FAILED: session(Status.FAILED),
    StateWord.API_ERROR: session(turn_error="overloaded"),
    StateWord.CUT_OFF: session(run=CUT_OFF, transcript=THERE),
    StateWord.UNSENT: session(run=unsent_run(NOW), transcript=THERE),
    StateWord.OVERWRITTEN: session(overwritten=WIPED),
    StateWord.UNREADABLE: session(row_problem="its table is locked"),
    StateWord.STRAY: session(transcript=OUTSIDE),
    StateWord.GHOST: session(state=State.GHOST, transcript=None),
    StateWord.UNTRACKED: session("", state=State.UNTRACKED, expires_at=None),
    StateWord.LEFTOVER: session(Status.EXPIRED, state=State.LEFTOVER),
    StateWord.EXPIRED: session(expires_at=NOW - HOUR),
    StateWord.PAST_END: session(expires_at=NOW - HOUR, is_zone_doubted=True),
    StateWord.READY: session(),
    StateWord.CLEANED: session(Status.EXPIRED, transcript=None),
    StateWord.DELETED: session(Status.DELETED, transcript=None),
}


def test_every_state_can_be_told_from_the_others() -> None:
    assert {word: state_word(one, NOW, QUIET) for word, one in IN_STATE.items()} == {
        word: word for word in StateWord
    }


@pytest.mark.parametrize(
    ("one", "word"),
    [
        (session(liveness=Liveness.IDLE, expires_at=NOW - HOUR), "attached"),
        (session(Status.FAILED, expires_at=NOW - HOUR), "failed"),
        (session(Status.FAILED, liveness=Liveness.BUSY), "running"),
        (session(transcript=None, transcript_problem="a folder cannot be read"), "unreadable"),
        (session(Status.DELETED, transcript=None, transcript_problem="no rights"), "deleted"),
        (session("", row_problem="its table is locked"), "unreadable"),
        (session("running"), "running"),
        (busy(Phase.WORK), "running"),
        (busy(Phase.LIMIT), "rate-limit"),
        (busy(Phase.RETRY, NOW), "retrying"),
        (session("In Review"), "In Review"),
    ],
)
def test_what_matters_most_is_the_word(one: Session, word: str) -> None:
    assert state_word(one, NOW, QUIET) == word


def test_a_known_wait_is_the_word_until_it_is_over_and_then_a_stall_is() -> None:
    """An API that is asked again in an hour is silent for a reason."""
    stalled = replace(IN_STATE[StateWord.LIMITED].run or RUN, stalled_since=NOW)
    one = busy(Phase.LIMIT, run=stalled)

    assert state_word(one, NOW, QUIET) == "rate-limit"
    assert state_word(one, LATER, QUIET) == "stalled"


def test_a_run_that_is_over_or_another_programs_has_no_phase() -> None:
    over = replace(RUN, state="lost", progress=Progress(phase=Phase.CLI))

    assert state_word(session(liveness=Liveness.BUSY, run=over), NOW, QUIET) == "running"
    assert state_word(session(run=over), NOW, QUIET) == "ready"
    assert state_word(busy(Phase.API, liveness=Liveness.WAITING), NOW, QUIET) == "waiting"


def test_a_doubtful_or_unreadable_date_never_means_expired() -> None:
    unreadable = session(expires_at=None, expiry_is_unreadable=True)
    assert state_word(unreadable, NOW, QUIET) == "ready"
    doubted = session(expires_at=NOW - HOUR, is_zone_doubted=True)
    assert state_word(doubted, NOW, QUIET) == "past-end"
    later = session(expires_at=NOW + HOUR, is_zone_doubted=True)
    assert state_word(later, NOW, QUIET) == "ready"


def test_the_table_explains_every_state_in_a_few_words() -> None:
    assert state_table().count("\n") == len(StateWord) + 1
    assert "| `ready` | nothing is running; it can be resumed |" in state_table()
    for word in StateWord:
        assert word == word.lower() == "-".join(word.split())
        assert 10 < len(word.meaning) <= 70
