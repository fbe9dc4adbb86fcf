"""The connection to the fleet's database: the only module with a driver.

Nothing waits for the server longer than a few seconds: one that is away, or hangs, is `FleetAway`,
and the next call connects anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, LiteralString, Self, TypeVar

import psycopg
from psycopg import sql
from psycopg.abc import PQGen

from tui.core.errors import ConsoleError, Kind, Reason, Refused
from tui.core.text.safe_text import one_line
from tui.fleet.store.schema import MIGRATIONS, SCHEMA

_CONNECT_S = 5
ANSWER_S = 10.0
_LOCK_MS = 5000
LOST_S = 15  # until the server lets go of the locks of a host that was cut off
_MIGRATING = 0x5E55_10C0  # the advisory lock of migrations
_RV = TypeVar("_RV")


class FleetAway(ConsoleError):
    """The fleet's database does not answer, or broke off."""

    usual = Reason.UNREAD
    usual_kind = Kind.NETWORK


class FleetBusy(ConsoleError):
    """Another transaction holds what this one needs, for longer than it waits; nothing was done."""

    usual = Reason.LOCKED


class FleetForbidden(Refused):
    """The role that the dsn_file names lacks a right; the owner of the tables gives it."""

    usual = Reason.FORBIDDEN

    def __init__(self, message: str) -> None:
        super().__init__(message, remedy="fleet grant")


class NotHome(Refused):
    """This host is not, or no longer, the session's home; nothing was written."""

    usual = Reason.ELSEWHERE


class AlreadyThere(Refused):
    """A row that only one may have is another's; nothing was done."""

    usual = Reason.CHANGED


class WrongSchema(Refused):
    """The fleet's tables are of another version of this program."""


class Store:
    """One connection to the fleet's database, for one thread at a time.

    `dsn` may be what reads it: each connection is made as it says then.
    """

    def __init__(
        self,
        dsn: str | Callable[[], str],
        *,
        application: str = "session-console",
        host: str = "",
    ) -> None:
        self._dsn, self._was_read, self._host = dsn, False, host
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

        Raises `AlreadyThere`, `FleetBusy`, and `FleetAway`, also when it may have been committed.
        """
        try:
            connection = self._connected()
            with connection.transaction():
                yield Transaction(connection)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
            raise FleetBusy("another host is changing that in the fleet: try again") from error
        except psycopg.errors.UniqueViolation as error:
            raise AlreadyThere(one_line(str(error))[:300]) from error
        except psycopg.errors.InsufficientPrivilege as error:
            said = one_line(error.diag.message_primary or error)[:200]
            raise FleetForbidden(f"this role may not do that: {said}") from error
        except psycopg.OperationalError as error:
            self.close()
            raise FleetAway(_words(error)) from error
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            said = one_line(error.diag.message_primary or error)[:200]
            raise ConsoleError(f"the fleet's database takes no such thing: {said}") from error
        except psycopg.Error as error:
            if isinstance(error, _OF_NO_USE) or self._is_closed:
                self.close()
                raise FleetAway(_words(error)) from error
            said = one_line(error.diag.message_primary or error)[:200]
            raise ConsoleError(f"the fleet's database refuses that: {said}") from error

    def migrate(self) -> int:
        """Bring the tables up to this version; return how many migrations were missing.

        Raises `WrongSchema` when they are of a later version, `FleetForbidden` when the tables are
        to be changed and the role is not their owner.
        """
        with self.transaction() as tx:
            if tx.version() == len(MIGRATIONS):
                return 0
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
        if not found:
            raise WrongSchema(
                "the fleet's database has no tables yet: run `session-console fleet join` as its "
                "owner"
            )
        if found < len(MIGRATIONS):
            raise WrongSchema(
                f"the fleet's tables are at version {found}, this program needs {len(MIGRATIONS)}:"
                " run `session-console fleet join` as their owner"
            )

    @property
    def _is_closed(self) -> bool:
        return self._connection is None or self._connection.closed

    def _connected(self) -> _Patient:
        if self._connection is not None and not self._is_closed:
            return self._connection
        try:
            self._connection = _Patient.connect(
                self._read(),
                autocommit=True,
                prepare_threshold=None,  # a migration may change the types of a statement
                connect_timeout=_CONNECT_S,
                application_name=self._application,
                tcp_user_timeout=int(ANSWER_S * 1000),
                options=_options(self._host),
            )
        except psycopg.ProgrammingError:  # its words may quote a password
            raise Refused("the dsn_file does not say how to connect", Reason.NOT_SET_UP) from None
        return self._connection

    def _read(self) -> str:
        """Return how to connect; whoever was connected once waits for what cannot be read."""
        if isinstance(self._dsn, str):
            return self._dsn
        try:
            found = self._dsn()
        except Refused as error:
            if not self._was_read:
                raise
            raise FleetAway(f"the fleet's database is away: {error}") from error
        self._was_read = True
        return found


class Transaction:
    """What is done in one transaction; see `Store.transaction`."""

    def __init__(self, connection: _Patient) -> None:
        self._connection = connection

    def run(self, text: LiteralString, *values: Any) -> psycopg.Cursor[Any]:
        """Run a statement of this package."""
        return self._connection.execute(text, values)

    def run_binary(self, text: LiteralString, *values: Any) -> psycopg.Cursor[Any]:
        """Run a query whose results come as bytes: half as many for `bytea`."""
        return self._connection.cursor(binary=True).execute(text, values)

    def run_each(self, text: LiteralString, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement of this package for each of many rows of values, without waiting."""
        self._connection.cursor().executemany(text, rows)

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


class _Patient(psycopg.Connection[Any]):
    """A connection that gives up on a server that stopped answering."""

    def wait(self, gen: PQGen[_RV], interval: float = 0.1, timeout: float | None = None) -> _RV:
        try:
            return super().wait(gen, interval, ANSWER_S if timeout is None else timeout)
        except psycopg.errors._WaitTimeout as error:
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no answer for {ANSWER_S:g} s") from error


# of a connection: it has no server, or one that was made a copy of another
_OF_NO_USE = (psycopg.InterfaceError, psycopg.errors.ReadOnlySqlTransaction)


def _options(host: str) -> str:
    """Return the settings of a session: those of TCP are for the server's side of it."""
    options = {
        "search_path": SCHEMA,
        f"{SCHEMA}.host": host,  # noted of what this connection asks
        "lock_timeout": f"{_LOCK_MS}ms",
        "idle_in_transaction_session_timeout": f"{LOST_S}s",
        "tcp_user_timeout": f"{LOST_S}s",
        "tcp_keepalives_idle": f"{LOST_S}s",
        "tcp_keepalives_interval": "5s",
        "tcp_keepalives_count": "3",
    }
    return " ".join(f"-c {name}={value}" for name, value in options.items())


def _words(error: psycopg.Error) -> str:
    return f"the fleet's database is away: {one_line(str(error))}"[:300]
