"""A listing whose database is expensive to read and fails does not keep a console busy."""

from __future__ import annotations

from pathlib import Path

from tests.support.hostile.planted_databases import DATABASE_PLANTS
from tests.support.listings.sample_listing import FIRST, SampleListing
from tui.core.time.zones import LOCAL
from tui.operations.catalog.listing_watcher import ListingWatcher
from tui.storage.sqlite.connection import READ_TIMEOUT_S
from tui.storage.table.table_cache import TableCache
from tui.storage.table.tracking import TrackedRows
from tui.storage.transcripts.facts_cache import FactsCache


class Counting(TableCache):
    """Counts how often a database is read."""

    count = 0

    def table_of(self, place: str, timeout_s: float = READ_TIMEOUT_S) -> TrackedRows:
        self.count += 1
        return super().table_of(place, timeout_s)


def sight_of(listing: SampleListing, tables: TableCache) -> ListingWatcher:
    return ListingWatcher(
        listing.folder, LOCAL, FactsCache(None), tables, changed=set(), locking=set()
    )


def test_what_failed_after_much_computing_is_left_until_it_changes(tmp_path: Path) -> None:
    """Without the pause one such listing uses a whole core."""
    listing, tables = SampleListing(tmp_path / "outputs"), Counting()
    listing.add(FIRST)
    DATABASE_PLANTS["10,000 acts without an index"](listing)
    sight = sight_of(listing, tables)
    for _ in range(3):
        sight.refresh(is_slice=True)
    assert tables.count == 1
    assert sight.found is not None
    assert "takes too long" in sight.found.problem
    listing.db_path.unlink()
    listing.track(FIRST)
    sight.refresh(is_slice=True)
    assert tables.count == 2
    assert not sight.found.problem
