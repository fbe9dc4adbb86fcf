"""The fleet's database: the only module with a driver and SQL.

Nothing waits for the server longer than a few seconds: one that is away, or hangs, is `FleetAway`,
and the next call connects anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, LiteralString, Self, TypeVar

import psycopg
from psycopg import sql
from psycopg.abc import PQGen

from tui.core.errors import ConsoleError, Kind, Reason, Refused
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass
from tui.fleet.schema import MIGRATIONS, SCHEMA

Key = tuple[str, str]  # listing and session id

CHUNK_BYTES = 256 * 1024
MOST_CHUNK_BYTES = 1024 * 1024  # that the table takes
CHUNKS_AT_ONCE = 16  # in one transaction: what others wait for, and what is repeated if it is lost
MOST_FILES = 10_000  # of one session, as many as are read of its sub-agents
_MERGED_BYTES = 32 * 1024  # a last chunk below this grows: an agent appends a few bytes at a time
_CONNECT_S = 5
ANSWER_S = 10.0
_LOCK_MS = 5000
_MIGRATING = 0x5E55_10C0  # the advisory lock of migrations
_RV = TypeVar("_RV")


class FleetAway(ConsoleError):
    """The fleet's database does not answer, or broke off."""

    usual = Reason.UNREAD
    usual_kind = Kind.NETWORK


class FleetBusy(ConsoleError):
    """Another transaction holds what this one needs, for longer than it waits; nothing was done."""

    usual = Reason.LOCKED


class NotHome(Refused):
    """This host is not, or no longer, the session's home; nothing was written."""

    usual = Reason.ELSEWHERE


class WrongSchema(Refused):
    """The fleet's tables are of another version of this program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Residence:
    """Where a session lives: its home host, and a number that each change of home raises.

    `is_silent` when that host has not reported for its lease, by the database's clock.
    """

    host: str
    fence: int
    is_silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file of a session in the database; `epoch` counts how often it was written anew.

    `path` is that below the session's place, in the bytes that its file system has.
    """

    file_id: int
    path: bytes
    size: int
    epoch: int


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A piece of a stored file, by its offset, size and SHA-256."""

    start: int
    size: int
    sha256: bytes


class Store:
    """One connection to the fleet's database, for one thread at a time."""

    def __init__(self, dsn: str, *, application: str = "session-console") -> None:
        self._dsn = dsn
        self._application = application
        self._connection: _Patient | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Give a transaction that is committed at the end, and not at all after an exception.

        Raises `FleetBusy` and `FleetAway`, also when it is unknown whether it was committed.
        """
        try:
            connection = self._connected()
            with connection.transaction():
                yield Transaction(connection)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
            raise FleetBusy("another host is changing that in the fleet: try again") from error
        except psycopg.OperationalError as error:
            self.close()
            raise FleetAway(_words(error)) from error

    def migrate(self) -> int:
        """Bring the tables up to this version; return how many migrations were missing.

        Raises `WrongSchema` when they are of a later version.
        """
        with self.transaction() as tx:
            tx.run("SELECT pg_advisory_xact_lock(%s)", _MIGRATING)
            tx.run_composed(
                sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(SCHEMA))
            )
            tx.run(
                "CREATE TABLE IF NOT EXISTS migration "
                "(number integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())"
            )
            done = tx.version()
            for number, text in enumerate(MIGRATIONS[done:], done + 1):
                tx.run_composed(sql.SQL(text))
                tx.run("INSERT INTO migration (number) VALUES (%s)", number)
        return max(0, len(MIGRATIONS) - done)

    def check(self) -> None:
        """Raise `WrongSchema` unless the tables are of this version."""
        with self.transaction() as tx:
            found = tx.version()
        if found < len(MIGRATIONS):
            raise WrongSchema(
                f"the fleet's tables are at version {found}, this program needs {len(MIGRATIONS)}:"
                " run `session-console fleet join` as their owner"
            )

    def _connected(self) -> _Patient:
        if self._connection is None or self._connection.closed:
            self._connection = _Patient.connect(
                self._dsn,
                autocommit=True,
                prepare_threshold=None,  # a migration may change the types of a statement
                connect_timeout=_CONNECT_S,
                application_name=self._application,
                tcp_user_timeout=int(ANSWER_S * 1000),
                options=f"-c search_path={SCHEMA} -c lock_timeout={_LOCK_MS}",
            )
        return self._connection


class Transaction:
    """What is done in one transaction; see `Store.transaction`."""

    def __init__(self, connection: _Patient) -> None:
        self._connection = connection

    def run(self, text: LiteralString, *values: Any) -> psycopg.Cursor[Any]:
        """Run a statement of this module."""
        return self._connection.execute(text, values)

    def run_composed(self, text: sql.SQL | sql.Composed) -> None:
        """Run statements that have no values."""
        self._connection.execute(text)

    def version(self) -> int:
        """Return the number of the last migration; 0 without tables.

        Raises `WrongSchema` when it is later than this program knows.
        """
        if self.run("SELECT to_regclass('migration')").fetchone() == (None,):
            return 0
        row = self.run("SELECT coalesce(max(number), 0) FROM migration").fetchone()
        found = int(row[0]) if row else 0
        if found > len(MIGRATIONS):
            raise WrongSchema(
                f"the fleet's tables are at version {found}, this program knows {len(MIGRATIONS)}:"
                " bring it up to date on this host"
            )
        return found

    def beat(self, host: str, root: str, version: str, *, max_runs: int, lease_s: float) -> None:
        """Report that a host is there, or add it."""
        self.run(
            "INSERT INTO host (host, root, version, max_runs, lease) "
            "VALUES (%s, %s, %s, %s, make_interval(secs => %s)) ON CONFLICT (host) DO UPDATE SET "
            "root = excluded.root, version = excluded.version, max_runs = excluded.max_runs, "
            "lease = excluded.lease, beat_at = clock_timestamp()",
            *(host, root, version, max_runs, lease_s),
        )

    def add(self, key: Key, host: str) -> None:
        """Add a session that lives on `host`, unless it is known."""
        self.run(
            "INSERT INTO session (listing, session_id, home_host) VALUES (%s, %s, %s) "
            "ON CONFLICT DO NOTHING",
            *(*key, host),
        )

    def residence(self, key: Key) -> Residence | None:
        """Return where a session lives; `None` if it is not known, or gone."""
        row = self.run(
            "SELECT home_host, fence, beat_at < clock_timestamp() - lease "
            "FROM session JOIN host ON host = home_host "
            "WHERE listing = %s AND session_id = %s AND gone_at IS NULL",
            *key,
        ).fetchone()
        return Residence(host=row[0], fence=row[1], is_silent=row[2]) if row else None

    def hold(self, key: Key, home: Residence) -> None:
        """Hold a session until the end of the transaction; raises `NotHome` unless `home` is its.

        Every write of a session's home begins with this: a check that came before the transaction
        would let a host write that has lost the session meanwhile.
        """
        held = self.run(
            "UPDATE session SET fence = fence "
            "WHERE listing = %s AND session_id = %s AND home_host = %s AND fence = %s "
            "AND gone_at IS NULL",
            *(*key, home.host, home.fence),
        )
        if held.rowcount != 1:
            raise NotHome(f"{key[1]} does not live on {home.host} any more")

    def move(self, key: Key, home: Residence, to: str, *, is_taken_over: bool) -> bool:
        """Make `to` the home of a session; return whether `home` was it until now.

        When it `is_taken_over`, `home` must have been silent for its lease.
        """
        moved = self.run(
            "UPDATE session SET home_host = %s, fence = fence + 1 "
            "WHERE listing = %s AND session_id = %s AND home_host = %s AND fence = %s "
            "AND gone_at IS NULL AND (NOT %s OR EXISTS (SELECT FROM host "
            "WHERE host = home_host AND beat_at < clock_timestamp() - lease))",
            *(to, *key, home.host, home.fence, is_taken_over),
        )
        return moved.rowcount == 1

    def bury(self, key: Key) -> None:
        """Erase a session's files and facts; its key stays, so that open consoles learn of it."""
        self.run("DELETE FROM file WHERE listing = %s AND session_id = %s", *key)
        self.run(
            "UPDATE session SET shown = '{}', gone_at = now() "
            "WHERE listing = %s AND session_id = %s",
            *key,
        )

    def files(self, key: Key) -> tuple[StoredFile, ...]:
        """Return a session's files, by path."""
        rows = self.run(
            "SELECT file_id, path, size, epoch FROM file "
            "WHERE listing = %s AND session_id = %s ORDER BY path LIMIT %s",
            *(*key, MOST_FILES + 1),
        )
        return tuple(
            StoredFile(file_id=one[0], path=bytes(one[1]), size=one[2], epoch=one[3])
            for one in rows
        )

    def add_file(self, key: Key, path: bytes) -> StoredFile:
        """Add an empty file to a held session."""
        row = self.run(
            "INSERT INTO file (listing, session_id, path) VALUES (%s, %s, %s) RETURNING file_id",
            *(*key, path),
        ).fetchone()
        return StoredFile(file_id=row[0] if row else 0, path=path, size=0, epoch=0)

    def chunks(self, file: StoredFile, start: int) -> tuple[StoredChunk, ...]:
        """Return the next pieces of a file from `start` on, where one begins; none at its end."""
        rows = self.run(
            "SELECT off, length(body), sha256(body) FROM chunk "
            "WHERE file_id = %s AND off >= %s ORDER BY off LIMIT %s",
            *(file.file_id, start, CHUNKS_AT_ONCE),
        )
        return tuple(StoredChunk(one[0], one[1], bytes(one[2])) for one in rows)

    def bodies(self, file: StoredFile, start: int) -> tuple[bytes, ...]:
        """Return the next bytes of a file from any place on, by chunks; none at its end.

        None either of a file that was written anew since `file` was read.
        """
        rows = self._connection.cursor(binary=True).execute(
            "SELECT substr(body, greatest(%s - off, 0)::integer + 1) FROM chunk "
            "WHERE file_id = %s AND off > %s AND off < %s AND off + length(body) > %s "
            "AND EXISTS (SELECT FROM file WHERE file_id = %s AND epoch = %s) ORDER BY off",
            (
                *(start, file.file_id, start - MOST_CHUNK_BYTES),
                *(start + CHUNKS_AT_ONCE * CHUNK_BYTES, start, file.file_id, file.epoch),
            ),
        )
        return tuple(bytes(one[0]) for one in rows)

    def cut(self, file: StoredFile, size: int) -> StoredFile:
        """Keep only the first `size` bytes, where a chunk ends, of a file that was written anew."""
        self.run("DELETE FROM chunk WHERE file_id = %s AND off >= %s", file.file_id, size)
        row = self.run(
            "UPDATE file SET size = %s, epoch = epoch + 1 WHERE file_id = %s RETURNING epoch",
            *(size, file.file_id),
        ).fetchone()
        return StoredFile(
            file_id=file.file_id, path=file.path, size=size, epoch=row[0] if row else 0
        )

    def append(self, file: StoredFile, bodies: Sequence[bytes]) -> StoredFile:
        """Append chunks of at most `CHUNK_BYTES` to a file of a held session; return it then."""
        size = file.size
        for body in bodies:
            if not (size == file.size and self._has_grown(file, body)):
                self.run(
                    "INSERT INTO chunk (file_id, off, body) VALUES (%s, %s, %b)",
                    *(file.file_id, size, body),
                )
            size += len(body)
        self.run("UPDATE file SET size = %s WHERE file_id = %s", size, file.file_id)
        return StoredFile(file_id=file.file_id, path=file.path, size=size, epoch=file.epoch)

    def _has_grown(self, file: StoredFile, body: bytes) -> bool:
        """Whether the last chunk was small, and has these bytes now."""
        grown = self.run(
            "UPDATE chunk SET body = body || %b WHERE file_id = %s "
            "AND off = (SELECT max(off) FROM chunk WHERE file_id = %s) AND length(body) < %s",
            *(body, file.file_id, file.file_id, _MERGED_BYTES),
        )
        return grown.rowcount > 0


class _Patient(psycopg.Connection[Any]):
    """A connection that gives up on a server that stopped answering."""

    def wait(self, gen: PQGen[_RV], interval: float = 0.1, timeout: float | None = None) -> _RV:
        try:
            return super().wait(gen, interval, ANSWER_S if timeout is None else timeout)
        except psycopg.errors._WaitTimeout as error:
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no answer for {ANSWER_S:g} s") from error


def _words(error: psycopg.Error) -> str:
    return f"the fleet's database is away: {one_line(str(error))}"[:300]
