"""Restore: only where it belongs, once, and never more than is allowed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import (
    FIRST,
    SECOND,
    SampleListing,
    change_row,
    content_of,
    snapshot,
    with_footprint,
)
from tui.core.errors import AmbiguousId, ConsoleError, Refused, UnknownId
from tui.operations.trash.delete import delete
from tui.operations.trash.restore import restore
from tui.operations.trash.undo import undo
from tui.storage.trash.trash import list_trash


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    return with_footprint(tmp_path / "outputs")


def test_undo_stays_in_the_listing_of_the_act(listing: SampleListing) -> None:
    """Listings may look alike once their names are cleaned: undo uses the folder."""
    disguised = replace(listing, listing_id=f"\u200b{listing.listing_id}")
    disguised.add(FIRST)
    act = delete(listing.context(), disguised.session(f"\u200b{listing.listing_id}/{FIRST}"))
    assert act.listing == listing.listing_id
    assert act.folder == disguised.folder
    with pytest.raises(UnknownId):
        undo(listing.context(), replace(act, folder=listing.folder))
    undo(listing.context(), act)
    assert disguised.transcript_path(FIRST).exists()


def test_what_cannot_be_read_in_the_trash_is_named(listing: SampleListing) -> None:
    delete(listing.context(), listing.session(FIRST))
    (trashed,) = list_trash(listing.root)
    (trashed.batch / "manifest.json").write_text("{")
    with pytest.raises(UnknownId, match=f"{trashed.batch.name} is unknown"):
        restore(listing.context(), FIRST)


def test_restored_past_its_expiry_it_lasts_a_day(listing: SampleListing) -> None:
    listing.add("77ab", days=1)
    change_row(
        listing,
        "UPDATE claude_sessions SET expires_at = '2020-01-01T00:00:00' WHERE session_id = '77ab'",
    )
    delete(listing.context(), listing.session("77ab"))
    restore(listing.context(), "77ab")
    session, context = listing.session("77ab"), listing.context()
    assert session.status == "active"
    assert session.expires_at is not None
    assert session.expires_at - context.clock() < context.settings.resume_keeps
    assert session.expires_at > context.clock()


def test_what_to_restore_must_be_one(listing: SampleListing) -> None:
    for session_id in (FIRST, SECOND):
        delete(listing.context(), listing.session(session_id))
    with pytest.raises(AmbiguousId):
        restore(listing.context(), "9f2")
    for words in ("../../x", "", "zz", f"other/{FIRST}"):
        with pytest.raises(UnknownId):
            restore(listing.context(), words)


def test_a_linked_listing_gets_nothing_back(listing: SampleListing, tmp_path: Path) -> None:
    delete(listing.context(), listing.session(FIRST))
    listing.folder.rename(tmp_path / "elsewhere")
    listing.folder.symlink_to(tmp_path / "elsewhere")
    before = snapshot(tmp_path)
    with pytest.raises(Refused, match="link"):
        restore(listing.context(), FIRST)
    assert snapshot(tmp_path) == before


def test_a_zone_nobody_knows_stops_a_restore_before_it_begins(listing: SampleListing) -> None:
    act = delete(listing.context(), listing.session(FIRST))
    (trashed,) = list_trash(listing.root)
    path = trashed.batch / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["sessions"]["0"]["zone"] = "Nowhere"
    path.write_text(json.dumps(manifest))
    before = content_of(listing)
    with pytest.raises(ConsoleError, match="Nowhere"):
        restore(listing.context(), act.trash_id)
    assert content_of(listing) == before
