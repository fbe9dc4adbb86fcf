"""Browsing changes no byte and no mtime; every bad listing has its line."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.operations.running.test_steer import add_run
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli, snapshot
from tests.support.processes.children import Child
from tests.support.verb_lines import verb_lines
from tui.storage.session_locks import SessionLock

LOOKS = (["ls", "--json"], ["tail", SECOND], *verb_lines(acting=False, session=FIRST))


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    """A root with one good listing and one bad of each kind."""
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    path = listing.write_transcript(SECOND)
    path.write_bytes(path.read_bytes() + b'\0\0{"type": "new-thing"}\n{"type": "user", "mess')
    for name in ("missing", "text", "corrupt", "pipe", "directory", "table"):
        (listing.root / name).mkdir()
    (listing.root / "text" / "buyers.db").write_text("name,city\n" * 100)
    broken = replace(listing, listing_id="corrupt")
    broken.track(FIRST.replace("9f2c", "77ab"))
    content = bytearray(broken.db_path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    broken.db_path.write_bytes(content)
    os.mkfifo(listing.root / "pipe" / "buyers.db")
    (listing.root / "directory" / "buyers.db").mkdir()
    with closing(sqlite3.connect(listing.root / "table" / "buyers.db")) as pipeline:
        pipeline.execute("CREATE TABLE buyers (name TEXT)")
    return listing


@pytest.mark.parametrize("words", LOOKS, ids=" ".join)
def test_a_look_changes_nothing(listing: SampleListing, words: list[str]) -> None:
    before = snapshot(listing.root)
    done = run_cli(listing.root, *words)
    is_refused = words == ["trash", FIRST] or words[0] in ("fleet", "hosts")  # neither is there
    assert done.returncode in (0, 1) or (is_refused and done.returncode in (3, 4))
    assert "Traceback" not in done.stderr
    assert snapshot(listing.root) == before


def test_every_bad_listing_has_its_line_and_the_good_one_is_shown(listing: SampleListing) -> None:
    done = run_cli(listing.root, "ls")
    assert done.returncode == 1
    assert sorted(done.stderr.splitlines()) == [
        "corrupt: buyers.db is damaged",
        "directory: buyers.db is not a file",
        "missing: no buyers.db yet",
        "pipe: buyers.db is not a file",
        "table: buyers.db has no claude_sessions table yet",
        "text: buyers.db is not a SQLite database",
    ]
    assert FIRST[:4] in done.stdout


@pytest.mark.parametrize(("name", "says"), [("missing", "no sessions yet"), ("text", "`doctor`")])
def test_what_cannot_be_read_is_not_called_empty(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / name).mkdir()
    if name == "text":
        (tmp_path / name / "buyers.db").write_text("name,city\n" * 100)
    last = run_cli(tmp_path, "ls", name).stderr.replace("session-console ", "").splitlines()[-1]
    assert says in last
    assert ("no sessions yet" in last) is (name == "missing")


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize("stored", ["9999-12-31T23:59:59", "0001-01-01T00:00:00", "soon"])
def test_a_date_at_the_calendars_end_is_shown_everywhere(
    listing: SampleListing, zone: str, stored: str
) -> None:
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute("UPDATE claude_sessions SET expires_at = ?", (stored,))
    for words in (["ls", "hollis_park"], ["show", FIRST], ["show", FIRST, "--json"]):
        done = run_cli(listing.root, *words, TZ=zone)
        assert (done.returncode, done.stderr) == (0, "")


def test_a_torn_transcript_is_shown_as_far_as_it_can_be_read(listing: SampleListing) -> None:
    done = run_cli(listing.root, "tail", SECOND)
    assert "Strategic buyers, pumps" in done.stdout
    assert "unknown type 'new-thing'" in done.stdout


@pytest.mark.parametrize("is_running", [True, False])
def test_the_cost_is_told_without_the_turn_that_is_running(
    listing: SampleListing, is_running: bool
) -> None:
    with listing.transcript_path(FIRST).open("a") as file:
        file.write(json.dumps({"type": "cost-state", "totalCostUSD": 0.53}) + "\n")
    with ExitStack() as stack:
        if is_running:
            add_run(listing)
            stack.enter_context(SessionLock.take(listing.folder, FIRST))
        done = run_cli(listing.root, "show", FIRST)
    said = next(one for one in done.stdout.splitlines() if one.strip().startswith("cost"))
    more = ", without the turn that is running" if is_running else ""
    assert said.partition("cost")[2].strip() == f"$0.53{more}"


@contextmanager
def locked(listing: SampleListing) -> Iterator[None]:
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute("BEGIN EXCLUSIVE")
        yield


def test_a_locked_listing_is_named_and_its_transcripts_are_shown(listing: SampleListing) -> None:
    with locked(listing):
        done = run_cli(listing.root, "ls")
    assert "hollis_park: buyers.db is locked by another program" in done.stderr
    assert FIRST[:4] in done.stdout


WAL_PIPELINE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = wal")
connection.execute("UPDATE claude_sessions SET stage = 'stage_9'")
print("written", flush=True)
sys.stdin.read()
"""


def test_a_wal_database_in_use_is_read_and_left_as_it_is(listing: SampleListing) -> None:
    with Child(
        [sys.executable, "-c", WAL_PIPELINE, str(listing.db_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as pipeline:
        assert pipeline.stdout is not None
        pipeline.stdout.readline()
        before = snapshot(listing.root)
        done = run_cli(listing.root, "ls", "hollis_park")
        after = snapshot(listing.root)
    assert "stage_9" in done.stdout
    shared = os.path.join("hollis_park", "buyers.db-shm")  # noqa: PTH118 (a key, no path)
    assert {name for name in after if after[name] != before[name]} <= {shared}
    assert set(before) == set(after)
