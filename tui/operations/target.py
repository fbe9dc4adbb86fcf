"""The target of an act: a safe session id, its paths, and proof that nothing runs it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from tui.claude.config_dir import CONFIG_DIR, footprint
from tui.claude.layout import is_transcript, projects_folder, registry_entry, registry_folder
from tui.claude.live_registry import read_registry
from tui.claude.session_id import require_session_id
from tui.core.errors import ConsoleError, DatabaseProblem, Reason, Refused, UsageError
from tui.core.explanation import Explanation
from tui.core.limits import AUDIT_FOR_EVER_DAYS, MOST_LIVE
from tui.core.models.session import Liveness, Process, Session
from tui.core.text.safe_text import one_line
from tui.core.time.zones import zone_named
from tui.core.values import dataclass
from tui.operations.context import Context
from tui.safe_io.folders import is_link
from tui.safe_io.opening import open_folder
from tui.safe_io.processes import own_domain, started
from tui.storage.session_locks import SessionLock
from tui.storage.table.tracking import Tracking
from tui.storage.trash.trash import read_trash

DATABASE = "buyers.db"

_END_IT = "end it, or remove that file if the pid is not a CLI"


@dataclass(frozen=True, slots=True)
class Target:
    """A session id, proven well-formed, and the folder of its listing."""

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
        """The first eight characters of the id, as shown everywhere."""
        return self.session_id[:8]


def tracking_of(context: Context, folder: Path, zone: str) -> Tracking:
    """Return the writer to a listing's database, as this operator and in this act."""
    path, operator = folder / DATABASE, context.settings.operator
    return Tracking(path, zone_named(zone), operator, context.act_id, audit_kept_since(context))


def audit_kept_since(context: Context) -> datetime | None:
    """Return since when the audit is kept whole, so that acts can be undone; `None` for always."""
    days = context.settings.audit_days
    return context.clock() - timedelta(days=days) if days < AUDIT_FOR_EVER_DAYS else None


def target_of(session: Session) -> Target:
    """Return the target of a session; raises `UnknownId` for a malformed id.

    The shown id is cleaned: if it differs from the stored id it could be another session's. Raises
    `Refused` for a session that lives on another host: nothing here is its.
    """
    if session.host:
        words = f"{session.session_id[:8]} lives on {session.host}: that can be done there alone"
        raise Refused(words, Reason.ELSEWHERE)
    stored = session.row.session_id if session.row else session.session_id
    require_session_id(stored)
    if stored != session.session_id:
        require_session_id("")
    return Target(stored, session.folder)


def require_row_known(session: Session, participle: str) -> None:
    """Raise `DatabaseProblem` if it is unknown whether a session has a row, and what it says."""
    if session.row_problem:
        words = f"{session.session_id[:8]} cannot be {participle} now: {session.row_problem}"
        raise DatabaseProblem(words, session.row_trouble or Reason.UNREAD)


def require_transcript_known(session: Session) -> None:
    """Raise `ConsoleError` if it is unknown whether a session has a transcript."""
    if session.transcript is None and session.transcript_problem:
        raise ConsoleError(
            f"cannot tell whether {session.session_id[:8]} has a transcript, so nothing was "
            f"changed: {one_line(session.transcript_problem)}"
        )


def deleted(context: Context, session: Session) -> Refused:
    """Return that a session is deleted, and what brings it back, if anything does."""
    short, (found, unread) = session.session_id[:8], read_trash(context.root, (session.folder,))
    is_kept = bool(unread) or any(one.session_id == session.session_id for one in found)
    gone = "" if is_kept else ", and in no trash: nothing brings it back"
    remedy = f"restore {short}" if is_kept else ""
    return Refused(f"{short} is deleted{gone}", Reason.DELETED, remedy=remedy)


def has_transcript(target: Target) -> bool:
    """Whether its listing has a transcript of the session; raises `Refused` if nobody can tell."""
    return any(map(is_transcript, footprint(target.config_dir, target.session_id)))


def require_transcript(target: Target) -> None:
    """Raise `Refused` for a session without a transcript, which cannot be gone on with."""
    if not has_transcript(target):
        raise Refused(
            f"{target.short} has no transcript below {projects_folder(target.config_dir)}: its "
            "agent never began (then retry_of settles its failure), or it was deleted, swept by "
            "the CLI, or written elsewhere",
            Reason.NO_TRANSCRIPT,
            remedy=f"show {target.short}",
        )


def require_unused(context: Context, target: Target, what: str) -> None:
    """Raise `UsageError` for the id of a session that exists: the CLI would not begin it anew.

    Also for one with capitals, which it would begin beside the one that has them small, and for one
    in the trash, which could not be restored then. `what` has named it.
    """
    if target.session_id != target.session_id.lower():
        raise UsageError(f"{what} has capitals: write {target.session_id.lower()}")
    if has_transcript(target):
        again = f"resume={target.session_id}"
        raise UsageError(f"{what} names a session that exists: {again} goes on with it")
    found, unread = read_trash(context.root, (target.folder,))
    own = target.session_id, target.folder.name
    if any((one.session_id, one.listing) == own for one in found):
        raise UsageError(
            f"{what} names a session in the trash, which could not be restored then: take another "
            f"id, or `restore {target.short}` and resume={target.session_id}"
        )
    if unread:
        words = f"cannot tell whether {what} names a session in the trash: {unread[0]}"
        raise ConsoleError(words, Reason.UNREAD)


def require_not_stray(session: Session) -> None:
    """Raise `Refused` for a session whose transcript is outside its listing."""
    if session.is_stray and session.transcript is not None:
        short, place = session.session_id[:8], session.transcript.stray_in
        words = f"{short} lies in {place}, outside its listing"
        raise Refused(words, Reason.STRAY, remedy=f"adopt {short}")


def require_no_link(folder: Path) -> None:
    """Raise `Refused` for a listing that is a link: others can turn it to anywhere."""
    if is_link(folder):
        raise Refused(
            f"{one_line(folder)} is a link, and a listing behind one is not opened: name the "
            "folder that it leads to",
            Reason.LINKED,
        )


def require_usable(folder: Path) -> None:
    """Raise `Refused` for a listing that is a link, `ConsoleError` for what cannot be read as one.

    One that does not exist yet is none of these.
    """
    require_no_link(folder)
    try:
        fd = open_folder(folder)
        try:
            os.stat(".", dir_fd=fd)
        finally:
            os.close(fd)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unusable(folder, "used", error) from error


def make_listing(folder: Path) -> None:
    """Make a listing's folder if there is none.

    Raises `Refused` for a link, `ConsoleError` for what cannot be a folder.
    """
    require_no_link(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(folder, "made", error) from error
    require_usable(folder)


def _unusable(folder: Path, verb: str, error: OSError) -> ConsoleError:
    why: object = error.strerror or error
    try:
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode):
            why = "it is a file"
        elif isinstance(error, PermissionError):
            mode = stat.S_IMODE(status.st_mode)
            why = (
                f"{why}; it is {folder.owner()}'s, with mode {mode:03o}, and this login must be "
                "able to read, write and enter it"
            )
    except (OSError, KeyError):  # the folder above cannot be looked into, or has no owner by name
        pass
    words = f"the listing's folder {one_line(folder)} cannot be {verb}: {why}"
    return ConsoleError(words, Reason.of(error))


def require_here(target: Target) -> None:
    """Raise `Refused` for a session that lives on another host of the fleet now.

    Also when nobody can tell: somebody may go on with it there.
    """
    from tui.storage.state.elsewhere import read_elsewhere

    try:
        went = read_elsewhere(target.folder).get(target.session_id)
    except OSError as error:
        why = f"cannot tell whether {target.short} lives on another host: {error.strerror or error}"
        raise Refused(why, Reason.UNREAD) from error
    if went is not None:
        raise Refused(
            f"{target.short} lives on {went.host} now: act on it there, or bring it back with "
            f"`move {target.short} HOST`",
            Reason.ELSEWHERE,
            remedy="hosts",
        )


@contextmanager
def hold_lock(
    target: Target, *, takes_over: bool = False, any_home: bool = False
) -> Iterator[SessionLock]:
    """Hold the session's lock while nothing else runs it; raises `Refused` and says what to do.

    Raises a plain `ConsoleError` if the state of the lock is unknown. With `takes_over`, an owner
    elsewhere that cannot be proven dead from here is ignored; with `any_home` the session may live
    on another host of the fleet.
    """
    if not any_home:
        require_here(target)
    try:
        lock = SessionLock.take(target.folder, target.session_id)
    except Refused:
        raise busy(target.short) from None
    except OSError as error:
        words = f"the session's lock cannot be taken: {error.strerror or error}"
        raise ConsoleError(words, Reason.of(error)) from error
    with lock:
        if not any_home:
            require_here(target)  # it may have gone before the lock was taken
        require_not_live(target, takes_over=takes_over)
        yield lock


def require_not_live(
    target: Target, *, config_dir: Path | None = None, takes_over: bool = False
) -> None:
    """Raise `Refused` when the live registry has a process of it that is not proven dead.

    `config_dir` is the registry's, unless it is the listing's.
    """
    processes = read_registry(config_dir) if config_dir else registry_of(target)
    require_none_live(target, processes, config_dir=config_dir, takes_over=takes_over)


def registry_of(target: Target) -> tuple[Process, ...]:
    """Return the listing's live registry; raises `Refused` if it is behind a link."""
    if is_link(target.config_dir):
        raise Refused(
            f"{CONFIG_DIR} is a link, and links are not followed: cannot tell what is running"
        )
    return read_registry(target.config_dir)


def require_none_live(
    target: Target,
    processes: Iterable[Process],
    *,
    config_dir: Path | None = None,
    takes_over: bool = False,
) -> None:
    """Raise `Refused` as `require_not_live` does, for a registry that was read before."""
    for process in processes:
        if takes_over and is_foreign(process):
            continue
        if process.liveness is Liveness.UNKNOWN and process.session_id in ("", target.session_id):
            unknown = unknown_owner(target, process, config_dir)
            raise Refused(str(unknown), Reason.ELSEWHERE)
        if process.session_id == target.session_id:
            is_orphan = _is_of_lost_run(target, process)
            raise (orphaned if is_orphan else busy)(target.short, process.pid)


def _is_of_lost_run(target: Target, process: Process) -> bool:
    """Whether a process is the CLI of a run whose runner, or whose pipeline, is gone."""
    from tui.core.sessions.listing_join import is_orphaned
    from tui.runs.folder.protocol import list_runs

    try:
        runs = list_runs(target.folder)
    except OSError:  # then nobody knows
        return False
    return any(run.state == "lost" and is_orphaned(process, run) for run in runs)


def is_foreign(process: Process) -> bool:
    """Whether a process that is not proven dead would live where we cannot see it."""
    if not process.session_id or process.liveness is not Liveness.UNKNOWN:
        return False
    return process.domain != own_domain() and (process.domain != "" or started(process.pid) is None)


def unknown_owner(target: Target, process: Process, config_dir: Path | None = None) -> Explanation:
    """Say what may run the session, as far as it is known here, and the way out."""
    registry = registry_folder(config_dir or target.config_dir)
    entry = registry_entry(config_dir or target.config_dir, process.pid)
    if not process.pid:
        why = f"{registry} cannot be read by this login, or has over {MOST_LIVE:,} entries"
        return Explanation(f"{target.short} may be running: {why}")
    if not process.session_id:
        return Explanation(
            f"{target.short} may be running: pid {process.pid} is alive, and what it runs is not "
            f"readable in {entry}",
            _END_IT,
        )
    if process.domain == own_domain():
        return Explanation(
            f"{target.short} may be running: pid {process.pid} is alive, and {entry} does not "
            "say since when",
            _END_IT,
        )
    return Explanation(
        f"{target.short} may be running in another container or on another machine (pid "
        f"{process.pid}, {process.domain or 'an unknown place'}): its owner may still "
        "be alive",
        "stop it where it runs, or, if that container or machine is gone, "
        f"`resume {target.short} --take-over`",
    )


def require_no_orphan(session: Session) -> None:
    """Raise `Refused` for a session whose CLI outlived its runner, and say how to end it."""
    if session.is_orphan and session.process is not None:
        raise orphaned(session.session_id[:8], session.process.pid)


def orphaned(short: str, pid: int) -> Refused:
    """Say that a session's CLI outlived its runner, and how to end it."""
    from tui.core.sessions.session_state import orphan_words

    words = f"{short} is an orphan: {orphan_words(pid)}"
    return Refused(words, Reason.ORPHAN, remedy=f"stop {short}")


def busy(short: str, pid: int | None = None) -> Refused:
    """Say why a live session is left alone, and what to do instead."""
    who = f" (pid {pid})" if pid else ""
    return Refused(
        f"{short} is running{who}: send a follow-up (`send {short} PROMPT`), "
        f"end its turn (`interrupt {short}`) or stop it first",
        Reason.RUNNING,
        remedy=f"stop {short}",
    )
