"""Every way a listing's database can be bad: the right words, the sessions, nothing changed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing, snapshot
from tests.support.place import REPOSITORY

UNTRACKED, TRACKED, UNREAD = "untracked", "ok", "ok "  # `ok ` has no status: nobody could read it


@dataclass(frozen=True)
class Bad:
    """What is wrong, what is said of it, how its one session is shown, and what SQLite mends."""

    prepare: Callable[[Path], object]
    words: str
    state: str = UNREAD
    mends: frozenset[str] = frozenset()


def run_sql(db_path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(db_path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement).fetchall()


def remade(db_path: Path, columns: str) -> None:
    run_sql(db_path, "DROP TABLE claude_sessions", f"CREATE TABLE claude_sessions ({columns})")


def older(db_path: Path) -> None:
    run_sql(db_path, "ALTER TABLE claude_sessions DROP COLUMN metadata")


def newer(db_path: Path) -> None:
    run_sql(db_path, "ALTER TABLE claude_sessions ADD COLUMN cost REAL DEFAULT 7")


def as_view(db_path: Path) -> None:
    run_sql(db_path, "DROP TABLE claude_sessions", "CREATE VIEW claude_sessions AS SELECT 1")


def replaced(content: bytes) -> Callable[[Path], object]:
    return lambda db_path: db_path.write_bytes(content)


def corrupt(db_path: Path) -> None:
    content = bytearray(db_path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    db_path.write_bytes(content)


def instead(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def prepare(db_path: Path) -> None:
        db_path.rename(db_path.with_name("elsewhere.db"))
        make(db_path)

    return prepare


def killed(*pragmas: str) -> Callable[[Path], object]:
    """A writer that is killed in the middle: its journal or its log is left behind."""
    code = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for pragma in sys.argv[2:]:
    connection.execute(pragma)
connection.execute("CREATE TABLE IF NOT EXISTS buyers (name TEXT)")
connection.execute("BEGIN IMMEDIATE")
connection.executemany("INSERT INTO buyers VALUES (?)", (("x" * 2000,) for _ in range(200)))
os.kill(os.getpid(), 9)
"""
    return lambda db_path: (
        subprocess.run([sys.executable, "-c", code, str(db_path), *pragmas], check=False) and None
    )


def in_wal_mode(folder_mode: int) -> Callable[[Path], None]:
    def prepare(db_path: Path) -> None:
        run_sql(db_path, "PRAGMA journal_mode = WAL")
        db_path.chmod(0o644)
        db_path.parent.chmod(folder_mode)

    return prepare


HOT_JOURNAL = killed("PRAGMA cache_size = 1")
LEFT_LOG = killed("PRAGMA journal_mode = WAL", "PRAGMA cache_size = 1")
GUIDES = "session_id TEXT PRIMARY KEY, listing_id TEXT, stage TEXT, created_at TEXT, status TEXT"

MATRIX = {
    "missing": Bad(Path.unlink, "no buyers.db yet", UNTRACKED),
    "empty": Bad(replaced(b""), "buyers.db has no claude_sessions table yet", UNTRACKED),
    "text": Bad(replaced(b"name,city\n" * 500), "buyers.db is not a SQLite database"),
    "header only": Bad(
        replaced(b"SQLite format 3\0" + b"x" * 50), "buyers.db is not a SQLite database"
    ),
    "corrupt": Bad(corrupt, "buyers.db is damaged"),
    "no table": Bad(
        lambda path: run_sql(path, "DROP TABLE claude_sessions"),
        "buyers.db has no claude_sessions table yet",
        UNTRACKED,
    ),
    "no column": Bad(
        lambda path: remade(path, GUIDES),
        "buyers.db has a table that lacks a column of the guide's",
    ),
    "older table": Bad(older, "", TRACKED),
    "extra column": Bad(newer, "", TRACKED),
    "view": Bad(as_view, "buyers.db has a claude_sessions that is not a table"),
    "directory": Bad(instead(Path.mkdir), "buyers.db is not a file"),
    "pipe": Bad(instead(os.mkfifo), "buyers.db is not a file"),
    "link": Bad(
        instead(lambda path: path.symlink_to("elsewhere.db")),
        "buyers.db is a link, and links are not followed",
    ),
    "dangling link": Bad(
        instead(lambda path: path.symlink_to("nowhere.db")),
        "buyers.db is a link, and links are not followed",
    ),
    "hot journal": Bad(HOT_JOURNAL, "", TRACKED),
    "leftover log": Bad(
        LEFT_LOG, "", TRACKED, frozenset({"buyers.db", "buyers.db-wal", "buyers.db-shm"})
    ),
}
AS_NOBODY = {
    "no permission": Bad(
        lambda path: path.chmod(0o000), "buyers.db cannot be opened by this login"
    ),
    "read only": Bad(lambda path: path.chmod(0o444), "", TRACKED),
    "closed listing": Bad(
        lambda path: path.parent.chmod(0o700), "hollis_park cannot be read by this login", ""
    ),
    "hot journal of another": Bad(HOT_JOURNAL, "", TRACKED),
    "leftover log of another": Bad(LEFT_LOG, "", TRACKED, frozenset({"buyers.db-shm"})),
    "log mode of another": Bad(in_wal_mode(0o755), "buyers.db cannot be written by this login"),
    "log mode of another, a folder of all": Bad(
        in_wal_mode(0o777),
        "buyers.db is in WAL mode and cannot be written by this login: reading it now would keep "
        "the pipeline from writing",
    ),
}

LOOK = """
import os, sys
from pathlib import Path
from tests.support.listings.sample_listing import SampleListing
from tui.operations.catalog.scanner import CatalogScanner
root, other = Path(sys.argv[1]), Path(sys.argv[2])
CatalogScanner(SampleListing(other).context()).look()  # loads what only root may
if sys.argv[3] == "nobody" and os.geteuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)
watch = CatalogScanner(SampleListing(root).context())
for _ in range(2):
    (one,) = watch.look().listings
    print(one.problem, "|".join(f"{each.state} {each.status}" for each in one.sessions), sep="|")
"""


@pytest.fixture
def listing() -> Iterator[SampleListing]:
    """A listing that anybody may look into."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        listing = SampleListing(Path(name) / "outputs")
        listing.add(FIRST)
        yield listing


@pytest.mark.parametrize(
    ("who", "bad"),
    [
        *(pytest.param("us", bad, id=name) for name, bad in MATRIX.items()),
        *(pytest.param("nobody", bad, id=name) for name, bad in AS_NOBODY.items()),
    ],
)
def test_the_reason_is_told_and_nothing_changes(
    listing: SampleListing, tmp_path: Path, who: str, bad: Bad
) -> None:
    """As `nobody` where it is about permissions: root is not bound by them."""
    shutil.copytree(listing.root, tmp_path / "other")
    bad.prepare(listing.db_path)
    before = snapshot(listing.folder)
    assert not bad.mends or len(before.keys() & bad.mends) > 0
    found = subprocess.run(
        [sys.executable, "-c", LOOK, listing.root, tmp_path / "other", who],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
    )
    status = "active" if bad.state == TRACKED else ""
    session = f"{bad.state.strip()} {status}" if bad.state else ""
    assert found.stdout.splitlines() == [f"{bad.words}|{session}"] * 2
    after = snapshot(listing.folder)
    may_differ = {*bad.mends, "."} if bad.mends else set()
    names = (before.keys() | after.keys()) - may_differ
    assert {name: after.get(name) for name in names} == {name: before.get(name) for name in names}
