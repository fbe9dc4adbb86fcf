"""Every way a database can be bad has its reason, and looking changes nothing."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.sample_listing import snapshot
from tui.core.errors import DatabaseProblem
from tui.storage.tracking import read_rows

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
    ],
    ids=["missing", "directory", "pipe", "link", "dangling", "text", "header only", "corrupt",
         "no column", "empty", "no table"],
)  # fmt: skip
def test_the_reason_is_named_and_nothing_changes(
    tmp_path: Path, prepare: Callable[[Path], object], reason: str
) -> None:
    db_path = tmp_path / "buyers.db"
    prepare(db_path)
    before = snapshot_without_pipes(tmp_path)
    with pytest.raises(DatabaseProblem, match=reason):
        read_rows(db_path)
    assert snapshot_without_pipes(tmp_path) == before


@pytest.mark.parametrize("columns", ["", ", metadata TEXT", ", metadata TEXT, cost REAL, x BLOB"])
def test_a_column_less_or_more_is_no_problem(tmp_path: Path, columns: str) -> None:
    db_path = tmp_path / "buyers.db"
    make(db_path, COLUMNS + "expires_at TEXT, status TEXT" + columns)
    before = snapshot(tmp_path)
    (row,) = read_rows(db_path)
    assert (row.session_id, row.metadata) == ("9f2c", None)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("journal", ["delete", "wal"])
@pytest.mark.parametrize("lock", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_writer_holds_a_look_up_briefly_at_most(tmp_path: Path, journal: str, lock: str) -> None:
    """A look gives up after 0.25 s: without its timeout it would wait for the writer."""
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
        assert time.monotonic() - begun < 1.25


def test_a_hot_journal_is_recovered_and_the_torn_write_is_gone(tmp_path: Path) -> None:
    """With `mode=ro` this look fails; the row read is the one committed last."""
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


def test_a_look_cannot_write(tmp_path: Path) -> None:
    """What `query_only` is for: a view whose trigger writes stays a view."""
    db_path = tmp_path / "buyers.db"
    make(db_path)
    with closing(sqlite3.connect(db_path)) as pipeline:
        assert read_rows(db_path)
        pipeline.execute("UPDATE claude_sessions SET stage = 'written beside us'")
        pipeline.commit()
    assert read_rows(db_path)[0].stage == "written beside us"


@pytest.mark.parametrize("mode", [0o000, 0o200])
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path, mode: int) -> None:
    db_path = tmp_path / "buyers.db"
    make(db_path)
    db_path.chmod(mode)
    before = (db_path.stat().st_mtime_ns, tmp_path.stat().st_mtime_ns)
    code = (
        "import sys; from pathlib import Path; from tui.storage.tracking import read_rows\n"
        "from tui.core.errors import DatabaseProblem\n"
        "try: read_rows(Path(sys.argv[1]))\n"
        "except DatabaseProblem as problem: print(problem)"
    )
    said = as_nobody(tmp_path, code, str(db_path))
    assert said == "buyers.db may not be opened by us\n"
    assert (db_path.stat().st_mtime_ns, tmp_path.stat().st_mtime_ns) == before


def test_a_file_that_may_only_be_read_is_read(tmp_path: Path) -> None:
    db_path = tmp_path / "buyers.db"
    make(db_path)
    db_path.chmod(0o444)
    code = (
        "import sys; from pathlib import Path; from tui.storage.tracking import read_rows\n"
        "print(read_rows(Path(sys.argv[1]))[0].session_id)"
    )
    before = snapshot(tmp_path)
    assert as_nobody(tmp_path, code, str(db_path)) == "9f2c\n"
    assert snapshot(tmp_path) == before


def as_nobody(folder: Path, code: str, *words: str) -> str:
    """Run code as somebody whom permissions bind: root is not bound by them."""
    is_root = os.geteuid() == 0
    for parent in [folder, *folder.parents][: 5 if is_root else 0]:
        if parent.stat().st_uid == 0 and parent not in (Path("/"), Path("/tmp")):
            parent.chmod(parent.stat().st_mode | 0o055)
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import os; os.seteuid(65534)\n{code}" if is_root else code,
            *words,
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    return found.stdout


def snapshot_without_pipes(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    return {name: facts for name, facts in snapshot(folder).items() if name != "."} | {
        ".": (0, folder.stat().st_mtime_ns, b"")
    }
