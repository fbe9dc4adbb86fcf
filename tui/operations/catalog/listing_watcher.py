"""Watches one listing and reads again only what changed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import tzinfo
from pathlib import Path
from types import MappingProxyType

from tui.claude.config_dir import (
    CONFIG_DIR,
    DEFAULT_SWEEP_DAYS,
    UNKNOWN_SWEEP,
    sweep_days,
)
from tui.claude.layout import SETTINGS
from tui.claude.live_registry import read_registry
from tui.core.errors import DatabaseProblem, NotTracked, Reason
from tui.core.models.annotation import Annotation
from tui.core.models.audit import AuditEvent
from tui.core.models.catalog import Listing
from tui.core.models.row import Row, Status
from tui.core.models.session import Acknowledgement, Process, Transcript
from tui.core.sessions.listing_join import ListingScan, join
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass, field, replace
from tui.operations.catalog.change_stamps import (
    ChangeStamps,
    Stamps,
    is_same,
    read_stamps,
    stamps_beside,
)
from tui.operations.target import DATABASE
from tui.runs.folder.run_finder import RunFinder
from tui.safe_io.file_lock import NO_LOCKS
from tui.safe_io.folders import FileStamp, is_link, is_settled
from tui.storage import session_locks
from tui.storage.state.acknowledgements import read_acks
from tui.storage.state.annotations import read_annotations
from tui.storage.table.table_cache import TableCache
from tui.storage.transcripts.facts_cache import FactsCache
from tui.storage.transcripts.transcript_files import UNREAD, TranscriptFinder

_NO_LOCKS = session_locks.LockScan()
# An expensive read that failed is retried only after this many times its cost, unless changed.
_REST, _CHEAP_S = 20.0, 0.1

_NO_EVENTS: Mapping[str, AuditEvent] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    stamp: tuple[FileStamp | None, FileStamp | None]
    rows: tuple[Row, ...] = ()
    audited: Mapping[str, AuditEvent] = field(default_factory=lambda: _NO_EVENTS)
    problem: str = ""
    trouble: Reason = Reason.NONE
    is_known: bool = True
    is_failed: bool = False
    is_final: bool = True


class ListingWatcher:
    """What is known of one listing; `refresh` is for one thread at a time, `found` for any.

    `is_restless`: check it at every look, because something runs here or could not be read
    (`is_troubled`). Whenever `found` is replaced, the folder is added to `changed`, and each device
    that proved to have locks to `locking`. `folders` are
    those in which a change would show, with their stamps, a new mapping after every reading;
    `has_more` is whether something else can change as well: locks, the sessions' own folders.
    `changed_ns` is when anything of it had changed last, by the clock of its disk.
    """

    def __init__(
        self,
        folder: Path,
        zone: tzinfo | None,
        facts: FactsCache,
        tables: TableCache,
        *,
        changed: set[Path],
        locking: set[int],
        wanted: str = "",
    ) -> None:
        self.folder = folder
        self.found: ListingScan | None = None
        self.ids: tuple[str, ...] = ()
        self.is_troubled = False
        self.is_restless = True
        self.folders: Stamps = {}
        self.has_more = True
        self.changed_ns = 0
        self._tables = tables
        self._changed = changed
        self._locking = locking
        self._zone = zone
        self._place = str(folder)
        self._config_dir = folder / CONFIG_DIR
        self._finder = TranscriptFinder(facts, wanted)
        self._runs = RunFinder()
        self._rows: _Rows | None = None
        self._again_at = 0.0
        self._has_locks = False
        self._annotations: tuple[FileStamp | None, Mapping[str, Annotation]] = (None, {})
        self._stamps: ChangeStamps | None = None
        self._checked_often: tuple[Stamps, ...] = ()
        self._checked_in_turn: tuple[Stamps, ...] = ()
        self._checked_beside: Stamps = {}
        self._joined: tuple[ListingScan, tuple[object, ...], Listing] | None = None

    def listing(
        self,
        strays: tuple[Transcript, ...] = (),
        processes: tuple[Process, ...] = (),
        unread: str = "",
    ) -> Listing:
        """Return the listing with its strays; the same object while nothing changed.

        `unread` says why it may have more strays. A listing that has never answered has only a
        name.
        """
        seen = self.found
        if seen is None:
            return Listing(one_line(self.folder.name), self.folder, is_stale=True, has_rows=False)
        more, known = (strays, processes, unread), self._joined
        if known is None or known[0] is not seen or known[1] != more:
            found = seen
            if strays or processes:
                every = (*seen.transcripts, *strays)
                found = replace(seen, transcripts=every, stray_processes=processes)
            if unread and not found.cut and _misses_any(found):
                found = replace(found, cut=unread, cut_trouble=Reason.UNREAD)
            if unread and not found.transcript_problem:
                found = replace(found, transcript_problem=unread)
            joined = join(found)
            is_same = known is not None and joined == known[2]
            self._joined = known = (seen, more, known[2] if known and is_same else joined)
        return known[2]

    def refresh(self, *, is_slice: bool, is_covered: bool = False) -> bool:
        """Read the listing if it changed; `is_slice` also checks the paths that take turns.

        With `is_covered` nothing has changed in any of `folders`: only the rest is checked. Live
        and unreadable listings are read every time. Returns whether it was read. Never raises: an
        error becomes the listing's problem.
        """
        if not (self.is_restless or self._has_changed(is_slice=is_slice, is_covered=is_covered)):
            return False
        try:
            self._look()
        except OSError as error:
            self._keep_last_known(_unread(self.folder, error), Reason.of(error))
        except Exception as error:  # one bad listing must not hide the others
            self._keep_last_known(f"cannot be checked: {one_line(error)[:200]}")
        return True

    def _has_changed(self, *, is_slice: bool, is_covered: bool) -> bool:
        stamps = self._stamps
        if stamps is None or not (is_covered or is_same(*self._checked_often)):
            return True
        if not is_slice:
            return False
        checked = (self._checked_beside,) if is_covered else self._checked_in_turn
        return not is_same(*checked) or (stamps.has_ours and bool(session_locks.held(self.folder)))

    def _look(self) -> None:
        stamps = read_stamps(self._place)
        rows = self._read(stamps)
        config_dir, is_linked = self._config_dir, is_link(self._config_dir)
        seen = session_locks.look_at_locks(self.folder) if stamps.has_ours else _NO_LOCKS
        days = sweep_days(config_dir) if stamps.has_settings else DEFAULT_SWEEP_DAYS
        transcripts = () if is_linked else self._finder.find(config_dir)
        seen = self._probe_locks(seen, transcripts)
        runs = self._runs.find(self.folder) if stamps.has_ours else ()
        acks, unread = self._acks(has_ours=stamps.has_ours)
        annotations, unread_too = self._annotated(stamps)
        cut, cut_trouble = self._incomplete(seen, days, unread or unread_too, is_linked=is_linked)
        found = ListingScan(
            self.folder.name,
            self.folder,
            rows=rows.rows,
            transcripts=transcripts,
            processes=read_registry(config_dir) if stamps.has_registry and not is_linked else (),
            runs=runs,
            locked=seen.held,
            sweep_days=days,
            problem=rows.problem or _link_problem(config_dir, is_linked),
            is_stale=bool(rows.problem and rows.rows),
            zone=self._zone,
            has_rows=rows.is_known,
            audited=rows.audited,
            acks=acks,
            annotations=annotations,
            cut=cut,
            unsure=seen.unsure,
            is_lock_blind=seen.is_blind,
            remains=() if is_linked else self._finder.remains,
            trouble=Reason.LINKED if is_linked else rows.trouble,
            cut_trouble=cut_trouble,
            transcript_problem=_link_problem(config_dir, is_linked) or self._finder.cut,
        )
        self.is_troubled = rows.is_failed
        self._remember_stamps(stamps, rows, found)
        self._publish(found)

    def _probe_locks(
        self, seen: session_locks.LockScan, transcripts: tuple[Transcript, ...]
    ) -> session_locks.LockScan:
        """Return the lock scan, or that the file system has no locks; asked until it has some."""
        if not self._has_locks and transcripts and not seen.why:
            place = transcripts[0].place
            device = self._finder.seen.get(str(place), UNREAD)[0]
            self._has_locks = device in self._locking or session_locks.has_locks(
                Path(place), self._locking
            )
            if not self._has_locks:
                reason = Reason.NO_LOCKS
                return session_locks.LockScan(why=NO_LOCKS, is_blind=True, reason=reason)
        return seen

    def _acks(self, *, has_ours: bool) -> tuple[Mapping[str, Acknowledgement], str]:
        """Return the acknowledgements, and why they are only the last known ones."""
        try:
            return (read_acks(self.folder) if has_ours else {}), ""
        except OSError as error:
            known = self.found.acks if self.found is not None else {}
            return known, f"its acknowledgements cannot be read: {error.strerror}"

    def _annotated(self, stamps: ChangeStamps) -> tuple[Mapping[str, Annotation], str]:
        """Return the tags and notes, and why they are only the last known ones."""
        stamp, (seen, known) = stamps.annotations, self._annotations
        if stamp is not None and stamp == seen and is_settled([stamp]):
            return known, ""
        try:
            found = read_annotations(self.folder) if stamp is not None else {}
        except OSError as error:
            return known, f"its tags and notes cannot be read: {error.strerror}"
        self._annotations = (stamp, found)
        return found, ""

    def _incomplete(
        self, seen: session_locks.LockScan, days: int, unread: str, *, is_linked: bool
    ) -> tuple[str, Reason]:
        """Return what is unknown about the listing, in words and as a reason; the worst wins."""
        finder = self._finder
        sweep = f"cannot tell when the CLI sweeps it: {SETTINGS} cannot be read"
        told = (
            (
                "" if is_linked else finder.cut,
                Reason.UNREAD if finder.is_unread else Reason.CUT,
            ),
            (self._runs.cut, Reason.UNREAD if self._runs.is_unread else Reason.CUT),
            (seen.why, seen.reason),
            (sweep if days == UNKNOWN_SWEEP else "", Reason.UNREAD),
            (unread, Reason.UNREAD),
        )
        found = [one for one in told if one[0]]
        return max(found, key=lambda one: one[1] is Reason.UNREAD, default=("", Reason.CUT))

    def _remember_stamps(self, stamps: ChangeStamps, rows: _Rows, found: ListingScan) -> None:
        """Remember the stamps that show the next change."""
        self._stamps = stamps
        self._checked_often = stamps.often, self._finder.projects
        self._checked_in_turn = stamps.in_turn, self._finder.seen
        self.folders = {**stamps.folders, **self._finder.projects}
        self._checked_beside = stamps_beside(self._finder.seen, self.folders)
        self.has_more = bool(self._checked_beside) or stamps.has_ours
        every = (*self._checked_often, *self._checked_in_turn)
        self.changed_ns = max(stamp[-1] for some in every for stamp in some.values())
        often = (stamp for some in self._checked_often for stamp in some.values())
        is_rested = is_settled(often) and self._finder.is_settled
        is_final = rows.is_final and not found.cut
        self.is_restless = not is_rested or not is_final or _is_live(found)

    def _publish(self, found: ListingScan) -> None:
        if found != self.found:
            ids = tuple(row.session_id for row in found.rows)
            self.ids = self.ids if ids == self.ids else ids
            self.found = found
            self._changed.add(self.folder)

    def _keep_last_known(self, problem: str, trouble: Reason = Reason.UNREADABLE) -> None:
        """Keep what was known, with the reason why it cannot be refreshed."""
        self.is_restless = self.is_troubled = True
        known = self.found or ListingScan(
            self.folder.name, self.folder, zone=self._zone, has_rows=False
        )
        is_known = known.has_rows
        blind = replace(
            known, problem=problem, trouble=trouble, cut=problem, transcript_problem=problem
        )
        self._publish(replace(blind, is_stale=is_known))

    def _read(self, stamps: ChangeStamps) -> _Rows:
        known = self._rows
        rests = known is not None and known.is_failed and time.monotonic() < self._again_at
        if known is not None and known.stamp == stamps.rows and (known.is_final or rests):
            return known
        begun = time.thread_time()
        self._rows = _read_rows(self._tables, stamps, known)
        cost_s = time.thread_time() - begun
        self._again_at = time.monotonic() + (_REST * cost_s if cost_s > _CHEAP_S else 0.0)
        return self._rows


def _read_rows(tables: TableCache, stamps: ChangeStamps, known: _Rows | None) -> _Rows:
    is_final = is_settled(stamp for stamp in stamps.rows if stamp)
    try:
        table = tables.table_of(f"{stamps.folder}/{DATABASE}")
    except NotTracked as problem:
        return _Rows(
            stamp=stamps.rows, problem=str(problem), trouble=problem.reason, is_final=is_final
        )
    except DatabaseProblem as problem:
        old = known or _Rows(stamp=stamps.rows)
        fresh = replace(old, problem=str(problem), trouble=problem.reason, is_known=bool(old.rows))
        return replace(fresh, is_failed=True, is_final=False)
    if known is not None and (table.rows, table.audited) == (known.rows, known.audited):
        return _Rows(stamp=stamps.rows, rows=known.rows, audited=known.audited, is_final=is_final)
    return _Rows(stamp=stamps.rows, rows=table.rows, audited=table.audited, is_final=is_final)


def _is_live(found: ListingScan) -> bool:
    """Whether something runs here, or may: changes are then only found by looking."""
    return bool(found.processes or found.locked) or any(not run.is_over for run in found.runs)


def _misses_any(found: ListingScan) -> bool:
    """Whether a row that should have a transcript has none here."""
    there = {one.session_id for one in found.transcripts}
    ended = (Status.EXPIRED, Status.DELETED)
    return any(row.session_id not in there and row.status not in ended for row in found.rows)


def _unread(path: Path, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return f"{one_line(path.name)} cannot be read by this login"
    return f"{one_line(path.name)} cannot be read: {one_line(error.strerror or error)}"


def _link_problem(config_dir: Path, is_linked: bool) -> str:
    return f"{config_dir.name} is a link, and links are not followed" if is_linked else ""
