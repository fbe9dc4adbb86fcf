"""A watched root: calm listings cost nothing, and no change is seen later than without a watch."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.operations.catalog.test_watch import (
    Moving,
    begin_a_run,
    edit_row,
    keep_longer,
    settle_it,
    start_a_cli,
    with_listings,
)
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tests.support.processes.runs_site import wait
from tui.core.models.catalog import Catalog
from tui.operations.catalog.scanner import CatalogScanner, listing_paths
from tui.safe_io.folder_watch import FolderWatch

_COUNT = 70


@dataclass
class Watched:
    """A root on a file system that is surely local, and a scanner that watches it."""

    listing: SampleListing
    scanner: CatalogScanner
    clock: Moving

    def look(self, *, after_s: float = 1) -> Catalog:
        self.clock.now += timedelta(seconds=after_s)
        return self.scanner.look()


@pytest.fixture
def listing() -> Iterator[SampleListing]:
    with TemporaryDirectory(dir="/dev/shm") as name:
        listing = SampleListing(Path(name) / "outputs")
        listing.add(FIRST)
        with_listings(listing, _COUNT)
        yield listing


@pytest.fixture
def stats(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the paths whose status was asked for."""
    asked: list[str] = []
    real = os.lstat

    def counted(path: Any, **options: Any) -> os.stat_result:
        asked.append(str(path))
        return real(path, **options)

    monkeypatch.setattr(os, "lstat", counted)
    return asked


@pytest.fixture
def root(listing: SampleListing, stats: list[str]) -> Watched:
    """Give a watched root at rest: no listing is checked before its turn."""
    watched = watch(listing, FolderWatch())
    wait(lambda: is_at_rest(watched, stats))
    return watched


def watch(listing: SampleListing, by: FolderWatch) -> Watched:
    clock = Moving()
    context = replace(listing.context(), clock=clock)
    return Watched(listing, CatalogScanner(context, watch=by), clock)


def is_at_rest(watched: Watched, stats: list[str]) -> bool:
    stats.clear()
    watched.look(after_s=0)
    return len(listings_in(stats)) == 1


def listings_in(stats: list[str]) -> set[str]:
    """Return the listings whose files were among these."""
    names = {path.split("/outputs/")[1].split("/")[0] for path in stats if "/outputs/" in path}
    return {name for name in names if not name.startswith(".")}  # without the root's own folder


def test_in_a_minute_of_rest_each_listing_is_checked_once(root: Watched, stats: list[str]) -> None:
    """Without the watch a third of these listings, and half of the others, are in each look."""
    stats.clear()
    for _ in range(60):
        root.look()
    names = [path.split("/outputs/")[1].split("/")[0] for path in stats if path.endswith("/.")]
    assert len(set(names)) == _COUNT + 1
    assert len(names) <= 2 * (_COUNT + 1)


CHANGES: dict[str, Callable[[SampleListing], object]] = {
    "row": edit_row,
    "cli": start_a_cli,
    "ack": settle_it,
    "settings": keep_longer,
    "run": begin_a_run,
    "new transcript": lambda listing: listing.write_transcript(SECOND),
    "grown transcript": lambda listing: listing.write_transcript(FIRST, prompt="Another"),
    "no transcript": lambda listing: listing.transcript_path(FIRST).unlink(),
    "no config": lambda listing: shutil.rmtree(listing.config_dir),
    "no database": lambda listing: listing.db_path.unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen_by_the_next_look(
    root: Watched, change: Callable[[SampleListing], object]
) -> None:
    listing = root.listing
    before = root.look(after_s=0).listing(listing.listing_id)
    change(listing)
    after = root.look(after_s=0).listing(listing.listing_id)
    assert after != before
    assert after == CatalogScanner(listing.context()).look().listing(listing.listing_id)


def test_what_is_quiet_tells_of_each_change(root: Watched) -> None:
    """What has locks or folders that nobody watches may change unseen for some seconds."""
    listing = root.listing
    assert root.scanner.is_quiet(listing.listing_id)
    listing.write_transcript(FIRST, prompt="Another")
    root.look(after_s=0)
    assert not root.scanner.is_quiet(listing.listing_id)
    assert wait(lambda: root.look(after_s=0) and root.scanner.is_quiet(listing.listing_id))
    settle_it(listing)
    root.look(after_s=0)
    assert not root.scanner.is_quiet(listing.listing_id)


def test_a_session_s_own_folder_is_checked_within_ten_seconds(root: Watched) -> None:
    """Each may have one, and they are too many to be watched."""
    own = root.listing.transcript_path(FIRST).with_suffix("")
    own.mkdir()
    root.look(after_s=0)
    before = size_of(root, root.look())
    wait(lambda: size_of(root, root.look(after_s=0)) == before)
    (own / "result.txt").write_text("x" * 100)
    for _ in range(10):
        after = root.look()
    assert size_of(root, after) == before + 100


def size_of(root: Watched, catalog: Catalog) -> int:
    session = catalog.session((root.listing.listing_id, FIRST))
    assert session is not None
    return session.bytes


def test_a_listing_in_the_place_of_another_is_read(root: Watched) -> None:
    listing = root.listing
    other = listing.root / "copy_003"
    shutil.rmtree(other / ".claude_sessions")
    root.look(after_s=0)
    listing.folder.rename(listing.root.parent / "away")
    other.rename(listing.folder)
    (found,) = root.look(after_s=0).listing(listing.listing_id).sessions  # type: ignore[union-attr]
    assert found.transcript is None


def test_a_root_in_the_place_of_another_is_read(root: Watched) -> None:
    outputs = root.listing.root
    outputs.rename(outputs.parent / "away")
    assert root.look(after_s=0).problem
    shutil.copytree(outputs.parent / "away", outputs)
    edit_row(root.listing)
    found = root.look(after_s=0).session((root.listing.listing_id, FIRST))
    assert found is not None
    assert found.status == "failed"


def test_lost_events_make_each_listing_be_checked(root: Watched) -> None:
    listing = root.listing
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    for _ in range(most // 2 + 1):
        os.utime(listing.root / "copy_001" / "buyers.db")
        os.utime(listing.root / "copy_002" / "buyers.db")
    edit_row(listing)
    found = root.look(after_s=0).session((listing.listing_id, FIRST))
    assert found is not None
    assert found.status == "failed"


def test_what_is_not_watched_is_checked_as_without_a_watch(listing: SampleListing) -> None:
    """Whoever is granted few watches sees the same, from the disk."""
    few = watch(listing, FolderWatch(most=8))
    for _ in range(3):
        few.look(after_s=0)
    for name in (listing.listing_id, "copy_069"):
        edit_row(replace(listing, listing_id=name))
    for _ in range(2):
        catalog = few.look(after_s=0)
    statuses = [one.sessions[0].status for one in catalog.listings if one.sessions]
    assert statuses.count("failed") == 2


def quiet_in(watched: Watched) -> int:
    """Return how many listings are covered by watches."""
    names = [path.name for path in listing_paths(watched.listing.root)]
    return sum(map(watched.scanner.is_quiet, names))


def test_what_changed_last_is_watched_where_not_all_can_be(listing: SampleListing) -> None:
    """First come, first served would leave the busiest unwatched, and watch what is long over."""
    few = watch(listing, FolderWatch(most=30))
    assert wait(lambda: few.look() and quiet_in(few) in range(3, 8))
    name = listing.listing_id
    assert not few.scanner.is_quiet(name)  # it is older than its copies
    edit_row(listing)
    assert wait(lambda: few.look() and few.scanner.is_quiet(name))
    assert quiet_in(few) < 8
    listing.write_transcript(FIRST, prompt="Another")
    found = few.look(after_s=0).session((name, FIRST))
    assert found is not None
    assert found.title == "Another"


def test_what_has_no_room_is_not_tried_at_each_look(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Watches were added until the bound came, and taken away again, for each listing anew."""
    few = watch(listing, FolderWatch(most=23))
    assert wait(lambda: few.look() and quiet_in(few))
    tried: list[str] = []
    real = FolderWatch.put

    def counted(by: FolderWatch, owner: str, folders: Iterable[str]) -> bool:
        tried.append(owner)
        return real(by, owner, folders)

    def is_tried() -> bool:
        tried.clear()
        for _ in range(30):
            few.look()
        return bool(tried)

    monkeypatch.setattr(FolderWatch, "put", counted)
    assert wait(lambda: not is_tried())
