"""What an act may touch: a session's id as part of paths, and the proof that nothing runs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tui.core.errors import ConsoleError, Refused
from tui.core.models import Liveness, Session
from tui.core.session_id import require_session_id
from tui.storage.config_dir import CONFIG_DIR
from tui.storage.locks import SessionLock
from tui.storage.registry import read_registry

DATABASE = "buyers.db"


@dataclass(frozen=True, slots=True)
class Target:
    """A session's id, proven well-formed, and the folder of its listing."""

    session_id: str
    folder: Path

    @property
    def config_dir(self) -> Path:
        """The CLI's config dir of the listing."""
        return self.folder / CONFIG_DIR

    @property
    def db_path(self) -> Path:
        """The listing's database."""
        return self.folder / DATABASE

    @property
    def short(self) -> str:
        """The first eight characters of the id, as every screen shows it."""
        return self.session_id[:8]


def target_of(session: Session) -> Target:
    """Return the target of a session; raises `UnknownId` for an id that is none.

    The id shown is cleaned: one that differs from what is stored must not act on its namesake.
    """
    stored = session.row.session_id if session.row else session.session_id
    require_session_id(stored)
    if stored != session.session_id:
        require_session_id("")
    return Target(stored, session.folder)


@contextmanager
def owned(target: Target) -> Iterator[SessionLock]:
    """Hold the session's lock, nothing else running it; raises `Refused` and says what to do."""
    try:
        lock = SessionLock.take(target.folder, target.session_id)
    except Refused:
        raise Refused(busy_words(target.short)) from None
    except OSError as error:
        raise ConsoleError(
            f"the session's lock cannot be taken: {error.strerror or error}"
        ) from error
    with lock:
        require_not_live(target)
        yield lock


def require_not_live(target: Target) -> None:
    """Raise `Refused` when the live registry knows a process of it that is not proven dead."""
    for process in read_registry(target.config_dir):
        if process.session_id != target.session_id:
            continue
        if process.liveness is Liveness.UNKNOWN:
            raise Refused(
                f"{target.short} may be running in another container or on another machine "
                f"(pid {process.pid}, {process.domain}): its owner cannot be proven dead from here. "
                "Stop it where it runs, or end that container; if both are gone for good, remove "
                f"sessions/{process.pid}.json in {target.config_dir}"
            )
        raise Refused(busy_words(target.short, process.pid))


def busy_words(short: str, pid: int | None = None) -> str:
    """Return why a live session is left alone, and what can be done instead."""
    who = f" (pid {pid})" if pid else ""
    return (
        f"{short} is running{who}: send it a follow-up (`send {short} PROMPT`), "
        f"end its turn (`interrupt {short}`) or stop it (`stop {short}`) first"
    )
