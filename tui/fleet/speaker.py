"""Who speaks for a host in the fleet: its own root alone, and one member of it at a time."""

from __future__ import annotations

from tui import __version__
from tui.core.errors import ConsoleError, Reason, Refused
from tui.core.text.safe_text import one_line
from tui.fleet.dsn import fleet_of
from tui.fleet.marks import MARKS, add_mark, lock_for_member, read_marks
from tui.fleet.store import hosts, sessions
from tui.fleet.store.connection import Store, Transaction
from tui.fleet.store.hosts import Named
from tui.operations.context import Context
from tui.safe_io.file_lock import FileLock

_BEAT_S = 2.0
_MISSED = 3  # beats, after which a member that was killed is not waited for
_ANOTHER_NAME = "give this one another name in [fleet] of its settings"


def beat_s(context: Context) -> float:
    """Return how often a member reports, in seconds."""
    return min(_BEAT_S, fleet_of(context.settings).lease.total_seconds() / 4)


class Speaker:
    """Speaks for this host, once it is known that nobody else does; not for several threads."""

    def __init__(self, context: Context, store: Store) -> None:
        self._context, self._store = context, store
        self._host = fleet_of(context.settings).host
        self._mark = ""
        self._lock: FileLock | None = None
        self._beat = ""  # the last one of another member, which may have been killed

    def join(self, *, replaces: bool = False) -> None:
        """Take the name for this root, whose member may have it already.

        With `replaces` also that of another root which is silent. Raises `Refused` for the name of
        another root, `FleetAway`, and `ConsoleError` when its marks cannot be read or written.
        """
        with self._store.transaction() as tx:
            found = self._named(tx)
            is_own = self._is_own(found, replaces=replaces)
            if is_own and found is not None:
                self._require_no_other(found)
            self._speak(tx, found, is_kept=is_own, is_member=False)

    def become_member(self) -> bool:
        """Take the name for this process; return whether it has it.

        Not as long as the last member may still be there, which was killed. Raises as `join`, for a
        host that has left, and when another member reports.
        """
        if self._lock is None and not self._context.settings.read_only:
            self._lock = self._locked()
        with self._store.transaction() as tx:
            found = self._named(tx)
            if found is not None and found.has_left:
                raise self._left()
            is_own = self._is_own(found)
            if found is not None and found.is_heard:
                if self._beat not in ("", found.beat):
                    raise self._another()
                self._beat = found.beat
                return False
            is_kept = is_own and self._context.settings.read_only
            self._speak(tx, found, is_kept=is_kept, is_member=True)
        return True

    def report(self, behind_bytes: int = 0) -> None:
        """Report that this host is there.

        Raises `FleetAway`, and `Refused` when it has left or somebody else speaks for it.
        """
        with self._store.transaction() as tx:
            found = self._named(tx)
            if found is not None and found.has_left:
                raise self._left()
            if found is not None and found.mark != self._mark:
                raise self._another()
            self._report(tx, behind_bytes)

    def end(self, store: Store) -> None:
        """Say that this process ends, so that the next member need not wait. Raises `FleetAway`."""
        with store.transaction() as tx:
            hosts.end_member(tx, self._host, self._mark)

    def require_own(self, tx: Transaction) -> None:
        """Raise `Refused` unless the name is this root's, or was when it left the fleet."""
        if (found := self._named(tx)) is None:
            return
        if not self._knows(found):
            raise Refused(
                f"another root has the name {self._host} in the fleet, {one_line(found.root)}, or "
                "this one was restored from a copy: leave there; if it is gone for good, join here "
                "in its place first",
                remedy="fleet join --replace",
            )
        self._require_no_other(found)

    def _require_no_other(self, found: Named) -> None:
        """Raise `Refused` when a member is heard that does not share its locks with this root."""
        if found.is_heard and not self._has_member():
            raise Refused(
                f"a member of {self._host} reports that does not run on this root, or ended "
                f"this moment: try again, or {_ANOTHER_NAME} if it is on another machine"
            )

    def _knows(self, found: Named) -> bool:
        root = str(self._context.root.absolute())
        return found.mark in self._marks() if found.mark else found.root == root

    def _named(self, tx: Transaction) -> Named | None:
        return hosts.named(tx, self._host, heard_s=_MISSED * beat_s(self._context))

    def _has_member(self) -> bool:
        """Whether the member of this root is a process that shares its locks with this one."""
        try:
            lock_for_member(self._context.root).close()
        except BlockingIOError:
            return True
        except OSError as error:
            raise _unusable(error) from error
        return False

    def _locked(self) -> FileLock:
        try:
            return lock_for_member(self._context.root)
        except BlockingIOError:
            raise self._another() from None
        except OSError as error:
            raise _unusable(error) from error

    def _is_own(self, found: Named | None, *, replaces: bool = False) -> bool:
        """Whether the name is this root's already; raises `Refused` when it is another's."""
        if found is None or found.has_left:
            return False
        if self._knows(found):
            return bool(found.mark)
        said = f"another root has the name {self._host} in the fleet, {one_line(found.root)}"
        if not found.is_silent:
            raise Refused(f"{said}, and is there: {_ANOTHER_NAME}")
        if not replaces:
            raise Refused(
                f"{said}, or this one was restored from a copy: {_ANOTHER_NAME}, and move to it "
                "what the fleet has; or, if that one is gone for good, take its place",
                remedy="fleet join --replace",
            )
        return False

    def _marks(self) -> tuple[str, ...]:
        try:
            return read_marks(self._context.root)
        except OSError as error:
            raise _unusable(error) from error

    def _speak(
        self, tx: Transaction, found: Named | None, *, is_kept: bool, is_member: bool
    ) -> None:
        self._mark = found.mark if found is not None and is_kept else self._new_mark()
        if found is None:
            self._report(tx, 0)
        hosts.take_name(tx, self._host, self._mark, is_member=is_member)

    def _new_mark(self) -> str:
        try:
            return add_mark(self._context.root)
        except OSError as error:
            raise _unusable(error) from error

    def _report(self, tx: Transaction, behind_bytes: int) -> None:
        settings, root = self._context.settings, str(self._context.root.absolute())
        sessions.beat(
            tx,
            self._host,
            root,
            __version__,
            max_runs=settings.max_runs,
            lease_s=fleet_of(settings).lease.total_seconds(),
            behind_bytes=behind_bytes,
            is_read_only=settings.read_only,
            mark=self._mark,
        )

    def _left(self) -> Refused:
        return Refused(f"{self._host} has left the fleet", remedy="fleet join")

    def _another(self) -> Refused:
        return Refused(
            f"another member speaks for {self._host} in the fleet: end it, or {_ANOTHER_NAME} if "
            "it is on another machine"
        )


def _unusable(error: OSError) -> ConsoleError:
    words = f"{MARKS} of this root cannot be used: {error.strerror or error}"
    return ConsoleError(words, Reason.of(error))
