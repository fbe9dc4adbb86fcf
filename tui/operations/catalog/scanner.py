"""Scans a root: every listing's rows, files, locks and registry, joined into a catalog."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tui.core.errors import ConsoleError, Reason
from tui.core.models.audit import AuditEvent
from tui.core.models.catalog import Catalog, Listing
from tui.core.text.safe_text import one_line
from tui.core.time.zones import zone_named
from tui.core.values import replace
from tui.operations.catalog.answering import NO_ANSWER
from tui.operations.catalog.change_hints import ChangeHints
from tui.operations.catalog.listing_watcher import ListingWatcher
from tui.operations.catalog.root_state import RootState, listing_names
from tui.operations.catalog.rota import LATELY, MOST_LATELY, LateChecks, OwedTurns, Rota, Turn
from tui.operations.catalog.stray_watcher import StrayWatcher
from tui.operations.catalog.vanished import VanishedListings, ack_event
from tui.operations.catalog.worker_pool import Job, Late, WorkerPool
from tui.operations.context import Context
from tui.operations.logbook_entry import log_act
from tui.storage.index.index import Index, index_path
from tui.storage.table.table_cache import TableCache
from tui.storage.transcripts.facts_cache import FactsCache

if TYPE_CHECKING:  # no verb watches
    from tui.safe_io.folder_watch import FolderWatch

_SAVE_EACH = timedelta(minutes=1)
_NONE = frozenset[str]()
_PATIENCE_S = 0.5
_FIRST_PATIENCE_S = 2.0
_ALONE_PATIENCE_S = 4.0  # at the first look, while there is nothing to show
_BEHIND_S = 0.1  # at a later look, once the root's own disk has answered
_OWN_DISK = ""
_ROOT, _OUTSIDE, _INDEX = "/root", "/outside", "/index"  # no listing has such a name
_ANSWERS_WITHIN_S = 1.0
_LATE = {
    Late.SILENT: (NO_ANSWER, Reason.SLOW),
    Late.BEHIND: ("was not read yet: others on its disk do not answer", Reason.SLOW),
    Late.SOON: ("reading...", Reason.READING),
}


class CatalogScanner:
    """Scans a root again and again, and reads only what changed.

    Not thread-safe. Scanning changes nothing below the root. An unchanged listing is the same
    object in the next catalog. A listing that is late is shown as last known, with the reason, and
    is read on in the background: where nobody looks again, it did not answer in time; else only
    what was begun and does not end, or waits behind such, is told so.
    """

    def __init__(
        self, context: Context, wanted: str = "", watch: FolderWatch | None = None
    ) -> None:
        """Create a scanner; ids that begin with `wanted` are read first in very large listings.

        With a `watch`, listings in whose folders nothing happens are checked less often.
        """
        settings = context.settings
        self._wanted = wanted
        self._context = context
        self._zone = None if settings.time_zone == "auto" else zone_named(settings.time_zone)
        self._index = Index(find=partial(index_path, settings.cache_dir, context.root))
        self._facts = FactsCache(self._index)
        self._tables = TableCache(self._index if settings.cache_dir is not None else None)
        self._pool = WorkerPool()
        self._root_state = RootState(context.root)
        self._watchers: dict[str, ListingWatcher] = {}
        self._strays = StrayWatcher(settings.claude_home, self._facts)
        self._vanished = VanishedListings(settings.state_dir, context.root)
        self._changed: set[Path] = set()
        self._locking: set[int] = set()
        self._shown: tuple[Listing, ...] = ()
        self._shown_key: tuple[object, ...] = ()
        self._listings: tuple[Listing, ...] = ()
        self._looked_at: datetime | None = None
        self._saved_at: datetime | None = None
        self._late = LateChecks()
        self._owed = OwedTurns()
        self._waiting: Set[str] = _NONE
        self._answers_within_s = _ANSWERS_WITHIN_S if watch is not None else 0.0
        self._erasure = ""
        self._unread: set[str] = set()  # since the root's last erasure
        self._restless: set[str] = set()
        self._log: tuple[AuditEvent, ...] = ()
        self._pairs: tuple[tuple[Path, tuple[str, ...]], ...] = ()
        self._paired: tuple[str, ...] | None = None
        self._named: tuple[str, ...] = ()
        self._names: frozenset[str] = frozenset()
        self._hints = ChangeHints(watch)
        self._rota = Rota(self._hints)

    def look(
        self, only: str | None = None, *, in_sight: frozenset[str] = _NONE, is_asked: bool = False
    ) -> Catalog:
        """Return the catalog as of now, with one listing when `only` names it; blocking.

        In a very large root, listings that nobody watches are checked in turn, those `in_sight` at
        each look; if somebody has asked for it, all are.
        """
        root, now = self._context.root, self._context.clock()
        is_late = self._do([_ROOT], lambda _: self._root_state.look())
        if why := self._why(is_late).get(_ROOT):
            words, trouble = _LATE[why]
            return self._as_last_known(now, f"{root} {words}", trouble)
        if self._root_state.problem:
            return self._as_last_known(now, self._root_state.problem, Reason.SLOW)
        names = self._root_state.names
        if only is not None:
            names = tuple(name for name in names if name == only)
        is_asked |= self._note_erasure()
        self._note_acts(now)
        with _no_collection(is_first=self._looked_at is None):
            self._refresh(names, now, in_sight, is_asked=is_asked)
            self._look_for_strays(names)
            found = self._joined(names)
        if only is None:
            self._vanished.note(found, now, self._root_state.log)
            self._drop_others(names)
        self._looked_at = now
        self._save(now, None if only is not None else names)
        self._listings = _with_vanished(found, self._vanished.listings(only))
        state = self._root_state
        return Catalog(
            root,
            now,
            listings=self._listings,
            free_bytes=state.free_bytes,
            hold=state.hold,
            log=state.log,
            erasure="" if self._unread else self._erasure,
        )

    def _as_last_known(self, now: datetime, problem: str, trouble: Reason) -> Catalog:
        """Return the catalog of the last look, with the reason why there is no newer one."""
        root, log = self._context.root, self._root_state.log
        stale = tuple(_stale(one, problem, trouble) for one in self._listings)
        return Catalog(root, now, listings=stale, problem=problem, log=log)

    def is_quiet(self, name: str) -> bool:
        """Whether the next look would see whatever is written in that listing."""
        return name in self._hints.quiet

    def forget(self, listing_id: str) -> str:
        """Stop showing a vanished listing, which this operator has acknowledged.

        The logbook tells other consoles, unless this one is read-only; returns why it could not be
        written, else an empty string.
        """
        gone, context = self._vanished.forget(listing_id), self._context
        if gone and not context.settings.read_only:
            event = ack_event(gone, context.settings.operator, context.clock())
            return log_act(context, event)
        return ""

    def _note_erasure(self) -> bool:
        """Count nothing as read since an erasure whose reading began before it was seen.

        Returns whether there was one since the last look.
        """
        is_new = self._root_state.erasure != self._erasure
        if is_new:
            self._erasure = self._root_state.erasure
            self._unread = {*self._root_state.names, _OUTSIDE}
        return is_new

    def _note_acts(self, now: datetime) -> None:
        """Look closely at the listings of the last acts, which the root's logbook names."""
        if self._root_state.log is not self._log:
            for event in self._root_state.log[-MOST_LATELY:]:
                if event.listing and event.at > now - LATELY:
                    self._rota.lately.add(event.listing, now)
            self._log = self._root_state.log

    def _refresh(
        self, names: tuple[str, ...], now: datetime, in_sight: frozenset[str], *, is_asked: bool
    ) -> None:
        """Refresh these listings, and note those that are late, with the reason.

        Troubled listings come last, so that they delay only each other.
        """
        self._know(names)
        touched = self._hints.begin(self._root_state)
        last = self._looked_at
        checks = self._rota.plan(names, touched, now, last, in_sight=in_sight, is_asked=is_asked)
        look, unread, watchers = self._hints.look, self._unread, self._watchers

        self._owed.add(checks)
        waiting = self._owed.names | self._pool.running | self._late.asked
        due = sorted((checks.due | waiting | self._restless) & self._names)
        note_read = self._late.begin(due if is_asked else ())

        def refresh(name: str) -> None:
            if self._check(watchers[name], self._owed.take(name), look, now):
                unread.discard(name)
            note_read(name)

        troubled = frozenset(name for name in due if watchers[name].is_troubled)
        fine = [name for name in due if name not in troubled]
        late = self._do(fine, refresh, checks.ahead, is_patient=is_asked)
        if troubled:
            late |= self._pool.do(
                troubled, refresh, _PATIENCE_S, at_most_s=_PATIENCE_S, lane_of=self._lane_of
            )
        self._late.note(self._why(late), self._names)

    def _why(self, late: frozenset[str]) -> Mapping[str, Late]:
        """Return why each is late; without those that have ended since."""
        known = self._pool.late(self._answers_within_s) if late else {}
        return {name: known[name] for name in late if name in known}

    def _know(self, names: tuple[str, ...]) -> None:
        """Begin to watch listings that are new."""
        if self._named is names:
            return
        self._named, self._names = names, frozenset(names)
        for name in names:
            if name not in self._watchers:
                self._watchers[name] = self._new_watcher(name)
                self._restless.add(name)

    def _check(self, watcher: ListingWatcher, turn: Turn, look: int, now: datetime) -> bool:
        """Check a listing, perhaps late and in another thread; return whether all of it was."""
        name, found, hints = watcher.folder.name, watcher.found, self._hints
        is_covered, began = name in hints.covered, time.thread_time()
        is_whole = turn.is_whole or not is_covered
        was_read = watcher.refresh(is_slice=turn.is_slice, is_covered=not is_whole)
        if turn.is_swept and not was_read:
            self._rota.pace.note(time.thread_time() - began)
        if found is not None and found is not watcher.found and not is_covered:
            self._rota.lately.add(name, now)
        (self._restless.add if watcher.is_restless else self._restless.discard)(name)
        is_whole = is_whole and turn.is_slice
        hints.note(name, watcher, look, is_whole=is_whole)
        return is_whole

    def _new_watcher(self, name: str) -> ListingWatcher:
        given = (self._context.root / name, self._zone, self._facts, self._tables)
        changed, locking = self._changed, self._locking
        return ListingWatcher(*given, changed=changed, locking=locking, wanted=self._wanted)

    def _do(
        self,
        keys: Iterable[str],
        job: Job,
        ahead: frozenset[str] = _NONE,
        *,
        is_patient: bool = True,
    ) -> frozenset[str]:
        """Run a job for each key, more patiently at the first look; return those still running.

        A console that looks again and again waits for no slow disk once all else is read; at later
        looks only if it is not `is_patient`.
        """
        if self._looked_at is None:
            return self._pool.do(
                keys,
                job,
                _FIRST_PATIENCE_S,
                first_s=_ALONE_PATIENCE_S,
                behind_s=_PATIENCE_S if self._hints.has_watch else math.inf,
                ahead=ahead,
                lane_of=self._lane_of,
            )
        return self._pool.do(
            keys,
            job,
            _PATIENCE_S,
            behind_s=_BEHIND_S if self._hints.has_watch and not is_patient else math.inf,
            ahead=ahead,
            own=_OWN_DISK,
            lane_of=self._lane_of,
        )

    def _lane_of(self, key: str) -> str:
        """Return a listing's disk, which decides whose threads it shares; the root has its own."""
        return key if key.startswith("/") else self._root_state.disks.get(key, _OWN_DISK)

    def _look_for_strays(self, names: tuple[str, ...]) -> None:
        unread = self._unread
        if self._strays.is_empty:
            unread.discard(_OUTSIDE)
            return
        if self._changed or self._paired is not names:
            watchers = [self._watchers[name] for name in names]
            self._pairs = tuple((one.folder, one.ids) for one in watchers if one.found is not None)
            self._paired = names
        pairs = self._pairs

        def look(key: str) -> None:
            self._strays.look(pairs)
            if not self._strays.unread:
                unread.discard(key)

        self._pool.do([_OUTSIDE], look, _FIRST_PATIENCE_S, lane_of=self._lane_of)

    def _joined(self, names: tuple[str, ...]) -> tuple[Listing, ...]:
        """Return the listings of these names; the same tuple as last time if nothing changed."""
        shown, waiting = self._shown, self._late.names
        of = (names, self._strays.found, self._strays.unread)
        if self._changed or self._shown_key != of:
            self._changed.clear()
            self._paired = None
            shown = tuple(self._listing(name) for name in names)
        elif again := waiting | self._waiting:
            shown = tuple(
                self._listing(name) if name in again else one
                for name, one in zip(names, shown, strict=True)
            )
        self._shown = self._shown if shown == self._shown else shown
        self._shown_key, self._waiting = of, waiting
        return self._shown

    def _listing(self, name: str) -> Listing:
        watcher = self._watchers[name]
        listing = watcher.listing(*self._strays.of(watcher.folder), self._strays.unread)
        is_known = watcher.found is not None and name not in self._unread
        if (late := self._late.told(name, is_known=is_known)) is None:
            return listing
        is_told = late is Late.SOON and listing.problem
        return replace(listing, is_stale=True) if is_told else _stale(listing, *_LATE[late])

    def _save(self, now: datetime, names: tuple[str, ...] | None) -> None:
        """Cache what transcripts and tables say for the next start, now and then.

        Cached entries of listings that are not among `names` are dropped.
        """
        is_time = self._saved_at is None or not now - self._saved_at < _SAVE_EACH
        if is_time or self._index.is_owed:
            root, home = self._context.root, self._context.settings.claude_home
            there = None if names is None else {root / name for name in names}
            if there is not None and home is not None:
                there.add(home)
            self._do([_INDEX], lambda _: self._index.save(there))
            self._saved_at = now

    def _drop_others(self, names: tuple[str, ...]) -> None:
        if len(self._watchers) > len(names):
            self._watchers = {name: self._watchers[name] for name in names}
            self._restless &= self._names
            self._owed.keep_only(self._names)
            self._late.keep_only(self._names)
            self._unread &= {*names, _OUTSIDE}
            self._hints.keep_only(names)
            self._facts.keep_only({self._context.root / name for name in names})


def listing_paths(root: Path) -> tuple[Path, ...]:
    """Return the folders of all listings, by name; raises `ConsoleError` if they cannot be read."""
    try:
        return tuple(root / name for name in sorted(listing_names(root)))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        said = f"the listings cannot be read: {one_line(root)}: {error.strerror}"
        raise ConsoleError(said) from error


@contextmanager
def _no_collection(*, is_first: bool) -> Iterator[None]:
    """Freeze the first catalog out of garbage collection, to avoid pauses."""
    if not is_first or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():
            gc.freeze()
            gc.unfreeze()  # everything now belongs to the oldest generation
        gc.enable()


def _stale(listing: Listing, problem: str, trouble: Reason) -> Listing:
    return replace(listing, problem=problem, is_stale=True, trouble=trouble)


def _with_vanished(found: tuple[Listing, ...], gone: tuple[Listing, ...]) -> tuple[Listing, ...]:
    """Return all listings, those that vanished among them, by folder name."""
    if not gone:
        return found
    return tuple(sorted((*found, *gone), key=lambda one: one.path.name))
