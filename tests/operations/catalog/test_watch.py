"""Repeated scans: changes are seen, a hung listing blocks nothing, little is read."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.bench.catalog import sample_root
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, register
from tests.support.place import REPOSITORY
from tests.support.processes.runs_site import wait
from tui.core.models.catalog import Catalog
from tui.core.models.session import Acknowledgement
from tui.operations.catalog.scanner import CatalogScanner, listing_paths
from tui.safe_io.processes import own_domain
from tui.safe_io.replacing import write_atomically
from tui.storage.state.acknowledgements import write_ack


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    return SampleListing(tmp_path / "outputs")


class Moving:
    """A clock that only moves when it is told to."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


def with_listings(listing: SampleListing, count: int) -> None:
    """Copy a listing's files: quicker than creating as many through the guide's code."""
    for number in range(count):
        shutil.copytree(listing.folder, listing.root / f"copy_{number:03}")


def settled(watch: CatalogScanner, *, looks: int = 3) -> Catalog:
    """Look until no file is so new that it could change unnoticed."""
    time.sleep(0.06)
    return [watch.look() for _ in range(looks)][-1]


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_look_sees_what_changed_since_the_last(listing: SampleListing, journal: str) -> None:
    """A stamp without the write-ahead log would miss a WAL commit."""
    listing.add(FIRST)
    watch = CatalogScanner(listing.context())
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute(f"PRAGMA journal_mode = {journal}")
        for status in ("failed", "active", "expired"):
            settled(watch)
            pipeline.execute("UPDATE claude_sessions SET status = ?", (status,))
            assert watch.look().sessions[0].status == status
            assert watch.look().sessions[0].status == status


def test_a_second_change_within_one_tick_of_the_disk_s_clock_is_seen(
    listing: SampleListing,
) -> None:
    """Such a change leaves size and mtime as they were, so new files are read again."""
    listing.add(FIRST)
    watch = CatalogScanner(listing.context())
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        settled(watch)
        for status in ("failed", "active") * 3:
            pipeline.execute("UPDATE claude_sessions SET status = ?", (status,))
            at = time.time_ns()
            for path in (listing.db_path, listing.folder):
                os.utime(path, ns=(at, at))
            watch.look()
            other = "active" if status == "failed" else "failed"
            pipeline.execute("UPDATE claude_sessions SET status = ?", (other,))
            for path in (listing.db_path, listing.folder):
                os.utime(path, ns=(at, at))
            assert watch.look().sessions[0].status == other


def test_what_did_not_change_is_the_same_object(listing: SampleListing) -> None:
    listing.add(FIRST)
    with_listings(listing, 3)
    watch = CatalogScanner(listing.context())
    first, second = settled(watch), watch.look()
    pairs = zip(first.listings, second.listings, strict=True)
    assert all(one is other for one, other in pairs)
    os.utime(listing.root / "copy_001" / "buyers.db")
    third = watch.look()
    assert all(one is other for one, other in zip(first.listings, third.listings, strict=True))
    (listing.root / "copy_001" / "buyers.db").unlink()
    fourth = watch.look()
    changed = [one is other for one, other in zip(first.listings, fourth.listings, strict=True)]
    assert changed == [True, False, True, True]


def edit_row(listing: SampleListing) -> None:
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute("UPDATE claude_sessions SET status = 'failed'")


def start_a_cli(listing: SampleListing) -> None:
    register(listing.config_dir)


def settle_it(listing: SampleListing) -> None:
    ack = Acknowledgement("anna", datetime.now(UTC), "mark")
    write_ack(listing.folder, FIRST, ack)


def keep_longer(listing: SampleListing) -> None:
    path = listing.config_dir / "settings.json"
    write_atomically(path, '{"cleanupPeriodDays": 90}')


def begin_a_run(listing: SampleListing) -> None:
    run = listing.folder / ".session_console" / "runs" / "20261120T143000Z-0001"
    run.mkdir(parents=True)
    (run / "spec.json").write_text(json.dumps({"session_id": FIRST}))


@pytest.mark.parametrize(
    "change",
    [
        edit_row,
        start_a_cli,
        settle_it,
        keep_longer,
        begin_a_run,
        lambda listing: listing.write_transcript(SECOND),
        lambda listing: listing.transcript_path(FIRST).unlink(),
        lambda listing: shutil.rmtree(listing.config_dir),
    ],
    ids=["row", "cli", "ack", "settings", "run", "new transcript", "no transcript", "no config"],
)
def test_what_others_change_is_seen_by_the_second_look(
    listing: SampleListing, change: Callable[[SampleListing], object]
) -> None:
    """There are so many listings that taking turns alone would reach this one much later."""
    listing.add(FIRST)
    with_listings(listing, 70)
    clock = Moving()
    watch = CatalogScanner(replace(listing.context(), clock=clock))
    before = settled(watch).listing(listing.listing_id)
    change(listing)
    watch.look()
    after = watch.look().listing(listing.listing_id)
    assert after != before
    assert after == CatalogScanner(listing.context()).look().listing(listing.listing_id)


def test_a_transcript_that_grows_silently_is_seen_within_ten_seconds(
    listing: SampleListing,
) -> None:
    listing.add(FIRST)
    with_listings(listing, 70)
    clock = Moving()
    watch = CatalogScanner(replace(listing.context(), clock=clock))
    settled(watch)
    sizes = set()
    for folder in listing_paths(listing.root):
        for path in (folder / ".claude_sessions" / "projects").rglob("*.jsonl"):
            with path.open("a") as file:
                file.write("{}\n")
            sizes.add(path.stat().st_size)
    for _ in range(10):
        clock.now += timedelta(seconds=1)
        catalog = watch.look()
    assert {one.bytes for one in catalog.sessions} == sizes
    assert len(sizes) == 1


def test_what_is_live_is_looked_at_each_time(listing: SampleListing) -> None:
    listing.add(FIRST)
    with_listings(listing, 70)
    start_a_cli(listing)
    watch = CatalogScanner(replace(listing.context(), clock=Moving()))
    settled(watch)
    for _ in range(5):
        with listing.transcript_path(FIRST).open("a") as file:
            file.write("{}\n")
        session = watch.look().session((listing.listing_id, FIRST))
        assert session is not None
        assert session.bytes == listing.transcript_path(FIRST).stat().st_size


@contextmanager
def hanging(path: Path) -> Iterator[None]:
    """Make every open of this file hang, as on a disk that does not answer."""
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)  # the signal to the owner of a lease
    fd = os.open(path, os.O_RDWR)
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    try:
        yield
    finally:
        os.close(fd)
        signal.signal(signal.SIGIO, before)


def test_a_listing_that_hangs_is_shown_as_it_was_and_holds_up_no_other(
    listing: SampleListing,
) -> None:
    """With one thread, or waiting for the whole pool, nothing would be shown."""
    listing.add(FIRST)
    hung = replace(listing, listing_id="hung")
    hung.add(SECOND)
    watch = CatalogScanner(listing.context())
    settled(watch)
    edit_row(hung)
    edit_row(listing)
    with hanging(hung.db_path):
        for _ in range(2):
            good, late = watch.look().listings
            assert (late.is_stale, late.problem[:15]) == (True, "does not answer")
            assert [(one.session_id, one.status) for one in late.sessions] == [(SECOND, "active")]
            assert (good.problem, good.sessions[0].status) == ("", "failed")
            wait(lambda: len([one for one in threading.enumerate() if one.name == "look"]) == 1)
    late = wait(lambda: next((one for one in watch.look().listings[1:] if not one.is_stale), None))
    assert (late.problem, late.sessions[0].status) == ("", "failed")


def test_what_hangs_is_named_in_every_look_of_a_large_root(listing: SampleListing) -> None:
    """If it were only checked in its turn, its reason would come and go."""
    listing.add(FIRST)
    with_listings(listing, 150)
    watch = CatalogScanner(listing.context())
    settled(watch)
    edit_row(listing)
    with hanging(listing.db_path):
        looks = [watch.look().listing(listing.listing_id) for _ in range(7)]
    assert [one is not None and one.is_stale for one in looks[1:]] == [True] * 6


def test_a_first_look_shows_what_answers(listing: SampleListing) -> None:
    listing.add(FIRST)
    hung = replace(listing, listing_id="hung")
    hung.add(SECOND)
    with hanging(hung.db_path):
        good, late = CatalogScanner(listing.context()).look().listings
    assert (len(good.sessions), good.problem) == (1, "")
    assert (late.sessions, late.is_stale, late.has_rows) == ((), True, False)
    assert late.problem.startswith("does not answer")


def test_a_dozen_hung_listings_blind_nobody(listing: SampleListing) -> None:
    """Eight used to occupy all threads, so that the root itself was not read any more."""
    listing.add(FIRST)
    with ExitStack() as stack:
        for number in range(12):
            hung = replace(listing, listing_id=f"a_hung_{number}")  # sorts before the others
            hung.add(SECOND)
            stack.enter_context(hanging(hung.db_path))
        watch = CatalogScanner(listing.context())

        def is_seen(title: str) -> bool:
            catalog = watch.look()
            assert catalog.problem == ""
            good = catalog.listing(listing.listing_id)
            assert good is not None
            return [one.title for one in good.sessions] == [title]

        wait(lambda: is_seen("Strategic buyers, pumps"))
        listing.write_transcript(FIRST, prompt="Another", age=timedelta(0))
        wait(lambda: is_seen("Another"))


LOCKS = {
    "shared": ("BEGIN", "SELECT * FROM claude_sessions"),
    "reserved": ("BEGIN IMMEDIATE", "SELECT 1"),
    "writing": ("BEGIN IMMEDIATE", "UPDATE claude_sessions SET stage = 'torn'"),
    "exclusive": ("BEGIN EXCLUSIVE", "UPDATE claude_sessions SET stage = 'torn'"),
}


@pytest.mark.parametrize("journal", ["delete", "wal"])
@pytest.mark.parametrize("lock", LOCKS)
def test_one_locked_database_of_many_holds_up_no_other(journal: str, lock: str) -> None:
    with sample_root(500, 1) as root:
        db_path = root / "listing_0007" / "buyers.db"
        with closing(sqlite3.connect(db_path, isolation_level=None)) as pipeline:
            pipeline.execute(f"PRAGMA journal_mode = {journal}")
            for statement in LOCKS[lock]:
                pipeline.execute(statement).fetchall()
            watch = CatalogScanner(SampleListing(root).context())
            for _ in range(2):
                listings = watch.look().listings
                problems = {one.path.name: one.problem for one in listings if one.problem}
                is_locked = (journal, lock) == ("delete", "exclusive")
                words = {"listing_0007": "buyers.db is locked by another program"}
                assert problems == (words if is_locked else {})
                stages = [one.stage for listing in listings for one in listing.sessions]
                assert stages.count("stage_3") == (499 if is_locked else 500)


FLEET = """
import resource, sys, threading, time
from datetime import UTC, datetime
from pathlib import Path
from tui.operations.context import Context
from tui.operations.catalog.scanner import CatalogScanner
from tui.settings import Settings
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
most, is_over = 0, False
def count():
    global most
    while not is_over:
        most = max(most, sum(one.name == "look" for one in threading.enumerate()))
        time.sleep(0.002)
threading.Thread(target=count).start()
watch = CatalogScanner(Context(Settings(root=Path(sys.argv[1])), lambda: datetime.now(UTC)))
for _ in range(2):
    catalog = watch.look()
is_over = True
problems = [one.problem for one in catalog.listings if one.problem]
print(len(catalog.listings), len(catalog.sessions), len(problems), most <= 24)
"""


def test_a_fleet_is_shown_with_few_descriptors_and_threads() -> None:
    """Eight, and twice as many where a machine is so slow that they count as stuck."""
    with sample_root(1000, 10) as root:
        found = subprocess.run(
            [sys.executable, "-c", FLEET, str(root)],
            capture_output=True,
            text=True,
            check=True,
            cwd=REPOSITORY,
        )
    assert found.stdout.split() == ["1000", "10000", "0", "True"]


def test_a_run_whose_container_is_gone_is_lost(listing: SampleListing) -> None:
    """Only whoever sees all processes of the machine can tell; for others it may still run."""
    listing.add(FIRST)
    begin_a_run(listing)
    folder = listing.folder / ".session_console" / "runs" / "20261120T143000Z-0001"
    machine, namespace = own_domain().split(":", 2)[1:]
    gone = {"pid": os.getpid(), "proc_start": "1", "pid_domain": f"linux:{machine}:pid:[1]"}
    (folder / "owner.json").write_text(json.dumps(gone))
    run = listing.session(FIRST).run
    assert run is not None
    assert (run.state == "lost") is (namespace == "pid:[4026531836]")
