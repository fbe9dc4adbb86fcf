"""One writer at a time in this process for each database.

SQLite lets a waiting writer starve: of many that poll for its lock some reach their timeout. Those
of one process wait for each other here instead, so that only processes meet at the database.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from weakref import WeakValueDictionary

from tui.core.errors import DatabaseProblem, Reason
from tui.safe_io.fork_safe import fork_safe_lock

PATIENCE_S = 60.0


class WriteGate:
    """The gate of one database; a thread that dies with it keeps nobody out for over a minute."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def enter(self) -> None:
        """Wait for those before; raises `DatabaseProblem` after a minute."""
        if not self._lock.acquire(timeout=PATIENCE_S):
            raise DatabaseProblem("is being written by this program for too long", Reason.LOCKED)

    def leave(self) -> None:
        """Let the next one in."""
        self._lock.release()


_gates: WeakValueDictionary[Path, WriteGate] = WeakValueDictionary()
_making = fork_safe_lock()


def gate_of(db_path: Path) -> WriteGate:
    """Return the gate of a database, by its absolute path."""
    with _making:
        return _gates.setdefault(db_path.absolute(), WriteGate())


def _forget() -> None:
    """Forget, in a forked child, the gates that threads of its parent may hold."""
    global _gates
    _gates = WeakValueDictionary()


os.register_at_fork(after_in_child=_forget)
