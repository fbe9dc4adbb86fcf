"""Scanning a root: everything is joined, a bad listing blocks no other, nothing changes."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, register, snapshot
from tests.support.place import REPOSITORY
from tests.support.processes.runs_site import wait
from tui.core.models.catalog import Hold
from tui.core.models.session import Acknowledgement, Liveness, State
from tui.core.time.zones import LOCAL
from tui.operations.catalog.listing_watcher import ListingWatcher
from tui.operations.catalog.scanner import CatalogScanner, listing_paths
from tui.safe_io.processes import started
from tui.storage.index.erasure_marks import generation_of, mark_erased
from tui.storage.session_locks import SessionLock
from tui.storage.state.acknowledgements import write_ack
from tui.storage.state.hold import write_hold
from tui.storage.table.tracking import Tracking


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    return SampleListing(tmp_path / "outputs")


def test_rows_files_locks_and_registry_are_joined(listing: SampleListing) -> None:
    listing.add(FIRST, metadata={"workers": 8})
    listing.track("9f2e0000")
    listing.write_transcript(SECOND)
    with SessionLock.take(listing.folder, FIRST):
        catalog = CatalogScanner(listing.context()).look()
    states = {one.session_id: (one.state, one.liveness) for one in catalog.sessions}
    assert states == {
        FIRST: (State.OK, Liveness.BUSY),
        "9f2e0000": (State.GHOST, Liveness.NONE),
        SECOND: (State.UNTRACKED, Liveness.NONE),
    }
    session = catalog.session((listing.listing_id, FIRST))
    assert session is not None
    assert (session.title, session.model) == ("Strategic buyers, pumps", "claude-sonnet-4-5")
    assert catalog.free_bytes


def test_a_process_of_the_registry_is_seen(listing: SampleListing) -> None:
    listing.add(FIRST)
    register(listing.config_dir, status="waiting", waitingFor="permission prompt")
    assert listing.session(FIRST).liveness is Liveness.WAITING


def test_one_bad_listing_holds_up_no_other_and_its_last_rows_stay(listing: SampleListing) -> None:
    broken = replace(listing, listing_id="broken")
    listing.add(FIRST)
    broken.add(SECOND)
    watch = CatalogScanner(listing.context())
    watch.look()
    with closing(sqlite3.connect(broken.db_path, isolation_level=None)) as pipeline:
        pipeline.execute("UPDATE claude_sessions SET stage = '4'")
        pipeline.execute("BEGIN EXCLUSIVE")
        bad, good = watch.look().listings
    assert bad.problem == "buyers.db is locked by another program"
    assert bad.is_stale
    assert [one.session_id for one in bad.sessions] == [SECOND]
    assert (good.problem, good.is_stale, len(good.sessions)) == ("", False, 1)
    assert watch.look().listings[0].problem == ""


def test_nothing_is_called_untracked_while_nobody_can_read_the_table(
    listing: SampleListing,
) -> None:
    listing.add(FIRST)
    watch = CatalogScanner(listing.context())
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute("BEGIN EXCLUSIVE")
        (unread,) = watch.look().sessions
    assert (unread.state, unread.status, unread.expires_at) == (State.OK, "", None)
    (read,) = watch.look().sessions
    assert (read.state, read.status) == (State.OK, "active")
    listing.db_path.unlink()
    (untracked,) = CatalogScanner(listing.context()).look().sessions
    assert untracked.state is State.UNTRACKED


def test_looking_changes_no_byte_and_no_mtime(listing: SampleListing) -> None:
    listing.add(FIRST)
    listing.write_transcript(SECOND)
    (listing.root / "empty").mkdir()
    (listing.root / "odd").mkdir()
    (listing.root / "odd" / "buyers.db").write_text("not a database")
    before = snapshot(listing.root)
    watch = CatalogScanner(listing.context())
    watch.look()
    watch.look()
    assert snapshot(listing.root) == before


def test_only_real_folders_are_listings(listing: SampleListing, tmp_path: Path) -> None:
    listing.add(FIRST)
    (listing.root / "linked").symlink_to(listing.folder)
    (listing.root / ".hidden").mkdir()
    (listing.root / "file").write_text("")
    catalog = CatalogScanner(listing.context()).look()
    assert [one.listing_id for one in catalog.listings] == [listing.listing_id]
    assert CatalogScanner(listing.context()).look("linked").sessions == ()
    assert listing_paths(listing.root) == (listing.folder,)
    assert listing_paths(tmp_path / "missing") == ()


def test_a_linked_config_dir_is_named_and_not_read(listing: SampleListing, tmp_path: Path) -> None:
    listing.add(FIRST)
    listing.config_dir.rename(tmp_path / "elsewhere")
    listing.config_dir.symlink_to(tmp_path / "elsewhere")
    (one,) = CatalogScanner(listing.context()).look().listings
    assert one.problem == ".claude_sessions is a link, and links are not followed"
    assert one.sessions[0].state is State.GHOST


LOOK = """
import os, sys
from dataclasses import replace
from pathlib import Path
from tests.support.listings.sample_listing import SampleListing
from tui.core.errors import ConsoleError
from tui.operations.trash.restore import restore
from tui.operations.catalog.listing_watcher import ListingWatcher
from tui.operations.catalog.scanner import CatalogScanner
root = Path(sys.argv[1])
context = SampleListing(root).context()
watch = CatalogScanner(context)
watch.look()
(root / "closed").chmod(0o600)
if os.geteuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)
for one in watch.look().listings:
    print(one.listing_id, len(one.sessions), one.is_stale, one.problem)
try:
    restore(context, "9f2c")
except ConsoleError as error:
    print(error)
"""


def test_a_listing_that_may_not_be_read_is_a_problem_of_its_own() -> None:
    """Runs as a user who is bound by permissions; root is not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        for listing_id in ("closed", "open"):
            SampleListing(Path(name), listing_id).add(FIRST)
        found = subprocess.run(
            [sys.executable, "-c", LOOK, name],
            capture_output=True,
            text=True,
            check=True,
            cwd=REPOSITORY,
        )
    assert found.stdout.splitlines() == [
        "closed 1 True closed cannot be read by this login",
        "open 1 False ",
        "'9f2c' was not found in the trash; not all of the trash of closed was read: "
        "Permission denied",
    ]


@pytest.mark.parametrize("only", [None, "hollis_park"])
@pytest.mark.parametrize("kind", ["missing", "file"])
def test_a_root_that_is_none_is_a_problem_in_words(
    tmp_path: Path, only: str | None, kind: str
) -> None:
    root = tmp_path / "outputs"
    if kind == "file":
        root.write_text("")
    problem = CatalogScanner(SampleListing(root).context()).look(only).problem
    assert problem == (
        f"there is no folder {root}: name the root with --root DIR"
        if kind == "missing"
        else f"{root}: Not a directory"
    )


@pytest.mark.parametrize("stamp", ["0001-01-01T00:00:00", "9999-12-31T23:59:59Z", "soon", None, 7])
def test_no_stamp_stops_a_look(listing: SampleListing, stamp: object) -> None:
    listing.add(FIRST)
    run = listing.folder / ".session_console" / "runs" / "20261120T143000Z-0001"
    run.mkdir(parents=True)
    (run / "spec.json").write_text(json.dumps({"session_id": FIRST, "created_at": stamp}))
    entry = {"pid": os.getpid(), "sessionId": FIRST, "procStart": started(os.getpid())}
    (listing.config_dir / "sessions").mkdir()
    for moment in (0, -1, 1795000000000, 253402300799000, 10**30, stamp):
        text = json.dumps(entry | {"startedAt": moment})
        (listing.config_dir / "sessions" / f"{os.getpid()}.json").write_text(text)
        assert listing.session(FIRST).is_live


def test_hostile_files_stop_no_look(listing: SampleListing) -> None:
    listing.add(FIRST)
    for place in ("settings.json", "sessions/1.json", "projects/-x/pipe.jsonl", "debug"):
        path = listing.config_dir / place
        path.parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(path)
    run = listing.folder / ".session_console" / "runs" / "20261120T143000Z-0001"
    run.mkdir(parents=True)
    for name in ("spec.json", "events.jsonl", "owner.json", "heartbeat"):
        os.mkfifo(run / name)
    hostile = listing.root / os.fsdecode(b"\xff\x1b[31mevil")
    hostile.mkdir()
    catalog = CatalogScanner(listing.context()).look()
    assert {one.session_id for one in catalog.sessions} == {FIRST}
    assert [one.listing_id for one in catalog.listings] == ["hollis_park", "evil"]


def start_a_cli(listing: SampleListing) -> None:
    register(listing.config_dir)


def settle_it(listing: SampleListing) -> None:
    ack = Acknowledgement("anna", datetime.now(UTC), "mark")
    write_ack(listing.folder, FIRST, ack)


def test_a_stray_is_joined_to_its_listing(listing: SampleListing, tmp_path: Path) -> None:
    home = tmp_path / "home" / ".claude"
    listing.track(FIRST)
    listing.write_transcript(SECOND)
    stray = home / "projects" / "-app" / f"{FIRST}.jsonl"
    stray.parent.mkdir(parents=True)
    listing.write_transcript(FIRST).rename(stray)
    start_a_cli(replace(listing, root=tmp_path, listing_id="away"))
    (tmp_path / "away" / ".claude_sessions" / "sessions").rename(home / "sessions")
    (home / "settings.json").write_text('{"cleanupPeriodDays": 3}')
    watch = CatalogScanner(listing.context(claude_home=home))
    for _ in range(2):
        sessions = {one.session_id: one for one in watch.look().sessions}
        ours, other = sessions[FIRST], sessions[SECOND]
        assert (ours.is_stray, ours.state, ours.liveness) == (True, State.OK, Liveness.BUSY)
        assert ours.transcript is not None
        assert ours.sweep_at == ours.transcript.modified_at + timedelta(days=3)
        assert (other.is_stray, other.liveness) == (False, Liveness.NONE)
    listing.write_transcript(FIRST)
    assert not listing.session(FIRST).is_stray
    assert not watch.look().sessions[0].is_stray


def test_a_hold_an_ack_and_an_overwritten_row_are_told(listing: SampleListing) -> None:
    listing.add(FIRST)
    session = listing.session(FIRST)
    assert session.row is not None
    longer = replace(session.row, expires_at="2099-01-01T00:00:00")
    tracking = Tracking(listing.db_path, LOCAL, "anna")
    tracking.change(session.row, longer, action="extend", now=datetime.now(UTC))
    listing.track(FIRST)
    settle_it(listing)
    write_hold(listing.root, Hold("anna", datetime.now(UTC), "a move"))
    catalog = CatalogScanner(listing.context()).look()
    assert catalog.hold is not None
    assert (catalog.hold.by, catalog.hold.reason) == ("anna", "a move")
    (one,) = catalog.sessions
    assert one.ack is not None
    assert one.ack.by == "anna"
    assert one.overwritten is not None
    assert one.overwritten.expires_at == longer.expires_at


def test_an_erasure_generation_is_told_once_every_listing_was_read_after_it(
    listing: SampleListing,
) -> None:
    """Until then some of what is known may be from before the erasure."""
    listing.add(FIRST)
    for number in range(40):
        shutil.copytree(listing.folder, listing.root / f"copy_{number:02}")
    now = [datetime.now(UTC)]
    watch = CatalogScanner(replace(listing.context(), clock=lambda: now[0]))
    assert watch.look().erasure == generation_of(listing.root)
    mark_erased(listing.root)
    now[0] += timedelta(seconds=1)
    assert watch.look().erasure == ""
    now[0] += timedelta(seconds=10)
    assert watch.look().erasure == generation_of(listing.root)


def test_a_reading_that_began_before_an_erasure_tells_nothing_of_it(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing.add(FIRST)
    watch = CatalogScanner(listing.context())
    watch.look()
    goes_on = threading.Event()
    refresh = ListingWatcher.refresh

    def late(watcher: ListingWatcher, *, is_slice: bool, is_covered: bool = False) -> None:
        refresh(watcher, is_slice=is_slice, is_covered=is_covered)
        goes_on.wait(60)

    monkeypatch.setattr(ListingWatcher, "refresh", late)
    assert watch.look().listings[0].is_stale
    mark_erased(listing.root)
    found = watch.look()
    assert (found.erasure, found.is_fresh) == ("", False)
    monkeypatch.undo()
    goes_on.set()
    wait(lambda: not any(one.name == "look" for one in threading.enumerate()))
    found = watch.look()
    assert (found.erasure, found.is_fresh) == (generation_of(listing.root), True)
