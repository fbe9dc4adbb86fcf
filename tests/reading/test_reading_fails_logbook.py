"""A logbook that cannot be read is not empty: what it may hold is said to be unknown."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.hostile.read_errors import ERRORS, reads_fail
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tui.core.errors import Conflict
from tui.core.models.audit import AuditEvent
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.vanished import ack_event
from tui.operations.sessions.extend import extend, plan_extension
from tui.operations.sessions.rename import rename
from tui.operations.trash.undo_report import undone_words
from tui.operations.trash.undoable_acts import last_batch
from tui.storage.state.logbook import write_event


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    listing.add(SECOND)
    write_event(listing.root, AuditEvent(at=datetime.now(UTC), operator="bert", action="hold"))
    return listing


def logbook(listing: SampleListing) -> Path:
    return listing.root / ".session_console" / "log.jsonl"


@ERRORS
def test_by_whom_a_title_was_changed_is_not_known(listing: SampleListing, number: int) -> None:
    seen = listing.session(FIRST)
    rename(listing.context(operator="bert"), listing.session(FIRST), "Another")
    with (
        reads_fail(logbook(listing), number),
        pytest.raises(Conflict, match="by an unknown operator: the logbook cannot be read"),
    ):
        rename(listing.context(), seen, "Pumps")
    with pytest.raises(Conflict, match="bert renamed it"):
        rename(listing.context(), seen, "Pumps")


@ERRORS
def test_what_was_done_later_is_not_known(listing: SampleListing, number: int) -> None:
    context = listing.context()
    extend(context, plan_extension(listing.session(FIRST), "30d", context.clock()))
    batch = last_batch(context)
    with reads_fail(logbook(listing), number):
        assert "your later actions are only partly known: the logbook" in undone_words(
            context, batch, batch
        )
    assert "known" not in undone_words(context, batch, batch)


def test_of_a_listing_that_cannot_be_read_what_was_done_later_is_not_known(
    listing: SampleListing,
) -> None:
    context = listing.context()
    extend(context, plan_extension(listing.session(FIRST), "30d", context.clock()))
    batch = last_batch(context)
    listing.db_path.write_bytes(b"no database" * 500)
    assert "are only partly known: hollis_park: " in undone_words(context, batch, batch)


@ERRORS
def test_what_vanished_is_shown_until_it_is_known_who_acknowledged_it(
    listing: SampleListing, tmp_path: Path, number: int
) -> None:
    context = listing.context(state_dir=tmp_path / "state")
    CatalogScanner(context).look()
    shutil.rmtree(listing.folder)
    write_event(listing.root, ack_event("hollis_park", "bert", datetime.now(UTC)))
    with reads_fail(logbook(listing), number):
        watch = CatalogScanner(context)
        assert [one.is_vanished for one in watch.look().listings] == [True]
    assert watch.look().listings == ()
