"""Rows, files, locks and the registry, joined: every combination has one right name."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.hostile.payloads import PAYLOADS, acts, is_cleaned
from tui.core.models.audit import AuditEvent
from tui.core.models.permission_request import PermissionRequest
from tui.core.models.row import Row
from tui.core.models.run import Run
from tui.core.models.session import Acknowledgement, Liveness, Process, Session, State, Transcript
from tui.core.sessions.attention import Need, attention, is_quiet
from tui.core.sessions.listing_join import ListingScan, is_gone, is_pending, join, vanished

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
QUIET_AFTER = timedelta(minutes=10)
FOLDER = Path("/root/hollis_park")
ROW = Row("9f2c", "hollis_park", "3", "2026-11-01T12:00:00", "2026-11-25T12:00:00", "active")
FILE = Transcript(
    "9f2c", place=FOLDER / "9f2c.jsonl", bytes=2100, modified_at=NOW - HOUR, title="Pumps"
)
PROCESS = Process(77, "9f2c", proc_start="123", liveness=Liveness.BUSY)
RUN = Run(
    run_id="r1",
    session_id="9f2c",
    listing="hollis_park",
    folder=FOLDER / "r1",
    state="busy",
    operator="anna",
    started_at=NOW - HOUR,
    beat_at=NOW,
)
REQUEST = PermissionRequest(request_id="q1", tool="Bash", input={}, at=NOW)
LOST = replace(RUN, state="lost", cli_pid=77, cli_start="123")
IDLE = replace(RUN, state="idle")
ENDED = replace(LOST, state="done", ended_at=NOW)
WAITING = replace(PROCESS, liveness=Liveness.WAITING)
UNKNOWN = replace(PROCESS, liveness=Liveness.UNKNOWN)
NAMELESS = replace(UNKNOWN, session_id="")


def joined(
    row: Row | None = ROW,
    file: Transcript | None = FILE,
    process: Process | None = None,
    run: Run | None = None,
    *,
    is_locked: bool = False,
) -> Session | None:
    found = ListingScan(
        "hollis_park",
        FOLDER,
        rows=() if row is None else (row,),
        transcripts=() if file is None else (file,),
        processes=() if process is None else (process,),
        runs=() if run is None else (run,),
        locked=frozenset({"9f2c"} if is_locked else ()),
        zone=UTC,
    )
    sessions = join(found).sessions
    return sessions[0] if sessions else None


@pytest.mark.parametrize(
    ("is_locked", "process", "run", "liveness"),
    [
        (False, None, None, Liveness.NONE),
        (False, None, RUN, Liveness.NONE),
        (False, PROCESS, None, Liveness.BUSY),
        (False, replace(PROCESS, liveness=Liveness.IDLE), None, Liveness.IDLE),
        (False, replace(PROCESS, liveness=Liveness.WAITING), None, Liveness.WAITING),
        (False, UNKNOWN, None, Liveness.UNKNOWN),
        (False, UNKNOWN, LOST, Liveness.UNKNOWN),
        (False, PROCESS, LOST, Liveness.ORPHAN),
        (False, PROCESS, RUN, Liveness.BUSY),
        (False, PROCESS, ENDED, Liveness.BUSY),
        (False, replace(PROCESS, proc_start="124"), LOST, Liveness.BUSY),
        (False, replace(PROCESS, pid=78), LOST, Liveness.BUSY),
        (False, NAMELESS, None, Liveness.UNKNOWN),
        (False, NAMELESS, LOST, Liveness.UNKNOWN),
        (False, replace(NAMELESS, liveness=Liveness.BUSY), None, Liveness.NONE),
        (True, NAMELESS, None, Liveness.BUSY),
        (True, None, None, Liveness.BUSY),
        (True, PROCESS, LOST, Liveness.ORPHAN),
        (True, PROCESS, replace(LOST, state="busy"), Liveness.BUSY),
        (True, UNKNOWN, LOST, Liveness.BUSY),
        (True, UNKNOWN, RUN, Liveness.BUSY),
        (True, None, replace(RUN, state="waiting", request=REQUEST), Liveness.WAITING),
        (True, None, replace(RUN, state="queued"), Liveness.QUEUED),
        (True, None, IDLE, Liveness.IDLE),
        (True, PROCESS, IDLE, Liveness.IDLE),
        (True, replace(PROCESS, liveness=Liveness.WAITING), IDLE, Liveness.WAITING),
        (False, None, IDLE, Liveness.NONE),
        (False, UNKNOWN, IDLE, Liveness.UNKNOWN),
        (False, PROCESS, IDLE, Liveness.BUSY),
        (False, None, replace(RUN, state="queued"), Liveness.NONE),
        (True, replace(PROCESS, liveness=Liveness.WAITING), None, Liveness.WAITING),
    ],
)
def test_liveness(
    is_locked: bool, process: Process | None, run: Run | None, liveness: Liveness
) -> None:
    session = joined(ROW, FILE, process, run, is_locked=is_locked)
    assert session is not None
    assert session.liveness is liveness
    assert session.is_live is (liveness is not Liveness.NONE)
    assert bool(session.waiting_for) is (liveness is Liveness.WAITING)


@pytest.mark.parametrize(
    ("row", "file", "liveness"),
    [
        (ROW, None, Liveness.UNKNOWN),
        (None, FILE, Liveness.UNKNOWN),
        (replace(ROW, status="deleted"), FILE, Liveness.UNKNOWN),
        (replace(ROW, status="deleted"), None, Liveness.NONE),
        (replace(ROW, status="expired"), None, Liveness.NONE),
        (None, None, None),
    ],
)
def test_an_entry_that_cannot_be_read_counts_against_every_session_that_is_there(
    row: Row | None, file: Transcript | None, liveness: Liveness | None
) -> None:
    session = joined(row, file, NAMELESS, LOST)
    assert (session.liveness if session else None) is liveness


def test_an_entry_that_cannot_be_read_does_not_hide_a_session_s_own() -> None:
    found = ListingScan(
        "x", FOLDER, rows=(ROW,), transcripts=(FILE,), processes=(NAMELESS, PROCESS), zone=UTC
    )
    assert join(found).sessions[0].process == PROCESS


@pytest.mark.parametrize(
    ("status", "has_file", "is_locked", "state"),
    [
        ("active", True, False, State.OK),
        ("active", False, False, State.GHOST),
        ("active", False, True, State.OK),
        ("failed", True, False, State.OK),
        ("failed", False, False, State.GHOST),
        ("expired", True, False, State.LEFTOVER),
        ("expired", False, False, State.OK),
        ("deleted", True, False, State.LEFTOVER),
        ("deleted", False, False, State.OK),
        (None, True, False, State.UNTRACKED),
        (None, False, True, None),
        ("odd", True, False, State.OK),
    ],
)
def test_state(status: str | None, has_file: bool, is_locked: bool, state: State | None) -> None:
    row = None if status is None else replace(ROW, status=status)
    session = joined(row, FILE if has_file else None, is_locked=is_locked)
    assert (session.state if session else None) == state


def test_a_session_without_a_transcript_has_its_prompt_as_title() -> None:
    """Queued and starting sessions are told apart by what they were asked."""
    run = replace(RUN, state="queued", title="Find trade buyers", stage="stage_3")
    found = ListingScan(
        "hollis_park", FOLDER, runs=(run,), locked=frozenset({run.session_id}), zone=UTC
    )
    (new,) = join(found).sessions
    (known,) = join(replace(found, transcripts=(FILE,))).sessions
    (over,) = join(replace(found, runs=(replace(run, state="failed"),))).sessions

    assert (new.title, new.stage) == ("Find trade buyers", "stage_3")
    assert known.title == "Pumps"
    assert over.stage == ""


def test_a_run_that_has_nothing_yet_is_shown_while_it_lives() -> None:
    alive = joined(None, None, None, RUN, is_locked=True)
    assert alive is not None
    assert alive.state is State.UNTRACKED
    assert joined(None, None, None, RUN) is None


@pytest.mark.parametrize(
    ("expires_at", "is_past", "is_unreadable"),
    [
        ("2026-11-20T11:59:59", True, False),
        ("2026-11-20T12:00:01", False, False),
        ("2026-11-20T13:30:00+02:00", True, False),
        ("soon", False, True),
        ("", False, True),
        ("0000-00-00T00:00:00", False, True),
    ],
)
def test_a_bad_date_never_means_expired(
    expires_at: str, is_past: bool, is_unreadable: bool
) -> None:
    session = joined(replace(ROW, expires_at=expires_at))
    assert session is not None
    assert session.expiry_is_unreadable is is_unreadable
    assert is_pending(session, NOW) is is_past


@pytest.mark.parametrize(
    ("sweep_days", "is_first"), [(30, False), (4, True), (0, True), (10**12, False)]
)
def test_a_session_ends_at_the_earlier_clock(sweep_days: int, is_first: bool) -> None:
    found = ListingScan(
        "x", FOLDER, rows=(ROW,), transcripts=(FILE,), sweep_days=sweep_days, zone=UTC
    )
    session = join(found).sessions[0]
    assert session.is_swept_first is is_first
    assert session.ends_at == (session.sweep_at if is_first else session.expires_at)


def test_what_cannot_be_resumed_is_not_swept_by_the_cli() -> None:
    session = joined(ROW, replace(FILE, resumable=False))
    assert session is not None
    assert session.sweep_at is None


def test_of_several_transcripts_the_resumable_one_counts_then_the_newest() -> None:
    older = replace(FILE, modified_at=NOW - DAY, title="older")
    sketch = replace(FILE, modified_at=NOW, resumable=False, title="sketch")
    found = ListingScan("x", FOLDER, rows=(ROW,), transcripts=(FILE, sketch, older), zone=UTC)
    assert join(found).sessions[0].title == "Pumps"


STRAY = replace(FILE, stray_in=Path("/home/.claude"), sweep_days=3, title="stray")


@pytest.mark.parametrize(
    ("files", "title"),
    [
        ((STRAY,), "stray"),
        ((STRAY, replace(FILE, modified_at=NOW - DAY)), "Pumps"),
        ((replace(FILE, modified_at=NOW - DAY), STRAY), "Pumps"),
        ((replace(FILE, resumable=False, modified_at=NOW), STRAY), "stray"),
        ((STRAY, replace(STRAY, resumable=False, title="sketch", modified_at=NOW)), "stray"),
        ((STRAY, replace(STRAY, modified_at=NOW, title="newer")), "newer"),
    ],
)
def test_the_listing_s_own_transcript_counts_before_a_stray(
    files: tuple[Transcript, ...], title: str
) -> None:
    (session,) = join(ListingScan("x", FOLDER, rows=(ROW,), transcripts=files, zone=UTC)).sessions
    assert session.title == title
    assert session.is_stray is (title != "Pumps")


def test_a_stray_is_swept_by_the_config_dir_that_it_lies_in() -> None:
    for file, days in ((STRAY, 3), (replace(STRAY, sweep_days=0), 0), (FILE, 90)):
        (session,) = join(
            ListingScan("x", FOLDER, rows=(ROW,), transcripts=(file,), sweep_days=90, zone=UTC)
        ).sessions
        assert session.sweep_at == FILE.modified_at + timedelta(days=days)


@pytest.mark.parametrize(
    ("file", "beside", "liveness"),
    [
        (STRAY, PROCESS, Liveness.BUSY),
        (STRAY, NAMELESS, Liveness.UNKNOWN),
        (FILE, PROCESS, Liveness.BUSY),
        (FILE, NAMELESS, Liveness.NONE),
        (None, PROCESS, Liveness.BUSY),
        (None, NAMELESS, Liveness.NONE),
        (STRAY, replace(PROCESS, session_id="9f2d"), Liveness.NONE),
    ],
)
def test_the_registry_beside_a_stray_tells_what_runs_it(
    file: Transcript | None, beside: Process, liveness: Liveness
) -> None:
    files = () if file is None else (file,)
    found = ListingScan(
        "x", FOLDER, rows=(ROW,), transcripts=files, zone=UTC, stray_processes=(beside,)
    )
    assert join(found).sessions[0].liveness is liveness


def test_an_ack_and_what_was_overwritten_are_told() -> None:
    ack = Acknowledgement("anna", NOW, "mark")
    after = replace(ROW, expires_at="2026-12-24T12:00:00")
    event = AuditEvent(
        at=NOW, operator="anna", action="extend", session_id="9f2c", before=ROW, after=after
    )
    found = ListingScan(
        "x",
        FOLDER,
        rows=(ROW,),
        transcripts=(FILE,),
        zone=UTC,
        acks={"9f2c": ack},
        audited={"9f2c": event},
    )
    (session,) = join(found).sessions
    assert (session.ack, session.overwritten) == (ack, after)
    (kept,) = join(replace(found, rows=(after,), acks={})).sessions
    assert (kept.ack, kept.overwritten) == (None, None)


def test_of_a_vanished_listing_nothing_runs() -> None:
    found = ListingScan(
        "x", FOLDER, rows=(ROW,), transcripts=(FILE,), processes=(WAITING,), zone=UTC
    )
    gone = vanished(join(found), "its folder vanished")
    (session,) = gone.sessions
    assert (gone.is_vanished, gone.is_stale, gone.problem) == (True, True, "its folder vanished")
    assert (session.liveness, session.waiting_for, session.process) == (Liveness.NONE, "", None)
    assert session.row == ROW


@pytest.mark.parametrize(
    ("row", "file", "process", "pending"),
    [
        (replace(ROW, expires_at="2026-11-20T11:00:00"), FILE, None, True),
        (replace(ROW, expires_at="2026-11-20T11:00:00"), FILE, PROCESS, False),
        (replace(ROW, expires_at="2026-11-20T11:00:00"), None, None, False),
        (replace(ROW, expires_at="2026-11-20T11:00:00", status="failed"), FILE, None, False),
        (replace(ROW, status="expired"), FILE, None, True),
        (replace(ROW, status="expired"), FILE, UNKNOWN, False),
        (ROW, FILE, None, False),
        (None, FILE, None, False),
    ],
)
def test_clean_up_waits_for_what_is_over_and_never_for_what_lives(
    row: Row | None, file: Transcript | None, process: Process | None, pending: bool
) -> None:
    session = joined(row, file, process)
    assert session is not None
    assert is_pending(session, NOW) is pending


SOON = "2026-11-20T12:30:00"


@pytest.mark.parametrize(
    ("row", "file", "process", "run", "need"),
    [
        (replace(ROW, status="failed", expires_at=SOON), FILE, WAITING, None, Need.ANSWER),
        (replace(ROW, status="failed", expires_at=SOON), FILE, PROCESS, None, Need.FAILED),
        (replace(ROW, status="failed"), None, None, None, Need.FAILED),
        (replace(ROW, expires_at=SOON), FILE, PROCESS, None, Need.QUIET),
        (ROW, FILE, PROCESS, LOST, Need.ORPHAN),
        (ROW, replace(FILE, modified_at=NOW), PROCESS, None, None),
        (replace(ROW, expires_at=SOON), FILE, None, None, Need.ENDS),
        (replace(ROW, expires_at=SOON), None, None, None, Need.GHOST),
        (replace(ROW, expires_at=SOON, status="deleted"), None, None, None, None),
        (replace(ROW, expires_at="2026-11-20T11:00:00"), FILE, None, None, Need.EXPIRED),
        (replace(ROW, expires_at="2026-11-19T11:00:00"), FILE, None, None, None),
        (ROW, None, None, None, Need.GHOST),
        (ROW, FILE, None, None, None),
    ],
)
def test_attention_has_an_order(
    row: Row, file: Transcript | None, process: Process | None, run: Run | None, need: Need | None
) -> None:
    session = joined(row, file, process, run)
    assert session is not None
    assert attention(session, NOW, QUIET_AFTER) == need


@pytest.mark.parametrize(
    ("status", "file", "process", "gone"),
    [
        ("deleted", None, None, True),
        ("expired", None, None, True),
        ("expired", FILE, None, False),
        ("expired", None, PROCESS, False),
        ("active", None, None, False),
    ],
)
def test_gone_is_a_row_of_which_nothing_is_left(
    status: str, file: Transcript | None, process: Process | None, gone: bool
) -> None:
    session = joined(replace(ROW, status=status), file, process)
    assert session is not None
    assert is_gone(session) is gone


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_every_column_of_a_row_is_cleaned(payload: str) -> None:
    metadata = json.dumps({"last_error": payload})
    row = Row("9f2c" + payload, payload, payload, payload, payload, "failed", metadata)
    found = ListingScan(payload, FOLDER, rows=(row, replace(row, status=payload)), zone=UTC)
    listing = join(found)
    (session,) = listing.sessions
    shown = (session.session_id, session.listing, session.stage, listing.listing_id)
    assert all(is_cleaned(text) for text in shown)
    assert not acts(session.status + session.reason)


def test_the_reason_of_a_failure_is_shown_only_while_it_failed() -> None:
    failed = joined(replace(ROW, status="failed", metadata='{"last_error": "a\\u001b[31mb"}'))
    active = joined(replace(ROW, metadata='{"last_error": "old"}'))
    assert failed is not None
    assert active is not None
    assert (failed.reason, active.reason) == ("ab", "")


@pytest.mark.parametrize(
    ("begun", "is_silent"), [(timedelta(minutes=1), False), (timedelta(minutes=30), True)]
)
def test_what_has_just_been_resumed_is_not_quiet(begun: timedelta, is_silent: bool) -> None:
    run = replace(RUN, started_at=NOW - begun)
    session = joined(run=run, is_locked=True)
    assert session is not None
    assert is_quiet(session, NOW, QUIET_AFTER) is is_silent
