"""Delete and restore: byte for byte, refused while it runs, and undone after a lost race."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import (
    FIRST,
    SECOND,
    SampleListing,
    change_row,
    content_of,
    register,
    snapshot,
    with_footprint,
)
from tui.core.errors import Conflict, DatabaseProblem, Refused, UnknownId
from tui.core.models.session import Liveness, State
from tui.operations.trash.bulk import BulkProgress
from tui.operations.trash.delete import delete, delete_many
from tui.operations.trash.restore import restore, restore_many
from tui.operations.trash.undo import undo
from tui.storage.session_locks import SessionLock
from tui.storage.table.tracking import read_rows
from tui.storage.trash.trash import list_trash


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    return with_footprint(tmp_path / "outputs")


def test_delete_takes_the_whole_footprint_and_restore_gives_it_back(listing: SampleListing) -> None:
    before, rows = content_of(listing), read_rows(listing.db_path)
    act = delete(listing.context(), listing.session(FIRST))
    assert not any(FIRST in name or "runs/" in name for name in content_of(listing))
    assert any(SECOND in name for name in content_of(listing))
    assert {row.session_id: row.status for row in read_rows(listing.db_path)} == {
        FIRST: "deleted",
        SECOND: "active",
    }
    restore(listing.context(), act.session_id)
    assert content_of(listing) == before
    assert read_rows(listing.db_path) == rows
    assert list_trash(listing.root) == ()


def test_undo_takes_a_delete_back_once(listing: SampleListing) -> None:
    before = content_of(listing)
    act = delete(listing.context(), listing.session(FIRST))
    undo(listing.context(), act)
    assert content_of(listing) == before
    with pytest.raises(UnknownId):
        undo(listing.context(), act)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE claude_sessions SET expires_at = '2031-01-01T00:00:00'",
        "UPDATE claude_sessions SET status = 'failed'",
        "UPDATE claude_sessions SET metadata = NULL",
        "DELETE FROM claude_sessions",
    ],
)
def test_a_lost_race_puts_every_file_back(listing: SampleListing, sql: str) -> None:
    """Without compare-and-set the pipeline's write is lost; without the way back, the files."""
    before, session = content_of(listing), listing.session(FIRST)
    change_row(listing, sql)
    rows = read_rows(listing.db_path)
    with pytest.raises(Conflict):
        delete(listing.context(), session)
    assert content_of(listing) == before
    assert read_rows(listing.db_path) == rows
    assert list_trash(listing.root) == ()


def test_what_was_tracked_since_the_look_is_not_deleted_as_untracked(
    listing: SampleListing,
) -> None:
    """Without the guard the new row would become a ghost."""
    change_row(listing, f"DELETE FROM claude_sessions WHERE session_id = '{FIRST}'")  # noqa: S608
    session, before = listing.session(FIRST), content_of(listing)
    assert session.state is State.UNTRACKED
    listing.track(FIRST)
    with pytest.raises(Conflict, match="tracked"):
        delete(listing.context(), session)
    assert content_of(listing) == before


def test_what_may_be_tracked_is_not_deleted_as_untracked(listing: SampleListing) -> None:
    """An unreadable database makes everything look untracked."""
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute("BEGIN EXCLUSIVE")
        session, before = listing.session(FIRST), content_of(listing)
        with pytest.raises(DatabaseProblem, match="locked"):
            delete(listing.context(), session)
    assert content_of(listing) == before


@pytest.mark.parametrize("has_database", [True, False])
def test_an_untracked_session_is_deleted_and_restored(
    listing: SampleListing, has_database: bool
) -> None:
    change_row(listing, "DELETE FROM claude_sessions")
    if not has_database:
        listing.db_path.unlink()
    before = content_of(listing)
    delete(listing.context(), listing.session(FIRST))
    restore(listing.context(), f"{listing.listing_id}/{FIRST[:6]}")
    assert content_of(listing) == before


def test_a_ghosts_row_is_deleted_and_restored(listing: SampleListing) -> None:
    listing.track("77ab")
    rows = read_rows(listing.db_path)
    act = delete(listing.context(), listing.session("77ab"))
    with pytest.raises(Refused, match="already deleted"):
        delete(listing.context(), listing.session("77ab"))
    restore(listing.context(), act.trash_id)
    assert read_rows(listing.db_path) == rows


@pytest.mark.parametrize("act", ["delete", "restore"])
def test_it_is_refused_while_somebody_holds_the_lock(listing: SampleListing, act: str) -> None:
    session = listing.session(FIRST)
    if act == "restore":
        delete(listing.context(), session)
    before = content_of(listing)
    with (
        SessionLock.take(listing.folder, FIRST),
        pytest.raises(Refused, match=f"send {FIRST[:8]} PROMPT"),
    ):
        delete(listing.context(), session) if act == "delete" else restore(listing.context(), FIRST)
    assert content_of(listing) == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "is running"),
        ({"pidDomain": "linux:other:pid:[1]"}, "may still be alive"),
        ({"pidDomain": "", "procStart": "1"}, "may still be alive"),
        ({"procStart": ""}, f"pid {os.getpid()} is alive.*remove that file"),
    ],
)
def test_it_is_refused_while_a_process_lives_or_may_live(
    listing: SampleListing, changes: dict[str, Any], words: str
) -> None:
    """The look was before the process began: only the check during the act counts."""
    session, before = listing.session(FIRST), content_of(listing)
    register(listing.config_dir, **changes)
    with pytest.raises(Refused, match=words):
        delete(listing.context(), session)
    assert content_of(listing) == before


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_an_entry_that_cannot_be_read_refuses_every_session_while_its_pid_lives(
    listing: SampleListing, content: str
) -> None:
    """If it counted as dead, a session could be deleted while its CLI writes."""
    register(listing.config_dir)
    before, session = content_of(listing), listing.session(SECOND)
    path = listing.config_dir / "sessions" / f"{os.getpid()}.json"
    path.write_text(content)
    assert listing.session(SECOND).liveness is Liveness.UNKNOWN
    with pytest.raises(Refused, match=f"pid {os.getpid()} is alive"):
        delete(listing.context(), session)
    assert content_of(listing) == before
    path.rename(path.with_name(f"{2**22 + 5}.json"))
    delete(listing.context(), session)


def test_a_dead_owner_refuses_nobody(listing: SampleListing) -> None:
    register(listing.config_dir, procStart="1")
    assert listing.session(FIRST).liveness is Liveness.NONE
    delete(listing.context(), listing.session(FIRST))


def test_a_row_changed_since_the_delete_is_left_and_said(listing: SampleListing) -> None:
    delete(listing.context(), listing.session(FIRST))
    listing.track(FIRST, stage="stage_9")
    rows = read_rows(listing.db_path)
    act = restore(listing.context(), FIRST)
    assert "its row was left unchanged" in act.words
    assert read_rows(listing.db_path) == rows


def test_restored_while_its_row_cannot_be_written_nothing_moves_and_later_all_does(
    listing: SampleListing,
) -> None:
    """With the files restored first, its row would stay deleted for ever."""
    before, rows = content_of(listing), read_rows(listing.db_path)
    delete(listing.context(), listing.session(FIRST))
    gone = content_of(listing)
    aside = listing.db_path.rename(listing.db_path.with_suffix(".aside"))
    listing.db_path.mkdir()
    with pytest.raises(DatabaseProblem, match=r"nothing was restored: .*is not a file"):
        restore(listing.context(), FIRST)
    listing.db_path.rmdir()
    aside.rename(listing.db_path)
    assert content_of(listing) == gone
    restore(listing.context(), FIRST)
    assert (content_of(listing), read_rows(listing.db_path)) == (before, rows)
    assert list_trash(listing.root) == ()


def test_many_are_deleted_and_restored_in_one_batch(listing: SampleListing) -> None:
    """Each on its own: those that run or changed are left, and the summary says so."""
    before, rows = content_of(listing), read_rows(listing.db_path)
    listing.add("77ab")
    other = replace(listing, listing_id="oak")
    other.add(FIRST)
    sessions = [listing.session(f"hollis_park/{one}") for one in (FIRST, SECOND, "77ab")]
    sessions.append(listing.session(f"oak/{FIRST}"))
    change_row(listing, "UPDATE claude_sessions SET stage = '9' WHERE session_id = '77ab'")
    seen: list[BulkProgress] = []
    with SessionLock.take(other.folder, FIRST):
        done = delete_many(listing.context(), sessions, seen.append)
    assert {(act.listing, act.session_id) for act in done.acts} == {
        ("hollis_park", FIRST),
        ("hollis_park", SECOND),
    }
    assert done.failures == {"changed in the meantime": 1, "in use": 1}
    assert done.words.startswith("2 deleted (")
    assert done.words.endswith("1 changed in the meantime, 1 in use")
    assert [(one.listing, one.done, one.total) for one in seen] == [
        ("hollis_park", 3, 4),
        ("oak", 4, 4),
    ]
    assert len({act.at for act in done.acts}) == 1
    back = restore_many(listing.context(), list_trash(listing.root))
    assert back.words == "2 restored"
    assert {**content_of(listing), **before} == content_of(listing)
    assert set(rows) <= set(read_rows(listing.db_path))


def test_a_stop_between_two_batches_leaves_the_rest(listing: SampleListing) -> None:
    other = replace(listing, listing_id="oak")
    other.add(FIRST)
    sessions = [listing.session(f"oak/{FIRST}"), listing.session(f"hollis_park/{FIRST}")]
    seen: list[BulkProgress] = []
    done = delete_many(listing.context(), sessions, seen.append, lambda: bool(seen))
    assert done.is_cut_short
    assert "then stopped" in done.words
    assert listing.transcript_path(FIRST).exists()
    assert not other.transcript_path(FIRST).exists()


def test_the_lock_file_of_a_deleted_session_is_removed(listing: SampleListing) -> None:
    SessionLock.take(listing.folder, FIRST).close()
    delete(listing.context(), listing.session(FIRST))
    locks = listing.folder / ".session_console" / "locks"
    assert FIRST not in {path.name for path in locks.iterdir()}


def test_a_stray_is_not_deleted_but_adopted_first(listing: SampleListing, tmp_path: Path) -> None:
    session = listing.session(FIRST)
    assert session.transcript is not None
    stray = replace(session, transcript=replace(session.transcript, stray_in=tmp_path / ".claude"))
    before = content_of(listing)
    with pytest.raises(Refused, match=f"outside its listing: `adopt {FIRST[:8]}`"):
        delete(listing.context(), stray)
    assert content_of(listing) == before


def test_a_session_with_a_large_row_comes_back(listing: SampleListing) -> None:
    listing.track(FIRST, metadata={"notes": "x" * 2_000_000})
    before, rows = content_of(listing), read_rows(listing.db_path)
    restore(listing.context(), delete(listing.context(), listing.session(FIRST)).session_id)
    assert (content_of(listing), read_rows(listing.db_path)) == (before, rows)


@pytest.mark.parametrize("name", ["projects", "sessions", "memory"])
def test_a_row_called_like_a_folder_of_the_clis_takes_nothing(
    listing: SampleListing, name: str
) -> None:
    """Deleted as a session, `projects` took every conversation of the listing."""
    listing.track(name)
    before, session = content_of(listing), listing.session(FIRST)
    row = replace(session.row, session_id=name) if session.row else None
    with pytest.raises(UnknownId, match=name):
        delete(listing.context(), replace(session, session_id=name, row=row))
    assert content_of(listing) == before


def test_a_read_only_console_only_looks(listing: SampleListing) -> None:
    context, session = listing.context(read_only=True), listing.session(FIRST)
    before = snapshot(listing.root)
    with pytest.raises(Refused, match="read-only"):
        delete(context, session)
    with pytest.raises(Refused, match="read-only"):
        restore(context, FIRST)
    assert snapshot(listing.root) == before


def test_a_hostile_id_touches_nothing(listing: SampleListing) -> None:
    session, before = listing.session(FIRST), snapshot(listing.root)
    for hostile in ("../../x", "..", "", "a/b", SECOND):
        row = replace(session.row, session_id=hostile) if session.row else None
        if hostile != SECOND:
            with pytest.raises(UnknownId):
                delete(listing.context(), replace(session, session_id=hostile, row=row))
        with pytest.raises(UnknownId):
            delete(listing.context(), replace(session, row=row))
    assert snapshot(listing.root) == before
