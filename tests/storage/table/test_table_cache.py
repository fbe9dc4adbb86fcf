"""A database is opened again whenever it may have changed, and no file of the cache is trusted."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing
from tui.core.errors import DatabaseProblem, NotTracked
from tui.core.models.row import Row
from tui.core.time.zones import LOCAL
from tui.operations.catalog.scanner import CatalogScanner
from tui.safe_io.folders import stamp_of
from tui.storage.index.erasure_marks import erasure_of, mark_erased
from tui.storage.index.index import Index, Said, index_path
from tui.storage.table.table_cache import TableCache
from tui.storage.table.tracking import Tracking, read_table

MANY, FEW = 9, 4  # so many are no reason to write
LATER_NS = 3_000_000_000


def soon() -> int:
    """Say that what was written just now is old enough to be told by its times."""
    return time.time_ns() + LATER_NS


@pytest.fixture
def listings(tmp_path: Path) -> list[SampleListing]:
    found = [SampleListing(tmp_path / "outputs", f"listing_{number}") for number in range(MANY)]
    found[0].track(FIRST, metadata={"last_error": "état \ud83d\ude00"})
    for one in found[1:]:
        one.folder.mkdir()
        shutil.copy(found[0].db_path, one.db_path)
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = index_path(tmp_path / "cache", tmp_path)
    assert found is not None
    return found


def rows(cache: TableCache, listings: list[SampleListing]) -> list[tuple[Row, ...]]:
    return [cache.table_of(str(one.db_path)).rows for one in listings]


def kept(path: Path, listings: list[SampleListing]) -> None:
    index = Index(path)
    rows(TableCache(index, soon), listings)
    index.save()


@contextmanager
def locked(listings: list[SampleListing]) -> Iterator[None]:
    """Let whoever opens one of these databases be told that it is locked."""
    with ExitStack() as held:
        for one in listings:
            pipeline = held.enter_context(closing(sqlite3.connect(one.db_path)))
            pipeline.execute("BEGIN EXCLUSIVE")
        yield


def test_what_did_not_change_is_not_opened_by_the_next_process(
    listings: list[SampleListing], path: Path
) -> None:
    row = read_table(listings[-1].db_path).rows[0]
    Tracking(listings[-1].db_path, LOCAL, "anna").mark_failed(
        row.session_id, now=datetime.now(UTC), reason="it hung"
    )
    expected = [read_table(one.db_path) for one in listings]
    kept(path, listings)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    again = TableCache(Index(path), soon)
    with locked(listings):
        found = [again.table_of(str(one.db_path)) for one in listings]
    assert [(one.rows, dict(one.audited)) for one in found] == [
        (one.rows, dict(one.audited)) for one in expected
    ]
    assert found[-1].audited[FIRST].action == "fail"


def commit(listing: SampleListing) -> None:
    with closing(sqlite3.connect(listing.db_path)) as pipeline, pipeline:
        pipeline.execute("UPDATE claude_sessions SET stage = 'stage_4'")


def commit_to_the_log(listing: SampleListing) -> None:
    """Leave what was committed in the log, as a pipeline does that is killed."""
    if (pid := os.fork()) == 0:
        pipeline = sqlite3.connect(listing.db_path)
        pipeline.execute("UPDATE claude_sessions SET stage = 'stage_4'")
        pipeline.commit()
        os._exit(0)
    os.waitpid(pid, 0)
    assert listing.db_path.with_name("buyers.db-wal").stat().st_size


def replace_alike(listing: SampleListing) -> None:
    """Put another database in its place, of the same size and mtime."""
    status = listing.db_path.stat()
    other = listing.db_path.with_name("other.db")
    other.write_bytes(listing.db_path.read_bytes().replace(b"stage_3", b"stage_4"))
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(listing.db_path)


def write_alike(listing: SampleListing) -> None:
    """Write into the very file, and put its mtime back."""
    status = listing.db_path.stat()
    listing.db_path.write_bytes(listing.db_path.read_bytes().replace(b"stage_3", b"stage_4"))
    os.utime(listing.db_path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("change", [commit, commit_to_the_log, replace_alike, write_alike])
def test_every_change_is_seen(
    listings: list[SampleListing], path: Path, change: Callable[[SampleListing], None]
) -> None:
    last = listings[-1]
    if change is commit_to_the_log:
        with closing(sqlite3.connect(last.db_path)) as pipeline:
            pipeline.execute("PRAGMA journal_mode = WAL")
    kept(path, listings)
    again = TableCache(Index(path), soon)
    assert rows(again, listings)[-1][0].stage == "stage_3"
    change(last)
    assert rows(again, listings)[-1][0].stage == "stage_4"
    assert rows(TableCache(Index(path), soon), listings)[-1][0].stage == "stage_4"


def test_a_journal_that_a_killed_writer_left_is_recovered(
    listings: list[SampleListing], path: Path
) -> None:
    kept(path, listings)
    journal = listings[-1].db_path.with_name("buyers.db-journal")
    journal.write_bytes(b"\0" * 512)
    with locked(listings[-1:]), pytest.raises(DatabaseProblem, match="locked"):
        rows(TableCache(Index(path), soon), listings)


def test_what_was_written_a_moment_ago_is_not_kept(
    listings: list[SampleListing], path: Path
) -> None:
    """A second commit in the same tick of the clock might leave size and times as they are."""
    kept(path, listings)
    commit(listings[-1])
    index = Index(path)
    cache = TableCache(index)
    rows(cache, listings)
    with locked(listings), pytest.raises(DatabaseProblem, match="locked"):
        rows(cache, listings)
    index.save()
    assert b"stage_4" not in path.read_bytes()


@pytest.mark.parametrize("make", ["link", "folder", "nothing"])
def test_what_is_no_database_any_more_is_an_error(
    listings: list[SampleListing], path: Path, make: str
) -> None:
    kept(path, listings)
    db_path = listings[-1].db_path
    db_path.rename(db_path.with_name("moved.db"))
    if make == "link":
        db_path.symlink_to("moved.db")
    elif make == "folder":
        db_path.mkdir()
    with pytest.raises(DatabaseProblem):
        rows(TableCache(Index(path), soon), listings)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "[" * 100_000, "7", '[[["a", "b", "c", "d", "e", "f", "g"]]]', "[1, 2]",
     '[[["a"]], []]', '[["1234567"], {}]', "[[[1, 2, 3, 4, 5, 6, 7]], []]",
     '[[[null, "b", "c", "d", "e", "f", "g"]], []]', '[[["a", null, "c", "d", "e", "f", "g"]], []]',
     '[[["\\ud800", "b", "c", "d", "e", "f", "g"]], []]', "[[{}], []]", "[[], [{}]]",
     "[[], [[{}]]]"],
)  # fmt: skip
def test_garbage_is_no_cache(listings: list[SampleListing], content: str) -> None:
    class Garbage(Index):
        def table(self, folder: str | Path, erasure: str) -> Said | None:
            status = (Path(folder) / "buyers.db").stat()
            return ":".join(map(str, stamp_of(status))), content

    cache = TableCache(Garbage(), soon)
    assert rows(cache, listings)[-1] == read_table(listings[-1].db_path).rows


def test_many_writers_leave_a_whole_file(listings: list[SampleListing], path: Path) -> None:
    halves = listings[:5], listings[-5:]
    threads = [threading.Thread(target=kept, args=(path, half)) for half in halves * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    index = Index(path)
    found = [index.table(one.folder, "") is not None for one in listings]
    assert sum(found) >= len(halves[0])
    index.save()
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_what_cannot_be_kept_is_no_reason_to_write(
    listings: list[SampleListing], path: Path, tmp_path: Path
) -> None:
    kept(path, listings)
    before = stamp_of(path.stat())
    index = Index(path)
    cache = TableCache(index, soon)
    rows(cache, listings)
    for number in range(2 * FEW):
        with closing(sqlite3.connect(tmp_path / f"{number}.db")) as pipeline:
            pipeline.execute("CREATE TABLE buyers (name)")
        with pytest.raises(NotTracked):
            cache.table_of(str(tmp_path / f"{number}.db"))
    index.save()
    assert stamp_of(path.stat()) == before


def test_what_was_erased_since_it_was_read_is_not_written_down(
    listings: list[SampleListing], path: Path
) -> None:
    """Of a session that was erased meanwhile nothing may come back."""
    index = Index(path)
    rows(TableCache(index, soon), listings)
    mark_erased(listings[-1].folder)
    index.save()
    last = listings[-1].folder
    assert Index(path).table(last, erasure_of(last)) is None
    assert Index(path).table(listings[0].folder, "") is not None


def test_a_look_goes_by_the_cache_and_sees_what_others_did(
    listings: list[SampleListing], tmp_path: Path
) -> None:
    context = listings[0].context(cache_dir=tmp_path / "cache")
    time.sleep(2.1)
    CatalogScanner(context).look()
    assert (path := index_path(tmp_path / "cache", context.root)) is not None
    assert path.exists()
    with locked(listings):
        assert [one.problem for one in CatalogScanner(context).look().listings] == [""] * MANY
    commit(listings[-1])
    watch = CatalogScanner(context)
    assert watch.look().sessions[-1].stage == "stage_4"
    assert watch.look().sessions[-1].stage == "stage_4"
