"""Every way a database can be bad has its reason, and looking changes nothing."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import snapshot
from tests.support.place import REPOSITORY
from tui.core.errors import DatabaseProblem
from tui.storage.table.tracking import read_rows, read_table

COLUMNS = "session_id TEXT PRIMARY KEY, listing_id TEXT, stage TEXT, created_at TEXT, "


def make(db_path: Path, columns: str = COLUMNS + "expires_at TEXT, status TEXT") -> None:
    with closing(sqlite3.connect(db_path, isolation_level=None)) as connection:
        connection.execute(f"CREATE TABLE claude_sessions ({columns})")
        connection.execute("INSERT INTO claude_sessions (session_id) VALUES ('9f2c')")


def corrupt(db_path: Path) -> None:
    make(db_path)
    content = bytearray(db_path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    db_path.write_bytes(content)


def without_table(db_path: Path) -> None:
    with closing(sqlite3.connect(db_path)) as connection:
        connection.execute("CREATE TABLE buyers (name TEXT)")


def view(db_path: Path) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
    with closing(sqlite3.connect(db_path)) as connection:
        connection.execute(f"CREATE VIEW Claude_Sessions AS {endless}")


def link(db_path: Path) -> None:
    make(db_path.with_name("elsewhere.db"))
    db_path.symlink_to("elsewhere.db")


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda path: None, "no buyers.db yet"),
        (lambda path: path.mkdir(), "buyers.db is not a file"),
        (lambda path: os.mkfifo(path), "buyers.db is not a file"),
        (link, "buyers.db is a link, and links are not followed"),
        (lambda path: path.symlink_to("nowhere.db"), "buyers.db is a link"),
        (lambda path: path.write_bytes(b"name,city\n" * 500), "is not a SQLite database"),
        (lambda path: path.write_bytes(b"SQLite format 3\0" + b"x" * 50), "is not a SQLite data"),
        (corrupt, "buyers.db is damaged"),
        (lambda path: make(path, "session_id TEXT, stage TEXT"), "lacks a column of the guide's"),
        (lambda path: path.touch(), "buyers.db has no claude_sessions table yet"),
        (without_table, "buyers.db has no claude_sessions table yet"),
        (view, "buyers.db has a claude_sessions that is not a table"),
    ],
    ids=["missing", "directory", "pipe", "link", "dangling", "text", "header only", "corrupt",
         "no column", "empty", "no table", "view"],
)  # fmt: skip
def test_the_reason_is_named_and_nothing_changes(
    tmp_path: Path, prepare: Callable[[Path], object], reason: str
) -> None:
    db_path = tmp_path / "buyers.db"
    prepare(db_path)
    before = snapshot(tmp_path)
    with pytest.raises(DatabaseProblem, match=reason):
        read_rows(db_path)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("columns", ["", ", metadata TEXT", ", metadata TEXT, cost REAL, x BLOB"])
def test_a_column_less_or_more_is_no_problem(tmp_path: Path, columns: str) -> None:
    db_path = tmp_path / "buyers.db"
    make(db_path, COLUMNS + "expires_at TEXT, status TEXT" + columns)
    before = snapshot(tmp_path)
    (row,) = read_rows(db_path)
    assert (row.session_id, row.metadata) == ("9f2c", None)
    assert snapshot(tmp_path) == before


def test_an_audit_that_takes_for_ever_is_left(tmp_path: Path) -> None:
    """Without the deadline a look would take minutes: no index tells the last act of a session."""
    db_path = tmp_path / "buyers.db"
    make(db_path, f"{COLUMNS}expires_at TEXT, status TEXT")
    with closing(sqlite3.connect(db_path)) as connection:
        names = "id INTEGER PRIMARY KEY, at, operator, action, session_id, before, after"
        connection.execute(f"CREATE TABLE claude_session_events ({names})")
        acts = ((f"a{number}",) for number in range(50_000))
        connection.executemany(
            "INSERT INTO claude_session_events (session_id, after) VALUES (?, '{}')", acts
        )
        connection.commit()
    with pytest.raises(DatabaseProblem, match="takes too long to answer"):
        read_table(db_path)


def test_a_computed_column_is_not_read(tmp_path: Path) -> None:
    """Each of its values may be of any size, and take any time."""
    db_path = tmp_path / "buyers.db"
    make(db_path, f"{COLUMNS}expires_at TEXT, status TEXT AS (hex(zeroblob(400000000)))")
    with pytest.raises(DatabaseProblem, match=r"has a generated column \(status\)"):
        read_rows(db_path)


@pytest.mark.parametrize("journal", ["delete", "wal"])
@pytest.mark.parametrize("lock", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_writer_holds_a_look_up_briefly_at_most(tmp_path: Path, journal: str, lock: str) -> None:
    """A look gives up after 0.25 s: without its timeout it would wait for the writer for 5 s."""
    db_path = tmp_path / "buyers.db"
    make(db_path)
    with closing(sqlite3.connect(db_path, isolation_level=None)) as writer:
        writer.execute(f"PRAGMA journal_mode = {journal}")
        writer.execute("PRAGMA locking_mode = NORMAL")
        writer.execute(f"BEGIN {lock}")
        begun = time.monotonic()
        if (journal, lock) == ("delete", "EXCLUSIVE"):
            with pytest.raises(DatabaseProblem, match="is locked by another program"):
                read_rows(db_path)
        else:
            assert len(read_rows(db_path)) == 1
        assert time.monotonic() - begun < 4.5


def test_a_torn_write_is_not_seen(tmp_path: Path) -> None:
    """Without the pages put back the torn row would be read; the row is the one committed last."""
    db_path = tmp_path / "buyers.db"
    make(db_path)
    killed = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE claude_sessions SET stage = 'torn'")
connection.executemany("INSERT INTO claude_sessions (session_id, stage) VALUES (?, ?)",
    ((str(n), "x" * 2000) for n in range(200)))
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", killed, str(db_path)], check=False)
    assert db_path.with_name("buyers.db-journal").stat().st_size > 0
    (row,) = read_rows(db_path)
    assert (row.session_id, row.stage) == ("9f2c", "")


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_look_leaves_no_lock_behind(tmp_path: Path, journal: str) -> None:
    """An unfinished SELECT of ours would make the pipeline's write fail."""
    db_path = tmp_path / "buyers.db"
    make(db_path)
    with closing(sqlite3.connect(db_path, timeout=0, isolation_level=None)) as pipeline:
        pipeline.execute(f"PRAGMA journal_mode = {journal}")
        for stage in ("1", "2"):
            read_rows(db_path)
            pipeline.execute("UPDATE claude_sessions SET stage = ?", (stage,))
            assert read_rows(db_path)[0].stage == stage


LOOK = """
import os, sys
from pathlib import Path
from tui.core.errors import DatabaseProblem
from tui.storage.table.tracking import read_rows
if os.geteuid() == 0:
    os.seteuid(65534)
try:
    print(*(row.session_id for row in read_rows(Path(sys.argv[1]))))
except DatabaseProblem as problem:
    print(problem)
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that anybody may enter."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        (0o000, "buyers.db cannot be opened by this login"),
        (0o200, "buyers.db cannot be opened by this login"),
        (0o444, "9f2c"),
    ],
)
def test_permissions_are_told_and_a_file_that_may_only_be_read_is_read(
    open_folder: Path, mode: int, said: str
) -> None:
    """Runs as somebody whom permissions bind: root is not bound by them."""
    db_path = open_folder / "buyers.db"
    make(db_path)
    db_path.chmod(mode)
    before = (db_path.stat().st_mtime_ns, open_folder.stat().st_mtime_ns)
    found = subprocess.run(
        [sys.executable, "-c", LOOK, str(db_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
    )
    assert found.stdout == said + "\n"
    assert (db_path.stat().st_mtime_ns, open_folder.stat().st_mtime_ns) == before
