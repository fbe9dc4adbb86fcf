"""What somebody with write access to a listing may put beside its database or in its place.

Each plant is a function that takes a listing with one tracked session. `precious(listing)` is a
file outside the root that none of them may touch.
"""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import struct
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

from tests.support.listings.sample_listing import SampleListing

MAGIC = bytes.fromhex("d9d505f920a163d7")
_LOCK_PAGE_BYTE = 0x40000000

Plant = Callable[[SampleListing], object]


def precious(listing: SampleListing) -> Path:
    """Return somebody's private file outside the root, created at the first call."""
    path = listing.root.parent / "outside" / "precious"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_text("precious")
        path.chmod(0o600)
    return path


def side_file(listing: SampleListing, suffix: str) -> Path:
    return listing.db_path.with_name(listing.db_path.name + suffix)


def run_sql(listing: SampleListing, *statements: str) -> None:
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement).fetchall()


def journal(db_path: Path, *, names: Path | None = None, is_hot: bool = True) -> bytes:
    """Return a rollback journal that restores nothing, and may name a super-journal."""
    content = db_path.read_bytes()
    page_size = int.from_bytes(content[16:18])
    header = struct.pack(">IIIII", 0, 12345, len(content) // page_size, 512, page_size)
    made = ((MAGIC if is_hot else bytes(8)) + header).ljust(512, b"\0")
    if names is not None:
        name = os.fsencode(names)
        checksum = sum(one - 256 if one > 127 else one for one in name) & 0xFFFFFFFF
        page = _LOCK_PAGE_BYTE // page_size + 1
        made += struct.pack(">I", page) + name + struct.pack(">II", len(name), checksum) + MAGIC
    return made


def super_journal(listing: SampleListing) -> None:
    """A journal of 550 bytes that makes SQLite remove any file."""
    names = precious(listing)
    side_file(listing, "-journal").write_bytes(journal(listing.db_path, names=names))


def cold_super_journal(listing: SampleListing) -> None:
    """A journal that becomes hot when one of our writes is killed or rolled back."""
    made = journal(listing.db_path, names=precious(listing), is_hot=False)
    side_file(listing, "-journal").write_bytes(made)


def super_journal_in_wal_mode(listing: SampleListing) -> None:
    run_sql(listing, "PRAGMA journal_mode = WAL")
    super_journal(listing)


def super_journal_beside_nothing(listing: SampleListing) -> None:
    super_journal(listing)
    listing.db_path.unlink()


def foreign_journal(listing: SampleListing) -> None:
    path = side_file(listing, "-journal")
    path.write_bytes(journal(listing.db_path))
    os.chown(path, 65534, 65534)


def open_journal(listing: SampleListing) -> None:
    path = side_file(listing, "-journal")
    path.write_bytes(journal(listing.db_path))
    path.chmod(0o666)


def no_journal(listing: SampleListing) -> None:
    side_file(listing, "-journal").write_bytes(b"x" * 4096)


def huge_journal(listing: SampleListing) -> None:
    path = side_file(listing, "-journal")
    path.write_bytes(journal(listing.db_path))
    os.truncate(path, 5 * 10**9)


def huge_log(listing: SampleListing) -> None:
    run_sql(listing, "PRAGMA journal_mode = WAL")
    side_file(listing, "-wal").touch()
    os.truncate(side_file(listing, "-wal"), 5 * 10**9)


def pipe(suffix: str) -> Plant:
    def plant(listing: SampleListing) -> None:
        os.mkfifo(side_file(listing, suffix))

    return plant


def folder(suffix: str) -> Plant:
    return lambda listing: side_file(listing, suffix).mkdir()


def link(suffix: str) -> Plant:
    return lambda listing: side_file(listing, suffix).symlink_to(precious(listing))


def second_name(suffix: str) -> Plant:
    def plant(listing: SampleListing) -> None:
        run_sql(listing, "PRAGMA journal_mode = WAL")
        os.link(precious(listing), side_file(listing, suffix))

    return plant


def listening(suffix: str) -> Plant:
    def plant(listing: SampleListing) -> None:
        with socket.socket(socket.AF_UNIX) as made:
            folder = os.open(listing.folder, os.O_RDONLY)
            # The path of a socket is limited to about a hundred characters.
            made.bind(f"/proc/self/fd/{folder}/{side_file(listing, suffix).name}")
            os.close(folder)

    return plant


def linked_database(listing: SampleListing) -> None:
    outside = precious(listing).with_name("other.db")
    shutil.move(listing.db_path, outside)
    listing.db_path.symlink_to(outside)


def doubled_database(listing: SampleListing) -> None:
    """Somebody else's database under a second name, with a journal that empties it."""
    outside = precious(listing).with_name("other.db")
    shutil.move(listing.db_path, outside)
    os.link(outside, listing.db_path)


def linked_folder(listing: SampleListing) -> None:
    outside = precious(listing).with_name("folder")
    shutil.move(listing.folder, outside)
    listing.folder.symlink_to(outside)


def generated_column(listing: SampleListing) -> None:
    """Twenty kilobytes that make each row 100 MB."""
    run_sql(
        listing,
        "DROP TABLE claude_sessions",
        "CREATE TABLE claude_sessions (session_id TEXT PRIMARY KEY, listing_id TEXT, stage TEXT,"
        " created_at TEXT, expires_at TEXT, status TEXT,"
        " metadata TEXT AS (replace(hex(zeroblob(50000000)), '00', 'aa')))",
        "INSERT INTO claude_sessions (session_id) WITH RECURSIVE n(i) AS"
        " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT 'a' || i FROM n",
    )


def generated_audit(listing: SampleListing) -> None:
    run_sql(
        listing,
        "CREATE TABLE claude_session_events (id INTEGER PRIMARY KEY, at TEXT, operator TEXT,"
        " action TEXT, session_id TEXT, before TEXT, after TEXT AS (hex(zeroblob(50000000))))",
        "INSERT INTO claude_session_events (at, session_id) VALUES ('2026-11-20T12:00:00Z', 'a')",
    )


def huge_value(listing: SampleListing) -> None:
    run_sql(listing, "UPDATE claude_sessions SET metadata = hex(zeroblob(30000000))")


NUMBERS = (
    "CREATE TABLE n AS WITH RECURSIVE n(i) AS"
    " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) SELECT i FROM n"
)


def much(listing: SampleListing) -> None:
    """Ten thousand rows of 10 kB."""
    run_sql(
        listing,
        NUMBERS,
        "INSERT INTO claude_sessions (session_id, listing_id, stage, created_at, expires_at,"
        " metadata) SELECT 'a' || i, '', '', '', '', hex(zeroblob(5000)) FROM n",
    )


def much_audit(listing: SampleListing, count: int = 10_000) -> None:
    """This many acts in an audit without an index."""
    run_sql(
        listing,
        NUMBERS,
        "CREATE TABLE claude_session_events (id INTEGER PRIMARY KEY, at TEXT, operator TEXT,"
        " action TEXT, session_id TEXT, before TEXT, after TEXT)",
        f"DELETE FROM n WHERE i > {count}",  # noqa: S608
        "INSERT INTO claude_session_events (at, session_id, after)"
        " SELECT '2026-11-20T12:00:00Z', hex(randomblob(500)), '{}' FROM n",
    )


def many(listing: SampleListing) -> None:
    """More rows than anyone has sessions."""
    run_sql(
        listing,
        NUMBERS,
        "INSERT INTO claude_sessions (session_id, listing_id, stage, created_at, expires_at)"
        " SELECT one.i || '-' || two.i, '', '', '', '' FROM n AS one, n AS two WHERE two.i <= 11",
    )


def as_much_as_is_read(listing: SampleListing) -> None:
    """Almost as much as is read of a database, in characters that need the most memory."""
    run_sql(
        listing,
        "CREATE TABLE n AS WITH RECURSIVE n(i) AS"
        " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3900) SELECT i FROM n",
        "INSERT INTO claude_sessions (session_id, listing_id, stage, created_at, expires_at,"
        " metadata) SELECT 'a' || i, '', '', '', '',"
        " replace(hex(zeroblob(1000)), '00', char(128640, 128640)) || i FROM n",
    )


def as_view(listing: SampleListing) -> None:
    run_sql(
        listing,
        "DROP TABLE claude_sessions",
        "CREATE VIEW claude_sessions AS SELECT hex(zeroblob(500000000)) AS session_id",
    )


def as_virtual_table(listing: SampleListing) -> None:
    names = "session_id, listing_id, stage, created_at, expires_at, status, metadata"
    run_sql(
        listing,
        "DROP TABLE claude_sessions",
        f"CREATE VIRTUAL TABLE claude_sessions USING fts5 ({names})",
        "INSERT INTO claude_sessions (session_id) VALUES ('a')",
    )


def with_trigger(listing: SampleListing) -> None:
    run_sql(
        listing,
        "CREATE TABLE stolen (what TEXT)",
        "CREATE TRIGGER take AFTER UPDATE ON claude_sessions"
        " BEGIN INSERT INTO stolen VALUES (hex(zeroblob(100000000))); END",
    )


def with_check(listing: SampleListing) -> None:
    """A table whose own check calls functions that are not known to be harmless."""
    run_sql(
        listing,
        "ALTER TABLE claude_sessions ADD COLUMN x TEXT"
        " CHECK (x IS NULL OR length(hex(randomblob(900000000))) > 0)",
        "UPDATE claude_sessions SET stage = stage",
    )


def many_tables(listing: SampleListing, count: int = 200_000) -> None:
    """A schema that takes long to read, and much memory."""
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("PRAGMA synchronous = OFF")
        root = "SELECT rootpage FROM sqlite_master WHERE name = 'claude_sessions'"
        (page,) = connection.execute(root).fetchone()
        columns = ", ".join(f"c{number}" for number in range(20))
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO sqlite_master VALUES ('table', ?, ?, ?, ?)",
            ((f"t{n}", f"t{n}", page, f"CREATE TABLE t{n} ({columns})") for n in range(count)),
        )
        connection.execute("COMMIT")


def undecodable_schema(listing: SampleListing) -> None:
    """Damage in the text of the schema, which the driver cannot even report."""
    content = listing.db_path.read_bytes()
    listing.db_path.write_bytes(content.replace(b"expires_at", b"expires\xff\xfe\xfd"))


# Small ones, for many verbs in a row; the large ones prove the time limits.
SMALLER: Mapping[str, Plant] = {
    "200,000 tables": partial(many_tables, count=20_000),
    "10,000 acts without an index": partial(much_audit, count=1_000),
}

DATABASE_PLANTS: Mapping[str, Plant] = {
    "super-journal": super_journal,
    "cold super-journal": cold_super_journal,
    "super-journal in WAL mode": super_journal_in_wal_mode,
    "super-journal beside nothing": super_journal_beside_nothing,
    "journal of another login": foreign_journal,
    "journal open to all": open_journal,
    "no journal at all": no_journal,
    "journal of 5 GB": huge_journal,
    "log of 5 GB": huge_log,
    **{f"pipe as {one}": pipe(one) for one in ("-journal", "-wal", "-shm")},
    **{f"folder as {one}": folder(one) for one in ("-journal", "-wal", "-shm")},
    **{f"link as {one}": link(one) for one in ("-journal", "-wal", "-shm")},
    **{f"second name as {one}": second_name(one) for one in ("-journal", "-wal", "-shm")},
    "socket as -journal": listening("-journal"),
    "linked database": linked_database,
    "database with a second name": doubled_database,
    "linked folder": linked_folder,
    "generated column": generated_column,
    "generated column in the audit": generated_audit,
    "value of 60 MB": huge_value,
    "100 MB of rows": much,
    "10,000 acts without an index": much_audit,
    "110,000 rows": many,
    "as many rows as are read": as_much_as_is_read,
    "view": as_view,
    "virtual table": as_virtual_table,
    "trigger": with_trigger,
    "check": with_check,
    "200,000 tables": many_tables,
    "undecodable schema": undecodable_schema,
}
