"""What was kept and cannot be read is not written over, and what was not counted is not free.

The listings that a root had, what an operator looked at and typed, the places of the runs, the
journals beside a database, and which listings there are.
"""

from __future__ import annotations

import errno
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console
from tests.support.hostile.read_errors import ERRORS, reads_fail
from tests.support.listings.sample_listing import FIRST, SampleListing, snapshot, with_footprint
from tui.core.console.saved_view import Draft, SavedView
from tui.core.errors import ConsoleError, DatabaseProblem
from tui.core.sessions.catalog_changes import LastLooked
from tui.operations.catalog.scanner import CatalogScanner, listing_paths
from tui.operations.transcripts.kept_results import unclaimed
from tui.operations.trash.delete import delete
from tui.operations.trash.purge import erase_many, old_trash
from tui.operations.trash.undo import undo_last
from tui.runs.queue_gate import QueueGate
from tui.storage.run_slots import RunSlot
from tui.storage.sqlite.recovery import require_no_super_journal
from tui.storage.state.last_looked import read_looks, write_looks
from tui.storage.state.saved_views import read_remembered, write_remembered
from tui.storage.trash.trash import list_trash


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    return with_footprint(tmp_path / "root")


@ERRORS
def test_a_listing_that_vanished_is_shown_once_what_was_known_can_be_read(
    listing: SampleListing, tmp_path: Path, number: int
) -> None:
    SampleListing(listing.root, "other").add(FIRST)
    state = tmp_path / "state"
    context = listing.context(state_dir=state)
    watch, other = CatalogScanner(context), CatalogScanner(context)
    other.look()
    shutil.rmtree(listing.folder)
    other.look()
    before = snapshot(state)
    with reads_fail(state, number):
        assert [one.listing_id for one in watch.look().listings] == ["other"]
        with pytest.raises(ConsoleError, match=os.strerror(number)):
            other.forget("hollis_park")
    assert snapshot(state) == before
    assert {one.listing_id for one in watch.look().listings if one.is_vanished} == {"hollis_park"}
    watch.forget("hollis_park")
    assert [one.listing_id for one in CatalogScanner(context).look().listings] == ["other"]


@ERRORS
def test_what_an_operator_looked_at_and_typed_is_not_taken_for_nothing(
    tmp_path: Path, number: int
) -> None:
    now = datetime.now(UTC)
    looks, view = LastLooked(now), SavedView(drafts=(Draft("send", "oak", FIRST, "half a prompt"),))
    write_looks(tmp_path / "state", tmp_path, "anna", looks, [])
    write_remembered(tmp_path / "state", tmp_path, "anna", view)
    with reads_fail(tmp_path / "state", number):
        with pytest.raises(OSError, match=os.strerror(number)):
            read_looks(tmp_path / "state", tmp_path, "anna", now + timedelta(days=1))
        with pytest.raises(OSError, match=os.strerror(number)):
            read_remembered(tmp_path / "state", tmp_path, "anna")
    assert read_remembered(tmp_path / "state", tmp_path, "anna") == view


class Unreadable(FixedEngine):
    """A console's engine whose file of the last view cannot be read."""

    def read_remembered(self) -> SavedView:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


async def test_a_view_that_could_not_be_read_is_not_written_over() -> None:
    async with console(Unreadable()) as at:
        await at.until(lambda: "the last view cannot be read" in at.message)
        was = at.engine.view
        await at.press("s", "2", "j")
        at.save_view()
        assert at.engine.view == was


@ERRORS
def test_no_run_starts_because_the_places_could_not_be_counted(tmp_path: Path, number: int) -> None:
    """What will pass is waited for; where no place can ever be kept, it runs and says so."""
    told: list[str] = []
    taken = RunSlot(tmp_path, "20261122T071530Z-aa", 1)
    assert taken.try_enter() == ""
    gate = QueueGate(tmp_path, "20261122T071530Z-bb", 1, told.append)
    with reads_fail(tmp_path / ".session_console" / "slots", number):
        waits_for = gate.try_enter()
    assert bool(told) == (number == errno.EACCES)
    assert (os.strerror(number) in waits_for) == (number != errno.EACCES)
    assert (
        "already running" in QueueGate(tmp_path, "20261122T071530Z-cc", 1, told.append).try_enter()
    )


@ERRORS
def test_a_journal_that_cannot_be_looked_at_may_be_there(
    listing: SampleListing, number: int
) -> None:
    require_no_super_journal(listing.db_path)
    with reads_fail(listing.folder, number), pytest.raises(DatabaseProblem):
        require_no_super_journal(listing.db_path)


@ERRORS
def test_no_listing_is_left_out_of_an_act_because_the_root_could_not_be_read(
    listing: SampleListing, number: int
) -> None:
    context = listing.context()
    delete(context, listing.session(FIRST))
    with reads_fail(listing.root, number):
        for act in (lambda: listing_paths(listing.root), lambda: undo_last(context)):
            with pytest.raises(ConsoleError, match=os.strerror(number)):
                act()


@ERRORS
def test_what_is_in_the_trash_is_not_erased_past_a_lock_that_nobody_can_take(
    listing: SampleListing, number: int
) -> None:
    context = listing.context(trash_days=0)
    delete(context, listing.session(FIRST))
    (trashed,) = list_trash(listing.root)
    with reads_fail(listing.folder / ".session_console" / "locks", number):
        done = erase_many(context, [trashed])
    assert os.strerror(number) in str(done.refused[0][1])
    assert list_trash(listing.root) == (trashed,)
    assert len(erase_many(context, old_trash(context)).acts) == 1


@ERRORS
def test_a_result_kept_beside_that_cannot_be_read_is_named(tmp_path: Path, number: int) -> None:
    (tmp_path / "tool-results").mkdir()
    (tmp_path / "tool-results" / "toolu_1.txt").write_text("rows")
    assert len(list(unclaimed(tmp_path))) == 1
    with reads_fail(tmp_path / "tool-results" / "toolu_1.txt", number):
        (one,) = unclaimed(tmp_path)
    assert os.strerror(number) in one.text
