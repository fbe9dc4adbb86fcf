"""A delete, clean-up or restore that is killed at any moment is explained by its manifest."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, snapshot
from tests.torture.trash import run
from tui.core.models.row import Row
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.trash.cleanup import clean_up, plan_cleanup
from tui.operations.trash.delete import delete
from tui.operations.trash.interrupted_moves import repair, unfinished
from tui.operations.trash.restore import restore
from tui.storage.session_locks import SessionLock, batch_lock
from tui.storage.table.tracking import read_events, read_rows
from tui.storage.trash.manifest import Manifest
from tui.storage.trash.trash import list_trash


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    listing.add(SECOND)
    todo = listing.config_dir / "todos" / f"{FIRST}-agent-1.json"
    todo.parent.mkdir()
    todo.write_text("[]")
    return listing


def found(listing: SampleListing) -> tuple[Manifest, ...]:
    return unfinished(listing.root, CatalogScanner(listing.context()).look().listings)


def files(listing: SampleListing) -> set[str]:
    paths = listing.config_dir.rglob("*")
    return {str(path.relative_to(listing.config_dir)) for path in paths if path.is_file()}


def rewrite(listing: SampleListing, row: Row) -> None:
    """Reset the database to before the commit of the delete."""
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as database:
        sql = "UPDATE claude_sessions SET status = ? WHERE session_id = ?"
        database.execute(sql, (row.status, row.session_id))
        database.execute("DELETE FROM claude_session_events WHERE action = 'delete'")


@pytest.mark.parametrize("back", [0, 1, 2])
def test_a_move_that_did_not_reach_its_row_is_put_back(listing: SampleListing, back: int) -> None:
    """Killed before the commit, with `back` of the two files not moved yet."""
    before, rows = files(listing), read_rows(listing.db_path)
    delete(listing.context(), listing.session(FIRST))
    assert found(listing) == ()
    (trashed,) = list_trash(listing.root)
    rewrite(listing, rows[0])
    for index in range(back):
        trashed.moved(index).rename(listing.folder / trashed.places[index])
    if back == 2:
        trashed.mark.touch()
    assert found(listing) == (trashed,)
    repair(listing.context(), trashed)
    assert (files(listing), read_rows(listing.db_path)) == (before, rows)
    assert found(listing) == list_trash(listing.root) == ()


def test_a_delete_stands_although_the_pipeline_wrote_to_its_row(listing: SampleListing) -> None:
    """Without checking the audit, the next clean-up would undo the delete."""
    delete(listing.context(), listing.session(FIRST))
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute("UPDATE claude_sessions SET status = 'failed'")
    assert found(listing) == ()


def test_the_restore_of_a_later_delete_says_nothing_of_the_first(listing: SampleListing) -> None:
    """Both left the same row: the first would be restored, which nobody asked for."""
    delete(listing.context(), listing.session(FIRST))
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute("UPDATE claude_sessions SET status = 'failed'")
    delete(listing.context(), listing.session(FIRST))
    restore(listing.context(), FIRST)
    assert len(list_trash(listing.root)) == 1
    assert found(listing) == ()


def revive(listing: SampleListing) -> None:
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute("UPDATE claude_sessions SET status = 'active'")


def test_half_a_restore_is_told_from_a_later_act_that_left_the_same_row(
    listing: SampleListing, tmp_path: Path
) -> None:
    """By equal rows it was the later one: that came back, and the restored one never did."""
    delete(listing.context(), listing.session(FIRST))
    (first,) = list_trash(listing.root)
    revive(listing)
    listing.write_transcript(FIRST, "Here again")
    delete(listing.context(), listing.session(FIRST))
    shutil.copytree(first.batch, tmp_path / "kept")
    restore(listing.context(), first.trash_id)
    for place in first.places:  # as if it had been killed before its files were put back
        (listing.folder / place).unlink()
    shutil.copytree(tmp_path / "kept", first.batch)
    assert len(list_trash(listing.root)) == 2
    assert found(listing) == (first,)


def test_the_restores_of_an_older_program_are_told_apart_by_their_rows(
    listing: SampleListing, tmp_path: Path
) -> None:
    delete(listing.context(), listing.session(FIRST))
    (first,) = list_trash(listing.root)
    shutil.copytree(first.batch, tmp_path / "kept")
    restore(listing.context(), FIRST)
    for place in first.places:
        (listing.folder / place).unlink()
    shutil.copytree(tmp_path / "kept", first.batch)
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as database:
        database.execute("UPDATE claude_session_events SET detail = NULL")
    assert found(listing) == (first,)


def test_a_second_delete_at_the_same_moment_is_not_taken_for_the_first(
    listing: SampleListing,
) -> None:
    """The first is in the audit; the second was killed before its commit, and is to be put back."""
    now = datetime.now(UTC)
    context = replace(listing.context(), clock=lambda: now)
    delete(context, listing.session(FIRST))
    listing.write_transcript(FIRST, "Here again")
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as database:
        database.execute("UPDATE claude_sessions SET status = 'active'")
        delete(context, listing.session(FIRST))
        database.execute("UPDATE claude_sessions SET status = 'active'")
        events = "FROM claude_session_events"
        database.execute(f"DELETE {events} WHERE id = (SELECT max(id) {events})")
    (second,) = found(listing)
    assert second.act_id not in [event.act_id for event in read_events(listing.db_path)]


def test_half_a_restore_is_finished_by_the_next_clean_up(listing: SampleListing) -> None:
    before, rows = files(listing), read_rows(listing.db_path)
    delete(listing.context(), listing.session(FIRST))
    (trashed,) = list_trash(listing.root)
    trashed.moved(0).rename(listing.folder / trashed.places[0])
    rewrite(listing, rows[0])
    plan = plan_cleanup(listing.context(), CatalogScanner(listing.context()).look())
    assert plan.unfinished == (trashed,)
    assert plan.words == "put back 1 session moved only halfway"
    assert "1 session moved only halfway put back" in clean_up(listing.context(), plan).words
    assert (files(listing), read_rows(listing.db_path)) == (before, rows)


@pytest.mark.parametrize("holder", ["session", "batch"])
def test_what_is_under_way_is_not_called_unfinished(listing: SampleListing, holder: str) -> None:
    rows = read_rows(listing.db_path)
    delete(listing.context(), listing.session(FIRST))
    rewrite(listing, rows[0])
    lock = (
        SessionLock.take(listing.folder, FIRST)
        if holder == "session"
        else batch_lock(listing.folder, [FIRST])
    )
    with lock:
        assert found(listing) == ()
    assert len(found(listing)) == 1


def test_what_was_finished_meanwhile_is_looked_at_again(listing: SampleListing) -> None:
    """By rows that were read a moment ago, a delete that has just ended looks interrupted."""
    seen = CatalogScanner(listing.context()).look().listings
    delete(listing.context(), listing.session(FIRST))
    assert unfinished(listing.root, seen) == ()


def test_something_new_in_the_way_is_never_overwritten(listing: SampleListing) -> None:
    rows = read_rows(listing.db_path)
    delete(listing.context(), listing.session(FIRST))
    rewrite(listing, rows[0])
    listing.write_transcript(FIRST, "new")
    before = snapshot(listing.config_dir)
    plan = plan_cleanup(listing.context(), CatalogScanner(listing.context()).look())
    done = clean_up(listing.context(), plan)
    assert snapshot(listing.config_dir) == before
    ((_, error),) = done.refused
    assert str(error).endswith("nothing was restored over it")


def test_killed_at_any_instant_nothing_is_lost_and_all_is_explained() -> None:
    """The full count is in `tests.torture`."""
    assert run(0.08)["killed"] >= 4
