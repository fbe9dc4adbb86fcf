"""Who did what, and how much there is: the audit of all listings, and their statistics."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from tui.core.errors import DatabaseProblem
from tui.core.models.audit import AuditEvent
from tui.core.models.catalog import Catalog
from tui.core.models.session import Session, State
from tui.core.models.work_counts import WorkCounts
from tui.core.sessions.attention import has_failed
from tui.core.sessions.cleanup_selection import cleanable
from tui.core.sessions.listing_join import is_ending, is_gone
from tui.core.text.bounded_json import json_object
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass, field, replace
from tui.operations.catalog.fleet_health import fleet_unread, is_unsure
from tui.operations.catalog.root_state import listing_names
from tui.operations.catalog.scanner import listing_paths
from tui.operations.catalog.worker_pool import WorkerPool
from tui.operations.context import Context
from tui.operations.listing_health import is_whole
from tui.operations.target import DATABASE
from tui.storage.state.logbook import ALL_OF_IT, logbook_problem, read_logbook
from tui.storage.table.audit_reader import AuditedAct, Key, read_acts, read_events
from tui.storage.trash.erasing import measures
from tui.storage.trash.trash import read_trash

_TIMEOUT_S, _PATIENCE_S = 2.0, 5.0
_MOST_ANSWERS = 500

T = TypeVar("T")

UNKNOWN_SHARE = (
    "cannot tell what forks and their parents cost: their transcripts are too large "
    "together, or cannot be read"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingStats:
    """What one listing holds, or all of them when `listing` is empty; sizes are in bytes.

    `statuses` counts rows by status, `states` sessions by how row and transcript match; `pending`
    is what clean-up would take; `next_end` the session that ends soonest. Unless `is_whole`, there
    may be more of everything. `uncosted` are forks and their parents whose own costs are unknown:
    they are not in `cost_usd`. `failed` are those that the filter `failed` takes, `gone` those of
    which only a row is left, so that the console hides them. `leftovers` counts by status those
    whose rows say that they are gone, and whose transcripts are there.
    """

    listing: str
    sessions: int
    statuses: Mapping[str, int]
    states: Mapping[str, int]
    work: WorkCounts
    bytes: int
    cost_usd: float | None
    pending: int
    pending_bytes: int
    trash: int
    trash_bytes: int
    next_end: Session | None
    problem: str = ""
    is_whole: bool = True
    uncosted: int = 0
    failed: int = 0
    gone: int = 0
    leftovers: Mapping[str, int] = field(default_factory=Counter)


def history(
    context: Context,
    *,
    listing: str = "",
    session_id: str = "",
    limit: int = 50,
    report: Callable[[str], None] | None = None,
) -> tuple[AuditEvent, ...]:
    """Return the last acts, newest first, of a listing or a session when named.

    They come from the audit of every listing and from the root's logbook. `report` is called with
    what cannot be read.
    """
    paths = _paths(context.root, listing, report)

    def acts_of(path: Path) -> tuple[AuditEvent, ...]:
        try:
            return _acts_of(path, session_id, limit)
        except DatabaseProblem as problem:
            if report is not None:
                report(f"{one_line(path.name)}: {problem}")
            return ()

    found = _of_each(paths, acts_of, report)
    found += [
        event
        for event in reversed(_logbook(context.root, report))
        if listing in ("", event.listing) and session_id in ("", event.session_id)
    ]
    return tuple(sorted(found, key=lambda event: event.at, reverse=True)[:limit])


def answers(context: Context, session: Session) -> tuple[AuditEvent, ...]:
    """Return how the requests of a session's last run were answered, newest first.

    Of the session's last events, as far as they can be read.
    """
    if session.run is None:
        return ()
    named, own = session.folder.name, session.session_id
    events = history(context, listing=named, session_id=own, limit=_MOST_ANSWERS)
    of_run = (one for one in events if one.action == "answer")
    run = session.run.run_id
    return tuple(one for one in of_run if json_object(one.detail).get("run") == run)


def answer_to(context: Context, session: Session, request_id: str) -> AuditEvent | None:
    """Return how a request of a session was answered, if that is among its last acts."""
    acts = history(context, listing=session.folder.name, session_id=session.session_id)
    of_it = (one for one in acts if one.action == "answer" and one.request_id == request_id)
    return next(of_it, None)


@dataclass(frozen=True, slots=True)
class LoggedAct:
    """One act of an operator, on `sessions` of them; `events` are all of it, or one per listing."""

    events: tuple[AuditEvent, ...]
    sessions: int

    @property
    def first(self) -> AuditEvent:
        """The event that represents the act: one that has a note."""
        return max(self.events, key=lambda event: bool(event.note))


def grouped_acts(
    context: Context,
    *,
    listing: str = "",
    session_id: str = "",
    limit: int = 50,
    since: datetime | None = None,
    is_whole: bool = False,
    report: Callable[[str], None] | None = None,
) -> tuple[LoggedAct, ...]:
    """Return the last acts, newest first, an act on many sessions as one; else as `history`.

    `is_whole` includes every event of each act, `since` only what was done from then on.
    """
    paths = _paths(context.root, listing, report)

    def acts_of(path: Path) -> Sequence[AuditedAct]:
        try:
            acts = read_acts(
                path / DATABASE,
                session_id=session_id,
                limit=limit,
                since=since,
                is_whole=is_whole,
                timeout_s=_TIMEOUT_S,
            )
        except DatabaseProblem as problem:
            if report is not None:
                report(f"{one_line(path.name)}: {problem}")
            return ()
        return [replace(one, events=_named(path, one.events)) for one in acts]

    found = _of_each(paths, acts_of, report)
    logged = _logged(_logbook(context.root, report), listing, session_id)
    found += [one for one in logged if since is None or one.events[0].at >= since]
    done = _joined(found)
    return tuple(sorted(done, key=lambda one: one.first.at, reverse=True)[:limit])


def _joined(found: Iterable[AuditedAct]) -> Iterator[LoggedAct]:
    """Yield the acts, with what each did in several listings as one."""
    groups: dict[Key, list[AuditedAct]] = {}
    for one in found:
        groups.setdefault(one.key, []).append(one)
    for many in groups.values():
        events = tuple(event for one in many for event in one.events)
        yield LoggedAct(events, _sessions_of(many))


def _sessions_of(acts: Iterable[AuditedAct]) -> int:
    """Count the sessions of an act; one that is in the audit and the logbook counts once."""
    counts, named = Counter[str](), defaultdict[str, set[str]](set)
    for one in acts:
        listing = one.events[0].listing
        counts[listing] = max(counts[listing], one.count)
        named[listing] |= {event.session_id for event in one.events}
    return sum(max(counts[listing], len(ids)) for listing, ids in named.items())


def _of_each(
    paths: Iterable[Path],
    acts_of: Callable[[Path], Sequence[T]],
    report: Callable[[str], None] | None,
) -> list[T]:
    """Return the acts of all listings in order; `report` is called if one does not answer."""
    by_name, found = {path.name: path for path in paths}, dict[str, Sequence[T]]()

    def look(name: str) -> None:
        found[name] = acts_of(by_name[name])

    late = WorkerPool().do(by_name, look, _PATIENCE_S)
    if report is not None:
        for name in sorted(late):
            report(f"{one_line(name)}: its disk or its database is slow, or hangs")
    return [act for name in by_name if name not in late for act in found.get(name, ())]


def _paths(root: Path, listing: str, report: Callable[[str], None] | None) -> tuple[Path, ...]:
    """Return the folders of all listings, or of one; `report` is called if there may be more."""
    try:
        names = listing_names(root)
    except OSError as error:
        names = []
        if report is not None:
            report(f"{root} cannot be read: {error.strerror or error}")
    return tuple(root / name for name in sorted(names) if listing in ("", name))


def _logbook(root: Path, report: Callable[[str], None] | None) -> tuple[AuditEvent, ...]:
    """Return the root's logbook; `report` is called if it cannot be read, or not all of it."""
    try:
        found, problem = read_logbook(root, ALL_OF_IT), logbook_problem(root)
    except OSError as error:
        found, problem = (), f"the logbook cannot be read: {error.strerror or error}"
    if problem and report is not None:
        report(problem)
    return found


def _logged(logbook: Sequence[AuditEvent], listing: str, session_id: str) -> Iterator[AuditedAct]:
    for event in reversed(logbook):
        if listing in ("", event.listing) and session_id in ("", event.session_id):
            key = event.act_id or event.at.isoformat(), event.operator, event.action
            yield AuditedAct(key, 1, (event,))


def _named(path: Path, events: Iterable[AuditEvent]) -> tuple[AuditEvent, ...]:
    shown = one_line(path.name)
    return tuple(replace(one, listing=shown, session_id=one_line(one.session_id)) for one in events)


def _acts_of(path: Path, session_id: str, limit: int) -> tuple[AuditEvent, ...]:
    events = read_events(path / DATABASE, session_id=session_id, limit=limit, timeout_s=_TIMEOUT_S)
    return _named(path, events)


def stats(context: Context, catalog: Catalog) -> tuple[ListingStats, ...]:
    """Return the statistics of each listing of the catalog and, last, of all of them."""
    paths = listing_paths(context.root)
    names = {one.path.name for one in catalog.listings}
    in_trash, unread = read_trash(context.root, paths)
    found = [one for one in in_trash if one.listing in names]
    sizes, elsewhere = zip(found, measures(found), strict=True), fleet_unread(catalog)
    trash = [(one.listing, size.bytes) for one, size in sizes]
    accounts = [
        _account(
            one.listing_id,
            one.sessions,
            [size for name, size in trash if name == one.path.name],
            catalog.at,
            one.problem,
            is_whole=is_whole(one) and not is_unsure(catalog, one),
        )
        for one in catalog.listings
    ]
    total = _account(
        "",
        catalog.sessions,
        [size for _, size in trash],
        catalog.at,
        "; ".join((*unread, *elsewhere)),
        is_whole=not (unread or elsewhere) and all(one.is_whole for one in accounts),
    )
    return (*accounts, total)


def _account(
    listing: str,
    sessions: Iterable[Session],
    trash: list[int],
    now: datetime,
    problem: str = "",
    *,
    is_whole: bool,
) -> ListingStats:
    found = tuple(sessions)
    costs = [one.cost_usd for one in found if one.cost_usd is not None]
    pending = cleanable((one for one in found if not one.is_vanished), now)
    return ListingStats(
        listing=listing,
        sessions=len(found),
        statuses=Counter(one.status for one in found if one.row is not None),
        states=Counter(str(one.state) for one in found),
        work=WorkCounts.of(found),
        bytes=sum(one.bytes for one in found),
        cost_usd=sum(costs) if costs else None,
        pending=len(pending),
        pending_bytes=sum(one.bytes for one in pending),
        trash=len(trash),
        trash_bytes=sum(trash),
        next_end=next_end(found, now),
        problem=problem,
        is_whole=is_whole,
        uncosted=sum(one.inherited_usd is None for one in found),
        failed=sum(has_failed(one) and not is_gone(one) for one in found),
        gone=sum(map(is_gone, found)),
        leftovers=Counter(one.status for one in found if one.state is State.LEFTOVER),
    )


def next_end(sessions: Iterable[Session], now: datetime) -> Session | None:
    """Return the session that ends soonest, of those that have not ended."""
    ending = [
        (one.ends_at, one.key, one)
        for one in sessions
        if one.ends_at is not None and is_ending(one, now)
    ]
    return min(ending, key=lambda one: one[:2])[2] if ending else None
