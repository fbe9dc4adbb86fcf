"""Looking at a database, or writing to it, harms nobody: whatever was planted there."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.hostile.planted_databases import (
    DATABASE_PLANTS,
    cold_super_journal,
    journal,
    precious,
    run_sql,
    side_file,
)
from tests.support.listings.sample_listing import FIRST, SampleListing, snapshot
from tests.support.processes.children import Child
from tests.support.processes.runs_site import wait
from tests.torture.damage import use_damaged
from tui.core.errors import ConsoleError, DatabaseProblem
from tui.core.models.row import Row
from tui.storage.sqlite import async_transactions, connection
from tui.storage.sqlite.transactions import Steps, read, write
from tui.storage.table.tracking import Tracking, Transactions, read_rows, read_table

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
READABLE = {
    "cold super-journal",
    "as many rows as are read",
    "generated column in the audit",
    "trigger",
    "check",
}


@pytest.mark.parametrize("name", DATABASE_PLANTS)
def test_a_look_changes_nothing_and_says_why_it_sees_nothing(
    listing: SampleListing, name: str
) -> None:
    """With `mode=rw` the first plant is fatal: SQLite removes the file that its journal names."""
    DATABASE_PLANTS[name](listing)
    precious(listing)
    before, begun = snapshot(listing.root.parent), time.monotonic()
    problem = ""
    try:
        rows = read_table(listing.db_path).rows
    except DatabaseProblem as error:
        problem = str(error)
    assert problem or rows[0].session_id == FIRST
    assert (not problem) == (name in READABLE), problem
    assert "Error" not in problem
    assert snapshot(listing.root.parent) == before
    assert time.monotonic() - begun < 60


@pytest.mark.parametrize("is_awaited", [False, True])
@pytest.mark.parametrize("name", DATABASE_PLANTS)
async def test_a_write_harms_nobody_either(
    listing: SampleListing, name: str, is_awaited: bool
) -> None:
    (row,) = read_rows(listing.db_path)
    DATABASE_PLANTS[name](listing)
    kept = precious(listing)
    outside = snapshot(kept.parent)
    after = replace(row, stage="other")
    with suppress(ConsoleError):
        if is_awaited:
            acts = Transactions(UTC, "anna")
            change = acts.change(row, after, action="x", now=NOW)
            track = acts.track("a1b2", listing_id="x", stage="1", now=NOW, expires_at=NOW)
            await async_transactions.write(listing.db_path, change)
            await async_transactions.write(listing.db_path, track, creates=True)
        else:
            Tracking(listing.db_path, UTC, "anna").change(row, after, action="x", now=NOW)
    assert snapshot(kept.parent) == outside


PLANT_OFTEN = """
import os, sys
journal, ready = sys.argv[1:]
parent = os.getppid()
content = open(ready, "rb").read()
while os.getppid() == parent:
    with open(ready, "wb") as file:
        file.write(content)
    os.replace(ready, journal)
    try:
        os.unlink(journal)
    except FileNotFoundError:
        pass
"""


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_a_journal_planted_in_a_race_is_never_acted_upon(listing: SampleListing, mode: str) -> None:
    """Without the reader that holds the lock, SQLite removes the precious file within a second."""
    run_sql(listing, f"PRAGMA journal_mode = {mode}")
    kept, ready = precious(listing), listing.root.parent / "ready"
    ready.write_bytes(journal(listing.db_path, names=kept))
    journal_path = side_file(listing, "-journal")
    words = [sys.executable, "-c", PLANT_OFTEN, str(journal_path), str(ready)]
    looked = written = 0
    with Child(words) as planter:
        try:
            ends = time.monotonic() + 4
            while time.monotonic() < ends or looked <= 10 or not written:
                with suppress(DatabaseProblem):
                    (row,) = read_rows(listing.db_path)
                    looked += 1
                    _write_again(listing, row)
                    written += 1
                assert kept.exists()
        finally:
            planter.kill()
    journal_path.unlink(missing_ok=True)
    assert looked > 10
    assert written > 0
    run_sql(listing, "PRAGMA integrity_check")


def _write_again(listing: SampleListing, row: Row) -> None:
    after = replace(row, stage=f"{time.monotonic()}")
    Tracking(listing.db_path, UTC, "anna").change(row, after, action="x", now=NOW)


SWAP_AFTER_A_LOOK = """
import os, sys
database, other, journal = sys.argv[1:]
parent = os.getppid()
print("ready", flush=True)
while os.getppid() == parent and not os.path.exists(database + "-shm"):
    pass
os.replace(journal, database + "-journal")
os.replace(other, database)
"""
SWAP_DURING_A_WRITE = """
import os, sqlite3, sys, time
database, other, journal, ready = sys.argv[1:]
first, second = (sqlite3.connect(one, isolation_level=None) for one in (database, other))
for one in (first, second):
    one.execute("BEGIN IMMEDIATE")
open(ready, "w").close()
time.sleep(1.5)
if os.path.exists(journal):
    os.replace(journal, database + "-journal")
os.replace(other, database)
first.execute("ROLLBACK")
time.sleep(10)
"""


def other_and_journal(listing: SampleListing) -> tuple[Path, Path]:
    """Return a second database, and a journal that names what is precious."""
    other, ready = listing.folder / "other.db", listing.folder / "ready"
    other.write_bytes(listing.db_path.read_bytes())
    ready.write_bytes(journal(listing.db_path, names=precious(listing)))
    return other, ready


def test_a_database_swapped_while_it_is_read_is_not_recovered(listing: SampleListing) -> None:
    """Without asking which file it is, the connection that removes the log recovers the other."""
    other, ready = other_and_journal(listing)
    DATABASE_PLANTS["as many rows as are read"](listing)
    run_sql(listing, "PRAGMA journal_mode = WAL")
    words = [sys.executable, "-c", SWAP_AFTER_A_LOOK, str(listing.db_path), str(other), str(ready)]
    with Child(words, stdout=subprocess.PIPE) as attacker:
        assert attacker.stdout
        attacker.stdout.readline()
        with suppress(DatabaseProblem):
            read_table(listing.db_path)
        attacker.wait(60)
    assert precious(listing).read_text() == "precious"
    assert side_file(listing, "-journal").exists()


@pytest.mark.parametrize("with_journal", [False, True])
def test_a_database_swapped_while_a_write_waits_is_not_written(
    listing: SampleListing, with_journal: bool
) -> None:
    """Else the reader guards one file, and the writer recovers the other."""
    (row,) = read_rows(listing.db_path)
    other, planted = other_and_journal(listing)
    if not with_journal:
        planted.unlink()
    holding = listing.root.parent / "holding"
    words = [sys.executable, "-c", SWAP_DURING_A_WRITE, str(listing.db_path), str(other)]
    with Child([*words, str(planted), str(holding)]) as attacker:
        wait(holding.exists)
        with pytest.raises(DatabaseProblem, match=r"super-journal|was replaced"):
            _write_again(listing, row)
        attacker.kill()
    assert precious(listing).read_text() == "precious"


PIPE_DURING_A_WAIT = """
import os, sqlite3, sys, time
database, ready = sys.argv[1:]
holding = sqlite3.connect(database, isolation_level=None)
holding.execute("BEGIN EXCLUSIVE")
open(ready, "w").close()
time.sleep(0.5)
os.mkfifo(database + "-journal")
holding.close()
time.sleep(600)
"""


@pytest.mark.parametrize("is_look", [True, False])
def test_a_pipe_that_comes_while_one_waits_holds_up_nobody(
    listing: SampleListing, is_look: bool
) -> None:
    """Without its other end opened, SQLite waits for ever: `log` and `extend` never came back."""
    (row,) = read_rows(listing.db_path)
    ready, begun = listing.root.parent / "ready", time.monotonic()
    words = [sys.executable, "-c", PIPE_DURING_A_WAIT, str(listing.db_path), str(ready)]
    with Child(words) as attacker:
        wait(ready.exists)
        with suppress(DatabaseProblem):
            if is_look:
                read_rows(listing.db_path, timeout_s=5)
            else:
                _write_again(listing, row)
        attacker.kill()
    assert side_file(listing, "-journal").is_fifo()
    assert time.monotonic() - begun < 60


def test_a_write_rolled_back_follows_no_old_journal(listing: SampleListing) -> None:
    """SQLite reads the end of a journal that it had begun to write, also to undo its own write."""
    (row,) = read_rows(listing.db_path)
    cold_super_journal(listing)
    run_sql(listing, "CREATE UNIQUE INDEX no ON claude_sessions (status) WHERE status = 'x'")
    cold_super_journal(listing)
    with pytest.raises(DatabaseProblem, match="super-journal"):
        _write_again(listing, row)
    assert precious(listing).exists()


def killed_in_a_write(listing: SampleListing) -> None:
    """Leave the journal of a pipeline that was killed in the middle of a write."""
    code = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE claude_sessions SET stage = 'torn'")
connection.execute("CREATE TABLE grown (x)")
connection.executemany("INSERT INTO grown VALUES (?)", (("x" * 2000,) for _ in range(200)))
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", code, str(listing.db_path)], check=False)
    assert side_file(listing, "-journal").stat().st_size > 0


def test_what_a_crash_left_is_read_as_sqlite_would_recover_it(listing: SampleListing) -> None:
    """Without the pages put back, the row would be the torn one, or the database damaged."""
    before = read_rows(listing.db_path)
    killed_in_a_write(listing)
    left = snapshot(listing.folder)
    assert read_rows(listing.db_path) == before
    assert snapshot(listing.folder) == left
    run_sql(listing, "PRAGMA integrity_check")
    assert not side_file(listing, "-journal").exists()
    assert read_rows(listing.db_path) == before


def test_the_owner_of_a_folder_writes_on_after_a_crash(listing: SampleListing) -> None:
    (row,) = read_rows(listing.db_path)
    killed_in_a_write(listing)
    _write_again(listing, row)
    assert not side_file(listing, "-journal").exists()
    assert read_rows(listing.db_path)[0].stage != row.stage


def test_nobody_else_lets_sqlite_recover_in_place(listing: SampleListing) -> None:
    """Whoever can write in that folder could swap the journal between our check and its use."""
    (row,) = read_rows(listing.db_path)
    killed_in_a_write(listing)
    for path in (listing.folder, *listing.folder.glob("buyers.db*")):
        os.chown(path, 65534, 65534)
    left = snapshot(listing.folder)
    with pytest.raises(DatabaseProblem, match="once its pipeline has opened it"):
        _write_again(listing, row)
    assert snapshot(listing.folder) == left


TRY_TO_WRITE = """
import sqlite3, sys
sqlite3.connect(sys.argv[1], timeout=0).execute("BEGIN EXCLUSIVE")
"""


def test_a_look_drops_no_lock_of_this_process(listing: SampleListing) -> None:
    """Closing a descriptor of the database would: others then write while a pipeline reads."""
    planted = journal(listing.db_path)
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute("BEGIN")
        pipeline.execute("SELECT * FROM claude_sessions").fetchall()
        side_file(listing, "-journal").write_bytes(planted)
        assert len(read_rows(listing.db_path)) == 1
        words = [sys.executable, "-c", TRY_TO_WRITE, str(listing.db_path)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert "locked" in done.stderr


SAID = {
    "value of 60 MB": "has a value of over 4M",
    "100 MB of rows": "has more than 16M in its rows",
    "110,000 rows": "has more than 100,000 rows",
    "generated column": r"has a generated column \(metadata\) in claude_sessions",
    "200,000 tables": "takes too long to answer",
    "virtual table": "claude_sessions that is not a table",
}


@pytest.mark.parametrize("name", SAID)
def test_a_bound_that_is_reached_is_named(
    listing: SampleListing, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "too long" not in SAID[name]:  # on a busy machine the time would run out first
        monkeypatch.setattr(connection, "_WORK_S", 600.0)
    DATABASE_PLANTS[name](listing)
    with pytest.raises(DatabaseProblem, match=SAID[name]):
        read_table(listing.db_path)


def test_a_trigger_is_named_and_not_set_off(listing: SampleListing) -> None:
    (row,) = read_rows(listing.db_path)
    DATABASE_PLANTS["trigger"](listing)
    with pytest.raises(DatabaseProblem, match=r"has a trigger \(take\)"):
        _write_again(listing, row)


SEARCHES = ("instr", "replace", "glob", "like")


@pytest.mark.parametrize("search", SEARCHES)
def test_no_check_of_a_table_searches_in_a_write(listing: SampleListing, search: str) -> None:
    """One search of large values is one step of SQLite's, which no deadline ends."""
    arguments = "stage, 'b', 'c'" if search == "replace" else "stage, 'b'"
    run_sql(
        listing,
        f"ALTER TABLE claude_sessions ADD COLUMN x TEXT CHECK ({search}({arguments}) IS NOT NULL)",
    )
    (row,) = read_rows(listing.db_path)
    with pytest.raises(DatabaseProblem, match=f"calls {search} in a check"):
        _write_again(listing, row)


OTHER = (
    "SELECT name FROM buyers",
    "ATTACH 'x.db' AS x",
    "PRAGMA writable_schema = ON",
    "DROP TABLE claude_sessions",
    "DELETE FROM claude_sessions",
    "SELECT load_extension('x')",
    "SELECT randomblob(9)",
    "CREATE TABLE x (y)",
    "CREATE VIEW v AS SELECT 1",
    "CREATE TRIGGER t AFTER INSERT ON claude_sessions BEGIN SELECT 1; END",
    "REINDEX",
)


@pytest.mark.parametrize("statement", OTHER)
def test_no_statement_is_run_but_ours(listing: SampleListing, statement: str) -> None:
    run_sql(listing, "CREATE TABLE buyers (name TEXT)")
    before = snapshot(listing.folder)

    def steps() -> Steps[None]:
        yield statement, ()

    for run in (read, write):
        with pytest.raises(DatabaseProblem, match="has a trigger, view or function of its own"):
            run(listing.db_path, steps())
    assert snapshot(listing.folder) == before


def test_nothing_of_a_schema_acts_when_we_write(listing: SampleListing) -> None:
    """Also not on the tables that are ours to write."""
    run_sql(
        listing,
        "CREATE TRIGGER forge AFTER UPDATE ON claude_sessions BEGIN INSERT INTO claude_sessions"
        " VALUES ('forged', '', '', '', '', '', ''); END",
    )

    def steps() -> Steps[None]:
        yield "UPDATE claude_sessions SET stage = 'x'", ()

    with pytest.raises(DatabaseProblem, match="has a trigger"):
        write(listing.db_path, steps())
    assert [row.session_id for row in read_rows(listing.db_path)] == [FIRST]


def test_whatever_is_damaged_is_a_problem_in_words(tmp_path: Path) -> None:
    """Damage in the schema makes the driver raise `UnicodeDecodeError`: it ended whole verbs."""
    assert 0 < use_damaged(tmp_path, 0, 200) < 200


def test_the_memory_of_a_look_is_bounded(listing: SampleListing) -> None:
    """Each plant in turn, in one process: 4.8 GB for one of them without limits and a budget."""
    code = """
import sys
from pathlib import Path
from tui.core.errors import DatabaseProblem
from tui.storage.sqlite.transactions import Steps, read, write
from tui.storage.table.tracking import read_table
for name in sys.argv[1:]:
    try:
        read_table(Path(name))
    except DatabaseProblem:
        pass
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""
    paths = []
    for number, plant in enumerate(DATABASE_PLANTS.values()):
        one = SampleListing(listing.root.parent / str(number) / "outputs")
        one.add(FIRST)
        plant(one)
        paths.append(str(one.db_path))
    words = [sys.executable, "-c", code, *paths]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 300_000
