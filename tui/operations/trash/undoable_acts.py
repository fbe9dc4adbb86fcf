"""Finds what this operator did last that can be undone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tui.core.errors import DatabaseProblem, Reason, Refused
from tui.core.models.audit import AuditEvent
from tui.core.text.bounded_json import json_object
from tui.core.text.safe_text import one_line
from tui.operations.catalog.scanner import listing_paths
from tui.operations.context import ActionResult, Context
from tui.operations.formatting import moment
from tui.operations.target import DATABASE, audit_kept_since
from tui.operations.trash.acts_elsewhere import UNDONE_ACT, acts_elsewhere
from tui.operations.trash.undo_report import may_hold_acts
from tui.storage.state.logbook import read_logbook
from tui.storage.table.tracking import read_events
from tui.storage.trash.manifest import Manifest
from tui.storage.trash.trash import read_trash

DELETES = ("delete", "clean-up")
_TIMEOUT_S = 2.0
_FAR_BACK = 1000
_Rank = tuple[datetime, int]
_CLOCKS_APART = timedelta(minutes=1)


def last_batch(context: Context) -> tuple[ActionResult, ...]:
    """Return this operator's last batch that was not undone yet.

    A batch is what one act deleted, cleaned up or extended, also on other hosts. Raises `Refused`
    when there is nothing to undo, `DatabaseProblem` when the last act cannot be determined.
    """
    found, logbook = _UndoableActs(context), _logbook(context)
    settled, since = _settled(context, logbook), audit_kept_since(context)
    for batch, act in acts_elsewhere(context, logbook):
        if act.act_id not in settled and not (since and act.at < since):
            found.batches[batch].append(act)
    left = {act_id: acts for act_id, acts in found.batches.items() if act_id not in settled}
    last = max(left, key=found.rank, default=None)
    _require_known(found.unread, max(act.at for act in left[last]) if last is not None else None)
    if last is None:
        raise Refused(
            "nothing that you deleted, cleaned up or extended can be undone",
            Reason.NOTHING_TO_DO,
        )
    return tuple(left[last])


def may_be_undone(context: Context, act_id: str) -> bool:
    """Whether an act of this operator here may be undone still; raises as `last_batch` does."""
    found = _UndoableActs(context)
    return bool(found.unread) or act_id in found.batches.keys() - _settled(
        context, _logbook(context)
    )


class _UndoableActs:
    """My undoable acts by the id of their batch, and the databases that cannot be read."""

    def __init__(self, context: Context) -> None:
        self.batches = defaultdict[str, list[ActionResult]](list)
        self.unread: dict[Path, DatabaseProblem] = {}
        self._context = context
        self._order: dict[str, _Rank] = {}
        self._ids_by_moment: dict[tuple[datetime, str], str] = {}
        self._latest = context.clock() + _CLOCKS_APART
        trash = _my_trash(context)
        for path in listing_paths(context.root):
            try:
                events = _my_events(context, path, _FAR_BACK + len(trash[path.name]))
            except DatabaseProblem as problem:
                self.unread[path] = problem
                continue
            self._put_in_order(events)
            for act in _extensions(path, events):
                self.batches[act.act_id].append(act)
            self._add_recorded(trash[path.name], events)
            trash[path.name] = [one for one in trash[path.name] if one.row is None]
        for one in (one for many in trash.values() for one in many):
            self._add_unrecorded(one)

    def rank(self, act_id: str) -> _Rank:
        """Return the place of a batch in the order of acts."""
        at = max(act.at for act in self.batches[act_id])
        return self._order.get(act_id, (at, 0))

    def _put_in_order(self, events: Sequence[AuditEvent]) -> None:
        """Note the order of a listing's events, newest first: the clock may have been set back."""
        latest = datetime.min.replace(tzinfo=UTC)
        for number, event in enumerate(reversed(events)):
            latest, act_id = max(latest, event.at), _id_of(event)
            self._order[act_id] = max(self._order.get(act_id, (event.at, 0)), (latest, number))
            self._ids_by_moment[event.at, event.action] = act_id

    def _add_recorded(self, trash: Iterable[Manifest], events: Sequence[AuditEvent]) -> None:
        """Add the deletes of a listing whose change of a row is also in the audit."""
        by_session = defaultdict[str, list[AuditEvent]](list)
        for event in events:
            by_session[event.session_id].append(event)
        for one in trash:
            recorded = filter(one.is_recorded_by, by_session[one.session_id])
            if one.row is not None and (found := next(recorded, None)) is not None:
                self._add_delete(one, _id_of(found))

    def _add_unrecorded(self, one: Manifest) -> None:
        """Add a delete without a row, or of a listing that is unreadable or gone.

        The audit proves nothing of it: raises `Refused` if it is dated later than now.
        """
        _require_not_later(one, self._latest)
        # Manifests of older programs have no id: only the moment joins them to others.
        moment = self._ids_by_moment.get((one.at, one.action), one.at.isoformat())
        self._add_delete(one, one.act_id or moment)

    def _add_delete(self, trashed: Manifest, act_id: str) -> None:
        act = ActionResult(
            kind=trashed.action if trashed.action in DELETES else "delete",
            listing=one_line(trashed.listing),
            session_id=trashed.session_id,
            at=trashed.at,
            words="",
            trash_id=trashed.trash_id,
            folder=self._context.root / trashed.listing,
            act_id=act_id,
        )
        self.batches[act_id].append(act)


def _id_of(event: AuditEvent) -> str:
    """Return the id of the act that an event is of; those of older programs have only a moment."""
    return event.act_id or event.at.isoformat()


def _my_events(context: Context, path: Path, limit: int) -> tuple[AuditEvent, ...]:
    mine, login = context.settings.operator, context.settings.login
    events = read_events(
        path / DATABASE,
        operator=mine,
        login=login,
        limit=limit,
        with_rows=True,
        timeout_s=_TIMEOUT_S,
    )
    since = audit_kept_since(context)
    return tuple(
        one for one in events if context.is_mine(one.operator) and not (since and one.at < since)
    )


def _extensions(path: Path, events: Sequence[AuditEvent]) -> Iterator[ActionResult]:
    """Return my extensions in a listing that no undo of mine took back, oldest first."""
    standing: dict[str, list[AuditEvent]] = defaultdict(list)
    for event in reversed(events):
        done = standing[event.session_id]
        if event.action == "extend":
            done.append(event)
        elif event.action == "undo":
            _take_back(done, event)
    return (_extension(path, event) for done in standing.values() for event in done)


def _take_back(done: list[AuditEvent], undo: AuditEvent) -> None:
    """Remove the latest extension that matches the undo."""
    for event in reversed(done):
        if (event.after, event.before) == (undo.before, undo.after):
            done.remove(event)
            return


def _extension(path: Path, event: AuditEvent) -> ActionResult:
    return ActionResult(
        kind="extend",
        listing=one_line(path.name),
        session_id=one_line(event.session_id),
        at=event.at,
        words="",
        before=event.before,
        after=event.after,
        folder=path,
        act_id=_id_of(event),
    )


def _my_trash(context: Context) -> dict[str, list[Manifest]]:
    """Return my deletes that are still in the trash, by listing.

    Raises `Refused` when part of it cannot be read: that may be my last act.
    """
    found = defaultdict[str, list[Manifest]](list)
    every, unread = read_trash(context.root, listing_paths(context.root))
    if unread:
        raise Refused(f"your last action is unknown, so nothing was undone: {'; '.join(unread)}")
    for one in every:
        if context.is_mine(one.operator):
            found[one.listing].append(one)
    return found


def _require_not_later(trashed: Manifest, latest: datetime) -> None:
    """Raise for a manifest from the future: the clock was set back, or it is forged.

    The last act is then unknown.
    """
    if trashed.at > latest:
        where, short = one_line(trashed.listing), trashed.session_id[:8]
        raise Refused(
            f"according to the trash {where}/{short} was deleted on {moment(trashed.at)}, later "
            "than now: your last action is unknown, so nothing was undone",
            Reason.UNSURE,
            remedy=f"restore {short}",
        )


def _require_known(unread: dict[Path, DatabaseProblem], at: datetime | None) -> None:
    """Raise for an unreadable database that may hold an act later than `at`."""
    for path, problem in unread.items():
        is_later = at is None or _last_written(path / DATABASE) > at
        if is_later and may_hold_acts(path):
            raise DatabaseProblem(
                f"{problem}: what you did last may be in {one_line(path.name)}, so nothing was "
                "undone; try again once it can be read",
                problem.reason,
            )


def _last_written(db_path: Path) -> datetime:
    times = []
    for path in (db_path, db_path.with_name(f"{db_path.name}-wal")):
        try:
            times.append(path.lstat().st_mtime)
        except FileNotFoundError:
            continue
        except OSError:  # it may have been written just now
            return datetime.max.replace(tzinfo=UTC)
    return datetime.fromtimestamp(max(times, default=0), UTC)


def _logbook(context: Context) -> tuple[AuditEvent, ...]:
    """Return the logbook; raises `Refused` when it cannot be read: earlier undos are unknown."""
    try:
        return read_logbook(context.root)
    except OSError as error:
        raise Refused(
            f"earlier undos are unknown, so nothing was undone: the logbook cannot be "
            f"read: {error.strerror}"
        ) from error


def _settled(context: Context, logbook: Iterable[AuditEvent]) -> frozenset[str]:
    """Return the ids of my acts that an undo has left in part, for good, or took back elsewhere."""
    return frozenset(
        str(json_object(one.detail).get(UNDONE_ACT) or "")
        for one in logbook
        if context.is_mine(one.operator) and one.action == "undo"
    )
